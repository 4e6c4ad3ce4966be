"""A run of the application: a marker at its start, one at its end, and a note on disk from which the next run learns how this one ended.

The note is locked while the process lives. A run that neither closed its note nor crashed visibly was killed: SIGKILL, out of memory, power.
"""

import contextlib
import json
import os
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from andiron.delivery.levels import Level
from andiron.sdk.emitting import Emit
from andiron.sdk.forks import forget, survive
from andiron.sdk.live_file import LiveFile, left_behind
from andiron.sdk.machine import capacity

CLEAN, CRASHED, KILLED = "clean", "crashed", "killed"
ENDS = {how: how for how in (CLEAN, CRASHED, KILLED)}
SUFFIX = ".session"


@dataclass(frozen=True, slots=True)
class Ended:
    """An earlier session and how it ended."""

    id: str
    how: str
    started: float
    pid: int


class Session:
    """Started by `configure`, stopped by `shutdown`. A forked child belongs to its parent's session and leaves the note alone."""

    def __init__(
        self,
        session_id: str,
        folder: Path | None,
        emit: Emit,
        *,
        attributes: Mapping[str, Any] | None = None,
        wall: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.id = session_id
        self.previous: Ended | None = None
        self._folder = folder / "sessions" if folder else None
        self._emit = emit
        self._attributes = dict(attributes or {})
        self._wall = wall
        self._clock = clock
        self._began = (0.0, 0.0)
        self._note: LiveFile | None = None
        self._how = ""

    def start(self, crashed: Collection[str] = ()) -> None:
        """Mark the start. `crashed` are the sessions of which native crashes were found."""
        if self._how:
            return
        self._how = KILLED  # what the next run would find from here on
        self._began = (self._wall(), self._clock())
        earlier = self._earlier(crashed)
        self.previous = max(earlier, key=lambda ended: ended.started, default=None)
        with contextlib.suppress(OSError):  # a disk that takes nothing costs the story of the end, not the session
            if self._folder:
                self._note = LiveFile(self._folder / f"{self.id}{SUFFIX}")
                self._write()
        survive(self)
        for ended in earlier:
            if ended.how != CLEAN:
                self._tell_of(ended)
        about = {**self._attributes, **capacity(), "session.id": self.id}
        if self.previous:
            about |= {"session.previous_id": self.previous.id, "session.previous_end": self.previous.how}
        self._emit(Level.INFO, "session.start", "Session started", about)

    def crashed(self) -> None:
        """Note that this session ends with an exception that nobody caught."""
        if self._how == KILLED:
            self._how = CRASHED
            with contextlib.suppress(OSError):
                self._write()

    def stop(self) -> None:
        """Mark the end."""
        if not self._how:
            return
        how = CLEAN if self._how == KILLED else self._how
        seconds = round(self._clock() - self._began[1], 3)
        about = {"session.id": self.id, "session.end": how, "session.seconds": seconds}
        self._emit(Level.INFO, "session.end", f"Session ended: {how}", about)
        self._how = how
        with contextlib.suppress(OSError):
            self._write()
        self._let_go()

    def after_fork(self) -> None:
        """In a child: the session goes on, its note is the parent's to write."""
        self._let_go()

    def _let_go(self) -> None:
        forget(self)
        if self._note:
            self._note.close()
        self._note = None
        self._how = ""

    def _write(self) -> None:
        if self._note:
            note = {"id": self.id, "started": self._began[0], "pid": os.getpid(), "how": self._how}
            self._note.replace(json.dumps(note).encode())

    def _earlier(self, crashed: Collection[str]) -> list[Ended]:
        found = []
        for path, content, touched in left_behind(self._folder, f"*{SUFFIX}") if self._folder else ():
            session = path.name.removesuffix(SUFFIX)
            try:
                note = json.loads(content)
                how, started, pid = ENDS[note["how"]], float(note["started"]), int(note["pid"])
                datetime.fromtimestamp(started, UTC)
            except (ValueError, KeyError, TypeError, OverflowError, OSError):
                how, started, pid = KILLED, touched, 0  # the power went while it was written
            found.append(Ended(session, CRASHED if session in crashed else how, started, pid))
        return found

    def _tell_of(self, ended: Ended) -> None:
        self._emit(
            Level.WARN,
            "session.lost",
            f"An earlier session did not end well: {ended.how}",
            {
                "session.id": ended.id,
                "session.end": ended.how,
                "session.started": datetime.fromtimestamp(ended.started, UTC).isoformat(),
                "process.pid": ended.pid,
            },
        )
