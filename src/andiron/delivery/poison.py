"""Batches that a server refused for good: a file each, so that a person can look at them.

The first line of a file is JSON and says what it is and why it is here; the rest is the request as it was sent.
"""

import contextlib
import json
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from andiron.delivery.batch import Batch, Lane

SUFFIX = ".poison"


@dataclass(frozen=True, slots=True)
class Refused:
    """A batch that was set aside, and why."""

    batch: Batch
    reason: str


class Poison:
    """The folder. `most` bounds its bytes: the oldest goes first."""

    def __init__(self, folder: Path, *, most: int) -> None:
        self.folder = folder
        self._most = most

    def add(self, batch: Batch, reason: str) -> tuple[Path | None, list[Batch]]:
        """Keep `batch`, forced to the disk. Returns its file, None when it is too large, and what went to make room. Raises `OSError`."""
        about = {
            "id": batch.id,
            "signal": batch.signal,
            "lane": batch.lane.name,
            "records": batch.records,
            "encoding": batch.encoding,
            "made": batch.made,
            "reason": reason,
        }
        whole = json.dumps(about).encode() + b"\n" + batch.body
        if len(whole) > self._most:
            return None, []
        path = self.folder / f"{batch.made:013d}-{batch.id}{SUFFIX}"
        part = path.with_suffix(".part")
        private(self.folder)
        try:
            file = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            with open(file, "wb") as target:  # noqa: PTH123 - a descriptor, opened so that no link is followed
                target.write(whole)
                target.flush()
                os.fsync(file)
            part.replace(path)
        except OSError:
            with contextlib.suppress(OSError):
                part.unlink()
            raise
        return path, self._shrink(path)

    def __iter__(self) -> Iterator[Refused]:
        """What is here, the oldest first."""
        for path in self.paths():
            if (found := parsed(path)) is not None:
                yield found

    def paths(self) -> list[Path]:
        """The files, the oldest first; none where the folder cannot be listed."""
        try:
            return sorted(self.folder.glob(f"*{SUFFIX}"))
        except OSError:
            return []

    @property
    def size(self) -> int:
        """Bytes of all."""
        return sum(size_of(path) for path in self.paths())

    def _shrink(self, newest: Path) -> list[Batch]:
        size, gone = self.size, []
        for path in self.paths():
            if size <= self._most:
                break
            if path != newest:
                size -= size_of(path)
                found = parsed(path)
                # Who deletes it tells of it: another thread or process may be at the same.
                with contextlib.suppress(OSError):
                    path.unlink()
                    gone += [found.batch] if found else []
        return gone


def parsed(path: Path) -> Refused | None:
    """What a file holds; None when it is none of ours."""
    try:
        line, _, body = path.read_bytes().partition(b"\n")
        about = json.loads(line)
        batch = Batch(
            about["id"],
            about["signal"],
            Lane[about["lane"]],
            about["records"],
            body,
            about["encoding"],
            about["made"],
        )
        return Refused(batch, about["reason"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def size_of(path: Path) -> int:
    """Bytes of a file, 0 when it is gone."""
    try:
        return path.stat(follow_symlinks=False).st_size
    except OSError:
        return 0


def private(folder: Path) -> None:
    """Make `folder`, for this user alone. Raises `OSError` when it is a link, or another user's."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.stat(follow_symlinks=False)
    if not stat.S_ISDIR(found.st_mode):
        raise NotADirectoryError(20, "Not a folder of its own, but a link", str(folder))
    if found.st_uid != os.geteuid() and os.geteuid() != 0:
        raise PermissionError(13, "It belongs to another user", str(folder))
    if found.st_mode & 0o077 and found.st_uid == os.geteuid():
        folder.chmod(0o700)
