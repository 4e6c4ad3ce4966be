"""The names of requests that were acknowledged, in little memory: bits for numbered ones, short digests for the others.

A name is `<database> <signal> <key>`. What is known lies in generations, of which the oldest is forgotten when it is too old or
when all of them are too many. One thread adds; another may take a `snapshot` meanwhile.
"""

import itertools
import re
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Generic, Protocol, TypeVar

NUMBERED = re.compile(r"(\S+ \d+ [0-9a-f]{32})-(0|[1-9]\d{0,17})((?:\.\d+)*)")
"""A name whose key is `<32 hex of a stream>-<n>`, or that of a part of such a batch."""
BITS = 10
FULL = (1 << (1 << BITS)) - 1
LEVELS = 3
CHUNK_COST = 300
"""Bytes of a chunk: its name, its place in the dictionary, half of the bits (measured: 190 to 330)."""
DIGEST_COST = 8
GENERATIONS = 32


class Streams:
    """Sets of numbers by stream: `chunks` of 1,024 bits, and where all are set, one bit in a chunk of the next level.

    An ordered stream of a million batches is one bit in the end, one of which every third number is missing 130 kB, and a
    number out of nowhere never costs more than its chunk.
    """

    def __init__(self) -> None:
        self.chunks: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self.chunks)

    def add(self, stream: str, number: int) -> None:
        """Put `number` into the set of `stream`."""
        self.merge(f"{stream} 0 {number >> BITS}", 1 << (number & (1 << BITS) - 1))

    def has(self, stream: str, number: int) -> bool:
        """Whether `number` is in the set of `stream`."""
        for level in range(LEVELS):
            place, number = number & (1 << BITS) - 1, number >> BITS
            if self.chunks.get(f"{stream} {level} {number}", 0) >> place & 1:
                return True
        return False

    def merge(self, chunk: str, bits: int) -> None:
        """Set these bits of a chunk."""
        self.chunks[chunk] = bits = self.chunks.get(chunk, 0) | bits
        if bits == FULL:
            stream, level, text = chunk.rsplit(" ", 2)
            if int(level) < LEVELS - 1:
                # First there, then gone from here: a snapshot in between has it twice rather than never.
                number = int(text)
                self.merge(f"{stream} {int(level) + 1} {number >> BITS}", 1 << (number & (1 << BITS) - 1))
                del self.chunks[chunk]

    def close(self) -> None:
        """Nothing becomes smaller when nothing more will come."""


class Digests:
    """A set of 64-bit numbers: a hash table while it grows, sorted numbers of 8 bytes after that."""

    def __init__(self) -> None:
        self.fresh: set[int] = set()
        self.sorted: array[int] = array("Q")

    def __len__(self) -> int:
        return len(self.fresh) + len(self.sorted)

    def __contains__(self, digest: int) -> bool:
        at = bisect_left(self.sorted, digest)
        return digest in self.fresh or (at < len(self.sorted) and self.sorted[at] == digest)

    def close(self) -> None:
        """Sort what will not grow any more."""
        self.sorted = array("Q", sorted(self.fresh.union(self.sorted)))
        self.fresh = set()

    def all(self) -> "array[int]":
        """Every one, in no order."""
        # A close between the two gives some twice, the other order would lose them.
        fresh = self.fresh.copy()
        return array("Q", fresh) + self.sorted


class Content(Protocol):
    """What a generation holds."""

    def __len__(self) -> int: ...
    def close(self) -> None:
        """Nothing more will come."""


C = TypeVar("C", bound=Content)


@dataclass
class Generation(Generic[C]):
    """What became known from a moment on, in seconds since 1970."""

    born: float
    content: C


class Generations(Generic[C]):
    """Everything of one kind, bounded by age and number."""

    def __init__(self, make: Callable[[], C], *, age: float, most: int) -> None:
        self._make = make
        self._age = age
        self._most = max(most, GENERATIONS)
        self.kept: list[Generation[C]] = []

    def __iter__(self) -> Iterator[C]:
        """The contents, the newest first: a repeat mostly follows soon."""
        return (generation.content for generation in reversed(self.kept))

    def current(self, now: float) -> C:
        """Where to add."""
        if self.kept:
            last = self.kept[-1]
            if now - last.born < self._age / GENERATIONS and len(last.content) < self._most // GENERATIONS:
                return last.content
            last.content.close()
        self.kept.append(Generation(now, self._make()))
        self.forget(now)
        return self.kept[-1].content

    def forget(self, now: float) -> None:
        """Drop what is too old or too much."""
        ends = [generation.born for generation in self.kept[1:]]
        if self.kept:
            ends.append(self.kept[-1].born + self._age / GENERATIONS)
        old = sum(1 for _ in itertools.takewhile(lambda end: now - end > self._age, ends))
        total = sum(len(generation.content) for generation in self.kept)
        while old < len(self.kept) - 1 and total > self._most - self._most // GENERATIONS:
            total -= len(self.kept[old].content)
            old += 1
        self.kept = self.kept[old:]


@dataclass(frozen=True)
class Page:
    """Names that became known about a moment, as they are written down."""

    at: float
    chunks: dict[str, int] = field(default_factory=dict)
    digests: "array[int]" = field(default_factory=lambda: array("Q"))


class Known:
    """What was acknowledged."""

    def __init__(self, *, age: float, memory: int) -> None:
        """Keep names for `age` seconds, in at most about `memory` bytes: three quarters for streams, the rest for other keys."""
        self.streams = Generations(Streams, age=age, most=memory * 3 // 4 // CHUNK_COST)
        self.digests = Generations(Digests, age=age, most=memory // 4 // DIGEST_COST)
        self._period = age / GENERATIONS
        self._forgotten = 0.0

    def add(self, name: str, now: float) -> None:
        """From `now` on, `name` is known."""
        if now - self._forgotten > self._period:
            self.streams.forget(now)
            self.digests.forget(now)
            self._forgotten = now
        if (numbered := NUMBERED.fullmatch(name)) and not numbered[3]:
            self.streams.current(now).add(numbered[1], int(numbered[2]))
        else:
            self.digests.current(now).fresh.add(digest(name))

    def __contains__(self, name: str) -> bool:
        if (numbered := NUMBERED.fullmatch(name)) and not numbered[3]:
            stream, number = numbered[1], int(numbered[2])
            return any(streams.has(stream, number) for streams in self.streams)
        wanted = digest(name)
        return any(wanted in digests for digests in self.digests)

    def merge(self, page: Page) -> None:
        """Know what `page` says."""
        for chunk, bits in page.chunks.items():
            self.streams.current(page.at).merge(chunk, bits)
        if page.digests:
            self.digests.current(page.at).fresh.update(page.digests)

    def snapshot(self) -> Iterator[Page]:
        """Everything, oldest first."""
        for streams in list(self.streams.kept):
            yield Page(streams.born, chunks=streams.content.chunks.copy())
        for digests in list(self.digests.kept):
            yield Page(digests.born, digests=digests.content.all())


def lineage(name: str) -> list[str]:
    """`name` and, where it is a part of a batch that was split, what it is a part of."""
    names = [name]
    if (numbered := NUMBERED.fullmatch(name)) and numbered[3]:
        while names[-1] != f"{numbered[1]}-{numbered[2]}":
            names.append(names[-1].rpartition(".")[0])
    return names


def digest(name: str) -> int:
    """64 bits of a name: among two million, the odds that a new name looks known are one in nine million million."""
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest())
