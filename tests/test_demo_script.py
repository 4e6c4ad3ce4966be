"""`make demo`: the three programs start in order, say where to look, and end so that nothing is lost."""

import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from bench.server import Server, free_port

ROOT = Path(__file__).resolve().parent.parent

pytestmark = [pytest.mark.requirement("OB-08"), pytest.mark.slow]


def command(folder: Path, andiron: int, application: int, *more: str) -> list[str]:
    return [
        sys.executable,
        str(ROOT / "scripts" / "demo.py"),
        "--andiron",
        f"127.0.0.1:{andiron}",
        "--grpc",
        "off",
        "--application",
        f"127.0.0.1:{application}",
        "--data",
        str(folder),
        *more,
    ]


def test_it_runs_to_its_end_and_everything_is_stored(tmp_path: Path) -> None:
    andiron, application = free_port(), free_port()
    done = subprocess.run(
        command(tmp_path / "demo", andiron, application, "--minutes", "0.05", "--rate", "30"),
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for said in (f"http://127.0.0.1:{andiron}/", f"http://127.0.0.1:{application}/docs", "/metrics", "by status:"):
        assert said in done.stdout
    assert done.stdout.startswith("For 0.05 minutes, or until Ctrl-C;")
    # The command that it ends with can be pasted as it is.
    command_again = done.stdout.partition("To look again: ")[2].split()
    assert Path(command_again[0]).is_file()
    assert command_again[1:4] == ["serve", "--data", str(tmp_path / "demo" / "server")]
    assert command_again[4:] == ["--http", f"127.0.0.1:{andiron}", "--grpc", "off"]
    with Server(tmp_path / "demo" / "server") as server:
        [requests] = server.sql("SELECT count() AS n FROM records WHERE kind = 'span' AND parent_span_id IS NULL")
        [created] = server.sql("SELECT count() AS n FROM records WHERE message = 'resource.create completed'")
        [measured] = server.sql("SELECT count() AS n FROM metrics WHERE metric_name = 'operation.count'")
    assert requests["n"] > 50
    assert created["n"] > 0
    assert measured["n"] > 0


def test_ctrl_c_stops_all_of_it(tmp_path: Path) -> None:
    andiron, application = free_port(), free_port()
    process = subprocess.Popen(
        command(tmp_path / "demo", andiron, application),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=tmp_path,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if "Ctrl-C stops the demo" in line:
            break
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 0, said
    assert "Stopped." in said
    # Both addresses are free again, so another demo starts.
    again = subprocess.run(
        command(tmp_path / "demo", andiron, application, "--minutes", "0.01"),
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        cwd=tmp_path,
    )
    assert again.returncode == 0, again.stdout + again.stderr


def refused(folder: Path, *more: str) -> tuple[int, str]:
    """Its status and what it says, where it starts nothing."""
    done = subprocess.run(
        command(folder / "demo", free_port(), free_port(), *more),
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        cwd=folder,
    )
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert not (folder / "demo").exists()
    return done.returncode, done.stderr


@pytest.mark.parametrize("option", ["--andiron", "--grpc", "--application"])
def test_who_has_the_address_is_told(tmp_path: Path, option: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as somebody:
        port = somebody.getsockname()[1]
        status, said = refused(tmp_path, option, f"127.0.0.1:{port}")
    assert status == 1
    assert f"Something listens on 127.0.0.1:{port} already" in said
    assert f'make demo ARGS="{option} ' in said


@pytest.mark.parametrize(
    ("option", "value", "complaint"),
    [
        ("--application", "localhost:abc", "is no address"),
        ("--andiron", "4318", "is no address"),
        ("--grpc", "127.0.0.1:70000", "is no address"),
        ("--minutes", "0", "is not a number above 0"),
        ("--rate", "nan", "is not a number above 0"),
    ],
)
def test_what_makes_no_sense_is_told_before_anything_starts(
    tmp_path: Path, option: str, value: str, complaint: str
) -> None:
    status, said = refused(tmp_path, option, value)
    assert status == 2
    assert f"argument {option}: '{value}' {complaint}" in said


def test_an_andiron_that_runs_is_used_and_left_running(tmp_path: Path) -> None:
    with Server(tmp_path / "data") as server:
        done = subprocess.run(
            command(tmp_path / "demo", server.port, free_port(), "--minutes", "0.01"),
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
            cwd=tmp_path,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "was running already" in done.stdout
        assert f"Stopped, but for Andiron, which ran before: http://127.0.0.1:{server.port}/" in done.stdout
        assert "--data" not in done.stdout
        [requests] = server.sql("SELECT count() AS n FROM records WHERE kind = 'span' AND parent_span_id IS NULL")
    assert requests["n"] > 0
