"""Requests of all three signals, made by OpenTelemetry's own SDK and encoder, with a secret in every place that can hold one."""

from typing import Any

from google.protobuf.message import Message
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Link, SpanContext, Status, StatusCode

MAIL = "bob@example.com"
SECRET = "hunter2"
ATTRIBUTES: dict[str, Any] = {
    "mail": MAIL,
    "user.password": SECRET,
    "pin": 4711,
    "password.set": True,
    "list": [MAIL, "x"],
    "payload": '{"password": "hunter2", "n": 1}',
    "server.address": "10.1.1.1",
    "client.address": "10.1.1.2",
    "code.filepath": "/home/bob/app.py",
    "n": 2**60,
    "ratio": 0.5,
}
HIDDEN = (MAIL, SECRET, "4711", "10.1.1.2", "/home/bob")
"""None of these may be in what comes out."""


def requests(service: str) -> dict[str, Message]:
    """An export request a signal."""
    resource = Resource({"service.name": service, "owner": MAIL})
    spans, logs, reader = InMemorySpanExporter(), InMemoryLogRecordExporter(), InMemoryMetricReader()  # type: ignore[no-untyped-call]
    tracing = TracerProvider(resource=resource)
    tracing.add_span_processor(SimpleSpanProcessor(spans))
    link = Link(SpanContext(1, 2, is_remote=True), {"mail": MAIL})
    with tracing.get_tracer("app", attributes={"mail": MAIL}).start_as_current_span(
        f"mail to {MAIL}", attributes=ATTRIBUTES, links=[link], record_exception=False, set_status_on_exception=False
    ) as span:
        span.add_event(f"sent to {MAIL}", ATTRIBUTES)
        span.set_status(Status(StatusCode.ERROR, f"password={SECRET}"))
        logging = LoggerProvider(resource=resource)
        logging.add_log_record_processor(SimpleLogRecordProcessor(logs))
        body: dict[str, Any] = {"text": f"mail to {MAIL}", "token": SECRET, "nested": {"list": [MAIL]}}
        for each in (f"mail to {MAIL}", body):
            logging.get_logger("app").emit(
                LogRecord(
                    timestamp=1_900_000_000_000_000_000,
                    severity_number=SeverityNumber.INFO,
                    body=each,
                    attributes=ATTRIBUTES,
                )
            )
        metering = MeterProvider([reader], resource=resource)
        counter = metering.get_meter("app").create_counter("mails", description=f"to {MAIL}")
        counter.add(1, {"mail": MAIL, "user.password": SECRET})
        histogram = metering.get_meter("app").create_histogram("sizes")
        histogram.record(5, {"mail": MAIL})
    data = reader.get_metrics_data()
    assert data is not None
    result: dict[str, Message] = {
        "traces": encode_spans(spans.get_finished_spans()),
        "logs": encode_logs(logs.get_finished_logs()),
        "metrics": encode_metrics(data),
    }
    tracing.shutdown()
    logging.shutdown()
    metering.shutdown()
    return result
