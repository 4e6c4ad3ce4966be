"""Failures on demand, to see what they look like on a dashboard: a request asks for one with the header `X-Fault`.

    X-Fault: database     the database refuses a statement
    X-Fault: slow=1.5     the database takes so many seconds longer
    X-Fault: crash        our own code fails

Only with CONTROL_CENTER_FAULTS=1. Nothing else in the application knows of it: it listens to the session.
"""

import re
import time
from contextvars import ContextVar
from typing import Annotated

from fastapi import Header
from sqlalchemy import event, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.orm import ORMExecuteState, Session

from control_center.errors import Problem, ValidationFailed

FAULT = re.compile(r"database|crash|slow=(\d{1,2}(?:\.\d{1,3})?)")

_asked: ContextVar[str] = ContextVar("control_center_fault", default="")


class FaultySession(Session):
    """A session whose first statement in a request meets the fault that the request asked for."""


async def ask(x_fault: Annotated[str, Header(description="database, crash, or slow=SECONDS")] = "") -> None:
    """Remember what the request asks for; a dependency of every route."""
    if x_fault and not FAULT.fullmatch(x_fault):
        raise ValidationFailed(
            Problem("X-Fault", f"There is no fault {x_fault[:80]!r}.", "Ask for database, crash or slow=1.5.")
        )
    _asked.set(x_fault)


async def install(engine: AsyncEngine) -> None:
    """Let the database be slow on demand: SQLite has no function for it. To be called while no connection is in use."""
    if engine.dialect.name == "sqlite":
        event.listen(engine.sync_engine, "connect", add_sleep)
        await engine.dispose()  # connections made before have none


def add_sleep(connection: DBAPIConnection, _: object) -> None:
    """PostgreSQL's `pg_sleep` for SQLite. aiosqlite runs it in the connection's own thread."""
    connection.create_function("pg_sleep", 1, time.sleep)


@event.listens_for(FaultySession, "do_orm_execute")
def strike(state: ORMExecuteState) -> None:
    """Runs before each statement; a fault is met once."""
    fault = _asked.get()
    _asked.set("")
    if fault == "database":
        state.session.execute(text("SELECT 1 FROM a_fault_that_was_asked_for"))
    elif fault == "crash":
        raise RuntimeError("A fault that was asked for.")
    elif match := FAULT.fullmatch(fault):
        state.session.execute(text("SELECT pg_sleep(:seconds)"), {"seconds": float(match[1])})
