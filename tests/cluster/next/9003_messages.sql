-- backfill
WITH piece AS MATERIALIZED (SELECT id FROM message WHERE id > $1 ORDER BY id LIMIT $2),
     filled AS (UPDATE message m SET tries = m.attempt_count FROM piece
                WHERE m.id = piece.id AND m.tries IS NULL)
SELECT max(id) FROM piece
