import asyncio
import gc
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import HistogramDataPoint, InMemoryMetricReader, NumberDataPoint
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanKind

from andiron.delivery.levels import Level
from andiron.sdk.cold_start import process_age
from andiron.sdk.gc_pauses import GcPauses
from andiron.sdk.loop_stall import GAP, LoopMonitor
from andiron.sdk.vitals import Vitals, resident_bytes
from tests.sdk.emitted import Clock, Emitted

pytestmark = pytest.mark.requirement("CL-23")
Points = list[tuple[dict[str, Any], float]]


class Measured:
    """Vitals with a meter of their own."""

    def __init__(self, **more: Any) -> None:
        self.reader = InMemoryMetricReader()
        self.provider = MeterProvider([self.reader])
        self.emitted = Emitted()
        self.vitals = Vitals(self.emitted, meter=self.provider.get_meter("test"), **more)

    def points(self) -> dict[str, Points]:
        data = self.reader.get_metrics_data()
        found: dict[str, Points] = {}
        for metric in data.resource_metrics[0].scope_metrics[0].metrics if data else ():
            for point in metric.data.data_points:
                assert isinstance(point, HistogramDataPoint | NumberDataPoint)
                value = point.sum if isinstance(point, HistogramDataPoint) else point.value
                found.setdefault(metric.name, []).append((dict(point.attributes or {}), value))
        return found


@pytest.fixture
def measured() -> Iterator[Measured]:
    made = Measured(clock=Clock(), age=lambda: 1.5)
    made.vitals.start()
    yield made
    made.vitals.stop()
    made.provider.shutdown()


def test_the_cold_start_is_told_once() -> None:
    clock = Clock(10.0)
    measured = Measured(clock=clock, age=lambda: 1.5)
    measured.vitals.ready()
    measured.vitals.start()
    clock.now = 12.25
    measured.vitals.ready()
    clock.now = 99.0
    measured.vitals.ready()
    record = measured.emitted.one
    assert record.name == "vitals.cold_start"
    assert record.attributes == {"vitals.from": "process", "vitals.configured": 1.5, "vitals.ready": 3.75}
    assert measured.points()["vitals.cold_start"] == [({"vitals.from": "process"}, 3.75)]
    measured.vitals.stop()
    measured.provider.shutdown()


def test_where_the_age_of_the_process_is_unknown_it_counts_from_configure() -> None:
    clock = Clock(10.0)
    measured = Measured(clock=clock, age=lambda: None)
    measured.vitals.start()
    clock.now = 10.5
    measured.vitals.ready()
    assert measured.emitted.one.attributes == {
        "vitals.from": "configure",
        "vitals.configured": 0.0,
        "vitals.ready": 0.5,
    }
    measured.vitals.stop()
    measured.provider.shutdown()


def test_the_age_of_a_process_whatever_its_name(tmp_path: Path) -> None:
    stat = tmp_path / "stat"
    stat.write_text("7 (a) b (c) S " + " ".join(str(number) for number in range(4, 60)))
    assert process_age(stat, boot=lambda: 100.0, ticks=2) == 100.0 - 22 / 2
    assert process_age(tmp_path / "none") is None
    stat.write_text("rubbish")
    assert process_age(stat) is None


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="Linux tells the start of a process")
def test_this_process_has_an_age() -> None:
    first = process_age()
    assert first is not None
    assert 0 <= first <= (process_age() or 0)


def client_span(**attributes: Any) -> ReadableSpan:
    return ReadableSpan(
        "GET", kind=SpanKind.CLIENT, attributes=attributes, start_time=1_000_000_000, end_time=1_250_000_000
    )


def test_requests_transitions_and_outgoing_calls(measured: Measured) -> None:
    measured.vitals.request("/orders/{id}", 0.25, 200)
    measured.vitals.transition("list", "order", 0.5)
    with measured.vitals.transition_to("list"):
        pass
    old = {"http.method": "GET", "http.host": "depot", "http.status_code": 503}
    new: dict[str, str | int] = {
        "http.request.method": "GET",
        "server.address": "depot",
        "http.response.status_code": 503,
    }
    measured.vitals.span_ended(client_span(**old))
    measured.vitals.span_ended(client_span(**new))
    measured.vitals.span_ended(client_span(**{"db.system": "postgresql"}))
    measured.vitals.span_ended(ReadableSpan("GET", attributes=new, start_time=1, end_time=2))
    points = measured.points()
    route = {"http.route": "/orders/{id}", "http.response.status_code": 200}
    assert points["vitals.request.duration"] == [(route, 0.25)]
    assert points["vitals.transition.duration"] == [
        ({"vitals.from": "list", "vitals.to": "order"}, 0.5),
        ({"vitals.from": "", "vitals.to": "list"}, 0.0),
    ]
    assert points["vitals.http.client.duration"] == [(new, 0.5)]


def test_the_process_is_measured(measured: Measured) -> None:
    points = measured.points()
    assert {about["cpu.mode"] for about, _ in points["process.cpu.time"]} == {"user", "system"}
    assert points["process.memory.usage"][0][1] > 1_000_000
    assert points["process.thread.count"][0][1] >= 1
    if Path("/proc/self/fd").exists():
        assert points["process.unix.file_descriptor.count"][0][1] >= 3


def test_resident_memory_where_there_is_no_proc(tmp_path: Path) -> None:
    (tmp_path / "statm").write_text("10 3 1")
    assert resident_bytes(tmp_path) == 3 * os.sysconf("SC_PAGE_SIZE")
    assert resident_bytes(tmp_path / "none") > 1_000_000


def test_stopped_it_measures_nothing(measured: Measured) -> None:
    measured.vitals.stop()
    measured.vitals.request("/", 1.0)
    measured.vitals.transition("a", "b", 1.0)
    measured.vitals.span_ended(client_span(**{"http.method": "GET"}))
    measured.vitals.ready()
    measured.vitals.watch_loop()
    assert measured.points() == {}
    assert measured.emitted.records == []


def test_pauses_of_the_collector_reach_the_metrics(measured: Measured) -> None:
    measured.points()
    gc.collect()
    generations = {about["cpython.gc.generation"] for about, _ in measured.points()["vitals.gc.pause"]}
    assert 2 in generations


def test_a_long_pause_is_told(measured: Measured) -> None:
    measured.vitals._pauses._pauses.append((2, 0.3))
    measured.points()
    long = [record for record in measured.emitted.records if record.attributes["vitals.seconds"] == 0.3]
    assert [(record.level, record.name) for record in long] == [(Level.WARN, "vitals.gc_pause")]


def test_the_collectors_callback_is_there_once_and_goes() -> None:
    before = list(gc.callbacks)
    clock = Clock(0.0)
    pauses = GcPauses(clock)
    pauses.start()
    pauses.start()
    assert len(gc.callbacks) == len(before) + 1
    gc.disable()
    try:
        pauses.drain()
        pauses._on_phase("start", {"generation": 1})
        clock.now = 0.25
        pauses._on_phase("stop", {"generation": 1})
        assert pauses.drain() == [(1, 0.25)]
    finally:
        gc.enable()
    pauses.stop()
    pauses.stop()
    assert gc.callbacks == before


class Stalls:
    """A monitor whose beats and looks come when the test says so."""

    def __init__(self) -> None:
        self.clock = Clock(0.0)
        self.emitted = Emitted()
        self.late: list[float] = []
        self.monitor = LoopMonitor(self.emitted, self.late.append, threshold=0.1, clock=self.clock)
        self.monitor._thread_of_loop = threading.get_ident()
        self.monitor._due = 0.05

    def beat(self, at: float) -> None:
        self.clock.now = at
        self.monitor._on_beat()
        self.monitor._due = at + 0.05

    def look(self, at: float) -> None:
        self.clock.now = at
        self.monitor.look()


def test_a_stall_is_told_with_the_stack_of_its_middle() -> None:
    stalls = Stalls()
    stalls.beat(0.05)
    stalls.look(0.14)
    assert not stalls.monitor._stack, "not late enough to look"
    stalls.look(0.16)
    stalls.beat(0.3)
    record = stalls.emitted.one
    assert (record.level, record.name) == (Level.WARN, "vitals.loop_stall")
    assert record.attributes["vitals.seconds"] == 0.2
    assert "in look" in record.attributes["code.stacktrace"]
    assert stalls.late == [0.0, pytest.approx(0.2)]


def test_what_is_short_of_the_threshold_is_only_measured() -> None:
    stalls = Stalls()
    stalls.look(0.12)
    stalls.beat(0.149)
    assert stalls.emitted.records == []
    assert stalls.late == [pytest.approx(0.099)]
    stalls.beat(0.35)
    assert "code.stacktrace" not in stalls.emitted.one.attributes, (
        "the stack of the short one is not shown for the long one"
    )


def test_a_row_of_stalls_is_told_once_a_second() -> None:
    stalls = Stalls()
    for number in range(1, 7):
        stalls.beat(number * 0.25)
    assert [record.attributes.get("vitals.more") for record in stalls.emitted.records] == [None, 3]
    assert len(stalls.late) == 6
    assert GAP == 1.0


def test_a_real_loop_that_is_blocked_shows_who_blocks_it() -> None:
    emitted, told, blocked = Emitted(), threading.Event(), threading.Event()

    def emit(*given: Any, **more: Any) -> None:
        emitted(*given, **more)
        told.set()

    # Each reading of the clock lets a threshold pass once the loop is blocked, so that nothing depends on how long it really takes.
    clock = Clock(0.0)

    def jumping() -> float:
        if blocked.is_set():
            clock.now += 1
        return clock.now

    late: list[float] = []
    monitor = LoopMonitor(emit, late.append, threshold=0.04, clock=jumping)

    def block_everybody() -> None:
        blocked.set()
        while not monitor._stack:
            threading.Event().wait(0.001)

    async def main() -> None:
        monitor.start()
        monitor.start()
        assert monitor.watching
        block_everybody()
        while not told.is_set():  # noqa: ASYNC110 - the beat is a timer, and nothing else tells of it
            await asyncio.sleep(0.001)
        monitor.stop()

    asyncio.run(main())
    assert not monitor.watching
    assert "in block_everybody" in emitted.records[0].attributes["code.stacktrace"]


def test_a_forked_child_neither_watches_its_parents_loop_nor_waits_for_its_thread() -> None:
    async def main() -> None:
        monitor = LoopMonitor(Emitted(), list[float]().append)
        monitor.start()
        stop = monitor._stop
        with stop._cond:  # type: ignore[attr-defined]  # as the watching thread holds it for a moment on each of its rounds
            monitor.after_fork()
        assert not monitor.watching
        stop.set()

    asyncio.run(main())


def test_each_loop_is_watched_once_and_ended_ones_are_forgotten(measured: Measured) -> None:
    async def main() -> int:
        measured.vitals.watch_loop()
        measured.vitals.watch_loop()
        return len(measured.vitals._monitors)

    assert asyncio.run(main()) == 1
    assert asyncio.run(main()) == 1
    measured.vitals.watch_loop()
    assert measured.vitals._monitors == [] or not measured.vitals._monitors[0].watching
