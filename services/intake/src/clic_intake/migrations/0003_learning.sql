-- Learnings (POL-37): where they stand in the log, their drafts, who read them; and the keyed index of requesters' names.

ALTER TABLE request ADD COLUMN is_named boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN request.is_named IS
    'The requester''s name, if there is one, is in requester_name; false: registered before there was that index.';
CREATE INDEX request_not_named ON request (request_id) WHERE NOT is_named AND wrapped_key IS NOT NULL;

CREATE TABLE requester_name (
    digest     bytea NOT NULL,
    request_id uuid NOT NULL,
    PRIMARY KEY (digest, request_id)
);
COMMENT ON TABLE requester_name IS
    'Keyed digests of requesters'' names, never a name: whether a text names one of them is looked up here (POL-38).';
CREATE INDEX requester_name_request ON requester_name (request_id);

CREATE TABLE learning (
    learning_id uuid PRIMARY KEY,
    cause_id    text NOT NULL,
    request_id  uuid NOT NULL,
    occurred_at timestamptz NOT NULL
);
COMMENT ON TABLE learning IS
    'Where a learning stands in the log: in the story request_id, by its cause. Written before it is appended: one that
    the story does not hold was never recorded.';
CREATE INDEX learning_occurred ON learning (occurred_at, learning_id);
CREATE INDEX learning_request ON learning (request_id);

CREATE TABLE learning_draft (
    draft_id    uuid PRIMARY KEY,
    period      text NOT NULL,
    learnings   uuid[] NOT NULL,
    key_id      text NOT NULL,
    wrapped_key bytea NOT NULL,
    sealed      jsonb NOT NULL,
    version     integer NOT NULL,
    edited_by   text NOT NULL,
    edited_at   timestamptz NOT NULL,
    signed_by   text,
    signed_at   timestamptz,
    is_leaving  boolean NOT NULL DEFAULT false
);
COMMENT ON TABLE learning_draft IS 'Texts on their way to publication, sealed; a row goes when its text is published.';
COMMENT ON COLUMN learning_draft.learnings IS 'The learnings that it was made from.';
COMMENT ON COLUMN learning_draft.sealed IS 'The text, and the reasons for which findings were confirmed as harmless.';
COMMENT ON COLUMN learning_draft.signed_by IS 'Who signed this very version off; every change takes it back.';
COMMENT ON COLUMN learning_draft.is_leaving IS 'It is being published and can no longer be changed.';

CREATE TABLE learning_reading (
    read_at   timestamptz NOT NULL,
    agent     text NOT NULL,
    what      text NOT NULL,
    period    text NOT NULL,
    draft_id  uuid,
    learnings integer NOT NULL,
    reason    text NOT NULL
);
COMMENT ON TABLE learning_reading IS
    'Who read unreviewed learnings or a draft, when and why (POL-30); each opened seal stands in opening, too.';
CREATE INDEX learning_reading_read ON learning_reading (read_at);

CREATE FUNCTION forget_requester() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM requester_name WHERE request_id = NEW.request_id;
    DELETE FROM learning_draft d USING learning l WHERE l.request_id = NEW.request_id AND l.learning_id = ANY (d.learnings);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION forget_requester IS
    'Whoever erases a request, its name leaves the index, and drafts made from what was learned from it go with it.';
CREATE TRIGGER request_erased AFTER UPDATE OF erased_at ON request
    FOR EACH ROW WHEN (NEW.erased_at IS NOT NULL AND OLD.erased_at IS NULL) EXECUTE FUNCTION forget_requester();
