-- When somebody has to look at an obligation. Derived from the log: the table can be emptied and filled again by
-- delivering intake's commits anew (docs/deadlines.md).
CREATE TABLE timer (
    request_id uuid NOT NULL,
    obligation_id text NOT NULL,
    what text NOT NULL CHECK (what IN ('warn', 'miss')),
    due_at timestamptz NOT NULL,
    position bigint NOT NULL,
    try_at timestamptz NOT NULL,
    tries integer NOT NULL DEFAULT 0,
    done_at timestamptz,
    PRIMARY KEY (request_id, obligation_id, what)
);

COMMENT ON COLUMN timer.due_at IS 'The instant of the limit or of the warning.';
COMMENT ON COLUMN timer.position IS 'Log position of the decision that the row was derived from; an older one never overwrites it.';
COMMENT ON COLUMN timer.try_at IS 'due_at, or later after a failure.';
COMMENT ON COLUMN timer.done_at IS 'When it was decided; the row goes when the obligation is met or lifted.';

CREATE INDEX timer_to_do ON timer (try_at) WHERE done_at IS NULL;
CREATE INDEX timer_by_due ON timer (what, due_at);
