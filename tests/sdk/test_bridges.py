"""The bridges: the same event, logged with each library, is the same line and the same telemetry."""

import io
import json
import logging
import logging.handlers
import pickle
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import loguru
import pytest
import structlog
from opentelemetry import _logs as api
from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY, attach, detach, set_value
from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.sdk._logs import LoggerProvider

from andiron.delivery.encode import Encoder
from andiron.delivery.levels import Level
from andiron.delivery.quiet import quietly
from andiron.sdk.bridges.loguru import configure_loguru
from andiron.sdk.bridges.stdlib import JsonHandler, TelemetryHandler, install_json_logging
from andiron.sdk.bridges.structlog import configure_structlog
from andiron.sdk.bridges.telemetry import LOGGERS, Telemetry
from tests.sdk.bridged import Kept, World, logger_with, std

LIBRARIES = ("logging", "structlog", "loguru")


@pytest.fixture(params=[False, True], ids=["provider", "straight"])
def world(request: pytest.FixtureRequest) -> World:
    return World(straight=request.param)


@contextmanager
def root_logger() -> Iterator[logging.Logger]:
    """The root logger and those of web servers, put back afterwards."""
    loggers = [logging.getLogger(name) for name in (None, "uvicorn", "uvicorn.access")]
    before = [(logger, logger.handlers[:], logger.level, logger.propagate) for logger in loggers]
    try:
        yield loggers[0]
    finally:
        for logger, handlers, level, propagate in before:
            logger.handlers, logger.propagate = handlers, propagate
            logger.setLevel(level)


@pytest.fixture
def root() -> Iterator[logging.Logger]:
    with root_logger() as logger:
        yield logger


@pytest.fixture(autouse=True)
def libraries() -> Iterator[None]:
    """structlog and loguru as they were."""
    yield
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    loguru.logger.remove()


def official(records: list[Any]) -> bytes:
    return encode_logs(records).SerializeToString()


def log(world: World, library: str, level: str, message: str, *, error: bool = False, **attributes: Any) -> None:
    """Log one event with one of the libraries."""
    if library == "logging":
        getattr(std(world), level)(message, extra=attributes, exc_info=error)
    elif library == "structlog":
        configure_structlog(world.stream, level="debug", telemetry=world.telemetry)
        getattr(structlog.get_logger("shop.orders"), level)(
            message, **attributes, **({"exc_info": True} if error else {})
        )
    else:
        configure_loguru(world.stream, level="DEBUG", telemetry=world.telemetry)
        getattr(loguru.logger.opt(exception=error).bind(**attributes), level)(message)


@pytest.mark.requirement("LF-05", "CL-26", "CL-01")
@pytest.mark.parametrize("library", LIBRARIES)
def test_an_event_is_the_same_line_and_the_same_telemetry(library: str, world: World) -> None:
    with world.tracer.start_as_current_span("work") as span:
        try:
            raise ValueError("no stock")
        except ValueError:
            log(world, library, "warning", "order refused", error=True, customer="c-17", items=[1, {"sku": object}])
    ids = span.get_span_context()
    line = world.line()
    attributes = {"customer": "c-17", "items": [1, {"sku": "<class 'object'>"}]}
    assert (line["level"], line["severity_number"], line["message"]) == ("warn", 13, "order refused")
    assert line["attributes"] == attributes
    assert line["logger"] == (__name__ if library == "loguru" else "shop.orders")
    assert (line["trace_id"], line["span_id"]) == (f"{ids.trace_id:032x}", f"{ids.span_id:016x}")
    assert (line["exception"]["type"], line["exception"]["message"]) == ("ValueError", "no stock")
    assert 'raise ValueError("no stock")' in line["exception"]["stacktrace"]
    record = world.record()
    assert (record.severity_number.value, record.severity_text, record.body) == (13, "WARN", "order refused")
    assert (record.trace_id, record.span_id, record.trace_flags) == (ids.trace_id, ids.span_id, ids.trace_flags)
    told = dict(record.attributes)
    assert told.pop("exception.type") == "ValueError"
    assert told.pop("exception.message") == "no stock"
    assert 'raise ValueError("no stock")' in told.pop("exception.stacktrace")
    code = {key: told.pop(key) for key in list(told) if key.startswith("code.")}
    assert json.loads(json.dumps(told, default=list)) == attributes
    if library != "structlog":  # which does not know the place unless it is asked to
        assert code["code.file.path"] == line["source"]["file"] == __file__
        assert code["code.line.number"] == line["source"]["line"]
        assert code["code.function.name"] == line["source"]["function"] == "log"
    assert world.telemetry.failed == 0


@pytest.mark.requirement("LF-05")
@pytest.mark.parametrize("library", LIBRARIES)
def test_levels_have_one_name(library: str, world: World) -> None:
    for level in ("debug", "info", "warning", "error", "critical"):
        log(world, library, level, level)
    expected = ["debug", "info", "warn", "error", "fatal"]
    assert [line["level"] for line in world.lines()] == expected
    numbers = [Level.DEBUG, Level.INFO, Level.WARN, Level.ERROR, Level.FATAL]
    assert [each.log_record.severity_number.value for each in world.kept.records] == numbers


@pytest.mark.parametrize("library", LIBRARIES)
def test_secrets_stay_out_of_lines(library: str, world: World) -> None:
    log(world, library, "info", "Authorization: Bearer abcdefghijklmnop0123456789", password="hunter2hunter2")
    assert "hunter2" not in world.stream.getvalue()
    assert "abcdefghijklmnop" not in world.stream.getvalue()
    assert world.line()["attributes"].keys() == {"password"}


@pytest.mark.parametrize("library", LIBRARIES)
def test_names_of_the_line_are_free_for_attributes(library: str, world: World) -> None:
    log(world, library, "info", "hello", service="theirs", trace_id="theirs", severity_number=3)
    line = world.line()
    assert line["attributes"] == {"service": "theirs", "trace_id": "theirs", "severity_number": 3}
    assert line["severity_number"] == 9


class Unspeakable:
    def __repr__(self) -> str:
        raise RuntimeError("no")

    __str__ = __repr__


@pytest.mark.parametrize("library", LIBRARIES)
def test_hostile_attributes_hurt_nobody(library: str, world: World) -> None:
    log(world, library, "info", "hello", thing=Unspeakable())
    assert world.line()["attributes"] == {"thing": "<Unspeakable>"}
    assert dict(world.record().attributes) == {"thing": "<Unspeakable>"} | {
        key: value for key, value in world.record().attributes.items() if key.startswith("code.")
    }


# --- logging


def test_arguments_that_do_not_fit_their_message_stand_beside_it(world: World) -> None:
    std(world).info("%d items", "three")
    std(world).info("%s", Unspeakable())
    assert [line["message"] for line in world.lines()] == ["%d items ('three',)", "%s"]


def test_a_stack_that_was_asked_for(world: World) -> None:
    std(world).info("here", stack_info=True)
    assert "test_a_stack_that_was_asked_for" in world.line()["stack"]
    assert "test_a_stack_that_was_asked_for" in world.record().attributes["code.stacktrace"]


def test_an_exception_that_came_through_a_socket(world: World) -> None:
    try:
        raise KeyError("gone")
    except KeyError:
        record = std(world).makeRecord("shop", logging.ERROR, "f", 1, "failed", (), sys.exc_info(), extra={"n": 1})
    sent = logging.handlers.SocketHandler("localhost", 0).makePickle(record)
    std(world).handle(logging.makeLogRecord(pickle.loads(sent[4:])))
    line = world.line()
    assert line["exception"]["type"] == "KeyError"
    assert line["exception"]["message"] == "'gone'"
    assert line["attributes"] == {"n": 1}


def test_exc_info_without_an_exception_is_none(world: World) -> None:
    std(world).info("calm", exc_info=True)
    assert "exception" not in world.line()


def test_a_record_that_lacks_everything_hurts_nobody(world: World) -> None:
    lines, telemetry = std(world).handlers
    lines.handle(logging.makeLogRecord({"levelno": 20}))
    telemetry.handle(logging.makeLogRecord({"levelno": 20}))
    broken = logging.makeLogRecord({"levelno": 20})
    del broken.created
    lines.handle(broken)
    telemetry.handle(broken)
    first, second = world.lines()
    assert (first["logger"], first["level"]) == ("root", "info")
    assert second["message"] == "A log record could not be written: AttributeError"
    assert len(world.kept.records) == 1
    assert world.telemetry.failed == 1


@pytest.mark.requirement("LF-05")
def test_installing_is_idempotent_and_takes_the_place_of_what_prints(root: logging.Logger) -> None:
    printing = logging.StreamHandler(sys.stderr)
    elsewhere = logging.StreamHandler(io.StringIO())
    access = logging.getLogger("uvicorn.access")
    access.handlers, access.propagate = [logging.StreamHandler(sys.stdout)], False
    access.disabled = False  # what a server in another test may have left
    access.setLevel(logging.INFO)
    root.handlers = [printing, elsewhere]
    first, second = io.StringIO(), io.StringIO()
    install_json_logging(first)
    install_json_logging(second, level="DEBUG")
    assert [type(handler) for handler in root.handlers] == [logging.StreamHandler, JsonHandler]
    assert elsewhere in root.handlers
    access.info('%s - "%s"', "10.0.0.1", "GET / HTTP/1.1")
    logging.getLogger("shop").debug("quiet")
    assert first.getvalue() == ""
    lines = [json.loads(line) for line in second.getvalue().splitlines()]
    assert [(line["logger"], line["level"]) for line in lines] == [("uvicorn.access", "info"), ("shop", "debug")]


def test_a_server_that_was_told_to_be_quiet_stays_so(root: logging.Logger) -> None:
    access = logging.getLogger("uvicorn.access")
    access.handlers, access.propagate = [], False  # `access_log=False` makes it so
    root.handlers = []
    install_json_logging(io.StringIO())
    assert not access.hasHandlers()


def test_a_filter_of_the_handler_holds(world: World) -> None:
    handler = TelemetryHandler(world.telemetry, level="WARNING")
    handler.addFilter(lambda record: record.getMessage() != "hide")
    logger = logger_with(handler)
    logger.info("too low")
    logger.error("hide")
    logger.error("show")
    assert world.record().body == "show"


# --- telemetry


@contextmanager
def suppressed() -> Iterator[None]:
    token = attach(set_value(_SUPPRESS_INSTRUMENTATION_KEY, True))
    try:
        yield
    finally:
        detach(token)


@pytest.mark.parametrize("around", [quietly, suppressed])
@pytest.mark.parametrize("library", LIBRARIES)
def test_what_the_pipeline_logs_is_a_line_but_no_telemetry(
    library: str, around: Callable[[], Any], world: World
) -> None:
    with around():
        log(world, library, "error", "the disk is full")
    assert world.line()["message"] == "the disk is full"
    assert world.kept.records == []


@pytest.mark.parametrize("name", ["andiron.delivery", "andiron.delivery.spool", "opentelemetry.sdk.trace.export"])
def test_loggers_of_the_pipeline_are_no_telemetry(name: str, world: World) -> None:
    logger = logger_with(TelemetryHandler(world.telemetry), name=name)
    logger.error("it went wrong")
    assert world.kept.records == []


class Recursing(Kept):
    """A processor that logs and then fails."""

    def on_emit(self, log_record: Any) -> None:
        super().on_emit(log_record)
        self.logger.error("on_emit was asked")
        raise RuntimeError("broken")

    logger: logging.Logger


@pytest.mark.parametrize("straight", [False, True])
def test_a_processor_that_logs_and_fails_hurts_nobody(straight: bool) -> None:  # noqa: FBT001 - a parameter of the test
    processor = Recursing()
    provider = LoggerProvider(shutdown_on_exit=False)
    provider.add_log_record_processor(processor)
    telemetry = Telemetry(processor=processor) if straight else Telemetry(provider)
    processor.logger = logger_with(TelemetryHandler(telemetry))
    processor.logger.info("once")
    processor.logger.info("twice")
    assert [each.log_record.body for each in processor.records] == ["once", "twice"]
    assert telemetry.failed == 2


def test_the_provider_of_the_moment_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = World(), World()
    current = first
    monkeypatch.setattr(api, "get_logger_provider", lambda: current.provider)
    logger = logger_with(TelemetryHandler())
    logger.info("one")
    current = second
    logger.info("two")
    assert (first.record().body, second.record().body) == ("one", "two")
    assert second.kept.records[0].instrumentation_scope.name == "shop"


def test_names_without_end_are_not_all_kept(world: World) -> None:
    handler = TelemetryHandler(world.telemetry)
    for n in range(LOGGERS + 10):
        handler.handle(logging.makeLogRecord({"name": f"made.up.{n}", "levelno": 20}))
    assert len(world.kept.records) == LOGGERS + 10
    assert max(len(world.telemetry._loggers), len(world.telemetry._scopes)) <= LOGGERS
    assert world.kept.records[-1].instrumentation_scope.name == f"made.up.{LOGGERS + 9}"


@pytest.mark.requirement("CL-01")
@pytest.mark.parametrize("encode", [official, Encoder(None).logs], ids=["official", "ours"])
def test_encoders_take_what_the_bridges_make(encode: Callable[[list[Any]], bytes], world: World) -> None:
    std(world).error("refused", extra={"customer": "c-17", "items": [1, {"sku": "a"}]})
    request = ExportLogsServiceRequest.FromString(encode(world.kept.records))
    (scope,) = request.resource_logs[0].scope_logs
    (record,) = scope.log_records
    assert scope.scope.name == "shop.orders"
    assert (record.severity_number, record.severity_text, record.body.string_value) == (17, "ERROR", "refused")
    assert record.observed_time_unix_nano >= record.time_unix_nano > 0
    attributes = {pair.key: pair.value for pair in record.attributes}
    assert attributes["customer"].string_value == "c-17"
    assert attributes["items"].array_value.values[1].kvlist_value.values[0].value.string_value == "a"
