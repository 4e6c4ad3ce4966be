"""The pipeline from the application's threads to the exporter, its own threads left out: tests take the turns."""

import random
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.sdk._logs import LoggerProvider, ReadableLogRecord
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Status, StatusCode

from andiron.delivery.batch import Batch
from andiron.delivery.encode import Encoder
from andiron.delivery.exporters import ExportResult
from andiron.delivery.guard import Guard, Sampling
from andiron.delivery.levels import Level
from andiron.delivery.memory_spool import MemorySpool
from andiron.delivery.pipeline import Pipeline
from andiron.delivery.processors import AndironLogRecordProcessor, AndironSpanProcessor
from andiron.delivery.quiet import quietly
from andiron.delivery.spool import Spool, SpoolFull
from tests.delivery.expected import Clock, Scripted, texts

RESOURCE = Resource({"service.name": "test"})
SCOPE = InstrumentationScope("app")
DOWN = ExportResult("retryable", reason="nobody")


def record(body: str, level: Level = Level.INFO) -> ReadableLogRecord:
    return ReadableLogRecord(
        LogRecord(timestamp=1, body=body, severity_number=SeverityNumber(int(level))), RESOURCE, SCOPE
    )


def pipeline(exporter: Scripted | None = None, **options: Any) -> Pipeline:
    """One whose turns a test takes by hand."""
    given: dict[str, Any] = {
        "encoder": Encoder(None),
        "spool": MemorySpool(),
        "exporter": exporter or Scripted(),
        "compress": False,
        "clock": Clock(),
        "threads": False,
    }
    return Pipeline(**{**given, **options})


def deliver(each: Pipeline) -> None:
    """Write what is queued and send what is written."""
    each.flush(delivered=False)
    for _ in range(1000):
        if each.sender.step() > 0:
            return
    raise AssertionError("the sender never rests")


def test_a_record_goes_through() -> None:
    exporter = Scripted()
    each = pipeline(exporter)
    each.log(record("hello"))
    assert each.report()["queued"] == 1
    deliver(each)
    assert texts(exporter.given) == ["hello"]
    report = each.report()
    assert (report["taken"], report["spooled"], report["sent"], report["dropped"]) == (1, 1, 1, {})


@pytest.mark.requirement("CL-06")
@given(
    levels=st.lists(st.sampled_from(list(Level)), max_size=120),
    queue=st.integers(1, 30),
    batch=st.integers(1, 20),
    script=st.lists(st.sampled_from(["write", "send", "down", "up"]), max_size=20),
    seed=st.randoms(use_true_random=False),
)
def test_no_error_is_lost_while_there_is_room_on_the_disk(
    tmp_path_factory: pytest.TempPathFactory, levels: list[Level], queue: int, batch: int, script: list[str], seed: Any
) -> None:
    """Any sequence of records, sizes and outages: errors arrive, each once, and what is missing was counted, the least severe first."""
    exporter = Scripted()
    clock = Clock()
    each = pipeline(
        exporter, spool=Spool(tmp_path_factory.mktemp("spool")), queue_size=queue, batch_size=batch, clock=clock
    )
    steps: list[Callable[[], object]] = [
        lambda number=number, level=level: each.log(record(f"{number} {'x' * seed.randrange(50)}", level))  # type: ignore[misc]
        for number, level in enumerate(levels)
    ]
    acts: dict[str, Callable[[], object]] = {
        "write": lambda: each.flush(delivered=False),
        "send": each.sender.step,
        "down": lambda: setattr(exporter, "answer", lambda _: DOWN),
        "up": lambda: setattr(exporter, "answer", lambda _: ExportResult.success),
    }
    for act in script:
        steps.insert(seed.randrange(len(steps) + 1), acts[act])
    for step in steps:
        step()
        clock.now += 1
    exporter.answer = lambda _: ExportResult.success
    clock.now += 100
    sent_before = [batch for batch in exporter.given if batch.id]
    deliver(each)
    arrived = {}
    for given_batch in exporter.given:  # a batch that came again has its id
        arrived[given_batch.id] = texts([given_batch])
    numbers = [int(text.split()[0]) for batch_texts in arrived.values() for text in batch_texts]
    assert len(numbers) == len(set(numbers)), sent_before
    lost = [levels[number] for number in range(len(levels)) if number not in set(numbers)]
    report = each.report()
    assert all(level < Level.ERROR for level in lost)
    assert len(lost) == sum(report["dropped"].get("queue_full", {}).values())
    assert report["taken"] == len(levels) == report["sent"] + len(lost)
    each.close(0)


@pytest.mark.requirement("CL-06")
def test_a_queue_full_of_errors_goes_to_the_disk_on_the_spot() -> None:
    exporter = Scripted(lambda _: DOWN)
    each = pipeline(exporter, queue_size=3)
    for number in range(10):
        each.log(record(str(number), Level.ERROR))
    assert len(each.queue) < 10
    assert each.spool.pending.records + len(each.queue) == 10
    assert each.report()["dropped"] == {}
    each.close(0)


class FullDisk(MemorySpool):
    """A spool whose disk is full: what the real one raises is shown by its own tests."""

    def put(self, *_: Any, **__: Any) -> Batch:
        raise SpoolFull("no space left on device", reason="disk_full")


@pytest.mark.requirement("CL-06")
def test_only_a_full_disk_and_a_full_memory_drop_errors_loudly_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    exporter = Scripted(lambda _: DOWN)
    each = pipeline(exporter, spool=FullDisk(), encoder=Encoder(None, limit=10_000_000))
    each.log(record("small", Level.ERROR))
    assert not each.flush(delivered=False)  # it is in memory only, and flush does not claim more
    for _ in range(5):
        each.log(record("x" * 3_000_000, Level.ERROR))
        each.flush(delivered=False)
    report = each.report()
    assert report["dropped"]["disk_full"] == {"error or fatal": 3}
    exporter.answer = lambda _: ExportResult.success
    each.sender.resume()
    deliver(each)
    assert each.report()["sent"] == 3
    each.close(0)
    assert "telemetry is being lost: 3 records (disk_full)" in caplog.text


@pytest.mark.requirement("CL-05")
def test_batches_leave_by_size() -> None:
    exporter = Scripted()
    each = pipeline(exporter, batch_size=4)
    for number in range(40):
        each.log(record(str(number)))
    deliver(each)
    # Nobody wrote in between: what has gathered goes in requests of up to four batches.
    assert [batch.records for batch in exporter.given] == [16, 16, 8]


@pytest.mark.requirement("CL-13")
def test_what_is_sampled_away_is_counted_and_errors_are_not_sampled() -> None:
    each = pipeline(guard=Guard(Sampling(levels=dict.fromkeys(Level, 0.0))))
    each.log(record("a"))
    each.log(record("b", Level.FATAL))
    report = each.report()
    assert report["dropped"] == {"sampled": {"info": 1}}
    assert report["queued"] == 1


@pytest.mark.parametrize(
    ("make", "lane"),
    [
        (lambda tracer: tracer.start_span("fine"), "NORMAL"),
        (lambda tracer: tracer.start_span("quiet", attributes={"logfire.level_num": 5}), "LOW"),
        (lambda tracer: tracer.start_span("loud", attributes={"logfire.level_num": 17}), "HIGH"),
    ],
)
def test_a_span_goes_by_its_level(make: Callable[[Any], Any], lane: str) -> None:
    exporter = Scripted()
    each = pipeline(exporter)
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(AndironSpanProcessor(each))
    make(provider.get_tracer("app")).end()
    deliver(each)
    assert [(batch.signal, batch.lane.name) for batch in exporter.given] == [("traces", lane)]


def test_a_failed_span_is_an_error() -> None:
    exporter = Scripted()
    each = pipeline(exporter)
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(AndironSpanProcessor(each))
    span = provider.get_tracer("app").start_span("fails")
    span.set_status(Status(StatusCode.ERROR))
    span.end()
    deliver(each)
    assert [batch.lane.name for batch in exporter.given] == ["HIGH"]


def test_nothing_that_the_pipeline_itself_does_becomes_telemetry() -> None:
    each = pipeline()
    provider = LoggerProvider(shutdown_on_exit=False)
    provider.add_log_record_processor(AndironLogRecordProcessor(each))
    with quietly():
        provider.get_logger("app").emit(LogRecord(body="from within"))
    provider.get_logger("andiron.delivery.sender").emit(LogRecord(body="about itself"))
    assert each.report()["taken"] == 0
    provider.get_logger("app").emit(LogRecord(body="from outside"))
    assert each.report()["taken"] == 1


class Hostile:
    """Raises at whatever is asked of it."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(f"hostile {name}")


def test_a_record_that_breaks_everything_hurts_nobody() -> None:
    each = pipeline()
    each.span(Hostile())
    each.log(Hostile())
    assert each.report()["errors"] == 2
    assert each.report()["queued"] == 0


@pytest.mark.requirement("CL-10")
def test_a_record_that_cannot_be_encoded_takes_no_other_with_it() -> None:
    class Choosy(Encoder):
        def logs(self, records: Any) -> bytes:
            if any(each.log_record.body == "bad" for each in records):
                raise RuntimeError("no")
            return super().logs(records)

    exporter = Scripted()
    each = pipeline(exporter, encoder=Choosy(None))
    for body in ("a", "bad", "b"):
        each.log(record(body))
    deliver(each)
    assert sorted(texts(exporter.given)) == ["a", "b"]
    assert each.report()["dropped"] == {"error": {"info": 1}}


def test_a_large_batch_is_written_in_parts() -> None:
    exporter = Scripted()
    each = pipeline(exporter, encoder=Encoder(None, limit=10_000_000))
    for letter in "abc":
        each.log(record(letter * 3_000_000))
    deliver(each)
    assert [batch.records for batch in exporter.given] == [1, 1, 1]


@pytest.mark.requirement("CL-07")
def test_closing_drains_and_is_final() -> None:
    exporter = Scripted()
    spool = MemorySpool()
    each = pipeline(exporter, spool=spool)
    each.log(record("last"))
    each.close(1)
    assert exporter.closed
    assert each.report()["spooled"] == 1
    each.log(record("too late"))
    # Nobody sent the first, and a spool in memory ends with the process.
    assert each.report()["dropped"] == {"closed": {"info": 1}, "no_disk": {"info or warn": 1}}
    each.close(1)


def test_many_threads_at_once_lose_nothing_uncounted() -> None:
    exporter = Scripted()
    each = pipeline(exporter, queue_size=64, batch_size=16)

    def make() -> None:
        for number in range(200):
            each.log(record("x", Level.ERROR if number % 10 == 0 else Level.INFO))

    threads = [threading.Thread(target=make) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    deliver(each)
    report = each.report()
    assert report["taken"] == 4000 == report["sent"] + sum(report["dropped"].get("queue_full", {}).values())
    assert "error" not in report["dropped"].get("queue_full", {})


@pytest.mark.requirement("CL-09")
def test_what_one_run_left_behind_the_next_one_delivers(tmp_path: Path) -> None:
    first = pipeline(Scripted(lambda _: DOWN), spool=Spool(tmp_path))
    first.log(record("from before"))
    first.close(0)
    exporter = Scripted()
    second = pipeline(exporter, spool=Spool(tmp_path))
    deliver(second)
    assert texts(exporter.given) == ["from before"]
    second.close(0)


@pytest.mark.requirement("CL-25")
def test_the_report_tells_where_every_record_is() -> None:
    exporter = Scripted(lambda _: DOWN)
    each = pipeline(exporter, queue_size=2)
    for level in (Level.DEBUG, Level.INFO, Level.INFO, Level.ERROR):
        each.log(record("x", level))
    report = each.report()
    assert report["dropped"] == {"queue_full": {"debug": 1, "info": 1}}
    each.flush(delivered=False)
    each.sender.step()
    report = each.report()
    assert report["spool"]["records"] == 2
    assert (report["queued"], report["spooled"], report["retries"], report["trouble"]) == (0, 2, 1, "nobody")
    assert report["enabled"]
    assert report["refused"] is None


class Tight(MemorySpool):
    """A disk that is full until it is told otherwise."""

    full = True

    def put(self, *given: Any, **more: Any) -> Batch:
        if self.full:
            raise SpoolFull("no space left on device", reason="disk_full")
        return super().put(*given, **more)

    def keep(self, batch: Batch) -> None:
        if self.full:
            raise SpoolFull("no space left on device", reason="disk_full")
        super().keep(batch)


@pytest.mark.requirement("CL-09")
def test_what_waited_in_memory_goes_to_the_disk_when_it_has_room_under_the_id_that_it_has() -> None:
    exporter = Scripted(lambda _: DOWN)
    spool = Tight()
    each = pipeline(exporter, spool=spool)
    each.log(record("patient", Level.ERROR))
    each.flush(delivered=False)
    each.sender.step()
    spool.full = False
    each._refill()
    assert (each.report()["spool"]["records"], each.report()["memory"]["records"]) == (1, 0)
    exporter.answer = lambda _: ExportResult.success
    each.sender.resume()
    deliver(each)
    assert len({batch.id for batch in exporter.given}) == 1
    assert (each.report()["sent"], each.report()["dropped"]) == (1, {})


@pytest.mark.requirement("CL-25")
def test_what_memory_has_no_room_for_is_counted() -> None:
    each = pipeline(Scripted(lambda _: DOWN), spool=FullDisk(), encoder=Encoder(None, limit=10_000_000))
    for number in range(12):
        each.log(record("x" * 1_000_000 + str(number)))
        each.flush(delivered=False)
    report = each.report()
    assert (
        report["taken"]
        == 12
        == report["memory"]["records"]
        + sum(count for levels in report["dropped"].values() for count in levels.values())
    )


@pytest.mark.requirement("CL-15")
def test_what_the_pipeline_has_to_say_of_the_network_and_of_running_spans_becomes_telemetry() -> None:
    clock = Clock()
    each = pipeline(Scripted(lambda _: DOWN), clock=clock)
    said: list[str] = []

    def tell(text: str) -> None:
        each.log(record(text))
        said.append(text)

    each.ticks.append(lambda: tell("a second has passed"))
    each.sender._on_network = lambda online, _: tell(f"online: {online}")
    each.log(record("first"))
    each.flush(delivered=False)
    with quietly():  # as on the pipeline's own threads
        each.sender.step()
        clock.now += 2
        each._tick()
    assert said == ["online: False", "a second has passed"]
    assert each.report()["taken"] == 3


def test_ticks_come_also_while_errors_force_the_disk_every_moment() -> None:
    clock = Clock()
    each = pipeline(clock=clock)
    ticks: list[float] = []
    each.ticks.append(lambda: ticks.append(clock.now))
    for _ in range(30):
        clock.now += 0.1
        each.log(record("x", Level.ERROR))
        each._write()
        each._tick()
    assert len(ticks) in (2, 3)


@pytest.mark.parametrize("interruption", [SystemExit, KeyboardInterrupt])
def test_a_handler_that_ends_the_process_in_the_midst_of_writing_costs_no_record(
    interruption: type[BaseException],
) -> None:
    class Interrupted(Encoder):
        fail = True

        def logs(self, records: Any) -> bytes:
            if self.fail:
                self.fail = False
                raise interruption
            return super().logs(records)

    exporter = Scripted()
    each = pipeline(exporter, encoder=Interrupted(None))
    for number, level in enumerate([Level.INFO, Level.ERROR, Level.DEBUG]):
        each.log(record(str(number), level))
    with pytest.raises(interruption):
        each.flush(delivered=False)
    deliver(each)
    assert sorted(texts(exporter.given)) == ["0", "1", "2"]


def test_a_system_that_gives_no_thread_costs_nothing_but_time(monkeypatch: pytest.MonkeyPatch) -> None:
    exporter = Scripted()
    each = pipeline(exporter, threads=True, clock=time.monotonic)

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        each.log(record("first", Level.ERROR))
        assert not each._started
        each.flush(0.5)
    each.log(record("second"))
    assert each.flush(10)
    assert sorted(texts(exporter.given)) == ["first", "second"]
    each.close(5)


def test_who_closes_second_waits_for_the_first() -> None:
    begun, go = threading.Event(), threading.Event()

    class Slow(MemorySpool):
        def put(self, *given: Any, **more: Any) -> Batch:
            begun.set()
            assert go.wait(10)
            return super().put(*given, **more)

    exporter = Scripted()
    each = pipeline(exporter, spool=Slow(), clock=time.monotonic)
    each.log(record("x"))
    first = threading.Thread(target=each.close, args=(10,))
    first.start()
    assert begun.wait(10)
    second = threading.Thread(target=each.close, args=(10,))
    second.start()
    go.set()
    second.join(10)
    assert each._closed
    assert each.report()["queued"] == 0
    first.join(10)


@pytest.mark.requirement("CL-20")
def test_a_disk_that_takes_its_time_is_not_waited_for_longer_than_asked() -> None:
    go = threading.Event()

    class Stuck(MemorySpool):
        def put(self, *given: Any, **more: Any) -> Batch:
            go.wait(30)
            return super().put(*given, **more)

    each = pipeline(Scripted(), spool=Stuck(), threads=True, clock=time.monotonic)
    each.log(record("x"))
    assert not each.flush(0.1)
    go.set()
    assert each.flush(10)
    each.close(5)


@pytest.mark.requirement("OB-07")
def test_deliveries_that_fail_are_counted_as_often_as_others_would_try() -> None:
    """Our sender waits ever longer between two tries; who watches for failures must see them as long as they last."""
    clock = Clock()
    each = pipeline(Scripted(lambda _: ExportResult.retryable), clock=clock)
    for _ in range(300):
        for number in range(10):
            each.log(record(str(number)))
        each.flush(delivered=False)
        each.sender.step()
        clock.now += 1
    tries = each.counters.retries
    assert tries < 30
    assert 55 <= each.counters.failures - tries <= 60  # every five seconds of the five minutes
    each.exporter = each.sender.exporter = Scripted()
    clock.now += 1000
    deliver(each)
    before = each.counters.failures
    each.log(record("well"))
    deliver(each)
    assert each.counters.failures == before


def test_an_application_that_seeds_chance_gets_what_it_expects() -> None:
    random.seed(7)
    wanted = random.random()
    random.seed(7)
    each = pipeline(Scripted(lambda _: ExportResult.retryable), guard=Guard(Sampling({Level.INFO: 0.9})))
    for number in range(20):
        each.log(record(str(number)))
    each.flush(delivered=False)
    each.sender.step()
    assert each.counters.retries == 1
    assert random.random() == wanted
