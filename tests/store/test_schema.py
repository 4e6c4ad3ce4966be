"""The schema is made, upgraded and refused as it should be, and the same insert again adds nothing."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from andiron.errors import StoreError
from andiron.server.ingest.loader import insert
from andiron.server.ingest.signals import LOGS, METRICS, SIGNALS, TRACES
from andiron.server.store import schema as module
from andiron.server.store.embedded import EmbeddedEngine
from andiron.server.store.retention import TABLES
from andiron.server.store.schema import Schema, migrations
from bench.telemetry import Telemetry

ROOT = Path(__file__).resolve().parents[2]
RECEIVED = b"\xc1\x3e" + (1_800_000_000_000).to_bytes(8, "little")


def select(engine: EmbeddedEngine, sql: str) -> list[list[Any]]:
    rows: list[list[Any]] = json.loads(engine.query(sql))["data"]
    return rows


def tables(engine: EmbeddedEngine, database: str) -> dict[str, str]:
    """Each table of a database and what identifies it: a table that is made anew has another identity."""
    return dict(select(engine, f"SELECT name, toString(uuid) FROM system.tables WHERE database = '{database}'"))


def counts(engine: EmbeddedEngine, database: str) -> dict[str, int]:
    """How many rows each table of the three signals holds."""
    return {
        table: int(select(engine, f"SELECT count() FROM {database}.{table}")[0][0])
        for of_signal in TABLES.values()
        for table in of_signal
    }


def bodies() -> dict[str, bytes]:
    """A request of each signal that leaves something in every table."""
    source = Telemetry(seed=3, start=1_799_999_900_000_000_000)
    traces = TRACES.request.FromString(source.traces(16))
    pending = traces.resource_spans[0].scope_spans[0].spans[0].attributes.add(key="logfire.span_type")
    pending.value.string_value = "pending_span"
    metrics = METRICS.request.FromString(source.metrics(75))
    more = metrics.resource_metrics[0].scope_metrics[0].metrics
    more.add(name="exponential").exponential_histogram.data_points.add(count=1)
    more.add(name="summary").summary.data_points.add(count=1)
    whole = {"traces": traces.SerializeToString(), "logs": source.logs(16), "metrics": metrics.SerializeToString()}
    return {name: body + RECEIVED for name, body in whole.items()}


def load(engine: EmbeddedEngine, database: str, token: str) -> None:
    """Insert those requests, each under a token."""
    whole = bodies()
    for signal in SIGNALS:
        insert(engine, signal, database, whole[signal.name], f"{token}-{signal.name}")


# Making and upgrading


def test_a_fresh_database_has_every_table_and_takes_every_signal(engine: EmbeddedEngine, database: str) -> None:
    assert {table for of_signal in TABLES.values() for table in of_signal} < tables(engine, database).keys()
    load(engine, database, "one")
    assert [table for table, number in counts(engine, database).items() if not number] == []
    versions = select(engine, f"SELECT version FROM {database}.andiron_schema WHERE part = 'tables' ORDER BY version")
    assert versions == [[migration.number] for migration in migrations()]


def test_statements_come_one_by_one(
    engine: EmbeddedEngine, new_database: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """chDB would run several at once; a ClickHouse server refuses them."""
    commands = []
    run = engine.command

    def command(sql: str) -> None:
        commands.append(re.sub(r"--.*|'[^']*'", "", sql))
        run(sql)

    monkeypatch.setattr(engine, "command", command)
    Schema(engine).ensure(new_database())
    assert len(commands) > 20
    assert [sql for sql in commands if ";" in sql.rstrip().removesuffix(";")] == []


def test_a_second_look_changes_nothing(engine: EmbeddedEngine, database: str) -> None:
    before = tables(engine, database)
    load(engine, database, "one")
    Schema(engine).ensure(database)
    assert tables(engine, database) == before
    assert counts(engine, database)["otel_logs"] == 16


def test_an_older_database_is_upgraded_and_keeps_its_rows(
    engine: EmbeddedEngine, new_database: Callable[[], str]
) -> None:
    database = new_database()
    Schema(engine).ensure(database, upto=1)
    assert "otel_logs" not in tables(engine, database)
    old = tables(engine, database)["otel_traces"]
    engine.command(
        f"INSERT INTO {database}.otel_traces (Timestamp, SpanName, IngestedAt) VALUES (now64(9), 'kept', now64(3))"
    )
    Schema(engine).ensure(database)
    assert tables(engine, database)["otel_traces"] == old
    load(engine, database, "one")
    assert counts(engine, database)["otel_traces"] == 16  # fifteen, and one pending
    assert all(counts(engine, database).values())
    assert select(engine, f"SELECT toUInt8(count()) FROM {database}.otel_traces WHERE SpanName = 'kept'") == [[1]]


def test_a_newer_database_is_refused_with_what_to_do(engine: EmbeddedEngine, database: str) -> None:
    before = tables(engine, database)
    engine.command(f"INSERT INTO {database}.andiron_schema (part, version) VALUES ('tables', 99)")
    with pytest.raises(StoreError) as refused:
        Schema(engine).ensure(database)
    assert str(refused.value) == (
        f"The data in {database} was written by a newer Andiron (schema 99, this one knows {migrations()[-1].number}): "
        "install that version, or restore a backup made before the upgrade."
    )
    assert tables(engine, database) == before


def test_transforms_are_made_anew_when_their_text_changes_and_only_then(
    engine: EmbeddedEngine, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(engine, database, "one")
    before, rows = tables(engine, database), counts(engine, database)
    old = module.repeatable()
    more = "CREATE VIEW ${db}.extra AS SELECT 1 AS one;\nCREATE MATERIALIZED VIEW ${db}.extra_fill TO ${db}.otel_logs AS SELECT SpanName AS Body, IngestedAt FROM ${db}.flat_spans;\n"
    monkeypatch.setattr(module, "repeatable", lambda: (*old, more))
    Schema(engine).ensure(database)
    changed = tables(engine, database)
    assert changed.keys() - before.keys() == {"extra", "extra_fill"}
    same = {name for name, identity in before.items() if changed[name] == identity}
    assert {"otel_traces", "otel_logs", "metric_series", "andiron_schema"} <= same
    assert same.isdisjoint({"otlp_traces", "flat_spans", "otlp_logs_to_logs", "records"})
    # What a text no longer makes is gone, or it would go on filling tables.
    monkeypatch.setattr(module, "repeatable", lambda: old)
    Schema(engine).ensure(database)
    assert tables(engine, database).keys() == before.keys()
    assert counts(engine, database) == rows
    load(engine, database, "two")
    assert counts(engine, database)["otel_logs"] == 2 * rows["otel_logs"]


def test_a_start_that_was_cut_off_while_it_made_transforms_is_mended(
    engine: EmbeddedEngine, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = tables(engine, database).keys()
    old = module.repeatable()
    monkeypatch.setattr(module, "repeatable", lambda: (*old[:1], "CREATE NONSENSE;\n"))
    with pytest.raises(StoreError):
        Schema(engine).ensure(database)
    assert tables(engine, database).keys() < whole
    monkeypatch.setattr(module, "repeatable", lambda: old)
    Schema(engine).ensure(database)
    assert tables(engine, database).keys() == whole
    load(engine, database, "one")
    assert all(counts(engine, database).values())


# The same insert again


@pytest.mark.requirement("AN-02")
def test_the_same_token_adds_nothing_to_any_table(
    engine: EmbeddedEngine, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(engine, database, "one")
    once = counts(engine, database)
    load(engine, database, "one")
    assert counts(engine, database) == once
    # Nor after an upgrade that made the transforms anew.
    old = module.repeatable()
    monkeypatch.setattr(module, "repeatable", lambda: (*old, "-- changed\n"))
    Schema(engine).ensure(database)
    load(engine, database, "one")
    assert counts(engine, database) == once
    load(engine, database, "two")
    assert {table: number for table, number in counts(engine, database).items() if number <= once[table]}.keys() <= {
        "metric_series"  # merged by its identity
    }


@pytest.mark.requirement("AN-02")
def test_the_same_token_adds_nothing_after_a_restart(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from tests.store.test_schema import *\n"
        "engine = EmbeddedEngine(Path(sys.argv[1])); Schema(engine).ensure('again'); load(engine, 'again', 'one')\n"
        "print(json.dumps(counts(engine, 'again'))); engine.close()"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", program, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout
        for _ in range(2)
    ]
    assert runs[0] == runs[1]
    assert all(json.loads(runs[0]).values())


# The copy of the Protobuf schema that ClickHouse keeps in the current folder


@pytest.mark.parametrize("kept", [0, 50, "message LogRecord"])
def test_a_copy_of_the_protobuf_schema_that_a_full_disk_broke_is_given_up(tmp_path: Path, kept: int | str) -> None:
    program = (
        "import sys; from pathlib import Path; from tests.store.test_schema import *\n"
        "from andiron.errors import StoreUnavailable\n"
        "engine = EmbeddedEngine(Path('store')); Schema(engine).ensure('again'); failed = 0\n"
        "for signal in (*SIGNALS, *SIGNALS):\n"
        "    try: insert(engine, signal, 'again', bodies()[signal.name], signal.name)\n"
        "    except StoreUnavailable: failed += 1\n"
        "print(json.dumps([failed, counts(engine, 'again')])); engine.close()"
    )

    def run() -> tuple[int, dict[str, int]]:
        path = os.pathsep.join([str(ROOT), str(ROOT / "src")])
        done = subprocess.run(
            [sys.executable, "-c", program],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": path},
            capture_output=True,
            text=True,
            check=True,
        )
        failed, rows = json.loads(done.stdout)
        return failed, rows

    failed, rows = run()
    assert failed == 0
    assert all(rows.values())
    (copy,) = (tmp_path / "__cache__").iterdir()
    whole = copy.read_text()
    copy.write_text(whole[: whole.index(kept) if isinstance(kept, str) else kept])
    assert run() == (1, rows)
    assert [each.read_text().strip() for each in (tmp_path / "__cache__").iterdir()] == [whole.strip()]


# Partitions


def test_senders_with_wild_clocks_make_few_partitions(engine: EmbeddedEngine, database: str) -> None:
    """A part is a set of files, and an insert makes one for each partition: the sender must not choose how many."""
    moments = [n * 2**64 // 3000 for n in range(3000)] + [
        1_800_000_000_000_000_000 + n * 3_600_000_000_000 for n in range(-96, 96)
    ]
    traces, logs, metrics = (signal.request() for signal in (TRACES, LOGS, METRICS))
    spans = traces.resource_spans.add().scope_spans.add().spans
    records = logs.resource_logs.add().scope_logs.add().log_records
    gauge = metrics.resource_metrics.add().scope_metrics.add().metrics.add(name="one").gauge.data_points
    for moment in moments:
        spans.add(start_time_unix_nano=moment)
        records.add(time_unix_nano=moment)
        gauge.add(time_unix_nano=moment)
    for signal, request in zip((TRACES, LOGS, METRICS), (traces, logs, metrics), strict=True):
        insert(engine, signal, database, request.SerializeToString() + RECEIVED, f"wild-{signal.name}")
    for table in ("otel_traces", "otel_logs", "metric_numbers"):
        ((rows, partitions),) = select(
            engine, f"SELECT toUInt32(count()), toUInt32(uniqExact(_partition_id)) FROM {database}.{table}"
        )
        assert rows == len(moments)
        assert 3 <= partitions <= 5
