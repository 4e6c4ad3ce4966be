-- Log records, in the OpenTelemetry Collector's shape; Andiron's own columns follow EventName.
CREATE TABLE IF NOT EXISTS ${db}.otel_logs${local} ${on_cluster}
(
    Timestamp DateTime64(9) CODEC(Delta(8), ZSTD(1)),      -- the time observed where the record has none of its own
    TimestampTime DateTime DEFAULT toDateTime(Timestamp) CODEC(Delta(4), ZSTD(1)),  -- older readers ask for it by name
    TraceId String CODEC(ZSTD(1)),
    SpanId String CODEC(ZSTD(1)),
    TraceFlags UInt8 CODEC(ZSTD(1)),
    SeverityText LowCardinality(String) CODEC(ZSTD(1)),
    SeverityNumber UInt8 CODEC(ZSTD(1)),
    ServiceName LowCardinality(String) CODEC(ZSTD(1)),
    Body String CODEC(ZSTD(1)),                            -- JSON text where it was not a string; see BodyType
    ResourceSchemaUrl LowCardinality(String) CODEC(ZSTD(1)),
    ResourceAttributes ${attributes},
    ScopeSchemaUrl LowCardinality(String) CODEC(ZSTD(1)),
    ScopeName String CODEC(ZSTD(1)),
    ScopeVersion LowCardinality(String) CODEC(ZSTD(1)),
    ScopeAttributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    LogAttributes ${attributes},
    EventName LowCardinality(String) CODEC(ZSTD(1)),

    IngestedAt DateTime64(3) CODEC(Delta(8), ZSTD(1)),
    ObservedTimestamp DateTime64(9) CODEC(Delta(8), ZSTD(1)),
    Message String CODEC(ZSTD(1)),                         -- logfire.msg; empty where the body says it all
    Level UInt8 CODEC(ZSTD(1)),                            -- the severity number, or what the text or Logfire says where it is unset
    Tags Array(LowCardinality(String)) CODEC(ZSTD(1)),
    JsonSchema String CODEC(ZSTD(1)),
    BodyType Enum8('null' = 0, 'string' = 1, 'bool' = 2, 'int' = 3, 'double' = 4, 'json' = 5, 'bytes' = 7) CODEC(ZSTD(1)),
    Flags UInt32 CODEC(ZSTD(1)),
    LogAttributeTypes ${types} CODEC(ZSTD(1)),
    ResourceAttributeTypes ${types} CODEC(ZSTD(1)),
    ScopeAttributeTypes ${types} CODEC(ZSTD(1)),
    DroppedAttributesCount UInt32 CODEC(ZSTD(1)),
    ResourceDroppedAttributesCount UInt32 CODEC(ZSTD(1)),
    ScopeDroppedAttributesCount UInt32 CODEC(ZSTD(1)),

    INDEX idx_trace_id TraceId TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX idx_body lower(Body) TYPE text(tokenizer = 'splitByNonAlpha'),  -- words of ten million bodies without reading them
    INDEX idx_values mapValues(LogAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX idx_level Level TYPE minmax GRANULARITY 1
)
ENGINE = ${merge_tree}
PARTITION BY toDate(if(Timestamp BETWEEN IngestedAt - INTERVAL 2 DAY AND IngestedAt + INTERVAL 1 DAY, Timestamp, IngestedAt))
ORDER BY (toStartOfFiveMinutes(Timestamp), ServiceName, Timestamp)
SETTINGS index_granularity = 2048, ${table_settings};
