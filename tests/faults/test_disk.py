"""Disks that are full, or that nobody can write to: at the start, and while the application runs."""

import json
import re

import pytest

from andiron.testing.receiver import Receiver
from tests.faults.application import REPORT, Application, accounted, arrived, ended, numbers, unharmed

pytestmark = [pytest.mark.slow, pytest.mark.requirement("CL-09"), pytest.mark.requirement("CL-25")]

LIMIT = f"""{REPORT}
import resource

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)


def room(size):
    "No file grows beyond so many bytes: the kernel refuses it as a full disk does."
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard if size is None else size, hard))

"""


def test_while_the_disk_is_full_records_wait_in_memory_and_are_not_called_safe(
    server: Receiver, app: Application
) -> None:
    server.offline()
    process = app.start(f"""{LIMIT}
telemetry = andiron.configure()
log.error("before-0")
assert telemetry.flush(0.1)
room(0)
for number in range(20):
    log.error("full-%d", number)
assert not telemetry.flush(0.1)
room(None)
for number in range(20):
    log.error("after-%d", number)
assert not telemetry.flush(0.1)
say(json.dumps(telemetry.report()))
sys.stdin.readline()
telemetry.pipeline.sender.resume()
assert telemetry.flush(30)
""")
    assert process.stdout is not None
    assert process.stdin is not None
    full = json.loads(process.stdout.readline())
    assert (full["memory"]["records"], full["spool"]["records"], full["dropped"]) == (20, 21, {})
    assert accounted(full) == full["taken"] == 41
    server.online()
    process.stdin.write("\n")
    process.stdin.flush()
    report = unharmed(ended(process))
    assert report["sent"] == 41
    assert arrived(server) == numbers("before", 1) + numbers("full", 20) + numbers("after", 20)


def test_what_neither_disk_nor_memory_nor_server_takes_is_lost_loudly_and_counted(
    server: Receiver, app: Application
) -> None:
    server.offline()
    report = unharmed(
        end := app.run(f"""{LIMIT}
telemetry = andiron.configure(compress=False, record_bytes=1_000_000, exit_timeout=0.3)
room(0)
for number in range(30):
    log.error("large-%d", number, extra={{"more": os.urandom(250_000).hex()}})
    telemetry.flush(0.01)
""")
    )
    assert report["dropped"] == {"disk_full": {"error or fatal": 30}}
    told = re.findall(r"telemetry is being lost: (\d+) records \(disk_full\)", end.complaints)
    assert sum(map(int, told)) == 30
    assert arrived(server) == numbers("large", 0)


@pytest.mark.parametrize("spool", ["/proc/nowhere", "/dev/null"])
def test_where_there_is_no_disk_the_application_starts_and_delivers_from_memory(
    spool: str, server: Receiver, app: Application
) -> None:
    end = app.run(
        f"""{REPORT}
telemetry = andiron.configure(state={spool!r})
for number in range(100):
    log.error("it-%d", number)
assert telemetry.flush(30)
""",
        spool=spool,
    )
    assert unharmed(end)["sent"] == 100
    assert "kept in memory only" in end.complaints
    assert arrived(server) == numbers("it", 100)


def test_a_spool_that_somebody_deletes_costs_at_most_what_was_in_it(server: Receiver, app: Application) -> None:
    server.offline()
    process = app.start(f"""{REPORT}
import shutil
telemetry = andiron.configure()
log.error("before-0")
assert telemetry.flush(0.1)
shutil.rmtree(os.environ["ANDIRON_SPOOL"])
for number in range(20):
    log.error("it-%d", number)
assert telemetry.flush(0.1)
say("deleted")
sys.stdin.readline()
telemetry.pipeline.sender.resume()
telemetry.flush(30)
""")
    assert process.stdout is not None
    assert process.stdout.readline() == "deleted\n"
    server.online()
    report = unharmed(ended(process))
    assert arrived(server) - numbers("before", 1) == numbers("it", 20)
    assert report["dropped"] in ({}, {"spool_full": {"error or fatal": 1}})


def test_what_waits_in_memory_alone_at_the_end_is_lost_loudly(server: Receiver, app: Application) -> None:
    server.offline()
    end = app.run(
        f"""{REPORT}
telemetry = andiron.configure(exit_timeout=0.3)
log.error("it-0")
assert not telemetry.flush(0.1)
""",
        spool="memory",
    )
    assert unharmed(end)["dropped"] == {"no_disk": {"error or fatal": 1}}
    assert "telemetry is being lost: 1 records (no_disk)" in end.complaints
