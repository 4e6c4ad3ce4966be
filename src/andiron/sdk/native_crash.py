"""Crashes that end the interpreter itself (SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL): `faulthandler` writes the stacks of all threads into a
file of this process, and the next start reports it.

Nothing of ours runs in the signal's handler, which is why the report comes late and why it comes at all.
"""

import contextlib
import faulthandler
import json
import os
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from andiron.delivery.levels import Level
from andiron.sdk.emitting import Emit, Flush
from andiron.sdk.forks import forget, survive
from andiron.sdk.live_file import LiveFile, left_behind

SUFFIX = ".crash"
FLUSH = 0.5
"""Seconds that a start waits for the report of a crash to be safe before its file goes."""
MOST = 32_000
"""Characters of a stack that are reported."""
SIGNALS = {
    "Segmentation fault": "SIGSEGV",
    "Aborted": "SIGABRT",
    "Bus error": "SIGBUS",
    "Floating point exception": "SIGFPE",
    "Floating-point exception": "SIGFPE",
    "Illegal instruction": "SIGILL",
}
THREAD = re.compile(
    r"^(Current thread|Thread) (0x[0-9a-f]+)[^\n]*\(most recent call first\):\n((?:  [^\n]*\n?)*)", re.MULTILINE
)
FRAME = re.compile(r'  File "(?P<file>.*)", line (?P<line>\d+|\?\?\?) in (?P<name>.*)')


@dataclass(frozen=True, slots=True)
class Dump:
    """What `faulthandler` wrote."""

    signal: str
    reason: str
    stack: str
    """The crashed thread's, as a traceback: the most recent call last."""
    top: str
    """The innermost frame."""
    threads: str
    """The stacks of the others, as they were written."""


def parse(text: str) -> Dump:
    """Read a dump; what cannot be read stays in `threads` as it is."""
    first = re.search(r"Fatal Python error: (.*)", text)
    reason = first[1].strip() if first else "unknown"
    stack, top, others = "", "", []
    found = list(THREAD.finditer(text))
    for match in found:
        frames = match[3].splitlines()
        if match[1] != "Current thread" or stack:
            others.append(f"Thread {match[2]} (most recent call first):\n{match[3].rstrip()}")
            continue
        if frames and (inner := FRAME.match(frames[0])):
            top = f"{inner['name']} ({inner['file']}:{inner['line']})"
        lines = [line.replace(" in ", ", in ", 1) if FRAME.match(line) else line for line in reversed(frames)]
        stack = "\n".join(["Traceback (most recent call last):", *lines, f"{SIGNALS.get(reason, reason)}: {reason}"])
    rest = "\n\n".join(others) if found else text.strip()
    return Dump(SIGNALS.get(reason, reason), reason, stack[-MOST:], top, rest[:MOST])


class NativeCrash:
    """Arms `faulthandler`, unless the application did: then its choice holds and nothing is reported."""

    def __init__(
        self,
        folder: Path,
        emit: Emit,
        flush: Flush,
        *,
        session_id: str,
        about: Mapping[str, Any] | None = None,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._folder = folder / "crashes"
        self._emit = emit
        self._flush = flush
        self._session = session_id
        self._about = dict(about or {})
        self._wall = wall
        self._file: LiveFile | None = None

    @property
    def armed(self) -> bool:
        """Whether a crash of this process would be reported."""
        return self._file is not None

    def start(self) -> None:
        """Arm. `about` goes into the file's head, and so into the report: version, service."""
        if self.armed or faulthandler.is_enabled():
            return
        head = {"session": self._session, "pid": os.getpid(), "started": self._wall(), "about": self._about}
        with contextlib.suppress(OSError):  # a disk that takes nothing costs the report, not the start
            file = LiveFile(self._folder / f"{self._session}-{os.getpid()}{SUFFIX}")
            file.replace(json.dumps(head).encode() + b"\n")
            faulthandler.enable(file.descriptor, all_threads=True)
            self._file = file
            survive(self)

    def stop(self) -> None:
        """Disarm, and take the file away."""
        forget(self)
        if self._file:
            faulthandler.disable()
            self._file.close(remove=True)
            self._file = None

    def after_fork(self) -> None:
        """In a child: a file of its own, before the parent's is let go of."""
        if self._file:
            inherited, self._file = self._file, None
            faulthandler.disable()
            inherited.close()
            self.start()

    def report(self) -> list[str]:
        """Report the crashes of earlier processes; returns the ids of their sessions."""
        crashed = []
        for path, content, touched in left_behind(self._folder, f"*{SUFFIX}"):
            head, _, dump = content.decode("utf-8", "replace").partition("\n")
            if dump.strip():
                session = path.name.removesuffix(SUFFIX).rpartition("-")[0]
                crashed.append(session)
                self._send(session, head, parse(dump), touched)
        return crashed

    def _send(self, session: str, head: str, dump: Dump, touched: float) -> None:
        about, started, pid = _read(head)
        place = f" in {dump.top}" if dump.top else ""
        self._emit(
            Level.FATAL,
            "crash.native",
            f"{dump.signal}{place}",
            {
                **{f"crash.{key}": value for key, value in about.items()},
                "exception.type": dump.signal,
                "exception.message": f"{dump.reason}{place}",
                "exception.stacktrace": dump.stack or dump.threads,
                **({"crash.threads": dump.threads} if dump.threads and dump.stack else {}),
                "crash.time": datetime.fromtimestamp(touched, UTC).isoformat(),
                **({"crash.seconds": round(touched - started, 3), "process.pid": pid} if pid else {}),
                "session.id": session,
            },
        )
        with contextlib.suppress(Exception):
            self._flush(FLUSH)


def _read(head: str) -> tuple[dict[str, Any], float, int]:
    """What the head of a file says: about, started, pid. Of a torn one nothing."""
    try:
        known = json.loads(head)
        return dict(known["about"]), float(known["started"]), int(known["pid"])
    except (ValueError, KeyError, TypeError):
        return {}, 0.0, 0
