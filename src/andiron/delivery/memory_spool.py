"""The spool without a disk: the same bounds and the same order, but what it holds ends with the process."""

import logging
import os
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path

from andiron.delivery.any_spool import Dropped, Pending, SpoolFull, age
from andiron.delivery.batch import Batch, Lane

log = logging.getLogger("andiron.delivery")

ASIDE = 20
"""Refused batches that are kept to be looked at."""


class MemorySpool:
    """In memory. Any thread may call anything."""

    def __init__(
        self,
        *,
        most: int = 64_000_000,
        age: float = 14 * 86400.0,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        dropped: Dropped = lambda _lane, _records, _reason: None,
    ) -> None:
        self.dropped = dropped
        self.aside: deque[tuple[Batch, str]] = deque(maxlen=ASIDE)
        self._most = most
        self._age = age
        self._clock = clock
        self._monotonic = monotonic
        self._begin()

    def _begin(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.RLock()
        self._stream = secrets.token_hex(16)
        self._numbers = count()  # a signal handler in the midst of a put gets another one
        self._bytes = 0
        self._losses: list[tuple[Lane, int, str]] = []
        """What is still to be told, by who does not hold the lock."""
        self._waiting: dict[Lane, deque[tuple[float, Batch]]] = {lane: deque() for lane in Lane}
        self._flying: dict[str, tuple[float, Batch]] = {}

    def put(self, signal: str, lane: Lane, records: int, body: bytes, encoding: str = "") -> Batch:
        """Keep a batch. Raises `SpoolFull`."""
        self.reopen_after_fork()
        made = int(self._clock() * 1000)
        batch = Batch(f"{self._stream}-{next(self._numbers)}", signal, lane, records, body, encoding, made)
        self._add(batch, self._monotonic())
        return batch

    def keep(self, batch: Batch) -> None:
        """Keep a batch of another spool as it is, with its id. Raises `SpoolFull`."""
        self.reopen_after_fork()
        self._add(batch, self._monotonic() - age(batch, self._clock()))

    def _add(self, batch: Batch, born: float) -> None:
        try:
            with self._lock:
                self._make_room(len(batch.body), batch.lane)
                self._waiting[batch.lane].append((born, batch))
                self._bytes += len(batch.body)
        finally:
            self._tell()

    def sync(self, timeout: float | None = None) -> None:
        """There is no disk."""

    def take(self) -> Batch | None:
        """The next to send."""
        until = self._monotonic() - self._age
        try:
            with self._lock:
                for lane in Lane:
                    while self._waiting[lane]:
                        born, batch = self._waiting[lane].popleft()
                        if born >= until:
                            self._flying[batch.id] = born, batch
                            return batch
                        self._lose(batch, "expired")
                return None
        finally:
            self._tell()

    def done(self, batch: Batch) -> None:
        """The server has it."""
        with self._lock:
            if self._flying.pop(batch.id, None) is not None:
                self._bytes -= len(batch.body)

    def later(self, batch: Batch) -> None:
        """It is the first of its lane again."""
        with self._lock:
            if (flying := self._flying.pop(batch.id, None)) is not None:
                self._waiting[batch.lane].appendleft(flying)

    def set_aside(self, batch: Batch, reason: str) -> Path:
        """Keep the last few in `aside`."""
        with self._lock:
            self.aside.append((batch, reason))
            self.done(batch)
        return Path("memory")

    def replace(self, batch: Batch, parts: Sequence[tuple[bytes, int]]) -> list[Batch]:
        """Divide a batch that is on its way; the parts are next."""
        with self._lock:
            if (flying := self._flying.get(batch.id)) is None:
                return []
            made = [
                Batch(f"{batch.id}.{n}", batch.signal, batch.lane, records, body, "", batch.made)
                for n, (body, records) in enumerate(parts)
            ]
            self.done(batch)
            self._waiting[batch.lane].extendleft((flying[0], part) for part in reversed(made))
            self._bytes += sum(len(part.body) for part in made)
            return made

    def adopt(self) -> int:
        """Nothing is ever left behind; what is too old goes."""
        until = self._monotonic() - self._age
        with self._lock:
            for waiting in self._waiting.values():
                while waiting and waiting[0][0] < until:
                    self._lose(waiting.popleft()[1], "expired")
        self._tell()
        return 0

    @property
    def pending(self) -> Pending:
        """What waits or is on its way."""
        with self._lock:
            every = [batch for waiting in self._waiting.values() for _, batch in waiting]
            every += [batch for _, batch in self._flying.values()]
            return Pending(len(every), sum(batch.records for batch in every), self._bytes)

    @property
    def oldest(self) -> float:
        """Seconds since the oldest of it was made."""
        with self._lock:
            born = [waiting[0][0] for waiting in self._waiting.values() if waiting]
        return self._monotonic() - min(born) if born else 0.0

    def close(self, timeout: float = 5.0) -> None:
        """There is nothing to let go of."""

    def reopen_after_fork(self) -> None:
        """In a forked child: what waits is the parent's."""
        if self._pid != os.getpid():
            self._begin()

    def _make_room(self, size: int, lane: Lane) -> None:
        least = [each for each in (Lane.LOW, Lane.NORMAL) if each >= lane]
        if self._bytes + size - self._most > sum(len(batch.body) for each in least for _, batch in self._waiting[each]):
            raise SpoolFull("The spool in memory is full.", reason="spool_full")
        for each in least:
            while self._waiting[each] and self._bytes + size > self._most:
                self._lose(self._waiting[each].popleft()[1], "spool_full")

    def _lose(self, batch: Batch, reason: str) -> None:
        self._bytes -= len(batch.body)
        self._losses.append((batch.lane, batch.records, reason))

    def _tell(self) -> None:
        """Tell of losses, without the lock: who hears of them may hold one that another thread has when it comes here."""
        losses = self._losses
        while losses:
            try:
                self.dropped(*losses.pop(0))
            except IndexError:
                return  # another thread was faster
            except Exception:
                log.exception("telling of lost records failed")
