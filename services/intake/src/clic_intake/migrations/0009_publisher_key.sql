-- Publishers' keys of the API: who may submit over HTTP, and as whom. NATS has credentials of its own.

CREATE TABLE publisher_key (
    key_id    uuid PRIMARY KEY,
    publisher text NOT NULL,
    label     text NOT NULL,
    digest    bytea NOT NULL UNIQUE,
    made_at   timestamptz NOT NULL,
    made_by   text NOT NULL,
    ended_at  timestamptz,
    ended_by  text
);
COMMENT ON TABLE publisher_key IS
    'SHA-256 digests of publishers'' keys, never a key: 256 random bits cannot be guessed from it. A row stays when its
    key ended, so that it is known who could submit when.';
CREATE INDEX publisher_key_publisher ON publisher_key (publisher, made_at);
