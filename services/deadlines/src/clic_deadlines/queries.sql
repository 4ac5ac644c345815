-- The statements of the deadlines service on its own database.

-- name: remove_timers
-- Timers of these requests that were derived no later than these positions; what is wanted still is written again.
DELETE FROM timer AS t
USING unnest($1::uuid[], $2::bigint[]) AS said (request_id, position)
WHERE t.request_id = said.request_id
  AND t.position <= said.position
  AND (t.request_id, t.obligation_id, t.what) NOT IN (
      SELECT * FROM unnest($3::uuid[], $4::text[], $5::text[])
  );

-- name: set_timers
-- Timers as one decision wants them; a row of a later decision stays. What was due already at $7 is looked at from $8 on.
INSERT INTO timer AS t (request_id, obligation_id, what, due_at, position, try_at, done_at)
SELECT request_id, obligation_id, what, due_at, position, CASE WHEN due_at <= $7 THEN $8 ELSE due_at END, done_at
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[], $5::bigint[], $6::timestamptz[])
    AS said (request_id, obligation_id, what, due_at, position, done_at)
ON CONFLICT (request_id, obligation_id, what) DO UPDATE
SET position = excluded.position,
    due_at = excluded.due_at,
    done_at = coalesce(t.done_at, excluded.done_at)
WHERE t.position <= excluded.position;

-- name: any_due
-- Whether a timer is due at an instant.
SELECT EXISTS (SELECT FROM timer WHERE done_at IS NULL AND try_at <= $1);

-- name: take_due
-- Timers that are due, oldest first, locked for whoever takes them.
SELECT request_id, obligation_id, what, due_at, tries
FROM timer
WHERE done_at IS NULL AND try_at <= $1
ORDER BY try_at, request_id, obligation_id, what
LIMIT $2
FOR UPDATE SKIP LOCKED;

-- name: finish_timers
-- Timers that were decided and whose obligation is still open.
UPDATE timer AS t SET done_at = $1
FROM unnest($2::uuid[], $3::text[], $4::text[]) AS said (request_id, obligation_id, what)
WHERE (t.request_id, t.obligation_id, t.what) = (said.request_id, said.obligation_id, said.what);

-- name: drop_timers
-- Timers whose obligation is met or lifted.
DELETE FROM timer AS t
USING unnest($1::uuid[], $2::text[], $3::text[]) AS said (request_id, obligation_id, what)
WHERE (t.request_id, t.obligation_id, t.what) = (said.request_id, said.obligation_id, said.what);

-- name: postpone_timer
-- A timer that could not be decided is tried again later.
UPDATE timer SET tries = tries + 1, try_at = $4
WHERE request_id = $1 AND obligation_id = $2 AND what = $3;

-- name: due_before
-- Limits of open obligations before an instant, soonest first.
SELECT request_id, obligation_id, due_at, done_at IS NOT NULL AS late
FROM timer
WHERE what = 'miss' AND due_at < $1
ORDER BY due_at, request_id, obligation_id
LIMIT $2;

-- name: open_obligations
-- Open obligations, soonest limit first: open ones in time, at risk (warned of, in time), or late.
SELECT m.request_id, m.obligation_id, m.due_at,
    CASE WHEN m.done_at IS NOT NULL THEN 'late' WHEN w.done_at IS NOT NULL THEN 'at_risk' ELSE 'open' END AS state
FROM timer AS m
LEFT JOIN timer AS w ON (w.request_id, w.obligation_id, w.what) = (m.request_id, m.obligation_id, 'warn')
WHERE m.what = 'miss'
  AND ($1::text IS NULL
    OR $1 = CASE WHEN m.done_at IS NOT NULL THEN 'late' WHEN w.done_at IS NOT NULL THEN 'at_risk' ELSE 'open' END)
ORDER BY m.due_at, m.request_id, m.obligation_id
LIMIT $2;
