"""The load: it asks for everything that a dashboard shows, and both programs run as they are started by hand."""

import asyncio
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from andiron.testing import Capture, Receiver
from control_center.load import Load
from control_center.main import create_app
from control_center.settings import SQLITE, Settings

pytestmark = pytest.mark.requirement("OB-08")

HOME = Path(__file__).parent.parent
STATUSES = {
    "create": {201},
    "read": {200},
    "search": {200},
    "update": {200},
    "delete": {200, 409},
    "delete with dependents": {200},
    "miss": {404},
    "mistake": {422},
    "circle": {409},
    "slow search": {200},
    "database fault": {503},
    "crash": {500},
}


@pytest.mark.slow
def test_it_asks_for_everything(capture: Capture, database: str) -> None:
    async def steps() -> Load:
        app = create_app(Settings(database, faults=True))
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://a") as client,
        ):
            load = Load(client, random.Random(3))
            for _ in range(250):
                await load.step()
            return load

    load = asyncio.run(steps())
    # One after the other, each is answered as it must be.
    found: dict[str, set[int]] = {}
    for what, status in load.answers:
        found.setdefault(what, set()).add(status)
    assert found == STATUSES
    assert load.answers.total() <= 250
    for what in STATUSES:
        assert what in load.summary()
    ended = capture.metric("operation.count").points
    assert {labels["operation.name"] for labels, count in ended if count} >= {
        "resource.create",
        "resource.read",
        "resource.update",
        "resource.delete",
        "resource.search",
        "resource.validate",
    }


def test_settings_come_from_the_environment() -> None:
    assert Settings.read({}) == Settings(SQLITE, "127.0.0.1", 8000, faults=False)
    told = {"CONTROL_CENTER_DATABASE": "embedded", "CONTROL_CENTER_HTTP": "0.0.0.0:80", "CONTROL_CENTER_FAULTS": "1"}
    assert Settings.read(told) == Settings("embedded", "0.0.0.0", 80, faults=True)
    for wrong in ({"CONTROL_CENTER_HTTP": "8000"}, {"CONTROL_CENTER_FAULTS": "maybe"}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            Settings.read(wrong)


@pytest.mark.slow
def test_both_programs_run_and_all_signals_arrive(tmp_path: Path, otlp_server: Receiver) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    environ = {
        **os.environ,
        "PYTHONPATH": str(HOME),
        "CONTROL_CENTER_HTTP": f"127.0.0.1:{port}",
        "CONTROL_CENTER_DATABASE": f"sqlite+aiosqlite:///{tmp_path}/run.db",
        "CONTROL_CENTER_FAULTS": "1",
        "OTEL_METRIC_EXPORT_INTERVAL": "500",
    }
    command = [sys.executable, "-m", "control_center"]
    load = [*command[:2], "control_center.load", "--url", url, "--seconds", "2", "--rate", "30", "--seed", "3"]
    nobody = subprocess.run(load, env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert nobody.returncode == 1
    assert f"No application answers at {url}" in nobody.stderr
    application = subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        until(lambda: httpx.get(f"{url}/healthz").is_success)
        done = subprocess.run(load, env=environ, capture_output=True, text=True, timeout=60, check=True)
        assert "requests, by status:" in done.stdout
        metrics = httpx.get(f"{url}/metrics").text
    finally:
        application.send_signal(signal.SIGTERM)
        said, _ = application.communicate(timeout=30)
    assert application.returncode in (0, -signal.SIGTERM), said
    assert 'operation_count_total{operation_name="resource.create",outcome="success"}' in metrics
    assert {each.resource["service.name"] for each in otlp_server.spans} == {"control-center"}
    names = {each.name for each in otlp_server.spans}
    assert {"POST /resources", "resource.create", "resource.validate", "repository.insert"} <= names
    assert not any("healthz" in name or "/metrics" in name for name in names)
    assert {str(each.body) for each in otlp_server.logs} >= {"resource.create started", "resource.create completed"}
    assert {each.name for each in otlp_server.metrics} >= {
        "operation.count",
        "operation.duration",
        "resource.count",
        "db.client.operation.duration",
        "http.server.request.duration",
    }


def until(holds: Callable[[], bool]) -> None:
    """Wait for a program; no longer than a test may take."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if holds():
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.05)
    raise TimeoutError
