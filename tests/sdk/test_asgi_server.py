"""Behind a real uvicorn: keep-alive, clients that hang up, websockets."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI, WebSocket
from fastapi.responses import StreamingResponse
from opentelemetry import trace
from opentelemetry.trace import StatusCode
from starlette.requests import Request
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosedError, ConnectionClosedOK, InvalidStatus

from andiron.sdk.asgi import instrument
from tests.sdk.asgi_spans import Spans, attributes


@contextlib.asynccontextmanager
async def served(app: Any) -> AsyncIterator[str]:
    """The application behind uvicorn, and its address. At the end every request has ended too."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off", ws="websockets-sansio"))
        running = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            yield f"127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            await running


def run(scenario: Callable[[], Awaitable[None]]) -> None:
    """A scenario in a loop of its own."""

    async def whole() -> None:
        await scenario()

    asyncio.run(whole())


@pytest.fixture
def spans() -> Spans:
    return Spans()


@pytest.mark.requirement("LF-01")
def test_requests_over_one_connection_are_traces_of_their_own(spans: Spans) -> None:
    app = FastAPI()

    @app.get("/{n}")
    async def endpoint(n: int) -> int:
        with spans.tracer.start_as_current_span("child"):
            return n

    instrument(app, tracer_provider=spans.provider)

    async def scenario() -> None:
        async with served(app) as address, httpx.AsyncClient(base_url=f"http://{address}") as client:
            for n in range(3):
                assert (await client.get(f"/{n}")).json() == n
        servers = [span for span in spans.all if span.name == "GET /{n}"]
        children = [span for span in spans.all if span.name == "child"]
        assert len({span.context.trace_id for span in servers}) == 3
        assert [child.parent for child in children] == [span.context for span in servers]
        assert all(span.parent is None for span in servers)
        host, _, port = address.partition(":")
        assert attributes(servers[0])["server.address"] == host
        assert attributes(servers[0])["server.port"] == int(port)
        assert len({attributes(span)["network.peer.port"] for span in servers}) == 1

    run(scenario)


def test_a_client_that_hangs_up_within_an_upload_is_no_error(spans: Spans) -> None:
    app = FastAPI()
    reading = asyncio.Event()

    @app.post("/upload")
    async def upload(request: Request) -> None:
        async for _ in request.stream():
            reading.set()

    instrument(app, tracer_provider=spans.provider)

    async def scenario() -> None:
        async with served(app) as address:
            host, _, port = address.partition(":")
            _, writer = await asyncio.open_connection(host, int(port))
            writer.write(b"POST /upload HTTP/1.1\r\nhost: shop\r\ncontent-length: 1000\r\n\r\npart")
            await reading.wait()
            writer.close()
        assert spans.only.name == "POST /upload"
        assert spans.only.status.is_unset
        assert not spans.only.events
        assert attributes(spans.only)["andiron.outcome"] == "disconnected"

    run(scenario)


def test_a_client_that_hangs_up_within_a_stream_is_no_error(spans: Spans) -> None:
    app = FastAPI()

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"line\n"
            await asyncio.sleep(0.001)

    @app.get("/stream")
    async def stream() -> StreamingResponse:
        return StreamingResponse(endless())

    instrument(app, tracer_provider=spans.provider)

    async def scenario() -> None:
        async with served(app) as address:
            host, _, port = address.partition(":")
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(b"GET /stream HTTP/1.1\r\nhost: shop\r\n\r\n")
            await reader.readuntil(b"line\n")
            writer.close()
        assert spans.only.name == "GET /stream"
        assert spans.only.status.is_unset
        assert not spans.only.events
        assert attributes(spans.only)["http.response.status_code"] == 200

    run(scenario)


def chat(spans: Spans) -> FastAPI:
    app = FastAPI()

    @app.websocket("/rooms/{room}")
    async def room(socket: WebSocket, room: str) -> None:
        await socket.accept()
        while True:
            text = await socket.receive_text()
            with spans.tracer.start_as_current_span("said"):
                trace.get_current_span().set_attribute("text", text)
            if text == "fail":
                raise ValueError("of the endpoint")
            if text == "bye":
                return await socket.close()
            await socket.send_text(f"{room}: {text}")

    @app.websocket("/closed")
    async def closed(socket: WebSocket) -> None:
        await socket.close()

    instrument(app, tracer_provider=spans.provider)
    return app


@pytest.mark.requirement("LF-01")
def test_a_websocket_is_one_span_however_much_is_said(spans: Spans) -> None:
    async def scenario() -> None:
        async with served(chat(spans)) as address:
            headers = {"traceparent": f"00-{'a' * 32}-{'b' * 16}-01"}
            async with connect(f"ws://{address}/rooms/7?x=1", additional_headers=headers) as socket:
                assert socket.response is not None
                answered = socket.response.headers["x-request-id"]
                for word in ("one", "two"):
                    await socket.send(word)
                    assert await socket.recv() == f"7: {word}"
        span = spans.named("WS /rooms/{room}")
        assert span.status.is_unset
        assert f"{span.context.trace_id:032x}" == "a" * 32
        found = attributes(span)
        assert found["network.protocol.name"] == "websocket"
        assert found["url.scheme"] == "ws"
        assert found["url.path"] == "/rooms/7"
        assert found["url.query"] == "x=1"
        assert found["http.route"] == "/rooms/{room}"
        assert found["http.response.status_code"] == 101
        assert found["request_id"] == answered
        assert found["andiron.outcome"] == "disconnected"
        assert "http.request.method" not in found
        said = [child for child in spans.all if child.name == "said"]
        assert [child.parent for child in said] == [span.context] * 2

    run(scenario)


def test_a_websocket_that_the_application_closes_was_open(spans: Spans) -> None:
    async def scenario() -> None:
        async with served(chat(spans)) as address, connect(f"ws://{address}/rooms/7") as socket:
            await socket.send("bye")
            with pytest.raises(ConnectionClosedOK):
                await socket.recv()
        span = spans.named("WS /rooms/{room}")
        assert attributes(span)["http.response.status_code"] == 101
        assert "andiron.outcome" not in attributes(span)
        assert "logfire.level_num" not in attributes(span)

    run(scenario)


def test_a_websocket_that_fails_is_an_error(spans: Spans) -> None:
    async def scenario() -> None:
        async with served(chat(spans)) as address, connect(f"ws://{address}/rooms/7") as socket:
            await socket.send("fail")
            with pytest.raises(ConnectionClosedError):
                await socket.recv()
        span = spans.named("WS /rooms/{room}")
        assert span.status.status_code is StatusCode.ERROR
        assert attributes(span)["error.type"] == "ValueError"
        assert attributes(span)["http.response.status_code"] == 101
        assert len(span.events) == 1

    run(scenario)


@pytest.mark.parametrize(("path", "name"), [("/closed", "WS /closed"), ("/nowhere", "WS")])
def test_a_websocket_that_is_refused_says_so(spans: Spans, path: str, name: str) -> None:
    async def scenario() -> None:
        async with served(chat(spans)) as address:
            with pytest.raises(InvalidStatus):
                async with connect(f"ws://{address}{path}"):
                    pass
        assert spans.only.name == name
        assert attributes(spans.only)["http.response.status_code"] == 403
        assert attributes(spans.only)["logfire.level_num"] == 13

    run(scenario)
