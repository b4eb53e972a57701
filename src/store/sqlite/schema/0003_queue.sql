-- Queues, broadcasts and their audiences, caps, webhooks and their outbox, lanes that are paused, and
-- who did what.

-- Before, all messages stood in one queue of their app, none was urgent. 1: subscribe, normal;
-- 5: template, normal (domain/queue.h).
ALTER TABLE message ADD COLUMN queue INTEGER NOT NULL DEFAULT 1;
ALTER TABLE message ADD COLUMN broadcast_id INTEGER NOT NULL DEFAULT 0;
UPDATE message SET queue = 5 WHERE template_kind = 1;
DROP INDEX message_due;
CREATE INDEX message_due ON message (app_no, queue, due_at_ms) WHERE due_at_ms > 0;
-- Each index costs a message 2,000 instructions even when it does not stand in it, so they are few.
-- broadcast_id comes first in each condition. Queued ones without a due time are those that claim set
-- aside.
CREATE INDEX message_broadcast ON message (broadcast_id) WHERE broadcast_id > 0;
CREATE INDEX message_open ON message (broadcast_id, state) WHERE broadcast_id > 0 AND state <= 1;
-- Failed and unknown ones.
CREATE INDEX message_dead ON message (app_no) WHERE state >= 5 AND state <= 6;

ALTER TABLE schedule ADD COLUMN broadcast TEXT;
ALTER TABLE schedule ADD COLUMN max_late_s INTEGER NOT NULL DEFAULT 0;

-- AUTOINCREMENT: messages name broadcasts that are gone.
CREATE TABLE broadcast (
    id                INTEGER PRIMARY KEY AUTOINCREMENT,
    app_no            INTEGER NOT NULL,
    state             INTEGER NOT NULL,
    winding_up        INTEGER NOT NULL,
    collected         INTEGER NOT NULL,
    total             INTEGER NOT NULL,
    fed               INTEGER NOT NULL,
    duplicates        INTEGER NOT NULL,
    rate_per_s        INTEGER NOT NULL,
    send_at_ms        INTEGER NOT NULL,
    created_at_ms     INTEGER NOT NULL,
    started_at_ms     INTEGER NOT NULL,
    ended_at_ms       INTEGER NOT NULL,
    reach             INTEGER NOT NULL,
    collect_from      TEXT,
    reason            TEXT,
    name              TEXT,
    schedule_name     TEXT,
    template_kind     INTEGER NOT NULL,
    urgent            INTEGER NOT NULL,
    policy            INTEGER NOT NULL,
    on_missing        INTEGER NOT NULL,
    expires_at_ms     INTEGER NOT NULL,
    template_id       TEXT,
    data              TEXT,
    page              TEXT,
    emphasis          TEXT,
    miniprogram_state TEXT,
    lang              TEXT,
    tag               TEXT,
    extra             TEXT,
    key               BLOB, -- idempotency: as for messages, but as long as the row
    body              BLOB
) STRICT;
CREATE UNIQUE INDEX broadcast_key ON broadcast (key) WHERE key IS NOT NULL;
CREATE INDEX broadcast_unfinished ON broadcast (app_no)
    WHERE (state >= 1 AND state <= 3) OR winding_up = 1;

-- Who is to be sent to; the row goes when it becomes a message. NULL: the broadcast's own data.
CREATE TABLE audience (
    broadcast_id INTEGER NOT NULL,
    user         TEXT NOT NULL,
    data         TEXT,
    PRIMARY KEY (broadcast_id, user)
) STRICT, WITHOUT ROWID;

-- Its messages by state, those that are not kept any more too.
CREATE TABLE broadcast_tally (
    broadcast_id INTEGER NOT NULL,
    state        INTEGER NOT NULL,
    number       INTEGER NOT NULL,
    PRIMARY KEY (broadcast_id, state)
) STRICT, WITHOUT ROWID;

-- What counts for caps. The bucket is that of the instant up to which it does, 2^28 ms or three days
-- long: the widest cap (30 days) is 11 looks, one of a day is two, and what is over goes by bucket.
CREATE TABLE heard (
    bucket      INTEGER NOT NULL,
    app_no      INTEGER NOT NULL,
    user        TEXT NOT NULL,
    message_id  INTEGER NOT NULL,
    at_ms       INTEGER NOT NULL,
    until_ms    INTEGER NOT NULL,
    template_id TEXT NOT NULL,
    PRIMARY KEY (bucket, app_no, user, message_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE webhook (
    id               INTEGER PRIMARY KEY AUTOINCREMENT,
    url              TEXT NOT NULL,
    events           INTEGER NOT NULL,
    app_no           INTEGER NOT NULL,
    secret           BLOB,
    old_secret       BLOB,
    old_until_ms     INTEGER NOT NULL,
    paused           INTEGER NOT NULL,
    created_at_ms    INTEGER NOT NULL,
    failing_since_ms INTEGER NOT NULL,
    disabled_at_ms   INTEGER NOT NULL,
    last_error       TEXT
) STRICT;

-- One row for each endpoint. due_at_ms 0: behind an earlier one of the same message.
CREATE TABLE outbox (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    due_at_ms   INTEGER NOT NULL,
    attempts    INTEGER NOT NULL,
    webhook_id  INTEGER NOT NULL,
    type        INTEGER NOT NULL,
    app_no      INTEGER NOT NULL,
    at_ms       INTEGER NOT NULL,
    message_id  INTEGER NOT NULL,
    msgid       INTEGER NOT NULL,
    event_id    INTEGER NOT NULL,
    uses        INTEGER NOT NULL,
    reason      TEXT,
    user        TEXT,
    template_id TEXT
) STRICT;
CREATE INDEX outbox_due ON outbox (webhook_id, due_at_ms);
CREATE INDEX outbox_message ON outbox (message_id, webhook_id) WHERE message_id > 0;
CREATE INDEX outbox_event ON outbox (event_id) WHERE event_id > 0;

CREATE TABLE pause (
    app_no   INTEGER NOT NULL,
    channel  INTEGER NOT NULL,
    until_ms INTEGER NOT NULL,
    since_ms INTEGER NOT NULL,
    probe    INTEGER NOT NULL,
    reason   TEXT,
    PRIMARY KEY (app_no, channel)
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms   INTEGER NOT NULL,
    key_id  INTEGER NOT NULL,
    who     TEXT,
    address TEXT,
    action  TEXT NOT NULL,
    subject TEXT,
    detail  TEXT
) STRICT;
