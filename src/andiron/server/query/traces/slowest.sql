-- The traces of the longest spans. The longest spans are found first, which needs no memory, and then counted as traces.
SELECT trace_id, toUnixTimestamp64Nano(min(at)) AS first, toUnixTimestamp64Nano(max(at)) AS last
FROM
(
    SELECT TraceId AS trace_id, Timestamp AS at, Duration AS lasted
    FROM otel_traces
    WHERE Timestamp >= ${since} AND Timestamp < ${until} AND TraceId != '' AND Duration >= ${least} AND Duration <= ${longest}
    ORDER BY Duration DESC
    LIMIT ${spans}
)
GROUP BY trace_id
ORDER BY max(lasted) DESC, trace_id
