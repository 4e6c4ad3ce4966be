"""One seeded project, asked directly, and over HTTP by a real server in a thread."""

import asyncio
import dataclasses
import json
import socket
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import HTTPConnection

from andiron.server.control.models import Scope
from andiron.server.control.refusals import Forbidden, Unauthenticated
from andiron.server.ingest.signals import LOGS, METRICS, TRACES
from andiron.server.query.api import QueryApi
from andiron.server.query.desk import Desk
from andiron.server.query.dialect import Question
from andiron.server.query.queries import Queries
from andiron.server.settings import Settings
from andiron.server.store.embedded import EmbeddedEngine
from andiron.server.store.schema import Schema
from tests.ingest.tables import Tables
from tests.query import seed

NOW = seed.START + timedelta(minutes=1)


@dataclasses.dataclass(frozen=True)
class Granted:
    """What a token of the tests opens."""

    project: str
    database: str


@pytest.fixture(scope="session")
def shop(engine: EmbeddedEngine, new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> str:
    """The database that holds the story of `seed`."""
    name = new_database()
    Schema(engine).ensure(name)
    tables = Tables(engine, name, tmp_path_factory.mktemp("seed"))
    tables.send(TRACES, [seed.traces().SerializeToString()])
    tables.send(LOGS, [seed.logs().SerializeToString()])
    tables.send(METRICS, [seed.metrics().SerializeToString()])
    return name


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(_env_file=None, data=Path(tmp_path_factory.mktemp("unused")), query_timeout=timedelta(seconds=2))


@pytest.fixture(scope="session")
def queries(engine: EmbeddedEngine, settings: Settings) -> Queries:
    return Queries(engine, settings, now=lambda: NOW)


Ask = Callable[..., list[dict[str, Any]]]


@pytest.fixture(scope="session")
def ask(queries: Queries, shop: str) -> Ask:
    """Ask the story in SQL; gives the rows."""

    def asked(sql: str, **more: Any) -> list[dict[str, Any]]:
        question = Question(sql=sql, database=shop, now=NOW, limit=more.pop("limit", 1000), **more)
        rows: list[dict[str, Any]] = json.loads(queries.answer(question, "json").body)["data"]
        return rows

    return asked


@pytest.fixture(scope="session")
def observed() -> list[tuple[float, str]]:
    return []


@pytest.fixture(scope="session")
def url(engine: EmbeddedEngine, settings: Settings, shop: str, observed: list[tuple[float, str]]) -> Iterator[str]:
    """Where the query API answers, to the tokens `read`, `write` and none else."""

    def authorize(needed: Scope, request: HTTPConnection) -> Granted:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if token not in {"read", "write"}:
            raise Unauthenticated("The token is not valid.")
        if token != needed.value:
            raise Forbidden(f"The token may {token} and not {needed.value}.")
        return Granted("shop", shop)

    now: Callable[[], datetime] = lambda: NOW  # noqa: E731 - a clock that stands
    queries = Queries(engine, settings, now=now, observe=lambda seconds, outcome: observed.append((seconds, outcome)))
    app = Starlette(routes=QueryApi(Desk(queries, settings, authorize)).routes())
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off", ws="none"))
        thread = threading.Thread(target=lambda: asyncio.run(server.serve([listening])), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join(10)
