"""Halves of a request hold its records between them, each with what it belongs to."""

from typing import Any

import pytest
from google.protobuf.message import Message
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric

from andiron.delivery.encode import Encoder
from andiron.delivery.split import count, delete, describe, points, records, split
from tests.delivery import otlp
from tests.ingest import strategies

pytestmark = pytest.mark.requirement("CL-10")

REQUESTS: dict[str, Any] = {
    "traces": ExportTraceServiceRequest,
    "logs": ExportLogsServiceRequest,
    "metrics": ExportMetricsServiceRequest,
}
LEVELS = {
    "traces": ("resource_spans", "scope_spans", "spans"),
    "logs": ("resource_logs", "scope_logs", "log_records"),
    "metrics": ("resource_metrics", "scope_metrics", "metrics"),
}


def bare(message: Any, field: str) -> bytes:
    """A message without what hangs below it."""
    copy = type(message)()
    copy.CopyFrom(message)
    copy.ClearField(field)
    return bytes(copy.SerializeToString())


def alone(metric: Metric) -> list[bytes]:
    """A metric for each of its points."""
    found = []
    for n in range(count(metric)):
        copy = Metric.FromString(metric.SerializeToString())
        inner = points(copy)
        del inner[n + 1 :], inner[:n]
        found.append(copy.SerializeToString())
    return found


def leaves(signal: str, body: bytes) -> list[tuple[bytes, ...]]:
    """Each record with its resource and scope."""
    above, below, last = LEVELS[signal]
    return [
        (bare(resource, below), bare(scope, last), leaf)
        for resource in getattr(REQUESTS[signal].FromString(body), above)
        for scope in getattr(resource, below)
        for record in getattr(scope, last)
        for leaf in (alone(record) if signal == "metrics" else [record.SerializeToString()])
    ]


requests = st.one_of(
    st.tuples(st.just("traces"), strategies.trace_requests),
    st.tuples(st.just("logs"), strategies.log_requests),
    st.tuples(st.just("metrics"), strategies.metric_requests),
)


@given(requests)
def test_the_halves_are_the_whole(drawn: tuple[str, Message]) -> None:
    signal, body = drawn[0], drawn[1].SerializeToString()
    whole = leaves(signal, body)
    assert records(signal, body) == len(whole)
    halves = split(signal, body)
    if halves is None:
        assert len(whole) < 2
        return
    (first, some), (second, others) = halves
    assert leaves(signal, first) + leaves(signal, second) == whole
    assert (some, others) == (len(leaves(signal, first)), len(leaves(signal, second)))
    assert 0 <= others - some <= 1


@given(requests)
def test_splitting_ends_at_single_records(drawn: tuple[str, Message]) -> None:
    signal, body = drawn[0], drawn[1].SerializeToString()
    waiting, single = [body], []
    while waiting:
        each = waiting.pop()
        halves = split(signal, each)
        if halves is None:
            single += leaves(signal, each)
        else:
            waiting += [part for part, _ in reversed(halves)]
    assert single == leaves(signal, body)


@given(st.sets(st.integers(0, 9)))
def test_delete(places: set[int]) -> None:
    numbers = list(range(10))
    delete(numbers, sorted(places))
    assert numbers == [n for n in range(10) if n not in places]


def test_what_it_says_of_a_record() -> None:
    encoder = Encoder(None)
    shop = otlp.RESOURCES[1]
    body = encoder.traces([otlp.a_span(name="GET /\n" + "x" * 100, resource=shop)])
    assert describe("traces", body) == (
        f"span 'GET /\\n{'x' * 74}…' of trace 00000000000000000000000000000001, scope '', service 'shop'"
    )
    assert describe("logs", encoder.logs([otlp.a_log("it broke", severity_text="ERROR")])) == (
        "log ERROR 'it broke', scope '', service ''"
    )
    assert describe("traces", b"") == "no record"
    metrics = ExportMetricsServiceRequest()
    metrics.resource_metrics.add().scope_metrics.add().metrics.add(name="m")
    assert describe("metrics", metrics.SerializeToString()) == "metric 'm', scope '', service ''"


@pytest.mark.parametrize("call", [split, records, describe])
def test_what_is_no_request_is_refused(call: Any) -> None:
    with pytest.raises(ValueError, match="These 3 bytes are no OTLP request for logs"):
        call("logs", b"\x0a\xff\xff")
    with pytest.raises(ValueError, match="There is no signal 'profiles'"):
        call("profiles", b"")
