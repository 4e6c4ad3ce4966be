-- Logfire's tables of records over the Collector's: spans, the events of spans, logs, and spans that have only begun.
--
-- One branch a source gives it the shared names; what is computed alike for all (JSON text, columns lifted from attributes) is
-- written once, above them. Names with a leading underscore are steps, not columns. The query layer reads this file too: for each
-- query it writes the branches that matter, with the columns that matter and the filters inside, so keep one item a comma, each
-- ending in `AS name`.
CREATE OR REPLACE VIEW ${db}.records_all ${on_cluster} AS
WITH
    -- One typed value as JSON. Doubles are always recognisable as such; bytes stay base64.
    ((v, t) -> multiIf(
        t IN ('', 'bytes'), toJSONString(v),
        t = 'null', 'null',
        t != 'double' OR match(v, '[.e]'), v,
        v = 'nan', '"NaN"', v = 'inf', '"Infinity"', v = '-inf', '"-Infinity"', concat(v, '.0'))) AS _value,
    -- Attributes as a JSON object, by name. `nested` names those whose text is JSON itself, as Logfire's SDK marks them.
    ((m, types, nested) -> concat('{', arrayStringConcat(arraySort(arrayMap(
        (k, v, t) -> concat(toJSONString(k), ':', if(t = '' AND has(nested, k) AND isValidJSON(v), v, _value(v, t))),
        mapKeys(m), mapValues(m), arrayMap(k -> JSONExtractString(types, k), mapKeys(m)))), ','), '}')) AS _object,
    -- Keys that logfire.json_schema describes by more than `{}`.
    (s -> if(s = '', [], arrayMap(p -> p.1, arrayFilter(p -> p.2 != '{}', JSONExtractKeysAndValuesRaw(s, 'properties'))))) AS _nested,
    -- A text, or NULL for what is not there.
    (s -> nullIf(s, '')) AS _text,
    (t -> formatDateTime(t, '%Y-%m-%dT%H:%i:%S.%fZ', 'UTC')) AS _time
SELECT
    kind AS kind,
    start_timestamp AS start_timestamp,
    end_timestamp AS end_timestamp,
    duration AS duration,
    toDate(start_timestamp, 'UTC') AS day,
    created_at AS created_at,
    trace_id AS trace_id,
    span_id AS span_id,
    parent_span_id AS parent_span_id,
    span_name AS span_name,
    message AS message,
    level AS level,
    tags AS tags,
    service_name AS service_name,
    is_exception AS is_exception,
    if(is_exception AND mapContains(_exception, 'exception.type'), _exception['exception.type'], NULL) AS exception_type,
    if(is_exception AND mapContains(_exception, 'exception.message'), _exception['exception.message'], NULL) AS exception_message,
    if(is_exception AND mapContains(_exception, 'exception.stacktrace'), _exception['exception.stacktrace'], NULL) AS exception_stacktrace,
    _object(_attributes, _attribute_types, _nested(_json_schema)) AS attributes,
    _text(_json_schema) AS attributes_json_schema,
    log_body AS log_body,
    otel_status_code AS otel_status_code,
    otel_status_message AS otel_status_message,
    otel_events AS otel_events,
    otel_links AS otel_links,
    _text(ScopeName) AS otel_scope_name,
    _text(ScopeVersion) AS otel_scope_version,
    _object(ScopeAttributes, ScopeAttributeTypes, []) AS otel_scope_attributes,
    _object(ResourceAttributes, ResourceAttributeTypes, []) AS otel_resource_attributes,
    _text(ResourceAttributes['service.namespace']) AS service_namespace,
    _text(ResourceAttributes['service.version']) AS service_version,
    _text(ResourceAttributes['service.instance.id']) AS service_instance_id,
    toInt32OrNull(ResourceAttributes['process.pid']) AS process_pid,
    _text(ResourceAttributes['telemetry.sdk.name']) AS telemetry_sdk_name,
    _text(ResourceAttributes['telemetry.sdk.language']) AS telemetry_sdk_language,
    _text(ResourceAttributes['telemetry.sdk.version']) AS telemetry_sdk_version,
    _text(Environment) AS deployment_environment,
    coalesce(_text(_attributes['http.request.method']), _text(_attributes['http.method'])) AS http_method,
    _text(_attributes['http.route']) AS http_route,
    toInt32OrNull(coalesce(_text(_attributes['http.response.status_code']), _attributes['http.status_code'])) AS http_response_status_code,
    coalesce(_text(_attributes['url.full']), _text(_attributes['http.url'])) AS url_full,
    coalesce(_text(_attributes['url.path']), _text(path(_attributes['http.target'])), _text(path(url_full))) AS url_path,
    coalesce(_text(_attributes['url.query']), _text(queryString(_attributes['http.target'])), _text(queryString(url_full))) AS url_query,
    '${db}' AS project_id
FROM
(
    -- :span
    SELECT
        if(SpanType = 'log' OR Duration = 0, 'log', 'span') AS kind,
        Timestamp AS start_timestamp,
        Timestamp + toIntervalNanosecond(least(Duration, toUInt64(9223372036854775807 - toUnixTimestamp64Nano(Timestamp)))) AS end_timestamp,
        if(kind = 'log', NULL, Duration / 1e9) AS duration,
        IngestedAt AS created_at,
        TraceId AS trace_id,
        SpanId AS span_id,
        nullIf(ParentSpanId, '') AS parent_span_id,
        SpanName AS span_name,
        if(Message = '', SpanName, Message) AS message,
        Level AS level,
        Tags AS tags,
        ServiceName AS service_name,
        CAST(has(`Events.Name`, 'exception') AS Bool) AS is_exception,
        `Events.Attributes`[indexOf(`Events.Name`, 'exception')] AS _exception,
        SpanAttributes AS _attributes,
        SpanAttributeTypes AS _attribute_types,
        JsonSchema AS _json_schema,
        CAST(NULL AS Nullable(String)) AS log_body,
        CAST(upper(StatusCode) AS Nullable(String)) AS otel_status_code,
        nullIf(StatusMessage, '') AS otel_status_message,
        concat('[', arrayStringConcat(arrayMap(
            (n, t, a, y) -> concat('{"event_name":', toJSONString(n), ',"event_timestamp":"', _time(t), '","attributes":', _object(a, y, []), '}'),
            `Events.Name`, `Events.Timestamp`, `Events.Attributes`, `Events.AttributeTypes`), ','), ']') AS otel_events,
        concat('[', arrayStringConcat(arrayMap(
            (t, s, e, a, y) -> concat('{"trace_id":"', t, '","span_id":"', s, '","trace_state":', toJSONString(e), ',"attributes":', _object(a, y, []), '}'),
            `Links.TraceId`, `Links.SpanId`, `Links.TraceState`, `Links.Attributes`, `Links.AttributeTypes`), ','), ']') AS otel_links,
        ScopeName AS ScopeName,
        ScopeVersion AS ScopeVersion,
        ScopeAttributes AS ScopeAttributes,
        ScopeAttributeTypes AS ScopeAttributeTypes,
        ResourceAttributes AS ResourceAttributes,
        ResourceAttributeTypes AS ResourceAttributeTypes,
        Environment AS Environment
    FROM ${db}.otel_traces
    UNION ALL
    -- :span_event
    -- Exceptions are columns of their span, and not rows. The id is made of the span's and the position.
    SELECT
        'span_event' AS kind,
        _at AS start_timestamp,
        _at AS end_timestamp,
        CAST(NULL AS Nullable(Float64)) AS duration,
        IngestedAt AS created_at,
        TraceId AS trace_id,
        leftPad(lower(hex(sipHash64(TraceId, SpanId, _position))), 16, '0') AS span_id,
        CAST(SpanId AS Nullable(String)) AS parent_span_id,
        _event AS span_name,
        toString(_event) AS message,
        toUInt8(9) AS level,
        CAST([] AS Array(LowCardinality(String))) AS tags,
        ServiceName AS service_name,
        false AS is_exception,
        CAST(map() AS Map(LowCardinality(String), String)) AS _exception,
        `Events.Attributes`[_position] AS _attributes,
        `Events.AttributeTypes`[_position] AS _attribute_types,
        '' AS _json_schema,
        CAST(NULL AS Nullable(String)) AS log_body,
        CAST(NULL AS Nullable(String)) AS otel_status_code,
        CAST(NULL AS Nullable(String)) AS otel_status_message,
        '[]' AS otel_events,
        '[]' AS otel_links,
        ScopeName AS ScopeName,
        ScopeVersion AS ScopeVersion,
        ScopeAttributes AS ScopeAttributes,
        ScopeAttributeTypes AS ScopeAttributeTypes,
        ResourceAttributes AS ResourceAttributes,
        ResourceAttributeTypes AS ResourceAttributeTypes,
        Environment AS Environment
    FROM ${db}.otel_traces
    ARRAY JOIN `Events.Name` AS _event, `Events.Timestamp` AS _at, arrayEnumerate(`Events.Name`) AS _position
    PREWHERE arrayExists(name -> name != 'exception', `Events.Name`) = 1  -- as idx_events has it: most spans have none, or only that one
    WHERE _event != 'exception'
    UNION ALL
    -- :log
    SELECT
        'log' AS kind,
        Timestamp AS start_timestamp,
        Timestamp AS end_timestamp,
        CAST(NULL AS Nullable(Float64)) AS duration,
        IngestedAt AS created_at,
        TraceId AS trace_id,
        SpanId AS span_id,
        CAST(NULL AS Nullable(String)) AS parent_span_id,
        toLowCardinality(multiIf(EventName != '', EventName, LogAttributes['logfire.msg_template'] != '', LogAttributes['logfire.msg_template'], ScopeName != '', ScopeName, 'log')) AS span_name,
        if(Message = '', Body, Message) AS message,
        Level AS level,
        Tags AS tags,
        ServiceName AS service_name,
        CAST(LogAttributes['exception.type'] != '' AS Bool) AS is_exception,
        LogAttributes AS _exception,
        LogAttributes AS _attributes,
        LogAttributeTypes AS _attribute_types,
        JsonSchema AS _json_schema,
        if(BodyType = 'null', NULL, Body) AS log_body,
        CAST(NULL AS Nullable(String)) AS otel_status_code,
        CAST(NULL AS Nullable(String)) AS otel_status_message,
        '[]' AS otel_events,
        '[]' AS otel_links,
        ScopeName AS ScopeName,
        ScopeVersion AS ScopeVersion,
        ScopeAttributes AS ScopeAttributes,
        ScopeAttributeTypes AS ScopeAttributeTypes,
        ResourceAttributes AS ResourceAttributes,
        ResourceAttributeTypes AS ResourceAttributeTypes,
        Environment AS Environment
    FROM ${db}.otel_logs
    UNION ALL
    -- :pending_span
    SELECT
        'pending_span' AS kind,
        Timestamp AS start_timestamp,
        Timestamp AS end_timestamp,
        CAST(NULL AS Nullable(Float64)) AS duration,
        IngestedAt AS created_at,
        TraceId AS trace_id,
        SpanId AS span_id,
        nullIf(ParentSpanId, '') AS parent_span_id,
        SpanName AS span_name,
        if(Message = '', SpanName, Message) AS message,
        Level AS level,
        Tags AS tags,
        ServiceName AS service_name,
        false AS is_exception,
        CAST(map() AS Map(LowCardinality(String), String)) AS _exception,
        SpanAttributes AS _attributes,
        SpanAttributeTypes AS _attribute_types,
        JsonSchema AS _json_schema,
        CAST(NULL AS Nullable(String)) AS log_body,
        CAST(upper(StatusCode) AS Nullable(String)) AS otel_status_code,
        nullIf(StatusMessage, '') AS otel_status_message,
        '[]' AS otel_events,
        '[]' AS otel_links,
        ScopeName AS ScopeName,
        ScopeVersion AS ScopeVersion,
        ScopeAttributes AS ScopeAttributes,
        ScopeAttributeTypes AS ScopeAttributeTypes,
        ResourceAttributes AS ResourceAttributes,
        ResourceAttributeTypes AS ResourceAttributeTypes,
        Environment AS Environment
    FROM ${db}.pending_spans
);

-- What has happened, without what has only begun.
CREATE OR REPLACE VIEW ${db}.records ${on_cluster} AS
SELECT * FROM ${db}.records_all WHERE kind != 'pending_span';
