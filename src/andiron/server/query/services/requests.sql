-- What entered one service, over time.
SELECT
    intDiv(toUnixTimestamp(Timestamp) - ${start}, ${step}) AS bucket,
    count() AS requests,
    countIf(Level >= 17) AS errors,
    quantilesTDigest(0.5, 0.95, 0.99)(Duration) AS quantiles
FROM otel_traces
WHERE ServiceName = ${service} AND Timestamp >= ${since} AND Timestamp < ${until} AND SpanType != 'log' AND Duration > 0
    AND (empty(ParentSpanId) OR SpanKind IN ('Server', 'Consumer'))
GROUP BY bucket
