"""An application that plants secrets wherever telemetry is made: `python -m tests.redaction.planted_application LIST HOW`.

HOW it ends: close, exception, signal; or start, when it does nothing but that. It finds its settings in the environment, and writes the list of what it planted to LIST, outside of all folders that are searched.
"""

import asyncio
import contextlib
import dataclasses
import enum
import faulthandler
import gc
import json
import logging
import sqlite3
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import logfire
import loguru
import opentelemetry.trace as trace_api
import pydantic
import redis
import requests
import sqlalchemy
import structlog
from fastapi import FastAPI, WebSocket
from fastapi.testclient import TestClient
from opentelemetry import _logs, baggage, metrics
from opentelemetry import context as otel_context

import andiron
from andiron.sdk.bridges.loguru import configure_loguru
from andiron.sdk.bridges.structlog import configure_structlog
from andiron.sdk.bridges.telemetry import Telemetry
from andiron.sdk.viewer import Viewer
from andiron.testing.receiver import Receiver
from tests.redaction.planting import NO_BRACES, ONE_LINE, Planter

plant = Planter()


class Card(pydantic.BaseModel):
    holder: str
    password: str
    pin: str


@dataclasses.dataclass
class Login:
    user: str
    credentials: dict[str, Any]


class Kind(enum.Enum):
    KEY = plant.one("logfire: enum", "github")


class PlantedError(Exception):
    pass


def with_logfire() -> None:
    """Every way of Logfire's own."""
    logfire.info(plant.text("logfire: template", NO_BRACES))
    logfire.info("logfire: argument {what}", what=plant.text("logfire: argument"))
    logfire.info(f"logfire: f-string {plant.text('logfire: f-string')}")
    logfire.info(
        "{password=} {customer_number=}",
        password=plant.named("logfire: password="),
        customer_number=plant.named("logfire: own name"),
    )
    logfire.info(
        "logfire: attributes",
        password=plant.named("logfire: attribute"),
        customerNumber=plant.named("logfire: own attribute"),
        text=plant.text("logfire: attribute"),
        nested={"user": {"pin": plant.named("logfire: dict, key only"), "note": plant.text("logfire: dict")}},
        listed=[plant.text("logfire: list"), {"secrets": [{"a": {"b": plant.named("logfire: list of dicts")}}]}],
        model=Card(
            holder=plant.text("logfire: model"),
            password=plant.named("logfire: model"),
            pin=plant.named("logfire: model, key only"),
        ),
        data=Login(plant.text("logfire: dataclass"), {"basic": {"value": plant.named("logfire: dataclass")}}),
        keyed={plant.one("logfire: key of a dict", "email"): {"visits": Card(holder="", password="", pin="")}},
        raw=plant.text("logfire: bytes").encode(),
        kind=Kind.KEY,
        harmless=plant.word("logfire: neighbour"),
    )
    named: dict[str, Any] = {plant.one("logfire: name of an attribute", "email"): 1}
    logfire.info("logfire: name", **named)
    logfire.info("logfire: tags", _tags=[plant.line("logfire: tag")])
    logfire.with_tags(plant.line("logfire: with_tags")).warn("logfire: tagged")
    with logfire.span(plant.text("logfire: span", NO_BRACES), _span_name=plant.line("logfire: span name")) as span:
        span.message = plant.text("logfire: span.message")
        span.set_attribute("later", plant.text("logfire: set_attribute"))

    @logfire.instrument("logfire: instrument {order=}", extract_args=True, record_return=True)
    def pay(order: str, token: str) -> dict[str, str]:
        return {"receipt": order.replace("order", "paid"), "session_key": token}

    pay(plant.text("logfire: instrument"), token=plant.named("logfire: instrument"))
    try:
        try:
            raise PlantedError(plant.text("logfire: cause"))
        except PlantedError as cause:
            error = ExceptionGroup(
                plant.text("logfire: group"),
                [PlantedError(plant.text("logfire: member")), KeyError(plant.line("logfire: repr"))],
            )
            error.add_note(plant.text("logfire: note"))
            raise error from cause
    except ExceptionGroup:
        logfire.exception("logfire: exception")
    try:
        with logfire.span("logfire: failing span"):
            Card.model_validate(
                {"holder": 5, "password": plant.named("logfire: validation"), "note": plant.text("logfire: validation")}
            )
    except pydantic.ValidationError:
        pass
    with logfire.set_baggage(note=plant.text("logfire: baggage")[:900]):
        logfire.info("logfire: baggage")
    with logfire.span("logfire: metric within a span"):
        logfire.metric_counter("planted.counter").add(1, {"who": plant.line("logfire: metric")})


def with_opentelemetry() -> None:
    """Every field of a span, of a log record and of a metric."""
    state = trace_api.TraceState([("vendor", plant.one("otel: trace state", "github"))])
    foreign = trace_api.SpanContext(
        0x1234 << 64, 0x5678, is_remote=True, trace_flags=trace_api.TraceFlags(1), trace_state=state
    )
    tracer = trace_api.get_tracer(
        plant.one("otel: scope name", "email"), attributes={"note": plant.text("otel: scope attribute")}
    )
    parent = trace_api.set_span_in_context(trace_api.NonRecordingSpan(foreign))
    with tracer.start_as_current_span(
        plant.text("otel: span"),
        parent,
        attributes={
            "text": plant.text("otel: attribute"),
            "parts": [plant.text("otel: sequence"), "x"],
            "set_cookie": plant.named("otel: attribute"),
        },
        links=[trace_api.Link(foreign, {"note": plant.text("otel: link")})],
    ) as span:
        span.add_event(
            plant.text("otel: event"), {"note": plant.text("otel: event attribute"), "otp": plant.named("otel: event")}
        )
        span.record_exception(
            PlantedError(plant.text("otel: exception")), {"note": plant.text("otel: exception attribute")}
        )
        span.set_attribute(plant.one("otel: name of an attribute", "email"), 1)
        span.set_attribute("json", json.dumps({"user": {"pin": plant.named("otel: JSON, key only")}}))
        span.set_attribute("conversion", plant.text("otel: conversion"))
        span.set_attribute("thread.name", plant.line("otel: thread.name"))
        span.set_status(trace_api.Status(trace_api.StatusCode.ERROR, plant.text("otel: status")))
    logger = _logs.get_logger(plant.one("otel: logger", "email"))
    bodies: list[Any] = [
        plant.text("otel: body"),
        {
            "note": plant.text("otel: mapping"),
            "login": {"auth": plant.named("otel: mapping")},
            plant.one("otel: key of a body", "email"): 1,
        },
        [plant.text("otel: list"), {"private_key": [plant.named("otel: list")]}],
        plant.text("otel: bytes").encode(),
    ]
    for body in bodies:
        logger.emit(
            _logs.LogRecord(
                timestamp=time.time_ns(),
                severity_number=_logs.SeverityNumber.INFO,
                severity_text=plant.line("otel: severity text"),
                event_name=plant.line("otel: event name"),
                body=body,
                attributes={
                    "deep": {
                        "list": [
                            {"secret": plant.named("otel: log attribute"), "note": plant.text("otel: log attribute")}
                        ]
                    }
                },
            )
        )
    meter = metrics.get_meter(plant.one("otel: meter", "email"))
    histogram = meter.create_histogram("planted.histogram", "s", plant.text("otel: description of a metric"))
    counter = meter.create_counter("planted.count")
    with trace_api.get_tracer("exemplars").start_as_current_span("exemplar"):
        histogram.record(1.0, {"who": plant.line("otel: label"), "password": plant.named("otel: label")})
        counter.add(1, {plant.one("otel: name of a label", "email"): "x"})
    meter.create_observable_gauge("planted.gauge", [lambda _: [metrics.Observation(1, {"who": GAUGE})]])
    token = otel_context.attach(baggage.set_baggage("note", plant.one("otel: baggage", "email")))
    trace_api.get_tracer("baggage").start_span("otel: baggage").end()
    otel_context.detach(token)


GAUGE = plant.line("otel: observable gauge")


def with_logging() -> None:
    """`logging`, structlog and loguru."""
    log = logging.getLogger("shop")
    log.info(plant.text("logging: message"))
    log.info("logging: argument %s %r", plant.text("logging: argument"), {"pwd": plant.named("logging: argument")})
    log.info("logging: no place", plant.text("logging: argument without a place"))  # noqa: PLE1205 - that is the point
    log.info("logging: named %(password)s", {"password": plant.one("logging: named argument", "email")})
    log.info(
        "logging: extra",
        extra={
            "password": plant.named("logging: extra"),
            "note": plant.text("logging: extra"),
            "nested": {"pin": plant.named("logging: nested"), "list": [plant.text("logging: nested")]},
            "by_user": {plant.one("logging: key of a dict", "email"): 3},
            "blob": plant.text("logging: bytes").encode(),
            "object": Login(plant.text("logging: object"), {}),
            plant.one("logging: name", "email"): 1,
            "harmless": plant.word("logging: neighbour"),
        },
    )
    try:
        fail(plant.text("logging: exception"))
    except PlantedError:
        log.exception("logging: exception")
        structlog.get_logger("shop").exception(
            plant.text("structlog: message"), note=plant.text("structlog: field"), cvv=plant.named("structlog: field")
        )
        loguru.logger.bind(note=plant.text("loguru: bound"), jwt=plant.named("loguru: bound")).exception(
            plant.text("loguru: message", NO_BRACES)
        )
        loguru.logger.opt(exception=True).info("loguru: {}", plant.text("loguru: argument"))
    log.warning("logging: stack", stack_info=True, extra={"note": plant.text("logging: stack")})
    logging.getLogger(plant.one("logging: logger", "email")).info("logging: logger")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(True)
        warnings.warn(plant.text("logging: warning"), stacklevel=1)
        logging.captureWarnings(False)


def fail(what: str) -> None:
    """Raise, with a secret in the message, in a note and in the cause."""
    try:
        raise ValueError(plant.text("exception: cause"))
    except ValueError as cause:
        error = PlantedError(what)
        error.add_note(plant.text("exception: note"))
        raise error from cause


def with_web(telemetry: Any) -> None:
    """Requests that come and requests that go, and the viewer's pages of it."""
    app = FastAPI()

    @app.get("/orders/{order}")
    async def order(order: str) -> dict[str, str]:
        andiron.set_user(plant.one("http: user", "email"))
        andiron.breadcrumb("ui", plant.text("http: breadcrumb", ["password", "email"]))
        logging.getLogger("shop").error("http: %s", plant.text("http: log"))
        raise PlantedError(plant.text("http: exception"))

    @app.websocket("/talk")
    async def talk(socket: WebSocket) -> None:
        await socket.accept()
        await socket.close()

    app.mount("/telemetry", viewer := Viewer(allow=lambda _: True))
    andiron.bootstrap_logfire(
        app,
        instrument_options={"capture_headers": ["authorization", "x-note", "cookie", "referer"], "metrics": True},
        request_attributes_mapper=lambda request, attributes: {"mapped": plant.text("http: mapper")},
    )
    client = TestClient(app, client=(plant.one("http: client address", "ipv4"), 5000), raise_server_exceptions=False)
    headers = {
        "authorization": f"Bearer {plant.named('http: header')}",
        "cookie": f"sid={plant.named('http: header')}",
        "referer": plant.one("http: header", "query"),
        "x-note": plant.line("http: header"),
        "user-agent": f"Mozilla {plant.one('http: user agent', 'email')}",
        "x-request-id": plant.one("http: request id", "email"),
        "host": f"{plant.one('http: host', 'email')}",
        "tracestate": f"vendor={plant.one('http: tracestate', 'github')}",
        "traceparent": f"00-{0xABCDEF:032x}-{0xABC:016x}-01",
        "baggage": f"who={plant.one('http: baggage', 'email')}",
    }
    query = {
        "access_token": plant.named("http: query"),
        "note": plant.one("http: query", "card"),
        "mail": plant.one("http: query", "email"),
    }
    path = f"/orders/{plant.one('http: path', 'email')}"
    client.get(path, params=query, headers=headers)
    client.get(f"/orders/{plant.one('http: path, token', 'github')}?mail={plant.one('http: raw query', 'email')}")
    with client.websocket_connect(f"/talk?token={plant.named('http: websocket')}"):
        pass
    with Receiver() as shop:
        base = shop.url.removeprefix("http://")
        for name, get in (("httpx", httpx.get), ("requests", requests.get)):
            secret, token = plant.named(f"{name}: URL"), plant.named(f"{name}: query")
            get(
                f"http://app:{secret}@{base}/x/{plant.one(f'{name}: path', 'github')}",
                params={"token": token, "mail": plant.one(f"{name}: query", "email")},
            )
    telemetry.flush()
    shown = client.get("/telemetry/records").text
    sys.stderr.write(f"VIEWER {json.dumps(json.loads(shown))}\n")
    sys.stderr.write(f"STREAM {json.dumps(stream(viewer))}\n")
    sys.stderr.write(f"TAIL {json.dumps(tail(viewer))}\n")


def tail(viewer: Any) -> str:
    """What `andiron tail --app` prints."""
    import uvicorn

    server = uvicorn.Server(uvicorn.Config(viewer, port=0, log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    command = [sys.executable, "-m", "andiron", "tail", "--app", f"127.0.0.1:{port}", "--no-follow"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout
    finally:
        server.should_exit = True
        thread.join()


def stream(viewer: Any) -> str:
    """What the viewer sends first to somebody who watches."""
    sent: list[bytes] = []
    seen = asyncio.Event()

    async def receive() -> dict[str, str]:
        await seen.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if body := message.get("body"):
            sent.append(body)
            seen.set()

    scope = {
        "type": "http",
        "method": "GET",
        "path": "/events",
        "headers": [],
        "query_string": b"",
        "client": ("127.0.0.1", 1),
    }
    asyncio.run(viewer(scope, receive, send))
    return b"".join(sent).decode()


def with_databases() -> None:
    """SQL, and a server that is not there."""
    engine = sqlalchemy.create_engine("sqlite://")
    andiron.instrument_integrations(sqlalchemy=engine)
    with engine.connect() as connection:
        connection.execute(
            sqlalchemy.text(
                f"select '{plant.one('sql: statement', 'email')}' as a, '{plant.one('sql: statement', 'card')}' as password"
            )
        )
        connection.execute(sqlalchemy.text("select :password"), {"password": plant.named("sql: parameter")})
        try:
            connection.execute(
                sqlalchemy.text("select * from missing where mail = :mail"), {"mail": plant.one("sql: error", "email")}
            )
        except sqlalchemy.exc.OperationalError:
            logfire.exception("sql: error")
    try:
        sqlite3.connect(":memory:").execute(f"select [{plant.one('sqlite: error', 'email')}]")
    except sqlite3.Error:
        logging.getLogger("shop").exception("sqlite")
    with contextlib.suppress(redis.RedisError):
        redis.Redis(port=1, socket_timeout=0.1).set("mail", plant.one("redis: argument", "email"))


def with_vitals(telemetry: Any) -> None:
    """A loop that stands still, in a line whose text holds a secret: a stack shows the line."""

    async def main() -> None:
        telemetry.field.vitals.watch_loop()
        await asyncio.sleep(0.1)
        time.sleep(0.3 if "password=Pl4nt3d-source-line" else 0)  # noqa: ASYNC251 - it is to stand still
        await asyncio.sleep(0.1)

    plant.secrets["Pl4nt3d-source-line"] = "vitals: line of a stack"
    asyncio.run(main())


def with_field() -> None:
    """Breadcrumbs, users, crashes of threads and tasks."""
    andiron.set_user(plant.one("field: user", "email"))
    for kind in ONE_LINE:  # one each, as a breadcrumb is short
        andiron.breadcrumb("ui", plant.text("breadcrumb: message", [kind]), note=plant.text("breadcrumb: data", [kind]))
    andiron.breadcrumb("user", "by name", pin=plant.named("breadcrumb: data"))
    andiron.breadcrumb(
        plant.one("breadcrumb: category", "email"), "category", **{plant.one("breadcrumb: name", "email"): 1}
    )
    logging.getLogger("shop").error("field: error with breadcrumbs")

    def crash() -> None:
        raise PlantedError(plant.text("crash: thread"))

    thread = threading.Thread(target=crash, name=plant.line("crash: name of a thread"))
    thread.start()
    thread.join()

    async def task() -> None:
        raise PlantedError(plant.text("crash: task"))

    async def main() -> None:
        lost = asyncio.ensure_future(task())
        lost.set_name(plant.line("crash: name of a task"))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        del lost
        gc.collect()

    asyncio.run(main())

    class Broken:
        def __del__(self) -> None:
            raise PlantedError(plant.text("crash: finalizer"))

    Broken()


PATHS: list[Callable[[], None]] = [with_logfire, with_opentelemetry, with_logging, with_databases, with_field]


def end_with_an_exception(manifest: Path) -> None:
    """Nobody catches it."""
    text = plant.text("crash: main")
    plant.save(manifest)
    fail(text)


def end_with_a_signal(manifest: Path) -> None:
    """As a fault in a library of C would."""
    plant.save(manifest)
    faulthandler._sigsegv()  # type: ignore[attr-defined]


def main() -> None:
    """Plant, and end as asked for."""
    manifest, how = Path(sys.argv[1]), sys.argv[2]
    telemetry = andiron.configure(
        vitals=True,
        resource_attributes={
            "note": plant.text("resource: attribute"),
            "db_password": plant.named("resource: attribute"),
        },
    )
    if how == "signal":
        end_with_a_signal(manifest)
    if how == "start":
        return
    if telemetry.settings.console != "json":
        logging.getLogger().addHandler(
            logging.NullHandler()
        )  # else `logging` itself prints to stderr what nobody handles
    configure_structlog(sys.stdout, telemetry=Telemetry())
    configure_loguru(sys.stdout, telemetry=Telemetry())
    andiron.instrument_integrations(httpx=True, requests=True, redis=True, pydantic=True)
    with_web(telemetry)
    for path in PATHS:
        path()
    with_vitals(telemetry)
    if how == "exception":
        end_with_an_exception(manifest)
    telemetry.flush()
    telemetry.close()
    sys.stderr.write(f"REPORT {json.dumps(telemetry.report())}\n")
    plant.save(manifest)


if __name__ == "__main__":
    main()
