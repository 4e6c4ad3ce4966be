"""The spool against a model, with two processes, kills, power cuts and flipped bits. A lock is of an open file, so two spools in one
process are to each other what two processes are.
"""

import itertools
import shutil
import tempfile
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from andiron.delivery.batch import Batch, Lane
from andiron.delivery.memory_spool import MemorySpool
from andiron.delivery.segment import BATCH, Damage, Name, read
from andiron.delivery.spool import AnySpool, Spool, SpoolFull

LANES = st.sampled_from(list(Lane))
WHO = st.sampled_from((0, 1))


def segments(folder: Path) -> dict[Path, Name]:
    return {path: name for path in sorted(folder.iterdir()) if (name := Name.of(path.name)) is not None}


def kill(spool: Spool) -> None:
    """What the kernel does with a process's files."""
    for held in spool._shelf:
        held.close()


class TwoProcesses(RuleBasedStateMachine):
    """`kept` must come out again, once; `open` may; nothing else may."""

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp()) / "app"
        self.now = 1_000_000.0
        self.streams = (f"{n:032x}" for n in itertools.count())
        self.spools = [self.start(), self.start()]
        self.kept: dict[str, Batch] = {}
        self.open: dict[str, Batch] = {}
        self.done: dict[str, Batch] = {}
        self.flying: list[dict[str, Batch]] = [{}, {}]
        self.own: list[list[Batch]] = [[], []]
        """What a process put itself and has not taken, in order."""
        self.unsynced: dict[str, Batch] = {}
        self.undone: dict[str, Batch] = {}
        """Done since the last sync: a power cut may bring it back."""
        self.synced: dict[Path, int] = {}

    def start(self) -> Spool:
        return Spool(
            self.folder,
            segment=700,
            clock=lambda: self.now,
            monotonic=lambda: self.now,
            stream=lambda: next(self.streams),
        )

    @rule(who=WHO, lane=LANES, records=st.integers(1, 9), body=st.binary(max_size=300))
    def put(self, who: int, lane: Lane, records: int, body: bytes) -> None:
        batch = self.spools[who].put("logs", lane, records, body)
        assert batch.id not in self.kept | self.done | self.open
        self.kept[batch.id] = self.unsynced[batch.id] = batch
        self.own[who].append(batch)
        self.now += 0.01

    @rule(who=WHO, lane=LANES, records=st.integers(1, 9), body=st.binary(max_size=300))
    def keep(self, who: int, lane: Lane, records: int, body: bytes) -> None:
        """Of another stream, as from memory."""
        batch = Batch(f"{next(self.streams)}-7", "traces", lane, records, body, "gzip", int(self.now * 1000))
        self.spools[who].keep(batch)
        self.kept[batch.id] = self.unsynced[batch.id] = batch
        self.own[who].append(batch)

    @rule(who=WHO)
    def take(self, who: int) -> None:
        batch = self.spools[who].take()
        if batch is None:
            assert not self.own[who]
            return
        assert batch == (self.kept | self.open)[batch.id]
        assert batch.id not in self.flying[0] | self.flying[1]
        assert all(batch.lane <= mine.lane for mine in self.own[who])
        if batch in self.own[who]:
            assert batch.id == next(mine.id for mine in self.own[who] if mine.lane == batch.lane)
            self.own[who].remove(batch)
        self.flying[who][batch.id] = batch

    @rule(who=WHO, at=st.integers(0, 5))
    def finish(self, who: int, at: int) -> None:
        for batch in list(self.flying[who].values())[at : at + 1]:
            self.spools[who].done(batch)
            self.finished(who, batch)

    def finished(self, who: int, batch: Batch) -> None:
        del self.flying[who][batch.id]
        self.kept.pop(batch.id, None)
        self.open.pop(batch.id, None)
        self.done[batch.id] = self.undone[batch.id] = batch

    @rule(who=WHO, at=st.integers(0, 5))
    def again(self, who: int, at: int) -> None:
        for batch in list(self.flying[who].values())[at : at + 1]:
            self.spools[who].later(batch)
            del self.flying[who][batch.id]

    @rule(who=WHO, at=st.integers(0, 5), parts=st.lists(st.binary(max_size=200), min_size=1, max_size=3))
    def divide(self, who: int, at: int, parts: list[bytes]) -> None:
        for batch in list(self.flying[who].values())[at : at + 1]:
            if batch.id.count(".") > 2 or batch.id in self.open:
                continue
            made = self.spools[who].replace(batch, [(part, 1) for part in parts])
            assert [part.id for part in made] == [f"{batch.id}.{n}" for n in range(len(parts))]
            self.finished(who, batch)
            del self.undone[batch.id]  # forced to the disk with its parts
            self.kept |= {part.id: part for part in made}

    @rule()
    def sync(self) -> None:
        for spool in self.spools:
            spool.sync()
        self.synced = {path: path.stat().st_size for path in segments(self.folder)}
        self.unsynced.clear()
        self.undone.clear()

    @rule(who=WHO)
    def adopt(self, who: int) -> None:
        self.spools[who].adopt()

    @rule(who=WHO)
    def kill(self, who: int) -> None:
        kill(self.spools[who])
        self.begin_again(who)

    @rule(who=WHO)
    def close(self, who: int) -> None:
        self.spools[who].close()
        self.begin_again(who)

    def begin_again(self, who: int) -> None:
        self.flying[who].clear()
        self.own[who].clear()
        self.spools[who] = self.start()

    @precondition(lambda self: not any(part for part in self.kept if "." in part))
    @rule(data=st.data())
    def power_cut(self, data: st.DataObject) -> None:
        for spool in self.spools:
            kill(spool)
        for path in segments(self.folder):
            size = path.stat().st_size
            least = min(self.synced.get(path, 0), size)
            with path.open("r+b") as file:
                file.truncate(data.draw(st.integers(least, size)))
        for batch in self.unsynced.values():
            if self.kept.pop(batch.id, None):
                self.open[batch.id] = batch
        self.open |= self.undone
        for who in (0, 1):
            self.begin_again(who)

    @rule(at=st.integers(0, 20), where=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
    def flip(self, at: int, where: float, bit: int) -> None:
        for path, name in list(segments(self.folder).items())[at : at + 1]:
            data = bytearray(path.read_bytes())
            if not data:
                continue
            place = int(where * len(data))
            for frame in read(bytes(data), name.seed):
                if frame.at <= place < frame.at + frame.size and not isinstance(frame, Damage):
                    if frame.kind == BATCH and (batch := self.kept.pop(frame.batch.id, None)) is not None:
                        self.open[batch.id] = batch
                        self.own = [[mine for mine in own if mine != batch] for own in self.own]
                    elif frame.kind != BATCH and frame.batch.id in self.done:
                        self.open[frame.batch.id] = self.done[frame.batch.id]
            with path.open("r+b") as file:
                file.seek(place)
                file.write(bytes([data[place] ^ 1 << bit]))

    @invariant()
    def what_is_pending_is_counted(self) -> None:
        for spool in self.spools:
            waiting = sum(held.left for held in spool._shelf)
            assert spool.pending.batches == waiting

    def teardown(self) -> None:
        for spool in self.spools:
            spool.close()
        last = self.start()
        last.adopt()
        given = Counter[str]()
        while (batch := last.take()) is not None:
            assert batch == (self.kept | self.open)[batch.id]
            given[batch.id] += 1
            last.done(batch)
        assert self.kept.keys() <= given.keys()
        assert set(given.values()) <= {1}
        assert tuple(last.pending) == (0, 0, 0)
        last.close()
        assert not segments(self.folder)
        shutil.rmtree(self.folder.parent)


@pytest.mark.requirement("CL-09")
class TestTwoProcesses(TwoProcesses.TestCase):  # type: ignore[misc,valid-type]  # Hypothesis makes the class at run time
    settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


@pytest.mark.requirement("CL-09")
@settings(deadline=None, max_examples=60)
@given(
    puts=st.lists(st.tuples(LANES, st.sampled_from((0, 300, 900, 1900)), st.booleans()), min_size=10, max_size=60),
    memory=st.booleans(),
)
def test_what_goes_for_want_of_room_is_the_least_important_and_never_an_error(
    puts: list[tuple[Lane, int, bool]],
    memory: bool,  # noqa: FBT001 - which of the two spools
) -> None:
    most = 6000
    lost: list[tuple[Lane, int, str]] = []
    refused: list[Lane] = []
    waiting: Counter[Lane] = Counter()
    taken = 0

    wrong: list[str] = []

    def dropped(lane: Lane, records: int, reason: str) -> None:
        # What it raises would be caught.
        waiting[lane] -= records
        lost.append((lane, records, reason))
        if lane is Lane.HIGH or lane < putting or reason != "spool_full":
            wrong.append(f"{lane} went for {putting}: {reason}")
        if lane is Lane.NORMAL and waiting[Lane.LOW]:
            wrong.append("there was something less important")

    with tempfile.TemporaryDirectory() as root:
        folder = Path(root) / "app"
        spool: AnySpool = (
            MemorySpool(most=most, dropped=dropped) if memory else Spool(folder, most=most, dropped=dropped)
        )
        for lane, size, take in puts:
            putting = lane
            try:
                spool.put("logs", lane, 1, bytes(size))
            except SpoolFull:
                refused.append(lane)
            else:
                waiting[lane] += 1
            if take and (batch := spool.take()) is not None:
                waiting[batch.lane] -= 1
                taken += 1
                spool.done(batch)
            assert wrong == []
            assert spool.pending.records == sum(waiting.values())
            if not memory:
                assert sum(path.stat().st_size for path in segments(folder)) <= most + 100 * taken
        assert len(puts) == spool.pending.records + taken + sum(records for _, records, _ in lost) + len(refused)
        spool.close()
