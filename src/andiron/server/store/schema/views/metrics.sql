-- Logfire's table of metrics over series and samples, written as records.sql is, and read by the query layer as well.
CREATE OR REPLACE VIEW ${db}.metrics ${on_cluster} AS
WITH
    ((v, t) -> multiIf(
        t IN ('', 'bytes'), toJSONString(v),
        t = 'null', 'null',
        t != 'double' OR match(v, '[.e]'), v,
        v = 'nan', '"NaN"', v = 'inf', '"Infinity"', v = '-inf', '"-Infinity"', concat(v, '.0'))) AS _value,
    ((m, types) -> concat('{', arrayStringConcat(arraySort(arrayMap(
        (k, v, t) -> concat(toJSONString(k), ':', _value(v, t)),
        mapKeys(m), mapValues(m), arrayMap(k -> JSONExtractString(types, k), mapKeys(m)))), ','), '}')) AS _object,
    (s -> nullIf(s, '')) AS _text,
    (t -> formatDateTime(t, '%Y-%m-%dT%H:%i:%S.%fZ', 'UTC')) AS _time
SELECT
    recorded_timestamp AS recorded_timestamp,
    start_timestamp AS start_timestamp,
    created_at AS created_at,
    toDate(recorded_timestamp, 'UTC') AS day,
    MetricName AS metric_name,
    toString(MetricType) AS metric_type,
    MetricUnit AS unit,
    _text(MetricDescription) AS metric_description,
    if(MetricType IN ('gauge', 'summary'), NULL, ['unspecified', 'delta', 'cumulative'][AggregationTemporality + 1]) AS aggregation_temporality,
    if(MetricType = 'sum', IsMonotonic, NULL) AS is_monotonic,
    scalar_value AS scalar_value,
    histogram_min AS histogram_min,
    histogram_max AS histogram_max,
    histogram_sum AS histogram_sum,
    histogram_count AS histogram_count,
    histogram_bucket_counts AS histogram_bucket_counts,
    histogram_explicit_bounds AS histogram_explicit_bounds,
    exp_histogram_scale AS exp_histogram_scale,
    exp_histogram_zero_count AS exp_histogram_zero_count,
    exp_histogram_zero_threshold AS exp_histogram_zero_threshold,
    exp_histogram_positive_bucket_counts AS exp_histogram_positive_bucket_counts,
    exp_histogram_positive_bucket_counts_offset AS exp_histogram_positive_bucket_counts_offset,
    exp_histogram_negative_bucket_counts AS exp_histogram_negative_bucket_counts,
    exp_histogram_negative_bucket_counts_offset AS exp_histogram_negative_bucket_counts_offset,
    exemplars AS exemplars,
    _object(Attributes, AttributeTypes) AS attributes,
    _text(ScopeName) AS otel_scope_name,
    _text(ScopeVersion) AS otel_scope_version,
    _object(ScopeAttributes, ScopeAttributeTypes) AS otel_scope_attributes,
    _object(ResourceAttributes, ResourceAttributeTypes) AS otel_resource_attributes,
    ServiceName AS service_name,
    _text(ResourceAttributes['service.namespace']) AS service_namespace,
    _text(ResourceAttributes['service.version']) AS service_version,
    _text(ResourceAttributes['service.instance.id']) AS service_instance_id,
    toInt32OrNull(ResourceAttributes['process.pid']) AS process_pid,
    _text(ResourceAttributes['telemetry.sdk.name']) AS telemetry_sdk_name,
    _text(ResourceAttributes['telemetry.sdk.language']) AS telemetry_sdk_language,
    _text(ResourceAttributes['telemetry.sdk.version']) AS telemetry_sdk_version,
    coalesce(_text(ResourceAttributes['deployment.environment.name']), _text(ResourceAttributes['deployment.environment'])) AS deployment_environment,
    '${db}' AS project_id
FROM
(
    -- :number
    SELECT
        SeriesId AS SeriesId,
        TimeUnix AS recorded_timestamp,
        if(toUnixTimestamp64Nano(StartTimeUnix) = 0, NULL, StartTimeUnix) AS start_timestamp,
        IngestedAt AS created_at,
        if(ValueType = 'no', NULL, Value) AS scalar_value,
        CAST(NULL AS Nullable(Float64)) AS histogram_min,
        CAST(NULL AS Nullable(Float64)) AS histogram_max,
        CAST(NULL AS Nullable(Float64)) AS histogram_sum,
        CAST(NULL AS Nullable(UInt64)) AS histogram_count,
        CAST([] AS Array(UInt64)) AS histogram_bucket_counts,
        CAST([] AS Array(Float64)) AS histogram_explicit_bounds,
        CAST(NULL AS Nullable(Int32)) AS exp_histogram_scale,
        CAST(NULL AS Nullable(UInt64)) AS exp_histogram_zero_count,
        CAST(NULL AS Nullable(Float64)) AS exp_histogram_zero_threshold,
        CAST([] AS Array(UInt64)) AS exp_histogram_positive_bucket_counts,
        CAST(NULL AS Nullable(Int32)) AS exp_histogram_positive_bucket_counts_offset,
        CAST([] AS Array(UInt64)) AS exp_histogram_negative_bucket_counts,
        CAST(NULL AS Nullable(Int32)) AS exp_histogram_negative_bucket_counts_offset,
        concat('[', arrayStringConcat(arrayMap(
            (t, v, n, y, i, s, a, z) -> concat('{"timestamp":"', _time(t), '","value":', if(y = 'as_int', toString(n), _value(toString(v), 'double')),
                ',"trace_id":"', i, '","span_id":"', s, '","attributes":', _object(a, z), '}'),
            `Exemplars.TimeUnix`, `Exemplars.Value`, `Exemplars.IntValue`, `Exemplars.ValueType`, `Exemplars.TraceId`, `Exemplars.SpanId`,
            `Exemplars.FilteredAttributes`, `Exemplars.FilteredAttributeTypes`), ','), ']') AS exemplars
    FROM ${db}.metric_numbers
    UNION ALL
    -- :histogram
    SELECT
        SeriesId AS SeriesId,
        TimeUnix AS recorded_timestamp,
        if(toUnixTimestamp64Nano(StartTimeUnix) = 0, NULL, StartTimeUnix) AS start_timestamp,
        IngestedAt AS created_at,
        CAST(NULL AS Nullable(Float64)) AS scalar_value,
        Min AS histogram_min,
        Max AS histogram_max,
        Sum AS histogram_sum,
        CAST(Count AS Nullable(UInt64)) AS histogram_count,
        BucketCounts AS histogram_bucket_counts,
        ExplicitBounds AS histogram_explicit_bounds,
        CAST(NULL AS Nullable(Int32)) AS exp_histogram_scale,
        CAST(NULL AS Nullable(UInt64)) AS exp_histogram_zero_count,
        CAST(NULL AS Nullable(Float64)) AS exp_histogram_zero_threshold,
        CAST([] AS Array(UInt64)) AS exp_histogram_positive_bucket_counts,
        CAST(NULL AS Nullable(Int32)) AS exp_histogram_positive_bucket_counts_offset,
        CAST([] AS Array(UInt64)) AS exp_histogram_negative_bucket_counts,
        CAST(NULL AS Nullable(Int32)) AS exp_histogram_negative_bucket_counts_offset,
        concat('[', arrayStringConcat(arrayMap(
            (t, v, n, y, i, s, a, z) -> concat('{"timestamp":"', _time(t), '","value":', if(y = 'as_int', toString(n), _value(toString(v), 'double')),
                ',"trace_id":"', i, '","span_id":"', s, '","attributes":', _object(a, z), '}'),
            `Exemplars.TimeUnix`, `Exemplars.Value`, `Exemplars.IntValue`, `Exemplars.ValueType`, `Exemplars.TraceId`, `Exemplars.SpanId`,
            `Exemplars.FilteredAttributes`, `Exemplars.FilteredAttributeTypes`), ','), ']') AS exemplars
    FROM ${db}.metric_histograms
    UNION ALL
    -- :exponential_histogram
    SELECT
        SeriesId AS SeriesId,
        TimeUnix AS recorded_timestamp,
        if(toUnixTimestamp64Nano(StartTimeUnix) = 0, NULL, StartTimeUnix) AS start_timestamp,
        IngestedAt AS created_at,
        CAST(NULL AS Nullable(Float64)) AS scalar_value,
        Min AS histogram_min,
        Max AS histogram_max,
        Sum AS histogram_sum,
        CAST(Count AS Nullable(UInt64)) AS histogram_count,
        CAST([] AS Array(UInt64)) AS histogram_bucket_counts,
        CAST([] AS Array(Float64)) AS histogram_explicit_bounds,
        CAST(Scale AS Nullable(Int32)) AS exp_histogram_scale,
        CAST(ZeroCount AS Nullable(UInt64)) AS exp_histogram_zero_count,
        CAST(ZeroThreshold AS Nullable(Float64)) AS exp_histogram_zero_threshold,
        PositiveBucketCounts AS exp_histogram_positive_bucket_counts,
        CAST(PositiveOffset AS Nullable(Int32)) AS exp_histogram_positive_bucket_counts_offset,
        NegativeBucketCounts AS exp_histogram_negative_bucket_counts,
        CAST(NegativeOffset AS Nullable(Int32)) AS exp_histogram_negative_bucket_counts_offset,
        concat('[', arrayStringConcat(arrayMap(
            (t, v, n, y, i, s, a, z) -> concat('{"timestamp":"', _time(t), '","value":', if(y = 'as_int', toString(n), _value(toString(v), 'double')),
                ',"trace_id":"', i, '","span_id":"', s, '","attributes":', _object(a, z), '}'),
            `Exemplars.TimeUnix`, `Exemplars.Value`, `Exemplars.IntValue`, `Exemplars.ValueType`, `Exemplars.TraceId`, `Exemplars.SpanId`,
            `Exemplars.FilteredAttributes`, `Exemplars.FilteredAttributeTypes`), ','), ']') AS exemplars
    FROM ${db}.metric_exponential_histograms
    UNION ALL
    -- :summary
    SELECT
        SeriesId AS SeriesId,
        TimeUnix AS recorded_timestamp,
        if(toUnixTimestamp64Nano(StartTimeUnix) = 0, NULL, StartTimeUnix) AS start_timestamp,
        IngestedAt AS created_at,
        CAST(NULL AS Nullable(Float64)) AS scalar_value,
        CAST(NULL AS Nullable(Float64)) AS histogram_min,
        CAST(NULL AS Nullable(Float64)) AS histogram_max,
        CAST(Sum AS Nullable(Float64)) AS histogram_sum,
        CAST(Count AS Nullable(UInt64)) AS histogram_count,
        CAST([] AS Array(UInt64)) AS histogram_bucket_counts,
        CAST([] AS Array(Float64)) AS histogram_explicit_bounds,
        CAST(NULL AS Nullable(Int32)) AS exp_histogram_scale,
        CAST(NULL AS Nullable(UInt64)) AS exp_histogram_zero_count,
        CAST(NULL AS Nullable(Float64)) AS exp_histogram_zero_threshold,
        CAST([] AS Array(UInt64)) AS exp_histogram_positive_bucket_counts,
        CAST(NULL AS Nullable(Int32)) AS exp_histogram_positive_bucket_counts_offset,
        CAST([] AS Array(UInt64)) AS exp_histogram_negative_bucket_counts,
        CAST(NULL AS Nullable(Int32)) AS exp_histogram_negative_bucket_counts_offset,
        '[]' AS exemplars
    FROM ${db}.metric_summaries
) AS samples
INNER JOIN (SELECT * EXCEPT IngestedAt FROM ${db}.metric_series /* of these */ LIMIT 1 BY SeriesId) AS series USING (SeriesId);
