"""structlog: a processor that renders JSON lines, for the end of a chain, and one that makes telemetry, for before it."""

import time
from collections.abc import Mapping, MutableMapping
from datetime import UTC, datetime
from typing import Any, TextIO

import structlog

from andiron.delivery.levels import NAMES, Level
from andiron.delivery.values import Simplifier
from andiron.sdk.bridges.telemetry import Telemetry
from andiron.sdk.jsonlog import Entry, Failure, JsonLines
from andiron.sdk.jsonlog.line import LIMIT

DEFAULT_LOGGER = "structlog"
"""The logger's name where a chain does not know it."""
TAKEN = frozenset(
    {
        "event",
        "level",
        "logger",
        "timestamp",
        "exc_info",
        "exception",
        "stack",
        "stack_info",
        "pathname",
        "filename",
        "lineno",
        "func_name",
    }
)
"""What structlog's own processors put into an event, and what a line has its own fields for."""


def entry_of(logger: Any, method: str, event: Mapping[str, Any]) -> Entry:
    """The entry of an event of structlog."""
    message = event.get("event", "")
    level = event.get("level", method)
    severity = NAMES.get(level) or NAMES.get(str(level).lower(), Level.INFO)
    name = event.get("logger") or getattr(logger, "name", None)
    failure = None
    if error := event.get("exc_info"):
        failure = Failure.of_exc_info(error)
    attributes = {key: value for key, value in event.items() if key not in TAKEN}
    if (formatted := event.get("exception")) is not None:
        if failure is None and isinstance(formatted, str):
            failure = Failure.of_text(formatted)
        else:
            attributes["exception"] = formatted
    file = event.get("pathname") or event.get("filename")
    return Entry(
        _time_ns(event.get("timestamp")),
        int(severity),
        message if type(message) is str else str(Simplifier(LIMIT).plain(message)),
        name if type(name) is str else DEFAULT_LOGGER,
        attributes,
        failure,
        event.get("stack"),
        (str(file), event.get("lineno", 0), str(event.get("func_name", ""))) if file else None,
    )


def _time_ns(stamp: Any) -> int:
    """The time that an earlier processor put there; now, where it did not or in a form of its own."""
    try:
        if isinstance(stamp, str):
            moment = datetime.fromisoformat(stamp)
            stamp = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        if isinstance(stamp, (int, float)):
            return int(stamp * 1e9)
    except (ValueError, OverflowError):
        pass
    return time.time_ns()


class JsonRenderer:
    """The last processor of a chain: `structlog.configure(processors=[..., JsonRenderer()])`."""

    def __init__(self, lines: JsonLines | None = None) -> None:
        self._lines = lines or JsonLines()

    def __call__(self, logger: Any, method: str, event: MutableMapping[str, Any]) -> str:
        return self._lines.line_of(entry_of, logger, method, event)


class TelemetryProcessor:
    """Gives events to OpenTelemetry's logger provider and leaves them as they are; it stands right before the renderer."""

    def __init__(self, telemetry: Telemetry | None = None) -> None:
        self._telemetry = telemetry or Telemetry()

    def __call__(self, logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        self._telemetry.take(event.get("logger") or getattr(logger, "name", None), entry_of, logger, method, event)
        return event


class NamedLogger(structlog.WriteLogger):
    """Writes lines, and knows the name that `structlog.get_logger` was given."""

    def __init__(self, stream: TextIO | None, name: str = DEFAULT_LOGGER) -> None:
        super().__init__(stream)
        self.name = name


def configure_structlog(
    stream: TextIO | None = None,
    *,
    level: str = "info",
    lines: JsonLines | None = None,
    telemetry: Telemetry | None = None,
) -> None:
    """Make structlog write JSON lines to `stream` (standard output), and telemetry where `telemetry` is given."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.StackInfoRenderer(),
            *([TelemetryProcessor(telemetry)] if telemetry is not None else []),
            JsonRenderer(lines),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *names: NamedLogger(stream, *names[:1]),
        cache_logger_on_first_use=False,
    )
