"""The last records of this process, for whoever looks at them. Kept as they are; made readable, and redacted, only when somebody looks."""

import itertools
import threading
from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from andiron.delivery.levels import Level
from andiron.delivery.values import Simplifier
from andiron.sdk.in_force import redactor

CAPACITY = 2000
LONGEST = 65_536
"""Characters of a value that are shown."""


class Recent:
    """A ring of finished spans and log records, each with a number that counts up."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._ring: deque[tuple[int, str, Any]] = deque(maxlen=capacity)
        self._numbers = itertools.count(1)
        self._arrived = threading.Condition()
        self.watchers = 0

    def span(self, span: Any) -> None:
        """Keep a finished span."""
        self._keep("span", span)

    def log(self, record: Any) -> None:
        """Keep a log record."""
        self._keep("log", record)

    def after(self, number: int, least: Level = Level.TRACE) -> list[dict[str, Any]]:
        """Readable records with a number above `number`, the oldest first."""
        found = []
        for each, kind, record in list(self._ring):
            if each > number:
                shown = readable_span(record) if kind == "span" else readable_log(record)
                if shown["severity"] >= least:
                    found.append({"number": each, **shown})
        return found

    def clear(self) -> None:
        """Forget all."""
        self._ring.clear()

    def _keep(self, kind: str, record: Any) -> None:
        # A deque's append is atomic; numbers out of order between two threads would only swap two lines.
        self._ring.append((next(self._numbers), kind, record))


recent = Recent()
"""What the viewer of this process shows."""


def readable_span(span: Any) -> dict[str, Any]:
    """A span as the page shows it."""
    attributes = dict(span.attributes or {})
    failed = span.status.status_code.name == "ERROR"
    number = attributes.get("logfire.level_num")
    level = Level.of(number) if isinstance(number, int) else (Level.ERROR if failed else Level.INFO)
    start, end = span.start_time or 0, span.end_time or 0
    problem = next((dict(event.attributes or {}) for event in span.events if event.name == "exception"), {})
    return {
        "kind": "log" if attributes.get("logfire.span_type") == "log" else "span",
        "time": moment(start),
        "level": level.name.lower(),
        "severity": int(level),
        "message": clean(str(attributes.get("logfire.msg") or span.name)),
        "logger": clean(span.instrumentation_scope.name) if span.instrumentation_scope else "",
        "milliseconds": round((end - start) / 1e6, 3),
        "trace_id": f"{span.context.trace_id:032x}" if span.context else "",
        "span_id": f"{span.context.span_id:016x}" if span.context else "",
        "parent_id": f"{span.parent.span_id:016x}" if span.parent else "",
        "attributes": shown(attributes),
        "exception": shown(problem),
    }


def readable_log(record: Any) -> dict[str, Any]:
    """A log record as the page shows it."""
    log = record.log_record
    attributes = dict(log.attributes or {})
    level = Level.of(log.severity_number.value if log.severity_number else 0)
    problem = {name: attributes.pop(name) for name in list(attributes) if name.startswith("exception.")}
    return {
        "kind": "log",
        "time": moment(log.timestamp or log.observed_timestamp or 0),
        "level": level.name.lower(),
        "severity": int(level),
        "message": str(redactor().attribute("", Simplifier(LONGEST).plain(log.body))),
        "logger": clean(record.instrumentation_scope.name) if record.instrumentation_scope else "",
        "milliseconds": None,
        "trace_id": f"{log.trace_id:032x}" if log.trace_id else "",
        "span_id": f"{log.span_id:016x}" if log.span_id else "",
        "parent_id": "",
        "attributes": shown(attributes),
        "exception": shown(problem),
    }


def moment(nanoseconds: int) -> str:
    """A time as RFC 3339."""
    return datetime.fromtimestamp(nanoseconds / 1e9, UTC).isoformat(timespec="milliseconds")


def clean(text: str) -> str:
    """Without secrets."""
    return redactor().text(text)


def shown(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes without secrets and without Logfire's bookkeeping, as JSON has them."""
    rules, plain = redactor(), Simplifier(LONGEST).plain
    clean = {
        rules.text(name): rules.attribute(name, plain(value))
        for name, value in attributes.items()
        if not name.startswith("logfire.") or name == "logfire.tags"
    }
    return {
        name: value if isinstance(value, str | int | float | bool) or value is None else str(value)
        for name, value in clean.items()
    }
