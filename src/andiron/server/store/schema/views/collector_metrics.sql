-- Metrics under the names and columns of the OpenTelemetry Collector's ClickHouse tables, for every dashboard written for those.
CREATE OR REPLACE VIEW ${db}.otel_metrics_gauge ${on_cluster} AS
SELECT
    ResourceAttributes, ResourceSchemaUrl, ScopeName, ScopeVersion, ScopeAttributes, ScopeDroppedAttrCount, ScopeSchemaUrl, ServiceName,
    MetricName, MetricDescription, MetricUnit, Attributes, StartTimeUnix, TimeUnix, Value, Flags,
    `Exemplars.FilteredAttributes`, `Exemplars.TimeUnix`, `Exemplars.Value`, `Exemplars.SpanId`, `Exemplars.TraceId`
FROM (SELECT * FROM ${db}.metric_numbers WHERE SeriesId IN (SELECT SeriesId FROM ${db}.metric_series WHERE MetricType = 'gauge')) AS samples
ANY LEFT JOIN (SELECT * EXCEPT IngestedAt FROM ${db}.metric_series) AS series USING (SeriesId);

CREATE OR REPLACE VIEW ${db}.otel_metrics_sum ${on_cluster} AS
SELECT
    ResourceAttributes, ResourceSchemaUrl, ScopeName, ScopeVersion, ScopeAttributes, ScopeDroppedAttrCount, ScopeSchemaUrl, ServiceName,
    MetricName, MetricDescription, MetricUnit, Attributes, StartTimeUnix, TimeUnix, Value, Flags,
    `Exemplars.FilteredAttributes`, `Exemplars.TimeUnix`, `Exemplars.Value`, `Exemplars.SpanId`, `Exemplars.TraceId`,
    AggregationTemporality, IsMonotonic
FROM (SELECT * FROM ${db}.metric_numbers WHERE SeriesId IN (SELECT SeriesId FROM ${db}.metric_series WHERE MetricType = 'sum')) AS samples
ANY LEFT JOIN (SELECT * EXCEPT IngestedAt FROM ${db}.metric_series) AS series USING (SeriesId);

-- Min, Max and Sum are 0 where the sender left them out, as the Collector stores them.
CREATE OR REPLACE VIEW ${db}.otel_metrics_histogram ${on_cluster} AS
SELECT
    ResourceAttributes, ResourceSchemaUrl, ScopeName, ScopeVersion, ScopeAttributes, ScopeDroppedAttrCount, ScopeSchemaUrl, ServiceName,
    MetricName, MetricDescription, MetricUnit, Attributes, StartTimeUnix, TimeUnix, Count, ifNull(samples.Sum, 0) AS Sum, BucketCounts, ExplicitBounds,
    `Exemplars.FilteredAttributes`, `Exemplars.TimeUnix`, `Exemplars.Value`, `Exemplars.SpanId`, `Exemplars.TraceId`,
    Flags, ifNull(samples.Min, 0) AS Min, ifNull(samples.Max, 0) AS Max, AggregationTemporality
FROM ${db}.metric_histograms AS samples
ANY LEFT JOIN (SELECT * EXCEPT IngestedAt FROM ${db}.metric_series) AS series USING (SeriesId);

CREATE OR REPLACE VIEW ${db}.otel_metrics_exponential_histogram ${on_cluster} AS
SELECT
    ResourceAttributes, ResourceSchemaUrl, ScopeName, ScopeVersion, ScopeAttributes, ScopeDroppedAttrCount, ScopeSchemaUrl, ServiceName,
    MetricName, MetricDescription, MetricUnit, Attributes, StartTimeUnix, TimeUnix, Count, ifNull(samples.Sum, 0) AS Sum, Scale, ZeroCount,
    ZeroThreshold, PositiveOffset, PositiveBucketCounts, NegativeOffset, NegativeBucketCounts,
    `Exemplars.FilteredAttributes`, `Exemplars.TimeUnix`, `Exemplars.Value`, `Exemplars.SpanId`, `Exemplars.TraceId`,
    Flags, ifNull(samples.Min, 0) AS Min, ifNull(samples.Max, 0) AS Max, AggregationTemporality
FROM ${db}.metric_exponential_histograms AS samples
ANY LEFT JOIN (SELECT * EXCEPT IngestedAt FROM ${db}.metric_series) AS series USING (SeriesId);

CREATE OR REPLACE VIEW ${db}.otel_metrics_summary ${on_cluster} AS
SELECT
    ResourceAttributes, ResourceSchemaUrl, ScopeName, ScopeVersion, ScopeAttributes, ScopeDroppedAttrCount, ScopeSchemaUrl, ServiceName,
    MetricName, MetricDescription, MetricUnit, Attributes, StartTimeUnix, TimeUnix, Count, Sum,
    `ValueAtQuantiles.Quantile`, `ValueAtQuantiles.Value`, Flags
FROM ${db}.metric_summaries AS samples
ANY LEFT JOIN (SELECT * EXCEPT IngestedAt FROM ${db}.metric_series) AS series USING (SeriesId);
