"""How the process fares: start, stalls, requests, outgoing calls, garbage collection, processor and memory.

Measures become metrics of the global meter, and the notable ones records too; docs/field-support.md lists the names.
"""

import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from andiron.delivery.levels import Level
from andiron.sdk.cold_start import ColdStart, process_age
from andiron.sdk.emitting import Emit
from andiron.sdk.gc_pauses import GcPauses
from andiron.sdk.loop_stall import LoopMonitor

if TYPE_CHECKING:
    from opentelemetry.metrics import CallbackOptions, Meter, Observation
    from opentelemetry.sdk.trace import ReadableSpan

LONG_PAUSE = 0.1
"""Seconds of a collection that are worth a record."""
SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0]


class Vitals:
    """Measures between `start` and `stop`. Nothing is measured, and no thread runs, before and after."""

    def __init__(
        self,
        emit: Emit,
        *,
        meter: "Meter | None" = None,
        stall: float = 0.1,
        clock: Callable[[], float] = time.monotonic,
        age: Callable[[], float | None] = process_age,
        proc: Path = Path("/proc/self"),
    ) -> None:
        from opentelemetry import metrics

        self._emit = emit
        self._stall = stall
        self._clock = clock
        self._proc = proc
        self._on = False
        self._monitors: list[LoopMonitor] = []
        self._pauses = GcPauses()
        meter = meter or metrics.get_meter("andiron.vitals")

        def histogram(name: str, description: str) -> Any:
            return meter.create_histogram(name, "s", description, explicit_bucket_boundaries_advisory=SECONDS)

        start = histogram("vitals.cold_start", "From the start of the process until it was ready.")
        self._late = histogram("vitals.loop.lateness", "How late the event loop came to a timer.")
        self._request = histogram("vitals.request.duration", "Requests answered, by route.")
        self._transition = histogram("vitals.transition.duration", "Changes from one view or route to another.")
        self._outgoing = histogram("vitals.http.client.duration", "Outgoing HTTP calls, by server.")
        self._pause = histogram("vitals.gc.pause", "Pauses of the garbage collector, by generation.")
        self._cold_start = ColdStart(emit, start.record, age=age, clock=clock)
        meter.create_observable_counter("process.cpu.time", [self._cpu], "s", "Processor time, by mode.")
        meter.create_observable_up_down_counter("process.memory.usage", [self._memory], "By", "Resident memory.")
        meter.create_observable_up_down_counter("process.thread.count", [self._threads], "{thread}", "Threads.")
        meter.create_observable_up_down_counter(
            "process.unix.file_descriptor.count", [self._descriptors], "{file_descriptor}", "Open files."
        )

    def start(self) -> None:
        """Begin; `configure` is done with this."""
        if not self._on:
            self._on = True
            self._pauses.start()
            self._cold_start.configured()

    def stop(self) -> None:
        """End."""
        self._on = False
        self._pauses.stop()
        self._cold_start.forget()
        while self._monitors:
            self._monitors.pop().stop()

    def ready(self) -> None:
        """The application serves. The first call counts, any other costs 0.1 µs."""
        if self._on:
            self._cold_start.ready()

    def watch_loop(self) -> None:
        """Watch the running event loop for stalls; called within it, as by the lifespan. Once a loop."""
        if self._on and self._stall > 0:
            with contextlib.suppress(Exception):
                self._monitors = [monitor for monitor in self._monitors if monitor.watching]
                if not any(monitor.watches_this for monitor in self._monitors):
                    monitor = LoopMonitor(self._emit, self._late.record, threshold=self._stall)
                    monitor.start()
                    self._monitors.append(monitor)

    def request(self, route: str, seconds: float, status: int = 0) -> None:
        """A request was answered; `route` is the template, never the path, which is different every time."""
        if self._on:
            self._request.record(seconds, {"http.route": route, "http.response.status_code": status})

    def transition(self, former: str, to: str, seconds: float) -> None:
        """The application went from one view to another."""
        if self._on:
            self._transition.record(seconds, {"vitals.from": former, "vitals.to": to})

    @contextlib.contextmanager
    def transition_to(self, to: str, former: str = "") -> Iterator[None]:
        """The same, as long as what is within takes."""
        began = self._clock()
        try:
            yield
        finally:
            self.transition(former, to, self._clock() - began)

    def span_ended(self, span: "ReadableSpan") -> None:
        """Measure an outgoing HTTP call when its span ends; others are passed over."""
        if not self._on or span.kind.name != "CLIENT" or not (span.start_time and span.end_time):
            return
        attributes = span.attributes or {}
        method = attributes.get("http.request.method") or attributes.get("http.method")
        if method:
            server = attributes.get("server.address") or attributes.get("net.peer.name") or attributes.get("http.host")
            status = attributes.get("http.response.status_code") or attributes.get("http.status_code") or 0
            about = {
                "http.request.method": method,
                "server.address": server or "",
                "http.response.status_code": status,
            }
            self._outgoing.record((span.end_time - span.start_time) / 1e9, about)

    def _cpu(self, _: "CallbackOptions") -> "Iterable[Observation]":
        from opentelemetry.metrics import Observation

        if not self._on:
            return
        # The reader comes by here, outside of any collection: the place to tell of those that were.
        self._tell_of_pauses()
        times = os.times()
        yield Observation(times.user, {"cpu.mode": "user"})
        yield Observation(times.system, {"cpu.mode": "system"})

    def _memory(self, _: "CallbackOptions") -> "Iterable[Observation]":
        from opentelemetry.metrics import Observation

        if self._on and (resident := resident_bytes(self._proc)):
            yield Observation(resident)

    def _threads(self, _: "CallbackOptions") -> "Iterable[Observation]":
        from opentelemetry.metrics import Observation

        if self._on:
            yield Observation(threading.active_count())

    def _descriptors(self, _: "CallbackOptions") -> "Iterable[Observation]":
        from opentelemetry.metrics import Observation

        if self._on:
            with contextlib.suppress(OSError):
                yield Observation(len(list((self._proc / "fd").iterdir())))

    def _tell_of_pauses(self) -> None:
        for generation, seconds in self._pauses.drain():
            self._pause.record(seconds, {"cpython.gc.generation": generation})
            if seconds >= LONG_PAUSE:
                about = {"vitals.seconds": round(seconds, 3), "cpython.gc.generation": generation}
                self._emit(Level.WARN, "vitals.gc_pause", f"Garbage collection took {seconds * 1000:.0f} ms", about)


def resident_bytes(proc: Path = Path("/proc/self")) -> int:
    """Memory in use; where the system does not tell, the most that was; 0 where nothing is known."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        return int((proc / "statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    with contextlib.suppress(ImportError):
        import resource

        # Bytes on macOS, KiB elsewhere.
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return 0
