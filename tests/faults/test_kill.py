"""`kill -9` between any two steps of the pipeline: what was acknowledged to the caller arrives with the next run."""

from pathlib import Path

import pytest

from andiron.testing.receiver import Receiver
from bench.server import Server
from tests.faults.application import Application, arrived, ended, numbers
from tests.ingest.numbered import drain, held

pytestmark = [pytest.mark.crash, pytest.mark.requirement("CL-09")]

STEPS = [
    f"{owner}, '{name}', {when}=die"
    for owner, name in (
        ("Encoder", "logs"),
        ("Spool", "put"),
        ("Spool", "sync"),
        ("Spool", "take"),
        ("LogfireExporter", "export"),
        ("Spool", "done"),
    )
    for when in ("before", "after")
]
DYING = """
from andiron.delivery.encode import Encoder
from andiron.delivery.exporters import LogfireExporter
from andiron.delivery.spool import Spool

andiron.configure()
around({step}, at={at})
for number in range({first}, {first} + 12):
    log.error("it-%d", number)
    if andiron.flush():
        say(number)
"""
REST = "telemetry = andiron.configure(exit_timeout=30); assert andiron.flush(30); say(telemetry.report()['spool']['records'])"


def test_an_error_is_safe_as_soon_as_it_is_written_without_a_flush(server: Receiver, app: Application) -> None:
    server.offline()
    dead = app.run("""
telemetry = andiron.configure(flush_interval=60)
for number in range(300):
    log.error("it-%d", number)
while telemetry.report()["spooled"] < 300:
    time.sleep(0.001)
die()
""")
    assert dead.code == -9, dead.complaints
    server.online()
    assert app.run(REST).said == ["0"]
    assert arrived(server) == numbers("it", 300)


def test_killed_between_any_two_steps_what_flush_called_safe_is_at_a_real_server_once(tmp_path: Path) -> None:
    """Each run is killed at another step, and finds what the one before it left. The server is killed, too."""
    said: list[str] = []
    kills = 0
    with Server(tmp_path / "data") as server:
        app = Application(tmp_path, f"http://127.0.0.1:{server.port}")
        for turn, step in enumerate(STEPS):
            process = app.start(DYING.format(step=step, at=6, first=turn * 12))
            if turn % 6 == 1:
                assert process.stdout is not None
                said += process.stdout.readline().split()
                server.kill()
                server.start(wait=False)
            dead = ended(process)
            kills += dead.code == -9
            said += dead.said
        assert kills >= 10
        server.wait_ready()
        assert app.run(REST).said == ["0"]
        drain(server)
    logs = held(server.data)["logs"]
    assert {f"it-{number}" for number in said} <= logs.keys()
    assert {name: count for name, count in logs.items() if count > 1} == {}
