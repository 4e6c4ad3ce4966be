-- The traces with the most errors.
SELECT trace_id, toUnixTimestamp64Nano(min(at)) AS first, toUnixTimestamp64Nano(max(at)) AS last
FROM
(
    SELECT TraceId AS trace_id, Timestamp AS at FROM otel_traces
    WHERE Timestamp >= ${since} AND Timestamp < ${until} AND TraceId != '' AND Level >= 17
    UNION ALL
    SELECT TraceId, Timestamp FROM otel_logs
    WHERE Timestamp >= ${since} AND Timestamp < ${until} AND TraceId != '' AND Level >= 17
)
GROUP BY trace_id
ORDER BY count() DESC, trace_id
