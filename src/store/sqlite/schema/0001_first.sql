-- The first schema. The numbers of state, kind, policy and the like are those of src/domain.
-- Instants are milliseconds since the Unix epoch, 0 = none: a 0 takes no room in a row.

CREATE TABLE meta (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE app (
    no            INTEGER PRIMARY KEY,
    id            TEXT NOT NULL,
    platform      TEXT NOT NULL,
    settings      TEXT NOT NULL,
    secret        BLOB,
    created_at_ms INTEGER NOT NULL,
    updated_at_ms INTEGER NOT NULL,
    deleted_at_ms INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX app_id ON app (id) WHERE deleted_at_ms = 0;

CREATE TABLE token (
    app_no              INTEGER PRIMARY KEY,
    version             INTEGER NOT NULL,
    access              BLOB,
    obtained_at_ms      INTEGER NOT NULL,
    expires_at_ms       INTEGER NOT NULL,
    refreshing_until_ms INTEGER NOT NULL,
    failures            INTEGER NOT NULL,
    last_error          TEXT,
    day                 INTEGER NOT NULL,
    calls               INTEGER NOT NULL,
    forced_calls        INTEGER NOT NULL,
    forced_at_ms        INTEGER NOT NULL
) STRICT;

CREATE TABLE api_key (
    id            INTEGER PRIMARY KEY,
    name          TEXT NOT NULL,
    hash          BLOB NOT NULL,
    scopes        INTEGER NOT NULL,
    created_at_ms INTEGER NOT NULL,
    revoked_at_ms INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX api_key_hash ON api_key (hash) WHERE revoked_at_ms = 0;

CREATE TABLE schedule (
    id               INTEGER PRIMARY KEY AUTOINCREMENT,
    app_no           INTEGER NOT NULL,
    name             TEXT NOT NULL,
    cron             TEXT NOT NULL,
    timezone         TEXT NOT NULL,
    misfire          INTEGER NOT NULL,
    job              TEXT,
    message          TEXT,
    paused           INTEGER NOT NULL,
    created_at_ms    INTEGER NOT NULL,
    next_run_ms      INTEGER NOT NULL,
    last_run_ms      INTEGER NOT NULL,
    last_fired_at_ms INTEGER NOT NULL,
    last_result      TEXT
) STRICT;
CREATE UNIQUE INDEX schedule_name ON schedule (app_no, name);

-- AUTOINCREMENT: messages and attempts name grants that were purged; an id is never used again.
CREATE TABLE "grant" (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    app_no         INTEGER NOT NULL,
    state          INTEGER NOT NULL,
    uses_left      INTEGER NOT NULL,
    uses_reserved  INTEGER NOT NULL,
    uses_total     INTEGER NOT NULL,
    in_doubt       INTEGER NOT NULL,
    kind           INTEGER NOT NULL,
    obtained_at_ms INTEGER NOT NULL,
    expires_at_ms  INTEGER NOT NULL,
    user           TEXT NOT NULL,
    template_id    TEXT,
    credential     TEXT,
    reason         TEXT
) STRICT;
-- None of these has a column that reserving or spending changes: with ten million grants each
-- change of an index is a page of its own in the log.
CREATE INDEX grant_user ON "grant" (app_no, user);
CREATE UNIQUE INDEX grant_credential ON "grant" (app_no, credential) WHERE credential IS NOT NULL;
CREATE INDEX grant_expiry ON "grant" (app_no, expires_at_ms) WHERE expires_at_ms > 0;

-- The columns that change come first.
CREATE TABLE message (
    id                INTEGER PRIMARY KEY,
    state             INTEGER NOT NULL,
    due_at_ms         INTEGER NOT NULL,
    parked_due_ms     INTEGER NOT NULL, -- due, but its user has one in sending: due_at_ms is 0
    lease_until_ms    INTEGER NOT NULL, -- sending: how long the process that claimed it may take
    grant_id          INTEGER NOT NULL,
    attempt_count     INTEGER NOT NULL,
    in_doubt          INTEGER NOT NULL,
    msgid             INTEGER NOT NULL,
    settled_at_ms     INTEGER NOT NULL,
    reason            TEXT,
    app_no            INTEGER NOT NULL,
    bucket            INTEGER NOT NULL, -- grows with id; some thousand messages share one
    policy            INTEGER NOT NULL,
    on_missing        INTEGER NOT NULL,
    accepted_at_ms    INTEGER NOT NULL,
    send_at_ms        INTEGER NOT NULL,
    expires_at_ms     INTEGER NOT NULL,
    user              TEXT NOT NULL,
    template_id       TEXT,
    data              TEXT,
    page              TEXT,
    emphasis          TEXT,
    miniprogram_state TEXT,
    lang              TEXT,
    tag               TEXT
) STRICT;
CREATE INDEX message_due ON message (app_no, due_at_ms) WHERE due_at_ms > 0;
CREATE UNIQUE INDEX message_sending ON message (app_no, user) WHERE state = 2;
CREATE INDEX message_parked ON message (app_no, user, parked_due_ms) WHERE parked_due_ms > 0;
CREATE INDEX message_waiting ON message (app_no, user) WHERE state = 1;
CREATE INDEX message_expiry ON message (expires_at_ms) WHERE expires_at_ms > 0 AND state <= 1;
-- By user, without random inserts into a big tree: new rows all go to the range of the last bucket.
CREATE INDEX message_user ON message (bucket, app_no, user);

CREATE TABLE attempt (
    message_id INTEGER NOT NULL,
    number     INTEGER NOT NULL,
    at_ms      INTEGER NOT NULL,
    took_ms    INTEGER NOT NULL,
    grant_id   INTEGER NOT NULL,
    verdict    INTEGER NOT NULL,
    hint       INTEGER NOT NULL,
    flags      INTEGER NOT NULL, -- 1 grant_used, 2 not_sent, 4 answered
    msgid      INTEGER NOT NULL,
    errcode    TEXT,
    errmsg     TEXT,
    rid        TEXT,
    PRIMARY KEY (message_id, number)
) STRICT, WITHOUT ROWID;

-- How many messages each app has in each state, and under state -1 the free uses of its available
-- grants: what a count over millions of rows would say. Changed once a transaction.
CREATE TABLE tally (
    app_no INTEGER NOT NULL,
    state  INTEGER NOT NULL,
    number INTEGER NOT NULL,
    PRIMARY KEY (app_no, state)
) STRICT, WITHOUT ROWID;

-- Keys are random; a bucket is some hours, so that inserts stay in a range and old ones go whole.
CREATE TABLE idempotency (
    bucket     INTEGER NOT NULL,
    key        BLOB NOT NULL,
    body       BLOB NOT NULL,
    message_id INTEGER NOT NULL,
    at_ms      INTEGER NOT NULL,
    state      INTEGER NOT NULL,
    reason     TEXT,
    PRIMARY KEY (bucket, key)
) STRICT, WITHOUT ROWID;
