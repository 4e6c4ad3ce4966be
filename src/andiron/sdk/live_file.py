"""A file that tells whether the process that made it still lives: it is locked while that process runs, and the kernel lets go however the process ends.

Process ids are used again and a flag needs somebody to take it down; a lock needs nobody.
"""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

if sys.platform != "win32":
    import fcntl

CLOSE_ON_EXEC = getattr(os, "O_CLOEXEC", 0)
MOST = 1_000_000
"""Bytes read of a file that another process left."""


class LiveFile:
    """A file of this process, locked until `close`. Anything wrong with the disk raises OSError."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path = path
        # It takes its name once it is locked: nobody ever sees it unlocked while we live.
        draft = path.with_name(f"{path.name}.new")
        self.descriptor = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND | CLOSE_ON_EXEC, 0o600)
        _lock(self.descriptor)
        draft.replace(path)

    def replace(self, content: bytes) -> None:
        """Write `content` instead of what is there. Small content arrives whole or not at all."""
        os.ftruncate(self.descriptor, 0)
        os.write(self.descriptor, content)

    def close(self, *, remove: bool = False) -> None:
        """Let go of it. In a child this leaves the parent's lock alone."""
        if self.descriptor < 0:
            return
        if remove:
            self.path.unlink(missing_ok=True)
        os.close(self.descriptor)
        self.descriptor = -1


def left_behind(folder: Path, pattern: str) -> Iterator[tuple[Path, bytes, float]]:
    """Files whose process is gone, oldest first: path, content, time of the last write.

    Each is ours while the caller looks at it, so of several processes that start at once only one sees it; it is removed when the caller asks for the next.
    """
    if sys.platform == "win32":
        return
    paths = []
    with contextlib.suppress(OSError):  # no folder yet
        paths = sorted(folder.glob(pattern), key=_touched)
    for path in paths:
        try:
            descriptor = os.open(path, os.O_RDWR | CLOSE_ON_EXEC)
        except OSError:
            continue
        try:
            # Another may have removed the file between our opening and our locking it.
            if _lock(descriptor) and os.fstat(descriptor).st_nlink:
                yield path, os.read(descriptor, MOST), os.fstat(descriptor).st_mtime
                with contextlib.suppress(OSError):
                    path.unlink(missing_ok=True)
        finally:
            os.close(descriptor)


def _touched(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0  # another start has just dealt with it


def _lock(descriptor: int) -> bool:
    if sys.platform == "win32":
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
