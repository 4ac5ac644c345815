-- The register: reference and key of each request. The log says what happened; this holds what the log must not.

CREATE TABLE request (
    request_id  uuid PRIMARY KEY,
    reference   text NOT NULL UNIQUE,
    key_id      text,           -- which deployment key wraps; null: nothing was ever sealed
    wrapped_key bytea,          -- null with a key_id: erased
    erased_at   timestamptz
);
COMMENT ON TABLE request IS 'One row per request: its reference, and its key wrapped by the deployment''s key.';

CREATE TABLE reference_counter (
    year integer PRIMARY KEY,
    last integer NOT NULL
);
COMMENT ON TABLE reference_counter IS 'The last reference number given per year of reception.';

CREATE TABLE opening (
    opened_at  timestamptz NOT NULL,
    agent      text NOT NULL,
    request_id uuid NOT NULL,
    reason     text NOT NULL
);
COMMENT ON TABLE opening IS 'Who opened sealed personal data, when and why (POL-30).';
CREATE INDEX opening_request ON opening (request_id);
