-- Statements about backups. Each has a name and a sentence.

-- name: newest_backups
-- When the newest backup of each part was taken.
SELECT part, max(taken_at) AS taken_at FROM backup GROUP BY part;
