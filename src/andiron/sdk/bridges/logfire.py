"""Logfire and OpenTelemetry: logs, and finished spans where wanted, as JSON lines in the place of Logfire's console.

logfire.configure(
    console=False,
    additional_span_processors=[SpanLines()],
    advanced=logfire.AdvancedOptions(log_record_processors=[LogLines()]),
)
"""

import json
from collections.abc import Mapping
from typing import Any, TextIO

from opentelemetry.context import Context
from opentelemetry.sdk._logs import LogRecordProcessor
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor

from andiron.delivery.levels import Level
from andiron.delivery.values import Simplifier
from andiron.sdk.bridges.output import Output
from andiron.sdk.bridges.telemetry import here
from andiron.sdk.jsonlog import Entry, Failure, JsonLines
from andiron.sdk.jsonlog.line import LIMIT

HIDDEN = "logfire.disable_console_log"
"""Set on what its author keeps from the console."""
CODE = {
    "code.filepath": 0,
    "code.file.path": 0,
    "code.lineno": 1,
    "code.line.number": 1,
    "code.function": 2,
    "code.function.name": 2,
}
"""Where a record says that it was made, in Logfire's names and in OpenTelemetry's, and its place in `Entry.source`."""


def entry_of_span(span: ReadableSpan) -> Entry:
    """The entry of a finished span, or of a log of Logfire, which is a span without duration."""
    own = span.attributes or {}
    is_log = own.get("logfire.span_type") == "log"
    # A log belongs to the span around it; one without a span around it can be found under its own id.
    at = (span.parent if is_log else None) or span.context
    start, end = span.start_time or 0, span.end_time or 0
    events = [event.attributes or {} for event in span.events if event.name == "exception"]
    return Entry(
        start if is_log else end,
        _severity(own.get("logfire.level_num"), Level.INFO if span.status.is_ok or is_log else Level.ERROR),
        str(own.get("logfire.msg") or span.name),
        _scope(span.instrumentation_scope),
        _attributes(own),
        _failure(events[-1]) if events else None,
        None,
        _source(own),
        (at.trace_id, at.span_id) if at else None,
        None if is_log else max(0, end - start) / 1e9,
    )


def entry_of_log(data: Any) -> Entry:
    """The entry of a log record of OpenTelemetry."""
    record = data.log_record
    own = record.attributes or {}
    body = record.body
    return Entry(
        record.timestamp or record.observed_timestamp or 0,
        _severity(getattr(record.severity_number, "value", 0), Level.INFO),
        str(own.get("logfire.msg") or _written(body) or getattr(record, "event_name", None) or ""),
        _scope(data.instrumentation_scope),
        _attributes(own) | ({"body": body} if isinstance(body, Mapping) else {}),
        _failure(own) if "exception.type" in own else None,
        None,
        _source(own),
        (record.trace_id or 0, record.span_id or 0),
    )


def _written(body: Any) -> Any:
    """A body for people: as JSON, in which redaction finds what only a name betrays."""
    if isinstance(body, Mapping | list | tuple):
        return json.dumps(Simplifier(LIMIT).plain(body), default=repr)
    return body.decode("utf-8", "backslashreplace") if isinstance(body, bytes) else body


def _severity(number: Any, default: Level) -> int:
    return number if isinstance(number, int) and 0 < number < 25 else int(default)


def _scope(scope: Any) -> str:
    return scope.name if scope is not None and scope.name else "logfire"


def _attributes(own: Mapping[str, Any]) -> dict[str, Any]:
    """What the user gave: Logfire keeps values that OpenTelemetry lacks as JSON, and says in a schema which those are."""
    attributes = {
        key: value for key, value in own.items() if not key.startswith(("logfire.", "exception.")) and key not in CODE
    }
    if tags := own.get("logfire.tags"):
        attributes["tags"] = list(tags)
    if schema := own.get("logfire.json_schema"):
        for key, kind in json.loads(schema).get("properties", {}).items():
            if kind and isinstance(value := attributes.get(key), str):
                try:
                    attributes[key] = json.loads(value)
                except ValueError:  # it was cut, or scrubbed
                    continue
    return attributes


def _failure(own: Mapping[str, Any]) -> Failure:
    return Failure(*(str(own.get(f"exception.{part}", "")) for part in Failure._fields))


def _source(own: Mapping[str, Any]) -> tuple[str, int, str] | None:
    found: list[Any] = ["", 0, ""]
    for key, place in CODE.items():
        if key in own:
            found[place] = own[key]
    return (str(found[0]), int(found[1]), str(found[2])) if found[0] else None


class SpanLines(SpanProcessor):
    """Writes the logs of Logfire, and finished spans where `spans` says so."""

    def __init__(
        self,
        stream: TextIO | None = None,
        lines: JsonLines | None = None,
        *,
        spans: bool = False,
        level: Level = Level.INFO,
    ) -> None:
        self._output = Output(stream)
        self._lines = lines or JsonLines()
        self._types = {"log", "span"} if spans else {"log"}
        self._level = level
        self.failed = 0
        """Spans that could not be written."""

    def on_start(self, span: Span, parent_context: Context | None = None) -> None: ...

    def on_end(self, span: ReadableSpan) -> None:
        try:
            own = span.attributes or {}
            if own.get("logfire.span_type", "span") in self._types and not own.get(HIDDEN):
                entry = entry_of_span(span)
                if entry.severity >= self._level:
                    self._output.write(self._lines.line(entry))
        except Exception:  # noqa: BLE001 - the application goes on
            self.failed += 1

    def shutdown(self) -> None: ...

    def force_flush(self, timeout_millis: int = 30_000) -> bool:  # noqa: ARG002 - the SDK's signature
        return True


class LogLines(LogRecordProcessor):
    """Writes log records of OpenTelemetry; not those that came over Andiron's bridges, whose libraries write their own lines."""

    def __init__(
        self,
        stream: TextIO | None = None,
        lines: JsonLines | None = None,
        *,
        bridged: bool = False,
        level: Level = Level.INFO,
    ) -> None:
        self._output = Output(stream)
        self._lines = lines or JsonLines()
        self._bridged = bridged
        self._level = level
        self.failed = 0
        """Records that could not be written."""

    def on_emit(self, log_record: Any) -> None:
        lined = here.lined
        if here.busy and not (lined or self._bridged):
            return
        try:
            entry = entry_of_log(log_record)
            if (lined or entry.severity >= self._level) and not (log_record.log_record.attributes or {}).get(HIDDEN):
                self._output.write(self._lines.line(entry))
        except Exception:  # noqa: BLE001 - the application goes on
            self.failed += 1

    # SDKs before 1.36 call it so.
    emit = on_emit

    def shutdown(self) -> None: ...

    def force_flush(self, timeout_millis: int = 30_000) -> bool:  # noqa: ARG002 - the SDK's signature
        return True
