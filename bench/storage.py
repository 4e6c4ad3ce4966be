"""Storage: bytes on disk per span, log record and metric sample, against the same OTLP bodies under gzip.

    python -m bench.storage [--records 1_000_000] [--only traces,logs,metrics]

The data is that of `bench.telemetry`: no body occurs twice, every id is random, messages, users, paths and durations vary. What is
counted is what the store occupies once merges have ended: the files of all parts with their indexes and marks, of every table
that the signal fills (for traces also the table that finds a trace by its id, for metrics the series). The reference is the sum of
the bodies as senders put them on the wire, 512 spans or records or 500 points a request, each under `gzip -6`.

Parts are written wide, as those of a table of any real size are, so that a small run shows the cost of columns as well.
"""

import argparse
import gzip
import json
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from andiron.server.ingest.loader import INGESTED_AT, by_name, insert
from andiron.server.store.embedded import EmbeddedEngine
from andiron.server.store.schema import Schema
from bench.telemetry import Telemetry

DATABASE = "andiron"
TOP = 10
BATCH = 12_000_000


@dataclass
class Wire:
    """What was sent."""

    records: int = 0
    plain: int = 0
    zipped: int = 0


def bodies(signal: str) -> Iterator[bytes]:
    """OTLP requests without end, in the past so that none is dated ahead of its receipt."""
    telemetry = Telemetry(start=time.time_ns() - 6 * 3600 * 10**9)
    make: Callable[[], bytes] = getattr(telemetry, signal)
    while True:
        yield make()


def load(engine: EmbeddedEngine, signal: str, records: int) -> Wire:
    """Insert about `records`, and compress each body beside it."""
    kind, wire = by_name(signal), Wire()
    source, batch, held = bodies(signal), list[bytes](), 0
    sizes: deque[Future[int]] = deque()
    with ThreadPoolExecutor(1) as beside:
        number = 0
        while wire.records < records:
            body = next(source)
            wire.records += kind.count(kind.request.FromString(body))
            wire.plain += len(body)
            sizes.append(beside.submit(zipped, body))
            if len(sizes) > 64:
                wire.zipped += sizes.popleft().result()
            batch.append(body)
            held += len(body)
            if held > BATCH or wire.records >= records:
                stamp = INGESTED_AT + int(time.time() * 1000).to_bytes(8, "little")
                insert(engine, kind, DATABASE, b"".join([*batch, stamp]), f"storage-{signal}-{number}")
                batch, held, number = [], 0, number + 1
        wire.zipped += sum(size.result() for size in sizes)
    return wire


def zipped(body: bytes) -> int:
    """The size of `body` as a sender would send it."""
    return len(gzip.compress(body, 6))


def rows(engine: EmbeddedEngine, sql: str) -> list[list[str]]:
    """The answer to a question about the parts."""
    found: list[list[str]] = json.loads(engine.query(sql))["data"]
    return found


def merged(engine: EmbeddedEngine) -> list[str]:
    """Merge every table that holds something into one part a partition."""
    where = f"active AND database = '{DATABASE}' AND table != 'andiron_schema'"
    filled = [
        table
        for (table,) in rows(
            engine, f"SELECT table FROM system.parts WHERE {where} GROUP BY table HAVING sum(rows) > 0"
        )
    ]
    for table in filled:
        engine.command(f"ALTER TABLE {DATABASE}.{table} MODIFY SETTING min_bytes_for_wide_part = 0")
        engine.command(f"OPTIMIZE TABLE {DATABASE}.{table} FINAL")
    return filled


def report(engine: EmbeddedEngine, signal: str, wire: Wire, tables: list[str]) -> None:
    """A line for the signal, one a table, and one for each of the dearest columns and indexes."""
    parts = f"FROM system.parts WHERE active AND database = '{DATABASE}' AND table IN ({names(tables)})"
    disk = int(rows(engine, f"SELECT sum(bytes_on_disk) {parts}")[0][0])
    noun = {"traces": "span", "logs": "log record", "metrics": "sample"}[signal]
    print(
        f"{signal}: {wire.records:,} records, {disk / wire.records:.1f} bytes on disk a {noun}; as OTLP {wire.plain / wire.records:.0f}, "
        f"under gzip -6 {wire.zipped / wire.records:.1f}; on disk / gzip {disk / wire.zipped:.2f}"
    )
    by_table = f"SELECT table, sum(rows), sum(bytes_on_disk) AS b {parts} GROUP BY table ORDER BY b DESC"
    for table, count, size in rows(engine, by_table):
        print(f"    {table:30} {int(count):>11,} rows {int(size) / wire.records:8.2f} bytes a {noun}")
    dearest = f"""SELECT table, name, b FROM (
        SELECT table, column AS name, sum(column_bytes_on_disk) AS b FROM system.parts_columns
        WHERE active AND database = '{DATABASE}' AND table IN ({names(tables)}) GROUP BY table, column
        UNION ALL
        SELECT table, concat('index ', name), data_compressed_bytes + marks_bytes FROM system.data_skipping_indices
        WHERE database = '{DATABASE}' AND table IN ({names(tables)})
        UNION ALL
        SELECT table, 'primary key', sum(primary_key_size) FROM system.parts
        WHERE active AND database = '{DATABASE}' AND table IN ({names(tables)}) GROUP BY table
    ) ORDER BY b DESC LIMIT {TOP}"""
    for table, name, size in rows(engine, dearest):
        print(f"        {table + '.' + name:50} {int(size) / wire.records:8.2f} bytes a {noun} {int(size) / disk:6.1%}")


def names(tables: list[str]) -> str:
    """A list for IN."""
    return ", ".join(f"'{table}'" for table in tables)


def run(signal: str, records: int) -> None:
    """One signal in a store of its own: load, merge, report."""
    with tempfile.TemporaryDirectory(prefix="andiron-bench-") as place:
        engine = EmbeddedEngine(Path(place) / "store")
        try:
            Schema(engine).ensure(DATABASE)
            wire = load(engine, signal, records)
            report(engine, signal, wire, merged(engine))
        finally:
            engine.close()


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=1_000_000, help="how many of each signal")
    parser.add_argument("--only", default="traces,logs,metrics")
    arguments = parser.parse_args()
    for signal in arguments.only.split(","):
        run(signal, arguments.records)


if __name__ == "__main__":
    main()
