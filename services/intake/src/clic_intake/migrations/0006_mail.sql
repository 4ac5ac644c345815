-- Mails that are kept as they came: those set aside, and those of which not everything could be put into a request.

CREATE TABLE mail_kept (
    mail_id    uuid PRIMARY KEY,
    story_id   uuid NOT NULL,
    reason     text NOT NULL,
    arrived_at timestamptz NOT NULL,
    size_bytes integer NOT NULL,
    sealed     bytea NOT NULL,
    kept_until timestamptz
);
COMMENT ON TABLE mail_kept IS 'Original mails, sealed: nothing that came in is lost, and nothing of it stands in clear (POL-30).';
COMMENT ON COLUMN mail_kept.story_id IS 'Under whose key it is sealed: its request''s, or one of its own where it was set aside.';
COMMENT ON COLUMN mail_kept.reason IS 'not_whole: its request does not hold all of it; else why it was set aside.';
COMMENT ON COLUMN mail_kept.kept_until IS 'When a mail that was set aside goes, and its key with it; null: as long as its request''s key.';
CREATE INDEX mail_kept_story ON mail_kept (story_id);
CREATE INDEX mail_kept_until ON mail_kept (kept_until) WHERE kept_until IS NOT NULL;

CREATE FUNCTION forget_mails() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM mail_kept WHERE story_id = NEW.request_id;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION forget_mails IS 'What was sealed with a request''s key goes with it (POL-30).';
CREATE TRIGGER request_forgets_mails AFTER UPDATE OF erased_at ON request
    FOR EACH ROW WHEN (NEW.erased_at IS NOT NULL) EXECUTE FUNCTION forget_mails();
