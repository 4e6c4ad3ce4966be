"""What goes wrong within telemetry stays there: it is swallowed, counted, told now and then, and what fails again and again is left alone for a while."""

import contextlib
import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from andiron.sdk import forks
from andiron.sdk.operations import names

log = logging.getLogger(names.SCOPE)

OF_FAILURES = "metrics of failures"
"""The component that counts failures: its own are told to nobody, who would be itself."""
TELL = 60.0
"""Seconds between two complaints about one component."""


class ObservabilityErrorHandler:
    """Takes the failures of telemetry's components: `metrics`, `tracing`, `logging`, whatever they are called.

    After `most` failures in a row a component is left alone for `pause` seconds, so that a broken one costs nothing.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, most: int = 20, pause: float = 60.0) -> None:
        self._clock = clock
        self._most = most
        self._pause = pause
        self._lock = threading.RLock()
        self._failures: Counter[tuple[str, str]] = Counter()
        self._told: dict[str, float] = {}
        self._until: dict[str, float] = {}
        self.streaks: Counter[str] = Counter()
        """Failures in a row, of components whose last use failed; empty while all is well."""
        self.listener: Callable[[str, str], object] | None = None
        """Told of each failure: its component and the type of the error. The metrics count them."""
        forks.survive(self)

    def after_fork(self) -> None:
        """In a forked child: whoever held the lock is not here."""
        self._lock = threading.RLock()

    @property
    def failures(self) -> Mapping[tuple[str, str], int]:
        """How often each component failed, by the type of the error."""
        return MappingProxyType(self._failures)

    def handle(self, component: str, error: BaseException) -> None:
        """Take a failure. Never raises."""
        with contextlib.suppress(Exception):
            kind = type(error).__name__
            with self._lock:
                self._failures[component, kind] += 1
                self.streaks[component] += 1
                if self.streaks[component] >= self._most:
                    self._until[component] = self._clock() + self._pause
                tell = self._clock() - self._told.get(component, float("-inf")) >= TELL
                if tell:
                    self._told[component] = self._clock()
            if self.listener is not None and component != OF_FAILURES:
                self.listener(component, kind)
            if tell:
                log.warning("%s of operations failed, and the application goes on", component, exc_info=error)

    def succeeded(self, component: str) -> None:
        """End a component's row of failures. Needed only while `streaks` is not empty."""
        with self._lock:
            self.streaks.pop(component, None)
            self._until.pop(component, None)

    def degraded(self, component: str) -> bool:
        """Whether a component is left alone for now. When the pause is over, it gets one try."""
        until = self._until.get(component)
        return until is not None and self._clock() < until

    def guard(self, component: str, *, proves: bool = True) -> "Guard":
        """Run what is within for its telemetry's sake: its exceptions end here. When it ends well, a row of failures ends, if that `proves` it."""
        return Guard(self, component, proves)

    def report(self) -> dict[str, Any]:
        """As plain values."""
        found: dict[str, Any] = {}
        with self._lock:
            for (component, kind), count in sorted(self._failures.items()):
                found.setdefault(component, {})[kind] = count
        return found


class Guard:
    """Swallows exceptions of a component's, but for those that end the program or a task."""

    __slots__ = ("_component", "_handler", "_proves")

    def __init__(self, handler: ObservabilityErrorHandler, component: str, proves: bool) -> None:  # noqa: FBT001 - as `guard` has it
        self._handler = handler
        self._component = component
        self._proves = proves

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> bool:
        if error is None:
            if self._proves and self._handler.streaks:
                self._handler.succeeded(self._component)
            return False
        if not isinstance(error, Exception):
            return False
        self._handler.handle(self._component, error)
        return True
