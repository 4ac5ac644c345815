-- Duplicates: which request was joined to which, and keyed digests of places by which near ones are suggested.

CREATE TABLE joined (
    parent_id uuid NOT NULL,
    child_id  uuid NOT NULL,
    PRIMARY KEY (parent_id, child_id)
);
COMMENT ON TABLE joined IS
    'Which duplicate was joined to which request. Written before the fact: whether it is so, the child''s story says.';

CREATE TABLE place_digest (
    digest     bytea NOT NULL,
    request_id uuid NOT NULL,
    kind       text NOT NULL CHECK (kind IN ('address', 'cell', 'around')),
    PRIMARY KEY (request_id, digest, kind)
);
COMMENT ON TABLE place_digest IS
    'Keyed digests of exact places, never a place: of the address, of the cell of about 100 m that it lies in, and of the cells around that one.';
CREATE INDEX place_digest_own ON place_digest (digest) WHERE kind <> 'around';

CREATE FUNCTION forget_place() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM place_digest WHERE request_id = NEW.request_id;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION forget_place IS 'Whoever erases a request, its place leaves the index.';
CREATE TRIGGER request_erased_place AFTER UPDATE OF erased_at ON request
    FOR EACH ROW WHEN (NEW.erased_at IS NOT NULL AND OLD.erased_at IS NULL) EXECUTE FUNCTION forget_place();
