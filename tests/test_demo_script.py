"""`make demo`: the three programs start in order, say where to look, and end so that nothing is lost."""

import signal
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


def test_who_has_the_address_is_told(tmp_path: Path) -> None:
    with Server(tmp_path / "data") as server:
        done = subprocess.run(
            command(tmp_path / "demo", free_port(), server.port),
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
            cwd=tmp_path,
        )
    assert done.returncode == 1
    assert f"Something listens on 127.0.0.1:{server.port} already" in done.stderr
    assert "--application" in done.stderr
