import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from andiron.delivery.levels import Level
from andiron.sdk.session import Session
from tests.sdk.emitted import Clock, Emitted


def session(
    name: str, folder: Path | None, wall: Clock | None = None, clock: Clock | None = None
) -> tuple[Session, Emitted]:
    emitted = Emitted()
    made = Session(
        name, folder, emitted, attributes={"os.name": "Debian"}, wall=wall or Clock(), clock=clock or Clock()
    )
    return made, emitted


def notes(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "sessions").iterdir())


@pytest.mark.requirement("CL-14")
def test_the_markers_of_a_session(tmp_path: Path) -> None:
    clock = Clock(5.0)
    first, emitted = session("s-1", tmp_path, clock=clock)
    first.start()
    start = emitted.one
    assert (start.level, start.name) == (Level.INFO, "session.start")
    assert start.attributes["session.id"] == "s-1"
    assert start.attributes["os.name"] == "Debian"
    assert start.attributes["system.cpu.logical.count"] == os.cpu_count()
    assert not {"session.previous_id", "session.previous_end"} & set(start.attributes)
    clock.now = 17.5
    first.stop()
    assert emitted.names == ["session.start", "session.end"]
    assert emitted.records[1].attributes == {"session.id": "s-1", "session.end": "clean", "session.seconds": 12.5}


def test_start_and_stop_twice_are_once(tmp_path: Path) -> None:
    first, emitted = session("s-1", tmp_path)
    first.stop()
    first.start()
    first.start()
    first.stop()
    first.stop()
    assert emitted.names == ["session.start", "session.end"]


@pytest.mark.requirement("CL-14")
def test_the_next_session_knows_the_one_before(tmp_path: Path) -> None:
    first, _ = session("s-1", tmp_path)
    first.start()
    first.stop()
    second, emitted = session("s-2", tmp_path)
    second.start()
    assert emitted.one.attributes["session.previous_id"] == "s-1"
    assert emitted.one.attributes["session.previous_end"] == "clean"
    assert notes(tmp_path) == ["s-2.session"]
    second.stop()


def test_an_uncaught_exception_makes_the_end_a_crash(tmp_path: Path) -> None:
    first, emitted = session("s-1", tmp_path)
    first.start()
    first.crashed()
    first.stop()
    assert emitted.records[-1].attributes["session.end"] == "crashed"
    second, emitted = session("s-2", tmp_path)
    second.start()
    assert emitted.names == ["session.lost", "session.start"]
    assert emitted.records[0].attributes["session.end"] == "crashed"
    assert emitted.records[1].attributes["session.previous_end"] == "crashed"
    second.stop()


def test_sessions_that_live_are_left_alone(tmp_path: Path) -> None:
    first, _ = session("s-1", tmp_path)
    second, emitted = session("s-2", tmp_path)
    first.start()
    second.start()
    assert "session.previous_id" not in emitted.one.attributes
    assert notes(tmp_path) == ["s-1.session", "s-2.session"]
    first.stop()
    second.stop()


def test_a_note_that_was_torn_means_killed_and_a_native_crash_is_believed(tmp_path: Path) -> None:
    (tmp_path / "sessions").mkdir()
    torn, crashed = tmp_path / "sessions/s-torn.session", tmp_path / "sessions/s-native.session"
    torn.write_text('{"id": "s-to')
    crashed.write_text('{"id": "s-native", "started": 50.0, "pid": 7, "how": "killed"}')
    os.utime(torn, (100, 100))
    later, emitted = session("s-3", tmp_path)
    later.start(crashed={"s-native"})
    lost = {record.attributes["session.id"]: record for record in emitted.records if record.name == "session.lost"}
    assert lost["s-torn"].attributes["session.end"] == "killed"
    assert lost["s-native"].attributes["session.end"] == "crashed"
    assert lost["s-native"].attributes["process.pid"] == 7
    assert lost["s-native"].attributes["session.started"] == "1970-01-01T00:00:50+00:00"
    assert lost["s-torn"].level is Level.WARN
    assert emitted.records[-1].attributes["session.previous_id"] == "s-torn"
    later.stop()


@pytest.mark.parametrize(
    "note",
    [
        "[]",
        '{"how": "clean"}',
        '{"how": "merrily", "started": 1.0, "pid": 1}',
        '{"how": ["clean"], "started": 1.0, "pid": 1}',
        '{"how": "clean", "started": 1e300, "pid": 1}',
        '{"how": "clean", "started": "soon", "pid": 1}',
        '{"how": "clean", "started": 1.0, "pid": Infinity}',
    ],
)
def test_a_note_that_makes_no_sense_means_killed(tmp_path: Path, note: str) -> None:
    (tmp_path / "sessions").mkdir()
    (tmp_path / "sessions/s-odd.session").write_text(note)
    later, emitted = session("s-2", tmp_path)
    later.start()
    assert emitted.records[0].attributes["session.end"] == "killed"
    later.stop()


@pytest.mark.parametrize("folder", [None, Path("/dev/null/nowhere")])
def test_without_a_disk_the_markers_remain(folder: Path | None) -> None:
    first, emitted = session("s-1", folder)
    first.start()
    first.crashed()
    first.stop()
    assert emitted.names == ["session.start", "session.end"]


FORKED = """
import os, sys
from pathlib import Path
from andiron.sdk.session import Session
folder, names = Path(sys.argv[1]), []
def emit(level, name, *_, **__): names.append(name)
first = Session("s-1", folder, emit)
first.start()
child = os.fork()
if child == 0:
    first.crashed()
    first.stop()
    os._exit(len(names))
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1
second = Session("s-2", folder, emit)
second.start()
assert names == ["session.start", "session.start"], names
assert b'"killed"' in (folder / "sessions/s-1.session").read_bytes()
first.stop()
"""


def test_a_forked_child_leaves_the_note_to_its_parent(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", FORKED, str(tmp_path)], check=True, timeout=60)
    assert notes(tmp_path) == ["s-1.session", "s-2.session"]


CHILD = """
import os, sys
from pathlib import Path
from andiron.sdk.session import Session
session = Session("s-child", Path(sys.argv[1]), lambda *a, **k: None)
session.start()
if "fork" in sys.argv and os.fork() == 0:
    print("ready", flush=True)
    sys.stdin.read()
    os._exit(0)
elif "fork" not in sys.argv:
    print("ready", flush=True)
sys.stdin.read()
"""


@pytest.mark.crash
@pytest.mark.requirement("CL-14")
@pytest.mark.parametrize("more", [[], ["fork"]])
def test_a_killed_session_is_told_by_the_next_even_while_a_child_of_it_lives(tmp_path: Path, more: list[str]) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(tmp_path), *more], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with child:
        assert child.stdout is not None
        assert child.stdin is not None
        assert child.stdout.readline() == "ready\n"
        child.send_signal(signal.SIGKILL)
        assert child.wait(30) == -signal.SIGKILL
        after, emitted = session("s-after", tmp_path)
        after.start()
        child.stdin.close()
    assert emitted.names == ["session.lost", "session.start"]
    assert emitted.records[0].attributes["session.end"] == "killed"
    assert emitted.records[0].attributes["process.pid"] == child.pid
    assert emitted.records[1].attributes["session.previous_end"] == "killed"
    after.stop()
