"""The span of a request: what OpenTelemetry asks of a span, and as little else as a request can carry.

The SDK's own span takes 13 µs with ten attributes: locks, checked copies of what nobody but us has written, a snapshot at the end.
Here the middleware's attributes are a plain dict; only what others set is checked and held to the limits.
"""

import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

from opentelemetry import trace
from opentelemetry.attributes import BoundedAttributes
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan, SpanLimits
from opentelemetry.sdk.util import BoundedList
from opentelemetry.sdk.util.instrumentation import InstrumentationInfo, InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode
from opentelemetry.util.types import Attributes, AttributeValue

from andiron.delivery.exceptions import attributes_of

log = logging.getLogger(__name__)

UNSET = Status(StatusCode.UNSET)
SIMPLE = frozenset({str, int, float, bool})


class RequestSpan(trace.Span, ReadableSpan):
    """Is made by the middleware, and is the current span of everything within the request."""

    # What most requests leave as it is costs nothing here.
    _kind = SpanKind.SERVER
    _status = UNSET
    _end_time: int | None = None
    _events: Any = ()
    _links: Any = ()
    _instrumentation_info: InstrumentationInfo | None = None
    _dropped = 0
    renamed = False
    """Whether the application gave it a name of its own."""
    recorded: BaseException | None = None
    """The exception that was recorded last, so that one that also escapes is not recorded twice."""

    def __init__(
        self,
        name: str,
        context: SpanContext,
        parent: SpanContext | None,
        resource: Resource,
        attributes: dict[str, Any],
        limits: SpanLimits,
        scope: InstrumentationScope,
        deliver: Callable[["RequestSpan"], None],
    ) -> None:
        # Not `super().__init__`: it takes 1 µs for the fields that stand above.
        self._name = name
        self._context: SpanContext = context
        self._parent = parent
        self._resource = resource
        self.facts = self._attributes = attributes
        self._limits = limits
        self._instrumentation_scope = scope
        self._deliver = deliver
        self.started = self._start_time = time.time_ns()

    def __repr__(self) -> str:
        return f"RequestSpan({self._name!r}, {self._context})"

    @property
    def dropped_attributes(self) -> int:
        return self._dropped

    def routed(self, route: str) -> None:
        """The router has taken the request: the name follows, unless the application gave it one."""
        self.facts["http.route"] = route
        if not self.renamed:
            self._name = f"{self._name} {route}"

    def get_span_context(self) -> SpanContext:
        return self._context

    def is_recording(self) -> bool:
        return self._end_time is None

    def set_attribute(self, key: str, value: AttributeValue) -> None:
        if self._ended("set_attribute"):
            return
        if type(value) not in SIMPLE or type(key) is not str or self._limits.max_span_attribute_length is not None:
            cleaned = BoundedAttributes(None, {key: value}, False, self._limits.max_span_attribute_length)
            if cleaned.get(key) is None:
                return  # of no type that an attribute can have
            value = cleaned[key]
        most = self._limits.max_span_attributes
        if most is not None and len(self.facts) >= most and key not in self.facts:
            self._dropped += 1
            return
        self.facts[key] = value

    def set_attributes(self, attributes: Mapping[str, AttributeValue]) -> None:
        for key, value in attributes.items():
            self.set_attribute(key, value)

    def add_event(self, name: str, attributes: Attributes = None, timestamp: int | None = None) -> None:
        if self._ended("add_event"):
            return
        limits = self._limits
        if not self._events:
            self._events = BoundedList(limits.max_events)
        bounded = BoundedAttributes(limits.max_event_attributes, attributes, True, limits.max_attribute_length)
        self._events.append(Event(name, bounded, timestamp))

    def add_link(self, context: SpanContext, attributes: Attributes = None) -> None:
        if self._ended("add_link") or not (context.is_valid or attributes or context.trace_state):
            return
        limits = self._limits
        if not self._links:
            self._links = BoundedList(limits.max_links)
        bounded = BoundedAttributes(limits.max_link_attributes, attributes, True, limits.max_attribute_length)
        self._links.append(Link(context, bounded))

    def update_name(self, name: str) -> None:
        if not self._ended("update_name"):
            self._name = name
            self.renamed = True

    def set_status(self, status: Status | StatusCode, description: str | None = None) -> None:
        if self._ended("set_status"):
            return
        new = status if isinstance(status, Status) else Status(status, description)
        # OK is the application's last word, and UNSET takes nothing back.
        if self._status.status_code is not StatusCode.OK and new.status_code is not StatusCode.UNSET:
            self._status = new

    def record_exception(
        self,
        exception: BaseException,
        attributes: Attributes = None,
        timestamp: int | None = None,
        escaped: bool = False,  # noqa: FBT001, FBT002 - OpenTelemetry's signature
    ) -> None:
        event = {
            **attributes_of(exception),
            "exception.escaped": str(escaped),
            **(attributes or {}),
        }
        self.add_event("exception", event, timestamp)
        self.recorded = exception

    def end(self, end_time: int | None = None) -> None:
        if self._ended("end"):
            return
        most = self._limits.max_span_attributes
        if most is not None and len(self.facts) > most:
            self._dropped += len(self.facts) - most
            self._attributes = dict(list(self.facts.items())[:most])
        self.recorded = None
        # A duration of nothing would make it a log.
        self._end_time = max(end_time or time.time_ns(), self.started + 1)
        self._deliver(self)

    def _ended(self, call: str) -> bool:
        if self._end_time is None:
            return False
        log.warning("%s on the span of a request that has ended: %s", call, self._name)
        return True
