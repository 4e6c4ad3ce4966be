"""The last events before an error, by category, so that the error tells its story by itself.

Within a request they are the request's own, and those of no request (connectivity, background work) beside them; never another request's.
"""

import contextlib
import json
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from andiron.delivery.levels import Level

if TYPE_CHECKING:
    from opentelemetry.sdk._logs import ReadWriteLogRecord
    from opentelemetry.sdk.trace import ReadableSpan, Span

UI, NETWORK, SYSTEM, USER = "ui", "network", "system", "user"
LOG, NAVIGATION = "log", "navigation"
"""Categories of those that come by themselves."""
NAME = "breadcrumbs"
"""The attribute."""
ERROR = 2
"""OpenTelemetry's number of the status."""
MOST_BYTES = 8192
SHORT = 200
"""Characters of a message or a value that are kept: a breadcrumb reminds, the record itself has the rest."""
LONG = 2000
"""Characters of a message that are held in memory. It is redacted when it is shown, before it is cut to `SHORT`: half a secret matches no rule."""
SURE = 5
"""So many of each category are kept however much another category talks."""
CATEGORIES = 16


class Breadcrumb:
    """An event, small. As JSON it is written once, for the first of the errors that it goes with: 6 µs."""

    __slots__ = ("category", "data", "message", "text", "time")

    def __init__(self, when: float, category: str, message: str, data: dict[str, Any]) -> None:
        self.time = when
        self.category = category
        self.message = message
        self.data = data
        self.text = ""


Rings = dict[str, deque[Breadcrumb]]
_of_request: ContextVar[Rings | None] = ContextVar("andiron_breadcrumbs", default=None)
active: "Breadcrumbs | None" = None
"""Set by `start`; while it is None, `breadcrumb` does nothing."""


def breadcrumb(category: str, message: str, **data: Any) -> None:
    """Leave a breadcrumb: `breadcrumb("ui", "Save pressed", form="order")`. Does nothing while they are off."""
    if active is not None:
        with contextlib.suppress(Exception):  # a category that cannot be hashed, a message that is no text
            active.add(category, message, data)


class Breadcrumbs:
    """Rings of recent events. Adding takes about a microsecond, from any thread."""

    def __init__(
        self,
        limit: int = 50,
        *,
        redact: Callable[[str, Any], Any] | None = None,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._limit = limit
        self._redact = redact
        self._wall = wall
        self._of_process: Rings = {}

    def start(self) -> None:
        """Collect from now on."""
        global active  # noqa: PLW0603 - `breadcrumb` is called from anywhere
        active = self

    def stop(self) -> None:
        """Collect no more."""
        global active  # noqa: PLW0603 - see start
        if active is self:
            active = None
        self._of_process = {}

    @contextmanager
    def request(self) -> Iterator[None]:
        """Within it, breadcrumbs are this request's."""
        token = self.begin()
        try:
            yield
        finally:
            self.end(token)

    @staticmethod
    def begin() -> Any:
        """The same as `request` for middleware: give the answer to `end`."""
        return _of_request.set({})

    @staticmethod
    def end(token: Any) -> None:
        """The request is answered."""
        _of_request.reset(token)

    def add(self, category: str, message: str, data: dict[str, Any]) -> None:
        """Keep an event."""
        rings = _of_request.get()
        if rings is None:
            rings = self._of_process
        ring = rings.get(category)
        if ring is None:
            # Somebody who makes categories of ids shall not fill the memory.
            name = category if len(rings) < CATEGORIES else "other"
            ring = rings.setdefault(name, deque(maxlen=self._limit))
        if len(message) > LONG:
            message = message[:LONG]
        ring.append(Breadcrumb(self._wall(), category, message, data))

    def log_emitted(self, record: "ReadWriteLogRecord") -> None:
        """A log record passes by: an error takes the breadcrumbs along, INFO and WARN become one."""
        log = record.log_record
        level = Level.of(int(log.severity_number.value) if log.severity_number else 0)
        if level >= Level.ERROR:
            attributes = log.attributes
            if (attributes is None or NAME not in attributes) and (crumbs := self.attribute()):
                log.attributes = {**(attributes or {}), NAME: crumbs}
        elif level >= Level.INFO:
            body = log.body if isinstance(log.body, str) else log.event_name or type(log.body).__name__
            scope = record.instrumentation_scope
            self.add(LOG, body, {"level": level.name.lower(), "logger": scope.name if scope else ""})

    def span_started(self, span: "Span") -> None:
        """A span begins; one that is a log of Logfire's is treated as a log record."""
        attributes = span.attributes
        if attributes and attributes.get("logfire.span_type") == "log":
            number = attributes.get("logfire.level_num")
            level = Level.of(number if isinstance(number, int) else 0)
            if level >= Level.ERROR:
                if crumbs := self.attribute():
                    span.set_attribute(NAME, crumbs)
            elif level >= Level.INFO:
                self.add(LOG, str(attributes.get("logfire.msg", span.name)), {"level": level.name.lower()})

    def span_ended(self, span: "ReadableSpan") -> None:
        """A span has ended, and processors after this one see what is done here: where a request or a task failed as a whole,
        its outermost span takes the breadcrumbs along; an outgoing call or an answered request becomes one.
        """
        if span.status.status_code.value == ERROR and (span.parent is None or span.parent.is_remote):
            attributes = span.attributes or {}
            if NAME not in attributes and (crumbs := self.attribute()):
                # What ended can no longer be changed, but this object is a copy made for the processors.
                span._attributes = {**attributes, NAME: crumbs}  # noqa: SLF001
        kind = span.kind.name
        if kind not in ("CLIENT", "SERVER"):
            return
        attributes = span.attributes or {}
        data: dict[str, Any] = {}
        for short, names in _OF_SPANS.items():
            for name in names:
                if name in attributes:
                    data[short] = attributes[name]
                    break
        if span.start_time and span.end_time:
            data["ms"] = (span.end_time - span.start_time) // 1_000_000
        self.add(NETWORK if kind == "CLIENT" else NAVIGATION, span.name, data)

    def attribute(self) -> str | None:
        """What an error record carries as `breadcrumbs`: a JSON array, oldest first, at most 8 KB; None when there are none."""
        own = _of_request.get()
        rings = [list(ring) for ring in [*self._of_process.values(), *(own.values() if own else ())]]
        sure = [crumb for ring in rings for crumb in ring[-SURE:]]
        rest = [crumb for ring in rings for crumb in ring[:-SURE]]
        newest = attrgetter("time")
        sure.sort(key=newest, reverse=True)
        rest.sort(key=newest, reverse=True)
        room = MOST_BYTES - 2
        kept: list[Breadcrumb] = []
        for crumb in [*sure, *rest][: max(self._limit, len(sure))]:
            crumb.text = crumb.text or self._text(crumb)
            room -= len(crumb.text.encode()) + 1
            if room < 0:
                break
            kept.append(crumb)
        kept.reverse()
        kept.sort(key=newest)
        return f"[{','.join(crumb.text for crumb in kept)}]" if kept else None

    def _text(self, crumb: Breadcrumb) -> str:
        data = {str(key)[:SHORT]: self._value(str(key), value) for key, value in list(crumb.data.items())[:10]}
        when = datetime.fromtimestamp(crumb.time, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        shown = {"time": when, "category": crumb.category[:SHORT], "message": self._value("message", crumb.message)}
        return _to_json({**shown, **({"data": data} if data else {})})

    def _value(self, key: str, value: Any) -> Any:
        try:
            if self._redact:
                value = self._redact(key, value)
            return value if isinstance(value, bool | int | None) else str(value)[:SHORT]
        except Exception:  # noqa: BLE001 - a value whose `str` fails
            return f"<{type(value).__name__}>"


_to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_OF_SPANS = {
    "method": ("http.request.method", "http.method"),
    "url": ("url.full", "http.url", "url.path", "http.target"),
    "status": ("http.response.status_code", "http.status_code"),
    "system": ("db.system.name", "db.system"),
}
