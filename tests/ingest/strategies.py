"""Hypothesis strategies for OTLP requests: every kind of value, every extreme that the wire can carry.

Not generated, because OTLP calls them invalid or leaves open what they mean: two attributes of one name, and fields of the
profiles signal (`…_strindex`).
"""

from itertools import count
from typing import Any

from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ResourceLogs, ScopeLogs
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    Exemplar,
    ExponentialHistogram,
    ExponentialHistogramDataPoint,
    Gauge,
    Histogram,
    HistogramDataPoint,
    Metric,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
    Summary,
    SummaryDataPoint,
)
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, Status

Strategy = st.SearchStrategy[Any]

strings = st.one_of(
    st.text(max_size=8),
    st.sampled_from(
        ["", "\0", "a\0b", "😀", "é", '"\\/\n\t\x1f\x7f', "\u2028", "null", "'; --", "${db}", "{}", "\ufffd"]
    ),
)
int64s = st.one_of(st.integers(-(2**63), 2**63 - 1), st.sampled_from([0, -1, 2**53 + 1, 2**63 - 1, -(2**63)]))
uint64s = st.one_of(st.integers(0, 2**64 - 1), st.sampled_from([0, 1, 2**63, 2**64 - 1]))
uint32s = st.one_of(st.integers(0, 2**32 - 1), st.sampled_from([0, 255, 256, 2**32 - 1]))
int32s = st.one_of(st.integers(-(2**31), 2**31 - 1), st.integers(-3, 30))
doubles = st.one_of(st.floats(), st.sampled_from([0.0, -0.0, 5e-324, 1.7976931348623157e308, 1e16, 0.1, 1.0]))
binaries = st.binary(max_size=6)
times = st.one_of(
    uint64s,
    st.sampled_from([0, 1, 2**63 - 1, 2**63]),
    st.integers(1_700_000_000_000_000_000, 1_900_000_000_000_000_000),
)
trace_ids = st.one_of(st.binary(min_size=16, max_size=16), st.just(b""), st.binary(max_size=20))
span_ids = st.one_of(st.binary(min_size=8, max_size=8), st.just(b""), st.binary(max_size=12))


def scalar_values() -> Strategy:
    """Values that hold no other; one in which nothing is set, too."""
    return st.one_of(
        st.builds(AnyValue, string_value=strings),
        st.builds(AnyValue, bool_value=st.booleans()),
        st.builds(AnyValue, int_value=int64s),
        st.builds(AnyValue, double_value=doubles),
        st.builds(AnyValue, bytes_value=binaries),
        st.just(AnyValue()),
    )


def pairs(values: Strategy, keys: Strategy = strings) -> Strategy:
    """Attributes, each name once."""
    return st.lists(st.builds(KeyValue, key=keys, value=values), max_size=4, unique_by=lambda pair: pair.key)


def containers(values: Strategy) -> Strategy:
    """Arrays and maps of `values`, empty ones too."""
    return st.one_of(
        st.builds(AnyValue, array_value=st.builds(ArrayValue, values=st.lists(values, max_size=4))),
        st.builds(AnyValue, kvlist_value=st.builds(KeyValueList, values=pairs(values))),
    )


def array_of_scalars() -> Strategy:
    """What the fast path reads."""
    return st.builds(AnyValue, array_value=st.builds(ArrayValue, values=st.lists(scalar_values(), max_size=4)))


any_values = st.one_of(scalar_values(), array_of_scalars(), st.recursive(scalar_values(), containers, max_leaves=8))
attributes = pairs(any_values)

tags = st.builds(
    AnyValue, array_value=st.builds(ArrayValue, values=st.lists(st.builds(AnyValue, string_value=strings), max_size=3))
)
LOGFIRE: dict[str, Strategy] = {
    "logfire.msg": st.builds(AnyValue, string_value=strings),
    "logfire.span_type": st.builds(
        AnyValue, string_value=st.sampled_from(["span", "log", "pending_span", "", "other"])
    ),
    "logfire.json_schema": st.builds(AnyValue, string_value=strings),
    "logfire.level_num": st.builds(AnyValue, int_value=st.one_of(st.integers(-1, 25), int64s)),
    "logfire.tags": tags,
    "logfire.pending_parent_id": st.builds(AnyValue, string_value=st.sampled_from(["0" * 16, "00f067aa0ba902b7", ""])),
    "logfire.msg_template": st.builds(AnyValue, string_value=strings),
}


@st.composite
def record_attributes(draw: st.DrawFn) -> list[KeyValue]:
    """Attributes of a span or a log record: now and then those of Logfire, of the type that it gives them or of another."""
    held: list[KeyValue] = draw(attributes)
    for name in draw(st.lists(st.sampled_from(sorted(LOGFIRE)), max_size=4, unique=True)):
        value = draw(st.one_of(LOGFIRE[name], LOGFIRE[name], any_values))
        held.insert(draw(st.integers(0, len(held))), KeyValue(key=name, value=value))
    return held


resources = st.builds(
    Resource,
    attributes=st.one_of(
        attributes,
        st.builds(
            lambda pairs, name: [*pairs, KeyValue(key="service.name", value=name)],
            attributes,
            st.one_of(st.builds(AnyValue, string_value=strings), any_values),
        ),
    ),
    dropped_attributes_count=uint32s,
)
scopes = st.builds(
    InstrumentationScope, name=strings, version=strings, attributes=attributes, dropped_attributes_count=uint32s
)


def message(kind: Any, /, **fields: Strategy) -> Strategy:
    """A message in which each field is set or left out."""
    return st.fixed_dictionaries({}, optional=fields).map(lambda values: kind(**values))


spans = message(
    Span,
    trace_id=trace_ids,
    span_id=span_ids,
    trace_state=strings,
    parent_span_id=span_ids,
    flags=uint32s,
    name=strings,
    kind=st.one_of(st.integers(0, 5), int32s),
    start_time_unix_nano=times,
    end_time_unix_nano=times,
    attributes=record_attributes(),
    dropped_attributes_count=uint32s,
    events=st.lists(
        message(
            Span.Event, time_unix_nano=times, name=strings, attributes=attributes, dropped_attributes_count=uint32s
        ),
        max_size=2,
    ),
    dropped_events_count=uint32s,
    links=st.lists(
        message(
            Span.Link,
            trace_id=trace_ids,
            span_id=span_ids,
            trace_state=strings,
            attributes=attributes,
            dropped_attributes_count=uint32s,
            flags=uint32s,
        ),
        max_size=2,
    ),
    dropped_links_count=uint32s,
    status=message(Status, message=strings, code=st.one_of(st.integers(0, 2), int32s)),
)
log_records = message(
    LogRecord,
    time_unix_nano=times,
    observed_time_unix_nano=times,
    severity_number=st.one_of(st.integers(0, 24), int32s),
    severity_text=st.one_of(strings, st.sampled_from(["INFO", "warning", "Error", "CRITICAL", "notice"])),
    body=any_values,
    attributes=record_attributes(),
    dropped_attributes_count=uint32s,
    flags=uint32s,
    trace_id=trace_ids,
    span_id=span_ids,
    event_name=strings,
)

exemplars = st.lists(
    st.builds(
        lambda message, value: Exemplar(**message, **value),
        st.fixed_dictionaries(
            {},
            optional={
                "filtered_attributes": attributes,
                "time_unix_nano": times,
                "span_id": span_ids,
                "trace_id": trace_ids,
            },
        ),
        st.one_of(st.just({}), st.builds(dict, as_double=doubles), st.builds(dict, as_int=int64s)),
    ),
    max_size=2,
)
COMMON: dict[str, Strategy] = {
    "attributes": attributes,
    "start_time_unix_nano": times,
    "time_unix_nano": times,
    "flags": uint32s,
}
AGGREGATED: dict[str, Strategy] = {
    "count": uint64s,
    "sum": doubles,
    "min": doubles,
    "max": doubles,
    "exemplars": exemplars,
}


def points(strategy: Strategy) -> Strategy:
    """A few data points."""
    return st.lists(strategy, max_size=3)


numbers = points(
    st.builds(
        lambda message, value: NumberDataPoint(**message, **value),
        st.fixed_dictionaries({}, optional=COMMON | {"exemplars": exemplars}),
        st.one_of(st.just({}), st.builds(dict, as_double=doubles), st.builds(dict, as_int=int64s)),
    )
)
buckets = message(ExponentialHistogramDataPoint.Buckets, offset=int32s, bucket_counts=st.lists(uint64s, max_size=4))
temporalities = st.integers(0, 2)
KINDS: dict[str, Strategy] = {
    "gauge": message(Gauge, data_points=numbers),
    "sum": message(Sum, data_points=numbers, aggregation_temporality=temporalities, is_monotonic=st.booleans()),
    "histogram": message(
        Histogram,
        data_points=points(
            message(
                HistogramDataPoint,
                **COMMON,
                **AGGREGATED,
                bucket_counts=st.lists(uint64s, max_size=4),
                explicit_bounds=st.lists(doubles, max_size=4),
            )
        ),
        aggregation_temporality=temporalities,
    ),
    "exponential_histogram": message(
        ExponentialHistogram,
        data_points=points(
            message(
                ExponentialHistogramDataPoint,
                **COMMON,
                **AGGREGATED,
                scale=int32s,
                zero_count=uint64s,
                zero_threshold=doubles,
                positive=buckets,
                negative=buckets,
            )
        ),
        aggregation_temporality=temporalities,
    ),
    "summary": message(
        Summary,
        data_points=points(
            message(
                SummaryDataPoint,
                **COMMON,
                count=uint64s,
                sum=doubles,
                quantile_values=st.lists(
                    message(SummaryDataPoint.ValueAtQuantile, quantile=doubles, value=doubles), max_size=3
                ),
            )
        ),
    ),
}
metrics = st.sampled_from(sorted(KINDS)).flatmap(
    lambda kind: message(
        Metric, name=strings, description=strings, unit=strings, metadata=attributes, **{kind: KINDS[kind]}
    )
)


def request(whole: Any, resource: Any, scope: Any, records: Strategy, names: tuple[str, str, str]) -> Strategy:
    """A request of some resources with some scopes with some records; each level may be empty."""
    of_resource, of_scope, of_record = names
    scope_groups = message(
        scope, scope=scopes, schema_url=strings, **{of_record: st.lists(records, min_size=1, max_size=3)}
    )
    resource_groups = message(
        resource, resource=resources, schema_url=strings, **{of_scope: st.lists(scope_groups, min_size=1, max_size=2)}
    )
    return st.builds(whole, **{of_resource: st.lists(resource_groups, max_size=2)})


trace_requests: st.SearchStrategy[ExportTraceServiceRequest] = request(
    ExportTraceServiceRequest, ResourceSpans, ScopeSpans, spans, ("resource_spans", "scope_spans", "spans")
)
log_requests: st.SearchStrategy[ExportLogsServiceRequest] = request(
    ExportLogsServiceRequest, ResourceLogs, ScopeLogs, log_records, ("resource_logs", "scope_logs", "log_records")
)
metric_requests: st.SearchStrategy[ExportMetricsServiceRequest] = request(
    ExportMetricsServiceRequest,
    ResourceMetrics,
    ScopeMetrics,
    metrics,
    ("resource_metrics", "scope_metrics", "metrics"),
)


def told_apart(requests: list[ExportMetricsServiceRequest]) -> list[ExportMetricsServiceRequest]:
    """The same with a number before each metric's name: two descriptions of one series are one series, and the last one counts."""
    numbers = count()
    for each in requests:
        for resource in each.resource_metrics:
            for scope in resource.scope_metrics:
                for metric in scope.metrics:
                    metric.name = f"{next(numbers)} {metric.name}"
    return requests
