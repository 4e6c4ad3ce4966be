"""The id of a request: taken or made, and found wherever the request went."""

import asyncio
import random
import re
import uuid
from collections import Counter
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request as StarletteRequest
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from andiron.sdk.asgi import AndironMiddleware, instrument
from andiron.sdk.request_id import ASGIApp, RequestIdMiddleware, chosen, new_request_id, request_id
from tests.sdk.asgi_spans import Spans, attributes, get, request

ALLOWED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._~:/+=@-"


def application() -> FastAPI:
    app = FastAPI()

    @app.get("/")
    async def endpoint(request: Request) -> list[str | None]:
        return [
            request.state.request_id,
            request_id(),
            await asyncio.to_thread(request_id),
            await asyncio.create_task(task()),
        ]

    async def task() -> str | None:
        return request_id()

    @app.get("/threaded")
    def threaded() -> str | None:
        return request_id()

    return app


def with_ids(app: ASGIApp) -> ASGIApp:
    return RequestIdMiddleware(app)


def with_spans(app: ASGIApp) -> ASGIApp:
    return AndironMiddleware(app, tracer_provider=Spans().provider)


def with_both(app: ASGIApp) -> ASGIApp:
    return AndironMiddleware(RequestIdMiddleware(app), tracer_provider=Spans().provider)


def with_both_the_other_way(app: ASGIApp) -> ASGIApp:
    return RequestIdMiddleware(AndironMiddleware(app, tracer_provider=Spans().provider))


MIDDLEWARE = pytest.mark.parametrize("wrapped", [with_ids, with_spans, with_both, with_both_the_other_way])


@pytest.mark.requirement("MEM-01")
@MIDDLEWARE
def test_a_valid_id_is_kept_everywhere(wrapped: Any) -> None:
    answer = get(wrapped(application()), "/", headers={"x-request-id": "order-4711"})
    assert answer.json() == ["order-4711"] * 4
    assert answer.headers.get_list("x-request-id") == ["order-4711"]
    assert get(wrapped(application()), "/threaded", headers={"X-Request-ID": "a"}).json() == "a"
    assert request_id() is None


@pytest.mark.requirement("MEM-01")
@MIDDLEWARE
@pytest.mark.parametrize(
    "given_id", [None, "", "x" * 129, "two words", "a\tb", "<script>", 'a"b', "naïve", "a;b", "a,b"]
)
def test_without_a_valid_id_one_is_made(wrapped: Any, given_id: str | None) -> None:
    headers = {} if given_id is None else {b"x-request-id": given_id.encode("latin-1")}
    answer = get(wrapped(application()), "/", headers=headers)
    (made,) = answer.headers.get_list("x-request-id")
    assert uuid.UUID(made).version == 4
    assert str(uuid.UUID(made)) == made
    assert answer.json() == [made] * 4


@MIDDLEWARE
def test_the_id_ends_with_the_request(wrapped: Any) -> None:
    async def after() -> str | None:
        await request(wrapped(application()), "GET", "/", headers={"x-request-id": "a"})
        return request_id()

    assert asyncio.run(after()) is None


@pytest.mark.requirement("MEM-01")
@given(st.text(ALLOWED, min_size=1, max_size=128))
def test_whatever_is_allowed_is_kept(value: str) -> None:
    assert chosen(value.encode()) == value


@given(st.binary())
def test_whatever_comes_out_is_safe(value: bytes) -> None:
    assert re.fullmatch(f"[{re.escape(ALLOWED)}]{{1,128}}", chosen(value))


@given(st.integers(0, 2**32))
def test_what_is_made_is_a_uuid_of_version_4(seed: int) -> None:
    state = random.getstate()
    try:
        random.seed(seed)
        made = uuid.UUID(new_request_id())
    finally:
        random.setstate(state)
    assert made.version == 4
    assert made.variant == uuid.RFC_4122


def test_the_bits_of_what_is_made_are_even() -> None:
    made = [new_request_id() for _ in range(2000)]
    assert len(set(made)) == 2000
    assert set(Counter(value[19] for value in made)) == set("89ab")
    for place in (0, 10, 16, 22, 35):
        assert len({value[place] for value in made}) == 16


@pytest.mark.requirement("MEM-01")
def test_the_id_is_on_the_span() -> None:
    spans = Spans()
    app = application()
    instrument(app, tracer_provider=spans.provider)
    get(app, "/", headers={"x-request-id": "order-4711"})
    assert attributes(spans.only)["request_id"] == "order-4711"


def test_ids_may_be_turned_off() -> None:
    spans = Spans()
    app = Starlette(routes=[Route("/", PlainTextResponse(""))])
    instrument(app, tracer_provider=spans.provider, request_ids=False)
    answer = get(app, "/", headers={"x-request-id": "order-4711"})
    assert "x-request-id" not in answer.headers
    assert "request_id" not in attributes(spans.only)


def test_an_id_that_the_application_answers_with_stays() -> None:
    app = RequestIdMiddleware(PlainTextResponse("", headers={"x-request-id": "its-own"}))
    assert get(app, "/").headers.get_list("x-request-id") == ["its-own"]


def test_an_answer_that_is_used_again_does_not_gather_ids() -> None:
    cached = PlainTextResponse("cached")

    async def endpoint(_: StarletteRequest) -> Response:
        return cached

    app = RequestIdMiddleware(Starlette(routes=[Route("/", endpoint)]))
    first, second = get(app, "/"), get(app, "/")
    assert first.headers["x-request-id"] != second.headers["x-request-id"]
    assert len(second.headers.get_list("x-request-id")) == 1
    assert len(cached.raw_headers) == 2


@pytest.mark.requirement("MEM-01")
def test_concurrent_requests_have_ids_of_their_own() -> None:
    app = FastAPI()
    together = asyncio.Barrier(10)

    @app.get("/")
    async def endpoint() -> str | None:
        await together.wait()
        return request_id()

    async def all_at_once() -> list[httpx.Response]:
        return await asyncio.gather(
            *(request(wrapped, "GET", "/", headers={"x-request-id": str(n)}) for n in range(10))
        )

    wrapped = RequestIdMiddleware(app)
    assert [answer.json() for answer in asyncio.run(all_at_once())] == [str(n) for n in range(10)]


@pytest.mark.parametrize("state", [None, {}, SimpleNamespace(), object(), ()])
def test_whatever_the_state_is_the_request_goes_on(state: object) -> None:
    seen: list[str | None] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(request_id())
        found = scope["state"]
        seen.append(found["request_id"] if isinstance(found, dict) else getattr(found, "request_id", "none"))

    async def never(*_: Any) -> Any:
        raise AssertionError("nobody calls it")

    scope = {"type": "http", "method": "GET", "path": "/", "headers": [(b"x-request-id", b"r-1")], "state": state}
    asyncio.run(RequestIdMiddleware(app)(scope, never, never))
    assert seen == ["r-1", "none" if type(state) in (object, tuple) else "r-1"]


def test_other_protocols_pass() -> None:
    seen: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["type"])

    async def never(*_: Any) -> Any:
        raise AssertionError("nobody calls it")

    asyncio.run(RequestIdMiddleware(app)({"type": "lifespan"}, never, never))
    assert seen == ["lifespan"]
