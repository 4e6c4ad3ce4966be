"""`andiron projects` and `andiron tokens`, as typed."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import typer
from sqlalchemy import text
from typer.testing import CliRunner, Result

from andiron.cli import projects, tokens
from andiron.server.control.access import Access
from andiron.server.control.metadata import FILE, Metadata
from andiron.server.control.models import Scope
from andiron.server.control.projects import Projects
from andiron.server.control.tokens import Tokens
from andiron.server.settings import Settings

pytestmark = pytest.mark.requirement("AN-09")

app = typer.Typer()
app.add_typer(projects.app, name="projects")
app.add_typer(tokens.app, name="tokens")


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The server's data folder, set as an operator would, with no `.env` about."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ANDIRON_METADATA", raising=False)
    monkeypatch.delenv("ANDIRON_PROJECT", raising=False)
    monkeypatch.setenv("ANDIRON_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


def run(*words: str, answer: str | None = None, code: int = 0) -> Result:
    result = CliRunner().invoke(app, words, input=answer)
    assert result.exit_code == code, result.output
    return result


def test_a_project_is_made_listed_and_deleted() -> None:
    assert "tokens create --project web-shop" in run("projects", "create", "web-shop").stdout
    listed = run("projects", "list").stdout
    assert "web-shop" in listed
    assert "andiron_web_shop" in listed
    assert "Deleted" in run("projects", "delete", "web-shop", "--yes").stdout
    assert [each["name"] for each in json.loads(run("projects", "list", "--json").stdout)] == ["default"]


def test_a_project_as_json() -> None:
    made = json.loads(run("projects", "create", "shop", "--json").stdout)
    assert made.keys() == {"id", "name", "database", "created_at"}
    assert made in json.loads(run("projects", "list", "--json").stdout)


def test_deletion_asks_first() -> None:
    run("projects", "create", "shop")
    assert "all its telemetry?" in run("projects", "delete", "shop", answer="n\n", code=1).output
    run("projects", "delete", "shop", answer="", code=1)
    assert "shop" in run("projects", "list").stdout
    run("projects", "delete", "shop", answer="y\n")
    assert "shop" not in run("projects", "list").stdout


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("projects", "create", "Web Shop"), 2, "no name for a project"),
        (("projects", "create", "default"), 1, "already a project"),
        (("projects", "delete", "default"), 2, "cannot be deleted"),
        (("projects", "delete", "shop"), 1, "no project 'shop'"),
        (("projects", "create"), 2, "name"),
        (("tokens", "create", "--project", "shop"), 1, "no project 'shop'"),
        (("tokens", "create", "--scope", "root"), 2, "root"),
        (("tokens", "create", "--expires", "soon"), 2, "no duration"),
        (("tokens", "create", "--expires", "0d"), 2, "lives longer"),
        (("tokens", "create", "--expires", "99999999999999d"), 2, "--expires"),
        (("tokens", "list", "--project", "shop"), 1, "no project 'shop'"),
        (("tokens", "revoke", "abc"), 1, "no live token 'abc'"),
        (("tokens", "revoke", "%"), 2, "no id of a token"),
        (("tokens", "list", "--metadata", "mysql://a:geheim@b/c"), 2, "SQLite or PostgreSQL"),
    ],
)
def test_what_goes_wrong_is_said_on_one_line_with_a_code(words: tuple[str, ...], code: int, said: str) -> None:
    result = run(*words, code=code)
    assert said in result.stderr
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    assert "geheim" not in result.stderr


def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANDIRON_RETENTION_LOGS", "long")
    assert "ANDIRON_RETENTION_LOGS: " in run("projects", "list", code=2).stderr


def test_a_broken_database_is_a_failure(data: Path) -> None:
    data.mkdir()
    (data / FILE).write_text("x" * 4096)
    assert "file is not a database" in run("projects", "list", code=1).stderr


def test_a_database_that_lost_a_table_is_a_failure(data: Path) -> None:
    metadata = Metadata.open(data)
    with metadata.writing() as session:
        session.execute(text("DROP TABLE tokens"))
    metadata.close()
    assert "error: The metadata database failed: no such table: tokens" in run("tokens", "list", code=1).stderr


def test_a_token_is_printed_once_with_the_lines_to_paste(data: Path) -> None:
    result = run("tokens", "create", "--description", "the till", "--expires", "90d").stdout
    (plaintext,) = set(re.findall(r"pylf_v1_local_[a-zA-Z0-9]{43}\b", result))
    assert f"LOGFIRE_TOKEN={plaintext}\n" in result
    assert f'OTEL_EXPORTER_OTLP_HEADERS="Authorization={plaintext}"\n' in result
    for listing in (run("tokens", "list").stdout, run("tokens", "list", "--json").stdout):
        assert plaintext not in listing
        assert "the till" in listing
    metadata = Metadata.open(data)
    access = Access(metadata, Settings(_env_file=None, http="0.0.0.0:4318"))
    grant = access.authorize(plaintext, Scope.WRITE)
    metadata.close()
    assert (grant.project, grant.scope) == ("default", Scope.WRITE)


def test_a_read_token_comes_with_the_header_to_paste() -> None:
    result = run("tokens", "create", "--scope", "read").stdout
    assert "Authorization: Bearer pylf_v1_local_" in result
    assert "LOGFIRE_TOKEN" not in result


def test_a_token_as_json() -> None:
    made = json.loads(run("tokens", "create", "--scope", "admin", "--expires", "1h", "--json").stdout)
    assert made.pop("token").startswith("pylf_v1_local_")
    assert (made["project"], made["scope"], made["revoked_at"]) == ("default", "admin", None)
    lifetime = datetime.fromisoformat(made["expires_at"]) - datetime.fromisoformat(made["created_at"])
    assert lifetime == timedelta(hours=1)
    assert json.loads(run("tokens", "list", "--json").stdout) == [made]


def test_the_list_says_how_each_token_is(data: Path) -> None:
    metadata = Metadata.open(data)
    Projects(metadata).ensure_default()
    Tokens(metadata, clock=lambda: 0.0).create("default", Scope.READ, lifetime=timedelta(days=1))
    used = Tokens(metadata).create("default", Scope.READ).token.id
    Tokens(metadata).mark_used({used: datetime(2027, 5, 4, 3, 2, tzinfo=UTC).timestamp()})
    revoked = Tokens(metadata).create("default", Scope.READ, lifetime=timedelta(days=1)).token.id
    Tokens(metadata).revoke(revoked)
    soon = Tokens(metadata).create("default", Scope.READ, lifetime=timedelta(days=1)).token
    metadata.close()
    listed = " ".join(run("tokens", "list").stdout.split())
    assert soon.expires_at is not None
    for said in ("expired 1970-01-02", "live", "revoked", f"until {soon.expires_at:%Y-%m-%d}", "2027-05-04 03:02"):
        assert said in listed


def test_a_token_is_revoked_by_the_start_of_its_id() -> None:
    made = json.loads(run("tokens", "create", "--json").stdout)
    assert made["id"] in run("tokens", "revoke", made["id"][:4]).stdout
    assert json.loads(run("tokens", "list", "--json").stdout)[0]["revoked_at"] is not None


def test_the_options_name_another_place(tmp_path: Path) -> None:
    run("projects", "create", "shop", "--data", str(tmp_path / "other"))
    run("projects", "create", "bank", "--metadata", f"sqlite:///{tmp_path}/third.db")
    assert "shop" not in run("projects", "list").stdout
    assert "shop" in run("projects", "list", "--data", str(tmp_path / "other")).stdout
    assert "bank" in run("projects", "list", "--metadata", f"sqlite:///{tmp_path}/third.db").stdout
