"""Spans and logs as the SDK makes them, and what the encoder's bytes say."""

from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any

from hypothesis import strategies as st
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.sdk._logs import ReadableLogRecord, ReadWriteLogRecord
from opentelemetry.sdk._logs._internal import LogRecordLimits
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    TraceState,
    set_span_in_context,
)

from andiron.delivery.values import decoded

EPOCH = 1_700_000_000_000_000_000

scalars = st.one_of(
    st.text(max_size=12),
    st.text(alphabet="aé€😀", min_size=90, max_size=160),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.integers(-3, 300),
    st.floats(),
    st.binary(max_size=8),
)
values = st.recursive(
    scalars | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(min_size=1, max_size=4), inner, max_size=3),
    max_leaves=6,
)
attributes = st.dictionaries(st.text(min_size=1, max_size=6), values, max_size=6)
times = st.integers(0, 2**63 - 1)
trace_states = st.dictionaries(st.sampled_from("abc"), st.sampled_from(["1", "x_y"]), max_size=2).map(
    lambda entries: TraceState(list(entries.items()))
)
contexts = st.builds(
    SpanContext,
    trace_id=st.integers(1, 2**128 - 1),
    span_id=st.integers(1, 2**64 - 1),
    is_remote=st.booleans(),
    trace_flags=st.just(TraceFlags(1)),
    trace_state=trace_states,
)
links = st.builds(Link, contexts, attributes=attributes)
statuses = st.one_of(
    st.just(Status(StatusCode.UNSET)),
    st.just(Status(StatusCode.OK)),
    st.text(max_size=5).map(lambda text: Status(StatusCode.ERROR, text)),
)
RESOURCES = [
    Resource({}),
    Resource({"service.name": "shop", "n": 1, "tags": ["a", "b"]}),
    Resource({"service.name": "shop", "n": 1, "tags": ["a", "b"]}),
    Resource({"service.name": "till"}, schema_url="https://example.com/1"),
]
SCOPES = [
    ("web", None, None, None),
    ("web", "1.0", "https://example.com/2", {"k": True}),
    ("db", "2", "", None),
]


class Numbered(IdGenerator):
    """Ids without chance."""

    def __init__(self) -> None:
        self._numbers = count(1)

    def generate_span_id(self) -> int:
        return next(self._numbers)

    def generate_trace_id(self) -> int:
        return next(self._numbers) << 64


@st.composite
def spans(draw: st.DrawFn) -> list[ReadableSpan]:
    """Ended spans of several resources and scopes."""
    memory = InMemorySpanExporter()
    limits = SpanLimits(max_span_attributes=5, max_events=3, max_links=2, max_event_attributes=4, max_link_attributes=4)
    ids = Numbered()
    tracers = []
    for resource in RESOURCES:
        provider = TracerProvider(resource=resource, span_limits=limits, id_generator=ids, shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(memory))
        tracers += [provider.get_tracer(*scope) for scope in SCOPES]
    for _ in range(draw(st.integers(1, 4))):
        parent = draw(st.none() | contexts)
        span = draw(st.sampled_from(tracers)).start_span(
            draw(st.text(max_size=10)),
            context=set_span_in_context(NonRecordingSpan(parent)) if parent else None,
            kind=draw(st.sampled_from(SpanKind)),
            attributes=draw(attributes),
            links=draw(st.lists(links, max_size=3)),
            start_time=draw(times),
        )
        for name, event, at in draw(st.lists(st.tuples(st.text(max_size=5), attributes, times), max_size=4)):
            span.add_event(name, event, at)
        span.set_status(draw(statuses))
        span.end(draw(times))
    return list(memory.get_finished_spans())


def as_read(record: LogRecord, resource: Resource, scope: tuple[Any, ...] | None) -> ReadableLogRecord:
    """What the SDK hands to an exporter, limits applied."""
    owner = InstrumentationScope(*scope) if scope else None
    written = ReadWriteLogRecord(record, resource, owner, LogRecordLimits(max_attributes=8))
    return ReadableLogRecord(written.log_record, resource, owner)


log_records = st.builds(
    LogRecord,
    timestamp=st.none() | times,
    observed_timestamp=times,
    context=st.just(
        set_span_in_context(NonRecordingSpan(SpanContext(7, 8, is_remote=False, trace_flags=TraceFlags(1))))
    )
    | st.none(),
    severity_text=st.none() | st.text(max_size=5),
    severity_number=st.none() | st.sampled_from(SeverityNumber),
    body=values,
    attributes=attributes,
    event_name=st.none() | st.text(max_size=5),
)
logs = st.lists(
    st.builds(as_read, log_records, st.sampled_from(RESOURCES), st.none() | st.sampled_from(SCOPES)),
    min_size=1,
    max_size=4,
)


def a_span(given: Any = None, **fields: Any) -> ReadableSpan:
    """A span with nothing but what is given."""
    fields.setdefault("context", SpanContext(1, 2, is_remote=False))
    fields.setdefault("resource", RESOURCES[0])
    return ReadableSpan(fields.pop("name", "work"), attributes=given, start_time=EPOCH, end_time=EPOCH + 5, **fields)


def a_log(body: Any = None, given: Any = None, **fields: Any) -> ReadableLogRecord:
    """A log with nothing but what is given."""
    record = LogRecord(timestamp=EPOCH, observed_timestamp=EPOCH + 1, body=body, attributes=given, **fields)
    return ReadableLogRecord(record, RESOURCES[0])


def spans_in(body: bytes) -> list[Any]:
    """The span messages of a request."""
    request = ExportTraceServiceRequest.FromString(body)
    return [span for resource in request.resource_spans for scope in resource.scope_spans for span in scope.spans]


def logs_in(body: bytes) -> list[Any]:
    """The log messages of a request."""
    request = ExportLogsServiceRequest.FromString(body)
    return [log for resource in request.resource_logs for scope in resource.scope_logs for log in scope.log_records]


def read(pairs: Sequence[KeyValue]) -> dict[str, Any]:
    """Attributes as Python has them."""
    return {pair.key: decoded(pair.value) for pair in pairs}


def strings(value: Any) -> Iterator[str]:
    """Every text within a message."""
    for field, part in value.ListFields():
        parts = part if field.is_repeated else [part]
        for each in parts:
            if field.type == field.TYPE_MESSAGE:
                yield from strings(each)
            elif field.type == field.TYPE_STRING:
                yield each
