"""Secrets planted on every path of an application's telemetry, and searched for wherever telemetry lies or is shown.

The rules promise nothing of a secret without a name or form of its own, of service names, versions and ids, and of what Python itself
prints: the tracebacks that the interpreter writes to stderr are not telemetry.
"""

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from andiron.delivery.batch import Batch
from andiron.delivery.spool_contents import applications, batches, contents
from andiron.testing.receiver import Answer, Receiver
from bench.server import Server
from tests.redaction.planting import OWN_RULES, Planted

pytestmark = [pytest.mark.slow, pytest.mark.requirement("LF-14"), pytest.mark.requirement("CL-12")]

ROOT = Path(__file__).parents[2]
TOKEN = "planted-write-token-0123456789"
ARGUMENT = "Pl4nt3d-argument"
NOWHERE = "http://127.0.0.1:9"
SETTINGS = ("ANDIRON_", "LOGFIRE_", "OTEL_")
SHOWN = ("VIEWER ", "STREAM ", "TAIL ", "REPORT ")
"""What the application writes to stderr for the test to read."""
NEVER_RECORDED = {
    "http: header: by name",
    "http: host: email",
    "redis: argument: email",
    "requests: URL: by name",
    "sql: parameter: by name",
    "token",
}
"""What no record takes in, whether it is redacted or not."""
TABLES = """
import sys, chdb
handle = chdb.connect(sys.argv[1])
tables = "SELECT database, name FROM system.tables WHERE engine NOT LIKE '%View' AND (database NOT IN ('system', 'INFORMATION_SCHEMA', 'information_schema') OR name LIKE '%_log')"
for line in handle.query(tables, "TSV").bytes().decode().splitlines():
    database, name = line.split("\\t")
    print("TABLE", database, name, flush=True)
    sys.stdout.buffer.write(handle.query(f"SELECT * FROM `{database}`.`{name}`", "TSVWithNames").bytes() or b"")
    sys.stdout.buffer.flush()
"""


@dataclass
class Run:
    """The application's process, and the folders that it used."""

    folder: Path
    process: "subprocess.Popen[bytes]"

    @classmethod
    def start(cls, folder: Path, url: str, how: str, **settings: object) -> "Run":
        """Let it begin."""
        folder.mkdir(exist_ok=True)
        (folder / "own.toml").write_text(OWN_RULES)
        values = {
            "service": "planted",
            "url": url,
            "spool": folder / "spool",
            "state": folder / "state",
            "redaction": folder / "own.toml",
            "token": TOKEN,
            "exit_timeout": 1,
            "flush_interval": 0.2,
            **settings,
        }
        command = [sys.executable, "-m", "tests.redaction.planted_application", str(folder / "list.json"), how]
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(SETTINGS)},
            **{f"ANDIRON_{name.upper()}": str(value) for name, value in values.items()},
            "PYTHONPATH": f"{ROOT}:{ROOT / 'src'}",
            "PYTHONFAULTHANDLER": "",
            "HOME": str(folder),
            "OTEL_RESOURCE_ATTRIBUTES": f"owner={ARGUMENT}@example.com",
        }
        with (folder / f"{how}.out").open("w") as out, (folder / f"{how}.err").open("w") as err:
            return cls(
                folder,
                subprocess.Popen(
                    [*command, f"--password={ARGUMENT}"], stdout=out, stderr=err, cwd=folder, env=environment
                ),
            )

    def ended(self, how: str) -> "Ended":
        """Wait for its end."""
        code = self.process.wait(60)
        said, complained = ((self.folder / f"{how}.{each}").read_text() for each in ("out", "err"))
        assert (self.folder / "list.json").exists(), complained[-3000:]
        planted = Planted.read(self.folder / "list.json")
        planted.secrets.update({TOKEN: "token", ARGUMENT: "argument"})
        return Ended(self.folder, code, said, complained, planted)


@dataclass
class Ended:
    """What is left of a run."""

    folder: Path
    code: int
    said: str
    complained: str
    planted: Planted

    @property
    def spool(self) -> list[Batch]:
        """What waits to be delivered."""
        return [batch for folder in applications(self.folder / "spool") for batch in batches(folder)]

    def shown(self, what: str) -> bytes:
        """What the application was told to show on stderr."""
        return next(line for line in self.complained.splitlines() if line.startswith(what)).encode()

    @property
    def complaints(self) -> bytes:
        """Its own stderr."""
        return "\n".join(line for line in self.complained.splitlines() if not line.startswith(SHOWN)).encode()

    def paths(self, *beginnings: str) -> set[str]:
        """Those on which a harmless word was planted."""
        return {path for path in self.planted.kept.values() if path.startswith(beginnings or "")} - {""}


@dataclass
class Runs:
    """The same application, whose telemetry goes to four places."""

    away: Ended
    """Nobody listens, and it crashes."""
    refused: Ended
    """The server refuses every record. Its console is Logfire's."""
    open: Ended
    """Nobody listens, and redaction is off."""
    stored: Ended
    """A real server."""
    tables: bytes
    data: Path


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    folder = tmp_path_factory.mktemp("planted")
    no = Answer(400, b"no", {"Content-Type": "text/plain"})
    # One that refuses an empty request as well would not be believed about any.
    with Receiver(lambda request: no if request.body else Answer.OK) as refusing:
        away = Run.start(folder / "away", NOWHERE, "exception", console="json")
        refused = Run.start(folder / "refused", refusing.url, "close", console="text", exit_timeout=10)
        unguarded = Run.start(folder / "open", NOWHERE, "close", console="json", redact=False)
        with Server(folder / "data") as server:
            stored = Run.start(
                folder / "stored", f"http://127.0.0.1:{server.port}", "close", console="json", exit_timeout=10
            ).ended("close")
            server.until_loaded(json.loads(stored.shown("REPORT ").removeprefix(b"REPORT "))["sent"])
        tables = subprocess.run(
            [sys.executable, "-c", TABLES, store(folder / "data")], capture_output=True, check=True
        ).stdout
        yield Runs(
            away.ended("exception"), refused.ended("close"), unguarded.ended("close"), stored, tables, folder / "data"
        )


def store(data: Path) -> Path:
    """Where the server keeps its tables."""
    return data / "store"


def plain(found: list[Batch]) -> bytes:
    """The requests of batches."""
    return b"\n".join(gzip.decompress(batch.body) if batch.encoding == "gzip" else batch.body for batch in found)


def files(folder: Path) -> bytes:
    """Names and bytes of all files below."""
    return b"\n".join(str(path).encode() + b"\n" + path.read_bytes() for path in folder.rglob("*") if path.is_file())


def command(*arguments: str) -> bytes:
    """What `andiron` prints."""
    return subprocess.run(
        [sys.executable, "-m", "andiron", *arguments], capture_output=True, check=True, timeout=60
    ).stdout


def test_what_is_not_redacted_is_found(runs: Runs) -> None:
    """Else nothing of the rest would prove anything."""
    found = plain(runs.open.spool)
    assert runs.open.planted.neighbours(found) == runs.open.paths()
    assert set(runs.open.planted.secrets.values()) - set(runs.open.planted.survivors(found)) == NEVER_RECORDED


def test_nothing_is_in_any_column_of_any_table(runs: Runs) -> None:
    assert runs.stored.planted.neighbours(runs.tables) == runs.stored.paths()
    assert runs.stored.planted.survivors(runs.tables) == []


def test_nothing_is_in_the_files_of_the_server(runs: Runs) -> None:
    assert b"TABLE" in runs.tables
    assert runs.stored.planted.survivors(files(runs.data)) == []
    assert runs.stored.planted.survivors(runs.data.with_suffix(".log").read_bytes()) == []


def test_nothing_is_in_the_spool(runs: Runs) -> None:
    away = runs.away
    found = plain(away.spool)
    assert away.planted.neighbours(found) == away.paths()
    assert away.planted.survivors(found) == []
    assert away.planted.survivors(files(away.folder / "spool")) == []
    shown = command("spool", "show", "--spool", str(away.folder / "spool"))
    assert away.planted.neighbours(shown) >= away.paths("logfire", "logging", "otel: attribute", "otel: event")
    assert away.planted.survivors(shown) == []


def test_nothing_is_in_the_notes_on_sessions(runs: Runs) -> None:
    found = files(runs.away.folder / "state")
    assert b"install-id" in found
    assert runs.away.planted.survivors(found) == []


def test_nothing_is_among_what_a_server_refused(runs: Runs) -> None:
    refused = runs.refused
    [folder] = applications(refused.folder / "spool")
    found = plain([each.batch for each in contents(folder).refused])
    assert refused.planted.neighbours(found) == refused.paths()
    assert refused.planted.survivors(found) == []
    assert refused.planted.survivors(files(folder)) == []
    assert (
        refused.planted.survivors(command("spool", "show", "--set-aside", "--spool", str(refused.folder / "spool")))
        == []
    )


def test_nothing_is_in_log_lines(runs: Runs) -> None:
    for run in (runs.away, runs.stored):
        said = run.said.encode()
        assert run.planted.neighbours(said) >= run.paths("logging", "structlog", "loguru")
        assert run.planted.survivors(said) == []
        for line in run.said.splitlines():
            assert json.loads(line)["service"] == "planted"


def test_nothing_is_on_the_console(runs: Runs) -> None:
    said = runs.refused.said.encode()
    assert runs.refused.planted.neighbours(said) >= {
        "logfire: template",
        "logfire: argument",
        "logfire: group",
        "otel: body",
    }
    assert runs.refused.planted.survivors(said) == []


def test_stderr_has_only_what_the_interpreter_itself_writes(runs: Runs) -> None:
    for run in (runs.away, runs.refused, runs.stored):
        survivors = run.planted.survivors(run.complaints)
        assert {path for path in survivors if not path.startswith(("crash: ", "exception: "))} == set()


@pytest.mark.requirement("CL-17")
def test_breadcrumbs_tell_their_story_without_secrets(runs: Runs) -> None:
    assert {"breadcrumb: message", "breadcrumb: data", "http: breadcrumb"} <= runs.away.planted.neighbours(
        plain(runs.away.spool)
    )


@pytest.mark.parametrize("what", ["VIEWER ", "STREAM ", "TAIL "])
def test_nothing_is_in_the_viewer(runs: Runs, what: str) -> None:
    for run in (runs.away, runs.stored):
        found = run.shown(what)
        assert "http: log" in run.planted.neighbours(found)
        assert run.planted.survivors(found) == []


@pytest.mark.requirement("CL-16")
def test_nothing_is_in_the_file_of_a_native_crash_nor_in_its_report(tmp_path: Path) -> None:
    crashed = Run.start(tmp_path / "run", NOWHERE, "signal", console="json").ended("signal")
    assert crashed.code < 0
    [dump] = (tmp_path / "run" / "state").rglob("*.crash")
    assert b"end_with_a_signal" in dump.read_bytes()
    assert crashed.planted.survivors(files(tmp_path / "run" / "state")) == []
    Run.start(tmp_path / "run", NOWHERE, "start", console="json").process.wait(60)
    found = plain(crashed.spool)
    assert b"end_with_a_signal" in found
    assert crashed.planted.survivors(found) == []
