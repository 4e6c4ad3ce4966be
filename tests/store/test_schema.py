"""The schema: made once, upgraded at start, refused when it is newer; and an insert that is repeated adds nothing."""

import json
import random
import time
from collections.abc import Callable

import pytest

from andiron.errors import StoreError
from andiron.server.ingest.loader import INGESTED_AT, insert
from andiron.server.ingest.signals import LOGS, METRICS, TRACES, Signal
from andiron.server.store.embedded import EmbeddedEngine
from andiron.server.store.schema import Schema, migrations
from bench.telemetry import Telemetry


def stamped(body: bytes, received: float | None = None) -> bytes:
    return body + INGESTED_AT + int((received or time.time()) * 1000).to_bytes(8, "little")


def number(engine: EmbeddedEngine, sql: str) -> int:
    return int(json.loads(engine.query(sql))["data"][0][0])


def test_migrations_are_numbered_without_a_gap() -> None:
    assert [migration.number for migration in migrations()] == list(range(1, len(migrations()) + 1))


@pytest.mark.requirement("AN-03")
def test_an_older_database_is_upgraded_and_keeps_its_rows(
    engine: EmbeddedEngine, new_database: Callable[[], str]
) -> None:
    database = new_database()
    schema = Schema(engine)
    schema.ensure(database, upto=1)
    assert (
        number(engine, f"SELECT count() FROM system.tables WHERE database = '{database}' AND name = 'otel_logs'") == 0
    )
    engine.command(f"INSERT INTO {database}.otel_traces (Timestamp, TraceId) VALUES (now64(9), 'old')")
    schema.ensure(database)
    insert(engine, LOGS, database, stamped(Telemetry().logs(4)), "logs")
    assert number(engine, f"SELECT count() FROM {database}.otel_logs") == 4
    assert number(engine, f"SELECT count() FROM {database}.otel_traces WHERE TraceId = 'old'") == 1


def test_a_second_look_changes_nothing(engine: EmbeddedEngine, new_database: Callable[[], str]) -> None:
    database = new_database()
    Schema(engine).ensure(database)
    tables = (
        f"SELECT name, uuid, metadata_modification_time FROM system.tables WHERE database = '{database}' ORDER BY 1"
    )
    made = engine.query(tables, format="TSV")
    Schema(engine).ensure(database)
    assert engine.query(tables, format="TSV") == made


def test_a_database_of_a_newer_andiron_is_refused(engine: EmbeddedEngine, new_database: Callable[[], str]) -> None:
    database = new_database()
    Schema(engine).ensure(database)
    engine.command(f"INSERT INTO {database}.andiron_schema (part, version) VALUES ('tables', 999)")
    with pytest.raises(StoreError, match="newer Andiron"):
        Schema(engine).ensure(database)


def test_a_changed_transform_is_made_anew(engine: EmbeddedEngine, new_database: Callable[[], str]) -> None:
    database = new_database()
    Schema(engine).ensure(database)
    engine.command(
        f"INSERT INTO {database}.andiron_schema (part, fingerprint) VALUES ('repeatable', 'of another version')"
    )
    engine.command(f"DROP TABLE {database}.flat_spans_to_traces SYNC")
    Schema(engine).ensure(database)
    insert(engine, TRACES, database, stamped(Telemetry().traces(8)), "again")
    assert number(engine, f"SELECT count() FROM {database}.otel_traces") == 8


@pytest.mark.requirement("AN-02")
@pytest.mark.parametrize(
    ("signal", "body", "tables"),
    [
        (TRACES, Telemetry().traces(32), ("otel_traces", "otel_traces_trace_id_ts")),
        (LOGS, Telemetry().logs(32), ("otel_logs",)),
        (METRICS, Telemetry().metrics(100), ("metric_numbers", "metric_histograms", "metric_series FINAL")),
    ],
    ids=lambda value: value.name if isinstance(value, Signal) else "",
)
def test_the_same_token_again_adds_nothing_to_any_table(
    engine: EmbeddedEngine, database: str, signal: Signal, body: bytes, tables: tuple[str, ...]
) -> None:
    received = time.time()
    insert(engine, signal, database, stamped(body, received), "one")
    first = [number(engine, f"SELECT count() FROM {database}.{table}") for table in tables]
    insert(engine, signal, database, stamped(body, received), "one")
    assert [number(engine, f"SELECT count() FROM {database}.{table}") for table in tables] == first
    assert all(first)
    insert(engine, signal, database, stamped(body, received), "two")
    assert number(engine, f"SELECT count() FROM {database}.{tables[0]}") == 2 * first[0]


def test_wrong_clocks_do_not_scatter_an_insert_over_many_parts(
    engine: EmbeddedEngine, new_database: Callable[[], str]
) -> None:
    database = new_database()
    Schema(engine).ensure(database)
    request = TRACES.request()
    spans = request.resource_spans.add().scope_spans.add().spans
    pick = random.Random(1)
    for _ in range(300):
        spans.add(start_time_unix_nano=pick.randrange(2**64), name="lost in time")
    insert(engine, TRACES, database, stamped(request.SerializeToString()), "scattered")
    assert number(engine, f"SELECT count() FROM {database}.otel_traces") == 300
    assert (
        number(engine, f"SELECT count() FROM system.parts WHERE database = '{database}' AND table = 'otel_traces'") <= 5
    )
