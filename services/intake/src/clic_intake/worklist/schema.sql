-- The worklists' table. Indexes stand so that every list pages by its key, whoever reads it: each begins with the
-- realm, so that what somebody may not see is not even passed over (POL-26).

CREATE TABLE desk.request (
    request_id      uuid PRIMARY KEY,
    request_key     bigint NOT NULL UNIQUE,
    reference       text NOT NULL UNIQUE,
    kind            text NOT NULL,
    subject         text,
    sector          text,
    channel         text NOT NULL,
    language        text NOT NULL,
    origin          text NOT NULL,
    publisher       text NOT NULL,
    phase           text NOT NULL,
    received_at     timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    last_sequence   bigint NOT NULL,
    closed_at       timestamptz,
    department      text,
    first_line      boolean NOT NULL,
    unusual         boolean NOT NULL,
    urgent          boolean NOT NULL,
    confidential_to text,
    assigned_to     text,
    missing         text[],
    waiting_since   timestamptz,
    next_obligation text,
    due_at          timestamptz,
    warned          boolean NOT NULL,
    missed          boolean NOT NULL,
    answered        boolean NOT NULL,
    merged_into     uuid,
    rating          integer,
    letters_failed  integer NOT NULL,
    public_text     text NOT NULL,
    public_notes    text NOT NULL,
    erased          boolean NOT NULL,
    heard_since     timestamptz,
    owed            jsonb NOT NULL,
    undelivered     jsonb NOT NULL,
    pending         boolean NOT NULL,
    realm           text NOT NULL GENERATED ALWAYS AS (coalesce(confidential_to, '')) STORED,
    due_order       timestamptz NOT NULL GENERATED ALWAYS AS (coalesce(due_at, '9999-12-31 00:00:00+00')) STORED
);
COMMENT ON TABLE desk.request IS 'One row per request, folded from all services'' facts; holds no personal data.';
COMMENT ON COLUMN desk.request.request_key IS 'Position in the log at which it was received.';
COMMENT ON COLUMN desk.request.updated_at IS 'When the last thing happened to it.';
COMMENT ON COLUMN desk.request.last_sequence IS 'Position in the log of the last commit about it, of any service.';
COMMENT ON COLUMN desk.request.unusual IS 'No rule or subject foresaw it (POL-36).';
COMMENT ON COLUMN desk.request.urgent IS 'A safety report (POL-06).';
COMMENT ON COLUMN desk.request.confidential_to IS 'The role that it takes to see it; null: every agent may (POL-26).';
COMMENT ON COLUMN desk.request.assigned_to IS 'Who of the department has it, as actors are named; null: nobody.';
COMMENT ON COLUMN desk.request.missing IS 'What the citizen was asked for and has not given (POL-06, POL-21).';
COMMENT ON COLUMN desk.request.next_obligation IS 'What is due first of what the town owes; null: nothing is.';
COMMENT ON COLUMN desk.request.due_at IS 'By when; exclusive.';
COMMENT ON COLUMN desk.request.warned IS 'Of something owed, the share of the delay has passed that the town warns at.';
COMMENT ON COLUMN desk.request.missed IS 'Of something owed, the limit has passed.';
COMMENT ON COLUMN desk.request.answered IS 'Answered, and not reopened since (POL-27).';
COMMENT ON COLUMN desk.request.letters_failed IS 'Letters that did not arrive or may not have, and nothing since told what they say.';
COMMENT ON COLUMN desk.request.public_text IS 'What the town publishes of it: reviewed words.';
COMMENT ON COLUMN desk.request.heard_since IS 'Since when a citizen''s words wait on a request that is done with; null: none do.';
COMMENT ON COLUMN desk.request.owed IS 'Every open obligation: what the fold goes on from.';
COMMENT ON COLUMN desk.request.undelivered IS 'Those letters: what the fold goes on from.';
COMMENT ON COLUMN desk.request.pending IS 'POL-32.';
COMMENT ON COLUMN desk.request.realm IS 'Who may see it: the role, or nothing for every agent.';
COMMENT ON COLUMN desk.request.due_order IS 'What lists are ordered by: what is due first; what is not due comes last.';

CREATE INDEX request_recent ON desk.request (realm, request_key DESC);
CREATE INDEX request_due ON desk.request (realm, due_order, request_key) WHERE pending;
CREATE INDEX request_department ON desk.request (realm, department, due_order, request_key) WHERE pending;
CREATE INDEX request_mine ON desk.request (realm, assigned_to, due_order, request_key) WHERE pending;
CREATE INDEX request_unassigned ON desk.request (realm, due_order, request_key)
    WHERE pending AND assigned_to IS NULL;
CREATE INDEX request_warned ON desk.request (realm, due_order, request_key) WHERE pending AND warned;
CREATE INDEX request_waiting ON desk.request (realm, due_order, request_key) WHERE pending AND missing IS NOT NULL;
CREATE INDEX request_unusual ON desk.request (realm, due_order, request_key) WHERE pending AND unusual;
CREATE INDEX request_letters ON desk.request (realm, due_order, request_key) WHERE letters_failed > 0;
CREATE INDEX request_news ON desk.request (realm, heard_since, request_key) WHERE heard_since IS NOT NULL;

-- Access requests, for the greffe: those at work or done with, and those of a year.
CREATE INDEX request_access_pending ON desk.request (realm, due_order, request_key)
    WHERE kind = 'access_to_information' AND pending;
CREATE INDEX request_access_done ON desk.request (realm, request_key DESC)
    WHERE kind = 'access_to_information' AND NOT pending;
CREATE INDEX request_access_received ON desk.request (received_at, request_key) WHERE kind = 'access_to_information';

-- What anybody may read of (Open311), by the instants that its lists are filtered by.
CREATE INDEX request_public ON desk.request (received_at DESC, request_key DESC)
    WHERE confidential_to IS NULL AND NOT erased;
CREATE INDEX request_public_changed
    ON desk.request ((CASE WHEN pending THEN updated_at ELSE coalesce(closed_at, updated_at) END))
    WHERE confidential_to IS NULL AND NOT erased;
