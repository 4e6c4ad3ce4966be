"""Retention over HTTP: what it costs, what a change would drop, and the change itself."""

import json
import time
from pathlib import Path

import pytest

from andiron.server.control.metadata import Metadata
from andiron.server.control.projects import Projects
from andiron.server.control.retention import Retentions
from andiron.server.ingest.signals import LOGS, METRICS, TRACES
from andiron.server.settings import Settings
from andiron.server.store.embedded import EmbeddedEngine
from andiron.server.store.retention import TABLES, applied_retention
from bench.server import Server
from tests.ingest.numbered import numbered
from tests.ingest.tables import Tables
from tests.manage.conftest import Office

pytestmark = [pytest.mark.requirement("AN-10"), pytest.mark.requirement("AN-07")]

HOUR, DAY = 3600, 86_400


def received(office: Office, engine: EmbeddedEngine, folder: Path, ages: list[int]) -> None:
    """A log record for each age in seconds, each in a part of its own."""
    tables = Tables(engine, office.database, folder)
    for age in ages:
        tables.send(LOGS, [numbered("logs", [f"{age} s ago"])], received=int((time.time() - age) * 1000))


def of(answer: dict[str, list[dict[str, object]]], signal: str) -> dict[str, object]:
    return next(row for row in answer["signals"] if row["signal"] == signal)


def test_a_signal_has_its_age_and_its_cost(office: Office, engine: EmbeddedEngine, tmp_path: Path) -> None:
    received(office, engine, tmp_path, [10 * DAY, 2 * DAY, DAY, 0])
    logs = of(office.client().get("/pages/api/retention").json(), "logs")
    assert (logs["seconds"], logs["default_seconds"], logs["overridden"]) == (30 * DAY, 30 * DAY, False)
    assert logs["rows"] == 4
    size = logs["bytes"]
    assert isinstance(size, int)
    # Three of the four parts are of the last week.
    assert logs["bytes_a_day"] == pytest.approx(size * 3 / 4 / 7, rel=0.02)
    assert str(logs["oldest"]).endswith("Z")
    traces = of(office.client().get("/pages/api/retention").json(), "traces")
    assert (traces["rows"], traces["bytes"], traces["oldest"], traces["bytes_a_day"]) == (0, 0, None, None)


def test_a_change_holds_for_one_project_and_one_signal_until_it_is_taken_back(
    office: Office, engine: EmbeddedEngine
) -> None:
    office.governed.projects.create("shop")
    http = office.client("shop")
    changed = of(http.put("/pages/api/retention/logs", json={"seconds": 7 * DAY}).json(), "logs")
    assert (changed["seconds"], changed["default_seconds"], changed["overridden"]) == (7 * DAY, 30 * DAY, True)
    shop = applied_retention(engine, f"{office.database}_shop")
    assert {table: shop[table] for table in TABLES["logs"]} == {"otel_logs": 7 * DAY}
    assert {shop[table] for table in TABLES["traces"]} == {30 * DAY}
    assert applied_retention(engine, office.database)["otel_logs"] == 30 * DAY
    back = of(http.put("/pages/api/retention/logs", json={"seconds": None}).json(), "logs")
    assert (back["seconds"], back["overridden"]) == (30 * DAY, False)
    assert applied_retention(engine, f"{office.database}_shop")["otel_logs"] == 30 * DAY


def test_a_preview_counts_whole_parts_and_tells_what_waits_for_younger_rows(
    office: Office, engine: EmbeddedEngine, tmp_path: Path
) -> None:
    received(office, engine, tmp_path, [10 * DAY, 9 * DAY])
    received(office, engine, tmp_path, [3 * HOUR, 0])
    http = office.client()
    every = of(http.get("/pages/api/retention").json(), "logs")["bytes"]

    def preview(seconds: int) -> dict[str, object]:
        answer = http.get("/pages/api/retention/preview", params={"signal": "logs", "seconds": seconds})
        assert answer.status_code == 200, answer.text
        found: dict[str, object] = answer.json()
        return found

    nothing = preview(20 * DAY)
    assert (nothing["rows"], nothing["bytes"], nothing["more_in"]) == (0, 0, None)
    week = preview(7 * DAY)
    assert week["rows"] == 2
    assert isinstance(week["bytes"], int)
    assert isinstance(every, int)
    assert 0 < week["bytes"] < every
    assert week["more_in"] is None
    assert preview(HOUR)["rows"] == 3
    # Merged, the parts of a day leave as one: with the younger row, an hour from now.
    for day in (0, 10, 9):
        partition = time.strftime("%Y%m%d", time.gmtime(time.time() - day * DAY))
        engine.command(f"OPTIMIZE TABLE {office.database}.otel_logs PARTITION ID '{partition}' FINAL")
    same_day = time.gmtime(time.time() - 3 * HOUR).tm_mday == time.gmtime().tm_mday
    hour = preview(HOUR)
    if same_day:
        assert hour["rows"] == 2
        more = hour["more_in"]
        assert isinstance(more, dict)
        assert more["rows"] == 2
        assert HOUR - 120 < more["seconds"] <= HOUR
    assert preview(HOUR)["before"]


def test_every_signal_has_a_preview(office: Office, engine: EmbeddedEngine, tmp_path: Path) -> None:
    tables = Tables(engine, office.database, tmp_path)
    old = int((time.time() - 2 * DAY) * 1000)
    for signal in (TRACES, METRICS):
        tables.send(signal, [numbered(signal.name, ["one", "two"])], received=old)
        answer = office.client().get("/pages/api/retention/preview", params={"signal": signal.name, "seconds": DAY})
        assert answer.json()["rows"] == 2
        assert answer.json()["bytes"] > 0


def test_an_age_that_cannot_be(office: Office) -> None:
    http = office.client()
    for signal, body, status in (
        ("logs", {"seconds": 5}, 422),
        ("logs", {"seconds": 10**12}, 422),
        ("logs", {"seconds": "a week"}, 422),
        ("logs", {}, 422),
        ("music", {"seconds": DAY}, 404),
    ):
        assert http.put(f"/pages/api/retention/{signal}", json=body).status_code == status
    assert office.governed.retentions.overridden() == {}


@pytest.mark.slow
def test_what_another_server_decides_is_followed_and_kept_over_a_restart(tmp_path: Path) -> None:
    data = tmp_path / "data"

    def ages(server: Server) -> dict[str, int]:
        answer = json.loads(server.get("/pages/api/retention"))
        return {row["signal"]: row["seconds"] for row in answer["signals"]}

    def logged() -> str:
        return server.log.read_text()

    with Server(data, retention_logs="9d") as server:
        assert ages(server)["logs"] == 9 * DAY
        metadata = Metadata.open(data)
        elsewhere = Retentions(metadata, Settings(_env_file=None))
        project = Projects(metadata).get("default")
        elsewhere.keep(project.id, "traces", elsewhere.defaults["traces"] / 2)
        metadata.close()
        server.until(lambda: f'"table": "otel_traces", "seconds": {15 * DAY}' in logged())
        assert ages(server) == {"traces": 15 * DAY, "logs": 9 * DAY, "metrics": 90 * DAY}
    with Server(data) as server:
        assert ages(server) == {"traces": 15 * DAY, "logs": 30 * DAY, "metrics": 90 * DAY}
