"""What the pipeline says of itself: how many records were queued, kept on disk, sent, tried again, and dropped for which reason."""

import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from andiron.delivery.batch import Lane
from andiron.delivery.levels import Level

OF_LANE = {Lane.HIGH: "error or fatal", Lane.NORMAL: "info or warn", Lane.LOW: "trace or debug"}


@dataclass
class Counters:
    """Counts in records, but for `requests`, `retries`, `failures` and `errors`. Nothing that entered goes missing between them."""

    spooled: int = 0
    """Written to the spool."""
    sent: int = 0
    """Acknowledged by the server, those of earlier runs included."""
    rejected: int = 0
    """Sent, but refused by the server within a batch that it took."""
    requests: int = 0
    retries: int = 0
    failures: int = 0
    """Deliveries that failed, and each five seconds in which a batch had to wait because the server does not answer."""
    set_aside: int = 0
    """Kept in the spool's `poison` folder because the server breaks on them."""
    errors: int = 0
    """Exceptions within the pipeline that the application never saw."""
    dropped: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By reason (`queue_full`, `sampled`, `disk_full`, `no_disk`, `spool_full`, `expired`, `damaged`, `poison_full`, `closed`, `switched_off`, `error`) and
    by level, or by what levels a whole batch may have held.
    """
    lock: Any = field(default_factory=threading.RLock, repr=False, compare=False)
    """Reentrant: a signal's handler or a finalizer may count while its thread is counting."""

    def drop(self, reason: str, level: Level, records: int = 1) -> None:
        """Count `records` as lost."""
        with self.lock:
            self.dropped[reason, level.name.lower()] += records

    def drop_batch(self, lane: Lane, records: int, reason: str) -> None:
        """Count a batch as lost."""
        with self.lock:
            self.dropped[reason, OF_LANE[lane]] += records

    def error(self) -> None:
        """Count an exception that the application does not see."""
        with self.lock:
            self.errors += 1

    def failure(self) -> None:
        """Count a delivery that failed, or would have."""
        with self.lock:
            self.failures += 1

    def report(self) -> dict[str, Any]:
        """As plain values."""
        with self.lock:
            dropped: dict[str, dict[str, int]] = {}
            for (reason, level), count in sorted(self.dropped.items()):
                dropped.setdefault(reason, {})[level] = count
        return {
            "spooled": self.spooled,
            "sent": self.sent,
            "rejected": self.rejected,
            "requests": self.requests,
            "retries": self.retries,
            "failures": self.failures,
            "set_aside": self.set_aside,
            "errors": self.errors,
            "dropped": dropped,
        }
