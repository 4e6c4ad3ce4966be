"""`bootstrap_logfire`: one call for a web application, with each of the three instrumentations."""

import asyncio
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

import andiron
from andiron.errors import ConfigurationError
from andiron.sdk import configure as configuration
from andiron.testing.plugin import Environment
from andiron.testing.receiver import Receiver
from andiron.testing.records import Span

pytestmark = [pytest.mark.usefixtures("reset_telemetry"), pytest.mark.requirement("LF-01")]
KINDS = ["lean", "logfire", "opentelemetry"]


@pytest.fixture
def started(otlp_server: Receiver, andiron_env: Environment) -> Receiver:
    andiron_env(ANDIRON_URL=otlp_server.url, ANDIRON_EXPORT="true")
    return otlp_server


def application() -> FastAPI:
    app = FastAPI()

    @app.get("/items/{number}")
    async def item(number: int) -> dict[str, int]:
        return {"item": number}

    @app.get("/health")
    async def health() -> None:
        pass

    return app


def get(app: FastAPI, *paths: str) -> list[int]:
    async def ask() -> list[int]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://shop") as client:
            return [(await client.get(path)).status_code for path in paths]

    return asyncio.run(ask())


def requests_in(server: Receiver) -> list[Span]:
    return [span for span in server.spans if span.kind == "server"]


@pytest.mark.parametrize("kind", KINDS)
def test_one_span_a_request_without_the_excluded(started: Receiver, kind: Any) -> None:
    app = application()
    telemetry = andiron.bootstrap_logfire(
        app, service="shop", instrumentation=kind, excluded_urls=["/health", "/ready"]
    )
    assert get(app, "/items/7", "/health") == [200, 200]
    assert telemetry.flush(10)
    [span] = requests_in(started)
    assert span.name == "GET /items/{number}"
    assert span.attributes["http.route"] == "/items/{number}"
    assert span.resource["service.name"] == "shop"


@pytest.mark.parametrize("kind", ["lean", "logfire"])
def test_the_mapper_is_asked(started: Receiver, kind: Any) -> None:
    app = application()
    telemetry = andiron.bootstrap_logfire(
        app, instrumentation=kind, request_attributes_mapper=lambda request, attributes: {"tenant": "north"}
    )
    get(app, "/items/7")
    telemetry.flush(10)
    assert "north" in [span.attributes.get("tenant") for span in started.spans]


def test_a_mapper_that_nobody_would_ask_is_told_of() -> None:
    with pytest.warns(UserWarning, match="has no request_attributes_mapper"):
        andiron.bootstrap_logfire(
            application(), instrumentation="opentelemetry", request_attributes_mapper=lambda request, attributes: None
        )


def test_what_was_configured_before_stays_unless_settings_are_given(started: Receiver) -> None:
    before = andiron.configure(service="first")
    assert andiron.bootstrap_logfire(application()) is before
    assert andiron.bootstrap_logfire(application(), service="second") is not before
    assert configuration.current is not None
    assert configuration.current.field.service == "second"


def test_twice_makes_no_second_span(started: Receiver) -> None:
    app = application()
    andiron.bootstrap_logfire(app)
    telemetry = andiron.bootstrap_logfire(app)
    get(app, "/items/7")
    telemetry.flush(10)
    assert len(requests_in(started)) == 1


def test_the_end_of_the_lifespan_hands_over(started: Receiver) -> None:
    app = application()
    andiron.bootstrap_logfire(app, flush_interval=1000)

    async def live() -> None:
        async with app.router.lifespan_context(app):
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://shop") as client:
                await client.get("/items/7")
            assert requests_in(started) == []

    asyncio.run(live())
    assert len(requests_in(started)) == 1


def test_what_is_no_application_costs_a_warning() -> None:
    with pytest.warns(UserWarning, match="could not be instrumented"):
        andiron.bootstrap_logfire(object())


def test_an_instrumentation_that_there_is_not_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="lean, logfire or opentelemetry, not 'fast'"):
        andiron.bootstrap_logfire(application(), instrumentation="fast")  # type: ignore[arg-type]  # that is the point


def test_libraries_are_switched_on_with_it(started: Receiver) -> None:
    telemetry = andiron.bootstrap_logfire(application(), instrument={"httpx": True})
    httpx.post(f"{started.url}/v1/logs", content=b"", headers={"content-type": "application/x-protobuf"})
    telemetry.flush(10)
    assert [span.kind for span in started.spans] == ["client"]
