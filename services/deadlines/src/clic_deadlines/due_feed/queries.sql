-- Statements of the feeds' addresses. Each has a name and a sentence.

-- name: set
-- A department's address from now on; the one before leads nowhere any more. Says whether there was one.
INSERT INTO due_feed AS f (department, token_digest, made_at) VALUES ($1, $2, $3)
ON CONFLICT (department) DO UPDATE SET token_digest = excluded.token_digest, made_at = excluded.made_at
RETURNING xmax <> 0;

-- name: remove
-- A department's calendar is read by nobody any more.
DELETE FROM due_feed WHERE department = $1 RETURNING true;

-- name: digest
-- What a department's secret is known by.
SELECT token_digest FROM due_feed WHERE department = $1;
