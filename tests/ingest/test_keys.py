"""A request with an idempotency key is journalled once: however often it comes, at once or after a restart, whatever breaks."""

import asyncio
import gzip
import os
import random
import tempfile
import threading
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from isal import isal_zlib

from andiron.server.ingest import keys as keys_module
from andiron.server.ingest.door import INLINE, Door, Outcome, Refusal
from andiron.server.ingest.journal import Journal
from andiron.server.ingest.keys import Keys, line, parsed
from andiron.server.ingest.known import Page
from andiron.server.ingest.segment import Entry, read
from andiron.server.ingest.signals import LOGS, METRICS, TRACES, Signal
from andiron.server.observe import Instruments
from andiron.server.settings import Settings
from tests.ingest.numbered import numbered
from tests.ingest.test_journal import Clock

pytestmark = pytest.mark.requirement("CL-09")

STREAM = "0123456789abcdef0123456789abcdef"
DAY = 86_400.0
SHAPES = pytest.mark.parametrize("key", [f"{STREAM}-0", "order-17"])


class Node:
    """Journal, keys and door in a folder; `load` stands for a loader whose store takes everything."""

    def __init__(self, folder: Path, clock: Callable[[], float] = lambda: 1_800_000_000.0) -> None:
        self.folder = folder
        self.clock = clock
        self.stored: list[str] = []
        self.open()

    def open(self) -> None:
        self.instruments = Instruments()
        self.journal = Journal(self.folder / "journal", most=10**9)
        self.keys = Keys(self.folder / "keys", age=30 * DAY, memory=1_000_000, clock=self.clock)
        self.keys.recall(self.journal.left())
        settings = Settings(_env_file=None, data=self.folder)
        self.door = Door(settings, self.journal, self.keys, self.instruments)

    def restart(self) -> None:
        self.journal.close()
        self.open()

    async def send(
        self, key: str | None, *names: str, signal: Signal = LOGS, database: str = "andiron", **more: object
    ) -> Outcome:
        body = numbered(signal.name, names)
        how = {"encoding": "", "json": False} | more
        return await self.door.take(signal, database, body, key=key, **how)  # type: ignore[arg-type] # what tests pass

    def load(self) -> None:
        """Empty the journal into `stored`."""
        self.journal.seal()
        while (segment := self.journal.take(0)) is not None:
            entries = [found for found in read(segment.path.read_bytes(), segment.seed) if isinstance(found, Entry)]
            for entry in entries:
                signal = {1: TRACES, 2: LOGS, 3: METRICS}[entry.signal]
                self.stored.append(
                    f"{entry.database} {signal.name} {signal.count(signal.request.FromString(bytes(entry.body)))} {entry.key}"
                )
            self.keys.keep(entries)
            self.journal.done(segment)

    def repeats(self) -> float:
        return sum(float(self.instruments.repeated.labels(name)._value.get()) for name in ("traces", "logs", "metrics"))


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    opened = Node(tmp_path)
    yield opened
    opened.journal.close()


def run(*sending: Coroutine[object, object, Outcome]) -> None:
    """One after the other; each is acknowledged."""

    async def all_of_them() -> None:
        for each in sending:
            assert await each == Outcome()

    asyncio.run(all_of_them())


class Disk:
    """Stops at every sync until it may go on, or fail."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.outcomes: list[OSError | None] = []
        self.busy = threading.Semaphore(0)
        self.go = threading.Semaphore(0)
        monkeypatch.setattr(os, "fdatasync", self.sync)

    def sync(self, _: int) -> None:
        self.busy.release()
        assert self.go.acquire(timeout=30)
        if self.outcomes and (error := self.outcomes.pop(0)):
            raise error

    async def reached(self) -> None:
        assert await asyncio.to_thread(self.busy.acquire, timeout=30)

    def freely(self) -> None:
        for _ in range(100):
            self.go.release()


# Repeats


@SHAPES
def test_a_repeat_is_acknowledged_and_stored_nothing_twice(node: Node, key: str) -> None:
    run(*(node.send(key, "one") for _ in range(3)))
    node.load()
    run(*(node.send(key, "one") for _ in range(3)))
    node.load()
    assert node.stored == [f"andiron logs 1 {key}"]
    assert node.repeats() == 5
    assert node.instruments.acknowledged.labels("logs")._value.get() == 1


def test_of_two_bodies_under_a_key_the_first_is_stored(node: Node) -> None:
    run(node.send("key", "one", "two"), node.send("key", "other"))
    node.load()
    assert node.stored == ["andiron logs 2 key"]


def test_requests_without_a_key_are_never_repeats(node: Node) -> None:
    run(*(node.send(None, "one") for _ in range(3)))
    node.load()
    assert node.stored == ["andiron logs 1 "] * 3
    assert list(node.folder.glob("keys/*")) == []


@SHAPES
def test_the_same_key_is_another_in_another_project_or_signal(node: Node, key: str) -> None:
    run(
        node.send(key, "one"),
        node.send(key, "one", database="andiron_shop"),
        node.send(key, "one", signal=TRACES),
        node.send(key, "one", signal=METRICS),
    )
    for _ in range(2):
        node.load()
        assert sorted(node.stored) == [
            f"andiron logs 1 {key}",
            f"andiron metrics 1 {key}",
            f"andiron traces 1 {key}",
            f"andiron_shop logs 1 {key}",
        ]
        node.restart()
        run(node.send(key, "one"), node.send(key, "one", signal=TRACES))


def test_a_part_of_a_known_batch_is_known_and_its_sibling_is_not(node: Node) -> None:
    run(node.send(f"{STREAM}-7.1.0", "one"), node.send(f"{STREAM}-7.1", "two"), node.send(f"{STREAM}-8", "three"))
    assert node.repeats() == 0
    run(node.send(f"{STREAM}-7.1.1", "part of two"), node.send(f"{STREAM}-8.0.1", "part of three"))
    assert node.repeats() == 2
    run(node.send(f"{STREAM}-7.0", "four"), node.send(f"{STREAM}-9.0", "five"))
    assert node.repeats() == 2


@pytest.mark.parametrize("key", ["", " ", "two words", "é", "tab\t", "x" * 256, "\x7f", "line\n"])
def test_a_malformed_key_is_refused(node: Node, key: str) -> None:
    with pytest.raises(Refusal, match="1 to 255 visible ASCII characters") as refused:
        asyncio.run(node.send(key, "one"))
    assert refused.value.status == 400
    assert node.journal.backlog == 0


@pytest.mark.parametrize("key", ["!", "~" * 255, "0", "-", f"{STREAM}-", "2026-11-21T09:19:36Z/7"])
def test_any_visible_key_is_taken(node: Node, key: str) -> None:
    run(node.send(key, "one"), node.send(key, "one"))
    node.load()
    assert node.stored == [f"andiron logs 1 {key}"]


# At the same time


@SHAPES
def test_repeats_during_the_write_wait_for_its_outcome(node: Node, monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    disk = Disk(monkeypatch)

    async def together() -> None:
        first = asyncio.create_task(node.send(key, "one"))
        await disk.reached()
        others = [asyncio.create_task(node.send(key, "one")) for _ in range(20)]
        part = asyncio.create_task(node.send(f"{key}.0", "part"))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert not any(task.done() for task in [first, *others])
        disk.freely()
        assert await asyncio.gather(first, *others, part) == [Outcome()] * 22

    asyncio.run(together())
    node.load()
    # What has a stream has parts; to any other key, a dot is a character.
    assert node.stored == [f"andiron logs 1 {key}"] + ([] if key.startswith(STREAM) else [f"andiron logs 1 {key}.0"])


def test_when_the_first_fails_one_of_those_that_waited_is_written(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = Disk(monkeypatch)
    # The write, and taking it back.
    disk.outcomes = [OSError(5, "Input/output error"), None]

    async def together() -> None:
        first = asyncio.create_task(node.send("key", "one"))
        await disk.reached()
        others = [asyncio.create_task(node.send("key", "one")) for _ in range(5)]
        await asyncio.sleep(0)
        disk.freely()
        with pytest.raises(Refusal, match="Input/output error") as refused:
            await first
        assert refused.value.status == 503
        assert await asyncio.gather(*others) == [Outcome()] * 5

    asyncio.run(together())
    assert node.repeats() == 4
    node.load()
    assert node.stored == ["andiron logs 1 key"]


def test_a_repeat_between_the_write_and_its_notice_does_not_hang(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = Disk(monkeypatch)
    disk.freely()

    async def just_then() -> None:
        loop = asyncio.get_running_loop()
        written = loop.create_future()
        node.keys.claim("andiron 2 key", written)
        # Done, and its callbacks have not run yet.
        written.set_result(None)
        assert await node.send("key", "one") == Outcome()
        failed = loop.create_future()
        node.keys.claim("andiron 2 other", failed)
        failed.set_exception(OSError("no"))
        assert await node.send("other", "one") == Outcome()

    asyncio.run(just_then())
    node.load()
    assert node.stored == ["andiron logs 1 other"]


def test_a_sender_that_goes_away_does_not_take_the_knowledge_with_it(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(monkeypatch)

    async def cancelled() -> None:
        first = asyncio.create_task(node.send("key", "one"))
        await disk.reached()
        waits = asyncio.create_task(node.send("key", "one"))
        await asyncio.sleep(0)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        disk.freely()
        assert await waits == Outcome()

    asyncio.run(cancelled())
    node.load()
    assert node.stored == ["andiron logs 1 key"]
    assert node.door.in_flight == 0


def test_large_bodies_that_are_checked_at_the_same_time_are_written_once(node: Node) -> None:
    # Noise, so that it stays above the size at which the check goes to a thread.
    noise = random.Random(1).randbytes(INLINE).hex()
    body = gzip.compress(numbered("logs", [noise]), 1)
    assert len(body) > INLINE

    async def together() -> list[Outcome]:
        take = [node.door.take(LOGS, "andiron", body, encoding="gzip", json=False, key="key") for _ in range(4)]
        return await asyncio.gather(*take)

    assert asyncio.run(together()) == [Outcome()] * 4
    node.load()
    assert node.stored == ["andiron logs 1 key"]


# What was refused


def test_a_refused_request_does_not_burn_its_key(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    key = f"{STREAM}-0"
    take = node.door.take
    broken = take(LOGS, "andiron", b"\xff", encoding="", json=False, key=key)
    unknown = take(LOGS, "andiron", b"", encoding="br", json=False, key=key)
    bomb = take(LOGS, "andiron", gzip.compress(bytes(300_000_000)), encoding="gzip", json=False, key=key)
    for sending, status in ((broken, 400), (unknown, 415), (bomb, 413)):
        with pytest.raises(Refusal) as refused:
            asyncio.run(sending)
        assert refused.value.status == status
    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", failing)
        with pytest.raises(Refusal) as refused:
            asyncio.run(node.send(key, "one"))
        assert refused.value.status == 503
    # Nothing was in it, so nothing was stored: the key is free.
    run(node.send(key))
    run(node.send(key, "one"), node.send(key, "one"))
    node.load()
    assert node.stored == [f"andiron logs 1 {key}"]


def failing(*_: object) -> None:
    raise OSError(28, "No space left on device")


# Restarts


@SHAPES
@pytest.mark.parametrize("loaded", [False, True])
def test_a_repeat_after_a_restart_is_known(node: Node, key: str, *, loaded: bool) -> None:
    for n in range(3):
        run(node.send(key, "one"), node.send(f"key-{n}", "other"))
        if loaded:
            node.load()
        node.restart()
    run(node.send(key, "one"))
    node.load()
    assert node.stored.count(f"andiron logs 1 {key}") == 1
    assert len(node.stored) == 4


def test_what_the_crash_tore_is_not_known_and_what_stands_before_it_is(node: Node) -> None:
    run(node.send("whole", "one"), node.send("torn", "two"))
    node.journal.close()
    (path,) = (node.folder / "journal").iterdir()
    path.write_bytes(path.read_bytes()[:-1])
    node.open()
    run(node.send("whole", "one"), node.send("torn", "two"))
    node.load()
    assert node.stored == ["andiron logs 1 whole", "andiron logs 1 torn"]


def test_a_journal_that_cannot_be_read_does_not_stop_the_start(node: Node) -> None:
    run(node.send("key", "one"))
    node.journal.close()
    (path,) = (node.folder / "journal").iterdir()
    path.unlink()
    path.mkdir()
    node.open()
    run(node.send("key", "one"))


def test_keys_are_forgotten_when_they_are_old_across_restarts(tmp_path: Path) -> None:
    clock = Clock()
    node = Node(tmp_path, clock)
    for day in range(40):
        clock.now = day * DAY
        run(node.send(f"{STREAM}-{day}", "one"), node.send(f"key-{day}", "one"))
        node.load()
        node.restart()
    for key in (f"{STREAM}-", "key-"):
        run(*(node.send(f"{key}{day}", "again") for day in range(9, 40)))
        assert node.repeats() == 31 if key.startswith(STREAM) else 62
        run(*(node.send(f"{key}{day}", "again") for day in range(8)))
    assert node.repeats() == 62
    node.journal.close()


# The log


def filled(folder: Path, count: int = 6) -> bytes:
    """The log of so many keys, a page each, both shapes in turn."""
    keys = Keys(folder, age=DAY, memory=1_000_000, clock=lambda: 0.0)
    for n in range(count):
        keys.keep([key_entry(n)])
    return (folder / "known.log").read_bytes()


def key_entry(n: int) -> Entry:
    return Entry(2, "andiron", b"", 1, 5, key=f"{STREAM}-{n}" if n % 2 else f"key-{n}")


def remembered(folder: Path, count: int = 6) -> list[int]:
    keys = Keys(folder, age=DAY, memory=1_000_000, clock=lambda: 0.0)
    return [n for n in range(count) if asyncio.run(keys.repeated(f"andiron 2 {key_entry(n).key}"))]


@given(st.data())
def test_a_damaged_log_costs_the_pages_that_are_hit(draw: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "keys"
        whole = filled(folder)
        assert remembered(folder) == [0, 1, 2, 3, 4, 5]
        pages = whole.splitlines(keepends=True)
        assert len(pages) == 6
        at = draw.draw(st.integers(0, len(whole) - 1), label="at")
        hit, passed = 0, len(pages[0])
        while passed <= at:
            hit += 1
            passed += len(pages[hit])
        broken = bytearray(whole)
        if draw.draw(st.booleans(), label="cut"):
            broken = broken[:at]
            spared = {*range(hit)}
        else:
            broken[at] ^= 1 << draw.draw(st.integers(0, 7), label="bit")
            # A line that does not end takes the next one with it.
            spared = {*range(6)} - {hit, hit + (at == passed - 1)}
        (folder / "known.log").write_bytes(broken)
        kept = {*remembered(folder)}
        assert spared <= kept
        # The end of a line is no part of what it says.
        assert kept <= spared | ({hit} if at == passed - 1 else set())


@given(st.binary(max_size=300))
def test_any_bytes_are_read_as_a_log_without_an_error(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        checked = isal_zlib.crc32(data)
        (folder / "known.log").write_bytes(data + b"\n%08x " % checked + data + b"\n" + line(Page(0, {"a 0 0": 1})))
        keys = Keys(folder, age=DAY, memory=1_000_000, clock=lambda: 0.0)
        keys.keep([key_entry(1)])
        assert remembered(folder) == [1]


@pytest.mark.parametrize(
    "content",
    ["[]", "{}", "null", '{"at":"x","chunks":{"a":"1"},"digests":""}', '{"at":0,"chunks":{"a":"x"},"digests":""}'],
)
def test_a_page_of_another_shape_is_passed_over(tmp_path: Path, content: str) -> None:
    text = content.encode()
    odd = b"%08x %b\n" % (isal_zlib.crc32(text), text)
    log = filled(tmp_path)
    (tmp_path / "known.log").write_bytes(odd + log + odd)
    assert remembered(tmp_path) == [0, 1, 2, 3, 4, 5]


def test_a_page_is_read_as_it_was_written() -> None:
    page = Page(1.5, {"andiron 1 a 0 0": 5, "andiron 1 b 2 7": (1 << 1024) - 1})
    assert parsed(line(page).rstrip()) == page


def test_a_log_that_cannot_be_read_or_written_costs_the_knowledge_and_is_mended(
    node: Node, caplog: pytest.LogCaptureFixture
) -> None:
    path = node.folder / "keys" / "known.log"
    path.mkdir(parents=True)
    node.restart()
    assert "idempotency keys cannot be read" in caplog.text
    run(node.send("one", "1"), node.send(f"{STREAM}-0", "2"))
    node.load()
    assert "idempotency keys not written" in caplog.text
    assert len(node.stored) == 2
    path.rmdir()
    # What could not be written before is written with what comes next.
    run(node.send("three", "3"))
    node.load()
    node.restart()
    run(node.send("one", "1"), node.send(f"{STREAM}-0", "2"), node.send("three", "3"))
    assert node.repeats() == 3


def test_a_write_that_fails_half_way_is_followed_by_a_whole_one(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    run(node.send("one", "1"))
    node.load()
    run(node.send("two", "2"))
    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", failing)
        node.load()
    assert len(node.stored) == 2
    run(node.send("three", "3"))
    node.load()
    node.restart()
    run(node.send("one", "1"), node.send("two", "2"), node.send("three", "3"))
    assert node.repeats() == 3


def test_the_log_does_not_grow_with_what_is_said_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys_module, "SPARE", 2000)
    keys = Keys(tmp_path, age=DAY, memory=1_000_000, clock=lambda: 0.0)
    sizes = []
    for n in range(300):
        entry = Entry(1, "andiron", b"", 1, 5, key=f"{STREAM}-{n}")
        keys.recall([entry])
        keys.keep([entry])
        sizes.append((tmp_path / "known.log").stat().st_size)
    assert max(sizes) < 5000
    again = Keys(tmp_path, age=DAY, memory=1_000_000, clock=lambda: 0.0)
    assert all(asyncio.run(again.repeated(f"andiron 1 {STREAM}-{n}")) for n in range(300))
    assert not list(tmp_path.glob("*.part"))
