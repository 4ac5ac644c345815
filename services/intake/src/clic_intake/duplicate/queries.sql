-- Statements about duplicates. Each has a name and a sentence.

-- name: join
-- Remembers that a duplicate is about to be joined to a request.
INSERT INTO joined (parent_id, child_id) VALUES ($1, $2) ON CONFLICT DO NOTHING;

-- name: joined_to
-- What may have been joined to a request, no further than the bound.
SELECT child_id::text FROM joined WHERE parent_id = $1 ORDER BY child_id LIMIT $2;

-- name: add_places
-- Keeps digests of requests' places, but of those that were erased (their rows are waited for).
INSERT INTO place_digest (request_id, digest, kind)
SELECT r.request_id, p.digest, p.kind
FROM unnest($1::uuid[], $2::bytea[], $3::text[]) AS p (request_id, digest, kind) JOIN request r USING (request_id)
WHERE r.erased_at IS NULL
FOR SHARE OF r
ON CONFLICT DO NOTHING;

-- name: near
-- Pending requests of the same subject, received within so many days, at the same place, near it or in the same sector.
WITH mine AS (
    SELECT request_id, subject, sector, received_at FROM desk.request WHERE request_id = $1
), places AS (
    SELECT theirs.request_id, bool_or(theirs.kind = 'address') AS same_address,
           bool_or(theirs.kind = 'cell') AS near_place
    FROM place_digest own JOIN place_digest theirs USING (digest)
    WHERE own.request_id = $1 AND theirs.request_id <> $1 AND theirs.kind <> 'around'
      AND (own.kind = 'address') = (theirs.kind = 'address')
    GROUP BY theirs.request_id
)
SELECT r.request_id::text, r.reference, r.phase, r.received_at, r.received_at - mine.received_at AS apart,
       coalesce(p.same_address, false) AS same_address, coalesce(p.near_place, false) AS near_place,
       r.sector IS NOT NULL AND r.sector = mine.sector AS same_sector
FROM mine JOIN desk.request r ON r.subject = mine.subject AND r.request_id <> mine.request_id
LEFT JOIN places p ON p.request_id = r.request_id
WHERE r.realm = ANY ($2::text[]) AND r.pending AND NOT r.erased
  AND r.received_at BETWEEN mine.received_at - $3::interval AND mine.received_at + $3::interval
  AND (p.request_id IS NOT NULL OR (r.sector IS NOT NULL AND r.sector = mine.sector))
ORDER BY coalesce(p.same_address, false) DESC, coalesce(p.near_place, false) DESC,
         greatest(r.received_at - mine.received_at, mine.received_at - r.received_at), r.request_key
LIMIT $4;
