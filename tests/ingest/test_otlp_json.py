"""OTLP's JSON: Protobuf's own, but for ids in hex and enums that are numbers; what it does not know it ignores."""

import base64
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from google.protobuf import json_format
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from andiron.server.ingest.otlp_json import MalformedJson, from_json
from andiron.server.ingest.signals import LOGS, METRICS, TRACES, Signal
from tests.ingest.strategies import log_requests, metric_requests, trace_requests

pytestmark = pytest.mark.requirement("AN-01")

TRACE = "5b8efff798038103d269b633813fc60c"
SPAN = "eee19b7ec3c1b174"
IDS = {"traceId", "spanId", "parentSpanId"}
INTEGERS = {"intValue", "asInt", "startTimeUnixNano", "endTimeUnixNano", "timeUnixNano", "count", "zeroCount"}


def span(**fields: Any) -> Span:
    """The span that a JSON span of these fields becomes."""
    document = {"resourceSpans": [{"scopeSpans": [{"spans": [fields]}]}]}
    request = from_json(json.dumps(document).encode(), TRACES.request)
    parsed: Span = request.resource_spans[0].scope_spans[0].spans[0]
    return parsed


def value(**fields: Any) -> Any:
    """The value of an attribute of these JSON fields."""
    return span(attributes=[{"key": "k", "value": fields}]).attributes[0].value


def as_otlp_json(request: Any, *, snake: bool = False, numbers: bool = False, upper: bool = False) -> bytes:
    """A request as a sender of OTLP's JSON writes it."""
    document = json_format.MessageToDict(request, preserving_proto_field_name=snake, use_integers_for_enums=True)
    return json.dumps(respelled(document, numbers=numbers, upper=upper)).encode()


def respelled(node: Any, *, numbers: bool, upper: bool) -> Any:
    """With hex where Protobuf's JSON has base64, and with integers as numbers if so wished."""
    if isinstance(node, list):
        return [respelled(item, numbers=numbers, upper=upper) for item in node]
    if not isinstance(node, dict):
        return node
    out: dict[str, Any] = {}
    for key, held in node.items():
        name = re.sub("_(.)", lambda letter: letter[1].upper(), key)
        if name in IDS:
            text = base64.b64decode(held).hex()
            out[key] = text.upper() if upper else text
        elif numbers and name in INTEGERS:
            out[key] = int(held)
        else:
            out[key] = respelled(held, numbers=numbers, upper=upper)
    return out


@pytest.mark.parametrize("spell", [str.lower, str.upper])
def test_ids_are_hex_of_either_case(spell: Callable[[str], str]) -> None:
    parsed = span(
        traceId=spell(TRACE),
        spanId=spell(SPAN),
        parentSpanId=spell(SPAN),
        links=[{"traceId": spell(TRACE), "spanId": spell(SPAN)}],
    )
    assert parsed.trace_id.hex() == parsed.links[0].trace_id.hex() == TRACE
    assert parsed.span_id.hex() == parsed.parent_span_id.hex() == parsed.links[0].span_id.hex() == SPAN


def test_an_id_may_be_missing_null_or_empty() -> None:
    for fields in ({}, {"parentSpanId": None}, {"parentSpanId": ""}):
        assert span(spanId=SPAN, **fields).parent_span_id == b""


@pytest.mark.parametrize("number", [0, 1, -1, 2**53 + 1, 2**63 - 1, -(2**63)])
def test_64_bit_integers_are_text_or_numbers(number: int) -> None:
    assert value(intValue=number).int_value == value(intValue=str(number)).int_value == number


@pytest.mark.parametrize("number", [0, 1_544_712_660_000_000_000, 2**64 - 1])
def test_times_are_text_or_numbers(number: int) -> None:
    assert span(startTimeUnixNano=number).start_time_unix_nano == number
    assert span(startTimeUnixNano=str(number)).start_time_unix_nano == number


@pytest.mark.parametrize(
    ("spelling", "expected"),
    [
        (1, 1.0),
        (1.5, 1.5),
        ("1.5", 1.5),
        ("NaN", "nan"),
        ("Infinity", float("inf")),
        ("-Infinity", float("-inf")),
        (-0.0, -0.0),
    ],
)
def test_doubles_are_numbers_or_text(spelling: Any, expected: Any) -> None:
    assert str(value(doubleValue=spelling).double_value) == str(expected)


def test_enums_are_numbers_even_such_as_we_do_not_know() -> None:
    parsed = span(kind=3, status={"code": 2, "message": "no"})
    assert (parsed.kind, parsed.status.code) == (Span.SPAN_KIND_CLIENT, 2)
    assert span(kind=77).kind == 77


def test_bytes_of_attributes_are_base64() -> None:
    assert value(bytesValue=base64.b64encode(b"\0\xffbytes").decode()).bytes_value == b"\0\xffbytes"


def test_unknown_fields_are_ignored_at_every_level() -> None:
    unknown: dict[str, Any] = {"new": {"deep": [1, {"er": None}]}, "alsoNew": "x"}
    resource = {"attributes": [{"key": "k", "value": {"stringValue": "v"}, **unknown}], **unknown}
    scope = {"scope": {"name": "s", **unknown}, "spans": [{"name": "n", **unknown}], **unknown}
    document: dict[str, Any] = {"resourceSpans": [{"resource": resource, "scopeSpans": [scope], **unknown}], **unknown}
    known = TRACES.request()
    group = known.resource_spans.add()
    group.resource.attributes.add(key="k").value.string_value = "v"
    spans = group.scope_spans.add()
    spans.scope.name = "s"
    spans.spans.add(name="n")
    assert from_json(json.dumps(document).encode(), TRACES.request) == known


def test_a_key_that_is_called_like_an_id_is_no_id() -> None:
    parsed = value(kvlistValue={"values": [{"key": "traceId", "value": {"stringValue": "not hex"}}]})
    assert parsed.kvlist_value.values[0].value.string_value == "not hex"


@pytest.mark.parametrize(
    "body", [b"{}", b" { } ", b'{"resourceSpans": []}', b'{"resourceSpans": null}', '{"é": "\\u00e9"}'.encode()]
)
def test_a_document_without_records_is_empty(body: bytes) -> None:
    assert from_json(body, TRACES.request) == TRACES.request()


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "not JSON: Expecting value"),
        (b"{", "not JSON"),
        (b'{"resourceSpans": [}', "column 20"),
        (b"\xff\xfe\xfd", "not JSON"),
        (b'{"a": "\xc3"}', "not JSON"),
        (b"[]", "no object"),
        (b"null", "no object"),
        (b'"text"', "no object"),
        (b'{"resourceSpans": 7}', "resourceSpans"),
        (b'{"resourceSpans": {"scopeSpans": []}}', "resourceSpans"),
        (
            b'{"resourceSpans": [{"scopeSpans": [{"spans": [{"traceId": "xyz"}]}]}]}',
            "traceId is not hexadecimal: 'xyz'",
        ),
        (b'{"resourceSpans": [{"scopeSpans": [{"spans": [{"span_id": "abc"}]}]}]}', "span_id is not hexadecimal"),
        (b'{"resourceSpans": [{"scopeSpans": [{"spans": [{"traceId": 7}]}]}]}', "traceId"),
        (b'{"resourceSpans": [{"scopeSpans": [{"spans": [{"traceId": ["00"]}]}]}]}', "traceId"),
        (b'{"resourceSpans": [{"scopeSpans": [{"spans": [{"startTimeUnixNano": "soon"}]}]}]}', "startTimeUnixNano"),
        (b'{"resourceSpans": [{"scopeSpans": [{"spans": [{"startTimeUnixNano": -1}]}]}]}', "startTimeUnixNano"),
        (b'{"resourceSpans": [{"scopeSpans": [{"spans": [{"startTimeUnixNano": 1.5}]}]}]}', "startTimeUnixNano"),
        (b'{"resourceSpans": [{"scopeSpans": [{"spans": [{"name": 7}]}]}]}', "name"),
        (b'{"resourceSpans": [{"scopeSpans": [{"spans": [{"name": "\\ud800"}]}]}]}', "name"),
        (b'{"resourceSpans": [{"scopeSpans": [{"spans": [{"kind": {}}]}]}]}', "kind"),
        (b"[" * 100_000, "not JSON"),
        (b'{"a":' * 100_000, "not JSON"),
        (b'{"resourceSpans": ' + b"[" * 300 + b"]" * 300 + b"}", "resourceSpans"),
        (b'{"a": ' + b"9" * 5000 + b"}", "not JSON"),
    ],
)
def test_what_is_malformed_is_refused_with_the_place(body: bytes, says: str) -> None:
    with pytest.raises(MalformedJson) as refused:
        from_json(body, TRACES.request)
    assert says in str(refused.value)
    assert len(str(refused.value)) < 600


@pytest.mark.parametrize(
    ("field", "number"),
    [("intValue", 2**63), ("intValue", str(2**63)), ("intValue", -(2**63) - 1), ("intValue", "1e400")],
)
def test_an_integer_that_is_too_large_is_refused(field: str, number: Any) -> None:
    with pytest.raises(MalformedJson, match="intValue"):
        value(**{field: number})


def test_two_kinds_of_one_value_are_refused() -> None:
    with pytest.raises(MalformedJson, match="value"):
        value(intValue=1, stringValue="1")


def test_nesting_beyond_protobufs_own_bound_is_refused() -> None:
    deep: dict[str, Any] = {"intValue": 1}
    for _ in range(200):
        deep = {"arrayValue": {"values": [deep]}}
    with pytest.raises(MalformedJson):
        value(**deep)


requests = st.one_of(
    st.tuples(st.just(TRACES), trace_requests),
    st.tuples(st.just(LOGS), log_requests),
    st.tuples(st.just(METRICS), metric_requests),
)


@given(requests, st.sets(st.sampled_from(["snake", "numbers", "upper"])))
def test_json_and_protobuf_of_one_request_are_the_same_message(sent: tuple[Signal, Any], ways: set[str]) -> None:
    signal, request = sent
    body = as_otlp_json(request, **dict.fromkeys(ways, True))
    parsed = from_json(body, signal.request)
    assert parsed.SerializeToString(deterministic=True) == request.SerializeToString(deterministic=True)
