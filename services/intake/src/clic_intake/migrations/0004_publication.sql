-- Where published learnings stand in the log, so that they can be listed and withdrawn.

CREATE TABLE learning_publication (
    publication_id uuid PRIMARY KEY,
    period         text NOT NULL
);
COMMENT ON TABLE learning_publication IS
    'Publications by quarter, written before they are appended; the log holds what they say.';
CREATE INDEX learning_publication_period ON learning_publication (period);
