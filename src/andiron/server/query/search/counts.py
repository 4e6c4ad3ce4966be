"""What is counted of a search: a histogram by level over time, and the values of fields with how often each occurs."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from andiron.server.query import times
from andiron.server.query.problems import QueryProblem
from andiron.server.query.search.completion import place
from andiron.server.query.search.keys import LEVELS, column
from andiron.server.query.search.store import GROUPS, Store, bounded, where

STEPS = (
    1,
    2,
    5,
    10,
    15,
    30,
    60,
    120,
    300,
    600,
    900,
    1800,
    3600,
    7200,
    10800,
    21600,
    43200,
    86400,
    172800,
    604800,
    2592000,
)
RECENT = timedelta(minutes=15)
GROUPED = "\nGROUP BY time, level"
TOP = 10
LEAST_ERROR = LEVELS["error"][0]

TOGETHER = frozenset(
    {
        "service_name",
        "level",
        "deployment_environment",
        "otel_scope_name",
        "tags",
        "kind",
        "http_method",
        "http_response_status_code",
        "is_exception",
    }
    | {"otel_status_code", "telemetry_sdk_language", "service_namespace", "service_version", "exception_type"}
)
"""Columns of so few values that all are counted in one look at the data."""


@dataclass(frozen=True)
class Histogram:
    """How many records of each level there were in each step of time."""

    start: datetime
    step: int
    levels: dict[str, list[int]]
    total: int
    errors: int
    sql: str


def level_name(level: int) -> str:
    """The level that a number belongs to."""
    if level in {11, 12}:
        return "info"
    return next((name for name, (low, high) in LEVELS.items() if low <= level < high), "fatal")


def step_of(seconds: float, buckets: int) -> int:
    """The round step that makes no more than twice the buckets of a range, and about so many."""
    return next(
        (step for step in STEPS if math.ceil(seconds / step) + 1 <= buckets * 2),
        math.ceil(seconds / buckets / 86400) * 86400,
    )


def histogram(store: Store, buckets: int) -> Histogram:
    """Count the records of a search over time."""
    until = store.until or max(store.queries.now(), store.since or times.EARLIEST)
    since = store.since or oldest(store, until)
    if since > until:
        raise QueryProblem("since is after until.", 422, "invalid-request")
    condition = store.where
    while True:
        step = step_of((until - since).total_seconds(), buckets)
        select = f"SELECT time_bucket('{step} seconds', start_timestamp) AS time, level, count(*) AS n\nFROM records"
        rows = store.ask(f"{select}{where(condition)}{GROUPED}", since=since)
        first = times.moment(min(row["time"] for row in rows), UTC) if rows and store.since is None else None
        since = max(since, min(first, until)) if first else since
        if step_of((until - since).total_seconds(), buckets) == step:
            break  # Otherwise what matches begins so late that a finer step shows more of it.
    start = datetime.fromtimestamp(since.timestamp() // step * step, UTC)
    count = max(1, math.ceil((until - start).total_seconds() / step))
    levels: dict[str, list[int]] = {}
    for row in rows:
        moment = times.moment(row["time"], UTC)
        at = round((moment - start).total_seconds() / step) if moment else -1
        if store.until is None:
            # Clocks that go before ours: what has begun later than now is of now, as lists and facets count it.
            at = min(at, count - 1)
        if 0 <= at < count:
            levels.setdefault(level_name(row["level"]), [0] * count)[at] += row["n"]
    ordered = {name: levels[name] for name in LEVELS if name in levels}
    sums = {name: sum(series) for name, series in ordered.items()}
    errors = sum(n for name, n in sums.items() if LEVELS[name][0] >= LEAST_ERROR)
    shown = where(condition, *bounded(since, store.until)).replace(" WHERE ", "\nWHERE ", 1)
    return Histogram(start, step, ordered, sum(sums.values()), errors, f"{select}{shown}{GROUPED}\nORDER BY time")


def oldest(store: Store, until: datetime) -> datetime:
    """When the first record of all began."""
    row = store.ask("SELECT min(start_timestamp) AS first FROM records WHERE kind IN ('span', 'log')", 1)[0]
    first = times.moment(row["first"], UTC) if row["first"] else None
    return first if first and first < until else until - RECENT


def facets(store: Store, fields: Sequence[str]) -> list[dict[str, Any]]:
    """The most frequent values of each field."""
    meant = {field: known.column if (known := column(field)) else field for field in fields}
    wanted = dict.fromkeys(meant.values())
    together = [field for field in wanted if field in TOGETHER]
    counted = in_one(store, together) if together else {}
    for field in wanted:
        if field not in counted:
            counted[field] = apart(store, field)
    return [facet(field, counted[name]) for field, name in meant.items()]


def facet(field: str, counts: Counter[Any]) -> dict[str, Any]:
    """The top of the values."""
    top = sorted(counts.items(), key=lambda pair: (-pair[1], str(pair[0])))
    return {
        "field": field,
        "values": [{"value": value, "count": count} for value, count in top[:TOP]],
        "more": len(top) > TOP,
    }


def in_one(store: Store, fields: Sequence[str]) -> dict[str, Counter[Any]]:
    """All fields by one look; nothing where they have too many values together."""
    listed = ", ".join(fields)
    rows = store.ask(f"SELECT {listed}, count(*) AS n FROM records{where(store.where)} GROUP BY {listed}", GROUPS)
    if len(rows) >= GROUPS:
        return {}
    counted: dict[str, Counter[Any]] = {field: Counter() for field in fields}
    for row in rows:
        for field in fields:
            for value in row[field] if field == "tags" else [row[field]]:
                if value is not None:
                    counted[field][level_name(value) if field == "level" else value] += row["n"]
    return counted


def apart(store: Store, field: str) -> Counter[Any]:
    """One field by a look of its own."""
    expression = "unnest(tags)" if field == "tags" else "level_name(level)" if field == "level" else place(field)
    condition = "true" if field in {"tags", "level"} else f"{expression} IS NOT NULL"
    rows = store.ask(
        f"SELECT {expression} AS value, count(*) AS n FROM records{where(store.where, condition)} GROUP BY 1 ORDER BY n DESC LIMIT {TOP + 1}",
        TOP + 1,
    )
    return Counter({row["value"]: row["n"] for row in rows})
