-- From the bytes of ExportMetricsServiceRequest to metric_series and the four tables of samples. See traces.sql for why it is written so.
CREATE TABLE ${db}.otlp_metrics ${on_cluster}
(
    ingested_at UInt64,
    resource_metrics Array(Tuple(
        resource Tuple(attributes ${pairs}, dropped_attributes_count UInt32),
        scope_metrics Array(Tuple(
            scope Tuple(name String, version String, attributes ${pairs}, dropped_attributes_count UInt32),
            metrics Array(Tuple(
                name String, description String, unit String, metadata ${pairs},
                data Enum8('no' = 0, 'gauge' = 5, 'sum' = 7, 'histogram' = 9, 'exponential_histogram' = 10, 'summary' = 11),
                gauge Tuple(data_points ${number_points}),
                sum Tuple(data_points ${number_points}, aggregation_temporality Int32, is_monotonic Bool),
                histogram Tuple(data_points Array(Tuple(
                    attributes ${pairs}, start_time_unix_nano UInt64, time_unix_nano UInt64, flags UInt32, exemplars ${exemplar_list}, count UInt64, sum Nullable(Float64), min Nullable(Float64), max Nullable(Float64), bucket_counts Array(UInt64), explicit_bounds Array(Float64))), aggregation_temporality Int32),
                exponential_histogram Tuple(data_points Array(Tuple(
                    attributes ${pairs}, start_time_unix_nano UInt64, time_unix_nano UInt64, flags UInt32, exemplars ${exemplar_list}, count UInt64, sum Nullable(Float64), min Nullable(Float64), max Nullable(Float64), scale Int32, zero_count UInt64, zero_threshold Float64, positive Tuple(offset Int32, bucket_counts Array(UInt64)), negative Tuple(offset Int32, bucket_counts Array(UInt64)))), aggregation_temporality Int32),
                summary Tuple(data_points Array(Tuple(
                    attributes ${pairs}, start_time_unix_nano UInt64, time_unix_nano UInt64, flags UInt32, count UInt64, sum Nullable(Float64), quantile_values Array(Tuple(quantile Float64, value Float64))))))),
            schema_url String)),
        schema_url String))
)
ENGINE = Null;

-- One row a data point of any kind, with all that its series is.
CREATE TABLE ${db}.flat_points ${on_cluster}
(
    SeriesId UInt64,
    MetricName LowCardinality(String),
    MetricType Enum8('gauge' = 1, 'sum' = 2, 'histogram' = 3, 'exponential_histogram' = 4, 'summary' = 5),
    MetricDescription String,
    MetricUnit LowCardinality(String),
    AggregationTemporality Int32,
    IsMonotonic Bool,
    ServiceName LowCardinality(String),
    Attributes Map(LowCardinality(String), String),
    AttributeTypes ${types},
    ResourceAttributes Map(LowCardinality(String), String),
    ResourceAttributeTypes ${types},
    ResourceSchemaUrl LowCardinality(String),
    ResourceDroppedAttributesCount UInt32,
    ScopeName String,
    ScopeVersion String,
    ScopeAttributes Map(LowCardinality(String), String),
    ScopeAttributeTypes ${types},
    ScopeSchemaUrl LowCardinality(String),
    ScopeDroppedAttrCount UInt32,
    MetadataAttributes Map(LowCardinality(String), String),
    MetadataAttributeTypes ${types},
    IngestedAt DateTime64(3),
    TimeUnix DateTime64(9),
    StartTimeUnix DateTime64(9),
    Flags UInt32,
    Value Float64,
    ValueType Enum8('no' = 0, 'as_double' = 4, 'as_int' = 6),
    IntValue Int64,
    Count UInt64,
    Sum Nullable(Float64),
    Min Nullable(Float64),
    Max Nullable(Float64),
    BucketCounts Array(UInt64),
    ExplicitBounds Array(Float64),
    Scale Int32,
    ZeroCount UInt64,
    ZeroThreshold Float64,
    PositiveOffset Int32,
    PositiveBucketCounts Array(UInt64),
    NegativeOffset Int32,
    NegativeBucketCounts Array(UInt64),
    `ValueAtQuantiles.Quantile` Array(Float64),
    `ValueAtQuantiles.Value` Array(Float64),
    ${exemplars}
)
ENGINE = Null;

CREATE MATERIALIZED VIEW ${db}.otlp_metrics_to_flat ${on_cluster} TO ${db}.flat_points AS
WITH ${lambdas}
SELECT
    sipHash64(series, arraySort(arrayZip(mapKeys(Attributes), mapValues(Attributes))), AttributeTypes) AS SeriesId,
    * EXCEPT (series, maps, types, lists, point, exemplars),
    maps[1] AS Attributes,
    types[1] AS AttributeTypes,
    nano(tupleElement(point, 'time_unix_nano')) AS TimeUnix,
    nano(tupleElement(point, 'start_time_unix_nano')) AS StartTimeUnix,
    tupleElement(point, 'flags') AS Flags,
    if(ValueType = 'as_int', toFloat64(IntValue), tupleElement(point, 'as_double')) AS Value,
    tupleElement(point, 'value') AS ValueType,
    tupleElement(point, 'as_int') AS IntValue,
    tupleElement(point, 'count') AS Count,
    tupleElement(point, 'sum') AS Sum,
    tupleElement(point, 'min') AS Min,
    tupleElement(point, 'max') AS Max,
    tupleElement(point, 'bucket_counts') AS BucketCounts,
    tupleElement(point, 'explicit_bounds') AS ExplicitBounds,
    tupleElement(point, 'scale') AS Scale,
    tupleElement(point, 'zero_count') AS ZeroCount,
    tupleElement(point, 'zero_threshold') AS ZeroThreshold,
    tupleElement(tupleElement(point, 'positive'), 'offset') AS PositiveOffset,
    tupleElement(tupleElement(point, 'positive'), 'bucket_counts') AS PositiveBucketCounts,
    tupleElement(tupleElement(point, 'negative'), 'offset') AS NegativeOffset,
    tupleElement(tupleElement(point, 'negative'), 'bucket_counts') AS NegativeBucketCounts,
    tupleElement(tupleElement(point, 'quantile_values'), 'quantile') AS `ValueAtQuantiles.Quantile`,
    tupleElement(tupleElement(point, 'quantile_values'), 'value') AS `ValueAtQuantiles.Value`,
    arraySlice(maps, 2) AS `Exemplars.FilteredAttributes`,
    arraySlice(types, 2) AS `Exemplars.FilteredAttributeTypes`,
    arrayMap(t -> nano(t), tupleElement(exemplars, 'time_unix_nano')) AS `Exemplars.TimeUnix`,
    arrayMap((t, i, d) -> if(t = 'as_int', toFloat64(i), d),
        tupleElement(exemplars, 'value'), tupleElement(exemplars, 'as_int'), tupleElement(exemplars, 'as_double')) AS `Exemplars.Value`,
    tupleElement(exemplars, 'as_int') AS `Exemplars.IntValue`,
    tupleElement(exemplars, 'value') AS `Exemplars.ValueType`,
    arrayMap(id -> lower(hex(id)), tupleElement(exemplars, 'span_id')) AS `Exemplars.SpanId`,
    arrayMap(id -> lower(hex(id)), tupleElement(exemplars, 'trace_id')) AS `Exemplars.TraceId`
FROM
(
    SELECT
        *,
        tupleElement(point, 'exemplars') AS exemplars,
        arrayConcat([tupleElement(point, 'attributes')], tupleElement(exemplars, 'filtered_attributes')) AS lists,
        arrayMap(p -> map(p), lists) AS maps,
        arrayMap(p -> typed(p), lists) AS types
    FROM
    (
        SELECT
            * EXCEPT (m, metadata, points),
            sipHash64(MetricName, MetricType, MetricUnit, AggregationTemporality, IsMonotonic, ScopeName, ScopeVersion, ResourceSchemaUrl, ScopeSchemaUrl,
                arraySort(arrayZip(mapKeys(ResourceAttributes), mapValues(ResourceAttributes))), ResourceAttributeTypes,
                arraySort(arrayZip(mapKeys(ScopeAttributes), mapValues(ScopeAttributes))), ScopeAttributeTypes) AS series,
            arrayJoin(points) AS point
        FROM
        (
            SELECT
                * EXCEPT (metrics),
                tupleElement(m, 'name') AS MetricName,
                CAST(transform(toInt8(tupleElement(m, 'data')), [5, 7, 9, 10, 11], [1, 2, 3, 4, 5], 1)
                    AS Enum8('gauge' = 1, 'sum' = 2, 'histogram' = 3, 'exponential_histogram' = 4, 'summary' = 5)) AS MetricType,
                tupleElement(m, 'description') AS MetricDescription,
                tupleElement(m, 'unit') AS MetricUnit,
                tupleElement(tupleElement(m, 'sum'), 'aggregation_temporality') + tupleElement(tupleElement(m, 'histogram'), 'aggregation_temporality')
                    + tupleElement(tupleElement(m, 'exponential_histogram'), 'aggregation_temporality') AS AggregationTemporality,
                tupleElement(tupleElement(m, 'sum'), 'is_monotonic') AS IsMonotonic,
                tupleElement(m, 'metadata') AS metadata,
                map(metadata) AS MetadataAttributes,
                typed(metadata) AS MetadataAttributeTypes,
                arrayConcat(
                    arrayMap(p -> CAST((tupleElement(p, 'attributes'), tupleElement(p, 'start_time_unix_nano'), tupleElement(p, 'time_unix_nano'), tupleElement(p, 'flags'), tupleElement(p, 'exemplars'), tupleElement(p, 'as_double'), tupleElement(p, 'as_int'), tupleElement(p, 'value'), 0, NULL, NULL, NULL, [], [], 0, 0, 0, (0, []), (0, []), []) AS ${point}), tupleElement(tupleElement(m, 'gauge'), 'data_points')),
                    arrayMap(p -> CAST((tupleElement(p, 'attributes'), tupleElement(p, 'start_time_unix_nano'), tupleElement(p, 'time_unix_nano'), tupleElement(p, 'flags'), tupleElement(p, 'exemplars'), tupleElement(p, 'as_double'), tupleElement(p, 'as_int'), tupleElement(p, 'value'), 0, NULL, NULL, NULL, [], [], 0, 0, 0, (0, []), (0, []), []) AS ${point}), tupleElement(tupleElement(m, 'sum'), 'data_points')),
                    arrayMap(p -> CAST((tupleElement(p, 'attributes'), tupleElement(p, 'start_time_unix_nano'), tupleElement(p, 'time_unix_nano'), tupleElement(p, 'flags'), tupleElement(p, 'exemplars'), 0, 0, 'no', tupleElement(p, 'count'), tupleElement(p, 'sum'), tupleElement(p, 'min'), tupleElement(p, 'max'), tupleElement(p, 'bucket_counts'), tupleElement(p, 'explicit_bounds'), 0, 0, 0, (0, []), (0, []), []) AS ${point}), tupleElement(tupleElement(m, 'histogram'), 'data_points')),
                    arrayMap(p -> CAST((tupleElement(p, 'attributes'), tupleElement(p, 'start_time_unix_nano'), tupleElement(p, 'time_unix_nano'), tupleElement(p, 'flags'), tupleElement(p, 'exemplars'), 0, 0, 'no', tupleElement(p, 'count'), tupleElement(p, 'sum'), tupleElement(p, 'min'), tupleElement(p, 'max'), [], [], tupleElement(p, 'scale'), tupleElement(p, 'zero_count'), tupleElement(p, 'zero_threshold'), tupleElement(p, 'positive'), tupleElement(p, 'negative'), []) AS ${point}), tupleElement(tupleElement(m, 'exponential_histogram'), 'data_points')),
                    arrayMap(p -> CAST((tupleElement(p, 'attributes'), tupleElement(p, 'start_time_unix_nano'), tupleElement(p, 'time_unix_nano'), tupleElement(p, 'flags'), [], 0, 0, 'no', tupleElement(p, 'count'), tupleElement(p, 'sum'), NULL, NULL, [], [], 0, 0, 0, (0, []), (0, []), tupleElement(p, 'quantile_values')) AS ${point}), tupleElement(tupleElement(m, 'summary'), 'data_points'))) AS points
            FROM
            (
                SELECT
                    IngestedAt, ResourceDroppedAttributesCount, ResourceSchemaUrl, ScopeSchemaUrl,
                    maps[1] AS ResourceAttributes,
                    types[1] AS ResourceAttributeTypes,
                    maps[2] AS ScopeAttributes,
                    types[2] AS ScopeAttributeTypes,
                    ResourceAttributes['service.name'] AS ServiceName,
                    tupleElement(scope, 'name') AS ScopeName,
                    tupleElement(scope, 'version') AS ScopeVersion,
                    tupleElement(scope, 'dropped_attributes_count') AS ScopeDroppedAttrCount,
                    arrayJoin(metrics) AS m
                FROM
                (
                    SELECT *, arrayMap(p -> map(p), lists) AS maps, arrayMap(p -> typed(p), lists) AS types
                    FROM
                    (
                        SELECT
                            IngestedAt, ResourceDroppedAttributesCount, ResourceSchemaUrl,
                            [resource_attributes, tupleElement(tupleElement(sm, 'scope'), 'attributes')] AS lists,
                            tupleElement(sm, 'schema_url') AS ScopeSchemaUrl,
                            tupleElement(sm, 'scope') AS scope,
                            tupleElement(sm, 'metrics') AS metrics
                        FROM
                        (
                            SELECT
                                fromUnixTimestamp64Milli(toInt64(ingested_at)) AS IngestedAt,
                                arrayJoin(resource_metrics) AS rm,
                                tupleElement(tupleElement(rm, 'resource'), 'attributes') AS resource_attributes,
                                tupleElement(tupleElement(rm, 'resource'), 'dropped_attributes_count') AS ResourceDroppedAttributesCount,
                                tupleElement(rm, 'schema_url') AS ResourceSchemaUrl,
                                arrayJoin(tupleElement(rm, 'scope_metrics')) AS sm
                            FROM ${db}.otlp_metrics
                        )
                    )
                )
            )
        )
    )
);

CREATE MATERIALIZED VIEW ${db}.flat_points_to_series ${on_cluster} TO ${db}.metric_series${local} AS
SELECT
    SeriesId, MetricName, MetricType, MetricDescription, MetricUnit, AggregationTemporality, IsMonotonic, ServiceName,
    Attributes, AttributeTypes, ResourceAttributes, ResourceAttributeTypes, ResourceSchemaUrl, ResourceDroppedAttributesCount,
    ScopeName, ScopeVersion, ScopeAttributes, ScopeAttributeTypes, ScopeSchemaUrl, ScopeDroppedAttrCount,
    MetadataAttributes, MetadataAttributeTypes, IngestedAt
FROM ${db}.flat_points
LIMIT 1 BY SeriesId;

CREATE MATERIALIZED VIEW ${db}.flat_points_to_numbers ${on_cluster} TO ${db}.metric_numbers${local} AS
SELECT SeriesId, TimeUnix, StartTimeUnix, Value, ValueType, IntValue, Flags, ${exemplar_names}, IngestedAt
FROM ${db}.flat_points WHERE MetricType <= 'sum';

CREATE MATERIALIZED VIEW ${db}.flat_points_to_histograms ${on_cluster} TO ${db}.metric_histograms${local} AS
SELECT SeriesId, TimeUnix, StartTimeUnix, Count, Sum, Min, Max, BucketCounts, ExplicitBounds, Flags, ${exemplar_names}, IngestedAt
FROM ${db}.flat_points WHERE MetricType = 'histogram';

CREATE MATERIALIZED VIEW ${db}.flat_points_to_exponential_histograms ${on_cluster} TO ${db}.metric_exponential_histograms${local} AS
SELECT
    SeriesId, TimeUnix, StartTimeUnix, Count, Sum, Min, Max, Scale, ZeroCount, ZeroThreshold,
    PositiveOffset, PositiveBucketCounts, NegativeOffset, NegativeBucketCounts, Flags, ${exemplar_names}, IngestedAt
FROM ${db}.flat_points WHERE MetricType = 'exponential_histogram';

CREATE MATERIALIZED VIEW ${db}.flat_points_to_summaries ${on_cluster} TO ${db}.metric_summaries${local} AS
SELECT
    SeriesId, TimeUnix, StartTimeUnix, Count, assumeNotNull(Sum) AS Sum, `ValueAtQuantiles.Quantile`, `ValueAtQuantiles.Value`, Flags, IngestedAt
FROM ${db}.flat_points WHERE MetricType = 'summary';
