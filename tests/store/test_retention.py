"""Retention: what is older than its signal may be leaves, and the disk shrinks."""

import json
import time
from collections.abc import Callable
from datetime import timedelta

import pytest

from andiron.server.ingest.loader import INGESTED_AT, insert
from andiron.server.ingest.signals import LOGS, TRACES
from andiron.server.store.embedded import EmbeddedEngine
from andiron.server.store.retention import TABLES, apply_retention
from bench.telemetry import Telemetry

DAYS = {"traces": timedelta(days=30), "logs": timedelta(days=30), "metrics": timedelta(days=90)}


def number(engine: EmbeddedEngine, sql: str) -> int:
    return int(json.loads(engine.query(sql))["data"][0][0])


def eventually(happens: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not happens():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)


def load(engine: EmbeddedEngine, database: str, days_ago: float, token: str) -> None:
    received = int((time.time() - days_ago * 86_400) * 1000).to_bytes(8, "little")
    insert(engine, TRACES, database, Telemetry().traces(64) + INGESTED_AT + received, token)
    insert(engine, LOGS, database, Telemetry().logs(64) + INGESTED_AT + received, token)


@pytest.mark.requirement("AN-10")
def test_every_table_of_telemetry_has_the_retention_of_its_signal(engine: EmbeddedEngine, database: str) -> None:
    apply_retention(engine, database, DAYS)
    for signal, tables in TABLES.items():
        for table in tables:
            created = engine.query(f"SHOW CREATE TABLE {database}.{table}", format="TSVRaw").decode()
            assert f"toIntervalSecond({int(DAYS[signal].total_seconds())})" in created


@pytest.mark.requirement("AN-10")
def test_expired_records_leave_and_free_the_disk_and_the_others_stay(engine: EmbeddedEngine, database: str) -> None:
    apply_retention(engine, database, DAYS)
    for table in ("otel_traces", "otel_logs"):
        engine.command(
            f"ALTER TABLE {database}.{table} MODIFY SETTING merge_with_ttl_timeout = 0, old_parts_lifetime = 1, "
            "cleanup_delay_period = 1, max_cleanup_delay_period = 1, merge_selecting_sleep_ms = 100, "
            "max_merge_selecting_sleep_ms = 200"
        )
    load(engine, database, days_ago=20, token="old")
    load(engine, database, days_ago=0, token="new")
    assert number(engine, f"SELECT count() FROM {database}.otel_traces") == 128
    of_parts = f"FROM system.parts WHERE database = '{database}' AND table = 'otel_traces' AND rows > 0"
    before = number(engine, f"SELECT sum(bytes_on_disk) {of_parts}")

    apply_retention(engine, database, DAYS | {"traces": timedelta(days=10)})

    eventually(lambda: number(engine, f"SELECT count() FROM {database}.otel_traces") == 64)
    eventually(lambda: number(engine, f"SELECT sum(bytes_on_disk) {of_parts}") < before)
    assert number(engine, f"SELECT count() FROM {database}.otel_logs") == 128
