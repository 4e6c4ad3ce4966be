"""What is measured of a database: by system, verb and table, and by nothing of which there is no end."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, delete, func, insert, select, text, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, aliased, mapped_column

from andiron.sdk.operations import names, observe_database
from andiron.sdk.operations.database import leave_databases
from bench.server import free_port
from tests.operations.observed import Observed

pytestmark = pytest.mark.requirement("OB-02")


class Base(DeclarativeBase):
    pass


class Shelf(Base):
    __tablename__ = "shelves"
    id: Mapped[int] = mapped_column(primary_key=True)
    above: Mapped[int]


@pytest.fixture
def engine(observed: Observed) -> Iterator[Engine]:
    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine)
    observe_database(engine)
    yield engine
    leave_databases()
    engine.dispose()


def measured(observed: Observed) -> set[tuple[Any, ...]]:
    """Verb, table and kind of error of each series."""
    points = observed.values(names.DATABASE_DURATION)
    keys = (names.DB_OPERATION, names.DB_COLLECTION, names.ERROR_TYPE)
    return {tuple(dict(labels).get(key, "") for key in keys) for labels in points}


OTHER = aliased(Shelf)
REACHED = select(Shelf.id).where(Shelf.id == 1).cte("reached", recursive=True)
STATEMENTS = [
    (insert(Shelf).values(id=1, above=2), ("INSERT", "shelves", "")),
    (select(Shelf), ("SELECT", "shelves", "")),
    (select(func.count()).select_from(select(Shelf).where(Shelf.id > 0).subquery()), ("SELECT", "shelves", "")),
    (select(OTHER.id), ("SELECT", "shelves", "")),
    (select(Shelf.id).join(OTHER, OTHER.id == Shelf.above), ("SELECT", "shelves", "")),
    (select(REACHED.union_all(select(Shelf.id).join(REACHED, Shelf.above == REACHED.c.id)).c.id), ("SELECT", "", "")),
    (update(Shelf).values(above=3), ("UPDATE", "shelves", "")),
    (delete(Shelf), ("DELETE", "shelves", "")),
    (text("-- of user 42\nSELECT 1"), ("SELECT", "", "")),
    (text("/* route='/users/42' */ /* twice */ SELECT 1"), ("SELECT", "", "")),
    (text("with one as (select 1) insert into shelves select 5, 5 where 1 = 2"), ("INSERT", "", "")),
    (text("PRAGMA user_version"), ("PRAGMA", "", "")),
    (text("REINDEX shelves"), ("OTHER", "", "")),
]


@pytest.mark.parametrize(("statement", "wanted"), STATEMENTS, ids=lambda value: str(value)[:40])
def test_a_statement_has_a_verb_and_a_table(observed: Observed, engine: Engine, statement: Any, wanted: Any) -> None:
    for _ in range(2):  # the second from SQLAlchemy's cache
        with engine.connect() as connection:
            connection.execute(statement)
    assert measured(observed) == {wanted}


def test_errors_have_a_type(observed: Observed, engine: Engine) -> None:
    with engine.connect() as connection, pytest.raises(OperationalError):
        connection.execute(text("SELECT * FROM nowhere"))
    assert measured(observed) == {("SELECT", "", "sqlalchemy.exc.OperationalError")}


def test_whoever_cancels_a_statement_is_no_trouble_of_the_database_s(observed: Observed) -> None:
    async def run() -> None:
        engine = create_async_engine("sqlite+aiosqlite://")
        observe_database(engine)
        async with engine.connect() as connection:
            await connection.execute(text("SELECT 1"))
            endless = text(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 3000000) SELECT max(i) FROM n"
            )
            task = asyncio.create_task(connection.execute(endless))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        await engine.dispose()

    asyncio.run(run())
    leave_databases()
    assert {error for *_, error in measured(observed)} <= {""}


def test_a_connection_that_fails_counts_whoever_says_so(observed: Observed) -> None:
    """asyncpg says it by an `OSError`, of which SQLAlchemy tells no listener."""

    async def run() -> None:
        engine = create_async_engine(f"postgresql+asyncpg://nobody@127.0.0.1:{free_port()}/none")
        observe_database(engine)
        for _ in range(3):
            with pytest.raises(ConnectionRefusedError):
                await engine.connect()
            await engine.dispose()
        leave_databases()
        with pytest.raises(ConnectionRefusedError):
            await engine.connect()

    asyncio.run(run())
    ((labels, count),) = observed.values(names.DATABASE_DURATION).items()
    assert (dict(labels)[names.DB_OPERATION], dict(labels)[names.ERROR_TYPE], count) == (
        "CONNECT",
        "ConnectionRefusedError",
        3,
    )


def test_a_connection_that_the_driver_refuses_counts_once(observed: Observed) -> None:
    engine = create_engine("sqlite:////nowhere/at/all.db")
    observe_database(engine)
    with pytest.raises(OperationalError):
        engine.connect()
    leave_databases()
    ((labels, count),) = observed.values(names.DATABASE_DURATION).items()
    assert (dict(labels)[names.DB_OPERATION], count) == ("CONNECT", 1)
