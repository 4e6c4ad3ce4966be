"""What the tests of the bridges share: a stream and a provider that keep what comes, and loggers that write to both."""

import io
import json
import logging
import logging.handlers
from typing import Any

import jsonschema
from opentelemetry.sdk._logs import LoggerProvider, LogRecordProcessor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider

from andiron.sdk.bridges.stdlib import JsonFormatter, TelemetryHandler
from andiron.sdk.bridges.telemetry import Telemetry
from andiron.sdk.jsonlog import log_line_schema

VALIDATOR = jsonschema.Draft202012Validator(log_line_schema())


class Kept(LogRecordProcessor):
    """Keeps what it is given."""

    def __init__(self) -> None:
        self.records: list[Any] = []

    def on_emit(self, log_record: Any) -> None:
        self.records.append(log_record)

    def shutdown(self) -> None: ...

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return True


class World:
    """One stream and one provider of logs, and loggers that write to both."""

    def __init__(self, *, straight: bool = False) -> None:
        self.stream = io.StringIO()
        self.kept = Kept()
        self.provider = LoggerProvider(shutdown_on_exit=False)
        self.provider.add_log_record_processor(self.kept)
        self.telemetry = Telemetry(processor=self.kept, resource=Resource({})) if straight else Telemetry(self.provider)
        self.tracer = TracerProvider(shutdown_on_exit=False).get_tracer("test")

    def lines(self) -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in self.stream.getvalue().splitlines()]
        for line in lines:
            VALIDATOR.validate(line)
        return lines

    def line(self) -> dict[str, Any]:
        (line,) = self.lines()
        return line

    def record(self) -> Any:
        (record,) = self.kept.records
        return record.log_record


def logger_with(*handlers: logging.Handler, name: str = "shop") -> logging.Logger:
    """A logger of the standard library that nobody else has."""
    logger = logging.Logger(name)  # noqa: LOG001 - one that goes with its test
    logger.handlers = [*handlers]
    return logger


def json_handler(world: World) -> logging.Handler:
    handler = logging.StreamHandler(world.stream)
    handler.setFormatter(JsonFormatter())
    return handler


def std(world: World) -> logging.Logger:
    return logger_with(json_handler(world), TelemetryHandler(world.telemetry), name="shop.orders")
