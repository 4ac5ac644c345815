-- Statements of the knowledge base. Each has a name and a sentence.

-- name: begin_index
-- Claims a version to be indexed; gives nothing where it is there already. Who claims second waits for the first.
INSERT INTO knowledge_index (version, indexed_at) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING version;

-- name: add_documents
-- Indexes articles of a version in one language, with the dictionary of that language.
INSERT INTO knowledge_document (version, language, code, document)
SELECT $1, $2, a.code,
       setweight(to_tsvector($3::regconfig, a.title), 'A') || setweight(to_tsvector($3::regconfig, a.subjects), 'B')
       || setweight(to_tsvector($3::regconfig, a.body), 'D')
FROM unnest($4::text[], $5::text[], $6::text[], $7::text[]) AS a (code, title, subjects, body);

-- name: drop_older
-- Lets go all but the newest versions, so that an older instance still finds its own during an upgrade.
DELETE FROM knowledge_index WHERE version NOT IN (SELECT version FROM knowledge_index ORDER BY indexed_at DESC LIMIT $1);

-- name: found
-- Articles whose title, further words or subjects hold one of the words asked for, or which hold every one; most of
-- the words first, those of the given codes before all.
WITH part AS (
    SELECT quote_literal(word) AS word FROM unnest(tsvector_to_array(to_tsvector($3::regconfig, $4))) AS word LIMIT $7
), asked AS (
    SELECT string_agg(word, ' | ')::tsquery AS any_word, string_agg(word || ':AB', ' | ')::tsquery AS named,
           string_agg(word, ' & ')::tsquery AS every_word
    FROM part
), candidate AS (
    SELECT d.code, d.document, d.code = ANY ($5::text[]) AS is_given
    FROM knowledge_document d, asked
    WHERE d.version = $1 AND d.language = $2
      AND (d.code = ANY ($5::text[]) OR d.document @@ asked.named OR d.document @@ asked.every_word)
)
SELECT c.code, c.is_given, (SELECT count(*) FROM part WHERE c.document @@ part.word::tsquery) AS words
FROM candidate c, asked
ORDER BY c.is_given DESC, words DESC, ts_rank(c.document, asked.any_word) DESC NULLS LAST, c.code
LIMIT $6;

-- name: put_draft
-- Keeps a draft of an article, or changes the one of its request and code; nothing where it was exported.
INSERT INTO article_draft AS d (draft_id, request_id, code, sealed, written_by, written_at)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (draft_id) DO UPDATE SET sealed = $4, written_by = $5, written_at = $6 WHERE d.exported_at IS NULL
RETURNING draft_id;

-- name: drafts
-- The drafts of articles, oldest first, without their texts.
SELECT draft_id, request_id, code, written_by, written_at, exported_by, exported_at
FROM article_draft ORDER BY written_at, draft_id LIMIT $1;

-- name: draft
-- One draft.
SELECT request_id, code, sealed, written_by, written_at FROM article_draft WHERE draft_id = $1;

-- name: mark_exported
-- Remembers who took a draft for the town's folder first.
UPDATE article_draft SET exported_by = $2, exported_at = $3 WHERE draft_id = $1 AND exported_at IS NULL;
