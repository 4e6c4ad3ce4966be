-- What a list tells of each of some traces: all of the trace, also what lies outside of the range that it was found in.
-- (The dash is no trace: a list of one place alone would lose its brackets.)
WITH
    (SELECT tuple(min(Start), max(End)) FROM otel_traces_trace_id_ts WHERE TraceId IN ('-', ${traces})) AS seen,
    least(if(toUnixTimestamp64Nano(seen.1) = 0, ${first}, seen.1), ${first}) AS first_span,
    greatest(seen.2, ${last}) AS last_span
SELECT
    trace_id,
    toUnixTimestamp64Nano(min(at)) AS start,
    (max(toUnixTimestamp64Nano(at) + least(lasted, 9223372036854775807 - toUnixTimestamp64Nano(at))) - toUnixTimestamp64Nano(min(at))) / 1e9 AS duration,
    -- The root; else the earliest span; else the earliest log.
    argMin(tuple(service, substringUTF8(message, 1, 1000), name, rank < 2 AND parent = ''), tuple(rank = 2, parent != '', at)) AS head,
    countIf(kind != 'log') AS spans,
    countIf(kind = 'log') AS logs,
    countIf(level >= 17) AS errors,
    countIf(kind = 'pending_span') > 0 AS pending,
    sumMap(map(service, toUInt64(kind != 'log'))) AS services
FROM
(
    SELECT *, rank < 2 AS of_span
    FROM
    (
        SELECT
            0 AS rank,
            SpanId AS key,
            if(SpanType = 'log' OR Duration = 0, 'log', 'span') AS kind,
            TraceId AS trace_id,
            ParentSpanId AS parent,
            Timestamp AS at,
            toInt64(Duration) AS lasted,
            IngestedAt AS received,
            Level AS level,
            if(Message = '', toString(SpanName), Message) AS message,
            toString(SpanName) AS name,
            toString(ServiceName) AS service
        FROM otel_traces
        PREWHERE TraceId IN ('-', ${traces}) AND Timestamp >= first_span AND Timestamp <= last_span
        UNION ALL
        SELECT
            1, SpanId, 'pending_span', TraceId, ParentSpanId, Timestamp, toInt64(0), IngestedAt, Level,
            if(Message = '', toString(SpanName), Message), toString(SpanName), toString(ServiceName)
        FROM pending_spans
        PREWHERE TraceId IN ('-', ${traces}) AND Timestamp >= first_span AND Timestamp <= last_span
        UNION ALL
        SELECT
            2, toString(sipHash128(Timestamp, SpanId, Body, Message)), 'log', TraceId, SpanId, Timestamp, toInt64(0), IngestedAt, Level,
            if(Message = '', Body, Message), if(EventName != '', toString(EventName), ScopeName), toString(ServiceName)
        FROM otel_logs
        PREWHERE TraceId IN ('-', ${traces}) AND Timestamp >= first_span - toIntervalDay(1) AND Timestamp <= least(last_span, toDateTime64('2262-01-01 00:00:00', 9)) + toIntervalDay(1)
    )
    ORDER BY rank, received DESC
    LIMIT 1 BY trace_id, of_span, key
)
GROUP BY trace_id
HAVING duration >= ${least} AND duration <= ${longest}
ORDER BY ${order} DESC, start DESC, trace_id
