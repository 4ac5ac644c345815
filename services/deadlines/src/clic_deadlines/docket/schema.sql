-- The docket's tables. Each index begins with the realm, so that what somebody may not see is not even passed over
-- (POL-26), and then with what a list is narrowed by: a list is read from where the page before ended.

CREATE TABLE docket.request (
    request_id      uuid PRIMARY KEY,
    reference       text NOT NULL UNIQUE,
    kind            text NOT NULL,
    subject         text,
    department      text,
    assignee        text,
    confidential_to text
);
COMMENT ON TABLE docket.request IS 'One row per request: what its obligations are found by. Holds no personal data.';
COMMENT ON COLUMN docket.request.department IS 'Who answers; null: not routed yet.';
COMMENT ON COLUMN docket.request.assignee IS 'Who of the department has it, as actors are named; null: nobody.';
COMMENT ON COLUMN docket.request.confidential_to IS 'The role that it takes to see it; null: everybody at the desk may.';

CREATE TABLE docket.obligation (
    request_id      uuid NOT NULL,
    obligation_id   text NOT NULL,
    obligation      text NOT NULL,
    reference       text NOT NULL,
    kind            text NOT NULL,
    subject         text,
    department      text,
    assignee        text,
    confidential_to text,
    starts_at       timestamptz NOT NULL,
    due_at          timestamptz NOT NULL,
    due_strict_on   date NOT NULL,
    due_prudent_on  date NOT NULL,
    warn_at         timestamptz NOT NULL,
    warned          boolean NOT NULL,
    paused_since    timestamptz,
    missed_at       timestamptz,
    escalated_to    text,
    recounts        integer NOT NULL,
    changed_at      timestamptz NOT NULL,
    standing        text NOT NULL,
    realm           text NOT NULL GENERATED ALWAYS AS (coalesce(confidential_to, '')) STORED,
    PRIMARY KEY (request_id, obligation_id)
);
COMMENT ON TABLE docket.obligation IS 'One row per open obligation, with what it is found by; it goes when that ends.';
COMMENT ON COLUMN docket.obligation.due_at IS 'The limit, exclusive; while paused the limit as it was before.';
COMMENT ON COLUMN docket.obligation.changed_at IS 'When the log last took something of it.';
COMMENT ON COLUMN docket.obligation.standing IS '`running`, `at_risk`, `paused`, or `window`: the time of somebody else.';
COMMENT ON COLUMN docket.obligation.realm IS 'Who may see it: the role, or nothing for everybody.';

CREATE INDEX obligation_due ON docket.obligation (realm, standing, due_at, request_id, obligation_id);
CREATE INDEX obligation_department
    ON docket.obligation (realm, department, standing, due_at, request_id, obligation_id);
