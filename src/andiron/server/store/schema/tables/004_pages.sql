-- What the pages count on every search. MATERIALIZED, so that `SELECT *` and inserts know nothing of it; the second statement of
-- each pair is for the Distributed table of a cluster, and has nothing to do elsewhere.
--
-- Where a record ran: of ten million records, the maps of resources took 1.3 s of processor time to say so, this takes 0.14. Parts
-- that are there already are rewritten in the background.
ALTER TABLE ${db}.otel_traces${local} ${on_cluster} ADD COLUMN IF NOT EXISTS Environment ${environment};
ALTER TABLE ${db}.otel_traces ${on_cluster} ADD COLUMN IF NOT EXISTS Environment ${environment};
ALTER TABLE ${db}.pending_spans${local} ${on_cluster} ADD COLUMN IF NOT EXISTS Environment ${environment};
ALTER TABLE ${db}.pending_spans ${on_cluster} ADD COLUMN IF NOT EXISTS Environment ${environment};
ALTER TABLE ${db}.otel_logs${local} ${on_cluster} ADD COLUMN IF NOT EXISTS Environment ${environment};
ALTER TABLE ${db}.otel_logs ${on_cluster} ADD COLUMN IF NOT EXISTS Environment ${environment};
ALTER TABLE ${db}.otel_traces${local} ${on_cluster} MATERIALIZE COLUMN Environment;
ALTER TABLE ${db}.pending_spans${local} ${on_cluster} MATERIALIZE COLUMN Environment;
ALTER TABLE ${db}.otel_logs${local} ${on_cluster} MATERIALIZE COLUMN Environment;

-- Which granules have a span with an event that is a row of its own: most have none, and a quarter of an hour of rows asked for a day
-- of spans (events come later than their spans begin): 40 ms of processor time on five million spans became 8.
ALTER TABLE ${db}.otel_traces${local} ${on_cluster} ADD INDEX IF NOT EXISTS idx_events arrayExists(name -> name != 'exception', `Events.Name`) TYPE minmax GRANULARITY 1;
ALTER TABLE ${db}.otel_traces${local} ${on_cluster} MATERIALIZE INDEX idx_events;
