-- Which digest goes to whom on which day, and what became of it: one row each, whoever plans it and however often.
CREATE TABLE digest (
    day date NOT NULL,
    notice text NOT NULL CHECK (notice IN ('department', 'head', 'general_management')),
    department text NOT NULL,
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sent', 'nothing', 'refused', 'given_up')),
    try_at timestamptz NOT NULL,
    tries integer NOT NULL DEFAULT 0,
    why text,
    taken_by uuid,
    taken_until timestamptz NOT NULL DEFAULT '-infinity',
    settled_at timestamptz,
    PRIMARY KEY (day, notice, department)
);

COMMENT ON TABLE digest IS 'The daily digests. Only the newest day matters; older rows say what became of them.';
COMMENT ON COLUMN digest.state IS '`nothing`: there was nothing to tell. `refused`: its address, for good.';
COMMENT ON COLUMN digest.why IS 'What was last answered or went wrong; no address.';
COMMENT ON COLUMN digest.taken_until IS 'By the database''s clock: until then one instance has it under way.';

CREATE INDEX digest_to_do ON digest (try_at) WHERE state = 'waiting';
