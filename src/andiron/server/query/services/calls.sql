-- Which service calls which: each span beside its parent, where the two are of different services. What a queue lies between is told
-- by leaves.sql.
SELECT source, target, count() AS calls, countIf(failed) AS errors, quantileTDigest(0.95)(lasted) / 1e9 AS p95
FROM
(
    SELECT cityHash64(TraceId, ParentSpanId) AS key, toString(ServiceName) AS target, Level >= 17 AS failed, Duration AS lasted
    FROM otel_traces
    PREWHERE Timestamp >= ${since} AND Timestamp < ${until} AND ${sample} AND notEmpty(ParentSpanId)
    WHERE NOT (SpanKind = 'Consumer' AND SpanAttributes['messaging.system'] != '')
) AS children
INNER JOIN
(
    SELECT cityHash64(TraceId, SpanId) AS key, toString(ServiceName) AS source
    FROM otel_traces
    PREWHERE Timestamp >= ${since} AND Timestamp < ${until} AND ${parents}
) AS parents USING (key)
WHERE source != target AND ${of}
GROUP BY source, target
ORDER BY calls DESC, source, target
