"""Who leaves before the answer stops the query: running, it is killed; waiting, it never begins."""

import asyncio
import json
import time
from datetime import timedelta

import pytest
from starlette.applications import Starlette
from starlette.types import Message, Scope

from andiron.server.query.api import QueryApi
from andiron.server.query.desk import AT_ONCE, Desk
from andiron.server.query.queries import Queries
from andiron.server.settings import Settings
from andiron.server.store.embedded import EmbeddedEngine
from andiron.server.store.engine import Engine
from andiron.server.store.remote import RemoteEngine
from tests.query.conftest import NOW, Granted
from tests.store.conftest import clickhouse, remote  # noqa: F401 - a ClickHouse server, as the tests of the store have it

pytestmark = pytest.mark.requirement("AN-05")

LONG = "SELECT count() AS n FROM numbers(1000000000000) WHERE number * number % 1000003 = 5"
PATIENT = timedelta(seconds=100)


class Client:
    """Asks over ASGI, stays until it is told to leave, and keeps what it was answered."""

    def __init__(self, app: Starlette, method: str = "POST", path: str = "/v2/query") -> None:
        self.left = asyncio.Event()
        self.answers: list[Message] = []
        body = json.dumps({"sql": LONG, "dialect": "clickhouse"}).encode() if method == "POST" else b""
        self._messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]
        query = b"" if method == "POST" else b"sql=" + LONG.encode().replace(b" ", b"+").replace(b"%", b"%25")
        scope: Scope = {
            "type": "http",
            "method": method,
            "path": path,
            "query_string": query,
            "headers": [],
            "server": None,
        }
        self.task = asyncio.create_task(app(scope, self._receive, self._send))

    async def _receive(self) -> Message:
        if self._messages:
            return self._messages.pop()
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        self.answers.append(message)


class Service:
    """The query API on an engine, and how its queries ended."""

    def __init__(self, engine: Engine, settings: Settings) -> None:
        self.outcomes: list[str] = []
        self._engine = engine
        patient = settings.model_copy(update={"query_timeout": PATIENT})
        queries = Queries(engine, patient, now=lambda: NOW, observe=lambda _, outcome: self.outcomes.append(outcome))
        self.app = Starlette(routes=QueryApi(Desk(queries, patient, lambda _, __: Granted("shop", "shop"))).routes())

    def running(self) -> int:
        """How many long queries the engine works on."""
        answer = self._engine.query(
            "SELECT count() FROM system.processes WHERE query LIKE '%1000003%' AND query NOT LIKE '%system.p%'"
        )
        return int(json.loads(answer)["data"][0][0])

    async def until_running(self, count: int) -> None:
        deadline = time.monotonic() + 30
        while await asyncio.to_thread(self.running) != count:
            assert time.monotonic() < deadline


@pytest.mark.parametrize(("method", "path"), [("POST", "/v2/query"), ("GET", "/v1/query")])
def test_a_running_query_is_killed(engine: EmbeddedEngine, settings: Settings, method: str, path: str) -> None:
    async def scenario() -> None:
        service = Service(engine, settings)
        client = Client(service.app, method, path)
        await service.until_running(1)
        client.left.set()
        await asyncio.wait_for(client.task, 10)
        assert service.outcomes == ["client-left"]
        assert service.running() == 0
        assert client.answers[0]["status"] == 499

    asyncio.run(scenario())


def test_one_that_waits_never_begins_and_the_others_go_on(engine: EmbeddedEngine, settings: Settings) -> None:
    async def scenario() -> None:
        service = Service(engine, settings)
        at_work = [Client(service.app) for _ in range(AT_ONCE)]
        await service.until_running(AT_ONCE)
        waiting = Client(service.app)
        await asyncio.sleep(0)
        waiting.left.set()
        await asyncio.wait_for(waiting.task, 10)
        assert service.outcomes == []
        assert service.running() == AT_ONCE
        for client in at_work:
            client.left.set()
        await asyncio.wait_for(asyncio.gather(*(client.task for client in at_work)), 20)
        assert service.outcomes == ["client-left"] * AT_ONCE
        assert service.running() == 0

    asyncio.run(scenario())


def test_on_a_server_of_clickhouse(remote: RemoteEngine, settings: Settings) -> None:  # noqa: F811 - the fixture
    async def scenario() -> None:
        service = Service(remote, settings)
        client = Client(service.app)
        await service.until_running(1)
        client.left.set()
        await asyncio.wait_for(client.task, 10)
        assert service.outcomes == ["client-left"]
        assert service.running() == 0

    asyncio.run(scenario())
