"""A segment: a file of the journal, entries with checksums one after the other.

    file    = entry, entry, …
    entry   = mark, length of payload (u32), CRC-32 of payload (u32), payload
    payload = flags (u8), signal (u8), records (u32), received in ms (u64), length of database (u8), database,
              and with the flag KEYED length of key (u8), key; body

The CRC-32 starts from a seed that senders do not know, so that no body can hold bytes that pass for an entry of their own when
the one around them is damaged. Reading passes over what does not match its checksum and goes on at the next entry that does, so a flipped bit costs one request
and a torn tail, which was never acknowledged, costs nothing.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from isal import isal_zlib

MARK = b"\xa9ANDIRON"
HEAD = struct.Struct("<8sII")
FIXED = struct.Struct("<BBIQB")
NESTED = 1
"""Flag: the body holds values that take the slow path."""
KEYED = 2
"""Flag: the request came with an idempotency key."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One acknowledged request."""

    signal: int
    database: str
    body: bytes | memoryview
    records: int
    received: int
    """Milliseconds since 1970 by the server's clock."""
    nested: bool = False
    key: str = ""
    """The idempotency key that it came with."""

    def encoded(self, seed: int = 0) -> tuple[bytes, bytes | memoryview]:
        """The entry as it stands in a file of this seed: everything before the body, and the body."""
        database = self.database.encode()
        flags = (NESTED if self.nested else 0) | (KEYED if self.key else 0)
        fixed = FIXED.pack(flags, self.signal, self.records, self.received, len(database)) + database
        if self.key:
            fixed += bytes([len(self.key)]) + self.key.encode()
        crc = isal_zlib.crc32(self.body, isal_zlib.crc32(fixed, seed))
        return HEAD.pack(MARK, len(fixed) + len(self.body), crc) + fixed, self.body


@dataclass(frozen=True, slots=True)
class Damage:
    """Bytes of a segment that are no entry. `torn`: the file ends within them, as after a crash."""

    start: int
    data: memoryview
    torn: bool


def seed(boot: str) -> int:
    """Where checksums start in the segments of one run of the server."""
    start: int = isal_zlib.crc32(boot.encode())
    return start


def read(data: bytes, seed: int = 0) -> Iterator[Entry | Damage]:
    """What a segment's bytes hold, in order."""
    view = memoryview(data)
    at = 0
    while at < len(view):
        found = payload(view, at, seed)
        if isinstance(found, memoryview):
            yield entry(found)
            at += HEAD.size + len(found)
            continue
        until = at
        while (until := data.find(MARK, until + 1)) >= 0 and not isinstance(payload(view, until, seed), memoryview):
            pass
        end = until if until >= 0 else len(view)
        yield Damage(at, view[at:end], torn=found and until < 0)
        at = end


def payload(view: memoryview, at: int, seed: int) -> memoryview | bool:
    """The sound payload of the entry at `at`; else whether the entry reaches beyond the end of the file."""
    if at + HEAD.size > len(view):
        return True
    mark, length, crc = HEAD.unpack_from(view, at)
    start, end = at + HEAD.size, at + HEAD.size + length
    if mark != MARK or length < FIXED.size:
        return False
    if end > len(view):
        return True
    return view[start:end] if isal_zlib.crc32(view[start:end], seed) == crc else False


def entry(sound: memoryview) -> Entry:
    """Take a payload apart."""
    flags, signal, records, received, length = FIXED.unpack_from(sound)
    body = FIXED.size + length
    database, key = bytes(sound[FIXED.size : body]).decode(), ""
    if flags & KEYED:
        start, body = body + 1, body + 1 + sound[body]
        key = bytes(sound[start:body]).decode()
    return Entry(signal, database, sound[body:], records, received, bool(flags & NESTED), key)
