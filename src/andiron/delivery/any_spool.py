"""What the pipeline wants of a spool, be it on disk or in memory."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from andiron.delivery.batch import Batch, Lane


class SpoolFull(OSError):
    """The spool cannot take a batch now. `reason`: `spool_full`, `disk_full` or `closed`."""

    def __init__(self, message: str, *, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


class Pending(NamedTuple):
    """What waits or is on its way."""

    batches: int
    records: int
    bytes: int


Dropped = Callable[[Lane, int, str], None]
"""Told of every loss: the lane, how many records, and why: `spool_full`, `expired`, `damaged`, `poison_full`, `disk_full`."""


CLOCK_SET = 1_577_836_800_000
"""2020, in ms since 1970. A device without a battery says less until it has heard from a time server."""


def age(batch: Batch, now: float) -> float:
    """Seconds since a batch was made, as far as clocks can be trusted: 0 when one of them was not set, or went back."""
    return max(0.0, now - batch.made / 1000) if batch.made >= CLOCK_SET else 0.0


class AnySpool(Protocol):
    """Any thread may call anything."""

    dropped: Dropped

    def put(self, signal: str, lane: Lane, records: int, body: bytes, encoding: str = "") -> Batch:
        """Keep a batch. Raises `SpoolFull`."""
        ...

    def keep(self, batch: Batch) -> None:
        """Keep a batch of another spool as it is, with its id. Raises `SpoolFull`."""
        ...

    def sync(self, timeout: float | None = None) -> None:
        """What was put so far survives the machine's death from now on. Raises `OSError`: `TimeoutError` when another thread's takes
        longer than `timeout` seconds.
        """
        ...

    def take(self) -> Batch | None:
        """The next to send, which nobody else gets until it is `done`, `later`, divided or set aside."""
        ...

    def done(self, batch: Batch) -> None:
        """The server has it."""
        ...

    def later(self, batch: Batch) -> None:
        """It could not be sent now: it is the first of its lane again."""
        ...

    def set_aside(self, batch: Batch, reason: str) -> Path | None:
        """The server refuses it for good: keep it for a person to look at. None when it is lost, which `dropped` is told."""
        ...

    def replace(self, batch: Batch, parts: Sequence[tuple[bytes, int]]) -> list[Batch]:
        """Have bodies, each with the number of its records, in the place of `batch`, uncompressed. Raises `SpoolFull`."""
        ...

    def adopt(self) -> int:
        """Take over what was left behind. Returns how many batches that are."""
        ...

    @property
    def pending(self) -> Pending:
        """What waits or is on its way, as far as this process holds it."""
        ...

    @property
    def oldest(self) -> float:
        """Seconds since the oldest of it was made; 0 when there is none."""
        ...

    def close(self, timeout: float = 5.0) -> None:
        """Let go of everything, if need be before it is on the disk: nobody is waited for longer than `timeout` seconds."""
        ...

    def reopen_after_fork(self) -> None:
        """In a forked child: leave all that is the parent's, and start anew."""
        ...
