"""`Capture` and `reset`: what is recorded is seen, and forgotten."""

import logging
import os
import sys
from collections.abc import Callable

import httpx
import logfire
import pytest
from opentelemetry import baggage, context, metrics, propagate, trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import andiron.sdk.configure as configuration
from andiron.sdk.context import request_id
from andiron.testing import Capture, Receiver, RecordingTransport, Span, reset

pytestmark = pytest.mark.requirement("LF-08")

MODULE_TRACER = trace.get_tracer("a module's own")


def test_spans_of_logfire_and_opentelemetry(capture: Capture) -> None:
    with logfire.span("outer {shelf}", shelf=3), trace.get_tracer("shop").start_as_current_span("inner") as inner:
        inner.add_event("found", {"where": ("left", "right")})
    span = capture.span("outer {shelf}", shelf=3)
    child = capture.span("inner")
    assert (child.parent_id, child.trace_id, child.scope) == (span.span_id, span.trace_id, "shop")
    assert child.events == [("found", {"where": ["left", "right"]})]
    assert child.start <= child.end
    assert capture.tree() == "  outer {shelf}\n    inner"


def test_an_exception_within_a_span(capture: Capture) -> None:
    with pytest.raises(ZeroDivisionError), logfire.span("divide"):
        _ = 1 // 0
    span = capture.span("divide")
    assert span.status == "error"
    assert span.events[0][1]["exception.type"] == "ZeroDivisionError"
    assert capture.tree() == f"  divide ! {span.message}"


def test_metrics(capture: Capture) -> None:
    counter = metrics.get_meter("shop").create_counter("sold", unit="1")
    counter.add(2, {"item.kind": "poker"})
    counter.add(3, {"item.kind": "poker"})
    counter.add(1, {"item.kind": "grate"})
    logfire.metric_histogram("weight").record(7)
    assert capture.metric("sold").value(item_kind="poker") == 5
    assert capture.metric("weight").points == [({}, (1, 7))]
    with pytest.raises(AssertionError, match=r"2 points of sold have \{\}"):
        capture.metric("sold").value()


def test_an_application_that_configures_andiron_is_caught(capture: Capture) -> None:
    telemetry = configuration.configure(service="shop")
    logfire.info("hello")
    logging.getLogger("shop").warning("the cellar is flooded")
    assert capture.span("hello").resource["service.name"] == "shop"
    assert capture.log("cellar").severity == 13
    assert telemetry.settings.export is False
    assert telemetry.settings.spool == "memory"


def test_logs(capture: Capture) -> None:
    from opentelemetry._logs import LogRecord, SeverityNumber, get_logger

    with logfire.span("outer"):
        get_logger("shop").emit(
            LogRecord(body="the cellar is flooded", severity_number=SeverityNumber.WARN, attributes={"depth": 3})
        )
    log = capture.log("cellar", depth=3)
    assert (log.severity, log.scope) == (13, "shop")
    assert log.span_id == capture.span("outer").span_id


def test_a_wrong_question_is_answered_with_what_is_there(capture: Capture) -> None:
    for _ in range(2):
        logfire.info("twice")
    with pytest.raises(AssertionError, match=r"2 spans match 'twice'. Recorded:\n  twice\n  twice"):
        capture.span("twice")
    with pytest.raises(AssertionError, match="no metric matches 'sold'"):
        capture.metric("sold")
    capture.clear()
    assert capture.spans == []


def test_andiron_sends_to_the_otlp_server(otlp_server: Receiver) -> None:
    telemetry = configuration.configure(service="shop", flush_interval=0.01)
    with logfire.span("outer"):
        logfire.info("inner")
    telemetry.flush(5.0)
    otlp_server.wait(lambda server: len({span.name for span in server.spans}) == 2)
    assert {span.resource["service.name"] for span in otlp_server.spans} == {"shop"}
    assert all(request.key for request in otlp_server.requests)


def test_both_at_once(capture: Capture, otlp_server: Receiver) -> None:
    telemetry = configuration.configure(flush_interval=0.01)
    logfire.info("seen twice")
    telemetry.flush(5.0)
    otlp_server.wait(lambda server: server.spans)
    assert capture.span("seen twice").span_id == otlp_server.span("seen twice").span_id


def test_the_environment_is_clean_and_comes_back(
    andiron_env: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    andiron_env(ANDIRON_SERVICE="shop")
    assert os.environ["ANDIRON_SERVICE"] == "shop"
    andiron_env(ANDIRON_SERVICE=None)
    assert "ANDIRON_SERVICE" not in os.environ
    assert os.environ["ANDIRON_EXPORT"] == "false"


def test_mock_transport(mock_transport: RecordingTransport) -> None:
    def echo(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=request.content)

    mock_transport.then(httpx.Response(503), httpx.ConnectError("cut"), echo)
    with httpx.Client(transport=mock_transport) as client:
        assert client.get("http://shop.example").status_code == 503
        with pytest.raises(httpx.ConnectError):
            client.get("http://shop.example")
        assert client.post("http://shop.example", content=b"brass").content == b"brass"
        assert [client.get("http://shop.example").status_code for _ in range(2)] == [200, 200]
    assert len(mock_transport.requests) == 5


@pytest.mark.usefixtures("reset_telemetry")
class TestReset:
    def test_providers_may_be_set_again(self) -> None:
        for _ in range(2):
            kept = InMemorySpanExporter()
            provider = TracerProvider()
            provider.add_span_processor(SimpleSpanProcessor(kept))
            trace.set_tracer_provider(provider)
            MODULE_TRACER.start_span("mine").end()
            assert [span.name for span in kept.get_finished_spans()] == ["mine"]
            reset()
            MODULE_TRACER.start_span("nobody's").end()
            assert len(kept.get_finished_spans()) == 1
            provider.shutdown()

    def test_after_logfire_too(self) -> None:
        with Capture() as first:
            MODULE_TRACER.start_span("one").end()
        reset()
        with Capture() as second:
            MODULE_TRACER.start_span("two").end()
            logfire.info("three")
        assert [span.name for span in first.spans] == ["one"]
        assert [span.name for span in second.spans] == ["two", "three"]

    def test_everything_that_configure_left(self) -> None:
        handlers = list(logging.root.handlers)
        telemetry = configuration.configure(service="shop")
        request_id.set("r-1")
        context.attach(baggage.set_baggage("shelf", "3"))
        assert vars(configuration)["current"] is telemetry
        reset()
        assert vars(configuration)["current"] is None
        assert logging.root.handlers == handlers
        assert request_id.get() is None
        assert baggage.get_all() == {}
        assert sorted(propagate.get_global_textmap().fields) == ["baggage", "traceparent", "tracestate"]
        assert not trace.get_current_span().get_span_context().is_valid

    def test_handlers_of_the_application_stay(self) -> None:
        mine = logging.NullHandler()
        theirs = logfire.LogfireLoggingHandler()
        logger = logging.getLogger("shop")
        logger.addHandler(mine)
        logger.addHandler(theirs)
        reset()
        assert logger.handlers == [mine]
        logger.removeHandler(mine)


def test_a_span_reads_well() -> None:
    span = Span("s", {}, "1", "2", "", "internal", "unset", "", [], 0, 1, "", {}, None)
    assert repr(span).startswith("Span(name='s', attributes={}")


def test_the_plugin_is_cheap() -> None:
    import subprocess

    script = "import sys, andiron.testing.plugin; print([name for name in sys.modules if name.split('.')[0] in ('logfire', 'opentelemetry', 'httpx', 'pydantic')])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
