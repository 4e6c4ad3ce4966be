"""Sinks take `LogRecord`s: to a server through the pipeline, or into memory for tests and viewers. `Logger` writes to them."""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypedDict, Unpack

from opentelemetry._logs import LogRecord as ApiLogRecord
from opentelemetry._logs import SeverityNumber
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import TraceFlags, get_current_span

from andiron.delivery.encode import Encoder
from andiron.delivery.exceptions import attributes_of
from andiron.delivery.exporters import ExportResult, OtelExporter
from andiron.delivery.guard import Guard, Sampling
from andiron.delivery.levels import Level
from andiron.delivery.memory_spool import MemorySpool
from andiron.delivery.pipeline import Pipeline
from andiron.delivery.records import LogRecord, LogSink
from andiron.delivery.spool import AnySpool, Spool
from andiron.redaction import Redactor, redactor


class LogSanitizer:
    """Takes secrets and personal data out of a record. The pipeline does the same while it encodes; this is for sinks of your own."""

    def __init__(self, rules: Redactor | None = None) -> None:
        self._rules = rules or redactor

    def __call__(self, record: LogRecord) -> LogRecord:
        """The record without what must not be kept. An error becomes its type, message and trimmed stack in attributes."""
        attributes = dict(record.attributes)
        attributes.update(of_error(record))
        clean = self._rules.attributes(attributes)
        stack = clean.get("exception.stacktrace")
        if isinstance(stack, str):
            clean["exception.stacktrace"] = self._rules.stacktrace(stack)
        return replace(record, message=self._rules.text(record.message), attributes=clean, error=None, stacktrace=None)


class OtelSink:
    """Gives records to a server: batching, queue, spool and retries are the pipeline's. `close()` drains."""

    def __init__(
        self,
        exporter: OtelExporter,
        resource_attributes: Mapping[str, Any] | None = None,
        *,
        batch_size: int = 256,
        flush_interval: float = 30.0,
        max_queue_size: int = 1024,
        spool: AnySpool | Path | None = None,
        sampling: Sampling | None = None,
        rules: Redactor | None = None,
        on_fatal: Callable[[ExportResult], None] | None = None,
        **options: Any,
    ) -> None:
        if isinstance(spool, Path):
            spool = Spool(spool)
        self.pipeline = Pipeline(
            encoder=Encoder(rules or redactor),
            spool=spool if spool is not None else MemorySpool(),
            exporter=exporter,
            guard=Guard(sampling),
            queue_size=max_queue_size,
            batch_size=batch_size,
            flush_interval=flush_interval,
            on_fatal=on_fatal,
            **options,
        )
        self._resource = Resource(dict(resource_attributes or {}))
        self._scopes: dict[str, InstrumentationScope] = {}

    def write(self, record: LogRecord) -> None:
        """Queue it; ERROR and FATAL are sent at once."""
        try:
            scope = self._scopes.get(record.logger)
            if scope is None:
                scope = self._scopes[record.logger] = InstrumentationScope(record.logger or "andiron")
            self.pipeline.log(otel(record, self._resource, scope), record.logger)
        except Exception:  # noqa: BLE001 - a record that cannot be converted must not hurt who wrote it
            self.pipeline.counters.error()

    def flush(self, timeout: float = 5.0) -> bool:
        """Whether all that was written is delivered or on the disk."""
        return self.pipeline.flush(timeout)

    def close(self, timeout: float = 5.0) -> None:
        """Drain and stop."""
        self.pipeline.close(timeout)


class BackendLogSink(OtelSink):
    """An `OtelSink` for the field: with a disk queue, so that nothing is lost without a network."""

    def __init__(self, exporter: OtelExporter, disk_queue: AnySpool | Path, **options: Any) -> None:
        super().__init__(exporter, spool=disk_queue, **options)


class MemorySink:
    """Keeps the last records, for tests and viewers."""

    def __init__(self, capacity: int = 2000) -> None:
        self._records: deque[LogRecord] = deque(maxlen=capacity)
        self._listeners: list[Callable[[LogRecord], None]] = []
        self._lock = threading.Lock()

    @property
    def records(self) -> list[LogRecord]:
        """The records, the oldest first."""
        with self._lock:
            return list(self._records)

    def write(self, record: LogRecord) -> None:
        """Keep it, forgetting the oldest when full."""
        with self._lock:
            self._records.append(record)
            listeners = list(self._listeners)
        for listener in listeners:
            try:
                listener(record)
            except Exception:  # noqa: BLE001 - a viewer that breaks must not break who logs
                self._listeners.remove(listener)

    def listen(self, listener: Callable[[LogRecord], None]) -> Callable[[], None]:
        """Call `listener` with each new record; the answer ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._records.clear()

    def flush(self, timeout: float = 5.0) -> bool:  # noqa: ARG002 - the protocol's
        """There is nothing to wait for."""
        return True

    def close(self, timeout: float = 5.0) -> None:
        """Nothing is held."""


class Given(TypedDict, total=False):
    """What every method of a logger takes beside the message."""

    attributes: Mapping[str, Any] | None
    error: BaseException | None


class Logger:
    """Writes to sinks by level; every method takes attributes and an error."""

    def __init__(self, name: str, sinks: Iterable[LogSink], *, level: Level = Level.TRACE) -> None:
        self.name = name
        self.level = level
        self._sinks = list(sinks)

    def log(self, level: Level, message: str, **given: Unpack[Given]) -> None:
        """Write one record, with the ids of the active span."""
        if level < self.level:
            return
        context = get_current_span().get_span_context()
        record = LogRecord(
            message,
            level,
            self.name,
            dict(given.get("attributes") or {}),
            given.get("error"),
            trace_id=context.trace_id,
            span_id=context.span_id,
        )
        for sink in self._sinks:
            sink.write(record)

    def trace(self, message: str, **given: Unpack[Given]) -> None:
        """Write at TRACE."""
        self.log(Level.TRACE, message, **given)

    def debug(self, message: str, **given: Unpack[Given]) -> None:
        """Write at DEBUG."""
        self.log(Level.DEBUG, message, **given)

    def info(self, message: str, **given: Unpack[Given]) -> None:
        """Write at INFO."""
        self.log(Level.INFO, message, **given)

    def warning(self, message: str, **given: Unpack[Given]) -> None:
        """Write at WARN."""
        self.log(Level.WARN, message, **given)

    def error(self, message: str, **given: Unpack[Given]) -> None:
        """Write at ERROR."""
        self.log(Level.ERROR, message, **given)

    def fatal(self, message: str, **given: Unpack[Given]) -> None:
        """Write at FATAL."""
        self.log(Level.FATAL, message, **given)


def of_error(record: LogRecord) -> dict[str, str]:
    """OpenTelemetry's attributes of an exception."""
    found = attributes_of(record.error) if record.error is not None else {}
    if record.stacktrace is not None:
        found["exception.stacktrace"] = record.stacktrace
    return found


def otel(record: LogRecord, resource: Resource, scope: InstrumentationScope) -> ReadableLogRecord:
    """The record as OpenTelemetry's SDK has it."""
    return ReadableLogRecord(
        ApiLogRecord(
            timestamp=record.timestamp_ns,
            observed_timestamp=record.timestamp_ns,
            trace_id=record.trace_id,
            span_id=record.span_id,
            trace_flags=TraceFlags(TraceFlags.SAMPLED if record.trace_id else TraceFlags.DEFAULT),
            severity_text=record.level.name,
            severity_number=SeverityNumber(int(record.level)),
            body=record.message,
            attributes={**record.attributes, **of_error(record)},
        ),
        resource,
        scope,
    )
