"""Stalls of an event loop: somebody computes or blocks where everybody waits.

A beat in the loop measures its own lateness; a thread watches the beats, and takes the stack of the loop's thread while it is stuck.
"""

import asyncio
import contextlib
import sys
import threading
import time
import traceback
from collections.abc import Callable
from types import FrameType
from typing import Any

from andiron.delivery.levels import Level
from andiron.sdk.emitting import Emit
from andiron.sdk.forks import forget, survive

BEATS = 2
"""Beats in a threshold. A stall is seen short by up to one beat; with four, the idle process took twice the 0.4 % of a core."""
GAP = 1.0
"""Seconds between two records of stalls at least; those between are counted, and in the histogram."""


class LoopMonitor:
    """Watches one loop from `start`, which is called within it, until `stop` or the loop's end. At rest that takes 0.45 % of a core."""

    def __init__(
        self,
        emit: Emit,
        record: Callable[[float], None],
        *,
        threshold: float = 0.1,
        clock: Callable[[], float] = time.monotonic,
        frames: Callable[[], dict[int, FrameType]] = sys._current_frames,  # noqa: SLF001 - public in all but name, and documented
    ) -> None:
        self._emit = emit
        self._record = record
        self._threshold = threshold
        self._beat = threshold / BEATS
        self._clock = clock
        self._frames = frames
        self._loop: asyncio.AbstractEventLoop | None = None
        self._handle: asyncio.TimerHandle | None = None
        self._thread_of_loop = 0
        self._due = 0.0
        self._stack = ""
        self._told = -GAP
        self._untold = 0
        self._stop = threading.Event()

    @property
    def watching(self) -> bool:
        """Whether its loop still runs."""
        return self._loop is not None and not self._loop.is_closed()

    @property
    def watches_this(self) -> bool:
        """Whether it watches the running loop."""
        return self._loop is asyncio.get_running_loop()

    def start(self) -> None:
        """Watch the running loop."""
        if self._loop is not None:
            return
        self._loop = asyncio.get_running_loop()
        self._thread_of_loop = threading.get_ident()
        self._stop = threading.Event()
        self._next()
        threading.Thread(target=self._watch, args=(self._stop,), name="andiron-loop-monitor", daemon=True).start()
        survive(self)

    def stop(self) -> None:
        """Watch no more; from any thread."""
        forget(self)
        self._stop.set()
        loop, self._loop = self._loop, None
        if loop and self._handle and not loop.is_closed():
            with contextlib.suppress(RuntimeError):  # closed in this very moment
                loop.call_soon_threadsafe(self._handle.cancel)

    def after_fork(self) -> None:
        """In a child the thread is gone, and the loop is not to be used."""
        # Not set but replaced: the thread may have held its lock when the process was forked.
        self._stop = threading.Event()
        self._loop = None
        forget(self)

    def look(self) -> None:
        """Take the stack if the loop is late; the watching thread calls this."""
        due = self._due
        if not self._stack and self._clock() - due >= self._threshold / 2:
            frame = self._frames().get(self._thread_of_loop)
            if frame is not None and self._due == due:
                stack = "".join(traceback.format_stack(frame))
                if self._due == due:  # else it was formatted while the loop went on, and shows something else
                    self._stack = stack

    def _watch(self, stop: threading.Event) -> None:
        while not stop.wait(self._beat):
            with contextlib.suppress(Exception):
                if not self.watching:
                    return
                self.look()

    def _next(self) -> None:
        if self._loop is not None:
            self._due = self._clock() + self._beat
            self._handle = self._loop.call_later(self._beat, self._on_beat)

    def _on_beat(self) -> None:
        late = max(0.0, self._clock() - self._due)
        stack, self._stack = self._stack, ""
        with contextlib.suppress(Exception):
            self._record(late)
            if late >= self._threshold:
                self._tell(late, stack)
        self._next()

    def _tell(self, late: float, stack: str) -> None:
        now = self._clock()
        if now - self._told < GAP:
            self._untold += 1
            return
        self._told, untold, self._untold = now, self._untold, 0
        about: dict[str, Any] = {"vitals.seconds": round(late, 3), "vitals.threshold": self._threshold}
        if stack:
            about["code.stacktrace"] = stack
        if untold:
            about["vitals.more"] = untold
        self._emit(Level.WARN, "vitals.loop_stall", f"The event loop stood still for {late * 1000:.0f} ms", about)
