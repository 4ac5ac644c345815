-- Letters on their way. Derived from the log: without these tables they are made anew (docs/letters.md), with what was
-- neither sent nor given up in doubt, since nothing but the row says whether it was handed over.

CREATE TABLE letter (
    letter_id       uuid PRIMARY KEY,
    request_id      uuid NOT NULL,
    letter          text NOT NULL,
    confidential_to text,
    position        bigint NOT NULL,
    written_at      timestamptz NOT NULL,
    state           text NOT NULL
        CHECK (state IN ('waiting', 'handing_over', 'handed_over', 'done', 'doubtful', 'failed')),
    reason          text,
    status          text,
    handed_over_at  timestamptz,
    tries           integer NOT NULL DEFAULT 0,
    try_at          timestamptz NOT NULL,
    taken_by        uuid,
    taken_until     timestamptz NOT NULL DEFAULT '-infinity'
);
COMMENT ON TABLE letter IS 'One row per letter that was written; holds nothing personal, that is sealed in the log.';
COMMENT ON COLUMN letter.confidential_to IS 'The role that an agent needs to see its request (POL-26); null: none.';
COMMENT ON COLUMN letter.position IS 'Log position of the newest fact about it; an older one never overwrites it.';
COMMENT ON COLUMN letter.state IS
    'waiting; handing_over: written before its text goes to the mail server, so that a crash leaves a trace;
     handed_over: the server took it, to be recorded in the log; done, doubtful, failed: as the log says.';
COMMENT ON COLUMN letter.reason IS 'Why it failed: a LetterFailure of the contracts.';
COMMENT ON COLUMN letter.status IS 'Enhanced status code (RFC 3463), where known.';
COMMENT ON COLUMN letter.taken_by IS 'Which sender has it under way, until taken_until by the database''s clock.';

CREATE INDEX letter_to_do ON letter (try_at) WHERE state IN ('waiting', 'handing_over', 'handed_over');
CREATE INDEX letter_to_see ON letter (state, position) WHERE state IN ('doubtful', 'failed', 'waiting');
CREATE INDEX letter_request ON letter (request_id);

CREATE TABLE letter_wake (
    request_id uuid PRIMARY KEY,
    wake_at    timestamptz NOT NULL
);
COMMENT ON TABLE letter_wake IS 'Requests whose acknowledgement waits to hear more, and when it goes without.';
CREATE INDEX letter_wake_at ON letter_wake (wake_at);

CREATE TABLE letter_joined (
    request_id uuid PRIMARY KEY,
    into_id    uuid NOT NULL
);
COMMENT ON TABLE letter_joined IS 'Requests that were joined to another: their citizens are told when that is answered.';
CREATE INDEX letter_joined_into ON letter_joined (into_id);

CREATE TABLE letter_source (
    stream     text NOT NULL,
    created_at timestamptz NOT NULL
);
COMMENT ON TABLE letter_source IS 'The log that these tables were made from; without a row they are made anew.';
