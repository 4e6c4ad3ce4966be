import pytest
from hypothesis import given
from hypothesis import strategies as st

from andiron.delivery.batch import Batch, Lane
from andiron.delivery.segment import BATCH, DONE, HEAD, Damage, Frame, Name, mark, read, seed, written

STREAM = "0123456789abcdef" * 2
SEED = seed(STREAM)
BATCHES = st.builds(
    Batch,
    id=st.integers(0, 10**9).map(lambda n: f"{STREAM}-{n}"),
    signal=st.sampled_from(["traces", "logs", "metrics"]),
    lane=st.sampled_from(list(Lane)),
    records=st.integers(0, 2**32 - 1),
    body=st.binary(max_size=200),
    encoding=st.sampled_from(["", "gzip"]),
    made=st.integers(0, 2**60),
)


def whole(batch: Batch) -> bytes:
    return b"".join(written(batch, SEED))


def sound(data: bytes) -> list[Batch]:
    return [found.batch for found in read(data, SEED) if isinstance(found, Frame)]


@given(st.lists(BATCHES, max_size=5))
def test_what_is_written_is_read(batches: list[Batch]) -> None:
    assert sound(b"".join(map(whole, batches))) == batches


@given(BATCHES)
def test_a_mark_says_which_batch_is_done(batch: Batch) -> None:
    first, second = read(whole(batch) + mark(batch, SEED), SEED)
    assert isinstance(first, Frame)
    assert isinstance(second, Frame)
    assert (first.kind, second.kind, second.batch.id) == (BATCH, DONE, batch.id)
    assert second.at == first.size


@pytest.mark.requirement("CL-09")
@given(st.lists(BATCHES, min_size=1, max_size=4), st.data())
def test_a_flipped_bit_costs_one_batch(batches: list[Batch], data: st.DataObject) -> None:
    frames = [whole(batch) for batch in batches]
    hit = data.draw(st.integers(0, len(batches) - 1))
    place = data.draw(st.integers(0, len(frames[hit]) - 1))
    damaged = bytearray(frames[hit])
    damaged[place] ^= 1 << data.draw(st.integers(0, 7))
    frames[hit] = bytes(damaged)
    assert sound(b"".join(frames)) == batches[:hit] + batches[hit + 1 :]


@pytest.mark.requirement("CL-09")
@given(st.lists(BATCHES, min_size=1, max_size=3), st.data())
def test_a_torn_tail_is_told_from_damage(batches: list[Batch], data: st.DataObject) -> None:
    *before, last = (whole(batch) for batch in batches)
    cut = data.draw(st.integers(1, len(last) - 1))
    found = list(read(b"".join(before) + last[:cut], SEED))
    assert found[-1] == Damage(sum(map(len, before)), cut, torn=True)
    assert len(found) == len(batches)


@pytest.mark.requirement("CL-09")
def test_a_body_cannot_pass_for_a_batch() -> None:
    forged = Batch(f"{STREAM}-9", "logs", Lane.HIGH, 1, b"forged", "", 1)
    inner = b"".join(written(forged, 0))
    carrier = whole(Batch(f"{STREAM}-1", "logs", Lane.LOW, 1, inner, "", 1))
    damaged = carrier[: HEAD.size] + b"\xff" + carrier[HEAD.size + 1 :]
    assert sound(damaged) == []


@given(st.integers(10**11, 10**13), st.integers(0, 10**7), st.integers(1, 10**7), st.sampled_from(list(Lane)))
def test_a_name_says_what_it_is_and_sorts_by_time(made: int, number: int, pid: int, lane: Lane) -> None:
    name = Name(made, number, pid, STREAM, lane)
    assert Name.of(str(name)) == name
    assert (str(name) < str(name._replace(made=made + 1))) or made == 10**13 - 1
    assert Name.of(f"{name}.part") is None
