-- Which messages may be in sending: a row for each claim, until the last of its messages is settled.
-- One row for many in place of an index that each message enters and leaves; which user has one in
-- sending is remembered (store/sqlite/sending.h).
CREATE TABLE claimed (
    id       INTEGER PRIMARY KEY,
    messages TEXT NOT NULL -- a JSON array of ids
) STRICT;
INSERT INTO claimed (messages)
    SELECT json_group_array(id) FROM message INDEXED BY message_sending WHERE state = 2
    HAVING count(*) > 0;
DROP INDEX message_sending;
