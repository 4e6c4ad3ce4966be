"""Which records pass: the level that is wanted now, sampling by level and logger, caps. ERROR and FATAL always pass.

Redaction and the bound on size are the encoder's: they need not run on the application's threads.
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from andiron.delivery.chance import chance
from andiron.delivery.levels import Level


@dataclass(frozen=True)
class Sampling:
    """How much of the unimportant is kept. Loggers are named by prefix, as `logging` does: `app.db` holds for `app.db.pool`."""

    levels: Mapping[Level, float] = field(default_factory=dict)
    """The share that passes, 0 to 1, by level."""
    loggers: Mapping[str, float] = field(default_factory=dict)
    """The share that passes, by logger; it multiplies with that of the level."""
    per_second: Mapping[str, float] = field(default_factory=dict)
    """The most a second, by logger; `""` bounds all together."""
    burst: float = 2.0
    """Seconds' worth of a cap that may come at once after a quiet time."""

    def __post_init__(self) -> None:
        for name, share in (*self.levels.items(), *self.loggers.items()):
            if not 0 <= share <= 1:
                raise ValueError(f"The share of {name!r} is between 0 and 1, not {share}.")
        for name, cap in self.per_second.items():
            if cap <= 0:
                raise ValueError(
                    f"The cap of {name!r} is above 0 a second, not {cap}. To drop all of it, set its share to 0."
                )


class Guard:
    """Says of each record whether it passes."""

    def __init__(
        self,
        sampling: Sampling | None = None,
        *,
        level: Level | Callable[[str], Level] = Level.TRACE,
        chance: Callable[[], float] = chance,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sampling = sampling or Sampling()
        self._level = level
        self._chance = chance
        self._clock = clock
        self._buckets: dict[str, list[float]] = {}
        # Reentrant: a signal's handler or a finalizer may log while its thread is here.
        self._lock = threading.RLock()
        quiet = all(share == 1 for share in (*self._sampling.levels.values(), *self._sampling.loggers.values()))
        self._samples = not quiet or bool(self._sampling.per_second)
        self.open = level == Level.TRACE and not self._samples
        """Whether everything passes, so that nobody need ask."""

    def after_fork(self) -> None:
        """In a forked child: who held the lock is not here."""
        self._lock = threading.RLock()

    def passes(self, level: Level, logger: str) -> bool:
        """Whether a record of this level and logger (for spans: scope) goes on."""
        if level >= Level.ERROR:
            return True
        least = self._level(logger) if callable(self._level) else self._level
        if level < least:
            return False
        return not self._samples or self._sampled(level, logger)

    def _sampled(self, level: Level, logger: str) -> bool:
        sampling = self._sampling
        share = sampling.levels.get(level, 1.0)
        if sampling.loggers:
            share *= of_logger(sampling.loggers, logger, 1.0)
        if share < 1 and self._chance() >= share:
            return False
        if not sampling.per_second:
            return True
        names = [name for name in sampling.per_second if name == "" or belongs(logger, name)]
        with self._lock:
            now = self._clock()
            buckets = [self._bucket(name, now) for name in names]
            if any(bucket[0] < 1 for bucket in buckets):
                return False
            for bucket in buckets:
                bucket[0] -= 1
            return True

    def _bucket(self, name: str, now: float) -> list[float]:
        """Tokens and when they were counted."""
        cap = self._sampling.per_second[name]
        most = max(1.0, cap * self._sampling.burst)
        bucket = self._buckets.setdefault(name, [most, now])
        bucket[0] = min(most, bucket[0] + max(0.0, now - bucket[1]) * cap)
        bucket[1] = now
        return bucket


def belongs(logger: str, prefix: str) -> bool:
    """Whether `logger` is `prefix` or below it."""
    return logger == prefix or logger.startswith(prefix + ".")


def of_logger(values: Mapping[str, float], logger: str, default: float) -> float:
    """The value of the longest prefix that `logger` belongs to."""
    name = logger
    while name:
        if name in values:
            return values[name]
        name = name.rpartition(".")[0]
    return values.get("", default)
