"""Retention: a TTL on each table, counted from the moment of receipt, which no sender's clock can push into the future."""

import json
import logging
import re
from collections.abc import Mapping
from datetime import timedelta

from andiron.server.store.engine import Engine

log = logging.getLogger(__name__)

TABLES = {
    "traces": ("otel_traces", "pending_spans", "otel_traces_trace_id_ts"),
    "logs": ("otel_logs",),
    "metrics": (
        "metric_series",
        "metric_numbers",
        "metric_histograms",
        "metric_exponential_histograms",
        "metric_summaries",
    ),
}


LONGEST = timedelta(days=18_250)
"""ClickHouse counts a TTL in seconds of 32 bits, which end in 2106: receipt and age beyond that would lie in the past, and
everything would be dropped at once.
"""
APPLIED = re.compile(r"TTL toDateTime\(IngestedAt\) \+ toIntervalSecond\((\d+)\)")


def apply_retention(engine: Engine, database: str, keep: Mapping[str, timedelta]) -> None:
    """Give every table of `database` the TTL of its signal, where it has another one."""
    suffix, on_cluster = ("_local", f"ON CLUSTER '{engine.cluster}'") if engine.cluster else ("", "")
    answer = engine.query(f"SELECT name, create_table_query FROM system.tables WHERE database = '{database}'")
    created = dict(json.loads(answer)["data"])
    for signal, tables in TABLES.items():
        seconds = int(min(keep[signal], LONGEST).total_seconds())
        ttl = f"toDateTime(IngestedAt) + toIntervalSecond({seconds})"
        for table in tables:
            if f"TTL {ttl} SETTINGS" not in created.get(f"{table}{suffix}", ""):
                engine.command(f"ALTER TABLE {database}.{table}{suffix} {on_cluster} MODIFY TTL {ttl}")
                log.info("retention set", extra={"database": database, "table": table, "seconds": seconds})


def applied_retention(engine: Engine, database: str) -> dict[str, int]:
    """The seconds that each table of `database` keeps its rows for now."""
    suffix = "_local" if engine.cluster else ""
    answer = engine.query(f"SELECT name, create_table_query FROM system.tables WHERE database = '{database}'")
    return {
        name.removesuffix(suffix): int(found[1])
        for name, created in json.loads(answer)["data"]
        if (found := APPLIED.search(created))
    }
