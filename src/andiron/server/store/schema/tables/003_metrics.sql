-- Metrics, as series and samples: what a series is called and where it comes from is written once a day and merged away, and a
-- sample is an id, a time and a value. Views under the Collector's table names (views/collector_metrics.sql) join the two.

-- One row a series and day of receipt. SeriesId hashes everything that tells one series from another.
CREATE TABLE IF NOT EXISTS ${db}.metric_series${local} ${on_cluster}
(
    SeriesId UInt64,
    MetricName LowCardinality(String) CODEC(ZSTD(1)),
    MetricType Enum8('gauge' = 1, 'sum' = 2, 'histogram' = 3, 'exponential_histogram' = 4, 'summary' = 5),
    MetricDescription String CODEC(ZSTD(1)),
    MetricUnit LowCardinality(String) CODEC(ZSTD(1)),
    AggregationTemporality Int32 CODEC(ZSTD(1)),           -- 0 unspecified, 1 delta, 2 cumulative
    IsMonotonic Bool CODEC(ZSTD(1)),
    ServiceName LowCardinality(String) CODEC(ZSTD(1)),
    Attributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    AttributeTypes ${types} CODEC(ZSTD(1)),
    ResourceAttributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    ResourceAttributeTypes ${types} CODEC(ZSTD(1)),
    ResourceSchemaUrl LowCardinality(String) CODEC(ZSTD(1)),
    ResourceDroppedAttributesCount UInt32 CODEC(ZSTD(1)),
    ScopeName String CODEC(ZSTD(1)),
    ScopeVersion String CODEC(ZSTD(1)),
    ScopeAttributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    ScopeAttributeTypes ${types} CODEC(ZSTD(1)),
    ScopeSchemaUrl LowCardinality(String) CODEC(ZSTD(1)),
    ScopeDroppedAttrCount UInt32 CODEC(ZSTD(1)),
    MetadataAttributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    MetadataAttributeTypes ${types} CODEC(ZSTD(1)),
    IngestedAt DateTime64(3) CODEC(Delta(8), ZSTD(1))
)
ENGINE = ${replacing_merge_tree}
PARTITION BY toDate(IngestedAt)
ORDER BY (MetricName, SeriesId)
SETTINGS ${table_settings};

-- Gauges and sums.
CREATE TABLE IF NOT EXISTS ${db}.metric_numbers${local} ${on_cluster}
(
    SeriesId UInt64 CODEC(ZSTD(1)),
    TimeUnix DateTime64(9) CODEC(DoubleDelta, ZSTD(1)),
    StartTimeUnix DateTime64(9) CODEC(DoubleDelta, ZSTD(1)),
    Value Float64 CODEC(Gorilla, ZSTD(1)),
    ValueType Enum8('no' = 0, 'as_double' = 4, 'as_int' = 6) CODEC(ZSTD(1)),
    IntValue Int64 CODEC(T64, ZSTD(1)),                    -- exact where the sender counted in integers
    Flags UInt32 CODEC(ZSTD(1)),
    ${exemplars},
    IngestedAt DateTime64(3) CODEC(Delta(8), ZSTD(1))
)
ENGINE = ${merge_tree}
PARTITION BY toDate(if(TimeUnix BETWEEN IngestedAt - INTERVAL 2 DAY AND IngestedAt + INTERVAL 1 DAY, TimeUnix, IngestedAt))
ORDER BY (SeriesId, TimeUnix)
SETTINGS ${table_settings};

CREATE TABLE IF NOT EXISTS ${db}.metric_histograms${local} ${on_cluster}
(
    SeriesId UInt64 CODEC(ZSTD(1)),
    TimeUnix DateTime64(9) CODEC(DoubleDelta, ZSTD(1)),
    StartTimeUnix DateTime64(9) CODEC(DoubleDelta, ZSTD(1)),
    Count UInt64 CODEC(ZSTD(1)),
    Sum Nullable(Float64) CODEC(ZSTD(1)),
    Min Nullable(Float64) CODEC(ZSTD(1)),
    Max Nullable(Float64) CODEC(ZSTD(1)),
    BucketCounts Array(UInt64) CODEC(ZSTD(1)),
    ExplicitBounds Array(Float64) CODEC(ZSTD(1)),
    Flags UInt32 CODEC(ZSTD(1)),
    ${exemplars},
    IngestedAt DateTime64(3) CODEC(Delta(8), ZSTD(1))
)
ENGINE = ${merge_tree}
PARTITION BY toDate(if(TimeUnix BETWEEN IngestedAt - INTERVAL 2 DAY AND IngestedAt + INTERVAL 1 DAY, TimeUnix, IngestedAt))
ORDER BY (SeriesId, TimeUnix)
SETTINGS ${table_settings};

CREATE TABLE IF NOT EXISTS ${db}.metric_exponential_histograms${local} ${on_cluster}
(
    SeriesId UInt64 CODEC(ZSTD(1)),
    TimeUnix DateTime64(9) CODEC(DoubleDelta, ZSTD(1)),
    StartTimeUnix DateTime64(9) CODEC(DoubleDelta, ZSTD(1)),
    Count UInt64 CODEC(ZSTD(1)),
    Sum Nullable(Float64) CODEC(ZSTD(1)),
    Min Nullable(Float64) CODEC(ZSTD(1)),
    Max Nullable(Float64) CODEC(ZSTD(1)),
    Scale Int32 CODEC(ZSTD(1)),
    ZeroCount UInt64 CODEC(ZSTD(1)),
    ZeroThreshold Float64 CODEC(ZSTD(1)),
    PositiveOffset Int32 CODEC(ZSTD(1)),
    PositiveBucketCounts Array(UInt64) CODEC(ZSTD(1)),
    NegativeOffset Int32 CODEC(ZSTD(1)),
    NegativeBucketCounts Array(UInt64) CODEC(ZSTD(1)),
    Flags UInt32 CODEC(ZSTD(1)),
    ${exemplars},
    IngestedAt DateTime64(3) CODEC(Delta(8), ZSTD(1))
)
ENGINE = ${merge_tree}
PARTITION BY toDate(if(TimeUnix BETWEEN IngestedAt - INTERVAL 2 DAY AND IngestedAt + INTERVAL 1 DAY, TimeUnix, IngestedAt))
ORDER BY (SeriesId, TimeUnix)
SETTINGS ${table_settings};

CREATE TABLE IF NOT EXISTS ${db}.metric_summaries${local} ${on_cluster}
(
    SeriesId UInt64 CODEC(ZSTD(1)),
    TimeUnix DateTime64(9) CODEC(DoubleDelta, ZSTD(1)),
    StartTimeUnix DateTime64(9) CODEC(DoubleDelta, ZSTD(1)),
    Count UInt64 CODEC(ZSTD(1)),
    Sum Float64 CODEC(ZSTD(1)),
    `ValueAtQuantiles.Quantile` Array(Float64) CODEC(ZSTD(1)),
    `ValueAtQuantiles.Value` Array(Float64) CODEC(ZSTD(1)),
    Flags UInt32 CODEC(ZSTD(1)),
    IngestedAt DateTime64(3) CODEC(Delta(8), ZSTD(1))
)
ENGINE = ${merge_tree}
PARTITION BY toDate(if(TimeUnix BETWEEN IngestedAt - INTERVAL 2 DAY AND IngestedAt + INTERVAL 1 DAY, TimeUnix, IngestedAt))
ORDER BY (SeriesId, TimeUnix)
SETTINGS ${table_settings};
