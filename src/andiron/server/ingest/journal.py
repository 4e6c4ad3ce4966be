"""The journal: what is acknowledged is here, on disk, until the store has it.

The door appends and waits; one thread writes everything that has gathered since its last turn and calls fsync once for all of
it. The loader takes sealed segments, and deletes each when the store holds its records. Nothing is ever appended to a segment
of an earlier run: at start they are all sealed.
"""

import asyncio
import contextlib
import logging
import os
import re
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from andiron.errors import AndironError, ConfigurationError
from andiron.server.ingest.segment import Entry, read, seed

log = logging.getLogger(__name__)

FULL = 16_000_000
"""Bytes after which a segment is sealed whoever waits: the more spans an insert has, the less its fixed cost weighs."""
BUSY = 6_000_000
"""Bytes after which it is sealed for a second loader while the first is busy."""
AGE = 0.3
"""Seconds after which it is sealed for an idle loader. The price of freshness is an insert, whose fixed cost is 30 ms and twenty
fsyncs: at 0.1 s, small requests were acknowledged at two thirds of this rate."""
SUFFIX = ".segment"


class Backlogged(AndironError):
    """The journal cannot take more now; the sender should try again in `after` seconds."""

    def __init__(self, message: str, after: int) -> None:
        super().__init__(message)
        self.after = after


@dataclass(slots=True)
class Segment:
    """A file of the journal."""

    path: Path
    size: int = 0
    opened: float = 0.0
    attempts: int = 0
    not_before: float = 0.0

    @property
    def name(self) -> str:
        """What makes the tokens of its inserts unique."""
        return self.path.name.removesuffix(SUFFIX)

    @property
    def seed(self) -> int:
        """Where its checksums start."""
        return seed(self.name.rpartition("-")[2])


@dataclass(slots=True)
class Waiting:
    """An entry and who waits for it."""

    parts: tuple[bytes, bytes | memoryview]
    done: asyncio.Future[None]
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.get_running_loop)


class Journal:
    """Appends from the event loop, writes in one thread, is read by the loader's threads."""

    def __init__(
        self,
        folder: Path,
        *,
        most: int,
        least_free: int = 0,
        clock: Callable[[], float] = time.monotonic,
        observe_sync: Callable[[float], None] = lambda _: None,
    ) -> None:
        self._folder = folder
        self._most = most
        self._least_free = least_free
        self._clock = clock
        self._observe_sync = observe_sync
        # Two locks: the event loop takes only the first, which is never held during I/O.
        self._arrived = threading.Condition()
        self._changed = threading.Condition()
        self._waiting: list[Waiting] = []
        self._waiting_bytes = 0
        self._sealed: deque[Segment] = deque()
        self._loading: set[str] = set()
        self._active: Segment | None = None
        self._file = -1
        self._closing = False
        self._boot = secrets.token_hex(6)
        self._seed = seed(self._boot)
        self._backlog = 0
        self._free = (0.0, True)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            earlier = sorted(folder.glob(f"*{SUFFIX}"))
            self._sealed.extend(Segment(path, path.stat().st_size) for path in earlier)
        except OSError as error:
            raise ConfigurationError(f"The journal in {folder} cannot be opened: {error.strerror}.") from error
        self._next = 1 + max(
            (int(match[1]) for path in earlier if (match := re.match(r"(\d+)-", path.name))), default=0
        )
        self._backlog = sum(segment.size for segment in self._sealed)
        self._writer = threading.Thread(target=self._write_forever, name="andiron-journal", daemon=True)
        self._writer.start()

    @property
    def backlog(self) -> int:
        """Bytes that the store does not hold yet."""
        return self._backlog + self._waiting_bytes

    @property
    def segments(self) -> int:
        """Sealed segments that wait or are being loaded."""
        return len(self._sealed) + len(self._loading)

    def check_room(self, size: int) -> None:
        """Raise `Backlogged` when `size` more bytes are too many."""
        if self.backlog + size > self._most:
            raise Backlogged(
                f"{self.backlog:,} bytes wait for the store, and {self._most:,} is the bound (ANDIRON_MAX_BACKLOG).",
                after=5,
            )
        if not self._disk_has_room():
            raise Backlogged(f"The disk of {self._folder} is full (ANDIRON_MIN_FREE_DISK).", after=30)

    def append(self, entry: Entry) -> "asyncio.Future[None]":
        """Begin to write `entry`: await until it is on disk. Raises `Backlogged`, now or then, when it cannot be."""
        parts = entry.encoded(self._seed)
        waiting = Waiting(parts, asyncio.get_running_loop().create_future())
        with self._arrived:
            if self._closing:
                raise Backlogged("The server is stopping.", after=1)
            self._waiting.append(waiting)
            self._waiting_bytes += len(parts[0]) + len(parts[1])
            self._arrived.notify()
        return waiting.done

    def left(self) -> Iterator[Entry]:
        """The entries of sealed segments: before the loader begins, what an earlier run left."""
        for segment in list(self._sealed):
            try:
                data = segment.path.read_bytes()
            except OSError:
                log.exception("journal segment cannot be read", extra={"segment": segment.name})
            else:
                yield from (found for found in read(data, segment.seed) if isinstance(found, Entry))

    def take(self, timeout: float) -> Segment | None:
        """A sealed segment, sealing the active one when nothing better is to do; None after `timeout` seconds."""
        until = self._clock() + timeout
        with self._changed:
            while True:
                now = self._clock()
                for segment in self._sealed:
                    if segment.not_before <= now:
                        self._sealed.remove(segment)
                        self._loading.add(segment.name)
                        return segment
                wait = until - now
                if (active := self._active) is not None:
                    due = active.opened + AGE if not self._loading else float("inf")
                    if now >= due or active.size >= BUSY:
                        self._seal()
                        continue
                    wait = min(wait, due - now)
                if self._sealed:
                    wait = min(wait, min(segment.not_before for segment in self._sealed) - now)
                if now >= until or self._closing:
                    return None
                self._changed.wait(max(wait, 0.001))

    def done(self, segment: Segment) -> None:
        """The store holds all of `segment`: forget it."""
        segment.path.unlink(missing_ok=True)
        with self._changed:
            self._loading.discard(segment.name)
            self._backlog -= segment.size
            self._changed.notify_all()

    def later(self, segment: Segment, delay: float) -> None:
        """The store could not take `segment`: offer it again after `delay` seconds."""
        segment.attempts += 1
        segment.not_before = self._clock() + delay
        with self._changed:
            self._loading.discard(segment.name)
            self._sealed.appendleft(segment)
            self._changed.notify_all()

    def close(self) -> None:
        """Write what waits, seal, and stop the thread."""
        with self._arrived:
            self._closing = True
            self._arrived.notify()
        self._writer.join()
        with self._changed:
            self._changed.notify_all()

    def seal(self) -> None:
        """Seal the active segment now."""
        with self._changed:
            self._seal()

    def _seal(self) -> None:
        if self._active is not None:
            os.close(self._file)
            self._sealed.append(self._active)
            self._active = None
            self._changed.notify_all()

    def _write_forever(self) -> None:
        while True:
            with self._arrived:
                while not self._waiting and not self._closing:
                    self._arrived.wait()
                group, self._waiting = self._waiting, []
                size, self._waiting_bytes = self._waiting_bytes, 0
            # Held while writing, so that nobody seals the file under the writer's hands.
            with self._changed:
                if not group:
                    self._seal()
                    return
                error = self._write(group, size)
            answer(group, error)

    def _write(self, group: list[Waiting], size: int) -> Exception | None:
        try:
            active = self._active or self._open()
            started = self._clock()
            write_all(self._file, [part for waiting in group for part in waiting.parts])
            os.fdatasync(self._file)
            self._observe_sync(self._clock() - started)
        except OSError as error:
            log.exception("journal write failed")
            self._abandon()
            return Backlogged(f"The journal cannot be written: {error.strerror}.", after=30)
        active.size += size
        self._backlog += size
        if active.size >= FULL:
            self._seal()
        self._changed.notify_all()
        return None

    def _open(self) -> Segment:
        path = self._folder / f"{self._next:012d}-{self._boot}{SUFFIX}"
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._next += 1
        self._active = Segment(path, opened=self._clock())
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        return self._active

    def _abandon(self) -> None:
        """After a failed write, take back what nobody was promised, and start afresh."""
        if self._active is None:
            return
        try:
            os.ftruncate(self._file, self._active.size)
            os.fdatasync(self._file)
        except OSError:
            log.exception("journal tail could not be cut")
        if self._active.size:
            self._seal()
        else:
            os.close(self._file)
            self._active.path.unlink(missing_ok=True)
            self._active = None

    def _disk_has_room(self) -> bool:
        checked, answer = self._free
        if self._clock() - checked > 1:
            state = os.statvfs(self._folder)
            answer = state.f_bavail * state.f_frsize >= self._least_free
            self._free = (self._clock(), answer)
        return answer


def write_all(file: int, parts: list[bytes | memoryview]) -> None:
    """Write every byte of `parts`."""
    data = b"".join(parts)
    written = os.write(file, data)
    while written < len(data):
        written += os.write(file, memoryview(data)[written:])


def answer(group: list[Waiting], error: Exception | None) -> None:
    """Wake those who wait, once for each event loop."""
    for loop in {id(waiting.loop): waiting.loop for waiting in group}.values():
        mine = [waiting.done for waiting in group if waiting.loop is loop]
        with contextlib.suppress(RuntimeError):  # a loop that has ended has nobody who waits
            loop.call_soon_threadsafe(settle, mine, error)


def settle(futures: list["asyncio.Future[None]"], error: Exception | None) -> None:
    """Set the outcome of each that still waits."""
    for future in futures:
        if not future.done():
            if error is None:
                future.set_result(None)
            else:
                future.set_exception(error)
