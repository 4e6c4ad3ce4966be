"""Counts what a request holds from its bytes alone, before anything is built of them: two bytes are an empty span, and that 160 in memory."""

from collections.abc import Iterator, Sequence

SMALLEST = 2
"""Bytes of the smallest record: a tag and the length 0."""


def holds_more(body: bytes, levels: Sequence[tuple[int, ...]], most: int) -> bool:
    """Whether `body` holds more than `most` resources, scopes and records; looks no further than that.

    A level lists the fields below which the next one lies. One of several fields is a choice, of which a record has one: not counted.
    """
    if len(body) <= most * SMALLEST:
        return False
    found = 0
    messages = [(0, len(body), 0)]
    while messages:
        start, end, depth = messages.pop()
        wanted, deeper = levels[depth], depth + 1 < len(levels)
        counts = len(wanted) == 1
        for number, begin, length in fields(body, start, end):
            if number in wanted:
                found += counts
                if found > most:
                    return True
                if deeper:
                    messages.append((begin, min(begin + length, end), depth + 1))
    return False


def fields(body: bytes, at: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Number, place and length of each field with a length. The two ends of a group are passed over, so what lies between them counts."""
    while at < end:
        tag, at = varint(body, at, end)
        match tag & 7:
            case 2:
                length, at = varint(body, at, end)
                yield tag >> 3, at, length
                at += length
            case 0:
                _, at = varint(body, at, end)
            case 1:
                at += 8
            case 5:
                at += 4


def varint(body: bytes, at: int, end: int) -> tuple[int, int]:
    """The number at `at`, and where the next thing begins."""
    byte = body[at] if at < end else 0
    if byte < 128:
        return byte, at + 1
    number, shift = byte & 127, 7
    while byte > 127 and (at := at + 1) < end:
        byte = body[at]
        number |= (byte & 127) << shift
        shift += 7
    return number, at + 1
