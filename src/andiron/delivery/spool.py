"""The spool: what is to be sent lies here, on disk, until a server has it.

A folder an application holds segments, each with one lane of one process, each locked by the process that writes or sends it.
`put` is one write and no fsync: it survives the death of the process at once, and that of the machine with the next `sync`.
A segment whose lock is free was left behind, and `adopt` takes it over.
"""

import contextlib
import logging
import os
import secrets
import threading
import time
from bisect import insort
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from andiron.delivery.batch import Batch, Lane
from andiron.delivery.held import Held
from andiron.delivery.poison import Poison, private
from andiron.delivery.segment import Frame, Name, mark, seed, written

log = logging.getLogger("andiron.delivery")

RECENT = 2_000_000
"""Bytes of batches just put that are kept in memory: online, nothing is read back."""
STALE = 64_000
"""Bytes above which an open segment is emptied when nothing in it is needed any more."""
ADOPTED = 64
"""Most segments that are taken over at a time: each costs an open file."""
AGAIN = 1.0
"""Seconds for which a refusal for want of room holds without looking at the folder again."""

_sync = getattr(os, "fdatasync", os.fsync)  # macOS has only the latter


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


class AnySpool(Protocol):
    """What the pipeline wants of a spool, be it on disk or in memory."""

    dropped: Dropped

    def put(self, signal: str, lane: Lane, records: int, body: bytes, encoding: str = "") -> Batch:
        """Keep a batch. Raises `SpoolFull`."""
        ...

    def sync(self) -> None:
        """What was put so far survives the machine's death from now on. Raises `OSError`."""
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

    def set_aside(self, batch: Batch, reason: str) -> Path:
        """The server refuses it for good: keep it for a person to look at."""
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

    def close(self) -> None:
        """Let go of everything."""
        ...

    def reopen_after_fork(self) -> None:
        """In a forked child: leave all that is the parent's, and start anew."""
        ...


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
    ) -> None:
        self.folder = folder
        self.dropped = dropped
        self._most = most
        self._age = age
        self._segment = max(1, min(segment, most // 16))
        self._clock = clock
        self._monotonic = monotonic
        private(folder)
        self._poison = Poison(folder / "poison", most=most // 16)
        self._closed = False
        self._begin()
        with self._lock:
            self._open(Lane.NORMAL)  # proves that files can be made and locked here

    def _begin(self) -> None:
        """A process starts with nothing of its own."""
        self._pid = os.getpid()
        self._lock = threading.RLock()
        self._adopting = threading.Lock()
        self._stream = secrets.token_hex(16)
        self._seed = seed(self._stream)
        self._number = 0
        self._files = 0
        self._made = 0
        self._held: dict[Lane, list[Held]] = {lane: [] for lane in Lane}
        self._active: dict[Lane, Held] = {}
        self._flying: dict[str, tuple[Held, int]] = {}
        self._recent: OrderedDict[tuple[Held, int], Batch] = OrderedDict()
        self._recent_bytes = 0
        self._dirty: set[Held] = set()
        self._dirty_folder = False
        self._syncing: list[int] = []
        self._losses: list[tuple[Lane, int, str]] = []
        self._pending = Pending(0, 0, 0)
        self._more = False
        self._total = 0
        self._unseen = self._most  # look at the folder with the first put
        self._refused: tuple[float, Lane] | None = None

    # Keeping

    def put(self, signal: str, lane: Lane, records: int, body: bytes, encoding: str = "") -> Batch:
        """Keep a batch: one write, no fsync. Raises `SpoolFull`."""
        self._check_process()
        try:
            with self._lock:
                batch = Batch(self._next_id(), signal, lane, records, body, encoding, int(self._clock() * 1000))
                held, at = self._write(lane, written(batch, self._seed))
                place = self._add(held, at, held.size - at, records, self._monotonic())
                self._remember(held, place, batch)
                return batch
        finally:
            self._report()

    def sync(self) -> None:
        """One fsync for all that was put since the last, without keeping anybody from putting. Raises `OSError`."""
        self._check_process()
        with self._lock:
            dirty, self._dirty = list(self._dirty), set()
            files = [os.dup(held.file) for held in dirty]
            if self._dirty_folder:
                files.append(os.open(self.folder, os.O_RDONLY | os.O_CLOEXEC))
            self._dirty_folder = False
            self._syncing += files
        try:
            for file in files:
                _sync(file)
        except OSError:
            with self._lock:
                self._dirty.update(held for held in dirty if held.file >= 0)
                self._dirty_folder = True
            raise
        finally:
            with self._lock:
                for file in files:
                    self._syncing.remove(file)
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
            self._report()

    def _take(self) -> Batch | None:
        until = self._monotonic() - self._age
        for lane in Lane:
            for held in list(self._held[lane]):
                while (place := held.take()) is not None:
                    if held.born(place) < until:
                        self._lose(held, place, "expired")
                    elif (batch := self._forget(held, place) or held.read(place)) is None:
                        self._lose(held, place, "damaged")
                    else:
                        self._flying[batch.id] = held, place
                        return batch
        return None

    def done(self, batch: Batch) -> None:
        """The server has it: its segment says so, and goes when it holds nothing else."""
        self._check_process()
        with self._lock:
            if (flying := self._flying.pop(batch.id, None)) is not None:
                self._finish(*flying, batch)

    def later(self, batch: Batch) -> None:
        """It is the first of its lane again."""
        self._check_process()
        with self._lock:
            if (flying := self._flying.pop(batch.id, None)) is not None:
                held, place = flying
                if held.file < 0:
                    # Its segment went for want of room while it was on its way.
                    self._losses.append((held.name.lane, batch.records, "spool_full"))
                else:
                    held.put_back(place)
                    self._remember(held, place, batch)
        self._report()

    def set_aside(self, batch: Batch, reason: str) -> Path:
        """Into the folder `poison`, as a file of its own that says why. On a full disk it is lost, so that the others go on."""
        self._check_process()
        with self._lock:
            try:
                path, forgotten = self._poison.add(batch, reason)
            except OSError:
                log.exception("a batch cannot be set aside: %s", reason)
                self._losses.append((batch.lane, batch.records, "disk_full"))
                path, forgotten = self._poison.folder, []
            self._losses += [(each.lane, each.records, "poison_full") for each in forgotten]
        self.done(batch)
        self._report()
        return path

    def replace(self, batch: Batch, parts: Sequence[tuple[bytes, int]]) -> list[Batch]:
        """Divide a batch. The parts' ids come from its own, and they are there if and only if the batch is done: both in one write."""
        self._check_process()
        with self._lock:
            flying = self._flying.get(batch.id)
            made = [
                Batch(f"{batch.id}.{n}", batch.signal, batch.lane, records, body, "", batch.made)
                for n, (body, records) in enumerate(parts)
            ]
            if flying is None or flying[0].file < 0:
                return []
            frames = [written(part, self._seed) for part in made]
            try:
                held, at = self._write(
                    batch.lane, [*(piece for frame in frames for piece in frame), mark(batch, self._seed)]
                )
                # Before the parent's own file says that it is done.
                _sync(held.file)
            except OSError:
                self.later(batch)
                raise
            born = flying[0].born(flying[1])
            for part, frame in zip(made, frames, strict=True):
                size = sum(map(len, frame))
                self._add(held, at, size, part.records, born)
                at += size
            self.done(batch)
            return made

    # Taking over

    def adopt(self) -> int:
        """Take over segments of processes that are gone, the most important first. Returns how many batches they hold."""
        self._check_process()
        if self._closed or not self._adopting.acquire(blocking=False):
            return 0
        try:
            with self._lock:
                files = self._look()
                self._expire()
                ours = {held.path.name for lane in Lane for held in self._held[lane]}
            found: list[tuple[Held, list[Frame], set[str]]] = []
            self._more = False
            for name in sorted(files, key=lambda name: (name.lane, name)):
                if str(name) in ours:
                    continue
                if len(found) == ADOPTED:
                    self._more = True
                    break
                with contextlib.suppress(OSError):
                    if (held := Held.take_over(self.folder / str(name), name)) is not None:
                        found.append((held, *self._load(held)))
            with self._lock:
                return self._settle(found)
        finally:
            self._adopting.release()
            self._report()

    def _load(self, held: Held) -> tuple[list[Frame], set[str]]:
        try:
            batches, done, damaged = held.load()
        except OSError:
            held.close()
            raise
        if damaged:
            log.warning("%d bytes of %s are damaged; what was in them is lost", damaged, held.path)
        return batches, done

    def _settle(self, found: list[tuple[Held, list[Frame], set[str]]]) -> int:
        """Count what of the segments still waits."""
        done = set[str]().union(*(ids for _, _, ids in found))
        waiting = {frame.batch.id for _, frames, _ in found for frame in frames} - done
        now, wall = self._monotonic(), self._clock()
        count = 0
        for held, frames, _ in found:
            insort(self._held[held.name.lane], held, key=lambda each: each.name)
            for frame in frames:
                batch = frame.batch
                # Parts of a batch that is not done were torn off while they were written: it will be divided again.
                if batch.id in done or any(each in waiting for each in parents(batch.id)):
                    continue
                self._add(held, frame.at, frame.size, batch.records, now - max(0.0, wall - batch.made / 1000))
                count += 1
            if not held.left:
                self._drop(held)
        return count

    @property
    def pending(self) -> Pending:
        """What waits or is on its way, as far as this process holds it."""
        return self._pending

    @property
    def oldest(self) -> float:
        """Seconds since the oldest of it was made."""
        with self._lock:
            born = [held.born(place) for lane in Lane for held in self._held[lane] for place in held.waiting()]
        return max(0.0, self._monotonic() - min(born)) if born else 0.0

    def close(self) -> None:
        """Force all to the disk and let go of it: another process, or the next run, takes it over."""
        if self._closed:
            return
        with contextlib.suppress(OSError):
            self.sync()
        with self._lock:
            self._closed = True
            self._active.clear()
            for held in [held for lane in Lane for held in self._held[lane]]:
                self._let_go(held)
                if held.left:
                    held.close()
                else:
                    held.unlink()

    def reopen_after_fork(self) -> None:
        """In a forked child: close the parent's files, which leaves its locks alone, and start a stream of its own."""
        if self._pid == os.getpid():
            return
        for held in [held for lane in Lane for held in self._held[lane]]:
            held.close()
        for file in self._syncing:
            with contextlib.suppress(OSError):
                os.close(file)
        self._begin()

    def _check_process(self) -> None:
        if os.getpid() != self._pid:
            self.reopen_after_fork()

    # Files

    def _next_id(self) -> str:
        if self._closed:
            raise SpoolFull(f"The spool in {self.folder} is closed.", reason="closed")
        self._number += 1
        return f"{self._stream}-{self._number - 1}"

    def _write(self, lane: Lane, parts: Sequence[bytes]) -> tuple[Held, int]:
        """Append to the open segment of a lane."""
        size = sum(map(len, parts))
        self._make_room(size, lane)
        try:
            held = self._active.get(lane)
            if held is not None and held.size and held.size + size > self._segment:
                self._seal(held)
                held = None
            held = held or self._open(lane)
            at = held.append(parts)
            if held.gone:
                # Another process made room with it, or somebody emptied the folder. What was in it is lost, but not this.
                self._drop(held, "spool_full")
                held = self._open(lane)
                at = held.append(parts)
        except OSError as error:
            raise SpoolFull(
                f"The spool in {self.folder} cannot be written: {error.strerror or error}.", reason="disk_full"
            ) from error
        self._total += size
        self._unseen += size
        self._dirty.add(held)
        return held, at

    def _open(self, lane: Lane) -> Held:
        private(self.folder)
        while True:
            # Names sort by time even when the clock goes back.
            self._made = max(self._made, int(self._clock() * 1000))
            self._files += 1
            held = Held.create(self.folder, Name(self._made, self._files, self._pid, self._stream, lane))
            if held is not None:
                self._active[lane] = held
                self._held[lane].append(held)
                self._held[lane].sort(key=lambda each: each.name)
                self._dirty_folder = True
                return held

    def _seal(self, held: Held) -> None:
        del self._active[held.name.lane]
        if not held.left:
            self._drop(held)

    def _add(self, held: Held, at: int, size: int, records: int, born: float) -> int:
        self._count(1, records, size)
        return held.add(at, size, records, born)

    def _count(self, batches: int, records: int, size: int) -> None:
        before = self._pending
        self._pending = Pending(before.batches + batches, before.records + records, before.bytes + size)

    def _remember(self, held: Held, place: int, batch: Batch) -> None:
        self._recent[held, place] = batch
        self._recent_bytes += len(batch.body)
        while self._recent_bytes > RECENT:
            self._recent_bytes -= len(self._recent.popitem(last=False)[1].body)

    def _forget(self, held: Held, place: int) -> Batch | None:
        if (batch := self._recent.pop((held, place), None)) is not None:
            self._recent_bytes -= len(batch.body)
        return batch

    def _finish(self, held: Held, place: int, batch: Batch | None) -> None:
        """A batch is not needed any more; None for one that cannot be read."""
        self._count(-1, -held.records(place), -held.length(place))
        if held.file < 0:
            return
        held.left -= 1
        before = held.size
        active = self._active.get(held.name.lane) is held
        if not held.left and not active:
            self._drop(held)
        elif not held.left and held.size > STALE:
            held.empty()
        elif batch is not None:
            held.done(batch)
        self._total += held.size - before

    def _lose(self, held: Held, place: int, reason: str) -> None:
        self._losses.append((held.name.lane, held.records(place), reason))
        self._finish(held, place, self._forget(held, place) or held.read(place))

    def _drop(self, held: Held, reason: str = "") -> None:
        """Delete a segment; with a reason, what waits in it is lost."""
        waiting = list(held.waiting())
        for place in waiting:
            self._forget(held, place)
            self._count(-1, -held.records(place), -held.length(place))
        if waiting:
            self._losses.append((held.name.lane, sum(map(held.records, waiting)), reason))
        self._let_go(held)
        self._total -= held.size
        held.unlink()

    def _let_go(self, held: Held) -> None:
        self._held[held.name.lane].remove(held)
        self._dirty.discard(held)
        if self._active.get(held.name.lane) is held:
            del self._active[held.name.lane]

    # Bounds

    def _make_room(self, size: int, lane: Lane) -> None:
        """See that `size` more bytes fit: the least important go, the oldest first, but nothing above what comes, and never an error."""
        if self._total + size <= self._most and self._unseen + size <= self._most // 64:
            return
        now = self._monotonic()
        if self._refused is not None and self._total + size > self._most:
            until, refused = self._refused
            if now < until and lane >= refused:
                raise self._full()
        files = self._look()
        excess = self._total + size - self._most
        least = sorted(
            (name for name in files if name.lane >= max(lane, Lane.NORMAL)), key=lambda name: (-name.lane, name)
        )
        if excess > sum(files[name] for name in least):
            self._refused = now + AGAIN, lane
            raise self._full()
        for name in least:
            if self._total + size <= self._most:
                break
            self._evict(name, files[name])

    def _full(self) -> SpoolFull:
        return SpoolFull(f"The spool in {self.folder} is full.", reason="spool_full")

    def _evict(self, name: Name, size: int) -> None:
        held = next((each for each in self._held[name.lane] if each.name == name), None)
        if held is None:
            path = self.folder / str(name)
            self._total -= size
            with contextlib.suppress(OSError):
                if (held := Held.take_over(path, name)) is None:
                    # Its process will see that it is gone, and count what was in it.
                    path.unlink(missing_ok=True)
                    return
                self._total += size
                self._settle([(held, *self._load(held))])
            if held is None or held.file < 0:
                return
        self._drop(held, "spool_full")

    def _look(self) -> dict[Name, int]:
        """Read the folder: how large the segments of all processes are, and whether ours are still there."""
        found: dict[Name, int] = {}
        with contextlib.suppress(FileNotFoundError), os.scandir(self.folder) as entries:
            for entry in entries:
                if (name := Name.of(entry.name)) is not None:
                    with contextlib.suppress(OSError):
                        found[name] = entry.stat(follow_symlinks=False).st_size
        for held in [held for lane in Lane for held in self._held[lane]]:
            if held.name not in found and held.gone:
                self._drop(held, "spool_full")
        self._total = sum(found.values()) + self._poison.size
        self._unseen = 0
        return found

    def _expire(self) -> None:
        until = self._monotonic() - self._age
        for held in [held for lane in Lane for held in self._held[lane]]:
            if held.left and held.youngest < until:
                self._drop(held, "expired")

    def _report(self) -> None:
        """Tell of losses, outside of the lock."""
        while self._losses:
            try:
                lost = self._losses.pop(0)
                self.dropped(*lost)
            except Exception:
                log.exception("telling of lost records failed")


def parents(batch_id: str) -> list[str]:
    """The ids of the batches that a part was divided from."""
    parts = batch_id.split(".")
    return [".".join(parts[:n]) for n in range(1, len(parts))]
