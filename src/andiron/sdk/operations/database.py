"""`observe_database`: how long a database takes to answer an engine of SQLAlchemy, and how often it fails to, with a span for each statement."""

import re
from time import perf_counter
from typing import Any
from weakref import WeakKeyDictionary

from andiron.delivery.exceptions import type_name
from andiron.sdk.operations import force

SYSTEMS = {"mssql": "microsoft.sql_server", "oracle": "oracle.db"}
"""Names of dialects that the conventions spell otherwise."""
COMMENT = re.compile(r"\A(?:\s*(?:--[^\n]*(?:\n|\Z)|/\*.*?\*/))+", re.DOTALL)
WORD = re.compile(r"\A[A-Za-z]+")
MAIN = re.compile(r"(?<=\))\s*\b(?:SELECT|INSERT|UPDATE|DELETE|MERGE)\b", re.IGNORECASE)
VERBS = frozenset(
    [
        "SELECT",
        "INSERT",
        "UPDATE",
        "DELETE",
        "MERGE",
        "REPLACE",
        "VALUES",
        "COPY",
        "CALL",
        "EXECUTE",
        "DECLARE",
        "FETCH",
        "LOCK",
        "SET",
        "SHOW",
        "EXPLAIN",
        "PRAGMA",
        "BEGIN",
        "COMMIT",
        "ROLLBACK",
        "SAVEPOINT",
        "RELEASE",
        "CREATE",
        "ALTER",
        "DROP",
        "TRUNCATE",
        "VACUUM",
        "ANALYZE",
    ]
)
"""What is told apart; the rest is one, for text may begin with anything."""
DEEPEST = 8
"""Queries within queries that are looked into for a table."""
BEGUN = "andiron_begun"

_tables: "WeakKeyDictionary[Any, str]" = WeakKeyDictionary()
_watched: "WeakKeyDictionary[Any, dict[str, Any]]" = WeakKeyDictionary()


def observe_database(engine: Any) -> None:
    """Measure an engine, sync or async, and trace its statements where OpenTelemetry's instrumentation is installed. Never raises."""
    errors = force.parts().errors
    watched = False
    with errors.guard("database"):
        engine = getattr(engine, "sync_engine", engine)
        if force.now.off or engine in _watched:
            return
        from sqlalchemy import Engine, event

        if not isinstance(engine, Engine):
            raise TypeError(f"an engine of SQLAlchemy is observed, not {engine!r}")
        listeners: dict[str, Any] = {
            "before_cursor_execute": began,
            "after_cursor_execute": answered,
            "handle_error": failed,
        }
        for name, listener in listeners.items():
            event.listen(engine, name, listener)
        count_connects(engine)
        _watched[engine] = listeners
        watched = True
    with errors.guard("database"):
        from andiron.sdk.libraries import present

        if watched and present("opentelemetry.instrumentation.sqlalchemy"):
            from andiron.sdk.integrations import instrument_integrations

            instrument_integrations(sqlalchemy=engine)


def count_connects(engine: Any) -> None:
    """Count connections that fail by an error that is not the driver's: SQLAlchemy tells its listeners of those alone, and asyncpg raises `OSError`."""
    connect = engine.pool._invoke_creator  # noqa: SLF001 - its event tells of a try, not of its end

    def counted(record: Any = None) -> Any:
        begun = perf_counter()
        try:
            return connect(record)
        except Exception as error:
            if not isinstance(error, engine.dialect.loaded_dbapi.Error) and engine in _watched:
                measure(engine.dialect, None, None, error, begun)
            raise

    engine.pool._creator = counted  # noqa: SLF001 - as above; a pool that is made anew takes it along


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


def measure(
    dialect: Any, statement: str | None, context: Any, error: BaseException | None, begun: float | None = None
) -> None:
    """Record one answer."""
    parts = force.parts()
    if parts.metrics is None or force.now.off or not (error is None or isinstance(error, Exception)):
        return  # whoever cancels a statement is no trouble of the database's
    with parts.errors.guard("database"):
        begun = getattr(context, BEGUN, begun)
        parts.metrics.database_answered(
            SYSTEMS.get(dialect.name, dialect.name),
            operation_of(statement),
            perf_counter() - begun if begun is not None else 0.0,
            table_of(context),
            type_name(error) if error is not None else None,
        )


def operation_of(statement: str | None) -> str:
    """What a statement does: its verb, behind comments and the tables that it makes for itself. A connection that failed has none."""
    if statement is None:
        return "CONNECT"
    bare = COMMENT.sub("", statement, count=1).lstrip()
    word = (MAIN if bare[:4].upper() == "WITH" else WORD).search(bare)
    verb = word[0].strip().upper() if word else ""
    return verb if verb in VERBS else "OTHER"


def table_of(context: Any) -> str:
    """The table that a statement is about, where SQLAlchemy knows it. Finding it takes longer than many a statement, so it is done once for each."""
    compiled = getattr(context, "compiled", None)
    if compiled is None:
        return ""
    found = _tables.get(compiled)
    if found is None:
        found = _tables[compiled] = found_table(context)
    return found


def found_table(context: Any) -> str:
    """As above, looked for. Names that SQLAlchemy makes up are none: there is no end of them."""
    from sqlalchemy import Table

    statement: Any = getattr(context, "invoked_statement", None)
    target: Any = getattr(statement, "table", None)
    if target is None:
        target = statement
    for _ in range(DEEPEST):
        if isinstance(target, Table):
            return str(target.name)
        if hasattr(target, "get_final_froms"):  # a query: the first that it reads
            froms = target.get_final_froms()
            target = froms[0] if froms else None
        elif hasattr(target, "left"):  # a join: the first of it
            target = target.left
        else:  # an alias, a query within a query
            target = getattr(target, "element", None)
        if target is None:
            break
    return ""
