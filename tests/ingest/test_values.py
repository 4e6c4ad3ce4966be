"""Nested values: found wherever they hide, refused when too deep, and turned into JSON that says the same."""

import base64
import contextlib
import json
import math
from typing import Any

import pytest
from google.protobuf.message import DecodeError
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric

from andiron.server.ingest.door import has_nested
from andiron.server.ingest.signals import LOGS, METRICS, SIGNALS, TRACES, Signal
from andiron.server.ingest.values import (
    JSON_VALUE,
    TooDeep,
    depth,
    flattened,
    is_nested,
    nested,
    plain,
    refuse_too_deep,
    varint,
)
from tests.ingest.strategies import any_values, log_requests, metric_requests, trace_requests

requests = st.one_of(
    st.tuples(st.just(TRACES), trace_requests),
    st.tuples(st.just(LOGS), log_requests),
    st.tuples(st.just(METRICS), metric_requests),
)


def array(*values: AnyValue) -> AnyValue:
    return AnyValue(array_value=ArrayValue(values=values))


def mapping(**values: AnyValue) -> AnyValue:
    pairs = [KeyValue(key=key, value=value) for key, value in values.items()]
    return AnyValue(kvlist_value=KeyValueList(values=pairs))


def number(value: int = 1) -> AnyValue:
    return AnyValue(int_value=value)


def within(levels: int, *, maps: bool = False) -> AnyValue:
    """A number within so many containers."""
    value = number()
    for _ in range(levels):
        value = mapping(k=value) if maps else array(value)
    return value


def outermost(message: Any) -> list[AnyValue]:
    """Every value that lies in no other, found by type and by nothing else."""
    if isinstance(message, AnyValue):
        return [message]
    found = []
    for field, held in message.ListFields():
        if field.message_type is not None:
            for child in held if field.is_repeated else (held,):
                found += outermost(child)
    return found


def holds_container(value: AnyValue) -> bool:
    """Whether `value` is a map, or an array that holds a container."""
    if value.HasField("kvlist_value"):
        return True
    return any(item.HasField("array_value") or item.HasField("kvlist_value") for item in value.array_value.values)


@given(requests)
def test_exactly_the_nested_values_are_found(sent: tuple[Signal, Any]) -> None:
    signal, request = sent
    expected = [value for value in outermost(request) if holds_container(value)]
    assert [id(value) for value in nested(request)] == [id(value) for value in expected]
    assert has_nested(signal.validator.FromString(request.SerializeToString())) == bool(expected)


PLACES = {
    TRACES: [
        ("resource_spans.resource.attributes", "KeyValue"),
        ("resource_spans.scope_spans.scope.attributes", "KeyValue"),
        ("resource_spans.scope_spans.spans.attributes", "KeyValue"),
        ("resource_spans.scope_spans.spans.events.attributes", "KeyValue"),
        ("resource_spans.scope_spans.spans.links.attributes", "KeyValue"),
    ],
    LOGS: [
        ("resource_logs.resource.attributes", "KeyValue"),
        ("resource_logs.scope_logs.scope.attributes", "KeyValue"),
        ("resource_logs.scope_logs.log_records.attributes", "KeyValue"),
        ("resource_logs.scope_logs.log_records.body", "AnyValue"),
    ],
    METRICS: [
        ("resource_metrics.resource.attributes", "KeyValue"),
        ("resource_metrics.scope_metrics.scope.attributes", "KeyValue"),
        ("resource_metrics.scope_metrics.metrics.metadata", "KeyValue"),
        *(
            (f"resource_metrics.scope_metrics.metrics.{kind}.data_points.{where}", "KeyValue")
            for kind in ("gauge", "sum", "histogram", "exponential_histogram", "summary")
            for where in ("attributes", "exemplars.filtered_attributes")
            if (kind, where) != ("summary", "exemplars.filtered_attributes")
        ),
    ],
}


def put(request: Any, path: str, value: AnyValue) -> Any:
    """`request` with `value` at `path`, and no more than that needs."""
    here = request
    *groups, last = path.split(".")
    for name in groups:
        child = getattr(here, name)
        here = child.add() if hasattr(child, "add") else child
    if last == "body":
        here.body.CopyFrom(value)
    else:
        getattr(here, last).add(key="k").value.CopyFrom(value)
    return request


@pytest.mark.parametrize(("signal", "path"), [(signal, path) for signal in SIGNALS for path, _ in PLACES[signal]])
@pytest.mark.parametrize(
    ("value", "found"),
    [
        (number(), 0),
        (AnyValue(), 0),
        (array(), 0),
        (array(number(), AnyValue(), AnyValue(bytes_value=b"\0")), 0),
        (array(array()), 1),
        (array(number(), mapping()), 1),
        (mapping(), 1),
        (mapping(k=number()), 1),
    ],
    ids=["number", "unset", "empty array", "array", "array in array", "map in array", "empty map", "map"],
)
def test_a_value_is_found_wherever_values_may_be(signal: Signal, path: str, value: AnyValue, found: int) -> None:
    request = put(signal.request(), path, value)
    assert [*nested(request)] == [value] * found
    assert has_nested(signal.validator.FromString(request.SerializeToString())) == bool(found)


@pytest.mark.parametrize("signal", SIGNALS, ids=lambda signal: signal.name)
def test_the_places_are_all_that_the_schema_has(signal: Signal) -> None:
    """A new version of OTLP with values in a new place fails here before it loses them."""
    found = set()

    def walk(descriptor: Any, path: tuple[str, ...]) -> None:
        if descriptor.full_name.endswith((".KeyValue", ".AnyValue")):
            found.add((".".join(path), descriptor.name))
            return
        for field in descriptor.fields:
            if field.message_type is not None:
                walk(field.message_type, (*path, field.name))

    walk(signal.request.DESCRIPTOR, ())
    assert found == set(PLACES[signal])


@given(st.one_of(st.binary(max_size=20), st.sampled_from([b"", b"true", b"\x08\x01", b'{"forged":1}'])))
def test_text_in_the_loaders_own_field_never_takes_the_fast_path(text: bytes) -> None:
    """Whoever could write there would write JSON that nobody checked."""
    value = AnyValue.FromString(varint(JSON_VALUE << 3 | 2) + varint(len(text)) + text)
    body = put(TRACES.request(), "resource_spans.scope_spans.spans.attributes", value).SerializeToString()
    with contextlib.suppress(DecodeError):
        assert has_nested(TRACES.validator.FromString(body))


@given(any_values)
def test_depth_counts_containers_within_each_other(value: AnyValue) -> None:
    assert depth(within(5)) == depth(within(5, maps=True)) == 5
    assert depth(array(value)) == depth(mapping(k=value)) == depth(array(number(), value)) == depth(value) + 1
    assert (depth(value) > 0) == (value.HasField("array_value") or value.HasField("kvlist_value"))
    assert is_nested(array(array(value)))
    assert is_nested(value) or depth(value) < 2


RECORDS = {
    TRACES: "resource_spans.scope_spans.spans",
    LOGS: "resource_logs.scope_logs.log_records",
    METRICS: "resource_metrics.scope_metrics.metrics",
}


def records(request: Any) -> list[Any]:
    return [
        record
        for _, groups in request.ListFields()
        for group in groups
        for scopes in (getattr(group, field.name) for field, _ in group.ListFields() if field.name.startswith("scope_"))
        for scope in scopes
        for field, held in scope.ListFields()
        if field.name in ("spans", "log_records", "metrics")
        for record in held
    ]


@pytest.mark.requirement("AN-01")
@given(requests, st.integers(0, 4))
def test_exactly_the_records_that_are_too_deep_are_refused(sent: tuple[Signal, Any], most: int) -> None:
    signal, request = sent
    whole = signal.request.FromString(request.SerializeToString())

    def bad(message: Any) -> bool:
        return any(holds_container(value) and depth(value) > most for value in outermost(message))

    groups = [group for _, groups in request.ListFields() for group in groups]
    scopes = [
        scope.scope
        for group in groups
        for field, held in group.ListFields()
        if field.name.startswith("scope_")
        for scope in held
    ]
    if any(map(bad, scopes)) or any(bad(group.resource) for group in groups):
        with pytest.raises(TooDeep):
            refuse_too_deep(request, most)
        return
    refused = [record.SerializeToString() for record in refuse_too_deep(request, most)]
    assert refused == [record.SerializeToString() for record in records(whole) if bad(record)]
    kept = [record.SerializeToString() for record in records(request)]
    assert kept == [record.SerializeToString() for record in records(whole) if not bad(record)]


@pytest.mark.parametrize("signal", SIGNALS, ids=lambda signal: signal.name)
def test_records_that_are_refused_may_be_alike_and_may_hold_what_is_no_number(signal: Signal) -> None:
    """Neither equality nor identity says which is which, and the order of those that stay is kept."""
    request = signal.request()
    here = request
    *groups, last = RECORDS[signal].split(".")
    for name in groups:
        here = getattr(here, name).add()
    nan = AnyValue(double_value=math.nan)
    for n in range(6):
        record = getattr(here, last).add()
        pairs = record.metadata if isinstance(record, Metric) else record.attributes
        pairs.add(key="n").value.CopyFrom(array(array(nan)) if n % 2 else number(n))
    assert len(refuse_too_deep(request, 1)) == 3
    left = [record.metadata if isinstance(record, Metric) else record.attributes for record in records(request)]
    assert [pairs[0].value.int_value for pairs in left] == [0, 2, 4]


@pytest.mark.parametrize("place", ["resource", "scope"])
@pytest.mark.parametrize("signal", SIGNALS, ids=lambda signal: signal.name)
def test_a_resource_or_scope_that_is_too_deep_condemns_the_request(signal: Signal, place: str) -> None:
    path = next(path for path, _ in PLACES[signal] if path.endswith(f"{place}.attributes"))
    request = put(signal.request(), path, within(5))
    assert refuse_too_deep(request, 5) == []
    with pytest.raises(TooDeep):
        refuse_too_deep(request, 4)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (mapping(), "{}"),
        (mapping(k=AnyValue(string_value='a"\né😀\0')), '{"k":"a\\"\\né😀\\u0000"}'),
        (mapping(k=number(2**63 - 1), m=number(-(2**63))), '{"k":9223372036854775807,"m":-9223372036854775808}'),
        (mapping(k=AnyValue(bool_value=True), m=AnyValue(bool_value=False)), '{"k":true,"m":false}'),
        (mapping(k=AnyValue(bytes_value=b"\0\xff")), '{"k":"AP8="}'),
        (mapping(k=AnyValue()), '{"k":null}'),
        (mapping(k=AnyValue(double_value=1.0), m=AnyValue(double_value=-0.0)), '{"k":1.0,"m":-0.0}'),
        (mapping(k=AnyValue(double_value=math.nan)), '{"k":"NaN"}'),
        (
            mapping(k=AnyValue(double_value=math.inf), m=AnyValue(double_value=-math.inf)),
            '{"k":"Infinity","m":"-Infinity"}',
        ),
        (array(array(), mapping(), number(0)), "[[],{},0]"),
        (array(array(number(), AnyValue(string_value=""))), '[[1,""]]'),
    ],
)
def test_a_nested_value_becomes_this_json(value: AnyValue, text: str) -> None:
    request = put(TRACES.request(), "resource_spans.scope_spans.spans.attributes", value)
    flat = flattened(request.SerializeToString(), TRACES.request)
    assert json_text(attribute(TRACES.request.FromString(flat))) == text


def attribute(request: Any) -> AnyValue:
    value: AnyValue = request.resource_spans[0].scope_spans[0].spans[0].attributes[0].value
    return value


def json_text(value: AnyValue) -> str:
    """What the loader wrote into the field that only the tables know."""
    assert value.WhichOneof("value") is None
    written = value.SerializeToString()
    tag = varint(JSON_VALUE << 3 | 2)
    assert written.startswith(tag)
    length = len(varint(len(written) - len(tag) - 1 if len(written) < 130 + len(tag) else len(written) - len(tag) - 2))
    return written[len(tag) + length :].decode()


def meaning(value: AnyValue) -> Any:
    """A value as Python has it, with what JSON cannot tell from text as text."""
    if value.HasField("kvlist_value"):
        return {pair.key: meaning(pair.value) for pair in value.kvlist_value.values}
    if value.HasField("array_value"):
        return [meaning(item) for item in value.array_value.values]
    if value.HasField("bytes_value"):
        return base64.b64encode(value.bytes_value).decode()
    kind = value.WhichOneof("value")
    held = getattr(value, kind) if kind else None
    if isinstance(held, float) and not math.isfinite(held):
        return "NaN" if math.isnan(held) else "Infinity" if held > 0 else "-Infinity"
    return held


@given(requests)
def test_flattening_changes_the_nested_values_and_nothing_else(sent: tuple[Signal, Any]) -> None:
    signal, request = sent
    flat = signal.request.FromString(flattened(request.SerializeToString(), signal.request))
    assert not has_nested_otlp(flat)
    for value, written in zip(outermost(request), outermost(flat), strict=True):
        if holds_container(value):
            found = json.loads(json_text(written))
            assert repr(found) == repr(meaning(value)) == repr(plain(value))
            written.Clear()
            value.Clear()
    assert flat.SerializeToString() == request.SerializeToString()


def has_nested_otlp(request: Any) -> bool:
    return any(holds_container(value) for value in outermost(request))


@given(st.integers(0, 2**64 - 1))
def test_a_varint_is_what_protobuf_reads(value: int) -> None:
    assert TRACES.request.FromString(b"\x78" + varint(value)).SerializeToString() == b"\x78" + varint(value)
    message = Metric.FromString(b"\x0a" + varint(3) + b"abc")
    assert message.name == "abc"
