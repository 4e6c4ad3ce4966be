"""One service: what enters it, what it spends its time on, what fails, whom it calls and who calls it."""

import time
from typing import Any

from andiron.server.query.services.map import edges, sampling
from andiron.server.query.services.stretch import Stretch, moment, seconds
from andiron.server.store.quoting import literal

OPERATIONS = 200
EXCEPTIONS = 50


def service(stretch: Stretch, name: str) -> dict[str, Any]:
    """The answer. Blocks."""
    began = time.perf_counter()
    of = literal(name)
    points = {row["bucket"]: row for row in stretch.ask("requests", service=of)}
    quantiles = {
        label: stretch.series({at: seconds(row["quantiles"][place]) for at, row in points.items()}, None)
        for place, label in enumerate(("p50", "p95", "p99"))
    }
    sampled = sampling(stretch)
    found = edges(stretch, sampled, name)
    return {
        "start": moment(int(stretch.start.timestamp()) * 1_000_000_000),
        "step": stretch.step,
        "series": {
            "count": stretch.series({at: row["requests"] for at, row in points.items()}, 0),
            "errors": stretch.series({at: row["errors"] for at, row in points.items()}, 0),
            **quantiles,
        },
        "operations": [operation(stretch, row) for row in stretch.ask("operations", OPERATIONS, service=of)],
        "exceptions": [
            {**row, "last": moment(row["last"])} for row in stretch.ask("exceptions", EXCEPTIONS, service=of)
        ],
        "upstream": [
            {"name": edge["from"], "calls": edge["calls"], "errors": edge["errors"]}
            for edge in found
            if edge["to"] == name
        ],
        "downstream": [
            {"name": edge["to"], "calls": edge["calls"], "errors": edge["errors"]}
            for edge in found
            if edge["from"] == name
        ],
        "sampled": sampled,
        "took": round(time.perf_counter() - began, 6),
        "sql": explore(name),
    }


def operation(stretch: Stretch, row: dict[str, Any]) -> dict[str, Any]:
    """A line of the table."""
    p50, p95, p99 = map(seconds, row["quantiles"])
    return {
        "span_name": row["span_name"],
        "span_kind": row["span_kind"],
        "count": row["count"],
        "rate": row["count"] / stretch.seconds,
        "errors": row["errors"],
        "p50": p50,
        "p95": p95,
        "p99": p99,
        "total": row["total"],
        "series": {
            "count": stretch.series({at: count for at, count, _ in row["series"]}, 0),
            "p95": stretch.series({at: seconds(p95) for at, _, p95 in row["series"]}, None),
        },
    }


def explore(name: str) -> str:
    """About the same, for the SQL page."""
    literal = "'" + name.replace("'", "''") + "'"
    return (
        "SELECT span_name, count(*) AS calls, count(*) FILTER (WHERE level >= 'error') AS errors,\n"
        "  approx_percentile_cont(0.95) WITHIN GROUP (ORDER BY duration) AS p95, sum(duration) AS total\n"
        f"FROM records\nWHERE kind = 'span' AND service_name = {literal}\nGROUP BY span_name\nORDER BY total DESC"
    )
