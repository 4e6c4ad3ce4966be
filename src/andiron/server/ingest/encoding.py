"""Content encodings, with a bound on what a small body may become."""

import zlib
from collections.abc import Callable
from typing import Any

import zstandard
from isal import isal_zlib
from isal.igzip_lib import IsalError

STEP = 1 << 20
SMALL = 1_000_000
"""Below this many decompressed bytes the ratio is not looked at: tiny bodies of zeros are harmless."""


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
    except (zlib.error, IsalError, zstandard.ZstdError, EOFError) as error:
        raise MalformedEncoding(f"the body is not valid {encoding}: {error}") from None
    raise UnsupportedEncoding(f"content-encoding {encoding!r} is not one of identity, gzip, deflate, zstd")


def inflated(body: bytes, decompressor: Callable[[], Any], bound: int) -> bytes:
    """Decompress zlib's family, several gzip members too."""
    parts = []
    total = 0
    rest = body
    while rest:
        stream = decompressor()
        while not stream.eof:
            part = stream.decompress(rest, min(STEP, bound - total + 1))
            rest = stream.unconsumed_tail
            parts.append(part)
            total += len(part)
            if total > bound:
                raise TooLarge(f"the body decompresses to more than {bound:,} bytes")
            if not part and not rest and not stream.eof:
                raise MalformedEncoding("the compressed body ends too early")
        rest = stream.unused_data
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
    return b"".join(parts)
