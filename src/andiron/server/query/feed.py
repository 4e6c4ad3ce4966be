"""The feed: what the loader has just loaded, told to whoever streams it.

The loader's threads call `told` when an insert is in the store; listeners are called on the event loop, in order. The feed remembers
a while, so that a stream that was broken off takes up exactly where it was.
"""

import asyncio
import contextlib
import secrets
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

REMEMBERED = 4096
"""Receipts: some minutes of a busy server."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """A batch in the store: the `number`-th of this run, received at a moment, in milliseconds, which its rows carry."""

    number: int
    database: str
    signal: str
    received: int


Listener = Callable[[Receipt], None]


class Feed:
    """Thread-safe. `close` ends all that listens, for good."""

    def __init__(self) -> None:
        self.run = secrets.token_hex(4)
        """Tells this run's numbers from those of another."""
        self.closed = False
        self._lock = threading.Lock()
        self._number = 0
        self._recent: deque[Receipt] = deque(maxlen=REMEMBERED)
        self._listeners: dict[str, list[Listener]] = {}
        self._ends: list[Callable[[], None]] = []
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def number(self) -> int:
        """Of the last receipt."""
        return self._number

    def told(self, database: str, signal: str, received: int) -> None:
        """A batch is in the store. Called by any thread."""
        with self._lock:
            self._number += 1
            receipt = Receipt(self._number, database, signal, received)
            self._recent.append(receipt)
            if self._loop is not None and database in self._listeners:
                with contextlib.suppress(RuntimeError):  # the loop has ended, and with it whoever listened
                    self._loop.call_soon_threadsafe(self._tell, receipt)

    def listen(self, database: str, listener: Listener) -> Callable[[], None]:
        """Have `listener` called on this event loop for every batch of `database`, until the function that is returned is called."""
        with self._lock:
            self._loop = asyncio.get_running_loop()
            self._listeners.setdefault(database, []).append(listener)

        def forget() -> None:
            with self._lock:
                left = self._listeners[database]
                left.remove(listener)
                if not left:
                    del self._listeners[database]

        return forget

    def after(self, number: int, database: str) -> list[Receipt] | None:
        """The batches of `database` since the `number`-th, or None when they are not remembered."""
        with self._lock:
            if number > self._number or (self._recent and self._recent[0].number > number + 1):
                return None
            return [receipt for receipt in self._recent if receipt.number > number and receipt.database == database]

    def recent(self, database: str) -> set[tuple[str, int]]:
        """Signals and moments of the batches that are remembered."""
        with self._lock:
            return {(receipt.signal, receipt.received) for receipt in self._recent if receipt.database == database}

    def at_end(self, end: Callable[[], None]) -> Callable[[], None]:
        """Have `end` called, on the event loop, when the server is about to stop; returns what takes that back."""
        self._ends.append(end)
        return lambda: self._ends.remove(end)

    def close(self) -> None:
        """The server is about to stop: streams end now. Called on the event loop."""
        self.closed = True
        for end in list(self._ends):
            end()

    def _tell(self, receipt: Receipt) -> None:
        for listener in list(self._listeners.get(receipt.database, ())):
            listener(receipt)
