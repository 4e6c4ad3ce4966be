"""A segment: a file of the spool, frames with checksums one after the other.

    frame   = mark, length of payload (u32), CRC-32 of payload (u32), payload
    payload = kind (u8), signal (u8), encoding (u8), lane (u8), records (u32), made in ms (u64), length of id (u8), id; body

A frame is a batch, or says that the batch of its id is done. The CRC-32 starts from the stream's random id, so that no body can hold
bytes that pass for a frame of their own when the one around them is damaged. Reading passes over what does not match its checksum
and goes on at the next frame that does: a flipped bit costs one batch, a torn tail what was being written.
"""

import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, Self

from andiron.delivery.batch import Batch, Lane

MARK = b"\xa9ANDSPL\n"
HEAD = struct.Struct("<8sII")
FIXED = struct.Struct("<BBBBIQB")
BATCH, DONE = 1, 2
SIGNALS = ("traces", "logs", "metrics")
ENCODINGS = ("", "gzip")
SUFFIX = ".segment"
NAME = re.compile(r"(\d{13,})-(\d+)-(\d+)-([0-9a-f]{32})-([012])\.segment")


class Name(NamedTuple):
    """The name of a segment's file. Names sort by time; two are never the same."""

    made: int
    """Milliseconds since 1970."""
    number: int
    """Within its stream, where two are made in one millisecond."""
    pid: int
    stream: str
    lane: Lane

    def __str__(self) -> str:
        return f"{self.made:013d}-{self.number:06d}-{self.pid}-{self.stream}-{int(self.lane)}{SUFFIX}"

    @classmethod
    def of(cls, name: str) -> Self | None:
        """Take a file's name apart; None for a file that is not the spool's."""
        match = NAME.fullmatch(name)
        return match and cls(int(match[1]), int(match[2]), int(match[3]), match[4], Lane(int(match[5])))

    @property
    def seed(self) -> int:
        """Where the checksums of this file start."""
        return seed(self.stream)


@dataclass(frozen=True, slots=True)
class Frame:
    """A sound frame and where it lies."""

    at: int
    size: int
    kind: int
    batch: Batch
    """With its body, but for a mark of a batch that is done."""


@dataclass(frozen=True, slots=True)
class Damage:
    """Bytes that are no frame. `torn`: the file ends within them, as after a crash."""

    at: int
    size: int
    torn: bool


def seed(stream: str) -> int:
    """Where the checksums of a stream's files start."""
    return zlib.crc32(stream.encode())


def written(batch: Batch, seed: int) -> tuple[bytes, bytes]:
    """A batch as it stands in a file: everything before the body, and the body."""
    return frame(BATCH, batch, batch.body, seed), batch.body


def mark(batch: Batch, seed: int) -> bytes:
    """The mark that `batch` is done."""
    return frame(DONE, batch, b"", seed)


def frame(kind: int, batch: Batch, body: bytes, seed: int) -> bytes:
    """All of a frame that stands before its body."""
    name = batch.id.encode()
    fixed = FIXED.pack(
        kind,
        SIGNALS.index(batch.signal),
        ENCODINGS.index(batch.encoding),
        batch.lane,
        batch.records,
        batch.made,
        len(name),
    )
    fixed += name
    return HEAD.pack(MARK, len(fixed) + len(body), zlib.crc32(body, zlib.crc32(fixed, seed))) + fixed


def read(data: bytes, seed: int, *, bodies: bool = True) -> Iterator[Frame | Damage]:
    """What a segment's bytes hold, in order; on demand without the bodies."""
    view = memoryview(data)
    at = 0
    while at < len(view):
        found = payload(view, at, seed)
        if isinstance(found, memoryview):
            yield parsed(found, at, bodies=bodies)
            at += HEAD.size + len(found)
            continue
        until = at
        while (until := data.find(MARK, until + 1)) >= 0 and not isinstance(payload(view, until, seed), memoryview):
            pass
        end = until if until >= 0 else len(view)
        yield Damage(at, end - at, torn=found and until < 0)
        at = end


def payload(view: memoryview, at: int, seed: int) -> memoryview | bool:
    """The sound payload of the frame at `at`; else whether the frame reaches beyond the end."""
    if at + HEAD.size > len(view):
        return True
    found, length, checksum = HEAD.unpack_from(view, at)
    start, end = at + HEAD.size, at + HEAD.size + length
    if found != MARK or length < FIXED.size:
        return False
    if end > len(view):
        return True
    return view[start:end] if zlib.crc32(view[start:end], seed) == checksum else False


def parsed(sound: memoryview, at: int, *, bodies: bool) -> Frame:
    """Take a payload apart."""
    kind, signal, encoding, lane, records, made, length = FIXED.unpack_from(sound)
    start = FIXED.size + length
    name = bytes(sound[FIXED.size : start]).decode()
    body = bytes(sound[start:]) if bodies else b""
    batch = Batch(name, SIGNALS[signal], Lane(lane), records, body, ENCODINGS[encoding], made)
    return Frame(at, HEAD.size + len(sound), kind, batch)
