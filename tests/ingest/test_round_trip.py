"""Any valid OTLP request comes out of the tables as it went in, field by field."""

import json
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from andiron.server.ingest.door import Refusal
from andiron.server.ingest.signals import LOGS, METRICS, TRACES
from andiron.server.ingest.values import varint
from andiron.server.store.embedded import EmbeddedEngine
from andiron.server.store.schema import Schema
from tests.ingest import expected
from tests.ingest.strategies import log_requests, metric_requests, told_apart, trace_requests
from tests.ingest.tables import Tables

pytestmark = [pytest.mark.requirement("AN-01"), pytest.mark.requirement("GW-03")]

many = settings(max_examples=3 * settings().max_examples)


@pytest.fixture(scope="module")
def tables(engine: EmbeddedEngine, new_database: Any, tmp_path_factory: pytest.TempPathFactory) -> Tables:
    """One database for all: every row carries the moment of its own receipt, so examples do not see each other."""
    name = new_database()
    Schema(engine).ensure(name)
    return Tables(engine, name, tmp_path_factory.mktemp("segments"))


def same(found: list[dict[str, Any]], wanted: list[dict[str, Any]]) -> None:
    """The same rows in any order, and a difference that can be read."""
    left = Counter(json.dumps(row, sort_keys=True) for row in found)
    right = Counter(json.dumps(row, sort_keys=True) for row in wanted)
    if left == right:
        return
    surplus, missing = (sorted(map(json.loads, side.elements()), key=str) for side in (left - right, right - left))
    for one, other in zip(surplus, missing, strict=False):
        assert {name: value for name, value in one.items() if other.get(name) != value} == {
            name: value for name, value in other.items() if one.get(name) != value
        }
    assert surplus == missing


def times_of_traces(spans: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What is known of each trace that has an id."""
    starts: dict[str, list[int]] = {}
    for span in spans:
        if span["TraceId"]:
            starts.setdefault(span["TraceId"], []).append(span["Timestamp"])
    return [{"TraceId": trace, "Start": min(held), "End": max(held)} for trace, held in starts.items()]


@many
@given(st.lists(trace_requests, min_size=1, max_size=4))
@pytest.mark.slow
def test_spans(tables: Tables, requests: list[Any]) -> None:
    received = tables.send(TRACES, [request.SerializeToString() for request in requests])
    wanted = [row for request in requests for row in expected.spans(request)]
    pending = [row for row in wanted if row["SpanType"] == "pending_span"]
    same(tables.rows("otel_traces", received), [row for row in wanted if row["SpanType"] != "pending_span"])
    same(tables.rows("pending_spans", received), pending)
    same(tables.rows("otel_traces_trace_id_ts", received), times_of_traces(wanted))
    assert tables.quarantine.all() == []


@many
@given(st.lists(log_requests, min_size=1, max_size=4))
@pytest.mark.slow
def test_logs(tables: Tables, requests: list[Any]) -> None:
    received = tables.send(LOGS, [request.SerializeToString() for request in requests])
    same(tables.rows("otel_logs", received), [row for request in requests for row in expected.logs(request)])
    assert tables.quarantine.all() == []


@many
@given(st.lists(metric_requests, min_size=1, max_size=4).map(told_apart))
@pytest.mark.slow
def test_metrics(tables: Tables, requests: list[ExportMetricsServiceRequest]) -> None:
    received = tables.send(METRICS, [request.SerializeToString() for request in requests])
    same(tables.points(received), [row for request in requests for row in expected.metrics(request)])
    assert tables.quarantine.all() == []


@many
@given(st.lists(metric_requests, min_size=1, max_size=2).map(told_apart), st.randoms(use_true_random=False))
@pytest.mark.slow
def test_the_order_of_attributes_makes_no_other_series(
    tables: Tables, requests: list[ExportMetricsServiceRequest], random: Any
) -> None:
    body = b"".join(request.SerializeToString() for request in requests)
    for request in requests:
        for resource in request.resource_metrics:
            shuffle(resource.resource.attributes, random)
            for scope in resource.scope_metrics:
                shuffle(scope.scope.attributes, random)
                for metric in scope.metrics:
                    for point in getattr(metric, metric.WhichOneof("data") or "gauge").data_points:
                        shuffle(point.attributes, random)
    before = tables.send(METRICS, [body])
    after = tables.send(METRICS, [b"".join(request.SerializeToString() for request in requests)])
    assert tables.series(before) == tables.series(after)


def shuffle(pairs: Any, random: Any) -> None:
    held = list(pairs)
    random.shuffle(held)
    del pairs[:]
    pairs.extend(held)


def metric(**attributes: Any) -> bytes:
    request = ExportMetricsServiceRequest()
    point = request.resource_metrics.add().scope_metrics.add().metrics.add(name="m").gauge.data_points.add(as_int=1)
    for key, value in attributes.items():
        kind = {str: "string_value", int: "int_value", float: "double_value", bool: "bool_value"}[type(value)]
        setattr(point.attributes.add(key=key).value, kind, value)
    return request.SerializeToString()


def test_series_are_told_apart_by_names_values_and_types(tables: Tables) -> None:
    different: list[dict[str, Any]] = [
        {},
        {"a": "1"},
        {"a": 1},
        {"a": 1.0},
        {"a": True},
        {"b": "1"},
        {"a": "1", "b": "1"},
        {"a": "1b1"},
        {"a": ""},
    ]
    received = tables.send(METRICS, [metric(**attributes) for attributes in different])
    assert len(tables.series(received)) == len(different)


def test_the_fields_that_the_loader_adds_cannot_be_sent(tables: Tables) -> None:
    request = ExportTraceServiceRequest()
    span = request.resource_spans.add().scope_spans.add().spans.add(name="one")
    private = field(100, field(1, b"1"))  # readable as a message, too
    span.attributes.add(key="a").value.MergeFromString(private)
    span.attributes.add(key="b").value.string_value = "b"
    span.attributes.add(key="c").value.array_value.values.add().MergeFromString(private)
    forged = request.SerializeToString() + b"\xc1\x3e" + (5).to_bytes(8, "little")
    received = tables.send(TRACES, [forged])
    (row,) = tables.rows("otel_traces", received)
    assert row["SpanAttributes"] == {"a": "", "b": "b", "c": "[null]"}
    assert row["SpanAttributeTypes"] == {"a": "null", "c": "json"}

    span.attributes[0].value.MergeFromString(field(100, b"{no message"))
    with pytest.raises(Refusal, match="is no ExportTraceServiceRequest"):
        tables.send(TRACES, [request.SerializeToString()])


def field(number: int, payload: bytes) -> bytes:
    """A length-delimited field that no class describes."""
    return varint(number << 3 | 2) + varint(len(payload)) + payload
