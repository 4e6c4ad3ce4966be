"""All services side by side: `services.sql` for their requests, `logs.sql`, `environments.sql`, and `resources.sql` for what they are."""

import time
from typing import Any

from andiron.server.query.services.stretch import Stretch, moment, seconds
from andiron.server.query.templates import moment as nanoseconds
from andiron.server.store.quoting import literal

SPANS = """SELECT service_name, count(*) AS requests, count(*) FILTER (WHERE level >= 'error') AS errors,
  approx_percentile_cont(0.95) WITHIN GROUP (ORDER BY duration) AS p95
FROM records
WHERE kind = 'span' AND parent_span_id IS NULL
GROUP BY service_name
ORDER BY requests DESC"""
"""About the same, for the SQL page; the kind of a span is a matter of otel_traces."""

MINUTE = 60_000_000_000
MOST = 500
"""Services whose version and language are looked up."""


def overview(stretch: Stretch) -> dict[str, Any]:
    """The answer. Blocks."""
    began = time.perf_counter()
    spans = {row["service"]: row for row in stretch.ask("services")}
    logs = {row["service"]: row for row in stretch.ask("logs")}
    known = resources(stretch, spans)
    environments = {row["service"]: row["environments"] for row in stretch.ask("environments")} if spans else {}
    services = []
    for name in [*spans, *(name for name in logs if name not in spans)]:
        row, logged, resource = spans.get(name, {}), logs.get(name, {}), known.get(name, {})
        requests, errors = row.get("requests", 0), row.get("errors", 0)
        p50, p95, p99 = (seconds(value) if requests else None for value in row.get("quantiles", (None,) * 3))
        points = row.get("series", [])
        services.append(
            {
                "name": name,
                "kind": "service",
                "environments": environments.get(name, []),
                "language": resource.get("language", ""),
                "version": resource.get("version", ""),
                "spans": row.get("spans", 0),
                "rate": requests / stretch.seconds,
                "errors": errors,
                "error_rate": errors / requests if requests else 0.0,
                "p50": p50,
                "p95": p95,
                "p99": p99,
                "series": {
                    "count": stretch.series({at: count for at, count, _, _ in points}, 0),
                    "errors": stretch.series({at: failed for at, _, failed, _ in points}, 0),
                    "p95": stretch.series({at: seconds(p95) for at, _, _, p95 in points}, None),
                },
                "logs": row.get("logs", 0) + logged.get("logs", 0),
                "last_seen": moment(max(row.get("last_seen", 0), logged.get("last_seen", 0))),
            }
        )
    return {
        "start": moment(int(stretch.start.timestamp()) * 1_000_000_000),
        "step": stretch.step,
        "services": services,
        "sampled": 1,
        "took": round(time.perf_counter() - began, 6),
        "sql": SPANS,
    }


def resources(stretch: Stretch, spans: dict[str, Any]) -> dict[str, Any]:
    """What is known of the processes of each service."""
    if not spans:
        return {}
    # The last minute of each: a part of the range for all together touched nearly all rows, sorted by service as they are (680 ms).
    of = " OR ".join(
        f"(ServiceName = {literal(name)} AND Timestamp >= {nanoseconds(row['last_seen'] - MINUTE)})"
        for name, row in list(spans.items())[:MOST]
    )
    return {row["service"]: row for row in stretch.ask("resources", of=f"({of})")}
