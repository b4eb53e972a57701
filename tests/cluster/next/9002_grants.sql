-- backfill
WITH piece AS MATERIALIZED (SELECT id FROM "grant" WHERE id > $1 ORDER BY id LIMIT $2),
     filled AS (UPDATE "grant" g SET reserved = g.uses_reserved FROM piece
                WHERE g.id = piece.id AND g.reserved IS NULL)
SELECT max(id) FROM piece
