CREATE VIEW {schema}.{view} AS
SELECT q.period, i.channel, sum(i.interactions)::bigint AS interactions,
       coalesce(sum(i.interactions) FILTER (WHERE i.first_contact), 0)::bigint AS first_contacts
FROM {schema}.calendar_month q
JOIN {schema}.interaction_count i ON i.month = q.month
GROUP BY q.period, i.channel;
COMMENT ON VIEW {schema}.{view} IS 'POL-31: interactions by quarter and channel.';
COMMENT ON COLUMN {schema}.{view}.period IS 'The quarter in which they happened.';
COMMENT ON COLUMN {schema}.{view}.channel IS 'By which way.';
COMMENT ON COLUMN {schema}.{view}.interactions IS 'How many.';
COMMENT ON COLUMN {schema}.{view}.first_contacts IS 'Of these, how many opened a request.';
