"""Nothing that the rules forbid leaves the encoder, wherever in a record it stands."""

from typing import Any

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader, MetricsData
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, Status, StatusCode

from andiron.delivery.encode import Encoder
from andiron.redaction import Redactor
from tests.delivery import otlp

pytestmark = pytest.mark.requirement("CL-12")

MAIL = "anna.berg@example.com"
TEXT = f"mail to {MAIL} bounced"
GIVEN: dict[str, Any] = {
    "note": TEXT,
    "password": "hunter2",
    "nested": {"list": [TEXT, {"token": "hunter2"}]},
    "json": f'{{"to": "{MAIL}"}}',
    "odd": Exception(TEXT),
    "exception.message": TEXT,
    "exception.stacktrace": f'File "/home/x/a.py", line 1\nValueError: {TEXT}',
}
RESOURCE = Resource({"owner": MAIL, "service.name": "shop"})
SCOPE = InstrumentationScope("web", attributes={"owner": MAIL})


def no_secret_in(body: bytes, message: Any) -> None:
    texts = list(otlp.strings(message))
    assert texts
    assert [text for text in texts if MAIL in text or "hunter2" in text] == []
    assert MAIL.encode() not in body


def test_spans() -> None:
    encoder = Encoder(Redactor())
    span = otlp.a_span(
        GIVEN,
        name=TEXT,
        resource=RESOURCE,
        instrumentation_scope=SCOPE,
        events=[Event(TEXT, GIVEN, otlp.EPOCH)],
        links=[Link(SpanContext(3, 4, is_remote=False), GIVEN)],
        status=Status(StatusCode.ERROR, TEXT),
    )
    for _ in range(2):  # the second time from memory
        body = encoder.traces([span])
        no_secret_in(body, ExportTraceServiceRequest.FromString(body))
        [found] = otlp.spans_in(body)
        assert found.name.startswith("mail to ")
        assert "service.name" in str(ExportTraceServiceRequest.FromString(body))
        assert otlp.read(found.events[0].attributes)["exception.message"].endswith(" bounced")
    assert encoder.failed == 0


@pytest.mark.parametrize(
    "body", [TEXT, {"a": [TEXT], "password": "hunter2"}, [TEXT, (TEXT,)], Exception(TEXT)], ids=repr
)
def test_logs(body: Any) -> None:
    encoder = Encoder(Redactor())
    log = ReadableLogRecord(otlp.a_log(body, GIVEN, event_name=TEXT).log_record, RESOURCE, SCOPE)
    for _ in range(2):
        made = encoder.logs([log])
        no_secret_in(made, ExportLogsServiceRequest.FromString(made))
    assert encoder.failed == 0


def metrics_with(attributes: dict[str, Any]) -> MetricsData:
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader], RESOURCE, shutdown_on_exit=False)
    meter = provider.get_meter("m", attributes={"owner": MAIL})
    meter.create_counter("c").add(1, attributes)
    meter.create_histogram("h").record(1.5, attributes)
    data = reader.get_metrics_data()
    assert data is not None
    return data


def test_metrics() -> None:
    encoder = Encoder(Redactor())
    body = encoder.metrics(metrics_with({"note": TEXT, "password": "hunter2", "n": 3}))
    request = ExportMetricsServiceRequest.FromString(body)
    no_secret_in(body, request)
    counter, histogram = request.resource_metrics[0].scope_metrics[0].metrics
    assert (counter.sum.data_points[0].as_int, histogram.histogram.data_points[0].sum) == (1, 1.5)
    assert otlp.read(counter.sum.data_points[0].attributes)["n"] == 3
    assert encoder.failed == 0


def test_metrics_without_a_redactor_are_as_they_were() -> None:
    body = Encoder(None).metrics(metrics_with({"note": TEXT}))
    assert MAIL.encode() in body


def test_a_metric_that_cannot_be_encoded_takes_no_other_with_it() -> None:
    data = metrics_with({})
    bad = data.resource_metrics[0].scope_metrics[0].metrics[0]
    object.__setattr__(bad, "name", 5)
    encoder = Encoder(None)
    request = ExportMetricsServiceRequest.FromString(encoder.metrics(data))
    assert [m.name for r in request.resource_metrics for s in r.scope_metrics for m in s.metrics] == ["h"]
    assert encoder.failed == 1


def test_attributes_that_are_not_on_the_list_are_left_out() -> None:
    encoder = Encoder(Redactor(only=["note"]))
    span, empty = otlp.spans_in(encoder.traces([otlp.a_span({"note": "x", "other": "y"}), otlp.a_span({"other": "y"})]))
    assert otlp.read(span.attributes) == {"note": "x"}
    assert otlp.read(empty.attributes) == {}
    metrics = ExportMetricsServiceRequest.FromString(encoder.metrics(metrics_with({"note": "x", "other": "y"})))
    point = metrics.resource_metrics[0].scope_metrics[0].metrics[0].sum.data_points[0]
    assert otlp.read(point.attributes) == {"note": "x"}


def test_an_error_and_a_body_tell_of_themselves_whatever_the_list() -> None:
    encoder = Encoder(Redactor(only=["note"]))
    span = otlp.a_span({}, events=[Event("exception", {"exception.message": TEXT, "other": "y"}, otlp.EPOCH)])
    found = otlp.read(otlp.spans_in(encoder.traces([span]))[0].events[0].attributes)
    assert found.keys() == {"exception.message"}
    assert MAIL not in found["exception.message"]
    [text, mapping] = otlp.logs_in(encoder.logs([otlp.a_log("words"), otlp.a_log({"note": "x"})]))
    assert text.body.string_value == "words"
    assert mapping.body.WhichOneof("value") is not None


class Failing:
    """A redactor with a defect."""

    def text(self, value: str) -> str:
        raise ValueError(len(value))

    stacktrace = text

    def attribute(self, key: str, value: Any) -> Any:
        raise RecursionError(key, type(value))


def test_what_cannot_be_redacted_does_not_go_out() -> None:
    encoder = Encoder(Failing())
    body = encoder.traces([otlp.a_span(GIVEN, name=TEXT, resource=RESOURCE)])
    no_secret_in(body, ExportTraceServiceRequest.FromString(body))
    [span] = otlp.spans_in(body)
    assert span.start_time_unix_nano == otlp.EPOCH
    assert set(otlp.read(span.attributes).items()) >= {("[withheld: redaction failed]",) * 2}
    body = encoder.logs([otlp.a_log(TEXT, GIVEN), otlp.a_log({"a": TEXT})])
    no_secret_in(body, ExportLogsServiceRequest.FromString(body))
    assert encoder.failed == 3
    body = encoder.metrics(metrics_with({"note": TEXT}))
    no_secret_in(body, ExportMetricsServiceRequest.FromString(body))
    assert encoder.failed == 4


def test_the_reason_of_a_reduced_record_is_redacted() -> None:
    class Telling:
        @property
        def context(self) -> None:
            raise ValueError(TEXT)

    encoder = Encoder(Redactor())
    body = encoder.traces([Telling()])  # type: ignore[list-item]
    no_secret_in(body, ExportTraceServiceRequest.FromString(body))
    assert otlp.read(otlp.spans_in(body)[0].attributes)["andiron.encode_error"].startswith("ValueError: mail to ")


def test_no_secret_stays_in_memory() -> None:
    encoder = Encoder(Redactor())
    encoder.traces([otlp.a_span(GIVEN, name=TEXT)])
    encoder.logs([otlp.a_log(TEXT)])
    assert MAIL not in repr(vars(encoder._attributes))
    assert "hunter2" not in repr(vars(encoder._attributes))
