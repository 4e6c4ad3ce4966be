"""Whole requests: in Python in place, and by Vector's program, with the same result."""

from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.message import Message
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from andiron.redaction import Redactor, redactor
from andiron.redaction.payload import payload
from tests.redaction.engines import transform
from tests.redaction.requests import HIDDEN, requests

pytestmark = pytest.mark.requirement("CL-12")


def event(message: Message) -> dict[str, Any]:
    """As Vector's source gives it: the request in the names of OTLP's JSON."""
    decoded: dict[str, Any] = MessageToDict(message, use_integers_for_enums=True)
    return decoded


@pytest.fixture(params=["traces", "logs", "metrics"])
def request_of_a_signal(request: pytest.FixtureRequest) -> Message:
    message: Message = requests("shop")[request.param]
    return message


def test_nothing_hidden_is_left(request_of_a_signal: Message) -> None:
    before = str(request_of_a_signal)
    assert HIDDEN[0] in before
    payload(request_of_a_signal, redactor)
    after = str(request_of_a_signal)
    assert [each for each in HIDDEN if each in after] == []
    assert after.count("[redacted:email]") >= 2
    assert "10.1.1.1" in after or "10.1.1.1" not in before


def test_nothing_else_changes(request_of_a_signal: Message) -> None:
    """Numbers, times, ids and kinds are as they were: with the marks put back, the request is the one that came."""
    before = type(request_of_a_signal).FromString(request_of_a_signal.SerializeToString())
    payload(request_of_a_signal, Redactor(allow=["*"]))
    changed = str(request_of_a_signal)
    assert before != request_of_a_signal
    for mark, was in (("[redacted:email]", HIDDEN[0]), ("password=[redacted:secret]", "password=hunter2")):
        changed = changed.replace(mark, was)
    if "body" in str(before):
        changed = changed.replace('"[redacted:secret]"', '"hunter2"')
    assert changed == str(before)


@pytest.mark.requirement("LF-06")
def test_vector_and_python_agree(request_of_a_signal: Message) -> None:
    by_vector = ParseDict(transform().remap(event(request_of_a_signal)), type(request_of_a_signal)())
    payload(request_of_a_signal, redactor)
    assert by_vector == request_of_a_signal


def test_only_some_attributes() -> None:
    message = requests("shop")["traces"]
    payload(message, Redactor(only=["n", "list"]))
    span = message.resource_spans[0].scope_spans[0].spans[0]  # type: ignore[attr-defined]
    assert [pair.key for pair in span.attributes] == ["list", "server.address", "n"]


def test_exemplars() -> None:
    message = ExportMetricsServiceRequest()
    point = message.resource_metrics.add().scope_metrics.add().metrics.add(name="m").sum.data_points.add()
    point.exemplars.add().filtered_attributes.add(key="mail").value.string_value = HIDDEN[0]
    assert HIDDEN[0] not in str(transform().remap(event(message)))
    payload(message, redactor)
    assert point.exemplars[0].filtered_attributes[0].value.string_value == "[redacted:email]"
