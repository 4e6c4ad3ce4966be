-- When a trace was seen, in nanoseconds: the times that spare trace.sql the days that it does not belong to. Logs are looked for up
-- to a day around the spans, or everywhere where there are none.
WITH (SELECT tuple(count(), min(Start), max(End)) FROM otel_traces_trace_id_ts WHERE TraceId = ${trace}) AS seen
SELECT
    seen.1 AS spans,
    toUnixTimestamp64Nano(seen.2) AS first_span,
    toUnixTimestamp64Nano(seen.3) AS last_span,
    count() AS logs,
    toUnixTimestamp64Nano(min(Timestamp)) AS first_log,
    toUnixTimestamp64Nano(max(Timestamp)) AS last_log
FROM otel_logs
WHERE TraceId = ${trace}
    AND Timestamp >= if(seen.1 = 0, toDateTime64(0, 9), seen.2 - toIntervalDay(1))
    AND Timestamp <= if(seen.1 = 0, toDateTime64('2262-01-01 00:00:00', 9), least(seen.3, toDateTime64('2262-01-01 00:00:00', 9)) + toIntervalDay(1))
