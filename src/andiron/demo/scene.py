"""A stage with a clock of its own: scenes open spans, let time pass and fail on it; out come the records with the moment of their sending."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from andiron.demo.failures import Failure
from andiron.demo.otlp import Emission, Service, attributes

MS = 1_000_000
SECOND = 1_000 * MS
INTERNAL, SERVER, CLIENT, PRODUCER, CONSUMER = (
    Span.SPAN_KIND_INTERNAL,
    Span.SPAN_KIND_SERVER,
    Span.SPAN_KIND_CLIENT,
    Span.SPAN_KIND_PRODUCER,
    Span.SPAN_KIND_CONSUMER,
)
LEVELS = {"trace": 1, "debug": 5, "info": 9, "notice": 10, "warn": 13, "error": 17, "fatal": 21}
SHOWN_AS_RUNNING = SECOND
"""Spans that last so long are announced when they begin."""


class Doing:
    """A span that is open."""

    def __init__(self, service: Service, span: Span, values: dict[str, Any]) -> None:
        self.service = service
        self.span = span
        self.values = values
        self.message = ""
        self.level = 0

    def __setitem__(self, key: str, value: Any) -> None:
        self.values[key] = value


class Scene:
    """One trace on its way, and its clock."""

    def __init__(self, start: int, chance: random.Random) -> None:
        self.now = start
        self.chance = chance
        self.trace_id = self.identity(16)
        self.emissions: list[Emission] = []
        self._open: list[Doing] = []

    def identity(self, size: int) -> bytes:
        """An id of so many bytes."""
        return self.chance.getrandbits(8 * size).to_bytes(size, "big")

    def takes(self, least: float, most: float) -> None:
        """Let some milliseconds pass: mostly few, now and then many."""
        self.now += int(MS * (least + (most - least) * self.chance.betavariate(1.3, 3.5)))

    def likely(self, share: float) -> bool:
        """Whether something happens that happens in `share` of all cases."""
        return self.chance.random() < share

    @contextmanager
    def span(
        self,
        service: Service,
        name: str,
        values: dict[str, Any] | None = None,
        *,
        kind: int = INTERNAL,
        message: str = "",
        scope: str = "",
    ) -> Iterator[Doing]:
        """Whatever happens within belongs to it; a failure that passes is recorded."""
        span = Span(
            trace_id=self.trace_id,
            span_id=self.identity(8),
            parent_span_id=self._open[-1].span.span_id if self._open else b"",
            name=name,
            kind=kind,  # type: ignore[arg-type]
            start_time_unix_nano=self.now,
            flags=0x101,
        )
        doing = Doing(service, span, dict(values or {}))
        doing.message = message
        began = dict(doing.values)
        self._open.append(doing)
        try:
            yield doing
        except Failure as failure:
            self.failed(doing, failure)
            raise
        finally:
            self._open.pop()
            self._close(doing, began, scope)

    def failed(self, doing: Doing, failure: Failure) -> None:
        """Record a failure on a span."""
        doing.span.status.code = Status.STATUS_CODE_ERROR
        doing.span.status.message = f"{failure.kind}: {failure.message}"
        told = {
            "exception.type": failure.kind,
            "exception.message": failure.message,
            "exception.stacktrace": failure.stack,
            "exception.escaped": "True",
        }
        doing.span.events.add(name="exception", time_unix_nano=self.now, attributes=attributes(told))
        doing.level = LEVELS["error"]

    def _close(self, doing: Doing, began: dict[str, Any], scope: str) -> None:
        span = doing.span
        span.end_time_unix_nano = max(self.now, span.start_time_unix_nano + 1000)
        lifted = {"logfire.msg": doing.message or None, "logfire.level_num": doing.level or None}
        if span.end_time_unix_nano - span.start_time_unix_nano >= SHOWN_AS_RUNNING:
            self._announce(doing, began, scope)
        span.attributes.extend(attributes({**doing.values, **lifted}))
        self.emissions.append(Emission(span.end_time_unix_nano, doing.service, span, scope))

    def _announce(self, doing: Doing, began: dict[str, Any], scope: str) -> None:
        """The record that says that a span has begun, as Logfire's SDK sends it."""
        span = doing.span
        pending = Span(
            trace_id=span.trace_id,
            span_id=self.identity(8),
            parent_span_id=span.span_id,
            name=span.name,
            kind=span.kind,
            start_time_unix_nano=span.start_time_unix_nano,
            end_time_unix_nano=span.start_time_unix_nano,
        )
        marks = {
            "logfire.span_type": "pending_span",
            "logfire.pending_parent_id": (span.parent_span_id or bytes(8)).hex(),
            "logfire.msg": doing.message or None,
        }
        pending.attributes.extend(attributes({**began, **marks}))
        self.emissions.append(Emission(span.start_time_unix_nano, doing.service, pending, scope))

    def log(self, level: str, template: str, **values: Any) -> None:
        """A line that the service of the open span writes with Logfire's SDK: a span without duration."""
        doing = self._open[-1]
        span = Span(
            trace_id=self.trace_id,
            span_id=self.identity(8),
            parent_span_id=doing.span.span_id,
            name=template,
            start_time_unix_nano=self.now,
            end_time_unix_nano=self.now,
        )
        marks = {
            "logfire.span_type": "log",
            "logfire.msg": template.format(**values),
            "logfire.level_num": LEVELS[level],
        }
        span.attributes.extend(attributes({**values, **marks}))
        self.emissions.append(Emission(self.now, doing.service, span))
        self.takes(0.02, 0.1)

    def record(self, level: str, text: str, *, scope: str = "", **values: Any) -> None:
        """A line that the service of the open span writes with OpenTelemetry's SDK."""
        doing = self._open[-1]
        record = log_record(self.now, level, text, values)
        record.trace_id, record.span_id, record.flags = self.trace_id, doing.span.span_id, 1
        self.emissions.append(Emission(self.now, doing.service, record, scope))
        self.takes(0.02, 0.1)

    def event(self, name: str, **values: Any) -> None:
        """Something that happened within the open span."""
        self._open[-1].span.events.add(name=name, time_unix_nano=self.now, attributes=attributes(values))

    def together(self, *lanes: Callable[[], None]) -> None:
        """Do several things at the same time; it takes as long as the longest."""
        start = end = self.now
        for lane in lanes:
            self.now = start + int(MS * self.chance.random() * 0.4)
            lane()
            end = max(end, self.now)
        self.now = end


def log_record(at: int, level: str, text: str, values: dict[str, Any]) -> LogRecord:
    """A record of OpenTelemetry's logs."""
    record = LogRecord(
        time_unix_nano=at,
        observed_time_unix_nano=at,
        severity_number=LEVELS[level],  # type: ignore[arg-type]
        severity_text=level.upper(),
    )
    record.body.string_value = text
    record.attributes.extend(attributes(values))
    return record
