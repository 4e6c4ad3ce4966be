"""Content encodings: what was compressed comes back, what was cut or damaged is refused, and a bomb never goes off."""

import contextlib
import gzip
import random
import tracemalloc
import zlib
from collections.abc import Callable

import pytest
import zstandard
from hypothesis import example, given
from hypothesis import strategies as st

from andiron.server.ingest.encoding import MalformedEncoding, TooLarge, UnsupportedEncoding, decoded

LEAST = 1_000_000
"""Below so many decompressed bytes no ratio is asked for."""
ZEROS = bytes(1_000_000)


def deflated(data: bytes, level: int = 6, window: int = 15) -> bytes:
    compressor = zlib.compressobj(level, zlib.DEFLATED, window)
    return compressor.compress(data) + compressor.flush()


def raw_deflated(data: bytes, level: int = 6) -> bytes:
    return deflated(data, level, -15)


def zstd(data: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(data)


def zstd_streamed(data: bytes) -> bytes:
    """As senders write it that do not know the size beforehand, with a checksum."""
    compressor = zstandard.ZstdCompressor(write_checksum=True).compressobj()
    half = compressor.compress(data[: len(data) // 2]) + compressor.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)
    return half + compressor.compress(data[len(data) // 2 :]) + compressor.flush()


def skippable(data: bytes) -> bytes:
    return b"\x5e\x2a\x4d\x18" + len(data).to_bytes(4, "little") + data


COMPRESSORS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "gzip": ("gzip", gzip.compress),
    "x-gzip": ("x-gzip", gzip.compress),
    "deflate": ("deflate", deflated),
    "raw deflate": ("deflate", raw_deflated),
    "zstd": ("zstd", zstd),
    "zstd, streamed": ("zstd", zstd_streamed),
}
compressors = pytest.mark.parametrize(("encoding", "compress"), COMPRESSORS.values(), ids=COMPRESSORS)
bodies = st.one_of(
    st.binary(max_size=200),
    st.builds(lambda part, times: part * times, st.binary(min_size=1, max_size=20), st.integers(0, 5000)),
    st.builds(lambda seed, size: random.Random(seed).randbytes(size), st.integers(0, 9), st.integers(0, 50_000)),
)


def decode(body: bytes, encoding: str, *, most: int = 10_000_000, expansion: int = 200) -> bytes:
    return decoded(body, encoding, most=most, expansion=expansion)


@given(bodies)
def test_identity_is_the_body_itself(data: bytes) -> None:
    assert decode(data, "") is data
    assert decode(data, "identity") is data


@compressors
@given(data=bodies)
@example(data=b"")
@example(data=b"\0" * 999_999)
def test_what_was_compressed_comes_back(encoding: str, compress: Callable[[bytes], bytes], data: bytes) -> None:
    assert decode(compress(data), encoding) == data


@given(bodies, st.integers(0, 9))
def test_deflate_of_every_level_comes_back_with_and_without_its_header(data: bytes, level: int) -> None:
    assert decode(deflated(data, level), "deflate") == data
    assert decode(raw_deflated(data, level), "deflate") == data


@given(st.lists(bodies, min_size=1, max_size=5))
def test_several_gzip_members_are_one_body(parts: list[bytes]) -> None:
    assert decode(b"".join(map(gzip.compress, parts)), "gzip") == b"".join(parts)


@given(st.lists(st.tuples(bodies, st.sampled_from([zstd, zstd_streamed, skippable])), min_size=1, max_size=5))
def test_several_zstd_frames_are_one_body(parts: list[tuple[bytes, Callable[[bytes], bytes]]]) -> None:
    body = b"".join(compress(data) for data, compress in parts)
    assert decode(body, "zstd") == b"".join(data for data, compress in parts if compress is not skippable)


@compressors
@given(data=bodies, left=st.floats(0, 1, exclude_max=True))
def test_a_truncated_body_is_refused(
    encoding: str, compress: Callable[[bytes], bytes], data: bytes, left: float
) -> None:
    whole = compress(data)
    cut = whole[: max(1, int(len(whole) * left))]
    with pytest.raises(MalformedEncoding):
        decode(cut, encoding)


@compressors
def test_a_body_cut_at_any_byte_is_refused(encoding: str, compress: Callable[[bytes], bytes]) -> None:
    whole = compress(random.Random(1).randbytes(40) + b"a" * 40)
    for size in range(1, len(whole)):
        with pytest.raises(MalformedEncoding):
            decode(whole[:size], encoding)


@pytest.mark.parametrize("compress", [gzip.compress, zstd, zstd_streamed])
def test_the_second_part_may_not_be_cut_either(compress: Callable[[bytes], bytes]) -> None:
    whole = compress(b"the first") + compress(b"the second")
    encoding = "gzip" if compress is gzip.compress else "zstd"
    for size in range(len(compress(b"the first")) + 1, len(whole)):
        with pytest.raises(MalformedEncoding):
            decode(whole[:size], encoding)


@given(st.sampled_from(["gzip", "deflate", "zstd"]), st.binary(min_size=1, max_size=100))
@example("zstd", b"\x5e\x2a\x4d\x18\xff\xff\xff\xffcut")
@example("zstd", b"\x28\xb5\x2f\xfd")
def test_garbage_is_refused_or_harmless(encoding: str, body: bytes) -> None:
    """A few bytes may happen to be raw deflate; no other error comes out, whatever they are."""
    with contextlib.suppress(MalformedEncoding):
        assert len(decode(body, encoding)) <= LEAST


@compressors
@given(data=st.binary(min_size=1, max_size=300), where=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_a_flipped_bit_never_escapes_as_another_error(
    encoding: str, compress: Callable[[bytes], bytes], data: bytes, where: float, bit: int
) -> None:
    body = bytearray(compress(data))
    body[int(len(body) * where)] ^= 1 << bit
    with contextlib.suppress(MalformedEncoding, TooLarge):
        decode(bytes(body), encoding)


@pytest.mark.parametrize("encoding", ["br", "snappy", "lz4", "gzip, gzip", "GZIP", " gzip", "\0"])
def test_an_unknown_encoding_is_named_with_the_known_ones(encoding: str) -> None:
    with pytest.raises(UnsupportedEncoding) as refused:
        decode(b"body", encoding)
    assert repr(encoding) in str(refused.value)
    assert all(known in str(refused.value) for known in ("identity", "gzip", "deflate", "zstd"))


@compressors
def test_exactly_the_bound_is_taken_and_one_byte_more_is_not(encoding: str, compress: Callable[[bytes], bytes]) -> None:
    body = compress(b"a" * 70_000)
    assert len(decode(body, encoding, most=70_000)) == 70_000
    with pytest.raises(TooLarge, match="69,999"):
        decode(body, encoding, most=69_999)


@compressors
def test_above_a_megabyte_the_ratio_counts(encoding: str, compress: Callable[[bytes], bytes]) -> None:
    body = compress(bytes(LEAST + 1))
    assert len(decode(compress(bytes(LEAST)), encoding, expansion=1)) == LEAST
    assert len(decode(body, encoding, expansion=LEAST)) == LEAST + 1
    with pytest.raises(TooLarge, match=f"{LEAST:,}"):
        decode(body, encoding, expansion=1)


def bomb(encoding: str) -> bytes:
    """Sixty-four megabytes of zeros in at most a hundred kilobytes."""
    match encoding:
        case "gzip":
            compressor = zlib.compressobj(9, zlib.DEFLATED, 31)
        case "deflate":
            compressor = zlib.compressobj(9, zlib.DEFLATED, 15)
        case _:
            return zstandard.ZstdCompressor().compress(bytes(4_000_000)) * 16
    return b"".join(compressor.compress(ZEROS) for _ in range(64)) + compressor.flush()


@pytest.mark.requirement("AN-01")
@pytest.mark.parametrize("encoding", ["gzip", "deflate", "zstd"])
def test_a_bomb_is_refused_in_the_memory_of_its_bound(encoding: str) -> None:
    body = bomb(encoding)
    assert len(body) < 100_000
    tracemalloc.start()
    try:
        with pytest.raises(TooLarge):
            decode(body, encoding, most=8_000_000, expansion=1000)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 12_000_000


def test_a_bomb_of_tiny_members_does_not_copy_its_rest_for_each() -> None:
    """Work that grows with the square shows as memory: whoever copies the rest for every member holds the body twice."""
    body = gzip.compress(b"") * 50_000
    tracemalloc.start()
    try:
        assert decode(body, "gzip") == b""
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < len(body)
