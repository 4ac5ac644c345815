-- What agents read of the worklists. Each has a name and a sentence.
--
-- `{where}` is a list's own condition, `{order}` the column that it is ordered by and `{limit}` a number, all fixed texts
-- of query.py: with a limit that it knows, PostgreSQL plans the same whatever the parameters. A list is read realm by
-- realm, and part by part (a department, a person), each from one index and from where the page before ended, so that
-- its cost does not grow with the table and what somebody may not see is not passed over (POL-26). Filters apply to the
-- rows examined, which are bounded.

-- name: by_due
-- A page of a list in its order; a row that does not fit the filters is given only where it was the last examined.
WITH examined AS MATERIALIZED (
    SELECT found.*
    FROM unnest($1::text[]) AS seen (realm) CROSS JOIN unnest($2::text[]) AS part (value) CROSS JOIN LATERAL (
        SELECT r.* FROM desk.request r
        WHERE r.realm = seen.realm AND {where} AND (r.{order}, r.request_key) > ($4, $5)
        ORDER BY r.{order}, r.request_key LIMIT {limit}
    ) found
    ORDER BY found.{order}, found.request_key LIMIT {limit}
), judged AS (
    SELECT e.*, row_number() OVER (ORDER BY e.{order}, e.request_key) AS place, count(*) OVER () AS examined,
           ($6::text IS NULL OR e.department = $6) AND ($7::text IS NULL OR e.subject = $7)
           AND ($8::text IS NULL OR e.kind = $8) AND ($9::text IS NULL OR e.sector = $9)
           AND ($10::text IS NULL OR e.phase = $10) AND $3::timestamptz IS NOT NULL AS fits
    FROM examined e
)
SELECT j.*, j.request_id::text AS id, j.merged_into::text AS parent FROM judged j
WHERE j.fits OR j.place = j.examined ORDER BY j.place LIMIT $11;

-- name: recent
-- A page of all requests, pending or not, newest first; as `by_due` otherwise.
WITH examined AS MATERIALIZED (
    SELECT found.*
    FROM unnest($1::text[]) AS seen (realm) CROSS JOIN LATERAL (
        SELECT r.* FROM desk.request r
        WHERE r.realm = seen.realm AND r.request_key < $2
        ORDER BY r.request_key DESC LIMIT {limit}
    ) found
    ORDER BY found.request_key DESC LIMIT {limit}
), judged AS (
    SELECT e.*, row_number() OVER (ORDER BY e.request_key DESC) AS place, count(*) OVER () AS examined,
           ($3::text IS NULL OR e.department = $3) AND ($4::text IS NULL OR e.subject = $4)
           AND ($5::text IS NULL OR e.kind = $5) AND ($6::text IS NULL OR e.sector = $6)
           AND ($7::text IS NULL OR e.phase = $7) AS fits
    FROM examined e
)
SELECT j.*, j.request_id::text AS id, j.merged_into::text AS parent FROM judged j
WHERE j.fits OR j.place = j.examined ORDER BY j.place LIMIT $8;

-- name: count
-- How many stand in one list, counted no further than the limit.
SELECT count(*) FROM (
    SELECT FROM unnest($1::text[]) AS seen (realm) CROSS JOIN unnest($2::text[]) AS part (value) CROSS JOIN LATERAL (
        SELECT FROM desk.request r WHERE r.realm = seen.realm AND {where}
        ORDER BY r.{order} LIMIT {limit}
    ) found
    WHERE $3::timestamptz IS NOT NULL LIMIT {limit}
) counted;

-- name: by_reference
-- The request of a reference, for who may see it.
SELECT r.*, r.request_id::text AS id, r.merged_into::text AS parent FROM desk.request r
WHERE r.reference = $1 AND r.realm = ANY ($2::text[]);

-- name: by_id
-- These requests, for who may see them, newest first.
SELECT r.*, r.request_id::text AS id, r.merged_into::text AS parent FROM desk.request r
WHERE r.request_id = ANY ($1::uuid[]) AND r.realm = ANY ($2::text[]) ORDER BY r.request_key DESC;

-- name: position
-- How far the table holds the log.
SELECT sequence FROM desk.checkpoint WHERE projection = 'desk';
