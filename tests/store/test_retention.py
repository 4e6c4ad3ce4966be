"""Retention is set per signal, follows the settings, and really frees the disk."""

import json
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from andiron.server.ingest.signals import LOGS, METRICS, SIGNALS, TRACES
from andiron.server.store.embedded import EmbeddedEngine
from andiron.server.store.retention import LONGEST, TABLES, applied_retention, apply_retention
from tests.ingest.numbered import numbered
from tests.ingest.tables import Tables

pytestmark = pytest.mark.requirement("AN-10")

DAY = 86_400
KEEP = {"traces": timedelta(days=30), "logs": timedelta(days=7), "metrics": timedelta(days=90)}


def ttls(engine: EmbeddedEngine, database: str) -> dict[str, str]:
    """The TTL of each table that has one."""
    answer = engine.query(
        "SELECT name, extract(create_table_query, 'TTL (.*?) SETTINGS') AS ttl FROM system.tables "
        f"WHERE database = '{database}' AND ttl != ''"
    )
    return dict(json.loads(answer)["data"])


def eager(engine: EmbeddedEngine, database: str) -> None:
    """Let expired parts go at once instead of within minutes."""
    for table in (table for of_signal in TABLES.values() for table in of_signal):
        engine.command(
            f"ALTER TABLE {database}.{table} MODIFY SETTING old_parts_lifetime = 1, merge_with_ttl_timeout = 0"
        )


def until(engine: EmbeddedEngine, table: str, happens: Callable[[], bool]) -> None:
    """Wait for the background. It sleeps half a minute between two looks; this wakes it."""
    deadline = time.monotonic() + 60
    while not happens():
        assert time.monotonic() < deadline
        engine.command(f"SYSTEM STOP CLEANUP {table}")
        engine.command(f"SYSTEM START CLEANUP {table}")
        time.sleep(0.05)


def files(engine: EmbeddedEngine, database: str, table: str) -> set[Path]:
    """The files of a table's parts on disk."""
    answer = engine.query(f"SELECT data_paths FROM system.tables WHERE database = '{database}' AND name = '{table}'")
    ((paths,),) = json.loads(answer)["data"]
    return {file for path in paths for file in Path(path).glob("[0-9]*/*")}


def only(tables: Tables, table: str, received: int) -> bool:
    return tables.moments(table) == [received]


def one_part(engine: EmbeddedEngine, database: str, table: str) -> bool:
    return len({file.parent for file in files(engine, database, table)}) == 1


def test_every_table_is_kept_for_as_long_as_its_signal(engine: EmbeddedEngine, database: str) -> None:
    assert ttls(engine, database) == {}
    apply_retention(engine, database, KEEP)
    assert ttls(engine, database) == {
        table: f"toDateTime(IngestedAt) + toIntervalSecond({int(KEEP[signal].total_seconds())})"
        for signal, of_signal in TABLES.items()
        for table in of_signal
    }


def test_every_table_with_data_has_a_retention(engine: EmbeddedEngine, database: str) -> None:
    answer = engine.query(
        f"SELECT name FROM system.tables WHERE database = '{database}' AND engine LIKE '%MergeTree' ORDER BY name"
    )
    named = {name for (name,) in json.loads(answer)["data"]}
    assert named - {"andiron_schema"} == {table for of_signal in TABLES.values() for table in of_signal}


def test_only_a_changed_setting_is_applied_again(
    engine: EmbeddedEngine, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    apply_retention(engine, database, KEEP)
    commands: list[str] = []
    with monkeypatch.context() as watched:
        watched.setattr(engine, "command", commands.append)
        apply_retention(engine, database, KEEP)
        assert commands == []
        apply_retention(engine, database, KEEP | {"logs": timedelta(hours=1)})
    assert commands == [f"ALTER TABLE {database}.otel_logs  MODIFY TTL toDateTime(IngestedAt) + toIntervalSecond(3600)"]
    for command in commands:
        engine.command(command)
    assert "toIntervalSecond(3600)" in ttls(engine, database)["otel_logs"]
    assert f"toIntervalSecond({30 * DAY})" in ttls(engine, database)["otel_traces"]


def test_what_has_expired_leaves_the_tables_and_the_disk_and_the_rest_stays(
    engine: EmbeddedEngine, database: str, tmp_path: Path
) -> None:
    apply_retention(engine, database, dict.fromkeys(KEEP, timedelta(days=2)))
    eager(engine, database)
    tables = Tables(engine, database, tmp_path)
    now = int(time.time() * 1000)
    watched = {TRACES: "otel_traces", LOGS: "otel_logs", METRICS: "metric_numbers"}
    before = {table: files(engine, database, table) for table in watched.values()}
    assert not any(before.values())
    for signal in SIGNALS:
        tables.send(signal, [numbered(signal.name, ["old"])], received=now - 3 * DAY * 1000)
        tables.send(signal, [numbered(signal.name, ["new"])], received=now)
    for table in ("otel_traces", "otel_traces_trace_id_ts", "otel_logs", "metric_numbers", "metric_series"):
        until(engine, f"{database}.{table}", partial(only, tables, table, now))
    for table in watched.values():
        # The part of what stays, and nothing of what has gone.
        until(engine, f"{database}.{table}", partial(one_part, engine, database, table))


def test_a_shorter_retention_frees_what_is_there_already(engine: EmbeddedEngine, database: str, tmp_path: Path) -> None:
    apply_retention(engine, database, KEEP)
    eager(engine, database)
    tables = Tables(engine, database, tmp_path)
    now = int(time.time() * 1000)
    tables.send(LOGS, [numbered("logs", ["yesterday"])], received=now - DAY * 1000)
    tables.send(TRACES, [numbered("traces", ["yesterday"])], received=now - DAY * 1000)
    assert tables.count("otel_logs") == 1
    apply_retention(engine, database, KEEP | {"logs": timedelta(hours=1)})
    until(
        engine,
        f"{database}.otel_logs",
        lambda: tables.count("otel_logs") == 0 and not files(engine, database, "otel_logs"),
    )
    assert tables.count("otel_traces") == 1


def test_an_age_beyond_what_clickhouse_can_count_keeps_everything(
    engine: EmbeddedEngine, database: str, tmp_path: Path
) -> None:
    apply_retention(engine, database, dict.fromkeys(KEEP, timedelta(days=100_000)))
    eager(engine, database)
    tables = Tables(engine, database, tmp_path)
    tables.send(LOGS, [numbered("logs", ["today"])], received=int(time.time() * 1000))
    engine.command(f"OPTIMIZE TABLE {database}.otel_logs FINAL")
    assert tables.count("otel_logs") == 1
    assert applied_retention(engine, database)["otel_logs"] == LONGEST.total_seconds()


def test_a_changed_retention_does_not_write_large_parts_anew(
    engine: EmbeddedEngine, database: str, tmp_path: Path
) -> None:
    apply_retention(engine, database, KEEP)
    engine.command(f"ALTER TABLE {database}.otel_logs MODIFY SETTING min_bytes_for_wide_part = 0")
    tables = Tables(engine, database, tmp_path)
    tables.send(LOGS, [numbered("logs", ["today"])], received=int(time.time() * 1000))
    body = {file.stat().st_ino for file in files(engine, database, "otel_logs") if file.name == "Body.bin"}
    assert len(body) == 1
    for days in (60, 3):
        apply_retention(engine, database, KEEP | {"logs": timedelta(days=days)})

        def noted(days: int = days) -> bool:
            answer = engine.query(
                "SELECT max(toUnixTimestamp(delete_ttl_info_max)) FROM system.parts WHERE active AND table = 'otel_logs' "
                f"AND database = '{database}'"
            )
            left = int(json.loads(answer)["data"][0][0]) - time.time()
            return (days - 1) * DAY < left <= days * DAY

        until(engine, f"{database}.otel_logs", noted)
        now = {file.stat().st_ino for file in files(engine, database, "otel_logs") if file.name == "Body.bin"}
        assert now == body
        assert tables.count("otel_logs") == 1
