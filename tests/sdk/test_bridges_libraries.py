"""What each library has of its own: structlog's processors, loguru's bound context, the spans and schemas of Logfire."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import logfire
import loguru
import pytest
import structlog
from logfire.testing import SeededRandomIdGenerator
from opentelemetry import _logs as api

from andiron.delivery.levels import Level
from andiron.sdk.bridges.logfire import LogLines, SpanLines
from andiron.sdk.bridges.loguru import configure_loguru
from andiron.sdk.bridges.stdlib import TelemetryHandler
from andiron.sdk.bridges.structlog import JsonRenderer, TelemetryProcessor
from andiron.sdk.bridges.telemetry import Telemetry
from andiron.sdk.jsonlog import JsonLines
from tests.sdk.bridged import VALIDATOR, World, json_handler, logger_with


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture(autouse=True)
def libraries() -> Iterator[None]:
    """structlog and loguru as they were."""
    yield
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    loguru.logger.remove()


# --- structlog


def test_structlog_tells_what_its_processors_found(world: World) -> None:
    structlog.contextvars.bind_contextvars(tenant="acme")
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.TimeStamper(fmt=None),
            structlog.processors.CallsiteParameterAdder(),
            structlog.processors.format_exc_info,
            TelemetryProcessor(world.telemetry),
            JsonRenderer(),
        ],
        logger_factory=structlog.WriteLoggerFactory(world.stream),
    )
    try:
        raise ValueError("no stock")
    except ValueError:
        structlog.get_logger().exception({"not": "text"})
    line = world.line()
    assert (line["level"], line["logger"], line["message"]) == ("error", "structlog", "{'not': 'text'}")
    assert line["exception"]["type"] == "ValueError"
    assert line["exception"]["message"] == "no stock"
    assert line["source"]["file"] == __file__
    assert line["source"]["function"] == "test_structlog_tells_what_its_processors_found"
    assert line["attributes"]["tenant"] == "acme"
    assert world.record().attributes["tenant"] == "acme"


@pytest.mark.parametrize(
    ("stamp", "told"),
    [
        (1.5, "1970-01-01T00:00:01.500000Z"),
        ("1970-01-01T01:00:01.500000+01:00", "1970-01-01T00:00:01.500000Z"),
        ("1970-01-01T00:00:01.5", "1970-01-01T00:00:01.500000Z"),
    ],
)
def test_structlog_may_have_stamped_the_time(stamp: Any, told: str) -> None:
    assert json.loads(JsonRenderer()(None, "info", {"event": "x", "timestamp": stamp}))["timestamp"] == told


@pytest.mark.parametrize("stamp", ["yesterday", None, float("inf"), []])
def test_a_time_that_is_none_is_now(stamp: Any) -> None:
    line = json.loads(JsonRenderer()(None, "info", {"event": "x", "timestamp": stamp}))
    VALIDATOR.validate(line)
    assert line["timestamp"] > "2024"


def test_structlog_through_logging(world: World) -> None:
    structlog.wrap_logger(
        logger_with(json_handler(world)),
        processors=[structlog.stdlib.render_to_log_kwargs],
        wrapper_class=structlog.stdlib.BoundLogger,
    ).warning("low", left=3)
    line = world.line()
    assert (line["logger"], line["level"], line["message"], line["attributes"]) == ("shop", "warn", "low", {"left": 3})


# --- loguru


def test_loguru_formats_adds_and_hides_variables(world: World) -> None:
    configure_loguru(world.stream, telemetry=world.telemetry)
    variable = "do not " + "tell"
    with loguru.logger.contextualize(tenant="acme"):
        try:
            raise KeyError(len(variable))
        except KeyError:
            loguru.logger.exception("{n} left", n=3)
    loguru.logger.success("done")
    first, second = world.lines()
    assert (first["message"], first["attributes"]) == ("3 left", {"tenant": "acme", "n": 3})
    assert first["logger"] == __name__
    assert "raise KeyError(len(variable))" in first["exception"]["stacktrace"]
    assert variable not in world.stream.getvalue()
    assert second["level"] == "info"


# --- Logfire


@pytest.fixture
def fire(world: World) -> Callable[..., logfire.Logfire]:
    def configured(**options: Any) -> logfire.Logfire:
        lines = JsonLines()
        return logfire.configure(
            local=True,
            send_to_logfire=False,
            console=False,
            inspect_arguments=False,
            additional_span_processors=[SpanLines(world.stream, lines, **options)],
            advanced=logfire.AdvancedOptions(
                log_record_processors=[LogLines(world.stream, lines)], id_generator=SeededRandomIdGenerator()
            ),
        )

    return configured


@pytest.mark.requirement("LF-05", "CL-26")
def test_logfire_writes_the_same_lines(fire: Callable[..., logfire.Logfire], world: World) -> None:
    log = fire()
    with log.span("work") as span:
        log.warning("order {n} refused", n=3, items=[{"sku": "a"}], _tags=["shop"])
    log.info("alone")
    inside, alone = world.lines()
    ids = span.get_span_context()
    assert ids is not None
    assert (inside["level"], inside["message"], inside["logger"]) == ("warn", "order 3 refused", "logfire")
    assert inside["attributes"] == {"n": 3, "items": [{"sku": "a"}], "tags": ["shop"]}
    assert (inside["trace_id"], inside["span_id"]) == (f"{ids.trace_id:032x}", f"{ids.span_id:016x}")
    assert inside["source"]["file"].endswith("test_bridges_libraries.py")
    assert inside["source"]["function"] == "test_logfire_writes_the_same_lines"
    assert "trace_id" in alone


def test_logfire_tells_exceptions_and_finished_spans(fire: Callable[..., logfire.Logfire], world: World) -> None:
    log = fire(spans=True, level=Level.WARN)
    log.info("too low")
    with pytest.raises(KeyError), log.span("work"):
        with log.span("inner"):
            pass
        raise KeyError("gone")
    try:
        raise ValueError("no stock")
    except ValueError:
        log.exception("refused")
    span, told = world.lines()
    assert (span["message"], span["level"], span["exception"]["type"]) == ("work", "error", "KeyError")
    assert span["duration"] >= 0
    assert told["exception"]["type"] == "ValueError"
    assert "duration" not in told
    assert "no stock" in told["exception"]["stacktrace"]


def test_opentelemetry_logs_are_lines_unless_their_library_writes_its_own(
    fire: Callable[..., logfire.Logfire], world: World
) -> None:
    provider = fire().config.get_logger_provider()
    provider.get_logger("otel.scope").emit(
        api.LogRecord(severity_number=api.SeverityNumber.ERROR2, body={"a": 1}, attributes={"b": 2})
    )
    logger = logger_with(TelemetryHandler(Telemetry(provider)))
    logger.error("a line of its own")
    line = world.line()
    assert (line["logger"], line["level"], line["severity_number"]) == ("otel.scope", "error", 18)
    assert line["message"] == '{"a": 1}'
    assert line["attributes"] == {"b": 2, "body": {"a": 1}}


def test_a_closed_stream_hurts_nobody(fire: Callable[..., logfire.Logfire], world: World) -> None:
    log = fire()
    configure_loguru(world.stream)
    world.stream.close()
    log.info("nobody reads it")
    loguru.logger.info("nor this")
