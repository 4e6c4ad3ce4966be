"""Spans that still run. One that runs for longer than a second is sent once as Logfire's pending span, so that it can be seen while it runs,
and so that something of it is left when the process dies. Short spans cost a dictionary entry.
"""

import os
import time
from collections.abc import Callable
from random import getrandbits
from typing import Any

from opentelemetry.sdk.trace import ReadableSpan, Span
from opentelemetry.trace import SpanContext

from andiron.delivery.levels import Level

MOST = 10_000
"""Open spans that are watched: an application that never ends its spans must not fill the memory."""
SPAN_TYPE, PARENT = "logfire.span_type", "logfire.pending_parent_id"


class OpenSpans:
    """Knows the spans that have started and not ended. `announce` is called about once a second."""

    def __init__(
        self,
        give: Callable[[ReadableSpan], None],
        *,
        after: float = 1.0,
        clock_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._give = give
        self._after = int(after * 1e9)
        self._clock_ns = clock_ns
        self._pid = os.getpid()
        self._open: dict[int, Span] = {}
        self._announced: set[int] = set()

    def __len__(self) -> int:
        return len(self._open)

    def started(self, span: Span) -> None:
        """A span has started."""
        context = span.context
        if context is not None and context.trace_flags & 1 and len(self._open) < MOST:
            self._open[context.span_id] = span

    def ended(self, span: ReadableSpan) -> None:
        """It has ended."""
        context = span.context
        if context is not None:
            self._open.pop(context.span_id, None)
            if self._announced:
                self._announced.discard(context.span_id)

    def announce(self) -> None:
        """Give the pending form of each span that has become old enough."""
        if os.getpid() != self._pid:
            self.forget()
        due = self._clock_ns() - self._after
        try:
            spans = list(self._open.items())
        except RuntimeError:  # it changed meanwhile: the next second will do
            return
        for span_id, span in spans:
            if span_id not in self._announced and (span.start_time or 0) <= due and not span.end_time:
                self._announced.add(span_id)
                self._give(pending(span))

    def forget(self) -> None:
        """In a forked child: those spans are the parent's."""
        self._pid = os.getpid()
        self._open = {}
        self._announced = set()


def pending(span: Span) -> ReadableSpan:
    """Logfire's form: an id of its own, the real span as its parent, the real parent in an attribute."""
    context = span.context
    parent = span.parent
    attributes: dict[str, Any] = dict(span.attributes or {})
    attributes[SPAN_TYPE] = "pending_span"
    attributes[PARENT] = f"{parent.span_id if parent else 0:016x}"
    attributes.setdefault("logfire.level_num", int(Level.INFO))
    return ReadableSpan(
        name=span.name,
        context=SpanContext(
            context.trace_id,
            getrandbits(64) or 1,
            is_remote=False,
            trace_flags=context.trace_flags,
            trace_state=context.trace_state,
        ),
        parent=context,
        resource=span.resource,
        attributes=attributes,
        events=span.events,
        links=span.links,
        kind=span.kind,
        start_time=span.start_time,
        end_time=span.start_time,
        instrumentation_scope=span.instrumentation_scope,
    )
