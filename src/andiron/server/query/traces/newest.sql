-- The traces that were active last between two times, and when they were seen.
SELECT TraceId AS trace_id, toUnixTimestamp64Nano(min(Start)) AS first, toUnixTimestamp64Nano(max(End)) AS last
FROM otel_traces_trace_id_ts
WHERE End >= ${since} AND Start < ${until} AND TraceId != ''
GROUP BY TraceId
ORDER BY max(Start) DESC, TraceId
