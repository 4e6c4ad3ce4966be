import faulthandler
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from andiron.delivery.levels import Level
from andiron.sdk.native_crash import NativeCrash, parse
from tests.sdk.emitted import Emitted

pytestmark = pytest.mark.requirement("CL-16")

CHILD = """
import ctypes, faulthandler, os, signal, sys, threading
from pathlib import Path
from andiron.sdk.native_crash import NativeCrash

def nothing(*_, **__):
    return True

waiting = threading.Event()

def waits():
    waiting.set()
    threading.Event().wait()

def arm(name):
    global native
    native = NativeCrash(Path(sys.argv[1]), nothing, nothing, session_id=name, about={"application_version": "1.2"}, wall=lambda: 1.0)
    native.start()
    return native
"""


def run(folder: Path, program: str, **more: str) -> subprocess.CompletedProcess[str]:
    code = CHILD + textwrap.dedent(program)
    return subprocess.run(
        [sys.executable, "-c", code, str(folder)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, "PYTHONFAULTHANDLER": "", **more},
    )


def next_start(folder: Path, emitted: Emitted) -> list[str]:
    return NativeCrash(folder, emitted, emitted.flush, session_id="s-next").report()


def left(folder: Path) -> list[Path]:
    return list((folder / "crashes").glob("*"))


@pytest.fixture
def no_faulthandler() -> Iterator[None]:
    """pytest has it on; within one process there is only one."""
    was = faulthandler.is_enabled()
    faulthandler.disable()
    yield
    faulthandler.disable()
    if was:
        faulthandler.enable(2)


@pytest.mark.crash
@pytest.mark.parametrize(
    ("crash", "name", "number"),
    [
        ("ctypes.string_at(0)", "SIGSEGV", signal.SIGSEGV),
        ("os.abort()", "SIGABRT", signal.SIGABRT),
        ("os.kill(os.getpid(), signal.SIGBUS)", "SIGBUS", signal.SIGBUS),
        ("os.kill(os.getpid(), signal.SIGFPE)", "SIGFPE", signal.SIGFPE),
        ("os.kill(os.getpid(), signal.SIGILL)", "SIGILL", signal.SIGILL),
    ],
)
def test_a_crash_is_reported_at_the_next_start(tmp_path: Path, crash: str, name: str, number: signal.Signals) -> None:
    ended = run(
        tmp_path,
        f"""
        def the_end():
            {crash}

        arm("s-crashed")
        threading.Thread(target=waits, daemon=True).start()
        waiting.wait()
        the_end()
        """,
    )
    assert ended.returncode == -number
    (file,) = left(tmp_path)
    os.utime(file, (61, 61))
    emitted = Emitted()
    assert next_start(tmp_path, emitted) == ["s-crashed"]
    record = emitted.one
    assert (record.level, record.name) == (Level.FATAL, "crash.native")
    told = record.attributes
    assert told["exception.type"] == name
    innermost_name = "string_at" if "string_at" in crash else "the_end"
    assert f"in {innermost_name} (" in told["exception.message"]
    stack = told["exception.stacktrace"].splitlines()
    assert stack[0] == "Traceback (most recent call last):"
    innermost = [line for line in stack if ", in the_end" in line]
    outermost = [line for line in stack if ", in <module>" in line]
    assert stack.index(outermost[0]) < stack.index(innermost[0])
    assert " in waits" in told["crash.threads"]
    assert "the_end" not in told["crash.threads"]
    assert told["session.id"] == "s-crashed"
    assert told["crash.application_version"] == "1.2"
    assert told["crash.time"] == "1970-01-01T00:01:01+00:00"
    assert told["crash.seconds"] == 60.0
    assert isinstance(told["process.pid"], int)
    assert len(emitted.flushed) == 1
    assert left(tmp_path) == []
    assert next_start(tmp_path, emitted) == []


@pytest.mark.crash
def test_a_kill_and_a_clean_end_leave_nothing_to_report(tmp_path: Path) -> None:
    assert run(tmp_path, 'arm("s-1"); os.kill(os.getpid(), signal.SIGKILL)').returncode == -signal.SIGKILL
    assert len(left(tmp_path)) == 1
    assert run(tmp_path, 'arm("s-2").stop(); assert not faulthandler.is_enabled()').returncode == 0
    emitted = Emitted()
    assert next_start(tmp_path, emitted) == []
    assert (emitted.records, emitted.flushed, left(tmp_path)) == ([], [], [])


@pytest.mark.crash
def test_the_applications_own_faulthandler_is_respected(tmp_path: Path) -> None:
    ended = run(tmp_path, 'assert not arm("s-1").armed; native.stop(); ctypes.string_at(0)', PYTHONFAULTHANDLER="1")
    assert ended.returncode == -signal.SIGSEGV
    assert "Segmentation fault" in ended.stderr
    assert next_start(tmp_path, Emitted()) == []


@pytest.mark.crash
def test_a_forked_child_has_a_file_of_its_own_and_its_crash_is_not_its_parents(tmp_path: Path) -> None:
    ended = run(
        tmp_path,
        """
        arm("s-1")
        child = os.fork()
        if child == 0:
            ctypes.string_at(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGSEGV
        print(child)
        reported = NativeCrash(Path(sys.argv[1]), lambda *a, **k: print(a[3]["process.pid"]), nothing, session_id="s").report()
        assert reported == ["s-1"], reported
        assert native.armed
        os.abort()
        """,
    )
    assert ended.returncode == -signal.SIGABRT, ended.stderr
    child, reported = ended.stdout.split()
    assert child == reported
    emitted = Emitted()
    assert next_start(tmp_path, emitted) == ["s-1"]
    assert emitted.one.attributes["exception.type"] == "SIGABRT"


def test_a_process_that_lives_is_left_alone(tmp_path: Path, no_faulthandler: None) -> None:
    native = NativeCrash(tmp_path, Emitted(), Emitted().flush, session_id="s-live")
    native.start()
    native.start()
    (file,) = left(tmp_path)
    with file.open("ab") as written:
        written.write(b"Fatal Python error: Aborted\n")
    emitted = Emitted()
    assert next_start(tmp_path, emitted) == []
    assert left(tmp_path) == [file]
    native.stop()
    native.stop()
    assert left(tmp_path) == []
    assert not faulthandler.is_enabled()


def test_a_disk_that_takes_nothing_costs_only_the_report(no_faulthandler: None) -> None:
    native = NativeCrash(Path("/dev/null/nowhere"), Emitted(), Emitted().flush, session_id="s")
    assert native.report() == []
    native.start()
    assert not native.armed
    native.stop()


@pytest.mark.parametrize(
    "content",
    [b"\xff\xfe\n\xff", b"{}\nFatal Python error: Aborted\n", b"[1]\nhm", b'{"about": 3}\n?', b'{"started": "x"}\n?'],
)
def test_what_is_torn_is_reported_as_it_is(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "crashes").mkdir()
    (tmp_path / "crashes/s-torn-12.crash").write_bytes(content)
    emitted = Emitted()
    assert next_start(tmp_path, emitted) == ["s-torn"]
    assert emitted.one.attributes["session.id"] == "s-torn"
    assert emitted.one.attributes["exception.stacktrace"]


LINES = st.sampled_from(
    [
        "Fatal Python error: Aborted",
        "Current thread 0x1 (most recent call first):",
        "Thread 0x2 (most recent call first):",
        '  File "a.py", line 1 in f',
        "  <no Python frame>",
        "",
    ]
)


@given(st.lists(LINES | st.text(max_size=20), max_size=12).map("\n".join))
def test_whatever_stands_there_something_is_told(text: str) -> None:
    dump = parse(text)
    assert dump.signal
    assert dump.stack or dump.threads or not text.strip() or "0x" in text


def test_what_newer_pythons_add_is_kept_out_of_the_stack() -> None:
    dump = parse(
        textwrap.dedent(
            """\
            Fatal Python error: Segmentation fault

            Thread 0x00007f01 [pump] (most recent call first):
              File "/app/pump.py", line 3 in wait

            Current thread 0x00007f02 [python] (most recent call first):
              File "/app/valve.py", line 12 in turn
              File "/app/main.py", line 40 in <module>

            Current thread's C stack trace (most recent call first):
              Binary file "python", at _Py_DumpStack+0x4e [0x1]

            Extension modules: _cffi (total: 1)
            """
        )
    )
    assert dump.signal == "SIGSEGV"
    assert dump.top == "turn (/app/valve.py:12)"
    assert dump.stack == (
        "Traceback (most recent call last):\n"
        '  File "/app/main.py", line 40, in <module>\n'
        '  File "/app/valve.py", line 12, in turn\n'
        "SIGSEGV: Segmentation fault"
    )
    assert dump.threads == 'Thread 0x00007f01 (most recent call first):\n  File "/app/pump.py", line 3 in wait'
