-- All records of one trace in a single row, as lists in the order of `trace.FIELDS`: the answer's bytes are ClickHouse's own, and no
-- Python touches a record. A span that was sent twice is there once, and a pending span only until its span has ended.
SELECT
    -- As far as 64 bits count nanoseconds.
    max(toUnixTimestamp64Nano(at) + least(lasted, 9223372036854775807 - toUnixTimestamp64Nano(at))) AS last,
    count() AS total,
    max(received) AS newest,
    arrayMap(r -> r.2, arraySlice(arraySort(r -> r.1, groupArrayIf(
        tuple(
            -- The longer of two that begin together is the outer one; a pending span is longer than all.
            tuple(at, if(kind = 'pending_span', -9223372036854775807, -lasted), span_id),
            tuple(
                kind, ${id}, span_id, parent, toUnixTimestamp64Nano(at) - ${start},
                if(kind = 'span', lasted / 1e9, NULL), level, substringUTF8(message, 1, ${message}), name, service, span_kind,
                is_exception, exception_type, exception_message, http_status, scope, status_code, links, events)),
        received >= ${since})), 1, ${most})) AS rows
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
            SpanId AS span_id,
            nullIf(ParentSpanId, '') AS parent,
            Timestamp AS at,
            toInt64(Duration) AS lasted,
            IngestedAt AS received,
            Level AS level,
            if(Message = '', toString(SpanName), Message) AS message,
            toString(SpanName) AS name,
            toString(ServiceName) AS service,
            lower(toString(SpanKind)) AS span_kind,
            toBool(has(`Events.Name`, 'exception')) AS is_exception,
            nullIf(`Events.Attributes`[indexOf(`Events.Name`, 'exception')]['exception.type'], '') AS exception_type,
            nullIf(substringUTF8(`Events.Attributes`[indexOf(`Events.Name`, 'exception')]['exception.message'], 1, ${message}), '') AS exception_message,
            toInt32OrNull(if(SpanAttributes['http.response.status_code'] != '', SpanAttributes['http.response.status_code'], SpanAttributes['http.status_code'])) AS http_status,
            nullIf(ScopeName, '') AS scope,
            CAST(upper(toString(StatusCode)) AS Nullable(String)) AS status_code,
            length(`Links.TraceId`) AS links,
            arrayMap((n, t) -> tuple(toString(n), toUnixTimestamp64Nano(t) - ${start}), arrayFilter(n -> n != 'exception', `Events.Name`), arrayFilter((t, n) -> n != 'exception', `Events.Timestamp`, `Events.Name`)) AS events
        FROM otel_traces
        PREWHERE TraceId = ${trace} AND Timestamp >= ${first_span} AND Timestamp <= ${last_span}
        UNION ALL
        SELECT
            1,
            SpanId,
            'pending_span',
            TraceId,
            SpanId,
            nullIf(ParentSpanId, ''),
            Timestamp,
            toInt64(0),
            IngestedAt,
            Level,
            if(Message = '', toString(SpanName), Message),
            toString(SpanName),
            toString(ServiceName),
            lower(toString(SpanKind)),
            false,
            NULL,
            NULL,
            toInt32OrNull(if(SpanAttributes['http.response.status_code'] != '', SpanAttributes['http.response.status_code'], SpanAttributes['http.status_code'])),
            nullIf(ScopeName, ''),
            CAST(upper(toString(StatusCode)) AS Nullable(String)),
            length(`Links.TraceId`),
            CAST([] AS Array(Tuple(String, Int64)))
        FROM pending_spans
        PREWHERE TraceId = ${trace} AND Timestamp >= ${first_span} AND Timestamp <= ${last_span}
        UNION ALL
        SELECT
            2,
            -- A log has no id of its own: what was sent twice is alike in all of this.
            toString(sipHash128(Timestamp, SpanId, Body, Message, LogAttributes)),
            'log',
            TraceId,
            SpanId,
            NULL,
            Timestamp,
            toInt64(0),
            IngestedAt,
            Level,
            if(Message = '', Body, Message),
            multiIf(EventName != '', toString(EventName), LogAttributes['logfire.msg_template'] != '', LogAttributes['logfire.msg_template'], ScopeName != '', ScopeName, 'log'),
            toString(ServiceName),
            '',
            toBool(LogAttributes['exception.type'] != ''),
            nullIf(LogAttributes['exception.type'], ''),
            nullIf(substringUTF8(LogAttributes['exception.message'], 1, ${message}), ''),
            toInt32OrNull(if(LogAttributes['http.response.status_code'] != '', LogAttributes['http.response.status_code'], LogAttributes['http.status_code'])),
            nullIf(ScopeName, ''),
            NULL,
            0,
            CAST([] AS Array(Tuple(String, Int64)))
        FROM otel_logs
        PREWHERE TraceId = ${trace} AND Timestamp >= ${first_log} AND Timestamp <= ${last_log}
    )
    ORDER BY rank, received DESC
    LIMIT 1 BY of_span, key
)
