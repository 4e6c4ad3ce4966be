from pathlib import Path

import pytest

from andiron.delivery.batch import Batch, Lane
from andiron.delivery.counters import Counters
from andiron.delivery.exporters import ExportResult
from andiron.delivery.memory_spool import MemorySpool
from andiron.delivery.sender import IDLE, Sender
from andiron.delivery.spool import Spool
from tests.delivery.expected import Clock, Scripted, request, texts

DOWN = ExportResult("retryable", reason="ConnectError: nobody")
BROKEN = ExportResult("retryable", 500, reason="500")
REFUSED = ExportResult("fatal", 401, reason="401: who are you?")


class Bench:
    """A sender whose turns a test takes by hand."""

    def __init__(
        self, exporter: Scripted, spool: MemorySpool | Spool | None = None, *, rate: float | None = None
    ) -> None:
        self.clock = Clock()
        self.spool = spool or MemorySpool()
        self.counters = Counters()
        self.told: list[ExportResult] = []
        self.network: list[bool] = []
        self.exporter = exporter
        self.sender = Sender(
            [self.spool],
            exporter,
            self.counters,
            on_fatal=self.told.append,
            on_network=lambda online, _: self.network.append(online),
            bytes_per_second=rate,
            clock=self.clock,
            chance=lambda: 1.0,
        )

    def put(self, *bodies: str, lane: Lane = Lane.NORMAL) -> Batch:
        return self.spool.put("logs", lane, len(bodies), request(*bodies))

    def turns(self, most: int = 100) -> None:
        """Step until nothing is to be done now."""
        for _ in range(most):
            if self.sender.step() > 0:
                return
        raise AssertionError("the sender never rests")


def test_what_lies_in_the_spool_is_sent_once_errors_first() -> None:
    bench = Bench(Scripted())
    bench.put("a", "b")
    bench.put("bad", lane=Lane.HIGH)
    bench.put("c")
    bench.turns()
    assert texts(bench.exporter.given) == ["bad", "a", "b", "c"]
    assert (bench.counters.sent, bench.counters.requests, bench.spool.pending.batches) == (4, 3, 0)
    assert bench.sender.step() == IDLE


@pytest.mark.requirement("CL-07")
def test_waits_double_up_to_32_seconds_and_nothing_is_sent_before() -> None:
    bench = Bench(Scripted(lambda _: DOWN))
    bench.put("a")
    waits = []
    for _ in range(8):
        wait = bench.sender.step()
        waits.append(wait)
        bench.clock.now += wait - 0.5
        assert bench.sender.step() == pytest.approx(0.5)
        bench.clock.now += 0.5
    assert waits == [1, 2, 4, 8, 16, 32, 32, 32]
    sent = [batch for batch in bench.exporter.given if batch.records]  # and an empty one, to see who is to blame
    assert len(sent) == 8
    assert len({batch.id for batch in sent}) == 1
    bench.exporter.answer = lambda _: ExportResult.success
    bench.turns()
    assert bench.counters.retries == 8
    bench.exporter.answer = lambda _: DOWN
    bench.put("b")
    assert bench.sender.step() == 1


@pytest.mark.requirement("CL-07")
def test_waits_are_spread_by_chance() -> None:
    bench = Bench(Scripted(lambda _: DOWN))
    bench.sender._chance = lambda: 0.0
    bench.put("a")
    assert bench.sender.step() == 0.5


@pytest.mark.requirement("CL-03")
def test_retry_after_is_waited_for() -> None:
    bench = Bench(Scripted(lambda _: ExportResult("retryable", 429, 7.0)))
    bench.put("a")
    assert bench.sender.step() == 7


@pytest.mark.requirement("CL-07")
def test_a_refused_token_stops_the_export_and_is_told_once() -> None:
    bench = Bench(Scripted(lambda _: REFUSED))
    bench.put("a")
    bench.put("b")
    assert bench.sender.step() == 300
    bench.clock.now += 299
    assert bench.sender.step() == 1
    bench.clock.now += 1
    assert bench.sender.step() == 300  # the rare look
    assert bench.told == [REFUSED]
    assert bench.told[0].reason == "401: who are you?"
    assert bench.spool.pending.batches == 2
    bench.exporter.answer = lambda _: ExportResult.success
    bench.sender.resume()
    bench.turns()
    assert bench.spool.pending.batches == 0
    assert bench.sender.refused is None


@pytest.mark.requirement("CL-10")
@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_batch_that_is_refused_is_halved_down_to_the_bad_record(tmp_path: Path, status: int) -> None:
    def answer(batch: Batch) -> ExportResult:
        outcome = "fatal" if status == 413 else "retryable"
        return ExportResult(outcome, status, reason="bad one") if "bad" in texts([batch]) else ExportResult.success

    spool = Spool(tmp_path)
    bench = Bench(Scripted(answer), spool)
    bench.put("a", "b", "c", "bad", "d", "e", "f")
    bench.put("after")
    bench.turns()
    taken = [batch for batch in bench.exporter.given if answer(batch) == ExportResult.success]
    assert sorted(texts(taken)) == ["a", "after", "b", "c", "d", "e", "f"]
    assert len({batch.id for batch in bench.exporter.given}) == len(bench.exporter.given)
    assert (bench.counters.sent, bench.counters.set_aside, spool.pending.batches) == (7, 1, 0)
    [poison] = [path for path in (tmp_path / "poison").iterdir() if b"bad" in path.read_bytes()]
    assert b"bad one" in b"".join(path.read_bytes() for path in (tmp_path / "poison").iterdir()), poison
    spool.close()


@pytest.mark.requirement("CL-10")
@pytest.mark.parametrize("status", [502, 504, None, 403])
def test_a_batch_on_which_the_way_to_the_server_breaks_keeps_nothing_else_from_going(status: int | None) -> None:
    """A record that kills the worker behind a proxy, one that a firewall does not like, one that is too slow for the line."""

    def answer(batch: Batch) -> ExportResult:
        bad = batch.records and "bad" in texts([batch])
        return ExportResult("fatal" if status == 403 else "retryable", status) if bad else ExportResult.success

    bench = Bench(Scripted(answer))
    bench.put("a", "bad")
    for number in range(5):
        bench.put(str(number))
    for _ in range(60):
        bench.clock.now += 301
        bench.turns()
    assert (bench.counters.sent, bench.counters.set_aside, bench.spool.pending.batches) == (6, 1, 0)


@pytest.mark.requirement("CL-10")
@pytest.mark.parametrize("status", [400, 413, 415, 422])
def test_who_refuses_an_empty_batch_too_is_not_believed_about_any(status: int) -> None:
    """A gateway at a wrong address answers 400 to everything: nothing is divided, and nothing set aside."""
    bench = Bench(Scripted(lambda _: ExportResult("retryable", status, reason="no such page")))
    bench.put("a", "b", lane=Lane.HIGH)
    for _ in range(50):
        bench.clock.now += 301
        bench.turns()
    assert (bench.counters.set_aside, bench.spool.pending.records) == (0, 2)
    assert [result.status for result in bench.told] == [status]
    bench.exporter.answer = lambda _: ExportResult.success
    bench.clock.now += 301
    bench.turns()
    assert bench.counters.sent == 2


def test_a_success_beside_a_refusal_ends_the_wait() -> None:
    bench = Bench(Scripted(lambda _: REFUSED))
    bench.put("a")
    bench.put("b")
    first = bench.spool.take()
    assert first is not None
    bench.sender.step()
    bench.sender._settle(bench.spool, first, ExportResult.success)  # another thread's, that was on its way
    assert not bench.sender.hopeless
    bench.exporter.answer = lambda _: ExportResult.success
    bench.turns()
    assert bench.counters.sent == 2


def test_a_folder_that_cannot_be_looked_into_does_not_stop_the_sending() -> None:
    class Unlistable(MemorySpool):
        def adopt(self) -> int:
            raise OSError("too many open files")

    bench = Bench(Scripted(), Unlistable())
    bench.put("a")
    with pytest.raises(OSError, match="too many"):
        bench.sender.step()
    bench.turns()
    assert bench.counters.sent == 1


@pytest.mark.requirement("CL-10")
def test_three_unclear_answers_make_a_batch_suspect_only_while_the_server_takes_others() -> None:
    def answer(batch: Batch) -> ExportResult:
        return BROKEN if batch.records and "bad" in texts([batch]) else ExportResult.success

    bench = Bench(Scripted(answer))
    bench.put("a", "bad")
    for _ in range(3):
        assert bench.counters.set_aside == 0
        bench.clock.now += bench.sender.step()
    for _ in range(20):
        bench.clock.now += 40
        bench.sender.step()
    assert bench.counters.set_aside == 1
    assert bench.counters.sent == 1
    assert "a" in texts([batch for batch in bench.exporter.given if answer(batch) == ExportResult.success])


@pytest.mark.requirement("CL-10")
def test_a_server_that_breaks_on_everything_costs_no_record() -> None:
    bench = Bench(Scripted(lambda _: BROKEN))
    bench.put("a", "b")
    for _ in range(30):
        bench.clock.now += 40
        bench.sender.step()
    assert (bench.counters.set_aside, bench.spool.pending.records) == (0, 2)
    bench.exporter.answer = lambda _: ExportResult.success
    bench.clock.now += 40
    bench.turns()
    assert bench.counters.sent == 2


def test_a_server_that_takes_no_gzip_gets_the_plain_request() -> None:
    import gzip

    bench = Bench(Scripted(lambda batch: ExportResult("retryable", 415) if batch.encoding else ExportResult.success))
    bench.spool.put("logs", Lane.NORMAL, 1, gzip.compress(request("a")), "gzip")
    bench.turns()
    assert texts([bench.exporter.given[-1]]) == ["a"]
    assert (bench.counters.sent, bench.counters.set_aside) == (1, 0)


def test_an_exporter_that_raises_is_counted_and_tried_again() -> None:
    def fail(_: Batch) -> ExportResult:
        raise RuntimeError("a bug of somebody's")

    bench = Bench(Scripted(fail))
    bench.put("a")
    assert bench.sender.step() == 1
    assert bench.counters.errors == 1
    assert "a bug of somebody's" in bench.sender.trouble
    bench.exporter.answer = lambda _: None  # type: ignore[assignment,return-value]  # that is the point
    bench.clock.now += 1
    assert bench.sender.step() == 2
    bench.exporter.answer = lambda _: ExportResult.success
    bench.clock.now += 2
    bench.turns()
    assert bench.counters.sent == 1


def test_a_callback_that_raises_hurts_nobody() -> None:
    bench = Bench(Scripted(lambda _: REFUSED))
    bench.sender._on_fatal = lambda _: 1 / 0  # type: ignore[assignment]
    bench.put("a")
    assert bench.sender.step() == 300
    assert bench.counters.errors == 1


@pytest.mark.requirement("CL-22")
def test_switched_off_nothing_is_sent_and_on_again_all_of_it() -> None:
    bench = Bench(Scripted())
    bench.sender.enable(False)
    bench.put("a")
    assert bench.sender.step() == IDLE
    assert bench.exporter.given == []
    bench.sender.enable(True)
    bench.turns()
    assert texts(bench.exporter.given) == ["a"]


@pytest.mark.requirement("CL-15")
def test_the_network_is_told_of_what_the_sender_sees() -> None:
    bench = Bench(Scripted(lambda _: DOWN))
    bench.put("a")
    bench.sender.step()
    bench.exporter.answer = lambda _: BROKEN
    bench.clock.now += 1
    bench.sender.step()  # an answer, be it a bad one, says nothing about the network
    bench.exporter.answer = lambda _: ExportResult.success
    bench.clock.now += 2
    bench.turns()
    assert bench.network == [False, True]


def test_a_returning_network_is_not_flooded() -> None:
    bench = Bench(Scripted(), rate=100.0)
    size = len(bench.put("x" * 380).body)
    bench.put("y")
    assert bench.sender.step() == pytest.approx(size / 100)
    bench.clock.now += 1
    assert bench.sender.step() == pytest.approx(size / 100 - 1)
    assert len(bench.exporter.given) == 1


def test_waiting_for_delivery_ends_when_it_is_hopeless() -> None:
    bench = Bench(Scripted(lambda _: DOWN))
    bench.put("a")
    bench.sender.step()
    assert bench.sender.hopeless
    assert not bench.sender.wait_until_sent(1e9)
