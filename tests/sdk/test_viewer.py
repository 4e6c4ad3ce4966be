"""The viewer that an application mounts: what it shows, to whom, and that it holds no secret."""

import asyncio
import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
import uvicorn
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from starlette.applications import Starlette
from starlette.routing import Mount

from andiron.sdk.viewer import Recent, Viewer
from bench.server import free_port

RESOURCE, SCOPE = Resource({}), InstrumentationScope("app")


class Spans:
    """A processor that gives finished spans to the viewer, as `configure` does."""

    def __init__(self, recent: Recent) -> None:
        self.provider = TracerProvider(shutdown_on_exit=False)
        self._recent = recent

    def make(self, name: str, **attributes: Any) -> None:
        span: Any = self.provider.get_tracer("app").start_span(name, attributes=attributes)
        span.end()
        self._recent.span(span)

    def fail(self, name: str) -> None:
        span: Any = self.provider.get_tracer("app").start_span(name)
        span.record_exception(ValueError("no such order, says bob@example.com"))
        span.end()
        self._recent.span(span)


def log(body: str, severity: SeverityNumber = SeverityNumber.INFO, **attributes: Any) -> ReadableLogRecord:
    return ReadableLogRecord(
        LogRecord(timestamp=10**18, body=body, severity_number=severity, attributes=attributes), RESOURCE, SCOPE
    )


@pytest.fixture
def recent() -> Recent:
    recent = Recent(capacity=5)
    spans = Spans(recent)
    spans.make(
        "GET /orders", **{"logfire.msg": "GET /orders/7", "http.response.status_code": 200, "password": "hunter2"}
    )
    spans.fail("pay")
    recent.log(log("mail to bob@example.com", user="anna"))
    recent.log(log("it broke", SeverityNumber.ERROR))
    return recent


def client(recent: Recent, *, address: str = "127.0.0.1", host: str = "localhost", **options: Any) -> httpx.AsyncClient:
    app = Starlette(routes=[Mount("/telemetry", Viewer(records=recent, **options))])
    transport = httpx.ASGITransport(app, client=(address, 4711))
    return httpx.AsyncClient(transport=transport, base_url=f"http://{host}")


def get(recent: Recent, path: str, **options: Any) -> httpx.Response:
    async def ask() -> httpx.Response:
        async with client(recent, **options) as asking:
            return await asking.get(path)

    return asyncio.run(ask())


@pytest.mark.requirement("CL-19")
def test_the_page_and_its_parts_come_from_the_application_alone(recent: Recent) -> None:
    page = get(recent, "/telemetry/")
    assert page.status_code == 200
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "unsafe" not in page.headers["content-security-policy"]
    assert "http" not in page.text.replace("<!doctype html>", "")
    for name, kind in (("viewer.js", "text/javascript"), ("viewer.css", "text/css")):
        part = get(recent, f"/telemetry/{name}")
        assert part.headers["content-type"].startswith(kind)
        assert name in page.text
    assert get(recent, "/telemetry/nothing").status_code == 404
    assert get(recent, "/telemetry/../../settings.py").status_code == 404


@pytest.mark.requirement("CL-19")
def test_records_are_readable_and_without_secrets(recent: Recent) -> None:
    answer = get(recent, "/telemetry/records")
    span, failed, message, broken = answer.json()
    assert (span["message"], span["level"], span["kind"]) == ("GET /orders/7", "info", "span")
    assert span["attributes"]["http.response.status_code"] == 200
    assert failed["exception"]["exception.type"] == "ValueError"
    assert (message["message"], message["attributes"]) == ("mail to [redacted:email]", {"user": "anna"})
    assert broken["level"] == "error"
    for secret in ("hunter2", "bob@example.com"):
        assert secret not in answer.text


@pytest.mark.requirement("CL-19")
def test_records_after_one_and_above_a_level(recent: Recent) -> None:
    assert [record["number"] for record in get(recent, "/telemetry/records?after=2").json()] == [3, 4]
    assert [record["number"] for record in get(recent, "/telemetry/records?level=error").json()] == [4]
    assert len(get(recent, "/telemetry/records?after=x&level=loud").json()) == 4


def test_the_oldest_are_forgotten(recent: Recent) -> None:
    for number in range(4):
        recent.log(log(str(number)))
    assert [record["number"] for record in recent.after(0)] == [4, 5, 6, 7, 8]


@pytest.mark.parametrize(
    "elsewhere",
    [{"address": "192.0.2.7"}, {"host": "rebound.example"}, {"address": "not an address"}],
    ids=["another machine", "a foreign name for this one", "no address"],
)
def test_it_answers_this_machine_only(recent: Recent, elsewhere: dict[str, str]) -> None:
    answer = get(recent, "/telemetry/records", **elsewhere)
    assert answer.status_code == 403
    assert "orders" not in answer.text
    assert get(recent, "/telemetry/records", allow=lambda _: True, **elsewhere).status_code == 200


@pytest.mark.requirement("CL-19")
def test_the_stream_goes_on_and_can_be_resumed(recent: Recent) -> None:
    async def first_event(last: str) -> tuple[int, list[dict[str, Any]]]:
        sent: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        gone = asyncio.Event()

        async def receive() -> dict[str, Any]:
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            await sent.put(dict(message))

        scope = {
            "type": "http",
            "method": "GET",
            "path": "/events",
            "headers": [(b"host", b"localhost:1"), (b"last-event-id", last.encode())],
            "client": ("127.0.0.1", 1),
        }
        answering = asyncio.create_task(Viewer(records=recent)(scope, receive, send))
        assert (await sent.get())["status"] == 200
        number, data = (await sent.get())["body"].decode().strip().split("\n")
        gone.set()
        await answering
        return int(number.removeprefix("id: ")), json.loads(data.removeprefix("data: "))

    last, records = asyncio.run(first_event(""))
    assert (last, len(records)) == (4, 4)
    recent.log(log("another"))
    last, records = asyncio.run(first_event("4"))
    assert (last, [record["message"] for record in records]) == (5, ["another"])


def test_a_server_that_is_told_to_stop_does_not_wait_for_who_watches(recent: Recent) -> None:
    port = free_port()
    app = Starlette(routes=[Mount("/telemetry", Viewer(records=recent))])
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="critical", lifespan="off"))

    def watch() -> None:
        while not server.started:
            time.sleep(0.01)
        with httpx.stream("GET", f"http://127.0.0.1:{port}/telemetry/events", timeout=20) as answer:
            lines = answer.iter_lines()
            next(lines)
            server.should_exit = True  # as its handler of signals does
            assert [line for line in lines if line.startswith("event:")] == []

    with ThreadPoolExecutor(1) as pool:
        watching = pool.submit(watch)
        server.run()
        watching.result(20)
