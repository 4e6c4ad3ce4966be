-- Spans, in the OpenTelemetry Collector's shape; Andiron's own columns follow `Links`.
--
-- Order: what people filter by first. Partition: the span's day, unless the sender's clock is off by days, when the day of
-- receipt stands in; so a wrong clock cannot scatter one request over a thousand parts, and each part still knows the least
-- and greatest Timestamp it holds. TTL is set at start from the retention settings, on IngestedAt, which no sender can forge.
CREATE TABLE IF NOT EXISTS ${db}.otel_traces${local} ${on_cluster}
(
    Timestamp DateTime64(9) CODEC(Delta(8), ZSTD(1)),
    TraceId String CODEC(ZSTD(1)),
    SpanId String CODEC(ZSTD(1)),
    ParentSpanId String CODEC(ZSTD(1)),
    TraceState String CODEC(ZSTD(1)),
    SpanName LowCardinality(String) CODEC(ZSTD(1)),
    SpanKind LowCardinality(String) CODEC(ZSTD(1)),
    ServiceName LowCardinality(String) CODEC(ZSTD(1)),
    ResourceAttributes ${attributes},
    ScopeName String CODEC(ZSTD(1)),
    ScopeVersion String CODEC(ZSTD(1)),
    SpanAttributes ${attributes},
    Duration UInt64 CODEC(ZSTD(1)),
    StatusCode LowCardinality(String) CODEC(ZSTD(1)),
    StatusMessage String CODEC(ZSTD(1)),
    `Events.Timestamp` Array(DateTime64(9)) CODEC(ZSTD(1)),
    `Events.Name` Array(LowCardinality(String)) CODEC(ZSTD(1)),
    `Events.Attributes` Array(Map(LowCardinality(String), String)) CODEC(ZSTD(1)),
    `Links.TraceId` Array(String) CODEC(ZSTD(1)),
    `Links.SpanId` Array(String) CODEC(ZSTD(1)),
    `Links.TraceState` Array(String) CODEC(ZSTD(1)),
    `Links.Attributes` Array(Map(LowCardinality(String), String)) CODEC(ZSTD(1)),

    IngestedAt DateTime64(3) CODEC(Delta(8), ZSTD(1)),
    SpanType LowCardinality(String) CODEC(ZSTD(1)),       -- Logfire's: span, log (a span without duration), pending_span
    Message String CODEC(ZSTD(1)),                        -- logfire.msg; empty where the span's name says it all
    Level UInt8 CODEC(ZSTD(1)),                           -- OpenTelemetry's severity numbers
    Tags Array(LowCardinality(String)) CODEC(ZSTD(1)),
    JsonSchema String CODEC(ZSTD(1)),                     -- logfire.json_schema
    Flags UInt32 CODEC(ZSTD(1)),
    SpanAttributeTypes ${types} CODEC(ZSTD(1)),
    ResourceAttributeTypes ${types} CODEC(ZSTD(1)),
    ScopeAttributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    ScopeAttributeTypes ${types} CODEC(ZSTD(1)),
    ResourceSchemaUrl LowCardinality(String) CODEC(ZSTD(1)),
    ScopeSchemaUrl LowCardinality(String) CODEC(ZSTD(1)),
    `Events.AttributeTypes` Array(${types}) CODEC(ZSTD(1)),
    `Events.DroppedAttributesCount` Array(UInt32) CODEC(ZSTD(1)),
    `Links.AttributeTypes` Array(${types}) CODEC(ZSTD(1)),
    `Links.DroppedAttributesCount` Array(UInt32) CODEC(ZSTD(1)),
    `Links.Flags` Array(UInt32) CODEC(ZSTD(1)),
    DroppedAttributesCount UInt32 CODEC(ZSTD(1)),
    DroppedEventsCount UInt32 CODEC(ZSTD(1)),
    DroppedLinksCount UInt32 CODEC(ZSTD(1)),
    ResourceDroppedAttributesCount UInt32 CODEC(ZSTD(1)),
    ScopeDroppedAttributesCount UInt32 CODEC(ZSTD(1)),

    INDEX idx_trace_id TraceId TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX idx_values mapValues(SpanAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,  -- one user's spans: 47 ms became 9; 2 bytes a span
    INDEX idx_level Level TYPE minmax GRANULARITY 1
)
ENGINE = ${merge_tree}
PARTITION BY toDate(if(Timestamp BETWEEN IngestedAt - INTERVAL 2 DAY AND IngestedAt + INTERVAL 1 DAY, Timestamp, IngestedAt))
ORDER BY (ServiceName, SpanName, toDateTime(Timestamp))
SETTINGS index_granularity = 2048, ${table_settings};  -- a trace of eight spans: 36 ms became 24

-- Spans that have begun and not ended (Logfire's pending spans), under the id of the span they announce. Apart, so that nobody
-- who queries otel_traces by the Collector's schema counts a span twice.
CREATE TABLE IF NOT EXISTS ${db}.pending_spans${local} ${on_cluster} AS ${db}.otel_traces${local}
ENGINE = ${merge_tree}
PARTITION BY toDate(if(Timestamp BETWEEN IngestedAt - INTERVAL 2 DAY AND IngestedAt + INTERVAL 1 DAY, Timestamp, IngestedAt))
ORDER BY (ServiceName, SpanName, toDateTime(Timestamp))
SETTINGS ${table_settings};

-- When each trace was seen: the first look of every reader that knows a trace id and no time.
CREATE TABLE IF NOT EXISTS ${db}.otel_traces_trace_id_ts${local} ${on_cluster}
(
    TraceId String CODEC(ZSTD(1)),
    Start DateTime64(9) CODEC(Delta(8), ZSTD(1)),
    End DateTime64(9) CODEC(Delta(8), ZSTD(1)),
    IngestedAt DateTime64(3) CODEC(Delta(8), ZSTD(1)),
    INDEX idx_trace_id TraceId TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ${merge_tree}
PARTITION BY toDate(IngestedAt)
ORDER BY (TraceId, Start)
SETTINGS ${table_settings};
