"""One span a request: what it says, and of which requests there is none."""

import asyncio
import logging
import random
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from fastapi import APIRouter, BackgroundTasks, FastAPI, HTTPException
from opentelemetry import trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import HistogramDataPoint, InMemoryMetricReader
from opentelemetry.sdk.trace import SpanLimits, TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import SpanKind, StatusCode
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Host, Mount, Route
from starlette.staticfiles import StaticFiles

from andiron.sdk.asgi import AndironMiddleware, instrument, uninstrument
from andiron.sdk.routes import FOREIGN, Routes
from tests.sdk.asgi_spans import Spans, attributes, get, request


@pytest.fixture
def spans() -> Spans:
    return Spans()


def shop() -> FastAPI:
    app = FastAPI()

    @app.get("/items/{item}")
    async def item(item: int) -> dict[str, int]:
        return {"item": item}

    @app.get("/threaded/{item}")
    def threaded(item: int) -> dict[str, int]:
        trace.get_current_span().set_attribute("in.thread", True)
        return {"item": item}

    @app.get("/teapot")
    async def teapot() -> None:
        raise HTTPException(418)

    @app.get("/down")
    async def down() -> None:
        raise HTTPException(503, "closed")

    return app


@pytest.mark.requirement("LF-01")
def test_a_request_is_one_span_with_the_attributes_of_the_conventions(spans: Spans) -> None:
    app = shop()
    instrument(app, tracer_provider=spans.provider)
    answer = get(app, "/items/7?size=xl&colour=r%20d", headers={"user-agent": "curl/8", "x-request-id": "r-1"})
    assert answer.json() == {"item": 7}
    span = spans.only
    assert span.name == "GET /items/{item}"
    assert span.kind is SpanKind.SERVER
    assert span.parent is None
    assert span.status.is_unset
    assert span.end_time is not None
    assert span.start_time is not None
    assert span.end_time > span.start_time
    assert span.instrumentation_scope is not None
    assert span.instrumentation_scope.name == "andiron.sdk.asgi"
    assert span.resource is spans.provider.resource
    assert attributes(span) == {
        "http.request.method": "GET",
        "http.response.status_code": 200,
        "http.route": "/items/{item}",
        "url.path": "/items/7",
        "url.query": "size=xl&colour=r%20d",
        "url.scheme": "http",
        "server.address": "shop.example",
        "server.port": 8080,
        "client.address": "127.0.0.1",
        "network.peer.address": "127.0.0.1",
        "network.peer.port": 123,
        "network.protocol.version": "1.1",
        "user_agent.original": "curl/8",
        "request_id": "r-1",
        "logfire.msg": "GET /items/7",
        "logfire.span_type": "span",
    }


@pytest.mark.parametrize(
    ("path", "name", "status", "level", "code"),
    [
        ("/nowhere/4711", "GET", 404, 13, StatusCode.UNSET),
        ("/teapot", "GET /teapot", 418, 13, StatusCode.UNSET),
        ("/items/x", "GET /items/{item}", 422, 13, StatusCode.UNSET),
        ("/down", "GET /down", 503, 17, StatusCode.ERROR),
        ("/threaded/1", "GET /threaded/{item}", 200, None, StatusCode.UNSET),
    ],
)
def test_status_and_level_follow_the_answer(
    spans: Spans, path: str, name: str, status: int, level: int | None, code: StatusCode
) -> None:
    app = shop()
    instrument(app, tracer_provider=spans.provider)
    get(app, path)
    span = spans.only
    assert span.name == name
    assert span.status.status_code is code
    assert attributes(span)["http.response.status_code"] == status
    assert attributes(span).get("logfire.level_num") == level
    assert attributes(span).get("error.type") == ("503" if status == 503 else None)
    assert attributes(span).get("in.thread") == (True if "threaded" in path else None)


def test_a_method_that_the_route_does_not_have_is_named_by_the_route(spans: Spans) -> None:
    app = shop()
    instrument(app, tracer_provider=spans.provider)
    asyncio.run(request(app, "DELETE", "/items/7"))
    assert spans.only.name == "DELETE /items/{item}"
    assert attributes(spans.only)["http.response.status_code"] == 405


def test_an_unknown_method_is_other(spans: Spans) -> None:
    app = shop()
    instrument(app, tracer_provider=spans.provider)
    asyncio.run(request(app, "BREW", "/items/7"))
    assert spans.only.name == "HTTP /items/{item}"
    assert attributes(spans.only)["http.request.method"] == "_OTHER"
    assert attributes(spans.only)["http.request.method_original"] == "BREW"


def nested() -> FastAPI:
    """Every way to bring a route under another path."""

    async def endpoint(name: str = "") -> str:
        return name

    def starlette_endpoint(_: Request) -> Response:
        return PlainTextResponse("here")

    inner = APIRouter(prefix="/inner")
    inner.add_api_route("/{name}", endpoint)
    outer = APIRouter(prefix="/outer")
    outer.include_router(inner, prefix="/more")
    outer.add_route("/plain/{word}", starlette_endpoint)
    below = FastAPI()
    below.include_router(inner)
    app = FastAPI()
    app.include_router(outer)
    app.include_router(inner, prefix="/v2")
    app.mount("/tenants/{tenant}", below)
    app.mount("/files", StaticFiles(directory="."))
    app.mount(
        "/pages",
        Starlette(
            routes=[
                Route("/{page}", starlette_endpoint),
                Mount("/deep", routes=[Route("/{end:path}", starlette_endpoint)]),
            ]
        ),
    )
    return app


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/outer/more/inner/a", "/outer/more/inner/{name}"),
        ("/v2/inner/a", "/v2/inner/{name}"),
        ("/plain/a", "/plain/{word}"),
        ("/tenants/9/inner/a", "/tenants/{tenant}/inner/{name}"),
        ("/tenants/9/lost", "/tenants/{tenant}/{path}"),
        ("/files/README.md", "/files/{path}"),
        ("/pages/a", "/pages/{page}"),
        ("/pages/deep/a/b", "/pages/deep/{end}"),
        ("/lost", None),
    ],
)
def test_the_route_is_the_whole_template(spans: Spans, path: str, route: str | None) -> None:
    app = nested()
    instrument(app, tracer_provider=spans.provider)
    get(app, path)
    assert attributes(spans.only).get("http.route") == route
    assert spans.only.name == (f"GET {route}" if route else "GET")


def test_the_route_holds_the_root_of_the_application(spans: Spans) -> None:
    app = FastAPI()
    app.mount("/sub", shop())
    app.add_api_route("/hello", lambda: 1)
    instrument(app, tracer_provider=spans.provider)
    get(app, "/api/sub/items/7", root_path="/api")
    get(app, "/hello", root_path="/api")  # a proxy took the root away
    assert [span.name for span in spans.all] == ["GET /api/sub/items/{item}", "GET /api/hello"]


def test_one_endpoint_at_several_paths_is_told_by_the_path(spans: Spans) -> None:
    async def endpoint(_: Request) -> Response:
        return PlainTextResponse("")

    app = Starlette(
        routes=[
            Route("/a/{x}", endpoint),
            Route("/a/{x}/b.c", endpoint),
            Host("files.example", Starlette(routes=[Route("/{rest:path}", endpoint)])),
        ]
    )
    instrument(app, tracer_provider=spans.provider)
    get(app, "/a/1")
    get(app, "/root/a/1/b.c", root_path="/root")
    get(app, "/a/1/b.c", headers={"host": "files.example"})
    get(app, "/q/r/s", headers={"host": "files.example"})
    names = [span.name for span in spans.all]
    assert names == ["GET /a/{x}", "GET /root/a/{x}/b.c", "GET /a/{x}/b.c", "GET /{rest}"]


def test_an_older_starlette_leaves_the_endpoint_alone() -> None:
    def endpoint(_: Request) -> Response:
        return PlainTextResponse("")

    routes = Routes(Starlette(routes=[Route("/a/{x}", endpoint), Route("/a/{x}/b.c", endpoint)]))
    paths = ("/a/1", "/a/1/b.c", "/a/1/bxc")
    found = [routes.template({"endpoint": endpoint, "path": path, "type": "http"}) for path in paths]
    assert found == ["/a/{x}", "/a/{x}/b.c", None]


def test_what_a_mount_does_not_find_is_named_by_the_whole_mount(spans: Spans) -> None:
    app = Starlette(routes=[Mount("/a/{x}", routes=[Mount("/b", routes=[Route("/c", PlainTextResponse(""))])])])
    instrument(app, tracer_provider=spans.provider)
    get(app, "/a/1/b/nothing")
    assert spans.only.name == "GET /a/{x}/b/{path}"


class ForeignRoute:
    path_format = "/things/{thing}"


@pytest.mark.parametrize(
    ("left", "name"),
    [
        ({"route": ForeignRoute()}, "GET /things/{thing}"),
        ({"route": object()}, "GET"),
        ({"endpoint": object()}, "GET"),
        ({"route": ForeignRoute(), "root_path": "/r/"}, "GET /r/things/{thing}"),
    ],
)
def test_what_another_framework_leaves_is_taken_as_far_as_it_goes(
    spans: Spans, left: dict[str, Any], name: str
) -> None:
    async def framework(scope: Any, receive: Any, send: Any) -> None:
        scope.update(left)
        await PlainTextResponse("")(scope, receive, send)

    app = AndironMiddleware(framework, tracer_provider=spans.provider)
    for _ in range(2):
        get(app, "/things/7")
    assert [span.name for span in spans.all] == [name] * 2


def test_a_new_endpoint_a_request_is_not_remembered_for_ever() -> None:
    routes = Routes(shop())
    for _ in range(FOREIGN + 10):
        assert routes.template({"endpoint": object(), "path": "/", "type": "http"}) is None
    assert len(routes._foreign) == FOREIGN


def test_a_route_that_is_added_later_is_known(spans: Spans) -> None:
    app = shop()
    instrument(app, tracer_provider=spans.provider)
    get(app, "/items/7")
    app.add_api_route("/late/{item}", lambda: 1)
    get(app, "/late/1")
    assert spans.all[-1].name == "GET /late/{item}"


def test_an_application_without_routes_is_named_by_the_method(spans: Spans) -> None:
    app = AndironMiddleware(PlainTextResponse("hello"), tracer_provider=spans.provider)
    get(app, "/a/b")
    assert spans.only.name == "GET"


@pytest.mark.requirement("LF-01")
@pytest.mark.parametrize("excluded", ["/teapot,items/\\d+$", ["/teapot", "^http://shop.example/items"]])
def test_excluded_urls_have_no_span_and_keep_their_id(spans: Spans, excluded: Any) -> None:
    app = shop()
    instrument(app, tracer_provider=spans.provider, excluded_urls=excluded)
    for path in ("/items/7?x=/down", "/teapot"):
        assert get(app, path, headers={"host": "shop.example"}).headers["x-request-id"]
    assert not spans.all
    get(app, "/threaded/7")
    assert spans.only.name == "GET /threaded/{item}"


def test_excluded_without_ids_is_as_if_nothing_were_there(spans: Spans) -> None:
    app = shop()
    instrument(app, tracer_provider=spans.provider, excluded_urls="items", request_ids=False)
    assert "x-request-id" not in get(app, "/items/7").headers
    assert not spans.all


def test_excluded_urls_come_from_opentelemetrys_variable(spans: Spans, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_PYTHON_EXCLUDED_URLS", "teapot")
    app = shop()
    instrument(app, tracer_provider=spans.provider)
    get(app, "/teapot")
    assert not spans.all


@pytest.mark.requirement("LF-01")
def test_the_mapper_adds_and_removes_attributes(spans: Spans) -> None:
    def mapper(request: Request, attributes: dict[str, Any]) -> dict[str, Any]:
        assert attributes["http.response.status_code"] == 200
        attributes["changed"] = "a copy"
        return {"tenant": request.headers["x-tenant"], "item": request.path_params["item"], "user_agent.original": None}

    app = shop()
    instrument(app, tracer_provider=spans.provider, request_attributes_mapper=mapper)
    get(app, "/items/7", headers={"x-tenant": "north"})
    found = attributes(spans.only)
    assert found["tenant"] == "north"
    assert found["item"] == "7"
    assert "user_agent.original" not in found
    assert "changed" not in found


def test_a_mapper_that_fails_costs_one_line(spans: Spans, caplog: pytest.LogCaptureFixture) -> None:
    def mapper(_: Request, attributes: dict[str, Any]) -> dict[str, Any]:
        return {"gone": attributes["missing"]}

    app = shop()
    instrument(app, tracer_provider=spans.provider, request_attributes_mapper=mapper)
    with caplog.at_level(logging.ERROR, "andiron.sdk.asgi"):
        assert [get(app, "/items/7").status_code for _ in range(3)] == [200] * 3
    assert len(spans.all) == 3
    assert [record.message for record in caplog.records] == [
        "request_attributes_mapper failed; further failures of this kind are not logged"
    ]


def test_headers_are_captured_on_demand_and_secrets_never(spans: Spans) -> None:
    async def answer(_: Request) -> Response:
        return PlainTextResponse("", headers={"x-cache": "miss", "set-cookie": "session=4711"})

    app = Starlette(routes=[Route("/", answer)])
    instrument(
        app, tracer_provider=spans.provider, capture_headers=["Accept", "x-cache", "authorization", "set-cookie"]
    )
    get(app, "/", headers=[("accept", "text/a"), ("accept", "text/b"), ("authorization", "Bearer 4711")])
    found = attributes(spans.only)
    assert {key: value for key, value in found.items() if ".header." in key} == {
        "http.request.header.accept": ("text/a", "text/b"),
        "http.request.header.authorization": ("[REDACTED]",),
        "http.response.header.x-cache": ("miss",),
        "http.response.header.set-cookie": ("[REDACTED]",),
    }


def test_whatever_a_client_sends_is_only_text(spans: Spans) -> None:
    app = shop()
    instrument(app, tracer_provider=spans.provider)
    agent = b"\xff" * 60_000
    get(
        app,
        "/items/7",
        headers={b"user-agent": agent, b"host": b"[::1:no", b"baggage": b"\x00=;;,", b"x": b"y" * 500_000},
    )
    found = attributes(spans.only)
    assert found["user_agent.original"] == "ÿ" * 60_000
    assert "server.port" not in found


@pytest.mark.parametrize(
    ("host", "address", "port"),
    [
        ("shop", "shop", 80),
        ("[::1]:81", "::1", 81),
        ("[::1]", "::1", 80),
        ("10.0.0.1:0", "10.0.0.1", 0),
        ("a:b", None, None),
    ],
)
def test_the_server_is_who_the_client_asked_for(spans: Spans, host: str, address: str | None, port: int | None) -> None:
    app = shop()
    instrument(app, tracer_provider=spans.provider)
    get(app, "/items/7", headers={"host": host})
    assert attributes(spans.only).get("server.address") == address
    assert attributes(spans.only).get("server.port") == port


def test_the_span_ends_with_the_answer_and_knows_of_the_background(spans: Spans) -> None:
    app = FastAPI()
    order: list[str] = []

    async def later() -> None:
        trace.get_current_span().set_attribute("from.background", True)
        with spans.tracer.start_as_current_span("later"):
            order.append("background")

    @app.get("/")
    async def endpoint(tasks: BackgroundTasks) -> None:
        tasks.add_task(later)

    instrument(app, tracer_provider=spans.provider)
    get(app, "/")
    span, child = spans.named("GET /"), spans.named("later")
    assert child.parent == span.context
    assert attributes(span)["from.background"] is True
    assert span.end_time is not None
    assert child.start_time is not None
    assert span.end_time <= child.start_time


@pytest.mark.parametrize(
    "last",
    [
        [{"type": "http.response.pathsend", "path": "/dev/null"}],
        [{"type": "http.response.body", "body": b""}, {"type": "http.response.trailers", "headers": []}],
        [{"type": "http.response.zerocopysend", "file": 1}],
    ],
)
def test_the_answer_ends_with_its_last_message(spans: Spans, last: list[dict[str, Any]]) -> None:
    between: list[int] = []

    async def answers(_: Any, __: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200})
        for message in last:
            between[:] = [time.time_ns()]
            await send(message)
        between.append(time.time_ns())

    async def send(_: Any) -> None:
        return

    async def receive() -> dict[str, Any]:
        raise AssertionError("nobody asks")

    scope = {"type": "http", "method": "GET", "path": "/", "headers": []}
    asyncio.run(AndironMiddleware(answers, tracer_provider=spans.provider)(scope, receive, send))
    assert spans.only.end_time is not None
    if last[0]["type"] == "http.response.zerocopysend":  # which may be followed by more: the span ends with the request
        assert spans.only.end_time >= between[1]
    else:
        assert between[0] <= spans.only.end_time <= between[1]


def test_a_streamed_answer_is_within_its_span(spans: Spans) -> None:
    async def lines() -> AsyncIterator[str]:
        for n in range(3):
            with spans.tracer.start_as_current_span(f"line {n}"):
                yield f"{n}\n"

    async def stream(_: Request) -> Response:
        return StreamingResponse(lines())

    app = Starlette(routes=[Route("/", stream)])
    instrument(app, tracer_provider=spans.provider)
    assert get(app, "/").text == "0\n1\n2\n"
    span = spans.named("GET /")
    last = spans.named("line 2")
    assert last.parent is not None
    assert last.parent.span_id == span.context.span_id
    assert span.end_time is not None
    assert last.start_time is not None
    assert span.end_time > last.start_time


def test_other_middleware_sees_the_span_and_the_handler_the_same(spans: Spans) -> None:
    seen: list[trace.Span] = []

    class Outer(BaseHTTPMiddleware):
        async def dispatch(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
            seen.append(trace.get_current_span())
            return await call_next(request)

    async def endpoint(_: Request) -> Response:
        seen.append(trace.get_current_span())
        return PlainTextResponse("")

    app = Starlette(routes=[Route("/", endpoint)], middleware=[Middleware(Outer)])
    instrument(app, tracer_provider=spans.provider)
    get(app, "/")
    assert seen[0] is seen[1]
    assert spans.only.name == "GET /"


def test_the_application_may_write_on_its_span(spans: Spans, caplog: pytest.LogCaptureFixture) -> None:
    kept: list[trace.Span] = []

    async def endpoint(_: Request) -> Response:
        span = trace.get_current_span()
        kept.append(span)
        assert span.is_recording()
        span.set_attribute("one", 1)
        span.set_attributes({"list": ["a", "b"], "two": 2.5})
        span.set_attribute("never", object())  # type: ignore[arg-type] # that is the point
        span.add_event("cart", {"items": 3}, timestamp=5)
        span.add_link(trace.SpanContext(1, 2, is_remote=True), {"why": "retry"})
        span.add_link(trace.INVALID_SPAN_CONTEXT)
        span.update_name("checkout")
        span.set_status(StatusCode.OK)
        span.set_status(StatusCode.ERROR, "not any more")
        span.record_exception(ValueError("handled"), {"cause": "test"})
        return PlainTextResponse("")

    app = Starlette(routes=[Route("/", endpoint)])
    instrument(app, tracer_provider=spans.provider)
    get(app, "/")
    span = spans.only
    assert span.name == "checkout"
    assert attributes(span)["http.route"] == "/"
    assert attributes(span)["logfire.msg"] == "checkout"
    assert attributes(span)["list"] == ("a", "b")
    assert attributes(span)["two"] == 2.5
    assert "never" not in attributes(span)
    assert span.status.status_code is StatusCode.OK
    cart, exception = span.events
    assert (cart.name, cart.timestamp, dict(cart.attributes or {})) == ("cart", 5, {"items": 3})
    assert dict(exception.attributes or {}) == {
        "exception.type": "ValueError",
        "exception.message": "handled",
        "exception.stacktrace": "ValueError: handled\n",
        "exception.escaped": "False",
        "cause": "test",
    }
    (link,) = span.links
    assert link.context.span_id == 2
    # After its end it stays as it is.
    with caplog.at_level(logging.WARNING):
        late = kept[0]
        late.set_attribute("late", 1)
        late.add_event("late")
        late.add_link(trace.SpanContext(1, 2, is_remote=True))
        late.update_name("late")
        late.set_status(StatusCode.ERROR)
        late.end()
    assert not late.is_recording()
    assert span.name == "checkout"
    assert len(span.events) == 2
    assert "late" not in attributes(span)
    assert len([record for record in caplog.records if record.name == "andiron.sdk.request_span"]) == 6
    assert len(spans.all) == 1


def test_an_application_may_end_its_span(spans: Spans) -> None:
    async def endpoint(_: Request) -> Response:
        trace.get_current_span().end()
        return PlainTextResponse("")

    app = Starlette(routes=[Route("/", endpoint)])
    instrument(app, tracer_provider=spans.provider)
    get(app, "/")
    assert spans.only.name == "GET"
    assert "RequestSpan('GET'" in repr(spans.only)


def test_the_limits_of_the_provider_hold() -> None:
    limits = SpanLimits(
        max_span_attributes=20, max_events=2, max_links=1, max_attribute_length=8, max_event_attributes=1
    )
    spans = Spans(span_limits=limits)

    async def endpoint(_: Request) -> Response:
        span = trace.get_current_span()
        for n in range(20):
            span.set_attribute(f"n{n}", "x" * 20)
        for n in range(3):
            span.add_event(str(n), {"a": "y" * 20, "b": 2})
            span.add_link(trace.SpanContext(1, n + 1, is_remote=True))
        return PlainTextResponse("")

    app = Starlette(routes=[Route("/", endpoint)])
    instrument(app, tracer_provider=spans.provider)
    get(app, "/", headers={"user-agent": "a-long-user-agent"})
    span = spans.only
    assert len(attributes(span)) == 20
    assert attributes(span)["n0"] == "x" * 8
    assert attributes(span)["user_agent.original"] == "a-long-u"
    assert span.dropped_attributes > 0
    assert [event.name for event in span.events] == ["1", "2"]
    assert span.dropped_events == 1
    assert [dict(event.attributes or {}) for event in span.events] == [{"b": 2}] * 2
    assert (len(span.links), span.dropped_links) == (1, 2)


@pytest.mark.requirement("LF-01")
def test_instrumenting_twice_is_once_and_undone_is_undone(spans: Spans) -> None:
    app = shop()
    instrument(app, tracer_provider=spans.provider, excluded_urls="items")
    instrument(app, tracer_provider=spans.provider)
    get(app, "/items/7")
    assert len(spans.all) == 1
    instrument(app, tracer_provider=spans.provider)  # while it runs
    get(app, "/items/7")
    assert len(spans.all) == 2
    uninstrument(app)
    uninstrument(app)
    assert "x-request-id" not in get(app, "/items/7").headers
    assert len(spans.all) == 2


def test_an_instrumented_application_below_an_instrumented_one_makes_no_second_span(spans: Spans) -> None:
    inner, outer = shop(), FastAPI()
    outer.mount("/sub", inner)
    instrument(inner, tracer_provider=spans.provider)
    instrument(outer, tracer_provider=spans.provider)
    get(outer, "/sub/items/7")
    assert spans.only.name == "GET /sub/items/{item}"


@pytest.mark.requirement("LF-01")
def test_fastapis_own_telemetry_is_off_while_ours_is_on(spans: Spans) -> None:
    app = FastAPI(telemetry={"tracer_provider": spans.provider})
    app.add_api_route("/", lambda: 1)
    instrument(app, tracer_provider=spans.provider)
    get(app, "/")
    assert spans.only.instrumentation_scope is not None
    assert spans.only.instrumentation_scope.name == "andiron.sdk.asgi"
    uninstrument(app)
    get(app, "/")
    assert {span.instrumentation_scope.name for span in spans.all[1:] if span.instrumentation_scope} == {"fastapi"}
    spans.exporter.clear()
    get(AndironMiddleware(app, tracer_provider=spans.provider), "/")
    assert spans.only.name == "GET /"


def test_opentelemetrys_own_instrumentation_beside_it_is_told(caplog: pytest.LogCaptureFixture) -> None:
    app = shop()
    app._is_instrumented_by_opentelemetry = True  # type: ignore[attr-defined] # as FastAPIInstrumentor does
    with caplog.at_level(logging.WARNING):
        instrument(app)
    assert "two spans" in caplog.text
    uninstrument(app)


def test_the_lifespan_passes(spans: Spans) -> None:
    happened: list[str] = []

    @asynccontextmanager
    async def lifespan(_: Any) -> AsyncIterator[None]:
        happened.append("up")
        yield
        happened.append("down")

    app = FastAPI(lifespan=lifespan)
    instrument(app, tracer_provider=spans.provider)
    incoming: Iterator[dict[str, Any]] = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])
    sent: list[str] = []

    async def receive() -> dict[str, Any]:
        return next(incoming)

    async def send(message: Any) -> None:
        sent.append(message["type"])

    asyncio.run(app({"type": "lifespan"}, receive, send))
    assert happened == ["up", "down"]
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert not spans.all


@pytest.mark.requirement("OB-06")
@pytest.mark.parametrize("sampled", [1, 0])
def test_the_duration_is_measured_when_asked_for_whether_or_not_the_span_is_kept(spans: Spans, sampled: int) -> None:
    reader = InMemoryMetricReader()
    meters = MeterProvider([reader], shutdown_on_exit=False)
    app = shop()
    provider = spans.provider if sampled else TracerProvider(sampler=ALWAYS_OFF, shutdown_on_exit=False)
    instrument(app, tracer_provider=provider, meter_provider=meters, metrics=True)
    for path in ("/items/1", "/items/2", "/down"):
        get(app, path)
    data = reader.get_metrics_data()
    assert data is not None
    (metric,) = data.resource_metrics[0].scope_metrics[0].metrics
    assert (metric.name, metric.unit) == ("http.server.request.duration", "s")
    points = [point for point in metric.data.data_points if isinstance(point, HistogramDataPoint)]
    assert {(point.attributes or {})["http.route"]: point.count for point in points} == {"/items/{item}": 2, "/down": 1}
    assert all(0 < point.sum < 10 for point in points)
    assert dict(points[0].attributes or {}) == {
        "http.request.method": "GET",
        "http.response.status_code": 200,
        "http.route": "/items/{item}",
        "network.protocol.version": "1.1",
        "url.scheme": "http",
    }
    assert dict(points[1].attributes or {})["error.type"] == "503"
    meters.shutdown()


def test_a_wrong_pattern_excludes_nothing_and_breaks_nothing(spans: Spans, caplog: pytest.LogCaptureFixture) -> None:
    app = shop()
    instrument(app, tracer_provider=spans.provider, excluded_urls="([,/down")
    assert [get(app, path).status_code for path in ("/items/1", "/down")] == [200, 503]
    assert [span.name for span in spans.all] == ["GET /items/{item}"]
    assert "'([' excludes no requests" in caplog.text


def test_concurrent_requests_keep_apart(spans: Spans) -> None:
    app = FastAPI()
    together = asyncio.Barrier(20)

    @app.get("/{n}")
    async def endpoint(n: int) -> None:
        trace.get_current_span().set_attribute("n", n)
        await together.wait()
        with spans.tracer.start_as_current_span(f"child {n}"):
            await asyncio.sleep(0)
        trace.get_current_span().set_attribute("n.after", n)

    instrument(app, tracer_provider=spans.provider)

    async def all_at_once() -> None:
        order = list(range(20))
        random.shuffle(order)
        await asyncio.gather(*(request(app, "GET", f"/{n}") for n in order))

    asyncio.run(all_at_once())
    servers = {attributes(span)["n"]: span for span in spans.all if span.kind is SpanKind.SERVER}
    assert len({span.context.trace_id for span in servers.values()}) == 20
    for n, span in servers.items():
        assert attributes(span)["url.path"] == f"/{n}"
        assert attributes(span)["n.after"] == n
        assert spans.named(f"child {n}").parent == span.context
