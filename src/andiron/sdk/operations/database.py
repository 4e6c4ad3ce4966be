"""`observe_database`: how long a database takes to answer an engine of SQLAlchemy, and how often it fails to, with a span for each statement."""

import re
from time import perf_counter
from typing import Any
from weakref import WeakKeyDictionary

from andiron.delivery.exceptions import type_name
from andiron.sdk.operations import force

SYSTEMS = {"mssql": "microsoft.sql_server", "oracle": "oracle.db"}
"""Names of dialects that the conventions spell otherwise."""
WORD = re.compile(r"[A-Za-z]+")
BEGUN = "andiron_begun"
LONGEST_OPERATION = 20

_watched: "WeakKeyDictionary[Any, dict[str, Any]]" = WeakKeyDictionary()


def observe_database(engine: Any) -> None:
    """Measure an engine, sync or async, and trace its statements where OpenTelemetry's instrumentation is installed. Never raises."""
    errors = force.parts().errors
    with errors.guard("database"):
        engine = getattr(engine, "sync_engine", engine)
        if force.now.off or engine in _watched:
            return
        from sqlalchemy import event

        listeners: dict[str, Any] = {
            "before_cursor_execute": began,
            "after_cursor_execute": answered,
            "handle_error": failed,
        }
        for name, listener in listeners.items():
            event.listen(engine, name, listener)
        _watched[engine] = listeners
    with errors.guard("database"):
        from andiron.sdk.libraries import present

        if present("opentelemetry.instrumentation.sqlalchemy"):
            from andiron.sdk.integrations import instrument_integrations

            instrument_integrations(sqlalchemy=engine)


def leave_databases() -> None:
    """Measure none any more. Their spans end with the instrumentation of the library."""
    for engine, listeners in list(_watched.items()):
        from sqlalchemy import event

        for name, listener in listeners.items():
            if event.contains(engine, name, listener):
                event.remove(engine, name, listener)
    _watched.clear()


def began(connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:  # noqa: ARG001, FBT001 - SQLAlchemy's signature
    """A statement is sent."""
    if context is not None:
        setattr(context, BEGUN, perf_counter())


def answered(connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:  # noqa: ARG001, FBT001 - as above
    """It was answered."""
    measure(connection.dialect, statement, context, None)


def failed(trouble: Any) -> None:
    """A statement or a connection failed."""
    error = trouble.sqlalchemy_exception or trouble.original_exception
    measure(trouble.dialect, trouble.statement, trouble.execution_context, error)


def measure(dialect: Any, statement: str | None, context: Any, error: BaseException | None) -> None:
    """Record one answer."""
    parts = force.parts()
    if parts.metrics is None or force.now.off:
        return
    with parts.errors.guard("database"):
        begun = getattr(context, BEGUN, None)
        parts.metrics.database_answered(
            SYSTEMS.get(dialect.name, dialect.name),
            operation_of(statement),
            perf_counter() - begun if begun is not None else 0.0,
            table_of(context),
            type_name(error) if error is not None else None,
        )


def operation_of(statement: str | None) -> str:
    """The first word of a statement; a connection that failed has none."""
    if statement is None:
        return "CONNECT"
    word = WORD.search(statement)
    return word[0].upper()[:LONGEST_OPERATION] if word else "OTHER"


def table_of(context: Any) -> str:
    """The table that a statement is about, where SQLAlchemy knows it."""
    statement: Any = getattr(context, "invoked_statement", None)
    table: Any = getattr(statement, "table", None)
    if table is None and hasattr(statement, "get_final_froms"):
        froms = statement.get_final_froms()
        table = froms[0] if froms else None
        while hasattr(table, "left"):
            table = table.left  # a join: the first of it
    return str(getattr(table, "name", "") or "")
