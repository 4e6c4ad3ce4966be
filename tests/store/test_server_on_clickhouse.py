"""The whole server with a ClickHouse server behind it: the same path, by a URL."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from andiron.server.store.remote import RemoteEngine
from bench.server import Server
from bench.telemetry import Telemetry
from tests.store.conftest import ClickHouseServer

PROTOBUF = {"content_type": "application/x-protobuf"}


def rows(engine: RemoteEngine, table: str) -> int:
    answer = engine.query(f"SELECT count() FROM {engine.database}.{table}")
    return int(json.loads(answer)["data"][0][0])


@pytest.fixture
def one(clickhouse: ClickHouseServer, remote: RemoteEngine, tmp_path: Path) -> Iterator[Server]:
    remote.command(f"DROP DATABASE IF EXISTS {remote.database} SYNC")
    with Server(tmp_path / "data", store=clickhouse.url) as server:
        yield server


@pytest.mark.requirement("AN-03")
def test_all_signals_reach_a_clickhouse_server(one: Server, remote: RemoteEngine) -> None:
    telemetry = Telemetry()
    assert one.post("/v1/traces", telemetry.traces(64), **PROTOBUF)[0] == 200
    assert one.post("/v1/logs", telemetry.logs(32), **PROTOBUF)[0] == 200
    assert one.post("/v1/metrics", telemetry.metrics(100), **PROTOBUF)[0] == 200
    one.until(lambda: one.metric("andiron_loaded_records_total") == 64 + 32 + 100)
    assert rows(remote, "otel_traces") == 64
    assert rows(remote, "otel_logs") == 32
    assert rows(remote, "metric_numbers") + rows(remote, "metric_histograms") == 100


@pytest.mark.requirement("AN-02")
@pytest.mark.requirement("AN-03")
def test_a_store_that_goes_away_and_comes_back_loses_nothing(
    one: Server, clickhouse: ClickHouseServer, remote: RemoteEngine
) -> None:
    telemetry = Telemetry()
    one.post("/v1/traces", telemetry.traces(16), **PROTOBUF)
    one.until(lambda: one.metric("andiron_loaded_records_total") == 16)
    clickhouse.kill()
    try:
        for _ in range(20):
            assert one.post("/v1/traces", telemetry.traces(16), **PROTOBUF)[0] == 200
        one.until(lambda: one.metric("andiron_store_retries_total") > 0)
        assert one.metric("andiron_journal_backlog_bytes") > 0
    finally:
        clickhouse.start()
        clickhouse.wait()
    one.until(lambda: one.metric("andiron_journal_backlog_bytes") == 0)
    assert rows(remote, "otel_traces") == 21 * 16


@pytest.mark.requirement("AN-03")
def test_a_server_starts_and_takes_telemetry_while_its_store_is_away(
    clickhouse: ClickHouseServer, remote: RemoteEngine, tmp_path: Path
) -> None:
    remote.command(f"DROP DATABASE IF EXISTS {remote.database} SYNC")
    clickhouse.kill()
    server = Server(tmp_path / "data", store=clickhouse.url)
    try:
        server.start(wait=False)
        server.wait_ready("/healthz")
        assert server.post("/v1/traces", Telemetry().traces(8), **PROTOBUF)[0] == 200
        with pytest.raises(OSError, match="503"):
            server.get("/readyz")
    finally:
        clickhouse.start()
        clickhouse.wait()
    try:
        server.wait_ready()
        server.until(lambda: server.metric("andiron_loaded_records_total") == 8)
        assert rows(remote, "otel_traces") == 8
    finally:
        server.stop()


@pytest.mark.requirement("AN-03")
@pytest.mark.slow
def test_a_cluster_spreads_over_its_shards_and_reads_as_one(
    clickhouse_pair: tuple[ClickHouseServer, ClickHouseServer], sharded: RemoteEngine, tmp_path: Path
) -> None:
    telemetry = Telemetry()
    with Server(tmp_path / "data", store=clickhouse_pair[0].url) as server:
        for turn in range(1, 13):
            assert server.post("/v1/traces", telemetry.traces(8), **PROTOBUF)[0] == 200
            server.until_loaded(8 * turn)
    assert rows(sharded, "otel_traces") == 96
    held = []
    for node in clickhouse_pair:
        engine = RemoteEngine(node.url.partition("?")[0])
        held.append(rows(engine, "otel_traces_local"))
        engine.close()
    assert sum(held) == 96
    assert min(held) > 0
