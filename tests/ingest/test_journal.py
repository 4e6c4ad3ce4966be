"""The journal: acknowledged is on disk, whole or not at all, and what waits is bounded."""

import asyncio
import os
import resource
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from andiron.errors import ConfigurationError
from andiron.server.ingest.journal import AGE, BUSY, FULL, Backlogged, Journal, Segment
from andiron.server.ingest.segment import Damage, Entry, read

pytestmark = pytest.mark.requirement("AN-02")


class Clock:
    """Stands still until it is turned."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def open_journal(tmp_path: Path, clock: Clock) -> Iterator[Callable[..., Journal]]:
    """Opens journals in one folder; those that a test leaves open are closed after it."""
    opened = []

    def make(most: int = 10**9, least_free: int = 0) -> Journal:
        opened.append(Journal(tmp_path / "journal", most=most, least_free=least_free, clock=clock))
        return opened[-1]

    yield make
    for each in opened:
        each.close()


def entry(name: str, size: int = 0) -> Entry:
    return Entry(1, "andiron", name.encode().ljust(size), 1, 5)


def names(segment: Segment) -> list[str]:
    """What a segment's file holds."""
    return names_in(segment.path.read_bytes(), segment.seed)


def names_in(data: bytes, seed: int) -> list[str]:
    found = list(read(data, seed))
    assert not any(isinstance(each, Damage) for each in found)
    return [bytes(each.body).decode().rstrip() for each in found if isinstance(each, Entry)]


def append(journal: Journal, *names: str, size: int = 0) -> None:
    """Append one after the other; on return each is acknowledged."""

    async def run() -> None:
        for name in names:
            await journal.append(entry(name, size))

    asyncio.run(run())


def taken(journal: Journal) -> Segment:
    segment = journal.take(timeout=0)
    assert segment is not None
    return segment


# Acknowledged is on disk


def test_an_acknowledged_entry_is_in_a_file_that_was_synced(
    open_journal: Callable[..., Journal], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = open_journal()
    synced: dict[str, int] = {}

    def fdatasync(file: int) -> None:
        path = str(Path(f"/proc/self/fd/{file}").readlink())
        os.fsync(file)
        synced[path] = os.fstat(file).st_size

    monkeypatch.setattr(os, "fdatasync", fdatasync)
    for n in range(3):
        append(journal, f"{n}")
        (path,) = (tmp_path / "journal").iterdir()
        assert names(Segment(path)) == [f"{each}" for each in range(n + 1)]
        assert synced[str(path)] == path.stat().st_size


def test_those_that_wait_together_share_a_sync(
    open_journal: Callable[..., Journal], monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = open_journal()
    syncs = []
    first, go = threading.Event(), threading.Event()

    def fdatasync(file: int) -> None:
        syncs.append(file)
        first.set()
        assert go.wait(30)

    monkeypatch.setattr(os, "fdatasync", fdatasync)

    async def run() -> None:
        one = asyncio.ensure_future(journal.append(entry("one")))
        await asyncio.to_thread(first.wait, 30)
        # While the disk is busy with the first, these gather.
        others = [asyncio.ensure_future(journal.append(entry(f"{n}"))) for n in range(50)]
        await asyncio.sleep(0)
        assert not one.done()
        go.set()
        await asyncio.gather(one, *others)

    asyncio.run(run())
    assert len(syncs) == 2
    journal.seal()
    assert names(taken(journal)) == ["one", *(f"{n}" for n in range(50))]


def test_waiters_of_several_event_loops_are_all_answered(open_journal: Callable[..., Journal]) -> None:
    journal = open_journal()
    threads = [threading.Thread(target=append, args=(journal, *(f"{n}.{k}" for k in range(20)))) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()
    journal.seal()
    assert sorted(names(taken(journal))) == sorted(f"{n}.{k}" for n in range(4) for k in range(20))


def test_a_waiter_that_went_away_does_not_disturb_the_others(open_journal: Callable[..., Journal]) -> None:
    journal = open_journal()

    async def run() -> None:
        gone = asyncio.ensure_future(journal.append(entry("gone")))
        stays = asyncio.ensure_future(journal.append(entry("stays")))
        await asyncio.sleep(0)
        gone.cancel()
        await stays

    asyncio.run(run())
    journal.seal()
    assert names(taken(journal)) == ["gone", "stays"]


def test_a_loop_that_ended_while_it_waited_does_not_disturb_the_others(
    open_journal: Callable[..., Journal], monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = open_journal()
    busy, go = threading.Event(), threading.Event()

    def fdatasync(file: int) -> None:
        busy.set()
        assert go.wait(30)

    monkeypatch.setattr(os, "fdatasync", fdatasync)

    async def leave() -> None:
        waits = asyncio.ensure_future(journal.append(entry("left")))
        await asyncio.to_thread(busy.wait, 30)
        assert not waits.done()

    asyncio.run(leave())
    go.set()
    append(journal, "stays")
    journal.seal()
    assert names(taken(journal)) == ["left", "stays"]


# Sealing


def test_an_idle_loader_gets_a_segment_when_it_is_old_enough(
    open_journal: Callable[..., Journal], clock: Clock
) -> None:
    journal = open_journal()
    append(journal, "one")
    assert journal.take(timeout=0) is None
    clock.now += AGE - 0.001
    assert journal.take(timeout=0) is None
    clock.now += 0.002
    assert names(taken(journal)) == ["one"]
    assert journal.take(timeout=0) is None


def test_while_one_loader_is_busy_a_second_one_gets_only_a_large_segment(
    open_journal: Callable[..., Journal], clock: Clock
) -> None:
    journal = open_journal()
    append(journal, "one")
    clock.now += AGE
    first = taken(journal)
    append(journal, "two")
    clock.now += 100 * AGE
    assert journal.take(timeout=0) is None
    append(journal, "three", size=BUSY)
    second = taken(journal)
    assert names(second) == ["two", "three"]
    append(journal, "four")
    clock.now += AGE
    journal.done(second)
    assert journal.take(timeout=0) is None
    journal.done(first)
    assert names(taken(journal)) == ["four"]


def test_a_full_segment_is_sealed_whoever_waits(open_journal: Callable[..., Journal], tmp_path: Path) -> None:
    journal = open_journal()
    append(journal, "one", size=FULL)
    append(journal, "two")
    assert names(taken(journal)) == ["one"]
    assert len(list((tmp_path / "journal").iterdir())) == 2


def test_a_waiting_loader_is_woken_by_an_entry(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal", most=10**9)
    found: list[Segment | None] = []
    thread = threading.Thread(target=lambda: found.append(journal.take(timeout=60)))
    thread.start()
    append(journal, "one")
    thread.join(30)
    assert not thread.is_alive()
    assert found[0] is not None
    assert names(found[0]) == ["one"]
    journal.close()


# What the store has, and what it could not take


def test_what_is_done_is_deleted_and_no_longer_counted(
    open_journal: Callable[..., Journal], clock: Clock, tmp_path: Path
) -> None:
    journal = open_journal()
    append(journal, "one", "two")
    assert journal.backlog == sum(path.stat().st_size for path in (tmp_path / "journal").iterdir()) > 0
    clock.now += AGE
    segment = taken(journal)
    assert (journal.segments, journal.backlog) == (1, segment.path.stat().st_size)
    journal.done(segment)
    assert (journal.segments, journal.backlog) == (0, 0)
    assert list((tmp_path / "journal").iterdir()) == []


def test_what_is_put_off_comes_again_when_its_time_has_come_and_does_not_hold_up_the_rest(
    open_journal: Callable[..., Journal], clock: Clock
) -> None:
    journal = open_journal()
    append(journal, "one")
    clock.now += AGE
    journal.later(taken(journal), delay=5)
    append(journal, "two")
    clock.now += AGE
    second = taken(journal)
    assert names(second) == ["two"]
    journal.done(second)
    clock.now += 5 - AGE - 0.001
    assert journal.take(timeout=0) is None
    clock.now += 0.002
    first = taken(journal)
    assert (names(first), first.attempts) == (["one"], 1)


# Bounds


def test_beyond_the_bound_the_sender_is_put_off_until_the_store_has_caught_up(
    open_journal: Callable[..., Journal], clock: Clock
) -> None:
    journal = open_journal(most=1000)
    journal.check_room(1000)
    append(journal, "one", size=900)
    journal.check_room(10)
    with pytest.raises(Backlogged, match=r"and 1,000 is the bound \(ANDIRON_MAX_BACKLOG\)") as refused:
        journal.check_room(200)
    assert refused.value.after == 5
    clock.now += AGE
    journal.done(taken(journal))
    journal.check_room(1000)


def test_with_too_little_free_disk_the_sender_is_put_off_until_there_is_room(
    open_journal: Callable[..., Journal], clock: Clock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    free = os.statvfs(tmp_path)
    left = 100

    def statvfs(path: Path) -> os.statvfs_result:
        assert path == tmp_path / "journal"
        return os.statvfs_result((*tuple(free)[:4], left, *tuple(free)[5:]))

    monkeypatch.setattr(os, "statvfs", statvfs)
    journal = open_journal(least_free=100 * free.f_frsize)
    journal.check_room(1)
    left = 99
    clock.now += 2
    with pytest.raises(Backlogged, match=r"The disk of .* is full \(ANDIRON_MIN_FREE_DISK\)") as refused:
        journal.check_room(1)
    assert refused.value.after == 30
    left = 100
    clock.now += 2
    journal.check_room(1)


# Writes that fail


@pytest.fixture
def file_size_limit() -> Iterator[Callable[[int], None]]:
    """Lets files of this process grow to a size only: a full disk, as far as a write can tell."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda most: resource.setrlimit(resource.RLIMIT_FSIZE, (most, before[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("limit", [0, 1, 150, 1000])
def test_a_write_that_fails_is_refused_and_taken_back_and_the_next_one_works(
    open_journal: Callable[..., Journal],
    tmp_path: Path,
    file_size_limit: Callable[[int], None],
    limit: int,
) -> None:
    journal = open_journal()
    append(journal, "before", "too")
    kept = journal.backlog
    for _ in range(3):
        file_size_limit(limit)
        with pytest.raises(Backlogged, match="The journal cannot be written: File too large") as refused:
            append(journal, "lost", size=2000)
        file_size_limit(resource.RLIM_INFINITY)
        assert refused.value.after == 30
        assert journal.backlog == kept
    append(journal, "after")
    journal.close()
    found = [names(taken(journal)) for _ in range(journal.segments)]
    assert found == [["before", "too"], ["after"]]
    assert journal.backlog == sum(path.stat().st_size for path in (tmp_path / "journal").iterdir())


@pytest.mark.parametrize("call", ["fdatasync", "open", "fsync"])
def test_a_sync_that_fails_is_refused_and_the_next_one_works(
    open_journal: Callable[..., Journal], monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    journal = open_journal()

    def fails(*arguments: object, **more: object) -> int:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as broken:
        broken.setattr(os, call, fails)
        with pytest.raises(Backlogged, match="Input/output error"):
            append(journal, "lost")
    append(journal, "after")
    journal.close()
    assert [names(taken(journal)) for _ in range(journal.segments)] == [["after"]]


# Beginning and end


def test_segments_of_earlier_runs_are_found_in_order_and_never_written_to(
    open_journal: Callable[..., Journal], tmp_path: Path
) -> None:
    for n in range(12):
        earlier = open_journal()
        append(earlier, f"{n}")
        earlier.close()
    before = {path: path.read_bytes() for path in (tmp_path / "journal").iterdir()}
    journal = open_journal()
    assert journal.backlog == sum(map(len, before.values()))
    append(journal, "new")
    assert [names(taken(journal)) for _ in range(12)] == [[f"{n}"] for n in range(12)]
    assert {path: path.read_bytes() for path in before} == before


def test_what_waits_at_the_end_is_written_and_sealed(
    open_journal: Callable[..., Journal], monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = open_journal()
    busy, go = threading.Event(), threading.Event()

    def fdatasync(file: int) -> None:
        busy.set()
        assert go.wait(30)

    monkeypatch.setattr(os, "fdatasync", fdatasync)

    async def run() -> None:
        first = asyncio.ensure_future(journal.append(entry("first")))
        await asyncio.to_thread(busy.wait, 30)
        waiting = [asyncio.ensure_future(journal.append(entry(f"{n}"))) for n in range(5)]
        await asyncio.sleep(0)
        closing = asyncio.create_task(asyncio.to_thread(journal.close))
        go.set()
        await asyncio.gather(first, *waiting, closing)
        with pytest.raises(Backlogged, match="stopping"):
            await journal.append(entry("late"))

    asyncio.run(run())
    assert names(taken(journal)) == ["first", "0", "1", "2", "3", "4"]
    assert journal.take(timeout=60) is None


def test_a_folder_that_cannot_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match=r"The journal in .*/file/journal cannot be opened: Not a directory\."):
        Journal(tmp_path / "file" / "journal", most=1)
