"""Idempotency keys: which requests are on disk already, so that a repeat is acknowledged and stored nothing twice.

A key is written with its request into the journal, so both are durable at once. Before the loader deletes a segment it hands the
names here, where they go into a log of their own: pages, a line each, `<CRC-32> <JSON>`. Damage costs the pages that it hits.
"""

import asyncio
import base64
import json
import logging
import os
import re
import threading
import time
from array import array
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

from isal import isal_zlib

from andiron.server.ingest.known import Known, Page, lineage
from andiron.server.ingest.segment import Entry

log = logging.getLogger(__name__)

VALID = re.compile(r"[!-~]{1,255}")
"""What a client may send as a key."""
SPARE = 1_000_000
"""Bytes by which the log may grow beyond twice of what was necessary before it is written anew."""


class Keys:
    """Asked and told by the event loop, kept by the loader's threads."""

    def __init__(self, folder: Path, *, age: float, memory: int, clock: Callable[[], float] = time.time) -> None:
        self._path = folder / "known.log"
        self._clock = clock
        self._empty = partial(Known, age=age, memory=memory)
        self._known = self._empty()
        self._pending: dict[str, asyncio.Future[None]] = {}
        self._writing = threading.Lock()
        self._size = 0
        self._rewrite_at = 0
        """The size of the log at which it is written anew; 0 at once, as at start, or after a failure."""
        self._load()

    def recall(self, entries: Iterable[Entry]) -> None:
        """Know what is in the journal; at start, before anything is asked."""
        now = self._clock()
        for name in names(entries):
            self._known.add(name, now)

    async def repeated(self, name: str) -> bool:
        """Whether the request called `name`, or one that it is a part of, is on disk; waits for one that is on its way there."""
        family = lineage(name)
        while first := next((each for each in family if each in self._pending), None):
            await asyncio.wait([self._pending[first]])
            self._settle(first)
        return any(each in self._known for each in family)

    def claim(self, name: str, written: "asyncio.Future[None]") -> None:
        """`name` is on its way to the disk, and known once it is there, even if its sender does not wait for that."""
        self._pending[name] = written
        written.add_done_callback(lambda _: self._settle(name))

    def _settle(self, name: str) -> None:
        # Called by whoever is first after the write, and perhaps when the next one is already trying.
        if (written := self._pending.get(name)) is not None and written.done():
            del self._pending[name]
            if not written.cancelled() and written.exception() is None:
                self._known.add(name, self._clock())

    def keep(self, entries: Iterable[Entry]) -> None:
        """Note on disk that the keys of these are known, since their segment is about to be deleted.

        A log that cannot be written does not stop the loader: what is in memory is written whole as soon as that works again.
        """
        loaded = self._empty()
        now = self._clock()
        for name in names(entries):
            loaded.add(name, now)
        pages = b"".join(map(line, loaded.snapshot()))
        if not pages:
            return
        with self._writing:
            try:
                if self._size + len(pages) > self._rewrite_at:
                    self._rewrite(pages)
                else:
                    self._append(pages)
            except OSError as error:
                self._rewrite_at = 0
                log.error(  # noqa: TRY400 - a full disk would repeat its traceback with each segment
                    "idempotency keys not written: after a restart now, repeats would be stored again",
                    extra={"path": str(self._path), "error": str(error)},
                )

    def _append(self, pages: bytes) -> None:
        with self._path.open("ab") as file:
            file.write(pages)
            file.flush()
            os.fdatasync(file.fileno())
        self._size += len(pages)

    def _rewrite(self, pages: bytes) -> None:
        """Write what memory holds, and `pages`, which it may not hold yet or no longer."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        part = self._path.with_suffix(".part")
        with part.open("wb") as file:
            file.writelines(map(line, self._known.snapshot()))
            file.write(pages)
            file.flush()
            os.fsync(file.fileno())
            self._size = file.tell()
        part.replace(self._path)
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        self._rewrite_at = 2 * self._size + SPARE

    def _load(self) -> None:
        lost = 0
        try:
            with self._path.open("rb") as file:
                for text in file:
                    try:
                        self._known.merge(parsed(text.rstrip(b"\n")))
                    except (ValueError, KeyError, TypeError, AttributeError):
                        lost += 1
        except FileNotFoundError:
            return
        except OSError as error:
            log.error("idempotency keys cannot be read", extra={"path": str(self._path), "error": str(error)})  # noqa: TRY400 - the reason is in the line
        if lost:
            log.warning("idempotency keys damaged: some repeats may be stored again", extra={"lines": lost})


def named(database: str, signal: int, key: str) -> str:
    """What tells a request with a key from all others: the same key means another one in another project or signal."""
    return f"{database} {signal} {key}"


def names(entries: Iterable[Entry]) -> Iterator[str]:
    """The names of those that have a key."""
    return (named(entry.database, entry.signal, entry.key) for entry in entries if entry.key)


def line(page: Page) -> bytes:
    """A page as it stands in the log."""
    document = {
        "at": page.at,
        "chunks": {chunk: f"{bits:x}" for chunk, bits in page.chunks.items()},
        "digests": base64.b64encode(page.digests.tobytes()).decode(),
    }
    text = json.dumps(document, separators=(",", ":")).encode()
    return b"%08x %b\n" % (isal_zlib.crc32(text), text)


def parsed(text: bytes) -> Page:
    """The page of a line. Raises `ValueError` for what is none."""
    checksum, _, rest = text.partition(b" ")
    if isal_zlib.crc32(rest) != int(checksum, 16):
        raise ValueError("checksum")
    document = json.loads(rest)
    digests = array("Q", base64.b64decode(document["digests"]))
    return Page(float(document["at"]), {chunk: int(bits, 16) for chunk, bits in document["chunks"].items()}, digests)
