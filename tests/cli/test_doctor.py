"""`andiron doctor` against real servers: each hop is named when it fails."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from andiron.testing.receiver import Answer, Receiver
from bench.server import Server, free_port

pytestmark = pytest.mark.slow


def doctor(*arguments: str, folder: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    clean = {
        name: value for name, value in os.environ.items() if not name.startswith(("ANDIRON_", "OTEL_", "LOGFIRE_"))
    }
    return subprocess.run(
        [sys.executable, "-m", "andiron", "doctor", *arguments],
        env=clean | {"ANDIRON_SPOOL": str(folder / "spool"), "COLUMNS": "300", **settings},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=folder,
    )


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with Server(tmp_path_factory.mktemp("doctor") / "data") as running:
        yield f"http://127.0.0.1:{running.port}"


@pytest.mark.requirement("LF-09")
def test_all_is_well(server: str, tmp_path: Path) -> None:
    result = doctor("--url", server, folder=tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr
    assert [line.split(":")[0] for line in result.stdout.splitlines()] == [
        "✓ Settings",
        "✓ Spool",
        "✓ Name",
        "✓ Connection",
        "✓ Delivery",
        "✓ Query",
        "Everything works",
    ]


@pytest.mark.requirement("LF-09")
def test_no_server(tmp_path: Path) -> None:
    result = doctor(folder=tmp_path, ANDIRON_URL=f"http://127.0.0.1:{free_port()}")
    assert result.returncode == 1
    assert "✗ Connection: nothing answers" in result.stdout
    assert "andiron serve" in result.stdout


@pytest.mark.requirement("LF-09")
def test_no_such_name(tmp_path: Path) -> None:
    result = doctor("--url", "http://no-such-host.invalid", folder=tmp_path)
    assert result.returncode == 1
    assert "✗ Name: no-such-host.invalid is not known here" in result.stdout


@pytest.mark.requirement("LF-09")
def test_a_spool_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    result = doctor("--spool", str(tmp_path / "file" / "spool"), folder=tmp_path)
    assert result.returncode == 1
    assert "✗ Spool:" in result.stdout
    assert "ANDIRON_SPOOL" in result.stdout


@pytest.mark.requirement("LF-09")
@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer.UNAUTHORIZED, "andiron tokens create"),
        (Answer(404), "none of OTLP"),
        (Answer.BUSY, "try again later"),
        (Answer.SIGN_IN, "no server of OTLP"),
        (Answer.GARBAGE, "✗ Delivery"),
        (Answer(400), "answered 400"),
    ],
    ids=["401", "404", "429", "sign-in page", "garbage", "400"],
)
def test_a_server_that_does_not_take_it(tmp_path: Path, answer: Answer, said: str) -> None:
    with Receiver(answer) as receiver:
        result = doctor("--url", receiver.url, folder=tmp_path)
    assert result.returncode == 1
    assert "✗ Delivery" in result.stdout
    assert said in result.stdout


@pytest.mark.requirement("LF-09")
def test_a_server_that_cannot_be_asked(tmp_path: Path) -> None:
    with Receiver() as receiver:
        result = doctor("--url", receiver.url, folder=tmp_path)
    assert result.returncode == 1
    assert "✓ Delivery" in result.stdout
    assert "✗ Query" in result.stdout
    assert "--query-url" in result.stdout
    assert {"logs", "metrics", "traces"} <= {request.signal for request in receiver.taken}


@pytest.mark.requirement("LF-09")
@pytest.mark.slow
def test_through_something_between_and_asked_elsewhere(server: str, tmp_path: Path) -> None:
    """What lies between took the records and forwards none: they cannot be found where they are asked for."""
    with Receiver() as between:
        result = doctor("--url", between.url, "--query-url", server, folder=tmp_path)
    assert result.returncode == 1
    assert "cannot be found" in result.stdout
