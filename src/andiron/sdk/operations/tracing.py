"""`TracingInstrumentor`: spans of operations and of their parts, their attributes and exceptions, and the context that crosses processes."""

from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from opentelemetry import propagate, trace
from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind, Status, StatusCode

from andiron import __version__
from andiron.sdk.jsonlog import Failure
from andiron.sdk.operations import names
from andiron.sdk.operations.errors import ObservabilityErrorHandler

ERROR = StatusCode.ERROR


class TracingInstrumentor:
    """Makes spans with `tracer_provider`, or the global one. Nothing but the code within a span raises out of it."""

    def __init__(
        self, tracer_provider: trace.TracerProvider | None = None, errors: ObservabilityErrorHandler | None = None
    ) -> None:
        self.errors = errors or ObservabilityErrorHandler()
        self.tracer = trace.get_tracer(names.SCOPE, __version__, tracer_provider)

    @contextmanager
    def operation(
        self, name: str, attributes: Mapping[str, Any] | None = None, kind: SpanKind = SpanKind.INTERNAL
    ) -> Iterator[Span]:
        """A span around an operation, a child of the current one. An exception marks it and goes on."""
        span: Span = trace.INVALID_SPAN
        with self.errors.guard("tracing"):
            span = self.tracer.start_span(name, kind=kind, attributes={names.OPERATION: name, **(attributes or {})})
        with trace.use_span(span, end_on_exit=False, record_exception=False, set_status_on_exception=False):
            try:
                yield span
            except Exception as error:
                self.record_exception(error, span)
                raise
            finally:
                with self.errors.guard("tracing"):
                    span.end()

    def child(self, name: str, attributes: Mapping[str, Any] | None = None) -> AbstractContextManager[Span]:
        """A span around a part of the current operation."""
        return self.operation(name, attributes)

    def set_attributes(self, attributes: Mapping[str, Any], span: Span | None = None) -> None:
        """Say more of a span, or of the current one."""
        with self.errors.guard("tracing"):
            (span or trace.get_current_span()).set_attributes(attributes)

    def record_exception(self, error: BaseException, span: Span | None = None) -> None:
        """Keep an exception with a span, or with the current one, and mark that as failed."""
        with self.errors.guard("tracing"):
            mark(span or trace.get_current_span(), Failure.of(error))

    def inject(self, carrier: MutableMapping[str, str] | None = None) -> MutableMapping[str, str]:
        """The current context as headers, added to `carrier` where one is given."""
        headers: MutableMapping[str, str] = {} if carrier is None else carrier
        with self.errors.guard("tracing"):
            propagate.inject(headers)
        return headers

    def extract(self, carrier: Mapping[str, str]) -> Context:
        """The context that came with headers: `opentelemetry.context.attach` makes it the current one."""
        with self.errors.guard("tracing"):
            return propagate.extract(carrier)
        return Context()

    @property
    def trace_id(self) -> str | None:
        """The current trace, in 32 hexadecimal digits."""
        context = trace.get_current_span().get_span_context()
        return trace.format_trace_id(context.trace_id) if context.is_valid else None

    @property
    def span_id(self) -> str | None:
        """The current span, in 16 hexadecimal digits."""
        context = trace.get_current_span().get_span_context()
        return trace.format_span_id(context.span_id) if context.is_valid else None


def mark(span: Span, failure: Failure) -> None:
    """Mark a span as failed, with the exception as an event."""
    if not span.is_recording():
        return
    span.set_attribute(names.ERROR_TYPE, failure.type)
    span.add_event(
        "exception",
        {
            "exception.type": failure.type,
            "exception.message": failure.message,
            "exception.stacktrace": failure.stacktrace,
        },
    )
    span.set_status(Status(ERROR, f"{failure.type}: {failure.message}"))
