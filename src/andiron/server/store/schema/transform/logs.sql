-- From the bytes of ExportLogsServiceRequest to otel_logs. See traces.sql for why it is written so.
CREATE TABLE ${db}.otlp_logs ${on_cluster}
(
    ingested_at UInt64,
    resource_logs Array(Tuple(
        resource Tuple(attributes ${pairs}, dropped_attributes_count UInt32),
        scope_logs Array(Tuple(
            scope Tuple(name String, version String, attributes ${pairs}, dropped_attributes_count UInt32),
            log_records Array(Tuple(
                time_unix_nano UInt64, observed_time_unix_nano UInt64, severity_number Int32, severity_text String,
                body Tuple(${value}), attributes ${pairs}, dropped_attributes_count UInt32, flags UInt32,
                trace_id String, span_id String, event_name String)),
            schema_url String)),
        schema_url String))
)
ENGINE = Null;

CREATE MATERIALIZED VIEW ${db}.otlp_logs_to_logs ${on_cluster} TO ${db}.otel_logs${local} AS
WITH ${lambdas}
SELECT
    nano(if(time_unix_nano = 0, observed_time_unix_nano, time_unix_nano)) AS Timestamp,
    lower(hex(trace_id)) AS TraceId,
    lower(hex(span_id)) AS SpanId,
    toUInt8(bitAnd(flags, 255)) AS TraceFlags,
    severity_text AS SeverityText,
    toUInt8(greatest(0, least(255, severity_number))) AS SeverityNumber,
    ResourceAttributes['service.name'] AS ServiceName,
    texts(body)[1] AS Body,
    ResourceSchemaUrl,
    ResourceAttributes,
    ScopeSchemaUrl,
    ScopeName,
    ScopeVersion,
    ScopeAttributes,
    map(attributes) AS LogAttributes,
    event_name AS EventName,
    IngestedAt,
    nano(observed_time_unix_nano) AS ObservedTimestamp,
    Message,
    multiIf(severity_number > 0, least(severity_number, 24), level > 0, least(level, 24),
        transform(lower(severity_text), ['trace', 'debug', 'info', 'information', 'notice', 'warn', 'warning', 'error', 'err', 'fatal', 'critical', 'panic'],
            [1, 5, 9, 9, 10, 13, 13, 17, 17, 21, 21, 21], 9)) AS Level,
    Tags,
    JsonSchema,
    CAST(if(body_type = 'json_value' OR body_type = 'array_value', 5, toInt8(body_type)) AS Enum8('null' = 0, 'string' = 1, 'bool' = 2, 'int' = 3, 'double' = 4, 'json' = 5, 'bytes' = 7)) AS BodyType,
    flags AS Flags,
    typed(attributes) AS LogAttributeTypes,
    ResourceAttributeTypes,
    ScopeAttributeTypes,
    dropped_attributes_count AS DroppedAttributesCount,
    ResourceDroppedAttributesCount,
    ScopeDroppedAttributesCount
FROM
(
    SELECT
        * EXCEPT attributes,
        own(attributes) AS attributes,
        tupleElement(tupleElement(body, 'value')[1], 'value') AS body_type,
        ${lifted}
    FROM
    (
        SELECT *, tupleElement(attributes, 'key') AS keys, tupleElement(attributes, 'value') AS vals
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
                tupleElement(lr, 'time_unix_nano') AS time_unix_nano,
                tupleElement(lr, 'observed_time_unix_nano') AS observed_time_unix_nano,
                tupleElement(lr, 'severity_number') AS severity_number,
                tupleElement(lr, 'severity_text') AS severity_text,
                CAST([tuple('', tupleElement(lr, 'body'))] AS ${pairs}) AS body,
                tupleElement(lr, 'attributes') AS attributes,
                tupleElement(lr, 'dropped_attributes_count') AS dropped_attributes_count,
                tupleElement(lr, 'flags') AS flags,
                tupleElement(lr, 'trace_id') AS trace_id,
                tupleElement(lr, 'span_id') AS span_id,
                tupleElement(lr, 'event_name') AS event_name
            FROM
            (
                SELECT *, arrayMap(p -> map(p), lists) AS maps, arrayMap(p -> typed(p), lists) AS types, arrayJoin(log_records) AS lr
                FROM
                (
                    SELECT
                        IngestedAt, ResourceDroppedAttributesCount, ResourceSchemaUrl,
                        [resource_attributes, tupleElement(tupleElement(sl, 'scope'), 'attributes')] AS lists,
                        tupleElement(sl, 'schema_url') AS ScopeSchemaUrl,
                        tupleElement(sl, 'scope') AS scope,
                        tupleElement(sl, 'log_records') AS log_records
                    FROM
                    (
                        SELECT
                            fromUnixTimestamp64Milli(toInt64(ingested_at)) AS IngestedAt,
                            arrayJoin(resource_logs) AS rl,
                            tupleElement(tupleElement(rl, 'resource'), 'attributes') AS resource_attributes,
                            tupleElement(tupleElement(rl, 'resource'), 'dropped_attributes_count') AS ResourceDroppedAttributesCount,
                            tupleElement(rl, 'schema_url') AS ResourceSchemaUrl,
                            arrayJoin(tupleElement(rl, 'scope_logs')) AS sl
                        FROM ${db}.otlp_logs
                    )
                )
            )
        )
    )
);
