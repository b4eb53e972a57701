-- Counters for subscriptions, what users answered and who told it, the platform's events, templates.
-- Buckets of instants are 2^24 ms, 4 hours and 40 minutes: see store/sqlite/bucket.h.

ALTER TABLE "grant" ADD COLUMN refusals INTEGER NOT NULL DEFAULT 0;
ALTER TABLE "grant" ADD COLUMN retry_at_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE message ADD COLUMN extra TEXT;
ALTER TABLE message ADD COLUMN template_kind INTEGER NOT NULL DEFAULT 0;
ALTER TABLE app ADD COLUMN callback BLOB;
-- attempt.flags: 8 grant_refused

-- How many users an app reaches, and with how many messages: what a count over its grants in state
-- available with free uses would say. A row of reach_counter stays when nothing is left of it.
CREATE TABLE reach_counter (
    app_no      INTEGER NOT NULL,
    template_id TEXT NOT NULL,
    users       INTEGER NOT NULL,
    uses        INTEGER NOT NULL,
    PRIMARY KEY (app_no, template_id)
) STRICT, WITHOUT ROWID;

-- By the minute in which receipts expire (2^40: never). A user counts in the minute in which the
-- last one of his does, and so never twice.
CREATE TABLE reach_receipt (
    app_no INTEGER NOT NULL,
    minute INTEGER NOT NULL,
    users  INTEGER NOT NULL,
    uses   INTEGER NOT NULL,
    PRIMARY KEY (app_no, minute)
) STRICT, WITHOUT ROWID;

-- Row by row in place of GROUP BY: that would sort all grants in memory.
INSERT INTO reach_counter
    SELECT app_no, template_id, iif(state = 0 AND uses_left > uses_reserved, 1, 0),
           iif(state = 0, uses_left - uses_reserved, 0)
    FROM "grant" WHERE kind >= 2
    ON CONFLICT DO UPDATE SET users = users + excluded.users, uses = uses + excluded.uses;
INSERT INTO reach_receipt
    SELECT app_no, iif(expires_at_ms = 0, 1 << 40, expires_at_ms / 60000), 0,
           uses_left - uses_reserved
    FROM "grant" WHERE kind <= 1 AND state = 0 AND uses_left > uses_reserved
    ON CONFLICT DO UPDATE SET uses = uses + excluded.uses;
INSERT INTO reach_receipt
    SELECT app_no, minute, 1, 0
    FROM (SELECT app_no, max(iif(expires_at_ms = 0, 1 << 40, expires_at_ms / 60000)) AS minute
          FROM "grant" INDEXED BY grant_user
          WHERE kind <= 1 AND state = 0 AND uses_left > uses_reserved GROUP BY app_no, user)
    WHERE true
    ON CONFLICT DO UPDATE SET users = users + 1;
-- The sum of users over all minutes is under state -2 of the tally; that of uses is state -1 less
-- what the counters have.
INSERT INTO tally SELECT app_no, -2, sum(users) FROM reach_receipt GROUP BY app_no;

-- A tap, or several at one instant; the bucket is that of at_ms.
CREATE TABLE answer (
    id           INTEGER PRIMARY KEY,
    told_backend INTEGER NOT NULL,
    told_page    INTEGER NOT NULL,
    told_event   INTEGER NOT NULL,
    bucket       INTEGER NOT NULL,
    app_no       INTEGER NOT NULL,
    kind         INTEGER NOT NULL,
    uses         INTEGER NOT NULL,
    at_ms        INTEGER NOT NULL,
    user         TEXT NOT NULL,
    template_id  TEXT NOT NULL
) STRICT;
CREATE INDEX answer_user ON answer (bucket, app_no, user, at_ms);

-- Of users who ever declined a template (rejected, banned, withdrew): the newest answer, unless their
-- counter had a newer accept; and the newest withdrawal, 0 = none.
CREATE TABLE declined (
    app_no          INTEGER NOT NULL,
    user            TEXT NOT NULL,
    template_id     TEXT NOT NULL,
    kind            INTEGER NOT NULL,
    at_ms           INTEGER NOT NULL,
    withdrawn_at_ms INTEGER NOT NULL,
    PRIMARY KEY (app_no, user, template_id)
) STRICT, WITHOUT ROWID;

-- What is known by an identity of its own; the bucket is that of the identity's own instant, so
-- that a repetition is one look.
CREATE TABLE seen (
    bucket INTEGER NOT NULL,
    app_no INTEGER NOT NULL,
    key    BLOB NOT NULL,
    PRIMARY KEY (bucket, app_no, key)
) STRICT, WITHOUT ROWID;

-- 2048 ids share a bucket. AUTOINCREMENT: readers go on behind the last one that they saw.
CREATE TABLE event (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    bucket         INTEGER NOT NULL,
    app_no         INTEGER NOT NULL,
    created_at_ms  INTEGER NOT NULL,
    received_at_ms INTEGER NOT NULL,
    name           TEXT NOT NULL,
    user           TEXT,
    raw            TEXT NOT NULL
) STRICT;
CREATE INDEX event_app ON event (app_no);
CREATE INDEX event_user ON event (bucket, app_no, user) WHERE user IS NOT NULL;

-- Messages of which the platform will yet tell what became of them; the bucket is that of
-- left_at_ms. A row goes when it is told.
CREATE TABLE awaiting (
    bucket      INTEGER NOT NULL,
    app_no      INTEGER NOT NULL,
    user        TEXT NOT NULL,
    message_id  INTEGER NOT NULL,
    left_at_ms  INTEGER NOT NULL,
    msgid       INTEGER NOT NULL,
    template_id TEXT NOT NULL,
    PRIMARY KEY (bucket, app_no, user, message_id)
) STRICT, WITHOUT ROWID;

-- What was told of messages before they were settled. Nearly always empty.
CREATE TABLE early (
    id             INTEGER PRIMARY KEY,
    app_no         INTEGER NOT NULL,
    msgid          INTEGER NOT NULL,
    delivered      INTEGER NOT NULL,
    created_at_ms  INTEGER NOT NULL,
    received_at_ms INTEGER NOT NULL,
    user           TEXT NOT NULL,
    template_id    TEXT NOT NULL,
    reason         TEXT
) STRICT;
CREATE INDEX early_user ON early (app_no, user);
CREATE INDEX early_received ON early (received_at_ms);

CREATE TABLE template (
    app_no       INTEGER NOT NULL,
    id           TEXT NOT NULL,
    kind         INTEGER NOT NULL,
    title        TEXT,
    content      TEXT,
    example      TEXT,
    choices      TEXT,
    synced_at_ms INTEGER NOT NULL,
    PRIMARY KEY (app_no, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE template_sync (
    app_no       INTEGER NOT NULL,
    kind         INTEGER NOT NULL,
    synced_at_ms INTEGER NOT NULL,
    PRIMARY KEY (app_no, kind)
) STRICT, WITHOUT ROWID;

-- Sessions that were issued before are void; user '' = all users of the app.
CREATE TABLE session_cut (
    app_no INTEGER NOT NULL,
    user   TEXT NOT NULL,
    at_ms  INTEGER NOT NULL,
    PRIMARY KEY (app_no, user)
) STRICT, WITHOUT ROWID;
