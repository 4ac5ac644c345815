-- The knowledge base (POL-16, POL-40): the index of the town's articles, and drafts of new ones.

CREATE TABLE knowledge_index (
    version    text PRIMARY KEY,
    indexed_at timestamptz NOT NULL
);
COMMENT ON TABLE knowledge_index IS
    'Versions of the town (and of how texts are indexed) whose articles can be searched; older ones go at a start.';

CREATE TABLE knowledge_document (
    version  text NOT NULL REFERENCES knowledge_index ON DELETE CASCADE,
    language text NOT NULL,
    code     text NOT NULL,
    document tsvector NOT NULL,
    PRIMARY KEY (version, language, code)
);
COMMENT ON TABLE knowledge_document IS 'What can be found of an article; its text is read in the town''s folder.';
COMMENT ON COLUMN knowledge_document.document IS
    'Accents folded. A: title and further words, B: names of its subjects, D: its text.';
CREATE INDEX knowledge_document_found ON knowledge_document USING gin (document);

CREATE TABLE article_draft (
    draft_id    uuid PRIMARY KEY,
    request_id  uuid NOT NULL,
    code        text NOT NULL,
    sealed      jsonb NOT NULL,
    written_by  text NOT NULL,
    written_at  timestamptz NOT NULL,
    exported_by text,
    exported_at timestamptz
);
COMMENT ON TABLE article_draft IS
    'Articles made from answered unusual requests (POL-40), until somebody puts them into the town''s folder.';
COMMENT ON COLUMN article_draft.sealed IS
    'The article, under the key of the request that it was made from: erased, it takes its drafts along.';
CREATE INDEX article_draft_request ON article_draft (request_id);

CREATE FUNCTION forget_article_drafts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM article_draft WHERE request_id = NEW.request_id;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION forget_article_drafts IS 'Whoever erases a request, drafts of articles made from it go with it.';
CREATE TRIGGER request_erased_drafts AFTER UPDATE OF erased_at ON request
    FOR EACH ROW WHEN (NEW.erased_at IS NOT NULL AND OLD.erased_at IS NULL) EXECUTE FUNCTION forget_article_drafts();
