import errno
import resource
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import pytest

from andiron.delivery.batch import Lane
from andiron.delivery.memory_spool import MemorySpool
from andiron.delivery.segment import Name
from andiron.delivery.spool import AnySpool, Pending, Spool, SpoolFull
from andiron.delivery.spool_folder import spool_folder

DAY = 86400.0


class Clock:
    """Of the wall, and steady."""

    def __init__(self) -> None:
        self.wall = 1_700_000_000.0
        self.steady = 50.0

    def pass_(self, seconds: float) -> None:
        self.wall += seconds
        self.steady += seconds


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
    return tmp_path / "spool" / "shop"


@pytest.fixture(params=["disk", "memory"])
def any_spool(request: pytest.FixtureRequest, folder: Path, clock: Clock, lost: Losses) -> Iterator[AnySpool]:
    made: AnySpool
    if request.param == "disk":
        made = Spool(folder, clock=lambda: clock.wall, monotonic=lambda: clock.steady, dropped=lost)
    else:
        made = MemorySpool(clock=lambda: clock.wall, monotonic=lambda: clock.steady, dropped=lost)
    yield made
    made.close()


def opened(folder: Path, clock: Clock, lost: Losses, most: int = 256_000_000) -> Spool:
    return Spool(folder, clock=lambda: clock.wall, monotonic=lambda: clock.steady, dropped=lost, most=most)


def segments(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.iterdir()) if Name.of(path.name)]


def test_errors_go_first_then_the_oldest(any_spool: AnySpool) -> None:
    low, normal, high, second = (
        any_spool.put("logs", lane, 1, b"x") for lane in (Lane.LOW, Lane.NORMAL, Lane.HIGH, Lane.NORMAL)
    )
    taken = [any_spool.take() for _ in range(5)]
    assert taken == [high, normal, second, low, None]
    any_spool.later(second)
    any_spool.later(normal)
    assert [any_spool.take(), any_spool.take()] == [normal, second]


def test_a_batch_is_numbered_within_its_stream_and_says_when_it_was_made(any_spool: AnySpool, clock: Clock) -> None:
    first = any_spool.put("traces", Lane.NORMAL, 7, b"body", "gzip")
    second = any_spool.put("metrics", Lane.NORMAL, 1, b"")
    stream, _, number = first.id.partition("-")
    assert len(bytes.fromhex(stream)) == 16
    assert (number, second.id) == ("0", f"{stream}-1")
    assert (first.signal, first.lane, first.records, first.body, first.encoding) == (
        "traces",
        Lane.NORMAL,
        7,
        b"body",
        "gzip",
    )
    assert first.made == 1_700_000_000_000
    clock.pass_(5)
    assert any_spool.oldest == 5


def test_what_is_pending_includes_what_is_on_its_way(any_spool: AnySpool) -> None:
    batch = any_spool.put("logs", Lane.NORMAL, 3, b"x")
    assert any_spool.pending[:2] == (1, 3)
    any_spool.take()
    assert any_spool.pending[:2] == (1, 3)
    any_spool.done(batch)
    any_spool.done(batch)
    assert any_spool.pending == Pending(0, 0, 0)


def test_parts_take_the_place_of_their_batch(any_spool: AnySpool) -> None:
    batch = any_spool.put("logs", Lane.NORMAL, 3, b"abc", "gzip")
    any_spool.put("logs", Lane.LOW, 1, b"later")
    any_spool.take()
    parts = any_spool.replace(batch, [(b"a", 1), (b"bc", 2)])
    assert [(part.id, part.body, part.records, part.encoding) for part in parts] == [
        (f"{batch.id}.0", b"a", 1, ""),
        (f"{batch.id}.1", b"bc", 2, ""),
    ]
    assert any_spool.pending[:2] == (3, 4)
    assert [any_spool.take(), any_spool.take()] == parts
    assert any_spool.replace(batch, [(b"again", 1)]) == []


@pytest.mark.requirement("CL-09")
def test_a_batch_is_divided_wholly_or_not_at_all_wherever_the_power_fails(
    folder: Path, tmp_path: Path, clock: Clock, lost: Losses, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = opened(folder, clock, lost)
    batch = spool.put("logs", Lane.NORMAL, 2, b"parent")
    assert spool.take() == batch
    (path,) = segments(folder)
    before = path.stat().st_size
    # The end of the process comes between the write of the parts and the mark in the file of the batch.
    monkeypatch.setattr(spool, "done", lambda _: None)
    spool.replace(batch, [(b"part 0", 1), (b"part 1", 1)])
    whole = path.read_bytes()
    for cut in range(before, len(whole) + 1):
        copy = tmp_path / str(cut)
        copy.mkdir()
        (copy / path.name).write_bytes(whole[:cut])
        again = opened(copy, clock, lost)
        again.adopt()
        bodies = [found.body for found in iter(again.take, None)]
        assert bodies == ([b"part 0", b"part 1"] if cut == len(whole) else [b"parent"])
        again.close()
    spool.close()


@pytest.mark.requirement("CL-09")
def test_a_batch_that_lies_there_twice_is_given_once(folder: Path, clock: Clock, lost: Losses) -> None:
    """As after a write that a disk refused and yet kept."""
    spool = opened(folder, clock, lost)
    batch = spool.put("logs", Lane.NORMAL, 1, b"once")
    spool.close()
    (path,) = segments(folder)
    path.write_bytes(2 * path.read_bytes())
    again = opened(folder, clock, lost)
    assert again.adopt() == 1
    assert [again.take(), again.take()] == [batch, None]
    again.done(batch)
    again.close()
    assert segments(folder) == []


@pytest.mark.requirement("CL-10")
def test_a_batch_that_is_set_aside_is_kept_with_the_reason_and_the_rest_goes_on(
    folder: Path, clock: Clock, lost: Losses
) -> None:
    spool = opened(folder, clock, lost)
    bad = spool.put("logs", Lane.NORMAL, 1, b"\x00bad\nbody", "gzip")
    good = spool.put("logs", Lane.NORMAL, 1, b"good")
    assert spool.take() == bad
    path = spool.set_aside(bad, "400: no")
    assert path is not None
    assert path.parent == folder / "poison"
    assert path.stat().st_mode & 0o777 == 0o600
    ((refused),) = spool.poison
    assert (refused.batch, refused.reason) == (bad, "400: no")
    assert spool.pending.batches == 1
    spool.close()
    again = opened(folder, clock, lost)
    assert again.adopt() == 1
    assert again.take() == good
    again.close()
    assert lost == []


def test_what_was_set_aside_is_bounded_and_the_oldest_goes_first(folder: Path, clock: Clock, lost: Losses) -> None:
    spool = opened(folder, clock, lost, most=16_000)
    for _ in range(5):
        clock.pass_(1)
        spool.set_aside(spool.put("logs", Lane.NORMAL, 2, bytes(300)), "no")
        assert spool.take()
    assert len(list(spool.poison)) == 2
    assert lost == [(Lane.NORMAL, 2, "poison_full")] * 3
    spool.close()


@pytest.mark.requirement("CL-09")
def test_days_later_another_process_finds_everything(folder: Path, clock: Clock, lost: Losses) -> None:
    spool = opened(folder, clock, lost)
    kept = [spool.put("logs", lane, 2, lane.name.encode()) for lane in Lane]
    spool.close()
    clock.wall += 13 * DAY
    clock.steady = 3.0
    later = opened(folder, clock, lost)
    assert later.adopt() == 3
    assert later.oldest == 13 * DAY
    assert [later.take(), later.take(), later.take()] == kept
    for batch in kept:
        later.done(batch)
    later.close()
    assert segments(folder) == []
    assert lost == []


@pytest.mark.requirement("CL-09")
def test_what_is_too_old_goes_and_is_told(any_spool: AnySpool, clock: Clock, lost: Losses) -> None:
    any_spool.put("logs", Lane.NORMAL, 3, b"old")
    clock.pass_(13 * DAY)
    young = any_spool.put("logs", Lane.NORMAL, 4, b"young")
    clock.pass_(2 * DAY)
    any_spool.adopt()
    assert any_spool.take() == young
    any_spool.later(young)
    clock.pass_(13 * DAY)
    any_spool.adopt()
    assert any_spool.take() is None
    assert lost == [(Lane.NORMAL, 3, "expired"), (Lane.NORMAL, 4, "expired")]
    assert any_spool.pending == Pending(0, 0, 0)


@pytest.mark.requirement("CL-09")
@pytest.mark.parametrize("jump", [1000 * DAY, -1000 * DAY])
def test_a_clock_that_jumps_drops_nothing_and_changes_no_order(
    any_spool: AnySpool, clock: Clock, lost: Losses, jump: float
) -> None:
    first = any_spool.put("logs", Lane.NORMAL, 1, b"1" * 300_000)
    clock.wall += jump
    second = any_spool.put("logs", Lane.NORMAL, 1, b"2" * 3_900_000)  # in a segment of its own
    any_spool.adopt()
    assert [any_spool.take(), any_spool.take()] == [first, second]
    assert lost == []


def test_batches_of_a_future_that_the_clock_has_left_again_are_as_young_as_can_be(
    folder: Path, clock: Clock, lost: Losses
) -> None:
    spool = opened(folder, clock, lost)
    spool.put("logs", Lane.NORMAL, 1, b"x")
    spool.close()
    clock.wall -= 1000 * DAY
    again = opened(folder, clock, lost)
    assert again.adopt() == 1
    assert again.oldest == 0
    again.close()


def test_a_running_process_keeps_its_segments_to_itself(folder: Path, clock: Clock, lost: Losses) -> None:
    one, other = opened(folder, clock, lost), opened(folder, clock, lost)
    one.put("logs", Lane.NORMAL, 1, b"x")
    assert other.adopt() == 0
    assert other.take() is None
    one.close()
    assert other.adopt() == 1
    other.close()


def test_what_was_left_behind_by_many_is_taken_over_bit_by_bit(folder: Path, clock: Clock, lost: Losses) -> None:
    for n in range(70):
        short = opened(folder, clock, lost)
        short.put("logs", Lane.NORMAL, 1, b"%d" % n)
        clock.pass_(1)
        short.close()
    spool = opened(folder, clock, lost)
    assert spool.adopt() == 64
    bodies = []
    while (batch := spool.take()) is not None:
        bodies.append(int(batch.body))
        spool.done(batch)
    assert bodies == list(range(70))
    spool.close()


@pytest.mark.requirement("CL-09")
def test_one_fsync_a_file_for_all_that_was_put_and_again_when_it_failed(
    folder: Path, clock: Clock, lost: Losses, monkeypatch: pytest.MonkeyPatch
) -> None:
    forced: list[str] = []

    def to_disk(file: int) -> None:
        forced.append(Path(f"/proc/self/fd/{file}").readlink().name)
        if failing:
            raise OSError(errno.EIO, "broken")

    failing = False
    monkeypatch.setattr("andiron.delivery.spool.to_disk", to_disk)
    spool = opened(folder, clock, lost)
    for _ in range(5):
        spool.put("logs", Lane.NORMAL, 1, b"x")
    (segment,) = segments(folder)
    spool.sync()
    assert forced == [segment.name, "shop"]
    spool.sync()
    assert len(forced) == 2
    spool.put("logs", Lane.NORMAL, 1, b"x")
    failing = True
    with pytest.raises(OSError, match="broken"):
        spool.sync()
    failing = False
    spool.sync()
    assert forced[2:] == [segment.name, segment.name, "shop"]
    spool.close()


@pytest.mark.requirement("CL-09")
def test_room_is_made_with_what_another_process_holds_and_that_one_tells_it(folder: Path, clock: Clock) -> None:
    lost_one, lost_other = Losses(), Losses()
    one, other = opened(folder, clock, lost_one, most=64_000), opened(folder, clock, lost_other, most=64_000)
    for _ in range(10):
        one.put("logs", Lane.LOW, 1, bytes(3500))
    for _ in range(14):
        other.put("logs", Lane.NORMAL, 1, bytes(3500))
    assert sum(path.stat().st_size for path in segments(folder)) <= 64_000
    assert lost_other == []
    one.adopt()
    assert lost_one == [(Lane.LOW, 1, "spool_full")] * (10 - one.pending.batches)
    assert len(lost_one) == 7
    one.put("logs", Lane.LOW, 1, b"still works")
    one.close()
    other.close()


@pytest.mark.requirement("CL-09")
@pytest.mark.parametrize("memory", [True, False])
def test_errors_are_kept_when_there_is_nothing_else(folder: Path, lost: Losses, memory: bool) -> None:  # noqa: FBT001 - which of the two
    spool: AnySpool = MemorySpool(most=20_000, dropped=lost) if memory else Spool(folder, most=20_000, dropped=lost)
    spool.put("logs", Lane.LOW, 5, bytes(1000))
    spool.put("logs", Lane.NORMAL, 4, bytes(1000))
    kept = []
    with pytest.raises(SpoolFull) as full:
        while True:
            kept.append(spool.put("logs", Lane.HIGH, 1, bytes(1000)))
    assert full.value.reason == "spool_full"
    assert len(kept) in (18, 20)
    assert lost == [(Lane.LOW, 5, "spool_full"), (Lane.NORMAL, 4, "spool_full")]
    assert spool.pending.records == len(kept)
    for less in (Lane.NORMAL, Lane.LOW):
        with pytest.raises(SpoolFull):
            spool.put("logs", less, 1, bytes(1000))
    first = spool.take()
    assert first is not None
    spool.done(first)
    kept.append(spool.put("logs", Lane.HIGH, 1, bytes(900)))
    assert [spool.take() for _ in kept[1:]] == kept[1:]
    spool.close()


def test_a_batch_larger_than_the_spool_pushes_nothing_out(any_spool: AnySpool, lost: Losses) -> None:
    any_spool.put("logs", Lane.LOW, 1, b"x")
    with pytest.raises(SpoolFull) as full:
        any_spool.put("logs", Lane.HIGH, 1, bytes(300_000_000))
    assert full.value.reason == "spool_full"
    assert lost == []


def test_a_file_that_somebody_deletes_costs_only_what_was_in_it(folder: Path, clock: Clock, lost: Losses) -> None:
    spool = opened(folder, clock, lost)
    spool.put("logs", Lane.NORMAL, 2, b"gone")
    for path in segments(folder):
        path.unlink()
    folder.rmdir()
    kept = spool.put("logs", Lane.NORMAL, 1, b"kept")
    assert lost == [(Lane.NORMAL, 2, "spool_full")]
    spool.close()
    again = opened(folder, clock, lost)
    assert again.adopt() == 1
    assert again.take() == kept
    again.close()


@pytest.mark.requirement("CL-09")
@pytest.mark.parametrize("lane", list(Lane))
def test_a_disk_that_is_full_is_told_and_leaves_no_half_batch(
    folder: Path, clock: Clock, lost: Losses, lane: Lane
) -> None:
    """The kernel stops the file at a size, as a full disk does: first a part is written, then nothing."""
    spool = opened(folder, clock, lost)
    before = spool.put("logs", lane, 1, b"before")
    size = segments(folder)[-1].stat().st_size
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 500, hard))
    try:
        with pytest.raises(SpoolFull) as full:
            spool.put("logs", lane, 1, bytes(2000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert full.value.reason == "disk_full"
    assert isinstance(full.value.__cause__, OSError)
    assert full.value.__cause__.errno == errno.EFBIG
    assert segments(folder)[-1].stat().st_size == size
    after = spool.put("logs", lane, 1, b"after")
    spool.close()
    again = opened(folder, clock, lost)
    again.adopt()
    assert [again.take(), again.take(), again.take()] == [before, after, None]
    again.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 kB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(disk)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("only root may mount a small disk")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)  # a test that failed has left files open


@pytest.mark.requirement("CL-09")
def test_on_a_full_disk_what_is_not_needed_goes_first_then_what_is_less_important(
    small_disk: Path, clock: Clock, lost: Losses
) -> None:
    spool = opened(small_disk / "shop", clock, lost)
    low = [spool.put("logs", Lane.LOW, 1, bytes(5000)) for _ in range(4)]
    normal = []
    while not lost:
        normal.append(spool.put("logs", Lane.NORMAL, 1, bytes(5000)))
    assert lost == [(Lane.LOW, 4, "disk_full")]
    assert len(low) + len(normal) > 11
    with pytest.raises(SpoolFull) as full:
        for _ in range(20):
            normal.append(spool.put("logs", Lane.NORMAL, 1, bytes(5000)))  # noqa: PERF401 - it counts those before the failure
    assert full.value.reason == "disk_full"
    assert spool.pending.batches == len(normal)
    while (batch := spool.take()) is not None:
        spool.done(batch)
    high = [spool.put("logs", Lane.HIGH, 1, bytes(5000)) for _ in range(10)]
    assert len(lost) == 1
    assert [spool.take() for _ in high] == high
    spool.close()


def test_a_full_disk_puts_back_what_cannot_be_divided(folder: Path, clock: Clock, lost: Losses) -> None:
    spool = opened(folder, clock, lost)
    batch = spool.put("logs", Lane.NORMAL, 2, b"xy")
    spool.take()
    size = segments(folder)[-1].stat().st_size
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 100, hard))
    try:
        with pytest.raises(SpoolFull):
            spool.replace(batch, [(b"x", 1), (b"y", 1)])
        assert spool.take() == batch
        spool.done(batch)  # whose mark does not fit either, perhaps
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert spool.pending == Pending(0, 0, 0)
    spool.close()


def test_a_folder_that_cannot_be_made_or_is_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError):
        Spool(tmp_path / "file" / "shop")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="link"):
        Spool(tmp_path / "link")
    with pytest.raises(OSError, match="proc"):
        Spool(Path("/proc/andiron"))


def test_links_are_not_followed_and_foreign_files_left_alone(
    folder: Path, clock: Clock, lost: Losses, tmp_path: Path
) -> None:
    spool = opened(folder, clock, lost)
    spool.put("logs", Lane.NORMAL, 1, b"x")
    spool.close()
    (path,) = segments(folder)
    path.rename(tmp_path / path.name)
    path.symlink_to(tmp_path / path.name)
    (folder / "notes.txt").write_text("mine")
    again = opened(folder, clock, lost)
    assert again.adopt() == 0
    again.close()
    assert (folder / "notes.txt").read_text() == "mine"
    assert (tmp_path / path.name).exists()


def test_only_its_user_can_read_it(folder: Path, clock: Clock, lost: Losses) -> None:
    folder.mkdir(parents=True, mode=0o755)
    spool = opened(folder, clock, lost)
    spool.put("logs", Lane.NORMAL, 1, b"x")
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in segments(folder)} == {0o600}
    spool.close()


def test_what_is_delivered_does_not_stay_on_the_disk(folder: Path, clock: Clock, lost: Losses) -> None:
    spool = opened(folder, clock, lost)
    spool.put("logs", Lane.NORMAL, 1, bytes(100_000))
    batch = spool.take()
    assert batch is not None
    spool.done(batch)
    assert sum(path.stat().st_size for path in segments(folder)) == 0
    second = spool.put("logs", Lane.NORMAL, 1, b"next")
    assert spool.take() == second
    spool.close()


def test_what_is_on_its_way_at_the_end_is_left_for_the_next(folder: Path, clock: Clock, lost: Losses) -> None:
    spool = opened(folder, clock, lost)
    batch = spool.put("logs", Lane.NORMAL, 1, b"x")
    assert spool.take() == batch
    spool.close()
    spool.close()
    spool.done(batch)
    with pytest.raises(SpoolFull) as full:
        spool.put("logs", Lane.NORMAL, 1, b"y")
    assert full.value.reason == "closed"
    again = opened(folder, clock, lost)
    assert again.adopt() == 1
    assert again.take() == batch
    again.close()


def test_threads_share_it(folder: Path) -> None:
    spool = Spool(folder, segment=5000)
    given: list[str] = []
    ended = threading.Event()

    def put() -> None:
        for n in range(200):
            spool.put("logs", Lane(n % 3), 1, b"x" * n)
            spool.sync()

    def send() -> None:
        turn = 0
        while (batch := spool.take()) is not None or not ended.is_set():
            turn += 1
            if batch is not None and turn % 7:
                given.append(batch.id)
                spool.done(batch)
            elif batch is not None:
                spool.later(batch)

    with ThreadPoolExecutor(6) as threads:
        sending = [threads.submit(send) for _ in range(3)]
        wait(threads.submit(put) for _ in range(3))
        ended.set()
    assert [each.exception() for each in sending] == [None] * 3
    assert len(given) == len(set(given)) == 600
    assert spool.pending == Pending(0, 0, 0)
    spool.close()
    assert list(folder.iterdir()) == []


def test_a_callback_that_raises_stops_nothing(any_spool: AnySpool, clock: Clock) -> None:
    def raises(_lane: Lane, _records: int, _reason: str) -> None:
        raise RuntimeError

    any_spool.dropped = raises
    any_spool.put("logs", Lane.NORMAL, 1, b"x")
    clock.pass_(15 * DAY)
    assert any_spool.take() is None
    assert any_spool.pending == Pending(0, 0, 0)


def test_the_folder_is_where_the_system_keeps_state() -> None:
    assert spool_folder({"ANDIRON_SPOOL": "/srv/spool"}) == Path("/srv/spool")
    assert spool_folder({"XDG_STATE_HOME": "/state"}, "linux") == Path("/state/andiron/spool")
    home = Path.home()
    assert spool_folder({"XDG_STATE_HOME": "relative"}, "linux") == home / ".local/state/andiron/spool"
    assert spool_folder({}, "darwin") == home / "Library/Application Support/andiron/spool"
