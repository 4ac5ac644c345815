-- What Open311 reads of the worklists' table. What is not public is left out by the statements themselves, so that it
-- costs no more time to ask for than what does not exist (POL-26).

-- name: list
-- One page of the public requests that meet every condition that is given, the newest first.
SELECT {columns} FROM desk.request r WHERE {public}{conditions}
ORDER BY r.received_at DESC, r.request_key DESC LIMIT $2 OFFSET $3;

-- name: by_id
-- The public request that a submission became.
SELECT {columns} FROM desk.request r WHERE {public} AND r.request_id = $2;
