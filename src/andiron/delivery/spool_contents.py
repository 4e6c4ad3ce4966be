"""What lies in spools, read without taking anything: for the commands that show it."""

import fcntl
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from andiron.delivery.batch import Batch
from andiron.delivery.poison import Poison, Refused
from andiron.delivery.segment import BATCH, Frame, Name, read


@dataclass(frozen=True, slots=True)
class Contents:
    """The spool of one application."""

    application: str
    segments: int
    batches: int
    records: int
    bytes: int
    """On the disk."""
    oldest: int | None
    """Milliseconds since 1970."""
    in_use: bool
    """Whether a process runs that holds any of it."""
    refused: list[Refused]


def applications(root: Path) -> list[Path]:
    """The folders of the spools in `root`, or `root` itself when it is one."""
    if not root.is_dir():
        return []
    if any(Name.of(path.name) for path in root.iterdir()):
        return [root]
    return sorted(path for path in root.iterdir() if path.is_dir() and path.name != "poison")


def contents(folder: Path) -> Contents:
    """What waits in `folder`."""
    waiting = list(batches(folder, bodies=False))
    files = segments(folder)
    return Contents(
        application=folder.name,
        segments=len(files),
        batches=len(waiting),
        records=sum(batch.records for batch in waiting),
        bytes=sum(path.stat().st_size for path, _ in files if path.exists()),
        oldest=min((batch.made for batch in waiting), default=None),
        in_use=any(held(path) for path, _ in files),
        refused=list(Poison(folder / "poison", most=0)),
    )


def batches(folder: Path, *, bodies: bool = True) -> Iterator[Batch]:
    """The batches that are not done, in the order in which they would be sent."""
    done = {
        frame.batch.id
        for path, name in segments(folder)
        for frame in frames(path, name, bodies=False)
        if frame.kind != BATCH
    }
    for path, name in segments(folder):
        for frame in frames(path, name, bodies=bodies):
            if frame.kind == BATCH and frame.batch.id not in done:
                yield frame.batch


def frames(path: Path, name: Name, *, bodies: bool) -> Iterator[Frame]:
    """The sound frames of a file, none when it is gone meanwhile."""
    try:
        data = path.read_bytes()
    except OSError:
        return
    yield from (found for found in read(data, name.seed, bodies=bodies) if isinstance(found, Frame))


def segments(folder: Path) -> list[tuple[Path, Name]]:
    """The files of a spool: the most important first, then the oldest."""
    found = [(path, name) for path in folder.iterdir() if (name := Name.of(path.name)) is not None]
    return sorted(found, key=lambda each: (each[1].lane, each[1]))


def held(path: Path) -> bool:
    """Whether a process holds a segment."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(file)
    return False
