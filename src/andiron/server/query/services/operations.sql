-- What one service spends its time on: its spans by name and kind, the dearest first.
SELECT
    name AS span_name,
    span_kind,
    sum(bucket_count) AS count,
    sum(bucket_errors) AS errors,
    quantilesTDigestMerge(0.5, 0.95, 0.99)(digest) AS quantiles,
    sum(bucket_total) / 1e9 AS total,
    groupArray(tuple(bucket, bucket_count, finalizeAggregation(digest)[2])) AS series
FROM
(
    SELECT
        toString(SpanName) AS name,
        lower(toString(SpanKind)) AS span_kind,
        intDiv(toUnixTimestamp(Timestamp) - ${start}, ${step}) AS bucket,
        count() AS bucket_count,
        countIf(Level >= 17) AS bucket_errors,
        sum(Duration) AS bucket_total,
        quantilesTDigestState(0.5, 0.95, 0.99)(Duration) AS digest
    FROM otel_traces
    WHERE ServiceName = ${service} AND Timestamp >= ${since} AND Timestamp < ${until} AND SpanType != 'log' AND Duration > 0
    GROUP BY name, span_kind, bucket
)
GROUP BY name, span_kind
ORDER BY total DESC, name, span_kind
