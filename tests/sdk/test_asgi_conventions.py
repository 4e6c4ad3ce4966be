"""The span against the one that OpenTelemetry's own instrumentation makes of the same request."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI, HTTPException
from opentelemetry.instrumentation import _semconv
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor

from andiron.sdk.asgi import instrument, uninstrument
from tests.sdk.asgi_spans import Spans, request

OURS = {
    "logfire.msg": "what Logfire's pages show",
    "logfire.span_type": "what Logfire's pages show",
    "logfire.level_num": "Logfire's wrapper adds it to theirs",
    "request_id": "the request's id",
    "network.peer.address": "recommended by the conventions",
    "network.peer.port": "recommended by the conventions",
}
"""What theirs does not have, and why ours does."""
THEIRS = {"client.port": "network.peer.port says it, and the conventions leave it to whoever wants it"}


def shop() -> FastAPI:
    app, below, router = FastAPI(), FastAPI(), APIRouter(prefix="/v1")

    @router.get("/items/{item}")
    async def item(item: int) -> dict[str, int]:
        return {"item": item}

    @app.get("/down")
    async def down() -> None:
        raise HTTPException(503)

    @app.get("/broken")
    async def broken() -> None:
        raise ValueError("broken")

    below.include_router(router)
    app.include_router(router)
    app.mount("/sub", below)
    return app


@pytest.fixture
def stable(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stable conventions for theirs, whichever this process used before."""
    chooser = _semconv._OpenTelemetrySemanticConventionStability
    monkeypatch.setenv("OTEL_SEMCONV_STABILITY_OPT_IN", "http")
    monkeypatch.setattr(chooser, "_initialized", False)
    monkeypatch.setattr(chooser, "_OTEL_SEMCONV_STABILITY_SIGNAL_MAPPING", {})


def observed(
    method: str,
    url: str,
    headers: dict[str, str],
    add: Callable[[FastAPI, Spans], None],
    remove: Callable[[FastAPI], None],
) -> Any:
    """The span of a request to an application with one instrumentation."""
    spans, app = Spans(), shop()
    add(app, spans)
    asyncio.run(request(app, method, url, headers=headers))
    remove(app)
    return spans.only


def theirs(app: FastAPI, spans: Spans) -> None:
    FastAPIInstrumentor.instrument_app(app, tracer_provider=spans.provider, exclude_spans=["send", "receive"])


def ours(app: FastAPI, spans: Spans) -> None:
    instrument(app, tracer_provider=spans.provider)


@pytest.mark.requirement("LF-01")
@pytest.mark.usefixtures("stable")
@pytest.mark.parametrize(
    ("method", "url", "headers"),
    [
        ("GET", "/v1/items/7?size=xl", {"user-agent": "curl/8"}),
        ("GET", "/v1/items/seven", {}),
        ("PUT", "/v1/items/7", {}),
        ("GET", "/down", {"traceparent": f"00-{'a' * 32}-{'b' * 16}-01"}),
        ("GET", "/broken", {}),
        ("GET", "/nowhere", {}),
        ("BREW", "/v1/items/7", {}),
        ("GET", "https://shop.example:8443/v1/items/7", {}),
    ],
)
def test_it_says_what_opentelemetrys_says(method: str, url: str, headers: dict[str, str]) -> None:
    reference = observed(method, url, headers, theirs, FastAPIInstrumentor.uninstrument_app)
    span = observed(method, url, headers, ours, uninstrument)
    expected = {key: value for key, value in reference.attributes.items() if key not in THEIRS}
    # Theirs writes the port into the address, and both as the socket has them; the conventions want what the client asked for.
    address = expected.pop("server.address")
    if ":" in address:
        address = address.rpartition(":")[0]
    if url == "/broken":
        assert expected["error.type"] == "500"
        expected["error.type"] = "ValueError"  # theirs does not know of the exception yet when it writes this
    found = {key: value for key, value in span.attributes.items() if key not in OURS}
    assert found.pop("server.address") == address
    assert found == expected
    assert span.name == reference.name
    assert span.kind == reference.kind
    assert span.status.status_code == reference.status.status_code
    assert span.parent == reference.parent
    assert [event.name for event in span.events] == [event.name for event in reference.events]
    for mine, other in zip(span.events, reference.events, strict=True):
        assert mine.attributes["exception.type"] == other.attributes["exception.type"]
        assert mine.attributes["exception.message"] == other.attributes["exception.message"]


@pytest.mark.usefixtures("stable")
def test_a_mounted_application_has_its_whole_route_where_theirs_has_the_mount_alone() -> None:
    reference = observed("GET", "/sub/v1/items/7", {}, theirs, FastAPIInstrumentor.uninstrument_app)
    span = observed("GET", "/sub/v1/items/7", {}, ours, uninstrument)
    assert reference.attributes["http.route"] == "/sub"
    assert span.attributes["http.route"] == "/sub/v1/items/{item}"
