"""What is known is what was added, in little memory, until it is too old or too much."""

import sys
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from andiron.server.ingest.known import (
    BITS,
    CHUNK_COST,
    DIGEST_COST,
    FULL,
    Digests,
    Known,
    Streams,
    lineage,
)

pytestmark = pytest.mark.requirement("CL-09")

DAY = 86_400.0
AGE = 30 * DAY
STREAM = "0123456789abcdef0123456789abcdef"
NAME = f"andiron 1 {STREAM}"

edges = st.sampled_from([0, 1 << BITS, 1 << 2 * BITS, 1 << 3 * BITS, 10**18 - 100])
runs = st.lists(st.tuples(edges, st.integers(0, 100), st.integers(0, 3000)), max_size=8)


def known(memory: int = 10_000_000) -> Known:
    return Known(age=AGE, memory=memory)


def copied(original: Known) -> Known:
    """What a snapshot gives back."""
    copy = known()
    for page in original.snapshot():
        copy.merge(page)
    return copy


@given(runs, st.randoms(use_true_random=False))
def test_a_stream_is_the_set_of_its_numbers_in_whatever_order_they_came(
    given: list[tuple[int, int, int]], pick: Random
) -> None:
    numbers = {start + offset + n for start, offset, length in given for n in range(length)}
    order = list(numbers)
    pick.shuffle(order)
    streams = Streams()
    for number in order:
        streams.add("a", number)
    near = {number + step for number in numbers for step in (-1, 0, 1)} | {0, 5, 1 << BITS}
    assert {number for number in near if streams.has("a", number)} == numbers
    assert not any(streams.has("b", number) for number in near)
    # Merged twice, in either order, it is the same set.
    for once in (streams.chunks, dict(reversed(streams.chunks.items()))):
        merged = Streams()
        for chunk, bits in [*once.items(), *once.items()]:
            merged.merge(chunk, bits)
        assert {number for number in near if merged.has("a", number)} == numbers


def test_an_ordered_stream_costs_no_memory_by_batch() -> None:
    streams = Streams()
    for chunk in range(1 << BITS):
        streams.merge(f"a 0 {chunk}", FULL)
    assert streams.chunks == {"a 2 0": 1}
    assert streams.has("a", 0)
    assert streams.has("a", (1 << 2 * BITS) - 1)
    assert not streams.has("a", 1 << 2 * BITS)
    for number in range(2 << BITS):
        streams.add("b", number)
    assert len(streams) == 2


def test_the_cost_of_a_chunk_is_what_the_bound_counts_with() -> None:
    streams = Streams()
    for n in range(2000):
        streams.merge(f"andiron 1 {n:032x} 0 0", FULL >> 1 + n % 1000)
    held = sys.getsizeof(streams.chunks) + sum(map(sys.getsizeof, [*streams.chunks, *streams.chunks.values()]))
    assert 0.6 * CHUNK_COST < held / 2000 < 1.2 * CHUNK_COST


@given(st.lists(st.integers(0, 2**64 - 1)), st.lists(st.integers(0, 2**64 - 1)), st.integers(0, 2**64 - 1))
def test_digests_are_a_set_open_or_closed(first: list[int], second: list[int], other: int) -> None:
    digests = Digests()
    digests.fresh.update(first)
    digests.close()
    digests.fresh.update(second)
    for _ in range(2):
        assert all(each in digests for each in first + second)
        assert (other in digests) == (other in first + second)
        assert set(digests.all()) == {*first, *second}
        digests.close()
    assert digests.fresh == set()
    assert list(digests.sorted) == sorted({*first, *second})


NAMES = [
    f"{NAME}-0",
    f"{NAME}-7",
    f"{NAME}-999999999999999999",
    f"{NAME}-07",
    f"{NAME}--1",
    f"{NAME}-1e3",
    f"{NAME}-1.0",
    f"{NAME}-1.0.1",
    f"{NAME}-99999999999999999999",
    f"{NAME.upper()}-0",
    f"andiron 2 {STREAM}-0",
    f"andiron_2 1 {STREAM}-0",
    "andiron 1 order-17",
    "andiron 1 !",
    "andiron 1 " + "~" * 255,
]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_known_by_itself_and_after_a_snapshot(name: str) -> None:
    names = known()
    names.add(name, 5.0)
    for each in (names, copied(names)):
        assert [other for other in NAMES if other in each] == [name]


def test_the_family_of_a_part_are_the_batches_that_it_was_split_from() -> None:
    assert lineage(f"{NAME}-12.0.1") == [f"{NAME}-12.0.1", f"{NAME}-12.0", f"{NAME}-12"]
    assert lineage(f"{NAME}-12") == [f"{NAME}-12"]
    assert lineage("andiron 1 release-1.0.1") == ["andiron 1 release-1.0.1"]


# Bounds


@pytest.mark.parametrize("name", [f"{NAME}-{{}}", "andiron 1 other-{}"])
def test_a_name_is_known_for_its_age_and_forgotten_soon_after(name: str) -> None:
    names = known()
    for day in range(100):
        names.add(name.format(day), day * DAY)
        held = [n for n in range(day + 1) if name.format(n) in names]
        assert held == [*range(held[0], day + 1)]
        assert 30 <= len(held) <= 32 or held[0] == 0
    # What never comes again is forgotten when anything comes.
    names.add("andiron 3 x", 200 * DAY)
    assert [n for n in range(100) if name.format(n) in names] == []
    assert len(list(names.snapshot())) == 1


def test_a_clock_that_goes_back_forgets_nothing() -> None:
    names = known()
    for n, now in enumerate([100 * DAY, 10 * DAY, 0, 101 * DAY]):
        names.add(f"{NAME}-{n}", now)
        names.add(f"andiron 1 other-{n}", now)
    assert all(f"{NAME}-{n}" in names and f"andiron 1 other-{n}" in names for n in range(4))


@pytest.mark.parametrize(
    ("name", "most"),
    [
        # A stream of its own each, the worst case.
        ("andiron 1 {:032x}-5", 4_000_000 * 3 // 4 // CHUNK_COST),
        ("andiron 1 other-{}", 4_000_000 // 4 // DIGEST_COST),
    ],
)
@pytest.mark.slow
def test_above_the_bound_the_oldest_are_forgotten(name: str, most: int) -> None:
    names = known(memory=4_000_000)
    total = most * 3 // 2
    for n in range(total):
        names.add(name.format(n), n / 1000)
    held = [n for n in range(total) if name.format(n) in names]
    assert held == [*range(held[0], total)]
    assert most * 0.9 < len(held) <= most


def test_a_flood_of_keys_without_order_does_not_push_out_the_streams() -> None:
    names = known(memory=100_000)
    names.add(f"{NAME}-0", 0)
    for n in range(10_000):
        names.add(f"andiron 1 other-{n}", 1)
    assert f"{NAME}-0" in names
    assert "andiron 1 other-0" not in names
