"""`andiron sql`, against a real server and against a data folder."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from andiron.cli.sql import sql
from tests.query import seed

pytestmark = pytest.mark.requirement("AN-05")

COUNT = "SELECT count(*) AS n FROM records"


@pytest.fixture(scope="module")
def app() -> typer.Typer:
    made = typer.Typer()
    made.command()(sql)
    return made


def test_the_answer_in_every_form(app: typer.Typer, url: str) -> None:
    run = CliRunner()
    query = f"SELECT message, level, tags, duration FROM records WHERE span_id = '{seed.QUICK}'"
    common = [query, "--url", url, "--token", "read"]
    table = run.invoke(app, common)
    assert table.exit_code == 0
    assert "beware: bad" in table.stdout
    assert "NULL" in table.stdout
    assert "1 row" in table.stderr
    rows = [{"message": "beware: bad", "level": 13, "tags": ["a tag", "other"], "duration": None}]
    assert json.loads(run.invoke(app, [*common, "--format", "json"]).stdout) == rows
    assert [json.loads(line) for line in run.invoke(app, [*common, "--format", "ndjson"]).stdout.splitlines()] == rows
    assert run.invoke(app, [*common, "--format", "csv"]).stdout.splitlines()[0] == '"message","level","tags","duration"'


def test_the_query_from_a_file_and_from_standard_input(app: typer.Typer, url: str, tmp_path: Path) -> None:
    run = CliRunner()
    file = tmp_path / "query.sql"
    file.write_text(COUNT)
    common = ["--url", url, "--format", "json"]
    assert json.loads(run.invoke(app, ["--file", str(file), *common], env={"ANDIRON_TOKEN": "read"}).stdout) == [
        {"n": 8}
    ]
    assert json.loads(run.invoke(app, [*common, "--token", "read"], input=COUNT).stdout) == [{"n": 8}]
    both = run.invoke(app, [COUNT, "--file", str(file), *common])
    assert both.exit_code == 1
    assert "not both" in both.stderr
    assert "cannot be read" in run.invoke(app, ["--file", str(tmp_path / "none.sql"), *common]).stderr


def test_the_limit(app: typer.Typer, url: str) -> None:
    answer = CliRunner().invoke(
        app, ["SELECT 1 AS x FROM records", "--url", url, "--token", "read", "--limit", "3", "--format", "json"]
    )
    assert len(json.loads(answer.stdout)) == 3


def test_what_is_wrong_is_one_line(app: typer.Typer, url: str) -> None:
    run = CliRunner()
    wrong = run.invoke(app, ["SELECT mesage FROM records", "--url", url, "--token", "read"])
    assert wrong.exit_code == 1
    assert wrong.stderr == "andiron: There is no column mesage. Did you mean message?\n"
    assert "not valid" in run.invoke(app, [COUNT, "--url", url, "--token", "x"]).stderr
    away = run.invoke(app, [COUNT, "--url", "http://127.0.0.1:9"])
    assert away.exit_code == 1
    assert "andiron serve" in away.stderr
    assert "--data" in away.stderr
    assert "no data folder" in run.invoke(app, [COUNT, "--data", "/nowhere"]).stderr


def test_stored_text_cannot_steer_the_terminal(app: typer.Typer, url: str) -> None:
    table = CliRunner().invoke(app, ["SELECT E'a\\x1b[2Jb' AS x, '[bold]' AS y", "--url", url, "--token", "read"])
    assert "\x1b[2J" not in table.stdout
    assert "[bold]" in table.stdout


OPENED = """
import sys
from pathlib import Path
from andiron.server.datapath import DataPath
path = DataPath(Path(sys.argv[1]))
print("open", flush=True)
sys.stdin.read()
"""


def test_a_data_folder_without_a_server(tmp_path: Path) -> None:
    """chDB permits one data path a process, so each asks from a process of its own."""

    def asked(*arguments: str) -> subprocess.CompletedProcess[str]:
        code = "import typer; from andiron.cli.sql import sql; app = typer.Typer(); app.command()(sql); app()"
        return subprocess.run(
            [sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=60, check=False
        )

    answer = asked(COUNT, "--data", str(tmp_path), "--format", "json")
    assert answer.stderr == ""
    assert json.loads(answer.stdout) == [{"n": 0}]
    assert "no project" in asked(COUNT, "--data", str(tmp_path), "--project", "other").stderr.lower()
    with subprocess.Popen(
        [sys.executable, "-c", OPENED, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "open\n"
        busy = asked(COUNT, "--data", str(tmp_path))
        holder.communicate()
    assert busy.returncode == 1
    assert "--url" in busy.stderr
