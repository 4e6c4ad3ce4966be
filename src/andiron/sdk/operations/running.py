"""An operation while it runs: begun, asked for by `current_operation`, ended once, with everything that is said of it."""

import json
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from time import perf_counter
from typing import Any

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Span

from andiron.delivery.exceptions import type_name
from andiron.delivery.values import Simplifier
from andiron.sdk.bridges.telemetry import LONGEST, PLAIN
from andiron.sdk.jsonlog import Failure
from andiron.sdk.operations import force, names
from andiron.sdk.operations.tracing import mark

Place = tuple[Context, "Running | None"]

current: "ContextVar[Running | None]" = ContextVar("andiron_operation", default=None)


class Described:
    """What is known of an operation before it runs."""

    name: str
    resource_type: str
    resources: int | Callable[[Any], int]
    """How many more there are when it succeeds, or what tells it of the result."""
    cascade: Callable[[Any], int] | None
    """Tells of the result how many went with what was deleted."""
    rejects: tuple[type[BaseException], ...]
    """Exceptions that say no to the caller."""
    counts: bool
    """Whether there is anything to count when it succeeds."""


class Running:
    """One run of an operation. It holds the span open until it is ended; nothing of it raises."""

    __slots__ = ("_began", "_inside", "_outside", "_parts", "attributes", "operation", "outcome", "span")

    def __init__(self, operation: Described, attributes: dict[str, Any]) -> None:
        self.operation = operation
        self.attributes = attributes
        """Of the span and of the records alike."""
        self.outcome = ""
        """How it ended; empty while it runs."""
        self.span: Span = trace.INVALID_SPAN
        self._parts = force.now.parts or force.parts()
        self._outside = self._inside = here()
        """What is current around it, and within it where a generator was left."""
        self._began = 0.0

    # For whoever is within

    def set_attribute(self, key: str, value: Any) -> None:
        """Say more of it: on its span, and on the records that are yet to come."""
        if self.outcome:
            return
        with self._parts.errors.guard("tracing", proves=False):
            clean = plain({key: value})
            self.attributes.update(clean)
            self.span.set_attributes(clean)

    def add_event(self, name: str, attributes: Mapping[str, Any] | None = None) -> None:
        """Something happened at this moment."""
        if self.outcome:
            return
        with self._parts.errors.guard("tracing", proves=False):
            self.span.add_event(name, plain(dict(attributes or {})))

    # For what runs it

    def begin(self) -> None:
        """Start the span, become the current operation, say so."""
        operation, parts = self.operation, self._parts
        context = self._outside[0]
        if parts.tracing is not None and not (parts.errors.streaks and parts.errors.degraded("tracing")):
            try:
                self.span = parts.tracing.tracer.start_span(
                    operation.name, context, attributes={names.OPERATION: operation.name, **self.attributes}
                )
                context = trace.set_span_in_context(self.span, context)
            except Exception as error:  # noqa: BLE001 - a sampler or a processor of anybody's
                parts.errors.handle("tracing", error)
        self._inside = context, self
        be_in(self._inside)
        if parts.logger is not None:
            parts.logger.started(operation.name, self.attributes)
        self._began = perf_counter()

    def leave(self) -> None:
        """A generator hands out a piece: whoever takes it is not within the operation."""
        self._inside = here()
        be_in(self._outside)

    def enter(self) -> None:
        """The generator goes on, maybe for somebody else."""
        self._outside = here()
        be_in(self._inside)

    def succeeded(self, result: Any) -> None:
        """It returned."""
        operation, parts = self.operation, self._parts
        if operation.counts and parts.metrics is not None:
            # What it is told of the result is the application's own code, which may be wrong.
            with parts.errors.guard("resources"):
                by = operation.resources
                if by := by(result) if callable(by) else by:
                    parts.metrics.resources_changed(operation.resource_type or operation.name, by)
            with parts.errors.guard("cascade"):
                if operation.cascade is not None and (others := operation.cascade(result)):
                    parts.metrics.cascade_deleted(operation.resource_type or operation.name, others)
        self._end(names.SUCCESS, None)

    def failed(self, error: BaseException) -> None:
        """It raised, or was ended from outside."""
        if isinstance(error, self.operation.rejects):
            self._end(names.REJECTED, error)
        elif isinstance(error, Exception):
            self._end(names.FAILURE, error)
        else:
            self._end(names.CANCELLED, None)

    def _end(self, outcome: str, error: BaseException | None) -> None:
        if self.outcome:
            return
        self.outcome = outcome
        try:
            self._tell(outcome, perf_counter() - self._began, error)
        except Exception as trouble:  # noqa: BLE001 - a processor of anybody's, an exception that cannot be described
            self._parts.errors.handle("tracing", trouble)
        finally:
            # Where another operation is the current one, this one was ended from elsewhere, and its place is not ours to clear.
            if current.get() is self:
                outside = self._outside
                while outside[1] is not None and outside[1].outcome:
                    outside = outside[1]._outside  # noqa: SLF001 - of its own kind
                be_in(outside)

    def _tell(self, outcome: str, seconds: float, error: BaseException | None) -> None:
        """Say how it ended, to whoever is to know."""
        name, parts, span = self.operation.name, self._parts, self.span
        kind = type_name(error) if error is not None else None
        if parts.metrics is not None:  # first, while its span is the current one: the exemplar leads there
            parts.metrics.record_operation(name, seconds, outcome, kind)
        failure = Failure.of(error) if outcome == names.FAILURE and error is not None else None
        if parts.logger is not None:
            parts.logger.ended(name, outcome, seconds, failure or error, self.attributes)
        try:
            span.set_attribute(names.OUTCOME, outcome)
            if failure is not None:
                mark(span, failure)
            elif kind is not None:
                span.set_attribute(names.ERROR_TYPE, kind)
        finally:
            span.end()
        if parts.errors.streaks and span.get_span_context().is_valid:
            parts.errors.succeeded("tracing")


def here() -> Place:
    """What is current: OpenTelemetry's context, and the innermost operation."""
    return otel_context.get_current(), current.get()


def be_in(place: Place) -> None:
    """Make that current."""
    otel_context.attach(place[0])
    current.set(place[1])


def plain(attributes: dict[str, Any]) -> dict[str, Any]:
    """Attributes as every signal takes them: what is no text, number or list of such becomes text, and nothing at all is left out."""
    if all(type(value) in PLAIN for value in attributes.values()):
        return attributes
    clean = {}
    for key, value in attributes.items():
        simple = value if type(value) in PLAIN else Simplifier(LONGEST).plain(value)
        if isinstance(simple, dict) or (isinstance(simple, list) and len({type(each) for each in simple} - PLAIN)):
            simple = json.dumps(simple, ensure_ascii=False, default=str)
        if simple is not None:
            clean[key] = simple
    return clean


class Nothing:
    """The current operation where there is none: it takes everything and keeps nothing."""

    attributes: Mapping[str, Any] = {}
    outcome = ""
    span = trace.INVALID_SPAN

    def set_attribute(self, key: str, value: Any) -> None:
        """There is nothing to say it of."""

    def add_event(self, name: str, attributes: Mapping[str, Any] | None = None) -> None:
        """As above."""

    def begin(self) -> None:
        """It runs, and nobody watches."""

    enter = leave = begin

    def succeeded(self, result: Any) -> None:
        """As above."""

    def failed(self, error: BaseException) -> None:
        """As above."""


NOTHING = Nothing()


def current_operation() -> Running | Nothing:
    """The innermost operation that runs here; outside of any, one that does nothing."""
    run = current.get()
    return NOTHING if run is None or run.outcome else run
