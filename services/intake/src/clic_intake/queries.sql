-- Statements of the register. Each has a name and a sentence.

-- name: lock_counters
-- Makes and locks the counters of these years in order, so that two instances never wait for each other in a circle.
INSERT INTO reference_counter (year, last)
SELECT DISTINCT year, 0 FROM unnest($1::int[]) AS wanted (year) WHERE year IS NOT NULL ORDER BY year
ON CONFLICT (year) DO UPDATE SET last = reference_counter.last;

-- name: register
-- Gives each new request the next reference of its year, and none to those without a year; those known keep what they have.
WITH wanted AS (
    SELECT w.request_id, w.year, w.key_id, w.wrapped_key,
           row_number() OVER (PARTITION BY w.year ORDER BY w.position) AS place
    FROM unnest($1::uuid[], $2::int[], $3::text[], $4::bytea[]) WITH ORDINALITY
         AS w (request_id, year, key_id, wrapped_key, position)
    WHERE NOT EXISTS (SELECT FROM request r WHERE r.request_id = w.request_id)
), counted AS (
    UPDATE reference_counter c SET last = c.last + n.number
    FROM (SELECT year, count(*)::int AS number FROM wanted GROUP BY year) n
    WHERE c.year = n.year
    RETURNING c.year, c.last - n.number AS before
)
INSERT INTO request (request_id, reference, is_named, key_id, wrapped_key)
SELECT w.request_id, w.year || '-' || lpad((c.before + w.place)::text, greatest(6, length((c.before + w.place)::text)), '0'),
       true, w.key_id, w.wrapped_key
FROM wanted w LEFT JOIN counted c USING (year);

-- name: registered
-- Reference and wrapped key of these requests.
SELECT request_id, reference, key_id, wrapped_key, erased_at FROM request WHERE request_id = ANY ($1::uuid[]);

-- name: by_reference
-- The request of a reference.
SELECT request_id FROM request WHERE reference = $1;

-- name: add_key
-- Gives a request that had nothing to seal a key; one that has a key keeps it, one that was erased stays without.
UPDATE request SET key_id = $2, wrapped_key = $3 WHERE request_id = $1 AND key_id IS NULL AND erased_at IS NULL;

-- name: foreign_key
-- The id of another deployment key than these, by which some request's key is wrapped; nothing where there is none.
SELECT key_id FROM request WHERE key_id <> ALL ($1::text[]) AND wrapped_key IS NOT NULL LIMIT 1;

-- name: is_empty
-- Whether nobody was ever registered here, and no key of the deployment used.
SELECT NOT EXISTS (SELECT FROM request) AND NOT EXISTS (SELECT FROM deployment_key);

-- name: record_opening
-- Remembers who opened sealed data, when and why (POL-30).
INSERT INTO opening (opened_at, agent, request_id, reason) VALUES ($1, $2, $3, $4);

-- name: add_new_names
-- Keeps digests of requesters' names, of requests that this transaction registers.
INSERT INTO requester_name (request_id, digest) SELECT * FROM unnest($1::uuid[], $2::bytea[]);

-- name: add_names
-- Keeps digests of requesters' names, but of those whose requests are being erased (their rows are waited for).
INSERT INTO requester_name (request_id, digest)
SELECT n.request_id, n.digest
FROM unnest($1::uuid[], $2::bytea[]) AS n (request_id, digest) JOIN request r USING (request_id)
WHERE r.erased_at IS NULL
FOR SHARE OF r
ON CONFLICT DO NOTHING;

-- name: add_new_contacts
-- Keeps digests of requesters' e-mail addresses and telephones, of requests that this transaction registers.
INSERT INTO requester_contact (request_id, digest) SELECT * FROM unnest($1::uuid[], $2::bytea[]);

-- name: add_contacts
-- Keeps digests of requesters' e-mail addresses and telephones, but of those whose requests are being erased.
INSERT INTO requester_contact (request_id, digest)
SELECT n.request_id, n.digest
FROM unnest($1::uuid[], $2::bytea[]) AS n (request_id, digest) JOIN request r USING (request_id)
WHERE r.erased_at IS NULL
FOR SHARE OF r
ON CONFLICT DO NOTHING;

-- name: remove_contacts
-- Forgets the digests of a requester's contacts, which were corrected.
DELETE FROM requester_contact WHERE request_id = $1;

-- name: known_names
-- Which of these digests belong to a requester's name.
SELECT DISTINCT digest FROM requester_name WHERE digest = ANY ($1::bytea[]);

-- name: not_named
-- Some requests that were registered before there were indexes of requesters, in the order of their ids.
SELECT request_id FROM request
WHERE NOT is_named AND wrapped_key IS NOT NULL AND request_id > $1 ORDER BY request_id LIMIT $2;

-- name: any_not_named
-- Whether there is one of those.
SELECT EXISTS (SELECT FROM request WHERE NOT is_named AND wrapped_key IS NOT NULL);

-- name: mark_named
-- Remembers that the name of a request is in the index.
UPDATE request SET is_named = true WHERE request_id = $1;
