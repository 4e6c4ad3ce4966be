"""A segment gives back what was written, whatever happens to its bytes: a cut tail, a flipped bit, a body like an entry."""

from collections.abc import Iterable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from andiron.server.ingest.segment import FIXED, HEAD, MARK, Damage, Entry, read, seed

pytestmark = pytest.mark.requirement("AN-02")

SEED = seed("0123456789ab")
FORGED = b"".join(Entry(1, "other", b"forged", 1, 1).encoded(seed("not known")))

names = st.from_regex(r"[a-z][a-z0-9_]{0,20}", fullmatch=True)
bodies = st.one_of(
    st.binary(max_size=200),
    # Bodies made to be taken for entries: whole ones but for the seed, marks, heads, and pieces of them.
    st.lists(st.sampled_from([FORGED, MARK, MARK[:-1], MARK[1:], HEAD.pack(MARK, 20, 0), b"x"]), max_size=6).map(
        b"".join
    ),
)
entries = st.builds(
    Entry,
    signal=st.integers(1, 3),
    database=names,
    body=bodies,
    records=st.integers(0, 2**32 - 1),
    received=st.integers(0, 2**64 - 1),
    nested=st.booleans(),
    key=st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=255),
)
several = st.lists(entries, min_size=1, max_size=6)


def written(whole: Iterable[Entry]) -> tuple[bytes, list[int]]:
    """The bytes of a file of these entries, and where each one ends."""
    data, ends = b"", []
    for entry in whole:
        head, body = entry.encoded(SEED)
        data += head + bytes(body)
        ends.append(len(data))
    return data, ends


def found(data: bytes) -> tuple[list[Entry], list[Damage]]:
    """Entries and damages of a file, each in order."""
    held = list(read(data, SEED))
    whole = [
        Entry(each.signal, each.database, bytes(each.body), each.records, each.received, each.nested, each.key)
        for each in held
        if isinstance(each, Entry)
    ]
    return whole, [each for each in held if isinstance(each, Damage)]


@given(st.lists(entries, max_size=6))
def test_what_was_written_is_read(whole: list[Entry]) -> None:
    data, _ = written(whole)
    assert found(data) == (whole, [])


@given(several, st.data())
def test_a_file_cut_anywhere_gives_the_entries_before_the_cut(whole: list[Entry], draw: st.DataObject) -> None:
    data, ends = written(whole)
    cut = draw.draw(st.integers(0, len(data)), label="cut")
    sound, damages = found(data[:cut])
    kept = sum(end <= cut for end in ends)
    assert sound == whole[:kept]
    rest = data[ends[kept - 1] if kept else 0 : cut]
    assert [(bytes(damage.data), damage.torn) for damage in damages] == ([(rest, True)] if rest else [])


@given(several, st.data())
def test_a_flipped_bit_costs_one_entry(whole: list[Entry], draw: st.DataObject) -> None:
    data, ends = written(whole)
    at = draw.draw(st.integers(0, len(data) - 1), label="at")
    bit = draw.draw(st.integers(0, 7), label="bit")
    hit = sum(end <= at for end in ends)
    broken = bytearray(data)
    broken[at] ^= 1 << bit
    sound, damages = found(bytes(broken))
    assert sound == whole[:hit] + whole[hit + 1 :]
    start = ends[hit - 1] if hit else 0
    assert b"".join(damage.data for damage in damages) == broken[start : ends[hit]]


@given(several, st.binary(max_size=60), st.data())
def test_foreign_bytes_between_entries_cost_nothing(whole: list[Entry], foreign: bytes, draw: st.DataObject) -> None:
    data, ends = written(whole)
    at = draw.draw(st.sampled_from([0, *ends]), label="at")
    sound, damages = found(data[:at] + foreign + data[at:])
    assert sound == whole
    assert b"".join(damage.data for damage in damages) == foreign


@given(st.binary(max_size=400))
@example(MARK)
@example(HEAD.pack(MARK, 2**32 - 1, 0))
@example(HEAD.pack(MARK, 0, 0))
def test_any_bytes_are_read_without_an_error_and_none_is_lost(data: bytes) -> None:
    sound, damages = found(data)
    assert sound == []
    assert b"".join(damage.data for damage in damages) == data


def test_an_entry_of_another_run_is_damage() -> None:
    assert [damage.torn for damage in found(FORGED)[1]] == [False]


def test_a_tail_that_ends_too_early_is_told_from_damage() -> None:
    first, second = Entry(1, "andiron", b"one", 1, 5), Entry(2, "other", b"two", 2, 6, nested=True)
    data, ends = written([first, second])
    (damage,) = found(data[:-1])[1]
    assert (damage.start, damage.torn) == (ends[0], True)
    flipped = bytearray(data)
    flipped[HEAD.size + FIXED.size] ^= 1
    (damage,) = found(bytes(flipped))[1]
    assert (damage.start, damage.torn) == (0, False)


def test_a_segment_written_before_there_were_keys_is_read() -> None:
    # The bytes that the first version wrote, for a run called 0123456789ab.
    first = bytes.fromhex(
        "a9414e4449524f4e190000009f86d69d00010200000000505c18a301000007616e6469726f6e6f6e65a9414e4449524f4e17"
        "000000d00250d70103010000000500000000000000056f7468657274776f"
    )
    assert found(first) == (
        [Entry(1, "andiron", b"one", 2, 1_800_000_000_000), Entry(3, "other", b"two", 1, 5, nested=True)],
        [],
    )
