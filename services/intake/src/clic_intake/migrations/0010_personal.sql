-- Personal data (POL-30): contacts by keyed digest, keys of the indexes, retired deployment keys, erasures, retention.

CREATE TABLE requester_contact (
    digest     bytea NOT NULL,
    request_id uuid NOT NULL,
    PRIMARY KEY (digest, request_id)
);
COMMENT ON TABLE requester_contact IS
    'Keyed digests of requesters'' e-mail addresses and telephones, never an address or a number (POL-30).';
CREATE INDEX requester_contact_request ON requester_contact (request_id);

-- Their contacts are indexed by whoever indexes older names.
UPDATE request SET is_named = false WHERE wrapped_key IS NOT NULL;
COMMENT ON COLUMN request.is_named IS
    'Requesters, if there are any, are in requester_name and requester_contact; false: registered before there were those.';

CREATE TABLE index_key (
    purpose     text PRIMARY KEY,
    key_id      text NOT NULL,
    wrapped_key bytea NOT NULL
);
COMMENT ON TABLE index_key IS
    'The keys of keyed indexes, wrapped by the deployment''s key: digests stay when that is another one.';

CREATE TABLE deployment_key (
    key_id       text PRIMARY KEY,
    promoted_at  timestamptz NOT NULL,
    retired_at   timestamptz,
    rewrapped_at timestamptz
);
COMMENT ON TABLE deployment_key IS
    'The deployment''s keys in the order of their use; retired_at: another one wraps since then; rewrapped_at: nothing is
    wrapped by it any more.';

CREATE FUNCTION refuse_retired_key() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM deployment_key WHERE key_id = NEW.key_id AND retired_at IS NOT NULL) THEN
        -- As a conflict: whoever tries again has read the new key by then.
        RAISE EXCEPTION 'deployment key % is retired', NEW.key_id USING ERRCODE = 'serialization_failure';
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION refuse_retired_key IS
    'An instance that has not read the new key yet must not wrap with the old one.';
CREATE TRIGGER request_key_in_use BEFORE INSERT OR UPDATE OF key_id ON request
    FOR EACH ROW WHEN (NEW.wrapped_key IS NOT NULL) EXECUTE FUNCTION refuse_retired_key();
CREATE TRIGGER draft_key_in_use BEFORE INSERT OR UPDATE OF key_id ON learning_draft
    FOR EACH ROW EXECUTE FUNCTION refuse_retired_key();
CREATE TRIGGER index_key_in_use BEFORE INSERT OR UPDATE OF key_id ON index_key
    FOR EACH ROW EXECUTE FUNCTION refuse_retired_key();

CREATE TABLE erasure (
    request_id uuid PRIMARY KEY,
    reference  text,
    ground     text NOT NULL,
    actor      text NOT NULL,
    cause_id   text NOT NULL,
    asked_at   timestamptz NOT NULL,
    erased_at  timestamptz,
    done_at    timestamptz
);
COMMENT ON TABLE erasure IS
    'What was erased when, by whom and on which ground (A-2.1 art. 73). erased_at: its key is destroyed; done_at: the rest is gone, too.';
CREATE INDEX erasure_unfinished ON erasure (asked_at) WHERE done_at IS NULL;
CREATE INDEX erasure_asked ON erasure (asked_at, request_id);

CREATE OR REPLACE FUNCTION forget_requester() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM requester_name WHERE request_id = NEW.request_id;
    DELETE FROM requester_contact WHERE request_id = NEW.request_id;
    DELETE FROM learning_draft d USING learning l WHERE l.request_id = NEW.request_id AND l.learning_id = ANY (d.learnings);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION forget_requester IS
    'Whoever erases a request, its requester leaves the indexes, and drafts made from what was learned from it go with it.';

ALTER TABLE request ADD COLUMN look_on date, ADD COLUMN due_since date;
COMMENT ON COLUMN request.look_on IS
    'Before this day the retention of its data cannot have ended; null: nobody has looked yet, or delays were changed.';
COMMENT ON COLUMN request.due_since IS 'Since when its data is announced as due to go (A-2.1 art. 73).';
CREATE INDEX request_to_look_at ON request (look_on NULLS FIRST, request_id) WHERE wrapped_key IS NOT NULL;

CREATE TABLE retention_run (
    run_on      date PRIMARY KEY,
    delays      jsonb NOT NULL,
    looked      integer NOT NULL,
    announced   integer NOT NULL,
    erased      integer NOT NULL,
    finished_at timestamptz NOT NULL
);
COMMENT ON TABLE retention_run IS 'The days on which retention was looked after, under which delays (months by kind), and what came of it.';

CREATE INDEX opening_agent ON opening (agent, opened_at);
