"""What lies on disk, from ClickHouse's own list of parts: rows, bytes, ages, and what a retention would drop. No data is read.

A part knows when its oldest and newest rows expire; less the present retention, that is when they were received.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from andiron.server.store.engine import Engine
from andiron.server.store.quoting import literal
from andiron.server.store.retention import applied_retention

DAY = 86_400
WEEK = 7 * DAY
SOON = 3600
"""Seconds of data below which a rate would be a guess."""
DEAREST = 5

RECORDS = frozenset(
    {
        "otel_traces",
        "otel_logs",
        "metric_numbers",
        "metric_histograms",
        "metric_exponential_histograms",
        "metric_summaries",
    }
)
"""Tables a row of which is a record that was sent; the rows of the others stand beside them."""


@dataclass(frozen=True, slots=True)
class TableOnDisk:
    """One table. `oldest` and `newest` are moments of receipt, `bytes_a_day` is what the last week brought."""

    name: str
    rows: int
    bytes: int
    uncompressed: int
    parts: int
    oldest: int | None
    newest: int | None
    bytes_a_day: float | None
    columns: list[tuple[str, int]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Leaving:
    """What a retention would drop now, and what stays for a while since younger rows lie in the same parts."""

    rows: int
    bytes: int
    later_rows: int
    later_bytes: int
    later_seconds: int


class Parts:
    """The parts of one engine; on a cluster, of every node."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._suffix = "_local" if engine.cluster else ""

    def tables(self, database: str, now: float) -> list[TableOnDisk]:
        """The tables of `database` that hold anything, the largest first."""
        copies = self._copies()
        rows = self._ask(
            f"""
            SELECT table, sum(rows), sum(bytes_on_disk), sum(data_uncompressed_bytes), count(),
                   minIf(oldest, newest > 0), max(newest),
                   sum(bytes_on_disk * multiIf(newest < {int(now) - WEEK}, 0, newest <= oldest, 1,
                       (newest - greatest(oldest, {int(now) - WEEK})) / (newest - oldest)))
            FROM ({self._parts(database)})
            GROUP BY table ORDER BY sum(bytes_on_disk) DESC, table
            """
        )
        columns = self._columns(database)
        return [
            TableOnDisk(
                name,
                int(count) // copies,
                int(size),
                int(uncompressed),
                int(parts),
                int(oldest) or None,
                int(newest) or None,
                daily(float(week), int(oldest), now),
                columns.get(name, []),
            )
            for name, count, size, uncompressed, parts, oldest, newest, week in rows
        ]

    def databases(self, names: Iterable[str]) -> dict[str, tuple[int, int]]:
        """Records and bytes of whole databases."""
        copies = self._copies()
        rows = self._ask(
            f"SELECT database, sumIf(rows, table IN {self._listed(RECORDS)}), sum(bytes_on_disk) FROM {self._of('parts')} "
            f"WHERE active AND database IN ({', '.join(map(literal, names)) or literal('')}) GROUP BY database"
        )
        return {name: (int(count) // copies, int(size)) for name, count, size in rows}

    def leaving(self, database: str, tables: Iterable[str], seconds: int, now: float) -> Leaving:
        """What a retention of `seconds` would drop of `tables`: whole parts, once their newest row is that old."""
        copies, limit = self._copies(), int(now) - seconds
        record = f"table IN ({', '.join(map(literal, sorted(RECORDS)))})"
        ((rows, size, later_rows, later_size, newest),) = self._ask(
            f"""
            SELECT sumIf(rows, gone AND {record}), sumIf(bytes_on_disk, gone),
                   sumIf(rows, mixed AND {record}), sumIf(bytes_on_disk, mixed), maxIf(newest, mixed)
            FROM (SELECT *, newest > 0 AND newest <= {limit} AS gone, newest > {limit} AND oldest <= {limit} AS mixed
                  FROM ({self._parts(database)}))
            WHERE table IN ({", ".join(map(literal, tables))})
            """
        )
        return Leaving(
            int(rows) // copies,
            int(size),
            int(later_rows) // copies,
            int(later_size),
            int(newest) - limit if int(later_size) else 0,
        )

    def newest(self, database: str) -> Mapping[str, int]:
        """When each table of `database` was last written to."""
        rows = self._ask(
            f"SELECT table, max(newest) FROM ({self._parts(database)}) GROUP BY table HAVING max(newest) > 0"
        )
        return {name: int(moment) for name, moment in rows}

    def _parts(self, database: str) -> str:
        """The parts of `database` with the moments of receipt of their oldest and newest rows, 0 where they are not known."""
        kept = applied_retention(self._engine, database)
        names, seconds = list(kept) or [""], list(kept.values()) or [0]
        ages = f"transform(table, [{', '.join(map(literal, names))}], {[int(each) for each in seconds]}, 0)"
        return f"""
            SELECT replaceRegexpOne(table, '{self._suffix}$', '') AS table, rows, bytes_on_disk, data_uncompressed_bytes,
                   {ages} AS kept,
                   if(kept > 0 AND least > 0, toInt64(least) - kept, 0) AS oldest,
                   if(kept > 0 AND greatest > 0, toInt64(greatest) - kept, 0) AS newest
            FROM (SELECT table, rows, bytes_on_disk, data_uncompressed_bytes,
                         toUnixTimestamp(delete_ttl_info_min) AS least, toUnixTimestamp(delete_ttl_info_max) AS greatest
                  FROM {self._of("parts")} WHERE active AND rows > 0 AND database = {literal(database)})
        """

    def _columns(self, database: str) -> dict[str, list[tuple[str, int]]]:
        """The dearest columns of each table, as far as ClickHouse knows: small parts keep all columns in one file."""
        rows = self._ask(
            f"SELECT replaceRegexpOne(table, '{self._suffix}$', '') AS name, column, sum(column_bytes_on_disk) AS size "
            f"FROM {self._of('parts_columns')} WHERE active AND database = {literal(database)} "
            f"GROUP BY name, column HAVING size > 0 ORDER BY name, size DESC LIMIT {DEAREST} BY name"
        )
        found: dict[str, list[tuple[str, int]]] = {}
        for name, column, size in rows:
            found.setdefault(name, []).append((column, int(size)))
        return found

    def _of(self, table: str) -> str:
        cluster = self._engine.cluster
        return f"clusterAllReplicas('{cluster}', system.{table})" if cluster else f"system.{table}"

    def _copies(self) -> int:
        """How many replicas hold each row."""
        if not (cluster := self._engine.cluster):
            return 1
        ((copies,),) = self._ask(f"SELECT max(replica_num) FROM system.clusters WHERE cluster = '{cluster}'")
        return max(1, int(copies))

    def _listed(self, tables: Iterable[str]) -> str:
        return f"({', '.join(literal(table + self._suffix) for table in sorted(tables))})"

    def _ask(self, sql: str) -> list[list[str]]:
        # A node that is down must not hide what the others hold.
        settings = {"skip_unavailable_shards": 1} if self._engine.cluster else {}
        rows: list[list[str]] = json.loads(self._engine.query(sql, settings=settings))["data"]
        return rows


def daily(week: float, oldest: int, now: float) -> float | None:
    """Bytes a day, from what came within the last week, or since the oldest row; None when that is too short to tell."""
    span = min(WEEK, now - oldest)
    return week * DAY / span if oldest and span >= SOON else None
