-- Statements of the letters' queue. Each has a name and a sentence.

-- name: add
-- A letter is to go out; written again it goes out again, unless a later fact is known.
INSERT INTO letter (letter_id, request_id, letter, confidential_to, position, written_at, state, try_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $6)
ON CONFLICT (letter_id) DO UPDATE
SET position = excluded.position, written_at = excluded.written_at, state = excluded.state, try_at = excluded.try_at,
    tries = 0, reason = NULL, status = NULL, handed_over_at = NULL, taken_until = '-infinity'
WHERE letter.position < excluded.position;

-- name: settle
-- What the log says became of a letter, unless a later fact is known.
UPDATE letter SET state = $2, reason = $3, status = $4, position = $5, taken_until = '-infinity'
WHERE letter_id = $1 AND position < $5;

-- name: take
-- Takes letters in one state that are due and that nobody has under way, oldest first, for so many seconds.
UPDATE letter SET taken_by = $4, taken_until = clock_timestamp() + make_interval(secs => $5)
WHERE letter_id IN (
    SELECT letter_id FROM letter
    WHERE state = $1 AND try_at <= $2 AND taken_until < clock_timestamp()
    ORDER BY try_at LIMIT $3
    FOR UPDATE SKIP LOCKED
)
RETURNING letter_id, request_id, letter, tries, written_at, handed_over_at;

-- name: begin
-- Leaves the trace that a letter is being handed over, if it is still ours to do so.
UPDATE letter SET state = 'handing_over', taken_until = clock_timestamp() + make_interval(secs => $3)
WHERE letter_id = $1 AND state = 'waiting' AND taken_by = $2 AND taken_until > clock_timestamp()
RETURNING true;

-- name: handed_over
-- The mail server took it; also where somebody thought meanwhile that we were gone.
UPDATE letter SET state = 'handed_over', handed_over_at = $2
WHERE letter_id = $1 AND state IN ('handing_over', 'doubtful');

-- name: postpone
-- It certainly did not go out, and is tried again.
UPDATE letter SET state = 'waiting', tries = $3, try_at = $4, status = $5, taken_until = '-infinity'
WHERE letter_id = $1 AND taken_by = $2 AND state IN ('waiting', 'handing_over');

-- name: release
-- Gives back what was taken and not begun, and what is still to be recorded in the log.
UPDATE letter SET taken_until = '-infinity' WHERE taken_by = $1 AND state IN ('waiting', 'handed_over');

-- name: count
-- How many letters are in each state that somebody has to do something about.
SELECT state, count(*) AS number FROM letter WHERE state IN ('waiting', 'doubtful', 'failed', 'handing_over', 'handed_over')
GROUP BY state;

-- name: oldest
-- When the oldest letter that is to go out was written.
SELECT min(written_at) FROM letter WHERE state IN ('waiting', 'handing_over');

-- name: list
-- Letters in one state that these roles may see, in the order of their newest fact.
SELECT letter_id, request_id, letter, state, reason, status, position, written_at, tries, try_at FROM letter
WHERE state = $1 AND position > $2 AND (confidential_to IS NULL OR confidential_to = ANY ($3::text[]))
ORDER BY position LIMIT $4;

-- name: wake
-- Requests are looked at again then.
INSERT INTO letter_wake (request_id, wake_at) SELECT * FROM unnest($1::uuid[], $2::timestamptz[])
ON CONFLICT (request_id) DO UPDATE SET wake_at = excluded.wake_at;

-- name: due_wakes
-- Requests to be looked at again.
SELECT request_id FROM letter_wake WHERE wake_at <= $1 ORDER BY wake_at LIMIT $2;

-- name: woken
-- They were looked at; one that wants to be looked at later stays.
DELETE FROM letter_wake WHERE request_id = ANY ($1::uuid[]) AND wake_at <= $2;

-- name: join
-- A request was joined to another.
INSERT INTO letter_joined (request_id, into_id) VALUES ($1, $2)
ON CONFLICT (request_id) DO UPDATE SET into_id = excluded.into_id;

-- name: part
-- It goes on by itself.
DELETE FROM letter_joined WHERE request_id = $1;

-- name: joined
-- The requests that were joined to one.
SELECT request_id FROM letter_joined WHERE into_id = $1 ORDER BY request_id;

-- name: lock_source
-- One instance at a time makes the tables anew.
LOCK TABLE letter_source IN EXCLUSIVE MODE;

-- name: source
-- The log that the tables were made from.
SELECT stream, created_at FROM letter_source;

-- name: set_source
-- They are made from this log.
INSERT INTO letter_source (stream, created_at) VALUES ($1, $2);
