import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from andiron.delivery.levels import Level
from andiron.delivery.queue import Entry, Put, RecordQueue

LEVELS = st.sampled_from(list(Level))


def entry(level: Level, number: int = 0) -> Entry:
    return Entry(level, 0, number)


@pytest.mark.requirement("CL-06")
@given(levels=st.lists(LEVELS, max_size=200), most=st.integers(1, 20))
def test_what_is_dropped_is_the_least_severe_and_never_an_error(levels: list[Level], most: int) -> None:
    queue = RecordQueue(most)
    held: list[tuple[Level, int]] = []
    lost = dict.fromkeys(Level, 0)
    for number, level in enumerate(levels):
        put = queue.put(entry(level, number))
        # The model: when full, the oldest of the least severe goes; the newcomer itself, if nothing is less severe or its equal.
        if len(held) < most:
            held.append((level, number))
            continue
        droppable = [each for each in held if each[0] <= level and each[0] < Level.ERROR]
        if droppable:
            victim = min(droppable)
            held.remove(victim)
            lost[victim[0]] += 1
            held.append((level, number))
        elif level >= Level.ERROR:
            assert put is Put.SPILL
            held.append((level, number))
        else:
            assert put is Put.DROPPED
            lost[level] += 1
    assert queue.dropped == lost
    assert lost[Level.ERROR] == lost[Level.FATAL] == 0
    assert queue.taken == len(levels) == len(held) + sum(lost.values())
    drained = [(each.level, each.record) for each in queue.drain()]
    assert sorted(drained) == sorted(held)
    assert drained == sorted(drained, key=lambda each: (-each[0], each[1]))
    assert len(queue) == 0


@pytest.mark.requirement("CL-05")
def test_a_batch_is_due_when_it_is_whole_and_at_once_on_an_error() -> None:
    queue = RecordQueue(100, batch=3)
    assert [queue.put(entry(Level.INFO)) for _ in range(4)] == [Put.QUEUED, Put.QUEUED, Put.DUE, Put.DUE]
    queue.drain()
    assert queue.put(entry(Level.DEBUG)) is Put.QUEUED
    assert queue.put(entry(Level.ERROR)) is Put.DUE
    assert queue.put(entry(Level.FATAL)) is Put.DUE


@pytest.mark.requirement("CL-06")
def test_the_numbers_of_the_promise_are_the_defaults() -> None:
    queue = RecordQueue()
    assert (queue.most, queue.batch) == (1024, 256)


def test_many_threads_lose_nothing_between_them() -> None:
    queue = RecordQueue(50)
    drained: list[Entry] = []

    def put_many() -> None:
        for number in range(1000):
            queue.put(entry(Level.INFO, number))

    threads = [threading.Thread(target=put_many) for _ in range(8)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        drained += queue.drain()
    for thread in threads:
        thread.join()
    drained += queue.drain()
    assert len(drained) + queue.dropped[Level.INFO] == 8000 == queue.taken


def test_a_queue_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one record"):
        RecordQueue(0)
