"""Content encodings, with a bound on what a small body may become."""

import zlib
from collections.abc import Callable
from typing import Any

import zstandard
from isal import isal_zlib

FIRST = 1 << 12
STEP = 1 << 20
SMALL = 1_000_000
"""Below this many decompressed bytes the ratio is not looked at: tiny bodies of zeros are harmless."""

SKIPPABLE = b"\x2a\x4d\x18"
"""What follows the first byte of a Zstandard frame that holds no data."""
RUN = 1
"""The type of a Zstandard block that says one byte and how often."""

# The types of isal call its exception an instance.
BROKEN: Any = (zlib.error, isal_zlib.error, zstandard.ZstdError, EOFError)


class UnsupportedEncoding(ValueError):
    """An encoding that the door does not know."""


class MalformedEncoding(ValueError):
    """The body is not what its encoding says."""


class TooLarge(ValueError):
    """The decompressed body passes a bound; `str()` says which."""


def decoded(body: bytes, encoding: str, *, most: int, expansion: int) -> bytes:
    """`body` without its `encoding`."""
    if encoding in ("", "identity"):
        return body
    bound = min(most, max(SMALL, len(body) * expansion))
    try:
        match encoding:
            case "gzip" | "x-gzip":
                return inflated(body, lambda: isal_zlib.decompressobj(31), bound)
            case "deflate":
                # HTTP's deflate is zlib's format; some senders omit its header.
                raw = len(body) < 2 or (body[0] & 15) != 8 or (body[0] << 8 | body[1]) % 31 != 0
                return inflated(body, lambda: isal_zlib.decompressobj(-15 if raw else 15), bound)
            case "zstd":
                return zstd(body, bound)
    except BROKEN as error:
        raise MalformedEncoding(f"the body is not valid {encoding}: {error}") from None
    raise UnsupportedEncoding(f"content-encoding {encoding!r} is not one of identity, gzip, deflate, zstd")


def inflated(body: bytes, decompressor: Callable[[], Any], bound: int) -> bytes:
    """Decompress zlib's family, several gzip members too."""
    view = memoryview(body)
    parts: list[bytes] = []
    total = at = 0
    while at < len(body):
        stream = decompressor()
        # What is left of an input is copied at every call, so small ones come first: a body may be all tiny members.
        step = FIRST
        while not stream.eof:
            given = view[at : at + step]
            part = stream.decompress(given, min(STEP, bound - total + 1))
            at += len(given) - len(stream.unconsumed_tail) - len(stream.unused_data)
            step = min(step * 8, STEP)
            if part:
                parts.append(part)
                total += len(part)
                if total > bound:
                    raise TooLarge(f"the body decompresses to more than {bound:,} bytes")
            elif at == len(body) and not stream.eof:
                raise MalformedEncoding("the compressed body ends too early")
    return b"".join(parts) if len(parts) != 1 else parts[0]


def zstd(body: bytes, bound: int) -> bytes:
    """Decompress Zstandard frames."""
    parts = []
    total = 0
    with zstandard.ZstdDecompressor(max_window_size=1 << 27).stream_reader(body, read_across_frames=True) as reader:
        while part := reader.read(min(STEP, bound - total + 1)):
            parts.append(part)
            total += len(part)
            if total > bound:
                raise TooLarge(f"the body decompresses to more than {bound:,} bytes")
    if end_of_frames(body) != len(body):
        # The reader takes what there is of a frame for all of it.
        raise MalformedEncoding("the compressed body ends too early")
    return b"".join(parts)


def end_of_frames(body: bytes) -> int:
    """Where the last Zstandard frame that begins in `body` ends (RFC 8878, section 3.1): behind the body if it was cut."""
    at = 0
    while at < len(body):
        if body[at + 1 : at + 4] == SKIPPABLE:
            at += 8 + int.from_bytes(body[at + 4 : at + 8], "little")
            continue
        header = zstandard.frame_header_size(body[at : at + 18])
        checksum = body[at + 4] & 4
        at += header
        last = False
        while not last:
            if at + 3 > len(body):
                return at + 3
            block = int.from_bytes(body[at : at + 3], "little")
            last, kind, size = bool(block & 1), block >> 1 & 3, block >> 3
            at += 3 + (1 if kind == RUN else size)
        at += checksum
    return at
