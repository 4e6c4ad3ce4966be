"""Properties 13 and 14 of the list that observability was specified by: requests of a FastAPI application and what happens within them."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence

import httpx
import logfire
import pytest
from fastapi import FastAPI, HTTPException
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import trace

from andiron.sdk.operations import init_observability, names, shutdown_observability
from andiron.testing.capture import Capture
from andiron.testing.records import Span
from tests.operations.stories import STEP, Broken, Step, Teller, Told, steps

pytestmark = [pytest.mark.requirement("OB-09"), pytest.mark.requirement("OB-06")]


class Shop:
    """An application whose answers a test chooses, and which tells a story within each request."""

    def __init__(self) -> None:
        self.app = FastAPI()
        self.story: Sequence[Step] = ()
        self.told: list[Told] = []
        for method in ("GET", "POST", "PATCH", "DELETE"):
            self.app.add_api_route("/resources/{number}", self.resource, methods=[method])
        self.app.add_api_route("/healthz", self.healthz)

    async def resource(self, number: int) -> dict[str, int]:
        """Answer `number` as a status; 0 breaks."""
        teller = Teller()
        with logfire.span("by Logfire"), trace.get_tracer("by hand").start_as_current_span("by hand"):
            for step in self.story:
                await teller.later(step)
        self.told += teller.told
        if number == 0:
            raise Broken("by the application")
        if number >= 300:
            raise HTTPException(number)
        return {"number": number}

    async def healthz(self) -> None:
        """Nobody wants a span of this."""

    def ask(self, *requests: tuple[str, str]) -> list[int]:
        """Statuses of requests, one after another."""

        async def whole() -> list[int]:
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
                return [(await client.request(method, path)).status_code for method, path in requests]

        return asyncio.run(whole())


@pytest.fixture
def shop(capture: Capture) -> Iterator[Shop]:
    shop = Shop()
    init_observability(app=shop.app)
    yield shop
    shutdown_observability()


def servers(capture: Capture) -> list[Span]:
    """Spans of requests, without those that FastAPI makes of itself where nothing else does."""
    return [span for span in capture.spans if span.kind == "server" and span.scope != "fastapi"]


methods = st.sampled_from(["GET", "POST", "PATCH", "DELETE"])
statuses = st.sampled_from([0, 200, 204, 301, 404, 409, 422, 500, 503])
requests = st.lists(st.tuples(methods, statuses), min_size=1, max_size=4)


def test_property_13_http_span_creation(shop: Shop, capture: Capture) -> None:
    """HTTP span creation."""
    measured: Counter[tuple[str, int]] = Counter()

    @given(requests, st.booleans())
    def holds(asked: list[tuple[str, int]], lost: bool) -> None:  # noqa: FBT001 - an example
        capture.clear()
        paths = [(method, f"/resources/{status}") for method, status in asked]
        others = [("GET", "/healthz"), ("GET", "/metrics"), *([("GET", "/nowhere?x=1")] if lost else [])]
        answered = shop.ask(*paths, *others)
        assert answered[len(paths) :][:2] == [200, 200]
        spans = servers(capture)
        assert len(spans) == len(paths) + lost
        for span, (method, status), answer in zip(spans, asked, answered, strict=False):
            given_ = status or 500
            # FastAPI answers 200 where nothing was raised, whatever the number.
            assert answer == (given_ if given_ >= 300 else 200)
            assert span.name == f"{method} /resources/{{number}}"
            assert span.parent_id == ""
            wanted = {
                names.HTTP_METHOD: method,
                names.HTTP_ROUTE: "/resources/{number}",
                names.HTTP_STATUS: answer,
                "url.path": f"/resources/{status}",
                "url.scheme": "http",
                "server.address": "shop",
            }
            assert wanted.items() <= span.attributes.items()
            assert (span.status == "error") is (answer >= 500)
            assert (names.ERROR_TYPE in span.attributes) is (answer >= 500)
            measured[method, answer] += 1
        if lost:
            # A path that no route has is no name of a span: there are endlessly many of them.
            assert (spans[-1].name, spans[-1].attributes[names.HTTP_STATUS]) == ("GET", 404)
            assert names.HTTP_ROUTE not in spans[-1].attributes

    holds()
    duration = capture.metric(names.HTTP_DURATION.name)
    assert duration.unit == "s"
    found: Counter[tuple[str, int]] = Counter()
    for point, (count, _) in duration.points:
        if point.get(names.HTTP_ROUTE) == "/resources/{number}":
            found[point[names.HTTP_METHOD], point[names.HTTP_STATUS]] += count
    assert found == measured


def test_property_14_instrumentation_coexistence(shop: Shop, capture: Capture) -> None:
    """Instrumentation coexistence."""

    @given(requests, st.lists(steps(1), max_size=2))
    def holds(asked: list[tuple[str, int]], story: list[Step]) -> None:
        capture.clear()
        shop.story, shop.told = story, []
        shop.ask(*((method, f"/resources/{status}") for method, status in asked))
        spans = {span.span_id: span for span in capture.spans}
        kinds = Counter(span.name if span.name.startswith("by ") else span.kind for span in capture.spans)
        of_story = len(shop.told)
        assert kinds == +Counter({
            "server": len(asked), "by Logfire": len(asked), "by hand": len(asked), "internal": of_story
        })  # fmt: skip
        for span in capture.spans:
            parent = spans.get(span.parent_id)
            if span.kind == "server":
                assert parent is None
            elif span.name == "by Logfire":
                assert parent is not None
                assert parent.kind == "server"
            elif span.name == "by hand":
                assert parent is not None
                assert parent.name == "by Logfire"
            else:
                assert parent is not None
                assert parent.name == "by hand" or STEP in parent.attributes
                assert span.trace_id == parent.trace_id
        # What an operation within says is said within its own span, and so of its request.
        for log in capture.logs:
            if STEP in log.attributes:
                assert spans[log.span_id].attributes[STEP] == log.attributes[STEP]

    holds()


def test_an_application_is_watched_once_however_often_it_is_given(shop: Shop, capture: Capture) -> None:
    init_observability(app=shop.app)
    capture.clear()
    assert shop.ask(("GET", "/resources/200"), ("GET", "/metrics")) == [200, 200]
    assert len(servers(capture)) == 1
    assert [getattr(route, "path", "") for route in shop.app.router.routes].count("/metrics") == 1


def test_without_observation_the_application_is_as_it_was(shop: Shop, capture: Capture) -> None:
    shutdown_observability()
    capture.clear()
    assert shop.ask(("GET", "/resources/200"), ("GET", "/metrics")) == [200, 404]
    assert servers(capture) == []
