-- Backups that were taken, so that their age is watched. Written by who takes them (`clic backup`).

CREATE TABLE backup (
    part      text NOT NULL CHECK (part IN ('log', 'keys')),
    backup_id text NOT NULL,
    position  bigint NOT NULL,
    taken_at  timestamptz NOT NULL,
    PRIMARY KEY (part, backup_id)
);
COMMENT ON TABLE backup IS 'Whole backups by what is in them; which of them are kept, their folders say.';
COMMENT ON COLUMN backup.position IS 'Up to where the log is in it.';
