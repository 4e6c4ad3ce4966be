"""Where spans of requests come from and go to: the sampler, the ids, the limits and the processors of a tracer provider.

Delivered directly when nobody but Andiron listens: Logfire's wrappers around a processor copy each span into a dict and back and
scrub it, 60 µs a span, for what the pipeline does on its own thread.
"""

from collections.abc import Callable, Mapping
from typing import Any

from opentelemetry.attributes import BoundedAttributes
from opentelemetry.context.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor, SynchronousMultiSpanProcessor, TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, Decision, ParentBased
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, TraceFlags, TraceState
from opentelemetry.trace.propagation import get_current_span

from andiron.sdk.request_span import RequestSpan

SCHEMA = "https://opentelemetry.io/schemas/1.37.0"
STATE = TraceState()
RANDOM = 0x02
"""The flag of a trace id whose bits are random (Trace Context 2); older SDKs do not name it."""
# By name: neither Logfire's private modules nor the pipeline need be there.
OURS = "AndironSpanProcessor"
WRAPPERS = frozenset({"CheckSuppressInstrumentationProcessorWrapper", "MainSpanProcessorWrapper"})
"""Logfire's, around every processor it is given."""
BAGGAGE = "DirectBaggageAttributesSpanProcessor"
"""Logfire's, which acts when there is baggage and never otherwise."""


def sdk_provider(provider: object) -> TracerProvider | None:
    """The SDK's provider behind this one, which may be Logfire's proxy; None where there is none, or it is disabled."""
    inner = getattr(provider, "provider", provider)
    if not isinstance(inner, TracerProvider) or getattr(inner, "_disabled", False):
        return None
    return inner


def own(processor: SpanProcessor) -> list[SpanProcessor] | None:
    """Andiron's processors behind this one; None if there are others."""
    name = type(processor).__name__
    if name in (OURS, BAGGAGE):
        return [processor]
    if name in WRAPPERS:
        return own(processor.processor)  # type: ignore[attr-defined] # Logfire's wrappers have it
    if type(processor) is SynchronousMultiSpanProcessor:
        found: list[SpanProcessor] = []
        for each in processor._span_processors:  # noqa: SLF001 - the SDK tells nobody who listens
            inner = own(each)
            if inner is None:
                return None
            found += inner
        return found
    return None


class SpanSource:
    """Makes the spans of one SDK provider."""

    def __init__(self, provider: TracerProvider, version: str) -> None:
        self.provider = provider
        self._scope = InstrumentationScope("andiron.sdk.asgi", version, SCHEMA)
        self._sampler = provider.sampler
        self._ids = provider.id_generator
        self._limits = provider._span_limits  # noqa: SLF001 - given to the provider, and shown by nothing else
        self._all = provider._active_span_processor  # noqa: SLF001 - as above
        self._seen: object = None
        self._starts: Callable[..., None]
        self._ends: Callable[[ReadableSpan], None]
        # With these two samplers the answer for a request that nobody has decided on is known: 1.1 µs less.
        root = self._sampler._root if type(self._sampler) is ParentBased else self._sampler  # noqa: SLF001
        self._roots_sampled = root is ALWAYS_ON
        random = getattr(self._ids, "is_trace_id_random", None)
        self._random = RANDOM if random is not None and random() else 0
        self._root_flags = TraceFlags(TraceFlags.SAMPLED | self._random)

    def start(
        self, name: str, parent_context: Context, attributes: Callable[[], dict[str, Any]]
    ) -> RequestSpan | NonRecordingSpan:
        """A span below the one in `parent_context`, if there is one; not recorded if the sampler says so."""
        listening = getattr(self._all, "_span_processors", None)
        if listening is not self._seen or listening is None:
            self._listen(listening)
        parent: SpanContext | None = None
        if parent_context:
            parent = get_current_span(parent_context).get_span_context()
            if not parent.is_valid:
                parent = None
        more: Mapping[str, Any] | None = None
        state: TraceState | None = STATE
        values: dict[str, Any] | None = None
        if parent is None and self._roots_sampled:
            trace_id = self._ids.generate_trace_id()
            flags = self._root_flags
        else:
            if parent is None:
                trace_id, random = self._ids.generate_trace_id(), self._random
            else:
                trace_id, random = parent.trace_id, parent.trace_flags & RANDOM
            values = attributes()
            result = self._sampler.should_sample(parent_context, trace_id, name, SpanKind.SERVER, values, ())
            flags = TraceFlags(random | (result.decision is Decision.RECORD_AND_SAMPLE))
            state = result.trace_state
            if result.decision is Decision.DROP:
                context = SpanContext(trace_id, self._ids.generate_span_id(), False, flags, state)
                return NonRecordingSpan(context)
            more = result.attributes
        if values is None:
            values = attributes()
        if more:
            values.update(more)
        limits = self._limits
        if limits.max_span_attribute_length is not None:
            values = dict(BoundedAttributes(None, values, False, limits.max_span_attribute_length))
        span = RequestSpan(
            name,
            SpanContext(trace_id, self._ids.generate_span_id(), False, flags, state),
            parent,
            self.provider.resource,
            values,
            limits,
            self._scope,
            self._ends,
        )
        self._starts(span, parent_context)
        return span

    def _listen(self, listening: object) -> None:
        """Look who listens; again when that has changed."""
        self._seen = listening
        direct = own(self._all) or []
        ours = [processor for processor in direct if type(processor).__name__ == OURS]
        if len(ours) != 1:
            self._starts, self._ends = self._all.on_start, self._end_everywhere
            return
        self._starts, self._ends = ours[0].on_start, ours[0].on_end
        if len(direct) > 1:

            def starts(span: Span, parent_context: Context) -> None:
                for processor in direct if parent_context else ours:
                    processor.on_start(span, parent_context)

            self._starts = starts

    def _end_everywhere(self, span: ReadableSpan) -> None:
        ending = getattr(self._all, "_on_ending", None)
        if ending is not None:
            ending(span)
        self._all.on_end(span)
