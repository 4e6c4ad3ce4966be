"""The encoder says what the official one says, and what the official one cannot say."""

import enum
import itertools
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from opentelemetry._logs import SeverityNumber
from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, TraceState

from andiron.delivery.encode import Encoder
from andiron.delivery.values import decoded
from tests.delivery import otlp

pytestmark = pytest.mark.requirement("CL-08")


@given(otlp.spans())
def test_spans_are_what_the_official_encoder_makes(spans: list[ReadableSpan]) -> None:
    encoder = Encoder(None)
    expected = encode_spans(spans)
    for _ in range(2):  # the second time from memory
        request = ExportTraceServiceRequest.FromString(encoder.traces(spans))
        for span in otlp.spans_in(request.SerializeToString()):
            assert span.trace_id
        for resource in request.resource_spans:
            for span in itertools.chain.from_iterable(scope.spans for scope in resource.scope_spans):
                for link in span.links:
                    link.ClearField("trace_state")  # which the official encoder leaves out
        # As bytes, since NaN equals nothing.
        assert request.SerializeToString() == expected.SerializeToString()
    assert encoder.failed == encoder.truncated == 0


@given(otlp.logs)
def test_logs_are_what_the_official_encoder_makes(logs: list[ReadableLogRecord]) -> None:
    encoder = Encoder(None)
    expected = encode_logs(logs).SerializeToString()
    for _ in range(2):
        assert ExportLogsServiceRequest.FromString(encoder.logs(logs)).SerializeToString() == expected
    assert encoder.failed == encoder.truncated == 0


def test_one_memory_does_not_take_one_value_for_an_equal_one() -> None:
    encoder = Encoder(None)
    for value in (1, True, 1.0, "1", 0, False, 0.0, -0.0):
        [span] = otlp.spans_in(encoder.traces([otlp.a_span({"k": value})]))
        found = otlp.read(span.attributes)["k"]
        assert (type(found), repr(found)) == (type(value), repr(value))


def test_a_full_memory_starts_anew() -> None:
    encoder = Encoder(None)
    for n in range(3):
        spans = [otlp.a_span({"k": f"{n}-{m}", f"{n}-{m}": m}, name=f"{n}/{m}") for m in range(5_000)]
        for m, span in enumerate(otlp.spans_in(encoder.traces(spans))):
            assert (span.name, otlp.read(span.attributes)) == (f"{n}/{m}", {"k": f"{n}-{m}", f"{n}-{m}": m})


def test_no_other_owner_comes_to_the_place_of_one_that_is_gone() -> None:
    encoder = Encoder(None)
    for n in range(600):
        owners: dict[str, Any] = {
            "resource": Resource({"n": n}),
            "instrumentation_scope": InstrumentationScope(f"s{n}"),
        }
        request = ExportTraceServiceRequest.FromString(encoder.traces([otlp.a_span(**owners)]))
        [resource] = request.resource_spans
        assert otlp.read(resource.resource.attributes) == {"n": n}
        assert resource.scope_spans[0].scope.name == f"s{n}"


def test_nothing_gives_an_empty_request() -> None:
    assert Encoder(None).traces([]) == Encoder(None).logs([]) == b""


def test_the_state_of_a_linked_trace_is_kept() -> None:
    linked = SpanContext(3, 4, is_remote=True, trace_state=TraceState([("vendor", "x")]))
    [span] = otlp.spans_in(Encoder(None).traces([otlp.a_span(links=[Link(linked)])]))
    assert span.links[0].trace_state == "vendor=x"


def test_a_subclass_decides_what_its_attributes_are() -> None:
    class Other(ReadableSpan):
        @property
        def attributes(self) -> dict[str, str]:
            return {"mine": "yes"}

    span = Other("other", SpanContext(1, 2, is_remote=False), resource=otlp.RESOURCES[0], attributes={"mine": "no"})
    [found] = otlp.spans_in(Encoder(None).traces([span]))
    assert otlp.read(found.attributes) == {"mine": "yes"}


def test_a_log_of_an_older_sdk() -> None:
    record = SimpleNamespace(
        timestamp=otlp.EPOCH,
        observed_timestamp=None,
        trace_id=5,
        span_id=6,
        trace_flags=None,
        severity_text="WARN",
        severity_number=SeverityNumber.WARN,
        body="hello",
        attributes={"k": 1},
        dropped_attributes=3,
        resource=Resource({"service.name": "old"}),
    )
    data = SimpleNamespace(log_record=record, instrumentation_scope=InstrumentationScope("s"))
    body = Encoder(None).logs([data])
    [log] = otlp.logs_in(body)
    assert (log.body.string_value, log.severity_number, log.dropped_attributes_count) == ("hello", 13, 3)
    assert (log.trace_id, log.span_id) == ((5).to_bytes(16, "big"), (6).to_bytes(8, "big"))
    resource = ExportLogsServiceRequest.FromString(body).resource_logs[0]
    assert otlp.read(resource.resource.attributes) == {"service.name": "old"}
    assert resource.scope_logs[0].scope.name == "s"


class Colour(enum.StrEnum):
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 3


class Broken:
    def __str__(self) -> str:
        raise RuntimeError("no")


class Words(str):
    __slots__ = ()

    def __str__(self) -> str:
        return "something else"


LOOP: list[Any] = [1]
LOOP.append(LOOP)
ROUND: dict[str, Any] = {"a": 1}
ROUND["b"] = [ROUND]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (b"\xff", b"\xff"),
        (bytearray(b"ab"), b"ab"),
        (2**63 - 1, 2**63 - 1),
        (2**63, "9223372036854775808"),
        (-(2**63) - 1, "-9223372036854775809"),
        (10**5000, hex(10**5000)),
        ("a\ud800b", "a?b"),
        (["a\udfff", {"k\ud800": None}], ["a?", {"k?": None}]),
        (Colour.RED, "red"),
        (Level.HIGH, 3),
        (Words("mine"), "mine"),
        (np.float64(1.5), 1.5),
        (np.float32(0.5), 0.5),
        (np.int64(-7), -7),
        (np.bool_(True), True),
        (np.array([[1, 2], [3, 4]]), [[1, 2], [3, 4]]),
        ({3: {"x": (1, 2)}}, {"3": {"x": [1, 2]}}),
        ({"one"}, ["one"]),
        (range(3), [0, 1, 2]),
        (1 + 2j, "(1+2j)"),
        (Broken(), "<Broken>"),
        ([Broken(), 1], ["<Broken>", 1]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_values_of_any_type(value: Any, expected: Any) -> None:
    encoder = Encoder(None)
    [span] = otlp.spans_in(encoder.traces([otlp.a_span({"k": value})]))
    [log] = otlp.logs_in(encoder.logs([otlp.a_log(value, {"k": value})]))
    assert otlp.read(span.attributes) == otlp.read(log.attributes) == {"k": expected}
    if not isinstance(value, Words | Colour):
        assert decoded(log.body) == expected
    assert encoder.failed == 0


def test_not_a_number_is_one_of_the_numbers() -> None:
    [span] = otlp.spans_in(Encoder(None).traces([otlp.a_span({"k": [float("nan"), float("inf")]})]))
    assert repr(otlp.read(span.attributes)["k"]) == "[nan, inf]"


def test_values_that_have_no_end() -> None:
    wide: list[Any] = []
    wide.extend([wide] * 10)
    encoder = Encoder(None)
    spans = otlp.spans_in(encoder.traces([otlp.a_span({"k": value}) for value in (LOOP, ROUND, wide, range(10**15))]))
    assert otlp.read(spans[0].attributes)["k"][1][1][0] == 1
    assert otlp.read(spans[1].attributes)["k"]["b"][0]["b"][0]["a"] == 1
    assert len(spans) == 4
    assert all(span.ByteSize() <= 65_536 for span in spans)
    assert encoder.failed == 0


def test_keys_of_any_type() -> None:
    given: dict[Any, int] = {1: 1, None: 2, "\ud800": 3, "": 4, ("a",): 5}
    [span] = otlp.spans_in(Encoder(None).traces([otlp.a_span(given)]))
    assert otlp.read(span.attributes) == {"1": 1, "None": 2, "?": 3, "": 4, "['a']": 5}


@pytest.mark.parametrize(
    "fields",
    [
        {"context": None},
        {"kind": "server"},
        {"events": [Event("e", {}, timestamp=-1)]},
        {"links": [None]},
        {"status": "bad"},
        {"parent": SpanContext(1, 2**64, is_remote=False)},
        {"events": 5},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_a_span_that_cannot_be_encoded_goes_out_reduced(fields: dict[str, Any]) -> None:
    encoder = Encoder(None)
    good = otlp.a_span({"k": 1})
    first, bad, last = otlp.spans_in(encoder.traces([good, otlp.a_span({"k": 1}, **fields), good]))
    assert first == last
    assert (bad.name, bad.start_time_unix_nano, bad.end_time_unix_nano) == ("work", otlp.EPOCH, otlp.EPOCH + 5)
    if "context" not in fields:
        assert (bad.trace_id, bad.span_id) == (first.trace_id, first.span_id)
    found = otlp.read(bad.attributes)
    assert found["k"] == 1
    assert "rror: " in found["andiron.encode_error"]
    assert encoder.failed == 1


@pytest.mark.parametrize("fields", [{"severity_number": 99}, {"severity_number": "high"}, {"trace_id": "x"}], ids=repr)
def test_a_log_that_cannot_be_encoded_goes_out_reduced(fields: dict[str, Any]) -> None:
    encoder = Encoder(None)
    log = otlp.a_log("text", {"k": 1})
    for name, value in fields.items():
        setattr(log.log_record, name, value)
    [found] = otlp.logs_in(encoder.logs([log]))
    assert (found.time_unix_nano, found.body.string_value) == (otlp.EPOCH, "text")
    assert otlp.read(found.attributes)["k"] == 1
    assert "andiron.encode_error" in otlp.read(found.attributes)
    assert encoder.failed == 1


def test_what_is_no_record_at_all_raises_nothing() -> None:
    encoder = Encoder(None)
    assert len(otlp.spans_in(encoder.traces([None, 5, Broken()]))) == 3  # type: ignore[list-item]
    assert len(otlp.logs_in(encoder.logs([None, 5, Broken()]))) == 3
    assert encoder.failed == 6


def test_a_limit_that_leaves_no_room_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 8,192 bytes"):
        Encoder(None, limit=100)
