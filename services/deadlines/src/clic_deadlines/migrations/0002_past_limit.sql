-- A limit that had passed before it was known is looked at a little later.

COMMENT ON COLUMN timer.try_at IS 'due_at, or later: after a failure, or where the limit had passed before it was known.';
