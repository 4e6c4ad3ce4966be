"""When a process ends by a signal or as a forked child, its telemetry is handed over. The interpreter's own exit is `configure`'s."""

import contextlib
import os
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

from andiron.delivery.pipeline import Pipeline

SIGNALS = (signal.SIGTERM, signal.SIGHUP) if hasattr(signal, "SIGHUP") else (signal.SIGTERM,)


class Lifecycle:
    """Watches for the end of the process. `stop` takes everything back."""

    def __init__(self, pipeline: Pipeline, timeout: float, *, before: Callable[[], None] = lambda: None) -> None:
        self._pipeline = pipeline
        self._timeout = timeout
        self._last_words = before
        self._before: dict[int, Any] = {}

    def start(self) -> None:
        """Begin."""
        if threading.current_thread() is threading.main_thread():
            for number in SIGNALS:
                # A server has its own way to end, at whose end the interpreter exits; only the bare default would end without a word.
                with contextlib.suppress(ValueError, OSError):
                    if signal.getsignal(number) is signal.SIG_DFL:
                        self._before[number] = signal.signal(number, ended)
        # A child of multiprocessing leaves by `os._exit`: no `atexit` there, but finalizers of multiprocessing's own.
        from multiprocessing import util

        util.register_after_fork(self, Lifecycle._in_child)

    def stop(self) -> None:
        """End."""
        for number, before in self._before.items():
            with contextlib.suppress(ValueError, OSError):
                if signal.getsignal(number) is ended:
                    signal.signal(number, before)
        self._before.clear()

    def _in_child(self) -> None:
        from multiprocessing import util

        util.Finalize(None, self._pipeline.close, args=(self._timeout,), exitpriority=0)

    def last_words(self) -> None:
        """Say what is to be said, and hand over."""
        self._last_words()
        self._pipeline.close(self._timeout)

    @property
    def pipeline(self) -> Pipeline:
        """What is handed over."""
        return self._pipeline


def ended(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the signature of a handler
    """The process is asked to end. Whatever is configured by then is handed over, whoever set this handler."""
    from andiron.sdk import configure as configuration

    telemetry = configuration.current
    if telemetry is not None:
        lifecycle = telemetry.lifecycle
        if lifecycle.pipeline.writing_here:
            # It interrupted the very writing that it would wait for: that goes first.
            lifecycle.pipeline.when_written(lambda: ended(number, None))
            return
        lifecycle.last_words()
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
