"""Clocks that jump: a wall clock set forward or back loses nothing, expires nothing too early, and stops no retry."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from andiron.delivery.encode import Encoder
from andiron.delivery.exporters import ExportResult
from andiron.delivery.pipeline import Pipeline
from andiron.delivery.spool import Spool
from tests.delivery.expected import Clock, Scripted, texts
from tests.delivery.test_pipeline import record

DOWN = ExportResult("retryable", reason="nobody")
DAY = 86_400.0


@pytest.mark.requirement("CL-07")
@pytest.mark.requirement("CL-09")
@given(jumps=st.lists(st.sampled_from([-400 * DAY, -DAY, -1.0, 0.0, 1.0, DAY, 400 * DAY]), max_size=12))
def test_a_wall_clock_that_jumps_changes_nothing(tmp_path_factory: pytest.TempPathFactory, jumps: list[float]) -> None:
    """What is kept for 14 days is kept by the time that passes, not by the date."""
    wall, passing = Clock(1_800_000_000.0), Clock()
    exporter = Scripted(lambda _: DOWN)
    pipeline = Pipeline(
        encoder=Encoder(None),
        spool=Spool(tmp_path_factory.mktemp("spool"), clock=wall, monotonic=passing),
        exporter=exporter,
        compress=False,
        clock=passing,
        threads=False,
    )
    for number, jump in enumerate(jumps):
        pipeline.log(record(str(number)))
        assert pipeline.flush(delivered=False)
        wall.now += jump
        tried = len(exporter.given)
        passing.now += 40
        pipeline.sender.step()
        assert len(exporter.given) > tried  # now and then with an empty batch, to see who is to blame
    exporter.answer = lambda _: ExportResult.success
    exporter.given.clear()
    passing.now += 40
    while pipeline.sender.step() == 0:
        pass
    assert sorted(map(int, texts(exporter.given))) == list(range(len(jumps)))
    assert pipeline.report()["dropped"] == {}
    pipeline.close(0)


@pytest.mark.requirement("CL-09")
@pytest.mark.parametrize("jump", [-400 * DAY, -DAY, DAY])
def test_a_next_run_with_another_date_still_delivers(tmp_path: Path, jump: float) -> None:
    wall = Clock(1_800_000_000.0)
    for run in range(3):
        exporter = Scripted((lambda _: DOWN) if run < 2 else (lambda _: ExportResult.success))
        pipeline = Pipeline(
            encoder=Encoder(None),
            spool=Spool(tmp_path, clock=wall),
            exporter=exporter,
            compress=False,
            clock=Clock(),
            threads=False,
        )
        pipeline.log(record(str(run)))
        pipeline.flush(delivered=False)
        while pipeline.sender.step() == 0:
            pass
        pipeline.close(0)
        wall.now += jump
    assert sorted(texts(exporter.given)) == ["0", "1", "2"]
