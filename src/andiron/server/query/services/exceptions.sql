-- The exceptions of one service, the most frequent first, each with the span it was seen in last. One that passes through several
-- spans of a trace is recorded by each, so the traces are told beside the spans.
SELECT
    type,
    message,
    count() AS count,
    uniqExact(trace) AS traces,
    toUnixTimestamp64Nano(max(at)) AS last,
    argMax(trace, at) AS trace_id,
    argMax(span, at) AS span_id
FROM
(
    SELECT
        `Events.Attributes`[indexOf(`Events.Name`, 'exception')]['exception.type'] AS type,
        substringUTF8(`Events.Attributes`[indexOf(`Events.Name`, 'exception')]['exception.message'], 1, 300) AS message,
        Timestamp AS at,
        TraceId AS trace,
        SpanId AS span
    FROM otel_traces
    PREWHERE ServiceName = ${service} AND Timestamp >= ${since} AND Timestamp < ${until} AND has(`Events.Name`, 'exception')
    UNION ALL
    SELECT LogAttributes['exception.type'], substringUTF8(LogAttributes['exception.message'], 1, 300), Timestamp, TraceId, SpanId
    FROM otel_logs
    PREWHERE ServiceName = ${service} AND Timestamp >= ${since} AND Timestamp < ${until} AND Level >= 13
    WHERE LogAttributes['exception.type'] != ''
)
GROUP BY type, message
ORDER BY count DESC, type, message
