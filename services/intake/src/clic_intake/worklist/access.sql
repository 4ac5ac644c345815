-- What the greffe reads of access requests. Each has a name and a sentence. `{limit}` is a fixed number of access.py, so
-- that PostgreSQL plans the same whatever the parameters; each reads one index from one place, realm by realm (POL-26).

-- name: pending
-- Those that are not done with, what is due first first.
SELECT found.request_id::text AS id
FROM unnest($1::text[]) AS seen (realm) CROSS JOIN LATERAL (
    SELECT r.request_id, r.due_order, r.request_key FROM desk.request r
    WHERE r.realm = seen.realm AND r.kind = 'access_to_information' AND r.pending
    ORDER BY r.due_order, r.request_key LIMIT {limit}
) found
ORDER BY found.due_order, found.request_key LIMIT {limit};

-- name: done
-- Those that are done with, the newest first.
SELECT found.request_id::text AS id
FROM unnest($1::text[]) AS seen (realm) CROSS JOIN LATERAL (
    SELECT r.request_id, r.request_key FROM desk.request r
    WHERE r.realm = seen.realm AND r.kind = 'access_to_information' AND NOT r.pending
    ORDER BY r.request_key DESC LIMIT {limit}
) found
ORDER BY found.request_key DESC LIMIT {limit};

-- name: received
-- Those that were received from one instant and before another, in that order, behind the last one that was read.
SELECT r.request_id::text AS id, r.received_at, r.request_key FROM desk.request r
WHERE r.kind = 'access_to_information' AND r.received_at < $2 AND (r.received_at, r.request_key) > ($1, $3)
ORDER BY r.received_at, r.request_key LIMIT $4;
