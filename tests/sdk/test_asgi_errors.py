"""What becomes of a request that fails, is cancelled, or whose client has gone."""

import asyncio
from typing import Any

import pytest
from fastapi import BackgroundTasks, FastAPI
from opentelemetry import trace
from opentelemetry.trace import StatusCode
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from typing_extensions import override

from andiron.sdk.asgi import AndironMiddleware, instrument
from tests.sdk.asgi_spans import Spans, attributes, get, request


class OutOfStock(Exception):
    """Of this application."""


@pytest.fixture
def spans() -> Spans:
    return Spans()


async def failing(_: Request) -> Response:
    raise OutOfStock("item 7")


def assert_failed(spans: Spans, name: str, status: int | None) -> None:
    span = spans.named(name)
    assert span.status.status_code is StatusCode.ERROR
    assert span.status.description == "OutOfStock: item 7"
    assert attributes(span)["error.type"] == f"{__name__}.OutOfStock"
    assert attributes(span).get("http.response.status_code") == status
    assert attributes(span)["logfire.level_num"] == 17
    (event,) = span.events
    assert event.name == "exception"
    assert event.attributes is not None
    assert event.attributes["exception.type"] == f"{__name__}.OutOfStock"
    assert event.attributes["exception.message"] == "item 7"
    assert event.attributes["exception.escaped"] == "True"
    assert 'raise OutOfStock("item 7")' in str(event.attributes["exception.stacktrace"])


def test_an_exception_of_a_handler_is_recorded(spans: Spans) -> None:
    app = Starlette(routes=[Route("/", failing)])
    instrument(app, tracer_provider=spans.provider)
    answer = get(app, "/")
    assert answer.status_code == 500
    assert answer.headers["x-request-id"] == attributes(spans.only)["request_id"]
    assert_failed(spans, "GET /", 500)


def test_an_exception_of_another_middleware_is_recorded(spans: Spans) -> None:
    class Outer(BaseHTTPMiddleware):
        @override
        async def dispatch(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
            raise OutOfStock("item 7")

    app = Starlette(middleware=[Middleware(Outer)])
    instrument(app, tracer_provider=spans.provider)
    get(app, "/")
    assert_failed(spans, "GET", 500)


def test_what_an_error_handler_answers_is_seen(spans: Spans) -> None:
    async def sorry(_: Request, error: Exception) -> Response:
        trace.get_current_span().set_attribute("handled", str(error))
        return PlainTextResponse("sorry", 507)

    app = Starlette(routes=[Route("/", failing)], exception_handlers={Exception: sorry})
    instrument(app, tracer_provider=spans.provider)
    assert get(app, "/").text == "sorry"
    assert attributes(spans.only)["handled"] == "item 7"
    assert_failed(spans, "GET /", 507)


def test_a_handled_exception_is_no_error(spans: Spans) -> None:
    async def sorry(_: Request, error: Exception) -> Response:
        return PlainTextResponse(str(error), 409)

    app = Starlette(routes=[Route("/", failing)], exception_handlers={OutOfStock: sorry})
    instrument(app, tracer_provider=spans.provider)
    assert get(app, "/").status_code == 409
    assert spans.only.status.is_unset
    assert not spans.only.events


def test_a_recorded_exception_that_escapes_is_recorded_once(spans: Spans) -> None:
    async def endpoint(_: Request) -> Response:
        error = OutOfStock("item 7")
        trace.get_current_span().record_exception(error)
        raise error

    app = Starlette(routes=[Route("/", endpoint)])
    instrument(app, tracer_provider=spans.provider)
    get(app, "/")
    assert len(spans.only.events) == 1
    assert spans.only.status.status_code is StatusCode.ERROR


def test_an_exception_in_the_background_is_recorded(spans: Spans) -> None:
    app = FastAPI()

    def later() -> None:
        raise OutOfStock("item 7")

    @app.get("/")
    async def endpoint(tasks: BackgroundTasks) -> None:
        tasks.add_task(later)

    instrument(app, tracer_provider=spans.provider)
    assert get(app, "/").status_code == 200
    span = spans.only
    assert span.status.status_code is StatusCode.ERROR
    assert attributes(span)["http.response.status_code"] == 200
    assert len(span.events) == 1


def test_a_span_that_waits_for_its_delivery_holds_no_exception(spans: Spans) -> None:
    app = Starlette(routes=[Route("/", failing)])
    instrument(app, tracer_provider=spans.provider)
    get(app, "/")
    assert spans.only.events
    assert not [value for value in vars(spans.only).values() if isinstance(value, BaseException)]


def test_the_level_that_the_application_chose_stays_if_it_is_worse(spans: Spans) -> None:
    async def endpoint(_: Request) -> Response:
        trace.get_current_span().set_attribute("logfire.level_num", 21)
        raise OutOfStock("item 7")

    app = Starlette(routes=[Route("/", endpoint)])
    instrument(app, tracer_provider=spans.provider)
    get(app, "/")
    assert attributes(spans.only)["logfire.level_num"] == 21


def test_a_client_that_has_gone_is_no_error(spans: Spans) -> None:
    async def upload(request: Request) -> Response:
        await request.body()
        raise AssertionError("unreachable")

    app = Starlette(routes=[Route("/", upload, methods=["POST"])])
    instrument(app, tracer_provider=spans.provider)
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/", "headers": [], "query_string": b"", "root_path": ""}
    with pytest.raises(ClientDisconnect):
        asyncio.run(app(scope, receive, send))
    span = spans.only
    assert span.name == "POST /"
    assert span.status.is_unset
    assert not span.events
    assert attributes(span)["andiron.outcome"] == "disconnected"
    assert "http.response.status_code" not in attributes(span)
    assert "logfire.level_num" not in attributes(span)


def test_a_cancelled_request_ends_its_span(spans: Spans) -> None:
    started = asyncio.Event()

    async def slow(_: Request) -> Response:
        started.set()
        await asyncio.Event().wait()
        raise AssertionError("unreachable")

    app = Starlette(routes=[Route("/", slow)])
    instrument(app, tracer_provider=spans.provider)

    async def cancel() -> None:
        running = asyncio.create_task(request(app, "GET", "/"))
        await started.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    asyncio.run(cancel())
    span = spans.only
    assert span.name == "GET /"
    assert span.status.is_unset
    assert attributes(span)["andiron.outcome"] == "cancelled"


def test_an_application_that_answers_nothing_has_a_span_without_status(spans: Spans) -> None:
    async def nothing(scope: Any, receive: Any, send: Any) -> None:
        return

    async def call() -> None:
        scope = {"type": "http", "method": "GET", "path": "/", "headers": []}
        await AndironMiddleware(nothing, tracer_provider=spans.provider)(scope, _never, _never)

    asyncio.run(call())
    assert spans.only.name == "GET"
    assert "http.response.status_code" not in attributes(spans.only)


async def _never(*_: Any) -> Any:
    raise AssertionError("nobody calls it")
