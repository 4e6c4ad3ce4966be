import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text
from sqlalchemy.exc import IntegrityError, StatementError

from andiron.errors import ConfigurationError
from andiron.server.control.access import Access, Grant
from andiron.server.control.metadata import ADVISORY_LOCK, FILE, Metadata, write_ahead
from andiron.server.control.models import Base, Project, Scope
from andiron.server.control.projects import Projects
from andiron.server.control.refusals import Conflict, Invalid, NotFound, Unauthenticated, Unavailable
from andiron.server.control.retention import Retentions
from andiron.server.control.tokens import Tokens
from andiron.server.settings import Settings

from .conftest import Clock

pytestmark = pytest.mark.requirement("AN-09")

TABLES = {"alembic_version", "page_sessions", "projects", "retention", "tokens"}
OPEN = """
import sys
from pathlib import Path
from andiron.server.control.metadata import Metadata
from andiron.server.control.projects import Projects

sys.stdin.readline()
metadata = Metadata.open(Path(sys.argv[1]), sys.argv[2])
print(Projects(metadata).ensure_default().id)
metadata.close()
"""


def test_the_migrations_make_what_the_models_describe(either: Metadata) -> None:
    with either.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []


def test_down_leaves_nothing_and_up_makes_it_again(either: Metadata) -> None:
    assert set(inspect(either.engine).get_table_names()) == TABLES
    either.downgrade("base")
    assert set(inspect(either.engine).get_table_names()) == {"alembic_version"}
    either.upgrade()
    assert set(inspect(either.engine).get_table_names()) == TABLES


def test_a_project_keeps_a_signal_for_as_long_as_was_said(either: Metadata, clock: Clock) -> None:
    settings = Settings(_env_file=None, retention_logs=timedelta(days=9))
    retentions, projects = Retentions(either, settings, clock=clock), Projects(either, clock=clock)
    shop, other = projects.create("shop"), projects.create("other")
    retentions.keep(shop.id, "traces", timedelta(days=2))
    retentions.keep(shop.id, "traces", timedelta(days=3))
    retentions.keep(shop.id, "logs", timedelta(days=1))
    retentions.keep(shop.id, "logs", None)
    retentions.keep(other.id, "metrics", None)
    again = Retentions(either, settings)
    assert again.overridden() == {shop.id: {"traces": timedelta(days=3)}}
    assert again.of(shop.id) == {"traces": timedelta(days=3), "logs": timedelta(days=9), "metrics": timedelta(days=90)}
    assert again.of(other.id) == again.defaults
    with pytest.raises(NotFound, match="no signal 'music'"):
        retentions.keep(shop.id, "music", None)
    for age in (timedelta(minutes=59), timedelta(days=18_251)):
        with pytest.raises(Invalid, match="at least an hour"):
            retentions.keep(shop.id, "logs", age)


def test_processes_that_open_an_empty_database_at_once_agree(url: str, tmp_path: Path) -> None:
    command = [sys.executable, "-c", OPEN, str(tmp_path), url]
    processes = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    answers = [process.communicate() for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], answers
    assert len({answer for answer, _ in answers}) == 1


def test_threads_that_open_an_empty_database_at_once_agree(url: str, tmp_path: Path) -> None:
    def opened(_: int) -> str:
        metadata = Metadata.open(tmp_path, url)
        try:
            return Projects(metadata).ensure_default().id
        finally:
            metadata.close()

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(opened, range(4)))) == 1


def test_what_was_stored_is_there_after_reopening(url: str, tmp_path: Path) -> None:
    first = Metadata.open(tmp_path, url)
    made = Projects(first).create("shop")
    first.close()
    second = Metadata.open(tmp_path, url)
    found = Projects(second).get("shop")
    second.close()
    assert (found.id, found.database, found.created_at) == (made.id, made.database, made.created_at)


def test_a_block_that_raises_writes_nothing(either: Metadata) -> None:
    Projects(either).create("shop")
    with pytest.raises(ZeroDivisionError), either.writing() as session:
        session.execute(text("DELETE FROM projects"))
        raise ZeroDivisionError
    assert [project.name for project in Projects(either).all()] == ["shop"]


def test_the_database_itself_refuses_what_would_break_it(either: Metadata) -> None:
    token = (
        "INSERT INTO tokens (id, project_id, scope, description, hash, created_at) "
        "VALUES ('a', :project, :scope, '', 'b', '2027-01-01 00:00:00')"
    )
    project = Projects(either).create("shop").id
    with pytest.raises(IntegrityError), either.writing() as session:
        session.execute(text(token), {"project": "nobody", "scope": "read"})
    with pytest.raises(IntegrityError), either.writing() as session:
        session.execute(text(token), {"project": project, "scope": "root"})


def test_projects_and_tokens_from_making_to_deletion(either: Metadata, clock: Clock) -> None:
    projects, tokens = Projects(either, clock=clock), Tokens(either, clock=clock)
    shop = projects.create("web-shop")
    with pytest.raises(Conflict):
        projects.create("web-shop")
    issued = tokens.create("web-shop", Scope.READ)
    access = Access(either, Settings(_env_file=None, http="0.0.0.0:4318"), clock=clock)
    expected = Grant("web-shop", "andiron_web_shop", Scope.READ, shop.id, issued.token.id)
    assert access.authorize(issued.plaintext, Scope.READ) == expected
    clock.turn(61)
    access.refresh()
    assert tokens.all()[0].last_used_at is not None
    projects.delete("web-shop")
    clock.turn(2)
    with pytest.raises(Unauthenticated):
        access.authorize(issued.plaintext, Scope.READ)
    assert [project.id for project in projects.reaped()] == [shop.id]


def test_a_block_alone_is_entered_by_one_server_at_a_time(postgres: Callable[[], str], tmp_path: Path) -> None:
    metadata = Metadata.open(tmp_path, postgres())
    free = text("SELECT pg_try_advisory_xact_lock(:key)")
    with metadata.alone(), metadata.reading() as other:
        assert other.scalar(free, {"key": ADVISORY_LOCK + 1}) is False
    with metadata.reading() as other:
        assert other.scalar(free, {"key": ADVISORY_LOCK + 1}) is True
    metadata.close()


def test_a_block_alone_on_sqlite_holds_up_nobody(metadata: Metadata) -> None:
    with metadata.alone():
        Projects(metadata).create("shop")


def test_the_file_is_in_wal_mode_and_private(metadata: Metadata, tmp_path: Path) -> None:
    with metadata.engine.connect() as connection:
        connection.execute(text("SELECT * FROM projects"))
        assert connection.scalar(text("PRAGMA journal_mode")) == "wal"
        assert connection.scalar(text("PRAGMA foreign_keys")) == 1
    assert (tmp_path / FILE).stat().st_mode & 0o077 == 0


def test_a_reader_is_not_held_up_by_a_writer(metadata: Metadata) -> None:
    Projects(metadata).create("shop")
    with metadata.writing() as session:
        session.execute(text("UPDATE projects SET name = 'store'"))
        assert [project.name for project in Projects(metadata).all()] == ["shop"]


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """Somebody in the middle of reading a file without write-ahead logging."""
    connection = sqlite3.connect(tmp_path / "plain.db", isolation_level=None)
    connection.execute("CREATE TABLE projects (name TEXT)")
    connection.execute("BEGIN")
    connection.execute("SELECT * FROM projects").fetchall()
    yield connection
    connection.close()


def test_the_switch_to_wal_waits_for_readers(reader: sqlite3.Connection, tmp_path: Path) -> None:
    pauses: list[float] = []

    def leave_at_the_third(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            reader.execute("ROLLBACK")

    write_ahead(str(tmp_path / "plain.db"), leave_at_the_third)
    assert len(pauses) == 3
    reader.execute("SELECT * FROM projects").fetchall()
    assert reader.execute("PRAGMA journal_mode").fetchall() == [("wal",)]


def test_the_switch_to_wal_gives_up_on_a_reader_that_stays(reader: sqlite3.Connection, tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="locked by another process"):
        write_ahead(str(tmp_path / "plain.db"), lambda _: None)
    reader.execute("ROLLBACK")


def test_a_moment_without_a_time_zone_is_refused(metadata: Metadata) -> None:
    project = Project(id="a", name="a", database="a", created_at=datetime(2027, 1, 1))  # noqa: DTZ001
    with pytest.raises(StatementError, match="no time zone"), metadata.writing() as session:
        session.add(project)


def test_a_newer_database_is_refused(metadata: Metadata, tmp_path: Path) -> None:
    with metadata.writing() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(ConfigurationError, match="written by a newer Andiron"):
        Metadata.open(tmp_path)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("x" * 4096)
    with pytest.raises(Unavailable, match="file is not a database"):
        Metadata.open(tmp_path)


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(ConfigurationError, match="cannot be written"):
        Metadata.open(tmp_path / "data")


def test_a_server_that_is_not_there_is_named_without_its_password(tmp_path: Path) -> None:
    url = f"postgres://andiron:geheim@/metadata?host={tmp_path}"
    with pytest.raises(Unavailable) as caught:
        Metadata.open(tmp_path, url)
    assert "andiron:***@" in str(caught.value)
    assert "geheim" not in str(caught.value)


def test_a_missing_driver_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(ConfigurationError, match="needs the Python package 'psycopg'"):
        Metadata.open(tmp_path, "postgresql+asyncpg://andiron:geheim@host/metadata")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("user:geheim@host", "no database URL"),
        ("mysql://user:geheim@host/metadata", "SQLite or PostgreSQL, not in mysql"),
    ],
)
def test_a_url_of_something_else_is_refused(tmp_path: Path, url: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said) as caught:
        Metadata.open(tmp_path, url)
    assert "geheim" not in str(caught.value)


def test_sqlite_may_be_elsewhere(tmp_path: Path) -> None:
    Metadata.open(tmp_path / "data", f"sqlite:///{tmp_path}/elsewhere.db").close()
    assert (tmp_path / "elsewhere.db").exists()
    assert not (tmp_path / "data").exists()
