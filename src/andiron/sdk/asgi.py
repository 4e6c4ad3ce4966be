"""One server span a request, for FastAPI, Starlette and any other ASGI application, and the request's id with it.

`instrument(app)` puts the middleware around everything that a Starlette application has, its error handling included.
"""

import logging
import os
import re
import time
from collections.abc import Callable, Iterable, Mapping
from contextvars import Token
from functools import lru_cache
from typing import Any

from opentelemetry import context as otel_context
from opentelemetry import metrics, propagate, trace
from opentelemetry.context import _SUPPRESS_HTTP_INSTRUMENTATION_KEY, _SUPPRESS_INSTRUMENTATION_KEY
from opentelemetry.context.context import Context
from opentelemetry.propagators.textmap import Getter, TextMapPropagator
from opentelemetry.trace import NonRecordingSpan

from andiron import __version__
from andiron.delivery.exceptions import type_name
from andiron.sdk.context import request_id as current_request_id
from andiron.sdk.exchange import Exchange, conclude, outcome_of
from andiron.sdk.http_attributes import KNOWN_METHODS, header_attributes, request_attributes
from andiron.sdk.request_id import (
    HEADER,
    ID_MARK,
    ASGIApp,
    Receive,
    Scope,
    Send,
    chosen,
    remember,
)
from andiron.sdk.request_span import RequestSpan
from andiron.sdk.routes import Routes
from andiron.sdk.span_source import SpanSource, sdk_provider

log = logging.getLogger(__name__)

Mapper = Callable[[Any, dict[str, Any]], Mapping[str, Any] | None]
"""Takes the request (Starlette's, or the scope where Starlette is not there) and the span's attributes; gives attributes to set,
or to remove where the value is None."""

SPAN_KEY = next(iter(trace.set_span_in_context(trace.INVALID_SPAN, Context())))
"""OpenTelemetry's key of the current span. With it a context is made in one step: 0.15 µs instead of 0.5."""
SUPPRESSED = (_SUPPRESS_INSTRUMENTATION_KEY, _SUPPRESS_HTTP_INSTRUMENTATION_KEY)
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
METRIC_KEYS = (
    "http.request.method",
    "url.scheme",
    "http.route",
    "http.response.status_code",
    "error.type",
    "network.protocol.version",
)
MARK = "andiron.request"
"""In the scope of a request that has its span, so that a middleware further in leaves it alone."""


class Headers(Getter[Scope]):
    """Reads headers for a propagator."""

    def get(self, carrier: Scope, key: str) -> list[str] | None:
        wanted = key.lower().encode()
        found = [value.decode("latin-1") for name, value in carrier["headers"] if name.lower() == wanted]
        if key == "baggage" and len(found) > 1:  # the propagator reads the first alone
            return [",".join(found)]
        return found or None

    def keys(self, carrier: Scope) -> list[str]:
        return [name.decode("latin-1") for name, _ in carrier["headers"]]


HEADERS = Headers()


class AndironMiddleware:
    """Pure ASGI. Spans come from `tracer_provider`, or the global one; without an SDK's provider, context is passed on and that is all.

    `excluded_urls`: regular expressions, comma-separated or as an iterable, sought in `http://host/path`.
    `capture_headers`: names of headers to keep as `http.request.header.<name>` and `http.response.header.<name>`.
    `request_ids`: take or make an `X-Request-ID`, and answer with it.
    `metrics`: record `http.server.request.duration`; the SDK takes 8 µs for it, which is why it is off.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        tracer_provider: trace.TracerProvider | None = None,
        meter_provider: metrics.MeterProvider | None = None,
        excluded_urls: str | Iterable[str] | None = None,
        request_attributes_mapper: Mapper | None = None,
        capture_headers: Iterable[str] = (),
        request_ids: bool = True,
        metrics: bool = False,
        root: Any = None,
    ) -> None:
        self.app = app
        self._provider = tracer_provider
        self._source: SpanSource | None = None
        self._excluded = excluder(excluded_urls)
        self._mapper = request_attributes_mapper
        self._capture = frozenset(name.lower().encode() for name in capture_headers)
        self._request_ids = request_ids
        self._duration = duration_histogram(meter_provider) if metrics else None
        self._root = root
        self._routes: Routes | None = None
        self._propagator: TextMapPropagator | None = None
        self._propagated: frozenset[bytes] = frozenset()
        self._told: set[str] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket") or MARK in scope:
            await self.app(scope, receive, send)
            return
        scope.setdefault("fastapi.telemetry", None)  # FastAPI makes no spans of its own below this one
        headers = dict(scope["headers"])
        request_id = self._identified(scope, headers)
        id_token = None if request_id is None else current_request_id.set(request_id)
        span, token = self._begun(scope, headers, request_id)
        exchange = Exchange(send, request_id, span, self._capture)
        if self._duration is not None:
            exchange.began = time.time_ns()
        try:
            await self.app(scope, receive, exchange.send)
        except BaseException as error:
            self._finish(scope, exchange, error)
            raise
        else:
            self._finish(scope, exchange, None)
        finally:
            if token is not None:
                otel_context.detach(token)
            if id_token is not None:
                current_request_id.reset(id_token)

    def _identified(self, scope: Scope, headers: Mapping[bytes, bytes]) -> str | None:
        """The id of the request; None if it has one already, or shall have none."""
        if not self._request_ids or ID_MARK in scope:
            return None
        scope[ID_MARK] = request_id = chosen(headers.get(HEADER))
        remember(scope, request_id)
        return request_id

    def _begun(
        self, scope: Scope, headers: Mapping[bytes, bytes], request_id: str | None
    ) -> tuple[RequestSpan | None, Token[Context] | None]:
        """The span, if the request is recorded, and the token of the context that is now current, if that is another."""
        if self._excluded is not None and self._excluded(scope.get("scheme"), headers.get(b"host"), scope["path"]):
            return None, None
        scope[MARK] = True
        before = otel_context.get_current()
        context = self._extracted(scope, headers, before)
        span = self._started(scope, headers, context, request_id)
        if span is not None:
            context = Context({**context, SPAN_KEY: span})
        token = otel_context.attach(context) if context is not before else None
        return (span if type(span) is RequestSpan else None), token

    def _extracted(self, scope: Scope, headers: Mapping[bytes, bytes], current: Context) -> Context:
        """The context that the caller sent, if any of the propagator's headers is there."""
        propagator = propagate.get_global_textmap()
        if propagator is not self._propagator:
            self._propagator = propagator
            self._propagated = frozenset(field.encode() for field in propagator.fields)
        if self._propagated.isdisjoint(headers):
            return current
        try:
            return propagator.extract(scope, current, HEADERS)
        except Exception as error:  # noqa: BLE001 - headers are anybody's
            self._tell("the propagator failed", error)
            return current

    def _started(
        self, scope: Scope, headers: Mapping[bytes, bytes], context: Context, request_id: str | None
    ) -> RequestSpan | NonRecordingSpan | None:
        """The span, or None where nothing records."""
        try:
            provider = trace.get_tracer_provider() if self._provider is None else self._provider
            source = self._source
            # The global provider may be set late, and Logfire exchanges the one inside its own when it is configured anew.
            if source is None or getattr(provider, "provider", provider) is not source.provider:
                sdk = sdk_provider(provider)
                if sdk is None:
                    return None
                self._source = source = SpanSource(sdk, __version__)
            if context and any(context.get(key) for key in SUPPRESSED):
                return None

            def attributes() -> dict[str, Any]:
                values = request_attributes(scope, headers)
                if request_id is not None:
                    values["request_id"] = request_id
                if self._capture:
                    values.update(header_attributes("request", scope["headers"], self._capture))
                return values

            return source.start(method_of(scope), context, attributes)
        except Exception as error:  # noqa: BLE001 - a sampler or a processor of the user's; the request goes on
            self._tell("a span could not be started", error)
            return None

    def _finish(self, scope: Scope, exchange: Exchange, error: BaseException | None) -> None:
        """Say what came of the request, and end its span."""
        span = exchange.span
        if span is None or not span.is_recording():
            if self._duration is not None and MARK in scope:
                self._measure_unseen(scope, exchange, error)
            return  # there is none, or the application has ended it
        try:
            route = self._route(scope)
            if route is not None:
                span.routed(route)
            # Names are few, for counting; the message is for reading, and says which item it was, and which page was missing.
            span.facts.setdefault("logfire.msg", span.name if span.renamed else f"{method_of(scope)} {scope['path']}")
            conclude(span, exchange.status, error)
            if self._mapper is not None:
                self._map(self._mapper, scope, span)
            if self._duration is not None and scope["type"] == "http":
                self._measure(span.started, exchange, span.facts)
            span.end(exchange.ended)
        except Exception as failure:  # noqa: BLE001 - a processor of the user's; the request goes on
            self._tell("a span could not be ended", failure)

    def _route(self, scope: Scope) -> str | None:
        """Its template."""
        if self._routes is None:
            self._routes = Routes(self._root or self.app)
        return self._routes.template(scope)

    def _measure(self, began: int, exchange: Exchange, facts: Mapping[str, Any]) -> None:
        """Record how long it took."""
        if self._duration is not None:
            seconds = ((exchange.ended or time.time_ns()) - began) / 1e9
            self._duration.record(max(0.0, seconds), {key: facts[key] for key in METRIC_KEYS if key in facts})

    def _measure_unseen(self, scope: Scope, exchange: Exchange, error: BaseException | None) -> None:
        """Measure a request whose span is not recorded: what the sampler leaves out has taken its time as well."""
        if scope["type"] != "http":
            return
        try:
            facts = request_attributes(scope, dict(scope["headers"]))
            if (route := self._route(scope)) is not None:
                facts["http.route"] = route
            if error is not None and outcome_of(error) is None:
                facts["error.type"] = type_name(error)
            if exchange.status is not None:
                facts["http.response.status_code"] = exchange.status
                if exchange.status >= 500:
                    facts.setdefault("error.type", str(exchange.status))
            self._measure(exchange.began, exchange, facts)
        except Exception as failure:  # noqa: BLE001 - a reader or a view of the user's; the request goes on
            self._tell("a request could not be measured", failure)

    def _map(self, mapper: Mapper, scope: Scope, span: RequestSpan) -> None:
        try:
            for key, value in (mapper(request_of(scope), dict(span.attributes or {})) or {}).items():
                if value is None:
                    span.facts.pop(key, None)
                else:
                    span.set_attribute(key, value)
        except Exception as error:  # noqa: BLE001 - the user's code; the request goes on
            self._tell("request_attributes_mapper failed", error)

    def _tell(self, what: str, error: Exception) -> None:
        """Log a failure, once of a kind."""
        if what not in self._told:
            self._told.add(what)
            log.error("%s; further failures of this kind are not logged", what, exc_info=error)


def method_of(scope: Scope) -> str:
    """What a span is called before its route is known."""
    if scope["type"] == "websocket":
        return "WS"
    method: str = scope["method"]
    return method if method in KNOWN_METHODS else "HTTP"


def request_of(scope: Scope) -> Any:
    """What a mapper is given."""
    try:
        from starlette.requests import HTTPConnection, Request
    except ImportError:
        return scope
    return Request(scope) if scope["type"] == "http" else HTTPConnection(scope)


def excluder(
    excluded_urls: str | Iterable[str] | None,
) -> Callable[[str | None, bytes | None, str], bool] | None:
    """Whether a URL is excluded; None when none is."""
    if excluded_urls is None:
        excluded_urls = os.environ.get("OTEL_PYTHON_FASTAPI_EXCLUDED_URLS") or os.environ.get(
            "OTEL_PYTHON_EXCLUDED_URLS", ""
        )
    patterns = excluded_urls.split(",") if isinstance(excluded_urls, str) else excluded_urls
    patterns = [pattern.strip() for pattern in patterns if pattern.strip() and is_pattern(pattern.strip())]
    if not patterns:
        return None
    search = re.compile("|".join(f"(?:{pattern})" for pattern in patterns)).search

    @lru_cache(1024)
    def excluded(scheme: str | None, host: bytes | None, path: str) -> bool:
        return search(f"{scheme}://{(host or b'').decode('latin-1')}{path}") is not None

    return excluded


def is_pattern(text: str) -> bool:
    """Whether it is a regular expression. One that is none costs a line: a request is worth more than its exclusion."""
    try:
        re.compile(text)
    except re.error as error:
        log.warning("%r excludes no requests: it is no regular expression (%s)", text, error)
        return False
    return True


def duration_histogram(meter_provider: metrics.MeterProvider | None) -> metrics.Histogram:
    """The histogram that the conventions ask for."""
    return metrics.get_meter("andiron.sdk.asgi", __version__, meter_provider).create_histogram(
        "http.server.request.duration",
        unit="s",
        description="Duration of HTTP server requests.",
        explicit_bucket_boundaries_advisory=BUCKETS,
    )


def instrument(app: Any, **options: Any) -> None:
    """Put `AndironMiddleware(**options)` around a Starlette or FastAPI application, also one that runs already.

    Outermost, so that exceptions of handlers and of every other middleware are seen. Once more replaces the options.
    """
    uninstrument(app)
    original = app.build_middleware_stack
    if getattr(app, "_is_instrumented_by_opentelemetry", False):
        log.warning("The application is instrumented by OpenTelemetry (or Logfire) too: each request gets two spans.")

    def build_middleware_stack() -> AndironMiddleware:
        return AndironMiddleware(original(), root=app, **options)

    # FastAPI's own telemetry would make a span and metrics outside of ours; it reads its settings at each request.
    settings = getattr(app, "_telemetry", None)
    before = dict(settings) if isinstance(settings, dict) else {}
    if isinstance(settings, dict):
        settings.update(tracing=False, metrics=False, logs=False)

    def undo() -> None:
        app.build_middleware_stack = original
        if isinstance(app.middleware_stack, AndironMiddleware):
            app.middleware_stack = app.middleware_stack.app
        if isinstance(settings, dict):
            settings.update(before)
        del app._andiron_undo  # noqa: SLF001 - set below

    app._andiron_undo = undo  # noqa: SLF001 - our mark on it
    app.build_middleware_stack = build_middleware_stack
    if app.middleware_stack is not None:
        app.middleware_stack = AndironMiddleware(app.middleware_stack, root=app, **options)


def uninstrument(app: Any) -> None:
    """Take the middleware away again, if it is there."""
    undo = getattr(app, "_andiron_undo", None)
    if undo is not None:
        undo()
