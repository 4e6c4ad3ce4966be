"""Storage and health over HTTP: what is on the disk, and whether the server keeps up."""

import time
from pathlib import Path

import pytest

from andiron.server.ingest.signals import LOGS
from andiron.server.manage.health import quantile
from andiron.server.store.embedded import EmbeddedEngine
from tests.ingest.numbered import numbered
from tests.ingest.tables import Tables
from tests.manage.conftest import Office

pytestmark = [pytest.mark.requirement("AN-11"), pytest.mark.requirement("AN-07")]


def test_each_table_tells_what_it_takes(office: Office, engine: EmbeddedEngine, tmp_path: Path) -> None:
    now = int(time.time())
    tables = Tables(engine, office.database, tmp_path)
    tables.send(LOGS, [numbered("logs", ["a", "b", "c"])], received=(now - 7200) * 1000)
    answer = office.client().get("/pages/api/storage").json()
    (logs,) = [table for table in answer["tables"] if table["name"] == "otel_logs"]
    assert (logs["signal"], logs["rows"], logs["parts"]) == ("logs", 3, 1)
    assert logs["bytes"] > 0
    assert logs["uncompressed"] > 0
    assert logs["oldest"] == logs["newest"] == time.strftime("%Y-%m-%dT%H:%M:%S.000000Z", time.gmtime(now - 7200))
    assert logs["bytes_a_day"] == pytest.approx(logs["bytes"] * 12, rel=0.01)
    assert answer["disk"]["data_path"] == str(tmp_path)
    assert 0 < answer["disk"]["free"] <= answer["disk"]["total"]
    assert answer["disk"]["folder"] == sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file())
    assert answer["took"] > 0


def test_the_dearest_columns_of_large_parts(office: Office, engine: EmbeddedEngine, tmp_path: Path) -> None:
    engine.command(f"ALTER TABLE {office.database}.otel_logs MODIFY SETTING min_bytes_for_wide_part = 0")
    Tables(engine, office.database, tmp_path).send(LOGS, [numbered("logs", [str(n) for n in range(100)])])
    answer = office.client().get("/pages/api/storage").json()
    (logs,) = [table for table in answer["tables"] if table["name"] == "otel_logs"]
    sizes = [column["bytes"] for column in logs["columns"]]
    assert len(sizes) == 5
    assert sizes == sorted(sizes, reverse=True)
    assert "Body" in {column["name"] for column in logs["columns"]}


def test_health_counts_what_passes(office: Office, engine: EmbeddedEngine, tmp_path: Path) -> None:
    http, instruments = office.client(), office.governed.instruments
    health = http.get("/pages/api/health").json()
    assert (health["status"], health["reasons"], health["load"]) == ("ready", [], None)
    assert health["journal"] == {"bytes": 0, "segments": 0, "limit": 4_000_000_000}
    assert health["quarantine"] == {"entries": 0, "bytes": 0}
    instruments.acknowledged.labels("logs").inc(7)
    instruments.loaded.labels("logs").inc(5)
    instruments.rejected.labels("logs").inc(2)
    instruments.query_seconds.labels("ok").observe(0.1)
    instruments.query_seconds.labels("syntax-error").observe(0.1)
    instruments.query_seconds.labels("client-left").observe(0.1)
    instruments.load_seconds.observe(0.04)
    now = int(time.time())
    Tables(engine, office.database, tmp_path).send(LOGS, [numbered("logs", ["a"])], received=now * 1000)
    office.reasons.append("The disk is full.")
    health = http.get("/pages/api/health").json()
    assert (health["status"], health["reasons"]) == ("not ready", ["The disk is full."])
    (logs,) = [signal for signal in health["signals"] if signal["signal"] == "logs"]
    assert logs == {
        "signal": "logs", "accepted": 7, "loaded": 5, "refused": 2, "quarantined": 0,
        "last_received": time.strftime("%Y-%m-%dT%H:%M:%S.000000Z", time.gmtime(now)),
    }  # fmt: skip
    assert health["queries"] == {"ok": 1, "failed": 1}
    assert 0.025 < health["load"]["p50"] <= health["load"]["p99"] <= 0.05
    assert health["uptime"] > 0


def test_a_quantile_lies_within_its_bucket() -> None:
    bounds = [(1.0, 10.0), (2.0, 20.0), (float("inf"), 21.0)]
    assert quantile(bounds, 0.25) == pytest.approx(0.525)
    assert quantile(bounds, 0.5) == pytest.approx(1.05)
    assert quantile(bounds, 0.99) == 2.0
    assert quantile([(1.0, 0.0), (2.0, 4.0), (float("inf"), 4.0)], 0.5) == 1.5
