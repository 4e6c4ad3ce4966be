-- Every service, with what entered it: requests are spans of the kinds server and consumer, and spans without a parent.
SELECT
    service,
    sum(bucket_spans) AS spans,
    sum(bucket_logs) AS logs,
    sum(bucket_requests) AS requests,
    sum(bucket_errors) AS errors,
    quantilesTDigestMerge(0.5, 0.95, 0.99)(digest) AS quantiles,
    toUnixTimestamp64Nano(max(newest)) AS last_seen,
    groupArrayIf(tuple(bucket, bucket_requests, bucket_errors, finalizeAggregation(digest)[2]), bucket_requests > 0) AS series
FROM
(
    SELECT
        toString(ServiceName) AS service,
        intDiv(toUnixTimestamp(Timestamp) - ${start}, ${step}) AS bucket,
        (SpanType = 'log' OR Duration = 0) AS is_log,  -- Logfire's logs travel as spans
        NOT is_log AND (empty(ParentSpanId) OR SpanKind IN ('Server', 'Consumer')) AS entry,
        count() AS bucket_records,
        if(is_log, bucket_records, 0) AS bucket_logs,
        bucket_records - bucket_logs AS bucket_spans,
        if(entry, bucket_spans, 0) AS bucket_requests,
        if(entry, countIf(Level >= 17), 0) AS bucket_errors,
        quantilesTDigestStateIf(0.5, 0.95, 0.99)(Duration, entry) AS digest,
        max(Timestamp) AS newest
    FROM otel_traces
    WHERE Timestamp >= ${since} AND Timestamp < ${until}
    GROUP BY service, bucket, is_log, entry
)
GROUP BY service
ORDER BY requests DESC, spans DESC, service
