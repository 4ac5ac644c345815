-- A contact that opened no request has a key where it is sealed, and uses up no reference.

ALTER TABLE request ALTER COLUMN reference DROP NOT NULL;
COMMENT ON TABLE request IS
    'One row per request, or sealed contact without one: its reference, and its key wrapped by the deployment''s key.';
COMMENT ON COLUMN request.reference IS 'What the citizen quotes; null: a contact that opened no request.';
