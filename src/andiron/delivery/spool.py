"""The spool: what is to be sent lies here, on disk, until a server has it.

A folder an application holds segments, each with one lane of one process, each locked by the process that writes or sends it.
`put` is one write and no fsync: it survives the death of the process at once, and that of the machine with the next `sync`.
A segment whose lock is free was left behind, and `adopt` takes it over.
"""

import contextlib
import errno
import logging
import os
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path

from andiron.delivery.any_spool import AnySpool, Dropped, Pending, SpoolFull, age
from andiron.delivery.batch import Batch, Lane
from andiron.delivery.held import Held
from andiron.delivery.poison import Poison, private
from andiron.delivery.segment import mark, written
from andiron.delivery.shelf import Loaded, Shelf

__all__ = ["AnySpool", "DiskQueue", "Dropped", "Pending", "Spool", "SpoolFull"]

log = logging.getLogger("andiron.delivery")

RECENT = 2_000_000
"""Bytes of batches just put that are kept in memory: online, nothing is read back."""
ADOPTED = 64
"""Most segments of others that are held at a time: each costs an open file."""

to_disk: Callable[[int], None] = getattr(os, "fdatasync", os.fsync)  # macOS has only the latter


class Spool:
    """On disk. Any thread may call anything. Raises `OSError` where the folder cannot be used."""

    def __init__(
        self,
        folder: Path,
        *,
        most: int = 256_000_000,
        age: float = 14 * 86400.0,
        segment: int = 4_000_000,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        dropped: Dropped = lambda _lane, _records, _reason: None,
        stream: Callable[[], str] = lambda: secrets.token_hex(16),
    ) -> None:
        self.folder = folder
        self.poison = Poison(folder / "poison", most=most // 16)
        self.dropped = dropped
        self._most = most
        self._age = age
        self._segment = max(1, min(segment, most // 16))
        self._clock = clock
        self._monotonic = monotonic
        self._stream = stream
        self._closed = False
        private(folder)
        self._begin()
        self._shelf.open(Lane.NORMAL)  # proves that files can be made and locked here

    def _begin(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.RLock()
        self._adopting = threading.Lock()
        self._numbers = count()  # a signal handler in the midst of a put gets another one
        self._begun = self._monotonic()
        self._shelf = Shelf(
            self.folder,
            self.poison,
            self._stream(),
            most=self._most,
            segment=self._segment,
            clock=self._clock,
            monotonic=self._monotonic,
        )
        self._flying: dict[str, tuple[Held, int]] = {}
        self._recent: OrderedDict[tuple[Held, int], Batch] = OrderedDict()
        self._recent_bytes = 0
        self._fsync = threading.RLock()
        self._syncing = False
        self._forced: set[int] = set()
        self._more = False

    # Keeping

    def put(self, signal: str, lane: Lane, records: int, body: bytes, encoding: str = "") -> Batch:
        """Keep a batch: one write, no fsync. Raises `SpoolFull`."""
        self._check_process()
        name = f"{self._shelf.stream}-{next(self._numbers)}"
        batch = Batch(name, signal, lane, records, body, encoding, int(self._clock() * 1000))
        self._add(batch, self._monotonic())
        return batch

    def keep(self, batch: Batch) -> None:
        """Keep a batch of another spool as it is, with its id, so that a server which has it already stores it once. Raises `SpoolFull`."""
        self._check_process()
        # Nothing of this process is older than this, whatever became of the clock.
        self._add(batch, max(self._begun, self._monotonic() - age(batch, self._clock())))

    def _add(self, batch: Batch, born: float) -> None:
        try:
            with self._lock:
                if self._closed:
                    raise SpoolFull(f"The spool in {self.folder} is closed.", reason="closed")
                frame = written(batch, self._shelf.seed)
                held, at = self._shelf.write(batch.lane, frame)
                place = self._shelf.add(held, at, sum(map(len, frame)), batch.records, born)
                self._remember(held, place, batch)
        finally:
            self._tell()

    def sync(self, timeout: float | None = None) -> None:
        """One fsync for all that was put since the last, which keeps nobody from putting. Raises `OSError`: `TimeoutError` when another
        thread's takes longer than `timeout` seconds. Our own cannot be interrupted.
        """
        self._check_process()
        fsync = self._fsync
        if not acquired(fsync, timeout):  # who comes second waits for what the first has begun
            raise TimeoutError(errno.ETIMEDOUT, "The disk takes too long", str(self.folder))
        try:
            if self._syncing:  # by this very thread, which a signal's handler or a finalizer has interrupted
                raise OSError(errno.EBUSY, "A sync was interrupted by itself", str(self.folder))
            self._syncing = True
            try:
                self._sync()
            finally:
                self._syncing = False
        finally:
            fsync.release()

    def _sync(self) -> None:
        with self._lock:
            shelf = self._shelf
            dirty, shelf.dirty = shelf.dirty, set()
            folder, shelf.dirty_folder = shelf.dirty_folder, False
        try:
            for held in [*dirty, *([None] if folder else [])]:
                self._force(held)
        except BaseException:  # KeyboardInterrupt, too
            with self._lock:
                shelf.dirty.update(held for held in dirty if held.file >= 0)
                shelf.dirty_folder = True
            raise

    def _force(self, held: Held | None) -> None:
        """Force a segment, or the folder, to the disk. By a descriptor of our own, as another thread may let go of the segment."""
        with self._lock:
            if held is None:
                file = os.open(self.folder, os.O_RDONLY | os.O_CLOEXEC)
            elif held.file >= 0:
                file = os.dup(held.file)
            else:
                return
            self._forced.add(file)
        try:
            to_disk(file)
        finally:
            self._forced.discard(file)
            os.close(file)

    # Sending

    def take(self) -> Batch | None:
        """The next to send: the first lane that has one, the oldest in it."""
        self._check_process()
        try:
            while True:
                with self._lock:
                    found = self._take()
                if found is not None or not self._more or not self.adopt():
                    return found
        finally:
            self._tell()

    def _take(self) -> Batch | None:
        before = self._monotonic() - self._age
        for held in self._shelf:
            while (place := held.take()) is not None:
                batch = self._forget(held, place) or held.read(place)
                if batch is not None and held.born(place) >= before:
                    self._flying[batch.id] = held, place
                    return batch
                self._shelf.losses.append((held.name.lane, held.records(place), "expired" if batch else "damaged"))
                self._shelf.finish(held, place, batch)
        return None

    def done(self, batch: Batch) -> None:
        """The server has it: its segment says so, and goes when it holds nothing else."""
        self._check_process()
        with self._lock:
            if (flying := self._flying.pop(batch.id, None)) is not None:
                self._shelf.finish(*flying, batch)

    def later(self, batch: Batch) -> None:
        """It is the first of its lane again."""
        self._check_process()
        with self._lock:
            self._later(batch)
        self._tell()

    def _later(self, batch: Batch) -> None:
        if (flying := self._flying.pop(batch.id, None)) is not None:
            held, place = flying
            if held.file >= 0 or self._closed:
                held.put_back(place)
                self._remember(held, place, batch)
            else:
                # Its segment went for want of room while it was on its way.
                self._shelf.losses.append((batch.lane, batch.records, "spool_full"))
                self._shelf.finish(held, place, batch)

    def set_aside(self, batch: Batch, reason: str) -> Path | None:
        """Into the folder `poison`, as a file of its own that says why. Where that fails it is lost, so that the others go on; then
        `dropped` is told, and None returned.
        """
        self._check_process()
        why = "poison_full"
        path, gone = None, list[Batch]()
        try:
            path, gone = self.poison.add(batch, reason)  # without the lock, as it waits for the disk
        except OSError as error:
            log.error("a batch that the server refuses cannot be set aside, and is lost: %s", error)  # noqa: TRY400 - the reason says all
            why = "disk_full"
        with self._lock:
            self._shelf.losses += [(each.lane, each.records, "poison_full") for each in gone]
            if path is None and batch.id in self._flying:
                self._shelf.losses.append((batch.lane, batch.records, why))
            self.done(batch)
        self._tell()
        return path

    def replace(self, batch: Batch, parts: Sequence[tuple[bytes, int]]) -> list[Batch]:
        """Divide a batch that is on its way. The parts' ids come from its own, and they are there if and only if it is done: one write
        says both. As the batch goes, they may exceed the bound; on a full disk it is `later`, and `SpoolFull` raised.
        """
        self._check_process()
        made = [
            Batch(f"{batch.id}.{n}", batch.signal, batch.lane, records, body, "", batch.made)
            for n, (body, records) in enumerate(parts)
        ]
        try:
            with self._lock:
                if (flying := self._flying.get(batch.id)) is None:
                    return []
                seed = self._shelf.seed
                frames = [written(part, seed) for part in made]
                try:
                    held, at = self._shelf.write(
                        batch.lane, [*(piece for each in frames for piece in each), mark(batch, seed)], beyond=True
                    )
                except SpoolFull:
                    self._later(batch)
                    raise
                held.left += 1  # keeps the segment until the parts are counted
            with contextlib.suppress(OSError):
                self._force(held)  # before the file of the batch itself says that it is done
            with self._lock:
                held.left -= 1
                if held.file < 0 and not self._closed:  # it went for want of room meanwhile
                    self._shelf.losses.append((batch.lane, sum(part.records for part in made), "spool_full"))
                    self.done(batch)
                    return []
                for part, frame in zip(made, frames, strict=True):
                    size = sum(map(len, frame))
                    self._shelf.add(held, at, size, part.records, flying[0].born(flying[1]))
                    at += size
                self.done(batch)
                return made
        finally:
            self._tell()

    # Taking over

    def adopt(self) -> int:
        """Take over segments of processes that are gone, the most important first. Returns how many batches wait in them."""
        self._check_process()
        closed = self._closed
        if closed or not self._adopting.acquire(blocking=False):
            return 0
        try:
            with self._lock:
                self._shelf.expire(self._monotonic() - self._age)
                names = set(self._shelf.look()) - {held.name for held in self._shelf}
                room = ADOPTED - sum(held.name.stream != self._shelf.stream for held in self._shelf)
            found: list[Loaded] = []
            self._more = False
            # Without the lock: reading 4 MB takes 5 ms, and a put should not wait for 64 of them.
            for name in sorted(names, key=lambda name: (name.lane, name)):
                if len(found) >= room:
                    self._more = True
                    break
                with contextlib.suppress(OSError):
                    if (held := Held.take_over(self.folder / str(name), name)) is not None:
                        found.append((held, held.load()))
            with self._lock:
                if not self._closed:
                    return self._shelf.settle(found)
            for held, _ in found:
                held.close()
            return 0
        finally:
            self._adopting.release()
            self._tell()

    @property
    def pending(self) -> Pending:
        """What waits or is on its way, as far as this process holds it."""
        return self._shelf.pending

    @property
    def oldest(self) -> float:
        """Seconds since the oldest batch that waits was made; 0 when none does."""
        now = self._monotonic()
        with self._lock:
            ages = (now - held.born(place) for held in self._shelf for place in held.waiting())
            return max(ages, default=0.0)

    # The process's end, and its children

    def close(self, timeout: float = 5.0) -> None:
        """Force all to the disk and let go of it: another process, or the next run, takes it over. Nobody else is waited for longer
        than `timeout` seconds: what is not forced to the disk then, the kernel has.
        """
        if self._closed:
            return
        with contextlib.suppress(OSError):
            self.sync(timeout)
        mine = acquired(self._lock, timeout)
        self._closed = True
        if mine:
            try:
                self._shelf.release()
            finally:
                self._lock.release()

    def reopen_after_fork(self) -> None:
        """In a forked child: close the parent's files, which leaves its locks alone, and start a stream of its own."""
        if self._pid == os.getpid():
            return
        for held in self._shelf:
            held.close()
        for file in self._forced:
            with contextlib.suppress(OSError):
                os.close(file)
        self._begin()

    def _check_process(self) -> None:
        if os.getpid() != self._pid:
            self.reopen_after_fork()

    def _remember(self, held: Held, place: int, batch: Batch) -> None:
        self._recent[held, place] = batch
        self._recent_bytes += len(batch.body)
        while self._recent_bytes > RECENT:
            self._recent_bytes -= len(self._recent.popitem(last=False)[1].body)

    def _forget(self, held: Held, place: int) -> Batch | None:
        if (batch := self._recent.pop((held, place), None)) is not None:
            self._recent_bytes -= len(batch.body)
        return batch

    def _tell(self) -> None:
        """Tell of losses, without the lock: who hears of them may hold one that another thread has when it comes here."""
        losses, warnings = self._shelf.losses, self._shelf.warnings
        while losses or warnings:
            try:
                if warnings:
                    log.warning(*warnings.pop(0))
                else:
                    self.dropped(*losses.pop(0))
            except IndexError:
                continue  # another thread was faster
            except Exception:
                log.exception("telling of lost records failed")


def acquired(lock: threading.RLock, timeout: float | None) -> bool:
    """Whether `lock` could be had within `timeout` seconds; None waits for as long as it takes."""
    return lock.acquire(timeout=-1 if timeout is None else min(max(0.0, timeout), threading.TIMEOUT_MAX))


DiskQueue = Spool
"""The name that fits beside `BackendLogSink`."""
