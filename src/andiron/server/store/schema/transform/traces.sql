-- From the bytes of ExportTraceServiceRequest to otel_traces, pending_spans and otel_traces_trace_id_ts.
CREATE TABLE ${db}.otlp_traces ${on_cluster}
(
    ingested_at UInt64,
    resource_spans Array(Tuple(
        resource Tuple(attributes ${pairs}, dropped_attributes_count UInt32),
        scope_spans Array(Tuple(
            scope Tuple(name String, version String, attributes ${pairs}, dropped_attributes_count UInt32),
            spans Array(Tuple(
                trace_id String, span_id String, trace_state String, parent_span_id String, flags UInt32, name String, kind Int32,
                start_time_unix_nano UInt64, end_time_unix_nano UInt64, attributes ${pairs}, dropped_attributes_count UInt32,
                events Array(Tuple(time_unix_nano UInt64, name String, attributes ${pairs}, dropped_attributes_count UInt32)),
                dropped_events_count UInt32,
                links Array(Tuple(trace_id String, span_id String, trace_state String, attributes ${pairs},
                    dropped_attributes_count UInt32, flags UInt32)),
                dropped_links_count UInt32,
                status Tuple(message String, code Int32))),
            schema_url String)),
        schema_url String))
)
ENGINE = Null;

-- One row a span, still in one place, so that the work of flattening is done once for the three tables behind it.
CREATE TABLE ${db}.flat_spans ${on_cluster} AS ${db}.otel_traces${local} ENGINE = Null;

-- tupleElement(), not a dotted name, and each list of attributes decoded in one expression: an insert pays for every node of
-- this query anew (a dotted name into these types costs 0.5 ms), whatever the number of spans.
CREATE MATERIALIZED VIEW ${db}.otlp_traces_to_flat ${on_cluster} TO ${db}.flat_spans AS
WITH ${lambdas}
SELECT
    nano(start_time_unix_nano) AS Timestamp,
    lower(hex(trace_id)) AS TraceId,
    lower(hex(if(pending, parent_span_id, span_id))) AS SpanId,
    if(pending, replaceRegexpOne(pending_parent_id, '^0+$', ''), lower(hex(parent_span_id))) AS ParentSpanId,
    trace_state AS TraceState,
    name AS SpanName,
    ['Unspecified', 'Internal', 'Server', 'Client', 'Producer', 'Consumer'][greatest(kind, -1) + 1] AS SpanKind,
    ResourceAttributes['service.name'] AS ServiceName,
    ResourceAttributes,
    ScopeName,
    ScopeVersion,
    maps[1] AS SpanAttributes,
    if(end_time_unix_nano > start_time_unix_nano, end_time_unix_nano - start_time_unix_nano, 0) AS Duration,
    ['Unset', 'Ok', 'Error'][greatest(status_code, -1) + 1] AS StatusCode,
    tupleElement(status, 'message') AS StatusMessage,
    arrayMap(t -> nano(t), tupleElement(events, 'time_unix_nano')) AS `Events.Timestamp`,
    tupleElement(events, 'name') AS `Events.Name`,
    arraySlice(maps, 2, length(events)) AS `Events.Attributes`,
    arrayMap(id -> lower(hex(id)), tupleElement(links, 'trace_id')) AS `Links.TraceId`,
    arrayMap(id -> lower(hex(id)), tupleElement(links, 'span_id')) AS `Links.SpanId`,
    tupleElement(links, 'trace_state') AS `Links.TraceState`,
    arraySlice(maps, 2 + length(events)) AS `Links.Attributes`,
    IngestedAt,
    if(span_type = '', 'span', span_type) AS SpanType,
    Message,
    if(level > 0, least(level, 24), if(status_code = 2, 17, 9)) AS Level,
    Tags,
    JsonSchema,
    flags AS Flags,
    types[1] AS SpanAttributeTypes,
    ResourceAttributeTypes,
    ScopeAttributes,
    ScopeAttributeTypes,
    ResourceSchemaUrl,
    ScopeSchemaUrl,
    arraySlice(types, 2, length(events)) AS `Events.AttributeTypes`,
    tupleElement(events, 'dropped_attributes_count') AS `Events.DroppedAttributesCount`,
    arraySlice(types, 2 + length(events)) AS `Links.AttributeTypes`,
    tupleElement(links, 'dropped_attributes_count') AS `Links.DroppedAttributesCount`,
    tupleElement(links, 'flags') AS `Links.Flags`,
    dropped_attributes_count AS DroppedAttributesCount,
    dropped_events_count AS DroppedEventsCount,
    dropped_links_count AS DroppedLinksCount,
    ResourceDroppedAttributesCount,
    ScopeDroppedAttributesCount
FROM
(
    SELECT
        *,
        tupleElement(status, 'code') AS status_code,
        arrayMap(p -> map(p), lists) AS maps,
        arrayMap(p -> typed(p), lists) AS types,
        ${lifted}
    FROM
    (
        SELECT
            *,
            arrayConcat([own(attributes)], tupleElement(events, 'attributes'), tupleElement(links, 'attributes')) AS lists,
            tupleElement(attributes, 'key') AS keys,
            tupleElement(attributes, 'value') AS vals
        FROM
        (
            SELECT
                IngestedAt, ResourceDroppedAttributesCount, ResourceSchemaUrl, ScopeSchemaUrl,
                maps[1] AS ResourceAttributes,
                types[1] AS ResourceAttributeTypes,
                maps[2] AS ScopeAttributes,
                types[2] AS ScopeAttributeTypes,
                tupleElement(scope, 'name') AS ScopeName,
                tupleElement(scope, 'version') AS ScopeVersion,
                tupleElement(scope, 'dropped_attributes_count') AS ScopeDroppedAttributesCount,
                tupleElement(sp, 'trace_id') AS trace_id, tupleElement(sp, 'span_id') AS span_id,
                tupleElement(sp, 'trace_state') AS trace_state, tupleElement(sp, 'parent_span_id') AS
                parent_span_id, tupleElement(sp, 'flags') AS flags, tupleElement(sp, 'name') AS name,
                tupleElement(sp, 'kind') AS kind, tupleElement(sp, 'start_time_unix_nano') AS
                start_time_unix_nano, tupleElement(sp, 'end_time_unix_nano') AS end_time_unix_nano,
                tupleElement(sp, 'attributes') AS attributes, tupleElement(sp, 'dropped_attributes_count') AS
                dropped_attributes_count, tupleElement(sp, 'events') AS events, tupleElement(sp,
                'dropped_events_count') AS dropped_events_count, tupleElement(sp, 'links') AS links,
                tupleElement(sp, 'dropped_links_count') AS dropped_links_count, tupleElement(sp, 'status') AS
                status
            FROM
            (
                SELECT *, arrayMap(p -> map(p), lists) AS maps, arrayMap(p -> typed(p), lists) AS types, arrayJoin(spans) AS sp
                FROM
                (
                    SELECT
                        IngestedAt, ResourceDroppedAttributesCount, ResourceSchemaUrl,
                        [resource_attributes, tupleElement(tupleElement(ss, 'scope'), 'attributes')] AS lists,
                        tupleElement(ss, 'schema_url') AS ScopeSchemaUrl,
                        tupleElement(ss, 'scope') AS scope,
                        tupleElement(ss, 'spans') AS spans
                    FROM
                    (
                        SELECT
                            fromUnixTimestamp64Milli(toInt64(ingested_at)) AS IngestedAt,
                            arrayJoin(resource_spans) AS rs,
                            tupleElement(tupleElement(rs, 'resource'), 'attributes') AS resource_attributes,
                            tupleElement(tupleElement(rs, 'resource'), 'dropped_attributes_count') AS ResourceDroppedAttributesCount,
                            tupleElement(rs, 'schema_url') AS ResourceSchemaUrl,
                            arrayJoin(tupleElement(rs, 'scope_spans')) AS ss
                        FROM ${db}.otlp_traces
                    )
                )
            )
        )
    )
);

CREATE MATERIALIZED VIEW ${db}.flat_spans_to_traces ${on_cluster} TO ${db}.otel_traces${local} AS
SELECT * FROM ${db}.flat_spans WHERE SpanType != 'pending_span';

CREATE MATERIALIZED VIEW ${db}.flat_spans_to_pending ${on_cluster} TO ${db}.pending_spans${local} AS
SELECT * FROM ${db}.flat_spans WHERE SpanType = 'pending_span';

CREATE MATERIALIZED VIEW ${db}.flat_spans_to_trace_id_ts ${on_cluster} TO ${db}.otel_traces_trace_id_ts${local} AS
SELECT TraceId, min(Timestamp) AS Start, max(Timestamp) AS End, any(IngestedAt) AS IngestedAt
FROM ${db}.flat_spans WHERE TraceId != '' GROUP BY TraceId;
