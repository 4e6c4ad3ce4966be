"""Gives entries to OpenTelemetry's logger provider, where the pipeline's processor waits for them.

What the pipeline, or OpenTelemetry on its behalf, logs while it handles a record must not become a record.
"""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from opentelemetry import _logs as api
from opentelemetry.context import (  # the one key that every instrumentation honours
    _SUPPRESS_INSTRUMENTATION_KEY,
    Context,
    get_current,
)
from opentelemetry.sdk import _logs as sdk
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import get_current_span

from andiron.delivery.quiet import is_collecting, is_quiet
from andiron.delivery.values import Simplifier
from andiron.sdk.jsonlog import Entry
from andiron.sdk.jsonlog.entry import SEVERITIES

LONGEST = 65_536
"""Characters of a string; the pipeline's own bound is on the whole record."""
LOGGERS = 1024
"""OpenTelemetry loggers that are kept; more names than that are made up at run time."""
OWN = ("andiron.delivery", "opentelemetry.exporter", "opentelemetry.sdk")
"""Loggers of what handles the records."""
PLAIN = frozenset({str, int, float, bool})
NUMBERS = [None, *(api.SeverityNumber(number) for number in range(1, 25))]

# Until 1.38 the SDK took only its own class, which wants the resource as well, and made None of nested values.
OLD_SDK = not hasattr(sdk, "ReadableLogRecord")
RECORD: Any = getattr(sdk, "LogRecord", None) if OLD_SDK else api.LogRecord


class _Here(threading.local):
    busy = False
    """Whether this thread is within `Telemetry.take`."""
    lined = False
    """Whether what it takes there has no JSON lines of its own making."""


here = _Here()


@dataclass(slots=True)
class Record:
    """What `opentelemetry._logs.LogRecord` holds, in a third of its time."""

    timestamp: int
    observed_timestamp: int
    context: Any
    trace_id: int
    span_id: int
    trace_flags: int
    severity_text: str
    severity_number: api.SeverityNumber | None
    body: str
    attributes: dict[str, Any]
    event_name: str | None = None
    exception: BaseException | None = None


@dataclass(slots=True)
class Emitted:
    """What `ReadWriteLogRecord` holds; there are no limits, so nothing is dropped."""

    log_record: Record
    resource: Resource | None
    instrumentation_scope: InstrumentationScope
    dropped_attributes: int = 0


class Telemetry:
    """Takes records of any bridge. It never raises; any number of threads may use it at once.

    They go to `provider`, or to the global one of the moment. With `processor` they go straight to that instead, with
    `resource`: that takes half the time, and passes over the provider's other processors and its limits on attributes.
    `lined` records are written as JSON lines where the provider writes such; those of other libraries have lines by their own bridge.
    """

    def __init__(
        self,
        provider: api.LoggerProvider | None = None,
        *,
        processor: sdk.LogRecordProcessor | None = None,
        resource: Resource | None = None,
        lined: bool = False,
    ) -> None:
        self._lined = lined
        self._given = provider
        self._processor = processor
        self._resource = resource
        self._provider: api.LoggerProvider | None = None
        self._loggers: dict[str, api.Logger] = {}
        self._scopes: dict[str, InstrumentationScope] = {}
        self.failed = 0
        """Records that could not be given on."""
        self.on_failure: Callable[[Exception], object] = forget
        """Told of each of them, and why."""

    def take(self, logger: Any, read: Callable[..., Entry], *record: Any) -> None:
        """Give on a library's record of `logger`, which `read` makes an entry of, within its caller's trace."""
        if here.busy or is_quiet() or (type(logger) is str and logger.startswith(OWN)):
            return
        current = get_current()
        if current.get(_SUPPRESS_INSTRUMENTATION_KEY) and not is_collecting():
            return
        here.busy, here.lined = True, self._lined
        try:
            entry = read(*record)
            if self._processor is None:
                self._to_provider(entry, current)
            else:
                self._processor.on_emit(self._emitted(entry, current))  # type: ignore[arg-type] # the same shape
        except Exception as error:  # noqa: BLE001 - whatever a record or a processor does, the application goes on
            self.failed += 1
            self.on_failure(error)
        finally:
            here.busy = here.lined = False

    def _to_provider(self, entry: Entry, current: Context) -> None:
        logger = self._logger(entry.logger)
        record = RECORD(
            timestamp=entry.time_ns,
            observed_timestamp=time.time_ns(),
            context=current,
            severity_text=SEVERITIES[entry.severity],
            severity_number=NUMBERS[entry.severity],
            body=entry.message,
            attributes=_flat(attributes_of(entry)) if OLD_SDK else attributes_of(entry),
        )
        if OLD_SDK:
            record.resource = getattr(logger, "resource", None) or record.resource
        logger.emit(record)

    def _emitted(self, entry: Entry, current: Context) -> Emitted:
        name = entry.logger
        scope = self._scopes.get(name)
        if scope is None:
            if len(self._scopes) >= LOGGERS:
                self._scopes = {}
            scope = self._scopes[name] = InstrumentationScope(name)
        span = get_current_span(current).get_span_context()
        record = Record(
            entry.time_ns,
            time.time_ns(),
            current,
            span.trace_id,
            span.span_id,
            span.trace_flags,
            SEVERITIES[entry.severity],
            NUMBERS[entry.severity],
            entry.message,
            attributes_of(entry),
        )
        return Emitted(record, self._resource, scope)

    def _logger(self, name: str) -> api.Logger:
        """The provider's logger, kept: asking for one takes a lock, and Logfire makes a new one each time."""
        provider = self._given or api.get_logger_provider()
        if provider is not self._provider or len(self._loggers) >= LOGGERS:
            self._loggers, self._provider = {}, provider
        logger = self._loggers.get(name)
        if logger is None:
            logger = self._loggers[name] = provider.get_logger(name)
        return logger


def forget(error: Exception) -> None:
    """What is done with an exception where nobody asks for it."""


def attributes_of(entry: Entry) -> dict[str, Any]:
    """The attributes of an entry as telemetry: plain values, and the semantic conventions of code and exceptions."""
    attributes = {
        key if type(key) is str else str(key): value if type(value) in PLAIN else Simplifier(LONGEST).plain(value)
        for key, value in entry.attributes.items()
    }
    if entry.source is not None:
        file, line, function = entry.source
        attributes["code.file.path"] = file
        attributes["code.line.number"] = line
        attributes["code.function.name"] = function
    if entry.failure is not None:
        attributes["exception.type"], attributes["exception.message"], attributes["exception.stacktrace"] = (
            entry.failure
        )
    if entry.stack:
        attributes["code.stacktrace"] = entry.stack
    return attributes


def _flat(attributes: dict[str, Any]) -> dict[str, Any]:
    """Attributes whose nested values are JSON."""
    return {
        key: json.dumps(value, default=str) if type(value) in {list, dict} else value
        for key, value in attributes.items()
    }
