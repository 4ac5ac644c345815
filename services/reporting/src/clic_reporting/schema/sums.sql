-- Sums by month of what the facts say, so that a report or a dashboard is quick however long the log is. Each row counts
-- the rows of its cell view in `cells.sql`; they are kept exact by `clic_reporting.sums`, and read through the `…_count`
-- views alone, whose comments are theirs. What has no value is '' here, so that a cell is found by its key. A count that would fall below nothing stops the projection: the sums would no longer be the facts'.

CREATE TABLE {schema}.sum_request (
  month date NOT NULL,
  kind text NOT NULL,
  first_channel text NOT NULL,
  department text NOT NULL,
  subject text NOT NULL,
  first_line boolean NOT NULL,
  unusual boolean NOT NULL,
  origin text NOT NULL,
  confidential boolean NOT NULL,
  status text NOT NULL,
  outcome_assumed boolean NOT NULL,
  requests bigint NOT NULL CHECK (requests >= 0),
  PRIMARY KEY (month, kind, first_channel, department, subject, first_line, unusual, origin, confidential, status,
               outcome_assumed)
) WITH (fillfactor = 70);
COMMENT ON TABLE {schema}.sum_request IS 'Sums behind request_count.';

CREATE TABLE {schema}.sum_movement (
  month date NOT NULL,
  received_month date NOT NULL,
  department text NOT NULL,
  movement text NOT NULL,
  how text NOT NULL,
  assumed boolean NOT NULL,
  requests bigint NOT NULL CHECK (requests >= 0),
  PRIMARY KEY (month, received_month, department, movement, how, assumed)
) WITH (fillfactor = 70);
COMMENT ON TABLE {schema}.sum_movement IS 'Sums behind movement_count.';

CREATE TABLE {schema}.sum_obligation (
  due_month date NOT NULL,
  received_month date NOT NULL,
  department text NOT NULL,
  obligation text NOT NULL,
  state text NOT NULL,
  paused boolean NOT NULL,
  met_assumed boolean NOT NULL,
  obligations bigint NOT NULL CHECK (obligations >= 0),
  PRIMARY KEY (due_month, received_month, department, obligation, state, paused, met_assumed)
) WITH (fillfactor = 70);
COMMENT ON TABLE {schema}.sum_obligation IS 'Sums behind obligation_count, where those that are open and past due are told apart.';

CREATE TABLE {schema}.sum_delay (
  month date NOT NULL,
  department text NOT NULL,
  kind text NOT NULL,
  measure text NOT NULL,
  business_days integer NOT NULL,
  requests bigint NOT NULL CHECK (requests >= 0),
  PRIMARY KEY (month, department, kind, measure, business_days)
) WITH (fillfactor = 70);
COMMENT ON TABLE {schema}.sum_delay IS 'Sums behind delay_count; made anew when the town''s business days change.';

CREATE TABLE {schema}.sum_interaction (
  month date NOT NULL,
  channel text NOT NULL,
  first_contact boolean NOT NULL,
  answered_first_line boolean NOT NULL,
  origin text NOT NULL,
  interactions bigint NOT NULL CHECK (interactions >= 0),
  PRIMARY KEY (month, channel, first_contact, answered_first_line, origin)
) WITH (fillfactor = 70);
COMMENT ON TABLE {schema}.sum_interaction IS 'Sums behind interaction_count.';
