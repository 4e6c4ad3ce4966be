"""What a query may read: the tables and their columns, described for people and programs."""

import re
from dataclasses import dataclass
from functools import cache
from importlib import resources

from andiron.server.query.relations import JSON, relations

TABLES = resources.files("andiron.server.store") / "schema" / "tables"

COLLECTOR = {
    "otel_traces": "Spans, as the OpenTelemetry Collector stores them in ClickHouse.",
    "otel_logs": "Log records, as the OpenTelemetry Collector stores them in ClickHouse.",
    "otel_traces_trace_id_ts": "When each trace was seen.",
    "otel_metrics_gauge": "Gauges, as the OpenTelemetry Collector stores them in ClickHouse.",
    "otel_metrics_sum": "Sums, as the OpenTelemetry Collector stores them in ClickHouse.",
    "otel_metrics_histogram": "Histograms, as the OpenTelemetry Collector stores them in ClickHouse.",
    "otel_metrics_exponential_histogram": "Exponential histograms, as the OpenTelemetry Collector stores them in ClickHouse.",
    "otel_metrics_summary": "Summaries, as the OpenTelemetry Collector stores them in ClickHouse.",
    "pending_spans": "Spans that have begun and not ended, in the shape of otel_traces.",
    "metric_series": "What each series of a metric is called and where it comes from.",
    "metric_numbers": "Samples of gauges and sums.",
    "metric_histograms": "Samples of histograms.",
    "metric_exponential_histograms": "Samples of exponential histograms.",
    "metric_summaries": "Samples of summaries.",
}
NATIVE = frozenset(COLLECTOR)
WITH_RESOURCE = frozenset(
    name for name in NATIVE if name.startswith("otel_") or name in {"pending_spans", "metric_series"}
) - {"otel_traces_trace_id_ts"}
"""Tables whose rows know the environment they come from."""

DESCRIPTIONS = {
    "records": "Spans and logs, one row each.",
    "records_all": "records, and the spans that have only begun.",
    "metrics": "Metrics, one row a sample.",
}

TIMES = {"otel_traces_trace_id_ts": "Start", "metric_series": "IngestedAt"} | dict.fromkeys(
    ("otel_traces", "otel_logs", "pending_spans"), "Timestamp"
)
"""The column that min_timestamp and max_timestamp apply to; elsewhere it is TimeUnix."""

TYPES = {
    "start_timestamp": "timestamp", "end_timestamp": "timestamp", "created_at": "timestamp", "recorded_timestamp": "timestamp",
    "day": "date", "duration": "double", "level": "int", "http_response_status_code": "int", "process_pid": "int",
    "is_exception": "bool", "is_monotonic": "bool", "tags": "text[]", "scalar_value": "double", "histogram_min": "double",
    "histogram_max": "double", "histogram_sum": "double", "histogram_count": "bigint", "histogram_bucket_counts": "bigint[]",
    "histogram_explicit_bounds": "double[]", "exp_histogram_scale": "int", "exp_histogram_zero_count": "bigint",
    "exp_histogram_zero_threshold": "double", "exp_histogram_positive_bucket_counts": "bigint[]",
    "exp_histogram_positive_bucket_counts_offset": "int", "exp_histogram_negative_bucket_counts": "bigint[]",
    "exp_histogram_negative_bucket_counts_offset": "int",
}  # fmt: skip

REQUIRED = frozenset(
    {
        "created_at",
        "day",
        "end_timestamp",
        "kind",
        "level",
        "message",
        "project_id",
        "service_name",
        "span_id",
        "span_name",
    }
    | {"start_timestamp", "trace_id", "recorded_timestamp", "metric_name", "metric_type", "unit"}
)

MEANINGS = {
    "kind": "span, log, span_event or pending_span.",
    "start_timestamp": "When it began, in UTC.",
    "end_timestamp": "When it ended; for a log, when it was written.",
    "duration": "Seconds from start to end; NULL for logs.",
    "day": "The day of the start, in UTC.",
    "created_at": "When the server received it.",
    "trace_id": "32 hex digits that all records of one operation share.",
    "span_id": "16 hex digits of this record.",
    "parent_span_id": "The span it happened in; NULL for the first of a trace.",
    "span_name": "What kind of thing it is, with few different values.",
    "message": "What happened, for people.",
    "level": "Severity: 1 trace, 5 debug, 9 info, 10 notice, 13 warn, 17 error, 21 fatal; compares with those names too.",
    "tags": "Labels: array_has(tags, 'x').",
    "is_exception": "Whether an exception was recorded.",
    "attributes": "What the application said about it: attributes->>'key'.",
    "otel_resource_attributes": "What is known of the process: otel_resource_attributes->>'host.name'.",
    "log_body": "The body of an OpenTelemetry log.",
    "otel_events": "Events within the span, a JSON array.",
    "otel_links": "Links to other spans, a JSON array.",
    "recorded_timestamp": "When it was measured.",
    "scalar_value": "The value of a gauge or sum.",
    "project_id": "The project it belongs to.",
}

NATIVE_MEANINGS = {
    "Timestamp": "When it began or was written, in UTC.",
    "TraceId": "32 hex digits that all records of one operation share.",
    "SpanId": "16 hex digits of this span.",
    "ParentSpanId": "The span it happened in; empty for the first of a trace.",
    "SpanName": "What kind of thing it is, with few different values.",
    "SpanKind": "Internal, Server, Client, Producer or Consumer.",
    "SpanType": "Logfire's: span, log or pending_span.",
    "ServiceName": "service.name of the resource.",
    "ResourceAttributes": "What is known of the process: ResourceAttributes['host.name'].",
    "SpanAttributes": "What the application said about it: SpanAttributes['key'].",
    "LogAttributes": "What the application said about it: LogAttributes['key'].",
    "ScopeAttributes": "What is known of the instrumentation.",
    "ScopeName": "The instrumentation that made it.",
    "ScopeVersion": "The version of that instrumentation.",
    "Duration": "Nanoseconds from start to end.",
    "StatusCode": "Unset, Ok or Error.",
    "StatusMessage": "What went wrong, in words.",
    "Body": "The body of a log record.",
    "SeverityText": "The severity as it was sent.",
    "SeverityNumber": "OpenTelemetry's severity: 1 to 24.",
    "Level": "Severity: 1 trace, 5 debug, 9 info, 10 notice, 13 warn, 17 error, 21 fatal.",
    "Message": "What happened, for people; empty where the name or the body says it.",
    "Tags": "Labels: has(Tags, 'x').",
    "IngestedAt": "When the server received it; retention counts from here.",
    "SeriesId": "Hash of everything that tells one series from another.",
    "MetricName": "What is measured.",
    "MetricType": "gauge, sum, histogram, exponential_histogram or summary.",
    "MetricUnit": "In which unit.",
    "Attributes": "What tells this series from others of the metric: Attributes['key'].",
    "TimeUnix": "When it was measured, in UTC.",
    "StartTimeUnix": "Since when it has been counted.",
    "Value": "The value of a gauge or sum.",
    "Count": "How many values there were.",
    "Sum": "What they add up to.",
    "BucketCounts": "How many values fell into each bucket.",
    "ExplicitBounds": "The upper bounds of the buckets.",
    "Start": "When the first span of the trace that a batch held began.",
    "End": "When the last one of them began.",
}
"""Of ClickHouse's tables, what the name alone does not tell."""


@dataclass(frozen=True)
class Column:
    """A column, as the catalogue tells of it."""

    name: str
    type: str
    nullable: bool
    description: str


@cache
def columns(table: str) -> tuple[Column, ...]:
    """The columns of one of Logfire's tables."""
    return tuple(
        Column(
            name,
            "json" if name in JSON else TYPES.get(name, "text"),
            name not in REQUIRED or (table, name) == ("metrics", "start_timestamp"),
            MEANINGS.get(name, ""),
        )
        for name in relations()[table].columns
    )


@cache
def native_columns(table: str) -> tuple[str, ...]:
    """The columns of one of ClickHouse's tables, for suggestions."""
    name = "otel_traces" if table == "pending_spans" else table
    for entry in TABLES.iterdir():
        found = re.search(rf"\.{name}\$\{{local\}} .*?\n\((.*?)\n\)", entry.read_text(), re.DOTALL)
        if found:
            return tuple(re.findall(r"(?m)^    `?([A-Za-z][\w.]*)`? ", found[1].replace("INDEX ", "")))
    return ()


def names(table: str) -> tuple[str, ...]:
    """The names of a table's columns, as far as they are known here."""
    return relations()[table].columns if table in relations() else native_columns(table)


def tables() -> dict[str, str]:
    """Every table, with what is in it."""
    return DESCRIPTIONS | COLLECTOR
