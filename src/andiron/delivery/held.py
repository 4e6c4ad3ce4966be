"""A segment of the spool that this process holds: its lock, its file, and which of its batches wait.

The lock is the kernel's (`flock`), so it goes when the process does. A batch that waits costs 32 bytes of memory: the rest is read
from the file when its turn comes.
"""

import contextlib
import errno
import fcntl
import heapq
import os
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path

from andiron.delivery.batch import Batch
from andiron.delivery.segment import BATCH, Frame, Name, mark, read

FLAGS = os.O_RDWR | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW


class Held:
    """Make one with `create` or `take_over`; both answer None when somebody else was faster."""

    def __init__(self, path: Path, name: Name, file: int) -> None:
        self.path = path
        self.name = name
        self.seed = name.seed
        self.file = file
        self.size = 0
        self.left = 0
        """Batches that are not done, those on their way included."""
        self.youngest = float("-inf")
        self.damaged = 0
        """Bytes that `load` could not read."""
        self.writing = False
        self._places = array("Q")  # three numbers a batch: where its frame starts, the frame's size, its records
        self._born = array("d")
        self._next = 0
        self._back: list[int] = []

    @classmethod
    def create(cls, folder: Path, name: Name) -> "Held | None":
        """A new file."""
        path = folder / str(name)
        file = os.open(path, FLAGS | os.O_CREAT | os.O_EXCL, 0o600)
        return cls(path, name, file) if locked(file, path) else None

    @classmethod
    def take_over(cls, path: Path, name: Name) -> "Held | None":
        """A file whose process is gone, or has let go of it. Raises `OSError` when it cannot be opened."""
        file = os.open(path, FLAGS)
        return cls(path, name, file) if locked(file, path) else None

    def load(self) -> tuple[list[Frame], set[str]]:
        """Read all of a file that was taken over: its batches without their bodies, and the ids that are done. Raises `OSError`, and
        then has let go of it.
        """
        batches: list[Frame] = []
        done: set[str] = set()
        try:
            data = self._read(0, os.fstat(self.file).st_size)
            self.size = len(data)
            for found in read(data, self.seed, bodies=False):
                if isinstance(found, Frame):
                    if found.kind == BATCH:
                        batches.append(found)
                    else:
                        done.add(found.batch.id)
                elif not found.torn:
                    self.damaged += found.size
        except OSError:
            self.close()
            raise
        return batches, done

    def append(self, parts: Sequence[bytes]) -> int:
        """Write `parts` at the end, all or nothing. Returns where they start; raises `OSError`."""
        if self.writing:
            raise OSError(errno.EBUSY, "A write was interrupted by itself", str(self.path))  # by a signal's handler
        self.writing = True
        try:
            return self._append(parts)
        finally:
            self.writing = False

    def _append(self, parts: Sequence[bytes]) -> int:
        at = self.size
        whole = sum(map(len, parts))
        try:
            done = os.writev(self.file, parts)
            while done < whole:  # a disk that is nearly full takes a part, and says why with the next
                done += os.write(self.file, b"".join(parts)[done:])
            self.size = at + whole
        except BaseException:  # KeyboardInterrupt, too: or all that follows would be looked for in the wrong place
            # Where even this fails, readers pass over the half frame: its checksum does not hold.
            with contextlib.suppress(OSError):
                self.size = os.fstat(self.file).st_size
                os.ftruncate(self.file, at)
                self.size = at
            raise
        return at

    def add(self, at: int, size: int, records: int, born: float) -> int:
        """There is a batch at `at`. Returns its place."""
        self._places.extend((at, size, records))
        self._born.append(born)
        self.left += 1
        self.youngest = max(self.youngest, born)
        return len(self._born) - 1

    def take(self) -> int | None:
        """The place of the next batch that waits."""
        if self._back:
            return heapq.heappop(self._back)
        if self._next < len(self._born):
            self._next += 1
            return self._next - 1
        return None

    def put_back(self, place: int) -> None:
        """It waits again."""
        heapq.heappush(self._back, place)

    def waiting(self) -> Iterator[int]:
        """The places of those that wait."""
        yield from self._back
        yield from range(self._next, len(self._born))

    def records(self, place: int) -> int:
        """How many records the batch at `place` holds."""
        return self._places[3 * place + 2]

    def length(self, place: int) -> int:
        """The size of its frame."""
        return self._places[3 * place + 1]

    def born(self, place: int) -> float:
        """When it was made, by the clock that never jumps."""
        return self._born[place]

    def read(self, place: int) -> Batch | None:
        """The batch at `place`, None when it is damaged."""
        at, size = self._places[3 * place], self._places[3 * place + 1]
        try:
            found = next(read(self._read(at, size), self.seed), None)
        except OSError:
            return None
        return found.batch if isinstance(found, Frame) and found.size == size else None

    def done(self, batch: Batch) -> None:
        """Note that `batch` is done. A disk that does not take the note costs nothing but a repetition after a crash."""
        with contextlib.suppress(OSError):
            self.append((mark(batch, self.seed),))

    def empty(self) -> None:
        """Nothing in it is needed any more: start it anew."""
        with contextlib.suppress(OSError):
            os.ftruncate(self.file, 0)
            self.size = 0
        self._places, self._born, self._next, self._back = array("Q"), array("d"), 0, []
        self.youngest = float("-inf")

    @property
    def gone(self) -> bool:
        """Whether somebody has deleted the file, to make room or by hand."""
        try:
            return self.file >= 0 and os.fstat(self.file).st_nlink == 0
        except OSError:
            return False

    def unlink(self) -> None:
        """Delete the file and let go of it."""
        with contextlib.suppress(OSError):
            self.path.unlink(missing_ok=True)
        self.close()

    def close(self) -> None:
        """Let go of it, and of its lock with it: whoever comes may take it over."""
        file, self.file = self.file, -1
        if file >= 0:
            os.close(file)

    def _read(self, at: int, size: int) -> bytes:
        data = os.pread(self.file, size, at)
        while len(data) < size and (more := os.pread(self.file, size - len(data), at + len(data))):
            data += more
        return data


def locked(file: int, path: Path) -> bool:
    """Lock `file`, which was opened as `path`; else close it. It may have been deleted, or taken, in between."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(file), path.stat(follow_symlinks=False)):
            return True
    except (BlockingIOError, FileNotFoundError):
        pass
    except OSError:
        os.close(file)
        raise
    os.close(file)
    return False
