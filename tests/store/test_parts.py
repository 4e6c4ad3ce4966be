"""What lies on disk, told by the parts of every node of a cluster."""

import json
import time
from datetime import timedelta

import pytest

from andiron.server.store.parts import Parts, daily
from andiron.server.store.remote import RemoteEngine
from andiron.server.store.retention import TABLES, applied_retention, apply_retention
from andiron.server.store.schema import Schema

pytestmark = [pytest.mark.requirement("AN-10"), pytest.mark.requirement("AN-03")]

DAY = 86_400


def test_a_cluster_is_counted_over_its_nodes(sharded: RemoteEngine) -> None:
    database = f"parts_{time.time_ns()}"
    Schema(sharded).ensure(database)
    try:
        apply_retention(sharded, database, dict.fromkeys(TABLES, timedelta(days=30)))
        now = int(time.time())
        for token in map(str, range(8)):
            sharded.insert(
                f"{database}.metric_numbers_local (SeriesId, TimeUnix, IngestedAt)",
                f"1\t{now}\t{now - 3 * DAY}\n".encode(),
                format="TabSeparated",
                token=token,
            )
        here = json.loads(sharded.query(f"SELECT count() FROM {database}.metric_numbers_local"))["data"][0][0]
        assert 0 < int(here) < 8, "both shards got some"
        parts = Parts(sharded)
        (numbers,) = [table for table in parts.tables(database, now) if table.name == "metric_numbers"]
        assert (numbers.rows, numbers.oldest, numbers.newest) == (8, now - 3 * DAY, now - 3 * DAY)
        assert numbers.bytes > 0
        assert parts.newest(database) == {"metric_numbers": now - 3 * DAY}
        rows, size = parts.databases([database])[database]
        assert rows == 8
        assert size >= numbers.bytes
        leaving = parts.leaving(database, TABLES["metrics"], 2 * DAY, now)
        assert (leaving.rows, leaving.bytes, leaving.later_bytes) == (8, numbers.bytes, 0)
        assert parts.leaving(database, TABLES["metrics"], 4 * DAY, now).bytes == 0
        assert applied_retention(sharded, database)["metric_numbers"] == 30 * DAY
    finally:
        sharded.command(f"DROP DATABASE IF EXISTS {database} ON CLUSTER 'pair' SYNC")


def test_a_rate_needs_an_hour() -> None:
    assert daily(1000, 0, 10_000) is None
    assert daily(1000, 9_000, 10_000) is None
    assert daily(1000, 10_000, 10_000 + DAY / 2) == 2000
    assert daily(7000, 10_000, 10_000 + 70 * DAY) == 1000
