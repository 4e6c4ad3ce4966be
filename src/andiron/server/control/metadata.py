"""The database of projects, tokens and whatever else is configured: SQLite in the data folder, or PostgreSQL.

Calls block: from a coroutine, go through a thread. They are rare, because `access.py` remembers what requests need.
"""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from andiron.errors import ConfigurationError
from andiron.server.control.refusals import Unavailable

MIGRATIONS = Path(__file__).parent / "migrations"
FILE = "metadata.db"

# Tries to switch a SQLite file to write-ahead logging, 50 ms apart: as long as a lock is waited for otherwise.
SWITCHES = 200

# Whatever driver a URL names, calls here block, so an asynchronous one would be of no use. `postgres` is what hosting
# services write.
DRIVERS = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}

# Any number will do, as long as every Andiron takes the same: it names the lock under which PostgreSQL is migrated.
ADVISORY_LOCK = 0x616E6469726F6E

# Alembic keeps the migration that runs in module globals, so two threads would run into each other.
ONE_MIGRATION = threading.Lock()


class Newer(Exception):
    """The database has a revision that this version does not know."""


class Metadata:
    """An open, migrated metadata database. Thread-safe; the file or server may be shared with other processes."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._sessions = sessionmaker(engine, expire_on_commit=False)
        self._writers = sessionmaker(engine.execution_options(andiron_writes=True), expire_on_commit=False)

    @classmethod
    def open(cls, data: Path, url: str = "") -> "Metadata":
        """Open the database at `url`, or the SQLite file in `data`, and bring its tables up to date."""
        target = _target(data, url)
        try:
            metadata = cls(_engine(target))
        except ModuleNotFoundError as error:
            raise ConfigurationError(f"{shown(target)} needs the Python package {error.name!r}: install it.") from error
        try:
            if not metadata.current():
                metadata.upgrade()
            if target.get_backend_name() == "sqlite":
                write_ahead(str(target.database))
        except Unavailable:
            metadata.close()
            raise
        except SQLAlchemyError as error:
            metadata.close()
            reason = str(getattr(error, "orig", None) or error).strip()
            raise Unavailable(f"The metadata database {shown(target)} cannot be opened: {reason}") from error
        except Newer as error:
            metadata.close()
            raise ConfigurationError(
                f"The metadata database {shown(target)} was written by a newer Andiron ({error}). "
                "Run that version, or restore a backup."
            ) from error
        return metadata

    def current(self) -> bool:
        """Whether the tables are those of this version. Asked without Alembic, which takes 11 MB to say so."""
        newest = max(path.name.partition("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))
        with self.engine.connect() as connection:
            if not inspect(connection).has_table("alembic_version"):
                return False
            return connection.execute(text("SELECT version_num FROM alembic_version")).scalar() == newest

    def upgrade(self, revision: str = "head") -> None:
        """Bring the tables up to `revision`. Of processes that start together, one does it and the others wait."""
        self._migrate("upgrade", revision)

    def downgrade(self, revision: str) -> None:
        """Bring the tables down to `revision`; `base` is none at all."""
        self._migrate("downgrade", revision)

    def _migrate(self, step: str, revision: str) -> None:
        from alembic import command
        from alembic.config import Config
        from alembic.util import CommandError

        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
        config.set_main_option("path_separator", "os")
        with ONE_MIGRATION, self.engine.execution_options(andiron_writes=True).begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})
            config.attributes["connection"] = connection
            try:
                getattr(command, step)(config, revision)
            except CommandError as error:
                raise Newer(str(error)) from error

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that only reads."""
        with self._sessions() as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A session that is committed at the end of the block, or rolled back when the block raises."""
        with self._writers.begin() as session:
            yield session

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other servers on the same PostgreSQL out of a block. A SQLite file has one server, by the lock on its folder."""
        if self.engine.dialect.name != "postgresql":
            yield
            return
        with self.engine.connect() as connection, connection.begin():
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK + 1})
            yield

    def close(self) -> None:
        """Give up the connections."""
        self.engine.dispose()


def shown(url: URL) -> str:
    """Write `url` without its password."""
    return url.render_as_string(hide_password=True)


def write_ahead(path: str, pause: Callable[[float], None] = time.sleep) -> None:
    """Let readers of the SQLite file go on while something is written. The file remembers it.

    For this one change SQLite may fail at once where it waits otherwise, so the waiting is done here.
    """
    connection = sqlite3.connect(path, timeout=0, isolation_level=None)
    try:
        for _ in range(SWITCHES):
            try:
                connection.execute("PRAGMA journal_mode = WAL").close()
            except sqlite3.OperationalError:
                pause(0.05)
            else:
                return
    finally:
        connection.close()
    raise Unavailable(f"The metadata database {path} is locked by another process; try again when that one is done.")


def _target(data: Path, url: str) -> URL:
    """Where the metadata is: `url` with our driver, or the file in `data`, which is made if it is not there."""
    if not url:
        path = data / FILE
        try:
            data.mkdir(parents=True, exist_ok=True)
            # SQLite would make it readable for everybody; its companion files take after it.
            path.touch(mode=0o600, exist_ok=True)
        except OSError as error:
            raise ConfigurationError(f"The data folder {data} cannot be written: {error.strerror}.") from error
        return URL.create("sqlite", database=str(path))
    try:
        target = make_url(url)
    except ArgumentError:
        # The text may hold a password, so it is not repeated.
        raise ConfigurationError(
            "ANDIRON_METADATA is no database URL; write postgresql://user:password@host:5432/name, or leave it empty."
        ) from None
    kind = target.get_backend_name()
    if kind not in DRIVERS:
        raise ConfigurationError(f"The metadata lives in SQLite or PostgreSQL, not in {kind}.")
    return target.set(drivername=DRIVERS[kind])


def _engine(target: URL) -> Engine:
    """Connect lazily; for SQLite, with its transactions in our hands."""
    if target.get_backend_name() == "postgresql":
        # A server that does not answer should be noticed while somebody waits, not after the kernel's two minutes.
        patience = {} if "connect_timeout" in target.query else {"connect_timeout": 5}
        return create_engine(target, pool_pre_ping=True, connect_args=patience)
    engine = create_engine(target)
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: sqlite3.Connection, _record: Any) -> None:
    """Ready each SQLite connection: wait for others' locks, hold foreign keys, and leave BEGIN to `_begin`."""
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA busy_timeout = 10000")
    cursor.execute("PRAGMA foreign_keys = ON")
    # In WAL mode this loses no committed change in a crash of the process; a power cut may undo the very last one.
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.close()


def _begin(connection: Connection) -> None:
    """Take SQLite's write lock at the start. A reader that turns writer halfway fails at once when another was faster."""
    writes = connection.get_execution_options().get("andiron_writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
