-- What was published, and never changes. Its schema is no projection: a rebuild leaves it alone, backups must hold it.

-- name: prepare
-- Makes the schema where there is none.
CREATE SCHEMA IF NOT EXISTS reporting_published;
CREATE TABLE IF NOT EXISTS reporting_published.publication (
    number       integer     PRIMARY KEY CHECK (number > 0),
    period       text        NOT NULL,
    position     bigint      NOT NULL,
    entry        text        NOT NULL,
    checksum     text        NOT NULL UNIQUE,
    recorded_at  timestamptz NOT NULL DEFAULT now()
);
COMMENT ON SCHEMA reporting_published IS
    'What was published of the figures: not derived from the log, so it belongs in backups (POL-38).';
COMMENT ON TABLE reporting_published.publication IS
    'One row per published report, never changed: what anybody knows when the next one is published (POL-38).';
COMMENT ON COLUMN reporting_published.publication.number IS 'From 1, without gaps: the reports name it.';
COMMENT ON COLUMN reporting_published.publication.period IS 'The quarter or year, such as 2026-Q1.';
COMMENT ON COLUMN reporting_published.publication.position IS 'Position in the log that its figures were made from.';
COMMENT ON COLUMN reporting_published.publication.entry IS
    'Canonical JSON: exact counts by name, their equations, which are hidden and why. Internal: it holds hidden counts.';
COMMENT ON COLUMN reporting_published.publication.checksum IS 'SHA-256 of the entry, which holds the one before it.';
COMMENT ON COLUMN reporting_published.publication.recorded_at IS 'When the row was written.'

-- name: is_there
-- Whether anything can have been published from this database.
SELECT to_regclass('reporting_published.publication') IS NOT NULL

-- name: lock
-- One publication at a time: each is judged by all before it.
SELECT pg_advisory_xact_lock(hashtext('clic reporting'), hashtext('published'))

-- name: entries
-- Everything that was published, in its order.
SELECT number, entry, checksum FROM reporting_published.publication ORDER BY number

-- name: append
-- The next one. A number that is taken is an error.
INSERT INTO reporting_published.publication (number, period, position, entry, checksum) VALUES ($1, $2, $3, $4, $5)
