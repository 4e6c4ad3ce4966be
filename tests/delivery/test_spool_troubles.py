"""The spool where it is interrupted, waits for a disk, finds no room, or cannot see its folder."""

import errno
import logging
import os
import shutil
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from andiron.delivery.batch import Batch, Lane
from andiron.delivery.memory_spool import MemorySpool
from andiron.delivery.segment import Name
from andiron.delivery.spool import AnySpool, Pending, Spool, SpoolFull

DAY = 86400.0
NOW = 1_700_000_000.0


class Clock:
    def __init__(self) -> None:
        self.wall, self.steady = NOW, 50.0


class Losses(list[tuple[Lane, int, str]]):
    def __call__(self, lane: Lane, records: int, reason: str) -> None:
        self.append((lane, records, reason))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def lost() -> Losses:
    return Losses()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "shop"


@pytest.fixture
def opened(folder: Path, clock: Clock, lost: Losses) -> Iterator[Callable[..., Spool]]:
    made: list[Spool] = []

    def open_(most: int = 256_000_000) -> Spool:
        spool = Spool(folder, clock=lambda: clock.wall, monotonic=lambda: clock.steady, dropped=lost, most=most)
        made.append(spool)
        return spool

    yield open_
    for spool in made:
        spool.close()


def segments(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.iterdir()) if Name.of(path.name)]


def is_free(spool: AnySpool) -> bool:
    """Whether another thread could have the spool's lock at this moment."""
    lock = spool._lock  # type: ignore[attr-defined]  # both spools have one

    def try_it() -> bool:
        if taken := lock.acquire(blocking=False):
            lock.release()
        return bool(taken)

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(try_it).result()


@contextmanager
def on_another_thread(acquire: Callable[[], object], release: Callable[[], object]) -> Iterator[None]:
    with ThreadPoolExecutor(1) as thread:
        thread.submit(acquire).result()
        try:
            yield
        finally:
            thread.submit(release).result()


# Interrupted, and slow disks


@pytest.mark.requirement("CL-09")
def test_a_signal_in_the_midst_of_an_fsync_neither_hangs_nor_claims_success(
    folder: Path, opened: Callable[..., Spool], monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = opened()
    kept = spool.put("logs", Lane.HIGH, 1, b"x")
    said: list[str] = []

    def ended(_signal: int, _frame: object) -> None:
        try:
            spool.sync(1.0)
        except OSError as error:
            said.append(str(error.strerror))
        spool.close()

    def to_disk(_file: int) -> None:
        if not said:
            signal.raise_signal(signal.SIGUSR1)

    monkeypatch.setattr("andiron.delivery.spool.to_disk", to_disk)
    before = signal.signal(signal.SIGUSR1, ended)
    try:
        spool.sync()
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert said == ["A sync was interrupted by itself"]
    assert segments(folder)
    again = opened()
    assert again.adopt() == 1
    assert again.take() == kept


@pytest.mark.requirement("CL-09")
def test_a_put_that_a_signal_interrupts_is_kept_and_the_one_within_it_has_another_id(
    folder: Path, opened: Callable[..., Spool], monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = opened()
    said: list[str] = []
    real = os.writev

    def writev(file: int, parts: list[bytes]) -> int:
        written = real(file, parts)
        if not said:  # as from the handler of a signal that came during the write
            with pytest.raises(SpoolFull) as full:
                spool.put("logs", Lane.NORMAL, 1, b"of the handler")
            said.append(str(full.value))
            spool.close()
        return written

    monkeypatch.setattr(os, "writev", writev)
    kept = spool.put("logs", Lane.NORMAL, 1, b"interrupted")
    assert len(said) == 1
    assert "interrupted by itself" in said[0]
    again = opened()
    assert again.adopt() == 1
    assert again.take() == kept


@pytest.mark.requirement("CL-09")
def test_a_put_that_is_broken_off_costs_nothing_of_what_follows(
    folder: Path, opened: Callable[..., Spool], lost: Losses, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("andiron.delivery.spool.RECENT", 0)
    spool = opened()
    first = spool.put("logs", Lane.NORMAL, 1, b"first")
    real = os.writev

    def writev(file: int, parts: list[bytes]) -> int:
        real(file, parts)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "writev", writev)
        with pytest.raises(KeyboardInterrupt):
            spool.put("logs", Lane.NORMAL, 1, b"broken off")
    after = spool.put("logs", Lane.NORMAL, 1, b"after")
    assert [spool.take(), spool.take(), spool.take()] == [first, after, None]
    assert lost == []
    spool.close()
    assert opened().adopt() == 2


@pytest.mark.requirement("CL-09")
def test_nobody_waits_longer_than_he_says_for_the_fsync_of_another(
    folder: Path, opened: Callable[..., Spool], monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def to_disk(_file: int) -> None:
        begun.set()
        go_on.wait()

    monkeypatch.setattr("andiron.delivery.spool.to_disk", to_disk)
    spool = opened()
    kept = spool.put("logs", Lane.HIGH, 1, b"x")
    with ThreadPoolExecutor(1) as thread:
        syncing = thread.submit(spool.sync)
        begun.wait()
        with pytest.raises(TimeoutError):
            spool.sync(0)
        with pytest.raises(TimeoutError):
            spool.sync(-1.0)
        spool.close(timeout=0)
        with pytest.raises(SpoolFull):
            spool.put("logs", Lane.HIGH, 1, b"y")
        go_on.set()
        syncing.result()
    again = opened()
    assert again.adopt() == 1
    assert again.take() == kept


def test_the_end_does_not_wait_for_a_thread_that_never_lets_go(opened: Callable[..., Spool]) -> None:
    spool = opened()
    spool.sync()
    with (
        on_another_thread(spool._fsync.acquire, spool._fsync.release),
        on_another_thread(spool._lock.acquire, spool._lock.release),
    ):
        spool.close(timeout=0)
    with pytest.raises(SpoolFull):
        spool.put("logs", Lane.HIGH, 1, b"")


@pytest.mark.requirement("CL-09")
def test_what_an_interrupted_sync_left_undone_is_done_by_the_next(
    opened: Callable[..., Spool], monkeypatch: pytest.MonkeyPatch
) -> None:
    forced: list[int] = []

    def to_disk(file: int) -> None:
        forced.append(os.fstat(file).st_ino)
        if len(forced) == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr("andiron.delivery.spool.to_disk", to_disk)
    spool = opened()
    spool.put("logs", Lane.HIGH, 1, b"x")
    with pytest.raises(KeyboardInterrupt):
        spool.sync()
    spool.sync()
    assert len(forced) == 3  # the segment again, and the folder
    assert forced[1] == forced[0]


def test_dividing_keeps_nobody_from_putting_while_it_waits_for_the_disk(
    opened: Callable[..., Spool], monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = opened()
    batch = spool.put("logs", Lane.NORMAL, 2, bytes(70_000))
    other = spool.put("logs", Lane.NORMAL, 1, b"other")
    assert [spool.take(), spool.take()] == [batch, other]
    free: list[bool] = []

    def to_disk(_file: int) -> None:
        free.append(is_free(spool))
        spool.done(other)

    monkeypatch.setattr("andiron.delivery.spool.to_disk", to_disk)
    parts = spool.replace(batch, [(bytes(35_000), 1), (bytes(35_000), 1)])
    assert free == [True]
    assert [spool.take(), spool.take()] == parts
    assert spool.pending.batches == 2


def test_parts_whose_segment_went_for_want_of_room_meanwhile_are_told(
    folder: Path, opened: Callable[..., Spool], lost: Losses, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = opened()
    batch = spool.put("logs", Lane.LOW, 2, b"ab")
    assert spool.take() == batch

    def to_disk(_file: int) -> None:
        for path in segments(folder):
            path.unlink()
        spool.adopt()

    monkeypatch.setattr("andiron.delivery.spool.to_disk", to_disk)
    assert spool.replace(batch, [(b"a", 1), (b"b", 1)]) == []
    assert lost == [(Lane.LOW, 2, "spool_full")]
    assert spool.pending == Pending(0, 0, 0)


# Batches that come with an id


@pytest.mark.requirement("CL-09")
def test_a_batch_moves_from_memory_to_the_disk_with_its_id(
    folder: Path, opened: Callable[..., Spool], clock: Clock, lost: Losses
) -> None:
    memory = MemorySpool(clock=lambda: clock.wall, monotonic=lambda: clock.steady)
    made = [memory.put("traces", lane, 3, lane.name.encode(), "gzip") for lane in Lane]
    spool = opened()
    own = spool.put("logs", Lane.HIGH, 1, b"own")
    for batch in made:
        spool.keep(batch)
    spool.sync()
    assert spool.pending[:2] == (4, 10)
    assert [spool.take(), spool.take()] == [own, made[0]]
    spool.done(made[0])
    spool.close()
    clock.wall += 5.0
    clock.steady += 5.0
    again = opened()
    assert again.adopt() == 3
    assert [again.take(), again.take(), again.take()] == [own, *made[1:]]
    parts = again.replace(made[1], [(b"p", 1), (b"q", 2)])
    assert [part.id for part in parts] == [f"{made[1].id}.0", f"{made[1].id}.1"]
    assert [again.take(), again.take()] == parts
    for batch in [own, made[2], *parts]:
        again.done(batch)
    again.close()
    assert segments(folder) == []
    assert lost == []


def test_what_is_kept_is_read_back_from_the_disk_when_it_is_not_in_memory_any_more(
    opened: Callable[..., Spool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("andiron.delivery.spool.RECENT", 0)
    spool = opened()
    foreign = Batch(f"{'ab' * 16}-7.1", "metrics", Lane.NORMAL, 2, b"body", "gzip", 1_699_999_999_000)
    spool.keep(foreign)
    assert spool.take() == foreign


@pytest.mark.parametrize("memory", [True, False])
def test_what_is_kept_finds_room_as_anything_else_does(
    folder: Path,
    lost: Losses,
    memory: bool,  # noqa: FBT001 - which of the two spools
) -> None:
    spool: AnySpool = MemorySpool(most=20_000, dropped=lost) if memory else Spool(folder, most=20_000, dropped=lost)
    spool.put("logs", Lane.LOW, 5, bytes(15_000))
    foreign = Batch(f"{'ab' * 16}-7", "logs", Lane.HIGH, 1, bytes(9000), "", int(NOW * 1000))
    spool.keep(foreign)
    assert lost == [(Lane.LOW, 5, "spool_full")]
    with pytest.raises(SpoolFull) as full:
        spool.keep(Batch(f"{'ab' * 16}-8", "logs", Lane.HIGH, 1, bytes(19_000), "", int(NOW * 1000)))
    assert full.value.reason == "spool_full"
    assert spool.pending.batches == 1
    spool.close()


def test_a_batch_of_this_process_is_not_older_than_it_whatever_became_of_the_clock(
    opened: Callable[..., Spool], clock: Clock, lost: Losses
) -> None:
    spool = opened()
    memory = MemorySpool(clock=lambda: clock.wall, monotonic=lambda: clock.steady)
    batch = memory.put("logs", Lane.HIGH, 1, b"x")
    clock.wall += 1000 * DAY
    clock.steady += 3.0
    spool.keep(batch)
    assert spool.oldest == 3.0
    spool.adopt()
    assert spool.take() == batch
    assert lost == []


# No room


@pytest.mark.requirement("CL-09")
@pytest.mark.requirement("CL-10")
def test_a_spool_that_is_full_of_errors_can_still_divide_them(
    folder: Path, opened: Callable[..., Spool], lost: Losses
) -> None:
    spool = opened(most=60_000)
    with pytest.raises(SpoolFull):
        while True:
            spool.put("logs", Lane.HIGH, 2, bytes(3000))
    kept = spool.pending.records
    batch = spool.take()
    assert batch is not None
    parts = spool.replace(batch, [(bytes(1500), 1), (bytes(1500), 1)])
    assert len(parts) == 2
    assert spool.pending.records == kept
    assert sum(path.stat().st_size for path in segments(folder)) < 60_000 + 4000
    with pytest.raises(SpoolFull):
        spool.put("logs", Lane.HIGH, 1, bytes(3000))
    assert lost == []


def test_a_disk_that_is_full_lets_nothing_be_divided(
    opened: Callable[..., Spool], monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = opened()
    batch = spool.put("logs", Lane.HIGH, 2, b"ab")
    assert spool.take() == batch

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "writev", full)
        with pytest.raises(SpoolFull) as refused:
            spool.replace(batch, [(b"a", 1), (b"b", 1)])
    assert refused.value.reason == "disk_full"
    assert spool.take() == batch


@pytest.mark.requirement("CL-10")
def test_what_cannot_be_set_aside_is_told_once_and_nobody_waits_for_who_hears_it(
    opened: Callable[..., Spool], lost: Losses, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = opened()
    free: list[bool] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            assert "lost" in record.getMessage()
            free.append(is_free(spool))

    def dropped(lane: Lane, records: int, reason: str) -> None:
        free.append(is_free(spool))
        lost(lane, records, reason)

    def full(_file: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    spool.dropped = dropped
    batch = spool.put("logs", Lane.HIGH, 3, b"x")
    assert spool.take() == batch
    monkeypatch.setattr(os, "fsync", full)
    listener = Listener()
    logging.getLogger("andiron.delivery").addHandler(listener)
    try:
        assert spool.set_aside(batch, "400") is None
        assert spool.set_aside(batch, "400") is None
    finally:
        logging.getLogger("andiron.delivery").removeHandler(listener)
    assert lost == [(Lane.HIGH, 3, "disk_full")]
    assert free == [True] * 3
    assert spool.pending == Pending(0, 0, 0)
    assert list(spool.poison) == []


def test_what_is_larger_than_all_that_may_be_set_aside_is_lost_and_told(
    opened: Callable[..., Spool], lost: Losses
) -> None:
    spool = opened(most=16_000)
    small = spool.put("logs", Lane.NORMAL, 1, bytes(500))
    large = spool.put("logs", Lane.NORMAL, 4, bytes(1000))
    assert [spool.take(), spool.take()] == [small, large]
    assert spool.set_aside(small, "400") is not None
    assert spool.set_aside(large, "400") is None
    assert lost == [(Lane.NORMAL, 4, "poison_full")]
    assert [refused.batch for refused in spool.poison] == [small]


def test_what_two_evict_at_once_is_told_by_one(
    opened: Callable[..., Spool], lost: Losses, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = opened(most=16_000)
    real = Path.unlink

    def unlink(path: Path, *, missing_ok: bool = False) -> None:
        real(path, missing_ok=missing_ok)
        if path.suffix == ".poison":
            real(path, missing_ok=missing_ok)  # somebody else was faster

    def set_aside(records: int) -> None:
        batch = spool.put("logs", Lane.NORMAL, records, bytes(500))
        assert spool.take() == batch
        assert spool.set_aside(batch, "400") is not None

    set_aside(2)
    monkeypatch.setattr(Path, "unlink", unlink)
    set_aside(3)
    assert lost == []
    monkeypatch.undo()
    set_aside(4)
    assert lost == [(Lane.NORMAL, 3, "poison_full")]


def test_who_hears_of_damage_while_room_is_made_keeps_nobody_waiting(
    folder: Path, opened: Callable[..., Spool], lost: Losses
) -> None:
    before = opened(most=64_000)
    for _ in range(10):
        before.put("logs", Lane.LOW, 1, bytes(3500))
    before.close()
    for path in segments(folder):
        data = bytearray(path.read_bytes())
        data[100] ^= 1
        path.write_bytes(data)
    spool = opened(most=64_000)
    free: list[bool] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            assert "damaged" in record.getMessage()
            free.append(is_free(spool))

    listener = Listener()
    logging.getLogger("andiron.delivery").addHandler(listener)
    try:
        for _ in range(14):
            spool.put("logs", Lane.NORMAL, 1, bytes(3500))
    finally:
        logging.getLogger("andiron.delivery").removeHandler(listener)
    assert free
    assert all(free)
    assert {reason for _, _, reason in lost} <= {"spool_full"}


@pytest.mark.parametrize("memory", [True, False])
def test_who_hears_of_a_loss_keeps_nobody_waiting(
    folder: Path,
    clock: Clock,
    memory: bool,  # noqa: FBT001 - which of the two spools
) -> None:
    spool: AnySpool = (
        MemorySpool(most=20_000, monotonic=lambda: clock.steady)
        if memory
        else Spool(folder, most=20_000, monotonic=lambda: clock.steady)
    )
    free: list[bool] = []
    spool.dropped = lambda *_: free.append(is_free(spool))
    spool.put("logs", Lane.LOW, 1, bytes(15_000))
    spool.put("logs", Lane.NORMAL, 1, bytes(15_000))
    assert free == [True]
    clock.steady += 15 * DAY
    assert spool.take() is None
    assert free == [True] * 2
    spool.put("logs", Lane.NORMAL, 1, b"")
    clock.steady += 15 * DAY
    spool.adopt()
    assert free == [True] * 3
    spool.close()


def test_who_hears_that_a_divided_batch_went_keeps_nobody_waiting(
    folder: Path, opened: Callable[..., Spool], monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = opened()
    free: list[bool] = []
    spool.dropped = lambda *_: free.append(is_free(spool))
    batch = spool.put("logs", Lane.LOW, 2, b"ab")
    assert spool.take() == batch
    for path in segments(folder):
        path.unlink()
    spool.adopt()

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "writev", full)
        with pytest.raises(SpoolFull):
            spool.replace(batch, [(b"a", 1), (b"b", 1)])
    assert free == [True]


# A folder that cannot be seen, a clock that was never set


@pytest.mark.requirement("CL-09")
@pytest.mark.parametrize("code", [errno.EMFILE, errno.EIO, errno.EACCES, errno.ENOTDIR])
def test_where_the_folder_cannot_be_listed_what_is_held_is_sent(
    opened: Callable[..., Spool], lost: Losses, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    spool = opened(most=1_000_000)
    kept = [spool.put("logs", lane, 1, b"x") for lane in Lane]

    def scandir(*_: object) -> object:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "scandir", scandir)
    assert spool.adopt() == 0
    kept.append(spool.put("logs", Lane.LOW, 1, bytes(30_000)))  # which looks at the folder
    assert [spool.take() for _ in range(5)] == [*kept, None]
    for batch in kept:
        spool.done(batch)
    monkeypatch.undo()
    assert spool.adopt() == 0
    assert lost == []
    assert spool.pending == Pending(0, 0, 0)


def test_a_folder_that_became_a_file_keeps_nothing_from_being_sent(
    folder: Path, opened: Callable[..., Spool], lost: Losses
) -> None:
    spool = opened()
    kept = [spool.put("logs", Lane.HIGH, 1, b"x") for _ in range(3)]
    shutil.rmtree(folder)
    folder.touch()
    assert spool.adopt() == 0
    with pytest.raises(SpoolFull):
        spool.put("logs", Lane.LOW, 1, b"")
    for batch in kept:
        assert spool.take() == batch
        spool.done(batch)
    assert spool.take() is None
    assert lost == []


@pytest.mark.requirement("CL-09")
def test_what_was_made_before_the_clock_was_set_is_as_young_as_can_be(
    opened: Callable[..., Spool], clock: Clock, lost: Losses
) -> None:
    clock.wall = 60.0
    first = opened()
    batch = first.put("logs", Lane.HIGH, 7, b"x")
    first.close()
    clock.wall = NOW
    spool = opened()
    assert spool.adopt() == 1
    spool.adopt()
    assert spool.oldest == 0
    assert spool.take() == batch
    spool.later(batch)
    clock.steady += 15 * DAY
    spool.adopt()
    assert lost == [(Lane.HIGH, 7, "expired")]


def test_the_end_lets_go_of_all_that_was_taken_over(folder: Path, opened: Callable[..., Spool]) -> None:
    for n in range(10):
        spool = opened()
        spool.put("logs", Lane.HIGH, 1, b"x")
        spool.put("logs", Lane.NORMAL, 1, b"x")
        assert spool.adopt() == 2 * n
        spool.take()
        spool.close()
        links = (Path("/proc/self/fd") / each for each in os.listdir("/proc/self/fd"))  # noqa: PTH208 - of which one is gone again
        assert not [link for link in links if link.is_symlink() and str(link.readlink()).startswith(str(folder))]
