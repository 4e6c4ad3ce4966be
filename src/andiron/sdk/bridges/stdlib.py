"""The standard library's `logging`: its records as JSON lines, and as telemetry."""

import logging
import sys
from collections.abc import Iterable
from itertools import islice
from typing import Any, TextIO

from andiron.delivery.levels import Level
from andiron.sdk.bridges.telemetry import Telemetry
from andiron.sdk.jsonlog import Entry, Failure, JsonLines

STANDARD = tuple(vars(logging.makeLogRecord({})))
"""What every record has, first and in this order; what a caller adds comes after it."""
BASE = len(STANDARD)
NOT_EXTRA = frozenset({*STANDARD, "message", "asctime", "taskName"})
SERVERS = (
    "uvicorn",
    "uvicorn.error",
    "uvicorn.access",
    "gunicorn.error",
    "gunicorn.access",
    "hypercorn.error",
    "hypercorn.access",
)
"""Loggers whose owners give them handlers of their own, and keep their records from the root."""

_severities: dict[int, int] = {}


def entry_of(record: logging.LogRecord) -> Entry:
    """The entry of a record of `logging`."""
    fields = vars(record)
    attributes: dict[str, Any] = {}
    if len(fields) > BASE:
        for key in islice(fields, BASE, None):
            if key not in NOT_EXTRA:
                attributes[key] = fields[key]
    severity = _severities.get(record.levelno)
    if severity is None:
        severity = _severities[record.levelno] = int(Level.of_logging(record.levelno))
    failure = None
    if record.exc_info:
        failure = Failure.of_exc_info(record.exc_info)
    elif record.exc_text:  # it came through a queue, whose handler formats and forgets the exception
        failure = Failure.of_text(record.exc_text)
    return Entry(
        int(record.created * 1e9),
        severity,
        message_of(record),
        record.name or "root",
        attributes,
        failure,
        record.stack_info,
        (record.pathname, record.lineno, record.funcName),
    )


def message_of(record: logging.LogRecord) -> str:
    """The message with its arguments; where they do not fit it, beside them."""
    try:
        return record.getMessage()
    except Exception:  # noqa: BLE001 - a wrong `%d`, or an argument's `__str__`
        try:
            return f"{record.msg} {record.args!r}"
        except Exception:  # noqa: BLE001 - as above
            return str(record.msg) if isinstance(record.msg, str) else f"<{type(record.msg).__name__}>"


class JsonFormatter(logging.Formatter):
    """Formats a record as a JSON line: `handler.setFormatter(JsonFormatter())`."""

    def __init__(self, lines: JsonLines | None = None) -> None:
        super().__init__()
        self._lines = lines or JsonLines()

    def format(self, record: logging.LogRecord) -> str:
        return self._lines.line_of(entry_of, record)


class JsonHandler(logging.StreamHandler[TextIO]):
    """What `install_json_logging` puts on the root logger, and finds again."""


def install_json_logging(
    stream: TextIO | None = None,
    *,
    level: int | str = logging.INFO,
    lines: JsonLines | None = None,
    servers: Iterable[str] = SERVERS,
) -> logging.Handler:
    """Write every record of `logging` as a JSON line to `stream` (standard output).

    It takes the place of an earlier call, of handlers that print to the same terminal, and of those of the web servers.
    """
    root = logging.getLogger()
    handler = JsonHandler(stream or sys.stdout)
    handler.setFormatter(JsonFormatter(lines))
    for logger in (root, *map(logging.getLogger, servers)):
        if not (logger.handlers or logger.propagate):  # silenced, as uvicorn does with access_log=False
            continue
        for other in logger.handlers[:]:
            if _prints(other):
                logger.removeHandler(other)
        logger.propagate = True
    root.addHandler(handler)
    root.setLevel(level)
    return handler


def _prints(handler: logging.Handler) -> bool:
    """Whether a handler writes where people look; subclasses do something of their own."""
    if type(handler) is JsonHandler:
        return True
    return type(handler) is logging.StreamHandler and handler.stream in {
        sys.stdout,
        sys.stderr,
        sys.__stdout__,
        sys.__stderr__,
    }


class TelemetryHandler(logging.Handler):
    """Gives records to OpenTelemetry's logger provider: `logging.getLogger().addHandler(TelemetryHandler())`."""

    def __init__(self, telemetry: Telemetry | None = None, level: int | str = logging.NOTSET) -> None:
        super().__init__(level)
        self._telemetry = telemetry or Telemetry()

    def handle(self, record: logging.LogRecord) -> bool:
        # Without the lock that every handler takes: there is nothing here that two threads could spoil.
        passed = self.filter(record)
        if passed:
            self.emit(passed if isinstance(passed, logging.LogRecord) else record)
        return bool(passed)

    def emit(self, record: logging.LogRecord) -> None:
        self._telemetry.take(record.name, entry_of, record)
