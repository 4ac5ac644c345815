-- Calendar programs subscribe to a department's limits by an address that holds a secret; its digest alone is kept.
CREATE TABLE due_feed (
    department text PRIMARY KEY,
    token_digest bytea NOT NULL CHECK (octet_length(token_digest) = 32),
    made_at timestamptz NOT NULL
);

COMMENT ON TABLE due_feed IS 'Who may read a department''s calendar: whoever has its newest address.';
COMMENT ON COLUMN due_feed.token_digest IS 'SHA-256 of a secret of 256 bits, which needs no salt.';
