"""How long the application took from the start of its process until it was configured and until it was ready."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from andiron.delivery.levels import Level
from andiron.sdk.emitting import Emit


def process_age(
    stat: Path = Path("/proc/self/stat"), boot: Callable[[], float] | None = None, ticks: int = 0
) -> float | None:
    """Seconds since this process was started, to a hundredth, by Linux's account; None elsewhere."""
    try:
        # The name of the program may hold spaces and brackets; the fields after its last bracket count from the third.
        fields = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        since_boot = boot() if boot else time.clock_gettime(time.CLOCK_BOOTTIME)
        return max(0.0, since_boot - int(fields[19]) / (ticks or os.sysconf("SC_CLK_TCK")))
    except (OSError, ValueError, IndexError, AttributeError):
        return None


class ColdStart:
    """Notes two moments, each once, and tells of both at the second."""

    def __init__(
        self,
        emit: Emit,
        record: Callable[[float, dict[str, Any]], None],
        *,
        age: Callable[[], float | None] = process_age,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._emit = emit
        self._record = record
        self._age = age
        self._clock = clock
        self._configured = 0.0
        self._before = 0.0
        self._from = "process"
        self._open = False

    def configured(self) -> None:
        """`configure` is done."""
        age = self._age()
        self._from = "process" if age is not None else "configure"
        self._before = age or 0.0
        self._configured = self._clock()
        self._open = True

    def ready(self) -> None:
        """The application serves: its lifespan has started, its first request has come. Only the first call counts."""
        if not self._open:
            return
        self._open = False
        until_ready = self._before + self._clock() - self._configured
        self._record(until_ready, {"vitals.from": self._from})
        about = {
            "vitals.from": self._from,
            "vitals.configured": round(self._before, 3),
            "vitals.ready": round(until_ready, 3),
        }
        self._emit(
            Level.INFO, "vitals.cold_start", f"Ready {until_ready:.2f} s after the start of the {self._from}", about
        )

    def forget(self) -> None:
        """Tell nothing any more."""
        self._open = False
