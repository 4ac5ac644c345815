-- One timer for each open obligation: the next instant at which it is looked at. A warning that was said needs no row. A
-- limit that was said to be missed is looked at at once: the release before told nobody further up, and the look tells
-- when the next step is due.

DELETE FROM timer WHERE what = 'warn' AND done_at IS NOT NULL;
DELETE FROM timer AS t
WHERE t.what = 'warn'
  AND EXISTS (
      SELECT FROM timer AS m
      WHERE (m.request_id, m.obligation_id, m.what) = (t.request_id, t.obligation_id, 'miss') AND m.done_at IS NOT NULL
  );
UPDATE timer SET try_at = due_at, tries = 0 WHERE done_at IS NOT NULL;
DELETE FROM timer AS t
WHERE t.what = 'miss'
  AND EXISTS (
      SELECT FROM timer AS w
      WHERE (w.request_id, w.obligation_id, w.what) = (t.request_id, t.obligation_id, 'warn')
  );

DROP INDEX timer_to_do;
DROP INDEX timer_by_due;
ALTER TABLE timer DROP CONSTRAINT timer_pkey;
ALTER TABLE timer DROP COLUMN what;
ALTER TABLE timer DROP COLUMN done_at;
ALTER TABLE timer RENAME COLUMN due_at TO at;
ALTER TABLE timer ADD PRIMARY KEY (request_id, obligation_id);

COMMENT ON COLUMN timer.at IS 'The next instant at which the obligation is to be looked at: its warning, its limit, a step of the escalation, the end of a window.';
COMMENT ON COLUMN timer.try_at IS 'at, or later: after a failure, or where the instant had passed before it was known.';
COMMENT ON COLUMN timer.tries IS 'Failures since the row was set to this instant.';

CREATE INDEX timer_to_do ON timer (try_at, request_id, obligation_id);
