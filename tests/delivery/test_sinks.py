"""Sinks and loggers for applications that use neither logging nor OpenTelemetry."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider

import andiron.delivery
from andiron.delivery import (
    BackendLogSink,
    DiskQueue,
    Level,
    LogfireExporter,
    Logger,
    LogRecord,
    LogSanitizer,
    LogSink,
    MemorySink,
    OtelSink,
    ProxyExporter,
)
from andiron.testing.receiver import Answer, Receiver

METHODS = ["trace", "debug", "info", "warning", "error", "fatal"]


@pytest.fixture
def server() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.mark.requirement("CL-01")
@pytest.mark.parametrize("method", METHODS)
def test_every_method_takes_attributes_and_an_error_and_needs_neither(method: str) -> None:
    sink = MemorySink()
    log = Logger("app", [sink])
    error = ValueError("no")
    getattr(log, method)("plain")
    getattr(log, method)("with both", attributes={"user_id": 7}, error=error)
    plain, both = sink.records
    assert (plain.message, dict(plain.attributes), plain.error) == ("plain", {}, None)
    assert (both.attributes, both.error, both.logger) == ({"user_id": 7}, error, "app")
    assert plain.level is Level.named(method)


@pytest.mark.requirement("CL-01")
def test_a_record_shows_its_attributes() -> None:
    assert str(LogRecord("saved", logger="app")) == "[INFO] app: saved"
    shown = str(LogRecord("failed", Level.ERROR, "app", {"form": "order"}, ValueError("no")))
    assert shown == "[ERROR] app: failed {'form': 'order'} ! ValueError: no"


def test_a_logger_below_its_level_writes_nothing_and_a_caller_may_change_its_dict() -> None:
    sink = MemorySink()
    log = Logger("app", [sink], level=Level.WARN)
    attributes = {"n": 1}
    log.info("quiet")
    log.warning("loud", attributes=attributes)
    attributes["n"] = 2
    assert [record.attributes["n"] for record in sink.records] == [1]


@pytest.mark.requirement("CL-26")
def test_a_record_knows_the_active_span() -> None:
    sink = MemorySink()
    with TracerProvider(shutdown_on_exit=False).get_tracer("t").start_as_current_span("around") as span:
        Logger("app", [sink]).info("within")
    context = span.get_span_context()
    assert (sink.records[0].trace_id, sink.records[0].span_id) == (context.trace_id, context.span_id)


@pytest.mark.requirement("CL-19")
def test_a_memory_sink_keeps_the_last_and_tells_who_listens() -> None:
    sink = MemorySink(capacity=3)
    heard: list[str] = []
    end = sink.listen(lambda record: heard.append(record.message))
    sink.listen(lambda record: 1 / 0)  # type: ignore[arg-type]  # a viewer that breaks
    for number in range(5):
        sink.write(LogRecord(str(number)))
    end()
    sink.write(LogRecord("5"))
    assert [record.message for record in sink.records] == ["3", "4", "5"]
    assert heard == ["0", "1", "2", "3", "4"]
    sink.clear()
    assert sink.records == []
    assert sink.flush()


@pytest.mark.requirement("CL-02")
def test_a_sink_owns_batching_an_exporter_owns_transport(server: Receiver) -> None:
    sink = OtelSink(
        LogfireExporter(server.url, "token"), {"service.name": "tablet", "os.name": "linux"}, flush_interval=1000
    )
    log = Logger("app.forms", [sink])
    log.info("opened", attributes={"form": "order", "fields": 12})
    log.error("not saved", error=ValueError("mail bob@example.com"))
    assert sink.flush(10)
    sink.close(5)
    opened, failed = sorted(server.logs, key=lambda each: each.severity)
    assert (opened.body, opened.attributes, opened.scope) == ("opened", {"form": "order", "fields": 12}, "app.forms")
    assert opened.resource == {"service.name": "tablet", "os.name": "linux"}
    assert failed.attributes["exception.type"] == "ValueError"
    assert failed.attributes["exception.message"] == "mail [redacted:email]"
    assert {request.headers["authorization"] for request in server.requests} == {"token"}


@pytest.mark.requirement("CL-05")
def test_the_numbers_of_the_promise_are_the_defaults(server: Receiver) -> None:
    sink = OtelSink(LogfireExporter(server.url))
    pipeline = sink.pipeline
    assert (pipeline.queue.most, pipeline.queue.batch, pipeline._interval) == (1024, 256, 30.0)
    sink.close(0)


@pytest.mark.requirement("CL-09")
def test_a_backend_sink_keeps_what_could_not_be_sent(tmp_path: Path, server: Receiver) -> None:
    server.answer = Answer.UNAVAILABLE
    first = BackendLogSink(ProxyExporter(server.url, "session"), tmp_path / "queue")
    Logger("app", [first]).error("kept")
    first.close(0)
    server.answer = Answer.OK
    second = BackendLogSink(ProxyExporter(server.url, "session"), DiskQueue(tmp_path / "queue"))
    assert second.flush(10)
    second.pipeline.sender.wake()
    server.wait(lambda receiver: receiver.logs)
    second.close(5)
    assert [log.body for log in server.logs] == ["kept"]
    assert {request.path for request in server.taken} == {"/api/v1/telemetry/logs"}


@pytest.mark.requirement("CL-07")
def test_a_fatal_answer_is_told_by_the_callback(server: Receiver) -> None:
    told: list[Any] = []
    server.answer = Answer.UNAUTHORIZED
    sink = OtelSink(LogfireExporter(server.url, "bad"), on_fatal=told.append)
    sink.write(LogRecord("x", Level.ERROR))
    sink.flush(10)
    sink.close(0)
    assert [result.status for result in told] == [401]


@pytest.mark.requirement("CL-12")
def test_a_sanitizer_leaves_nothing_that_must_not_be_kept() -> None:
    try:
        raise ValueError("call bob@example.com")
    except ValueError as error:
        record = LogRecord("password=hunter22 for bob@example.com", attributes={"token": "abc", "n": 1}, error=error)
    clean = LogSanitizer()(record)
    assert "hunter22" not in str(clean)
    assert "bob@example.com" not in str(clean)
    assert (clean.attributes["token"], clean.attributes["n"], clean.error) == ("[redacted:secret]", 1, None)
    assert "bob@example.com" not in clean.attributes["exception.stacktrace"]


def test_a_record_that_cannot_be_converted_hurts_nobody(server: Receiver) -> None:
    sink = OtelSink(LogfireExporter(server.url))
    sink.write(LogRecord("x", level=99))  # type: ignore[arg-type]  # that is the point
    assert sink.pipeline.report()["errors"] == 1
    sink.close(0)


def test_every_public_name_is_there() -> None:
    for name in andiron.delivery._PUBLIC:
        assert getattr(andiron.delivery, name).__name__ in (name, "Spool")
    for sink in (MemorySink(),):
        assert isinstance(sink, LogSink)
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        _ = andiron.delivery.Nothing
