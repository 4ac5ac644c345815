-- Statements of the digests' table. Each has a name and a sentence.

-- name: plan
-- The digests of a day; those that somebody planned already stay as they are.
INSERT INTO digest (day, notice, department, try_at)
SELECT $1, notice, department, $4 FROM unnest($2::text[], $3::text[]) AS said (notice, department)
ON CONFLICT (day, notice, department) DO NOTHING
RETURNING true;

-- name: expire
-- Digests of days before that nobody has under way: there is a newer one to send.
UPDATE digest SET state = 'given_up', settled_at = $2
WHERE state = 'waiting' AND day < $1 AND taken_until < clock_timestamp()
RETURNING day, notice, department, why;

-- name: take
-- Takes digests of a day that are due and that nobody has under way, for so many seconds.
UPDATE digest SET taken_by = $4, taken_until = clock_timestamp() + make_interval(secs => $5)
WHERE (day, notice, department) IN (
    SELECT day, notice, department FROM digest
    WHERE state = 'waiting' AND day = $1 AND try_at <= $2 AND taken_until < clock_timestamp()
    ORDER BY try_at, department, notice LIMIT $3
    FOR UPDATE SKIP LOCKED
)
RETURNING day, notice, department, tries;

-- name: begin
-- Whether a digest is still ours to hand over; if so, for so many seconds more.
UPDATE digest SET taken_until = clock_timestamp() + make_interval(secs => $5)
WHERE (day, notice, department) = ($1, $2, $3)
  AND state = 'waiting' AND taken_by = $4 AND taken_until > clock_timestamp()
RETURNING true;

-- name: settle
-- What became of a digest, for good. That it was sent is true whoever says it.
UPDATE digest SET state = $5, why = $6, settled_at = $7, taken_until = '-infinity'
WHERE (day, notice, department) = ($1, $2, $3) AND (taken_by = $4 OR $5 = 'sent') AND state <> 'sent';

-- name: postpone
-- It is tried again.
UPDATE digest SET tries = $5, why = $6, try_at = $7, taken_until = '-infinity'
WHERE (day, notice, department) = ($1, $2, $3) AND state = 'waiting' AND taken_by = $4;

-- name: release
-- Gives back what was taken and not tried.
UPDATE digest SET taken_until = '-infinity' WHERE taken_by = $1 AND state = 'waiting';

-- name: count
-- How many digests of a day are where.
SELECT state, count(*) AS number FROM digest WHERE day = $1 GROUP BY state;

-- name: newest
-- What became of the digests of the newest day that has some, until a day.
SELECT day, notice, department, state, tries, why, settled_at FROM digest
WHERE day = (SELECT max(day) FROM digest WHERE day <= $1)
ORDER BY department, notice;
