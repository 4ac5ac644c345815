-- The statements of the deadlines service on its own database.

-- name: remove_timers
-- Timers of these requests that were derived no later than these positions; what is wanted still is written again.
DELETE FROM timer AS t
USING unnest($1::uuid[], $2::bigint[]) AS said (request_id, position)
WHERE t.request_id = said.request_id
  AND t.position <= said.position
  AND (t.request_id, t.obligation_id) NOT IN (SELECT * FROM unnest($3::uuid[], $4::text[]));

-- name: set_timers
-- Timers as one decision wants them; a row of a later decision stays. What was due already at $6 is looked at from $7 on,
-- or from its limit on where that comes before.
INSERT INTO timer AS t (request_id, obligation_id, at, position, try_at)
SELECT request_id, obligation_id, at, position,
       CASE WHEN at > $6 THEN at WHEN limit_at > $6 THEN least(limit_at, $7) ELSE $7 END
FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::timestamptz[], $5::bigint[])
     AS said (request_id, obligation_id, at, limit_at, position)
ON CONFLICT (request_id, obligation_id) DO UPDATE
SET position = excluded.position,
    at = excluded.at,
    try_at = CASE WHEN t.at = excluded.at THEN t.try_at ELSE excluded.try_at END,
    tries = CASE WHEN t.at = excluded.at THEN t.tries ELSE 0 END
WHERE t.position <= excluded.position;

-- name: any_due
-- Whether a timer is due at an instant. By the first one: for an EXISTS that it knows no instant of, PostgreSQL foresees
-- that a third of all timers are due, and reads the table through where none is.
SELECT coalesce((SELECT try_at FROM timer ORDER BY try_at LIMIT 1) <= $1, FALSE);

-- name: next_due
-- The instant of the timer that is looked at next; nothing where there is none.
SELECT try_at FROM timer ORDER BY try_at LIMIT 1;

-- name: take_due
-- Timers that are due, oldest first, locked for whoever takes them.
SELECT request_id, obligation_id, at, position, tries
FROM timer
WHERE try_at <= $1
ORDER BY try_at, request_id, obligation_id
LIMIT $2
FOR UPDATE SKIP LOCKED;

-- name: move_timers
-- Timers that were looked at, to their next instant; one that follows from a later decision stays.
UPDATE timer AS t SET at = said.at, try_at = said.at, position = said.position, tries = 0
FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::bigint[]) AS said (request_id, obligation_id, at, position)
WHERE (t.request_id, t.obligation_id) = (said.request_id, said.obligation_id)
  AND t.position <= said.position;

-- name: drop_timers
-- Timers that were looked at, and of whose obligation nothing is to be said any more.
DELETE FROM timer AS t
USING unnest($1::uuid[], $2::text[], $3::bigint[]) AS said (request_id, obligation_id, position)
WHERE (t.request_id, t.obligation_id) = (said.request_id, said.obligation_id)
  AND t.position <= said.position;

-- name: add_timers
-- Timers of obligations that came about while another was looked at. A row that stands is left: whoever holds it is not
-- waited for, and what it is looked at for is decided anew then.
INSERT INTO timer (request_id, obligation_id, at, position, try_at)
SELECT request_id, obligation_id, at, position, at
FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::bigint[]) AS said (request_id, obligation_id, at, position)
ON CONFLICT (request_id, obligation_id) DO NOTHING;

-- name: postpone_timer
-- A timer that could not be decided is tried again later.
UPDATE timer SET tries = tries + 1, try_at = $3
WHERE request_id = $1 AND obligation_id = $2;
