"""The bounded queue between the application's threads and the pipeline's.

Under pressure the least severe goes first, and of equals the oldest: TRACE, then DEBUG, INFO, WARN. An ERROR or FATAL is not dropped here:
when the queue holds nothing else, `put` says so and the caller carries the queue to disk. Only a disk that does not answer at all,
while 64 times the bound has gathered, makes it refuse one.
"""

import threading
from collections import deque
from collections.abc import Sequence
from enum import IntEnum
from typing import Any, NamedTuple

from andiron.delivery.levels import Level

LEVELS = tuple(Level)
RANK = {level: rank for rank, level in enumerate(LEVELS)}
SAFE = RANK[Level.ERROR]
HOPELESS = 64
"""Times its bound that the queue may hold of errors while a disk does not answer. Beyond that memory is dearer."""


class Put(IntEnum):
    """What became of a record."""

    QUEUED = 0
    DUE = 1
    """Queued, and there is now a reason to write: a whole batch, or an error."""
    SPILL = 2
    """Queued beyond the bound, because everything in the queue is too important to drop."""
    DROPPED = 3
    """Less severe than everything in a full queue."""


class Entry(NamedTuple):
    """A record in the queue, with what tells the encoder how to take it."""

    level: Level
    kind: int
    record: Any


class RecordQueue:
    """Many threads put, one drains. Reentrant: a signal's handler or a finalizer may put while its thread is putting."""

    def __init__(self, most: int = 1024, *, batch: int = 256) -> None:
        if most < 1 or batch < 1:
            raise ValueError(f"A queue holds at least one record and a batch too, not {most} and {batch}.")
        self.most = most
        self.batch = batch
        self.dropped: dict[Level, int] = dict.fromkeys(LEVELS, 0)
        self._levels: tuple[deque[Entry], ...] = tuple(deque() for _ in LEVELS)
        self._size = 0
        self.taken = 0
        """All that ever came, what was dropped included."""
        self._lock = threading.RLock()

    def __len__(self) -> int:
        return self._size

    def put(self, entry: Entry) -> Put:
        """Take `entry`, dropping something less severe for it where the queue is full."""
        rank = RANK[entry.level]
        with self._lock:
            self.taken += 1
            if self._size >= self.most:
                outcome = self._make_room(rank)
                if outcome is Put.SPILL and self._size >= HOPELESS * self.most:
                    outcome = Put.DROPPED
                if outcome is not Put.QUEUED:
                    if outcome is Put.SPILL:
                        self._levels[rank].append(entry)
                        self._size += 1
                    else:
                        self.dropped[entry.level] += 1
                    return outcome
            # In this order: a signal's handler may drain between the two.
            self._size += 1
            self._levels[rank].append(entry)
            return Put.DUE if rank >= SAFE or self._size >= self.batch else Put.QUEUED

    def count(self, records: int) -> None:
        """Count records that need no queue: metrics come in batches."""
        with self._lock:
            self.taken += records

    def restore(self, entries: Sequence[Entry]) -> None:
        """Take back what was drained and could not be written."""
        with self._lock:
            for entry in reversed(entries):
                self._levels[RANK[entry.level]].appendleft(entry)
            self._size += len(entries)

    def drain(self) -> list[Entry]:
        """Everything, the most severe first, the oldest first among equals."""
        with self._lock:
            # At one stroke: what a signal's handler puts meanwhile must be in the old ones or in the new.
            levels, self._levels, self._size = self._levels, tuple(deque() for _ in LEVELS), 0
            return [entry for queue in reversed(levels) for entry in queue]

    def forget(self) -> None:
        """In a forked child: what is queued belongs to the parent, and so does whoever held the lock."""
        self._lock = threading.RLock()
        self._levels = tuple(deque() for _ in LEVELS)
        self._size = 0
        self.taken = 0
        self.dropped = dict.fromkeys(LEVELS, 0)

    def _make_room(self, rank: int) -> Put:
        for lower in range(min(rank + 1, SAFE)):
            if self._levels[lower]:
                self._levels[lower].popleft()
                self._size -= 1
                self.dropped[LEVELS[lower]] += 1
                return Put.QUEUED
        return Put.SPILL if rank >= SAFE else Put.DROPPED
