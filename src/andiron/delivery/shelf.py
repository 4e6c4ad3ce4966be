"""The segments in a spool's folder: those that this process holds, the open ones among them, and the bounds for all.

Whoever calls holds the spool's lock.
"""

import contextlib
import errno
import os
from bisect import insort
from collections.abc import Callable, Iterator, Sequence
from operator import attrgetter
from pathlib import Path

from andiron.delivery.any_spool import Pending, SpoolFull, age
from andiron.delivery.batch import Batch, Lane
from andiron.delivery.held import Held
from andiron.delivery.poison import Poison, private
from andiron.delivery.segment import Frame, Name, seed

STALE = 64_000
"""Bytes above which an open segment is emptied when nothing in it is needed any more."""
FULL = (errno.ENOSPC, errno.EDQUOT)
AGAIN = 1.0
"""Seconds for which a refusal for want of room holds without looking at the folder again."""

Loaded = tuple[Held, tuple[list[Frame], set[str]]]
"""A segment that was taken over, its batches, and the ids that it says are done."""


class Shelf:
    """Made anew in a forked child: a process starts with nothing of its own."""

    def __init__(
        self,
        folder: Path,
        poison: Poison,
        stream: str,
        *,
        most: int,
        segment: int,
        clock: Callable[[], float],
        monotonic: Callable[[], float],
    ) -> None:
        self.stream = stream
        self.seed = seed(stream)
        self.pending = Pending(0, 0, 0)
        self.dirty: set[Held] = set()
        """Written to since the last sync."""
        self.dirty_folder = False
        self.losses: list[tuple[Lane, int, str]] = []
        """What is still to be told, and"""
        self.warnings: list[tuple[str, object, object]] = []
        """what is to be logged, by who does not hold the lock."""
        self._folder = folder
        self._poison = poison
        self._most = most
        self._segment = segment
        self._clock = clock
        self._monotonic = monotonic
        self._held: dict[Lane, list[Held]] = {lane: [] for lane in Lane}
        self._open: dict[Lane, Held] = {}
        self._made = 0
        self._number = 0
        self._total = 0
        self._unseen = most
        """Bytes written since the last look at the folder; so many at first that the first put looks."""
        self._refused: tuple[float, Lane] | None = None

    def __iter__(self) -> Iterator[Held]:
        """All that are held, by lane and age; they may be dropped meanwhile."""
        for held in self._held.values():
            yield from list(held)

    # Batches

    def write(self, lane: Lane, parts: Sequence[bytes], *, beyond: bool = False) -> tuple[Held, int]:
        """Append to the open segment of a lane, on demand beyond the bound where no room can be made. Raises `SpoolFull`."""
        size = sum(map(len, parts))
        try:
            self._make_room(size, lane)
        except SpoolFull:
            if not beyond:
                raise
        try:
            try:
                held, at = self._append(lane, parts)
            except OSError as error:
                if error.errno not in FULL or not self._free_disk(lane):
                    raise
                held, at = self._append(lane, parts)
        except OSError as error:
            raise SpoolFull(
                f"The spool in {self._folder} cannot be written: {error.strerror or error}.", reason="disk_full"
            ) from error
        self._total += size
        self._unseen += size
        self.dirty.add(held)
        return held, at

    def _append(self, lane: Lane, parts: Sequence[bytes]) -> tuple[Held, int]:
        held = self._open.get(lane)
        if held is not None and held.size and held.size + sum(map(len, parts)) > self._segment:
            self._seal(held)
            held = None
        held = held or self.open(lane)
        at = held.append(parts)
        if held.gone:
            # Another process made room with it, or somebody emptied the folder. What was in it is lost, but not this.
            self.drop(held, "spool_full")
            self._unseen = self._most
            held = self.open(lane)
            at = held.append(parts)
        return held, at

    def add(self, held: Held, at: int, size: int, records: int, born: float) -> int:
        """A batch waits at `at`. Returns its place."""
        self._count(1, records, size)
        return held.add(at, size, records, born)

    def finish(self, held: Held, place: int, batch: Batch | None) -> None:
        """A batch is not needed any more; None for one that cannot be read."""
        self._count(-1, -held.records(place), -held.length(place))
        if held.file < 0:
            return
        held.left -= 1
        before = held.size
        if held.left:
            if batch is not None:
                held.done(batch)
        elif self._open.get(held.name.lane) is not held:
            self.drop(held)
            return
        elif held.size > STALE or batch is None:
            held.empty()
        else:
            held.done(batch)
        self._total += held.size - before

    # Segments

    def open(self, lane: Lane) -> Held:
        """A new segment for a lane. Raises `OSError`."""
        private(self._folder)
        while True:
            # Names sort by time even when the clock goes back.
            self._made = max(self._made, int(self._clock() * 1000))
            self._number += 1
            held = Held.create(self._folder, Name(self._made, self._number, os.getpid(), self.stream, lane))
            if held is not None:
                self._open[lane] = held
                self._insert(held)
                self.dirty_folder = True
                return held

    def drop(self, held: Held, reason: str = "") -> None:
        """Delete a segment; with a reason, what waits in it is lost."""
        waiting = list(held.waiting())
        for place in waiting:
            self._count(-1, -held.records(place), -held.length(place))
        if waiting:
            self.losses.append((held.name.lane, sum(map(held.records, waiting)), reason))
        self._remove(held)
        self._total -= held.size
        held.unlink()

    def release(self) -> None:
        """Let go of all segments, and delete those in which nothing waits."""
        for held in self:
            self._remove(held)
            if held.left or held.writing:
                held.close()
            else:
                held.unlink()

    def settle(self, found: Sequence[Loaded]) -> int:
        """Hold segments that were taken over. Returns how many batches wait in them."""
        done = set[str]().union(*(ids for _, (_, ids) in found))
        waiting = {frame.batch.id for _, (frames, _) in found for frame in frames} - done
        now, wall = self._monotonic(), self._clock()
        count = 0
        for held, (frames, _) in found:
            self._insert(held)
            if held.damaged:
                text = "%d bytes of %s are damaged; what was in them is lost"
                self.warnings.append((text, held.damaged, held.path))
            for frame in frames:
                batch = frame.batch
                # Parts of a batch that is not done were torn off while they were written: it will be divided again.
                if batch.id not in done and not any(each in waiting for each in parents(batch.id)):
                    done.add(batch.id)
                    self.add(held, frame.at, frame.size, batch.records, now - age(batch, wall))
                    count += 1
            if not held.left:
                self.drop(held)
        return count

    def expire(self, before: float) -> None:
        """Drop the segments whose youngest batch was made before then."""
        for held in self:
            if held.left and held.youngest < before:
                self.drop(held, "expired")

    def look(self) -> dict[Name, int]:
        """Read the folder: how large the segments of all processes are, and whether ours are still there. Where it cannot be listed,
        ours are all.
        """
        found: dict[Name, int] = {}
        self._unseen = 0
        try:
            with contextlib.suppress(FileNotFoundError), os.scandir(self._folder) as entries:
                for entry in entries:
                    if (name := Name.of(entry.name)) is not None:
                        with contextlib.suppress(OSError):
                            found[name] = entry.stat(follow_symlinks=False).st_size
        except OSError:
            # Too many open files, a disk that fails: what is held can still be read and sent.
            return {held.name: held.size for held in self}
        for held in self:
            if held.name not in found and held.gone:
                self.drop(held, "spool_full")
        self._total = sum(found.values()) + self._poison.size
        return found

    def _make_room(self, size: int, lane: Lane) -> None:
        """See that `size` more bytes fit: the least important go, the oldest first, but nothing above what comes, and never an error."""
        if self._total + size <= self._most and self._unseen + size <= self._most // 64:
            return
        if self._refused is not None and self._total + size > self._most:
            until, refused = self._refused
            if lane >= refused and self._monotonic() < until:
                raise self._full()
        files = self.look()
        least = [name for name in files if name.lane >= max(lane, Lane.NORMAL)]
        if self._total + size - self._most > sum(files[name] for name in least):
            self._refused = self._monotonic() + AGAIN, lane
            raise self._full()
        for name in sorted(least, key=lambda name: (-name.lane, name)):
            if self._total + size <= self._most:
                break
            self._evict(name, files[name])

    def _free_disk(self, lane: Lane) -> bool:
        """The disk is full: give back what is not needed any more, else one segment of what is less important than `lane`."""
        unneeded = [held for held in self if not held.left and held.size]
        for held in unneeded:
            self._total -= held.size
            held.empty()
        if not unneeded:
            least = sorted(
                (held for held in self if held.name.lane > lane), key=lambda held: (-held.name.lane, held.name)
            )
            for held in least[:1]:
                self.drop(held, "disk_full")
            return bool(least)
        return True

    def _evict(self, name: Name, size: int) -> None:
        held = next((held for held in self._held[name.lane] if held.name == name), None)
        if held is None:
            path = self._folder / str(name)
            with contextlib.suppress(OSError):
                if (held := Held.take_over(path, name)) is None:
                    # Its process will see that it is gone, and tell what was in it.
                    path.unlink(missing_ok=True)
                else:
                    self.settle([(held, held.load())])
        if held is None or held.file < 0:
            self._total -= size
        else:
            self.drop(held, "spool_full")

    def _full(self) -> SpoolFull:
        return SpoolFull(f"The spool in {self._folder} is full.", reason="spool_full")

    def _seal(self, held: Held) -> None:
        del self._open[held.name.lane]
        if not held.left:
            self.drop(held)

    def _insert(self, held: Held) -> None:
        insort(self._held[held.name.lane], held, key=attrgetter("name"))

    def _remove(self, held: Held) -> None:
        self._held[held.name.lane].remove(held)
        self.dirty.discard(held)
        if self._open.get(held.name.lane) is held:
            del self._open[held.name.lane]

    def _count(self, batches: int, records: int, size: int) -> None:
        now = self.pending
        self.pending = Pending(now.batches + batches, now.records + records, now.bytes + size)


def parents(batch_id: str) -> Iterator[str]:
    """The ids of the batches that a part was divided from."""
    while "." in batch_id:
        batch_id = batch_id.rpartition(".")[0]
        yield batch_id
