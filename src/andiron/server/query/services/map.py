"""The map of services: who calls whom, and which databases, queues and outside hosts they lean on.

A span is joined with its parent, so of more than some spans only a part is looked at: `sampled` is n where it is the n-th, and counts
are n times what was counted. The part is slices of time, since what began together lies together: a choice by trace would read the
ids of them all.
"""

import math
import time
from collections.abc import Sequence
from typing import Any

from andiron.server.query.desk import rows_of
from andiron.server.query.question import Question
from andiron.server.query.services.stretch import Stretch
from andiron.server.query.times import constant
from andiron.server.store.quoting import literal

JOINED = 200_000
"""Spans that are joined with their parents. Fewer alone gain nothing: what costs is how many granules the slices touch. With 500,000 in
twelve slices the map of six hours took 4.2 s of processor time, with 200,000 in four 2.5."""
SLICES = 4
"""Slices that a sample has at least, unless they would be shorter than a second: the longer, the less is read in vain,"""
LONGEST = 600
"""and the seconds of the longest."""
LEAD = 10
"""Seconds around a slice in which parents and children of its spans are looked for."""


def service_map(stretch: Stretch) -> dict[str, Any]:
    """The answer. Blocks."""
    began = time.perf_counter()
    sampled = sampling(stretch)
    found = edges(stretch, sampled)
    nodes = [
        {
            "name": row["service"],
            "kind": "service",
            "calls": row["requests"],
            "errors": row["errors"],
            "p95": row["quantiles"][1] / 1e9 if row["requests"] else None,
        }
        for row in stretch.ask("services")
    ]
    nodes += [
        {"name": edge["name"], "kind": edge["kind"], **{key: edge[key] for key in ("calls", "errors", "p95")}}
        for edge in found
        if not edge["of"]
    ]
    # What is produced into a queue and consumed from it has two rows: its calls are those that went in.
    single: dict[tuple[str, str], dict[str, Any]] = {}
    for node in nodes:
        single.setdefault((node["kind"], node["name"]), node)
    return {
        "nodes": list(single.values()),
        "edges": [{key: edge[key] for key in ("from", "to", "calls", "errors", "p95")} for edge in found if edge["of"]],
        "sampled": sampled,
        "took": round(time.perf_counter() - began, 6),
    }


def sampling(stretch: Stretch) -> int:
    """Every how many-th trace is looked at."""
    sql = (
        "SELECT count() AS n FROM otel_traces "
        f"WHERE Timestamp >= {constant(stretch.since)} AND Timestamp < {constant(stretch.until)}"
    )
    question = Question(sql=sql, database=stretch.database, now=stretch.queries.now(), limit=1, dialect="clickhouse")
    (row,) = rows_of(stretch.queries.answer(question, "json", schema=False).body)
    return max(1, math.ceil(int(row["n"]) / JOINED))


def slices(stretch: Stretch, sampled: int) -> tuple[str, str, str]:
    """Which spans are looked at, which their parents may be among, and which their children."""
    if sampled == 1:
        return "true", "true", "true"
    length = round(min(LONGEST, max(1, stretch.seconds / SLICES / sampled)))
    period = length * sampled
    lead = min(LEAD, period - length)
    second = "toUnixTimestamp(Timestamp)"
    longer = length + lead
    return (
        f"{second} % {period} < {length}",
        f"({second} + {lead}) % {period} < {longer}",
        f"{second} % {period} < {longer}",
    )


def edges(stretch: Stretch, sampled: int, name: str | None = None) -> Sequence[dict[str, Any]]:
    """Who calls whom, all or those of one service; and, `of` nobody, what databases, queues and hosts were called by all."""
    sample, parents, children = slices(stretch, sampled)
    one = literal(name) if name is not None else ""
    calls = stretch.ask(
        "calls", sample=sample, parents=parents, of=f"(source = {one} OR target = {one})" if one else "true"
    )
    found = [
        {**counted(row, sampled), "from": row["source"], "to": row["target"], "of": row["source"]} for row in calls
    ]
    for row in stretch.ask("leaves", sample=sample, children=children, of=f"caller = {one}" if one else "true"):
        ends = (row["name"], row["service"]) if row["consumed"] else (row["service"], row["name"])
        found.append(
            {
                **counted(row, sampled),
                "from": ends[0],
                "to": ends[1],
                "of": row["service"],
                "kind": row["kind"],
                "name": row["name"],
                "consumed": row["consumed"],
            }
        )
    return sorted(found, key=lambda edge: bool(edge.get("consumed")))


def counted(row: dict[str, Any], sampled: int) -> dict[str, Any]:
    """Of all traces, as far as can be told."""
    return {"calls": row["calls"] * sampled, "errors": row["errors"] * sampled, "p95": row["p95"]}
