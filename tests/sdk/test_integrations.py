"""`instrument_integrations`: each library on and off, by argument and by variable, on real clients and servers."""

import asyncio
import logging
import sys
import warnings
from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any

import httpx
import logfire
import pytest
import requests
import requests.adapters
import sqlalchemy
from sqlalchemy.ext.asyncio import create_async_engine

from andiron.errors import ConfigurationError
from andiron.sdk import integrations, libraries
from andiron.sdk.integrations import Instrumented, instrument_integrations, uninstrument_integrations
from andiron.testing import Capture, Receiver, Records

pytestmark = pytest.mark.requirement("LF-03")

STABLE = version("opentelemetry-instrumentation") != "0.60b0"
"""The oldest instrumentations know only the older names of a database's attributes."""
KNOWN = ["requests", "httpx", "sqlalchemy", "pydantic", "pydantic_ai", "asyncpg", "psycopg", "redis", "celery"]
INSTALLED = [name for name in KNOWN if find_spec(name)]


@pytest.fixture
def server() -> Iterator[str]:
    """Something that answers 200 to everything over a real socket."""
    with Receiver() as receiver:
        yield receiver.url


def client() -> httpx.Client:
    return httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(204)))


def select(engine: sqlalchemy.Engine, statement: str = "select 1") -> None:
    with engine.connect() as connection:
        connection.execute(sqlalchemy.text(statement))


def names(records: Records) -> list[str]:
    return [span.name for span in records.spans]


class TestHttpx:
    def test_all_clients(self, capture: Capture, server: str) -> None:
        def ask() -> None:
            with httpx.Client(trust_env=False) as sync_client:
                sync_client.get(f"{server}/shelf?page=2")

        ask()
        assert capture.spans == []
        instrument_integrations(httpx=True)
        ask()
        span = capture.span("GET")
        assert span.kind == "client"
        assert span.attributes["http.request.method"] == "GET"
        assert span.attributes["url.full"] == f"{server}/shelf?page=2"
        assert span.attributes["http.response.status_code"] == 200
        instrument_integrations(httpx=False)
        ask()
        assert len(capture.spans) == 1

    def test_all_async_clients(self, capture: Capture, server: str) -> None:
        async def ask() -> None:
            async with httpx.AsyncClient(trust_env=False) as async_client:
                await async_client.post(server)

        instrument_integrations(httpx=True)
        asyncio.run(ask())
        assert capture.span("POST").attributes["url.full"].rstrip("/") == server

    def test_one_client(self, capture: Capture) -> None:
        one, other = client(), client()
        instrument_integrations(httpx=one)
        one.get("http://shop.example/one")
        other.get("http://shop.example/other")
        assert capture.span("GET").attributes["url.full"] == "http://shop.example/one"
        assert capture.span("GET").attributes["http.response.status_code"] == 204

    def test_several_clients_sync_and_async(self, capture: Capture) -> None:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            await send({"type": "http.response.start", "status": 418, "headers": []})
            await send({"type": "http.response.body", "body": b""})

        async_client = httpx.AsyncClient(transport=httpx.ASGITransport(app=app))
        one = client()
        instrument_integrations(httpx=[one, async_client])
        one.get("http://shop.example/")
        asyncio.run(async_client.delete("http://shop.example/"))
        assert names(capture) == ["GET", "DELETE"]
        assert capture.span("DELETE", http_response_status_code=418).status == "error"

    def test_a_client_is_not_traced_twice(self, capture: Capture, server: str) -> None:
        with httpx.Client(trust_env=False) as one:
            instrument_integrations(httpx=one)
            instrument_integrations(httpx=one)
            instrument_integrations(httpx=True)
            instrument_integrations(httpx=[one])
            instrument_integrations(httpx=True)
            one.get(server)
        assert names(capture) == ["GET"]

    def test_options(self, capture: Capture, server: str) -> None:
        instrument_integrations(httpx={"capture_headers": True})
        with httpx.Client(trust_env=False) as one:
            one.get(server, headers={"X-Shelf": "top"})
        assert capture.span("GET").attributes["http.request.header.x-shelf"] == ["top"]

    def test_the_trace_goes_on_at_the_other_side(self, capture: Capture) -> None:
        seen: list[httpx.Request] = []

        def answer(request: httpx.Request) -> httpx.Response:
            seen.append(request)
            return httpx.Response(200)

        one = httpx.Client(transport=httpx.MockTransport(answer))
        instrument_integrations(httpx=one)
        one.get("http://shop.example/")
        span = capture.span("GET")
        assert seen[0].headers["traceparent"] == f"00-{span.trace_id}-{span.span_id}-01"


class Local(requests.adapters.BaseAdapter):
    """Answers without a network."""

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:  # type: ignore[override]
        response = requests.Response()
        response.status_code, response.request, response.url = 200, request, str(request.url)
        return response

    def close(self) -> None:
        """Nothing is open."""


def test_requests(capture: Capture) -> None:
    def ask() -> None:
        with requests.Session() as session:
            session.mount("http://", Local())
            session.get("http://shop.example/shelf")

    ask()
    assert capture.spans == []
    instrument_integrations(requests=True)
    ask()
    attributes = capture.span("GET").attributes
    assert (attributes["http.request.method"], attributes["url.full"]) == ("GET", "http://shop.example/shelf")
    instrument_integrations(requests=False)
    ask()
    assert len(capture.spans) == 1


class TestSqlAlchemy:
    def test_all_engines_also_those_that_were_there(self, capture: Capture) -> None:
        before = sqlalchemy.create_engine("sqlite://")
        select(before)
        assert capture.spans == []
        instrument_integrations(sqlalchemy=True)
        after = sqlalchemy.create_engine("sqlite://")
        select(before, "select 'before'")
        select(after, "select 'after'")
        assert names(capture) == ["connect", "select", "connect", "select"]
        span = capture.span("select", db_statement="select 'before'")
        assert span.kind == "client"
        assert span.attributes["db.system"] == "sqlite"
        if STABLE:
            assert (span.attributes["db.system.name"], span.attributes["db.query.text"]) == (
                "sqlite",
                "select 'before'",
            )
        instrument_integrations(sqlalchemy=False)
        select(before)
        select(after)
        select(sqlalchemy.create_engine("sqlite://"))
        assert len(capture.spans) == 4

    def test_one_engine_and_no_other(self, capture: Capture) -> None:
        one = sqlalchemy.create_engine("sqlite://")
        instrument_integrations(sqlalchemy=one)
        for engine in (one, sqlalchemy.create_engine("sqlite://")):
            select(engine)
        assert names(capture) == ["select"]

    def test_a_list_and_later_another(self, capture: Capture) -> None:
        engines = [sqlalchemy.create_engine("sqlite://") for _ in range(4)]
        instrument_integrations(sqlalchemy=engines[:2])
        instrument_integrations(sqlalchemy=engines[2])
        instrument_integrations(sqlalchemy=engines[:3])
        for number, engine in enumerate(engines):
            select(engine, f"select {number}")
        assert [span.attributes["db.statement"] for span in capture.spans] == ["select 0", "select 1", "select 2"]
        instrument_integrations(sqlalchemy=True)
        select(engines[3], "select 4")
        select(engines[0], "select 5")
        assert [span.attributes["db.statement"] for span in capture.spans if span.name == "select"][3:] == [
            "select 4",
            "select 5",
        ]

    def test_async_engines(self, capture: Capture) -> None:
        async def ask(engine: Any) -> None:
            async with engine.connect() as connection:
                await connection.execute(sqlalchemy.text("select 1"))
            await engine.dispose()

        one = create_async_engine("sqlite+aiosqlite://")
        instrument_integrations(sqlalchemy=one)
        asyncio.run(ask(one))
        assert capture.span("select").attributes["db.system"] == "sqlite"
        capture.clear()
        instrument_integrations(sqlalchemy=True)
        asyncio.run(ask(import_module("sqlalchemy.ext.asyncio").create_async_engine("sqlite+aiosqlite://")))
        assert names(capture) == ["connect", "select"]

    def test_a_failed_statement(self, capture: Capture) -> None:
        engine = sqlalchemy.create_engine("sqlite://")
        instrument_integrations(sqlalchemy=engine)
        with pytest.raises(sqlalchemy.exc.OperationalError):
            select(engine, "select nothing")
        assert capture.span("select").status == "error"


@pytest.mark.filterwarnings("default")
class TestPydantic:
    def test_models_that_are_defined_while_it_is_on(self, capture: Capture) -> None:
        from pydantic import BaseModel, ValidationError

        class Before(BaseModel):
            count: int

        instrument_integrations(pydantic={"include": {".*Shelf"}})

        class Shelf(BaseModel):
            count: int

        Before(count=1)
        Shelf(count=1)
        [span] = capture.spans
        assert span.attributes["schema_name"] == "Shelf"
        assert span.attributes["success"] is True
        with pytest.raises(ValidationError):
            Shelf.model_validate({"count": "many"})
        assert capture.spans[1].attributes["success"] is False

        instrument_integrations(pydantic=False)

        class LaterShelf(BaseModel):
            count: int

        LaterShelf(count=1)
        assert len(capture.spans) == 2

    def test_what_to_record(self, capture: Capture) -> None:
        instrument_integrations(pydantic="failure")
        from pydantic import BaseModel, ValidationError

        class Box(BaseModel):
            count: int

        Box(count=1)
        assert capture.spans == []
        with pytest.raises(ValidationError):
            Box.model_validate({"count": "many"})
        [span] = [*capture.spans]
        assert span.attributes["schema_name"] == "Box"
        assert span.attributes["logfire.level_num"] == 13


class TestPydanticAi:
    def test_agents(self, capture: Capture) -> None:
        pytest.importorskip("pydantic_ai", reason="pydantic-ai wants a newer pydantic than the oldest")
        from pydantic_ai import Agent
        from pydantic_ai.models.test import TestModel

        def ask(one: Agent) -> None:
            asyncio.run(one.run("where is the andiron?"))

        agent = Agent(TestModel(custom_output_text="in the cellar"), name="butler")
        other = Agent(TestModel(), name="cook")
        ask(agent)
        assert capture.spans == []

        instrument_integrations(pydantic_ai=agent)
        ask(agent)
        ask(other)
        runs = [
            span
            for span in capture.spans
            if span.attributes.get("gen_ai.operation.name") == "invoke_agent" or "agent_name" in span.attributes
        ]
        assert {span.attributes.get("agent_name", span.attributes.get("gen_ai.agent.name")) for span in runs} == {
            "butler"
        }
        assert capture.span("chat test").attributes["gen_ai.request.model"] == "test"

        capture.clear()
        instrument_integrations(pydantic_ai=True)
        ask(other)
        assert capture.span("chat test")

        capture.clear()
        instrument_integrations(pydantic_ai=False)
        ask(agent)
        ask(other)
        assert capture.spans == []


def test_celery_eager(capture: Capture) -> None:
    from celery import Celery  # type: ignore[import-untyped]  # it has no types

    app = Celery("shop", broker="memory://", backend="cache+memory://")
    app.conf.task_always_eager = True

    @app.task(name="shop.pack")  # type: ignore[untyped-decorator]  # as above
    def pack(order: int) -> int:
        with logfire.span("tape"):
            return order

    pack.apply_async((1,)).get()
    assert names(capture) == ["tape"]
    instrument_integrations(celery=True)
    capture.clear()
    pack.apply_async((1,)).get()
    assert capture.span("run/shop.pack").attributes["celery.task_name"] == "shop.pack"
    assert capture.span("tape").parent_id == capture.span("run/shop.pack").span_id
    instrument_integrations(celery=False)
    capture.clear()
    pack.apply_async((1,)).get()
    assert names(capture) == ["tape"]


@pytest.mark.usefixtures("capture")
class TestSwitches:
    @pytest.mark.parametrize("name", INSTALLED)
    @pytest.mark.parametrize(
        ("text", "on"), [("1", 1), ("true", 1), ("YES", 1), (" on ", 1), ("0", 0), ("off", 0), ("", 0)]
    )
    def test_the_variable(self, andiron_env: Callable[..., None], name: str, text: str, on: int) -> None:
        andiron_env(**{f"LOGFIRE_INSTRUMENT_{name.upper()}": text})
        assert instrument_integrations().on == [name] * on

    def test_an_argument_beats_the_variable(self, andiron_env: Callable[..., None]) -> None:
        andiron_env(LOGFIRE_INSTRUMENT_REQUESTS="1", LOGFIRE_INSTRUMENT_CELERY="0")
        assert instrument_integrations(requests=False, celery=True).on == ["celery"]

    def test_a_variable_beats_all(self, andiron_env: Callable[..., None]) -> None:
        andiron_env(LOGFIRE_INSTRUMENT_CELERY="0", LOGFIRE_INSTRUMENT_ALL="1")
        assert instrument_integrations().on == [name for name in INSTALLED if name != "celery"]
        assert instrument_integrations(all=False).on == []

    def test_nothing_without_a_word(self, capture: Capture, server: str) -> None:
        assert instrument_integrations() == Instrumented()
        with httpx.Client(trust_env=False) as one:
            one.get(server)
        assert capture.spans == []

    def test_a_variable_that_says_nothing(self, andiron_env: Callable[..., None]) -> None:
        andiron_env(LOGFIRE_INSTRUMENT_REDIS="perhaps")
        with pytest.warns(UserWarning, match="LOGFIRE_INSTRUMENT_REDIS=perhaps is passed over: write 1 or 0"):
            assert instrument_integrations().on == []
        assert instrument_integrations().on == []

    @pytest.mark.parametrize("name", KNOWN)
    def test_a_library_that_is_not_installed_is_skipped_with_one_warning(
        self, monkeypatch: pytest.MonkeyPatch, name: str
    ) -> None:
        monkeypatch.setitem(sys.modules, name, None)  # Python's own mark for "not there"
        with pytest.warns(UserWarning, match=f"^{name} is not traced: {name} is not installed.$"):
            result = instrument_integrations(**{name: True})
        instrument_integrations(**{name: True})  # Another warning would be an error.
        assert (result.on, result.skipped, result.failed) == ([], {name: f"{name} is not installed"}, 0)

    @pytest.mark.parametrize("name", sorted(set(KNOWN) - {"pydantic", "pydantic_ai"}))
    def test_an_instrumentation_that_is_not_installed(self, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
        monkeypatch.setitem(sys.modules, f"opentelemetry.instrumentation.{name}", None)
        with pytest.warns(UserWarning, match=rf"{name} is not traced: .*pip install 'logfire\[{name}\]'"):
            assert instrument_integrations(**{name: True}).on == []

    def test_all_is_silent_about_what_is_not_installed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "redis", None)
        result = instrument_integrations(all=True)
        assert result.on == [name for name in INSTALLED if name != "redis"]
        assert result.skipped["redis"] == "redis is not installed"

    def test_the_failure_of_one_stops_nobody(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*_: object, **__: object) -> None:
            raise RuntimeError("no luck")

        monkeypatch.setattr(logfire.Logfire, "instrument_requests", fail)
        with pytest.warns(UserWarning, match="^requests is not traced: no luck$"):
            result = instrument_integrations(requests=True, httpx=True)
        instrument_integrations(requests=True)  # Another warning would be an error.
        assert (result.on, result.skipped, result.failed) == (["httpx"], {"requests": "failed: no luck"}, 1)

    def test_uninstrument_takes_back(self, capture: Capture, server: str) -> None:
        result = instrument_integrations(httpx=True, requests=True)
        result.uninstrument()
        assert result.on == []
        with httpx.Client(trust_env=False) as one:
            one.get(server)
        assert capture.spans == []

    def test_an_instrumentor_that_somebody_else_switched_on(
        self, capture: Capture, server: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        logfire.instrument_httpx()
        with caplog.at_level(logging.WARNING):
            instrument_integrations(httpx=True)
        assert caplog.messages == []
        with httpx.Client(trust_env=False) as one:
            one.get(server)
        assert names(capture) == ["GET"]

    def test_the_application_may_choose_other_names_of_attributes(
        self, capture: Capture, andiron_env: Callable[..., None]
    ) -> None:
        andiron_env(OTEL_SEMCONV_STABILITY_OPT_IN="http/dup")
        one = client()
        instrument_integrations(httpx=one)
        one.get("http://shop.example/")
        assert capture.span("GET").attributes["http.url"] == capture.span("GET").attributes["url.full"]

    def test_what_only_logfire_knows(self, capture: Capture) -> None:
        result = instrument_integrations(print=True)
        print("into the fire")  # noqa: T201 - what is traced here
        assert result.on == ["print"]
        assert len(capture.spans) == 1
        result.uninstrument()
        print("into the fire")  # noqa: T201 - as above
        assert len(capture.spans) == 1

    def test_a_name_that_nobody_knows(self) -> None:
        with pytest.raises(ConfigurationError, match="Logfire has no instrument_toaster"):
            instrument_integrations(toaster=True)

    def test_an_object_of_a_library_that_takes_none(self) -> None:
        with pytest.warns(UserWarning, match="requests takes True, False or its options, not 5"):
            instrument_integrations(requests=5)  # type: ignore[arg-type]


@pytest.mark.usefixtures("capture")
class TestLater:
    """A library that nobody imported is switched on at its import."""

    @pytest.fixture
    def late(
        self, tmp_path: Any, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
    ) -> Iterator[libraries.Library]:
        # A name of its own for each test: hooks on imports stay for the life of the process.
        name = f"late_{abs(hash(request.node.name))}"
        (tmp_path / f"{name}.py").write_text("value = 1")
        monkeypatch.syspath_prepend(tmp_path)
        library = libraries.Library(name)
        monkeypatch.setitem(integrations._libraries, name, library)
        yield library
        sys.modules.pop(name, None)

    def test_begins_at_the_import(self, late: libraries.Library, monkeypatch: pytest.MonkeyPatch) -> None:
        begun: list[str] = []
        monkeypatch.setattr(late, "begin", lambda *_: begun.append(late.name))
        monkeypatch.setattr(late, "is_on", lambda: bool(begun))
        for _ in range(2):
            assert instrument_integrations(**{late.name: True}).on == [late.name]
        assert (begun, late.name in sys.modules) == ([], False)
        assert __import__(late.name).value == 1
        assert begun == [late.name]

    def test_not_if_it_was_switched_off_meanwhile(
        self, late: libraries.Library, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(late, "begin", lambda *_: pytest.fail("switched on"))
        instrument_integrations(**{late.name: True}).uninstrument()
        assert __import__(late.name).value == 1

    def test_a_failure_leaves_the_import_alone(
        self, late: libraries.Library, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        def fail(*_: object) -> None:
            raise RuntimeError("no luck")

        monkeypatch.setattr(late, "begin", fail)
        result = instrument_integrations(**{late.name: True})
        with caplog.at_level(logging.WARNING):
            assert __import__(late.name).value == 1
        assert caplog.messages == [f"{late.name} is not traced: no luck"]
        assert (result.on, result.failed) == ([], 1)


def test_uninstrument_everything(capture: Capture, server: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        instrument_integrations(all=True)
    uninstrument_integrations()
    uninstrument_integrations()
    with httpx.Client(trust_env=False) as one:
        one.get(server)
    select(sqlalchemy.create_engine("sqlite://"))
    assert capture.spans == []
