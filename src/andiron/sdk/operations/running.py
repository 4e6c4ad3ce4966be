"""An operation while it runs: begun, asked for by `current_operation`, ended once, with everything that is said of it."""

import json
from collections.abc import Mapping
from contextvars import ContextVar, Token
from time import perf_counter
from typing import TYPE_CHECKING, Any

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

if TYPE_CHECKING:
    from andiron.sdk.operations.decorator import Operation

SIMPLIFIER = Simplifier(LONGEST)

current: "ContextVar[Running | None]" = ContextVar("andiron_operation", default=None)


class Running:
    """One run of an operation. It holds the span open until it is ended; nothing of it raises."""

    __slots__ = (
        "_began",
        "_context",
        "_entered",
        "_parts",
        "attributes",
        "operation",
        "outcome",
        "span",
    )

    def __init__(self, operation: "Operation", attributes: dict[str, Any]) -> None:
        self.operation = operation
        self.attributes = attributes
        """Of the span and of the records alike."""
        self.outcome = ""
        """How it ended; empty while it runs."""
        self.span: Span = trace.INVALID_SPAN
        self._parts = force.now.parts or force.parts()
        self._context: Context | None = None
        self._entered: list[tuple[Token[Context] | None, Token[Running | None]]] = []
        self._began = 0.0

    # For whoever is within

    def set_attribute(self, key: str, value: Any) -> None:
        """Say more of it: on its span, and on the records that are yet to come."""
        with self._parts.errors.guard("tracing"):
            clean = plain({key: value})
            self.attributes.update(clean)
            self.span.set_attributes(clean)

    def add_event(self, name: str, attributes: Mapping[str, Any] | None = None) -> None:
        """Something happened at this moment."""
        with self._parts.errors.guard("tracing"):
            self.span.add_event(name, plain(dict(attributes or {})))

    # For what runs it

    def begin(self) -> None:
        """Start the span, become the current operation, say so."""
        operation, parts = self.operation, self._parts
        if parts.tracing is not None and not (parts.errors.streaks and parts.errors.degraded("tracing")):
            try:
                before = otel_context.get_current()
                self.span = parts.tracing.tracer.start_span(
                    operation.name, before, attributes={names.OPERATION: operation.name, **self.attributes}
                )
                self._context = trace.set_span_in_context(self.span, before)
            except Exception as error:  # noqa: BLE001 - a sampler or a processor of anybody's
                parts.errors.handle("tracing", error)
        self.enter()
        if parts.logger is not None:
            parts.logger.started(operation.name, self.attributes)
        self._began = perf_counter()

    def enter(self) -> None:
        """Be the current operation, and its span the current span."""
        token = otel_context.attach(self._context) if self._context is not None else None
        self._entered.append((token, current.set(self)))

    def leave(self) -> None:
        """No longer."""
        token, before = self._entered.pop()
        try:
            current.reset(before)
        except ValueError:  # the last part of a generator, run by whoever collects the garbage
            return
        if token is not None:
            otel_context.detach(token)

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
            self.leave()

    def _tell(self, outcome: str, seconds: float, error: BaseException | None) -> None:
        """Say how it ended, to whoever is to know."""
        name, parts, span = self.operation.name, self._parts, self.span
        kind = type_name(error) if error is not None else None
        if parts.metrics is not None:  # first, while its span is the current one: the exemplar leads there
            parts.metrics.record_operation(name, seconds, outcome, kind)
        failure = Failure.of(error) if outcome == names.FAILURE and error is not None else None
        if parts.logger is not None:
            parts.logger.ended(name, outcome, seconds, failure or error, self.attributes)
        span.set_attribute(names.OUTCOME, outcome)
        if failure is not None:
            mark(span, failure)
        elif kind is not None:
            span.set_attribute(names.ERROR_TYPE, kind)
        span.end()
        if parts.errors.streaks and self._context is not None:
            parts.errors.succeeded("tracing")


def plain(attributes: dict[str, Any]) -> dict[str, Any]:
    """Attributes as every signal takes them: what is no text, number or list of such becomes text, and nothing at all is left out."""
    if all(type(value) in PLAIN for value in attributes.values()):
        return attributes
    clean = {}
    for key, value in attributes.items():
        simple = value if type(value) in PLAIN else SIMPLIFIER.plain(value)
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
    return current.get() or NOTHING
