"""The list of traces: those with a record that a search finds, newest, slowest, worst or largest first.

Two steps, so that ten million spans are no matter: a query bounded by time and number finds candidates, one `.sql` file an order;
then `summaries.sql` reads these traces alone, whole, also where they reach out of the range.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from andiron.server.query.desk import Moment, rows_of
from andiron.server.query.queries import Queries
from andiron.server.query.question import Question
from andiron.server.query.templates import moment, template
from andiron.server.query.traces.trace import iso
from andiron.server.store.quoting import literal

Order = Literal["newest", "slowest", "errors", "largest"]

KEYS: dict[Order, str] = {"newest": "start", "slowest": "duration", "errors": "errors", "largest": "spans"}
FOUND: dict[Order, str] = {
    "newest": "max(start_timestamp)",
    "slowest": "max(coalesce(duration, 0))",
    "errors": "count(*) FILTER (WHERE level >= 17)",
    "largest": "count(*)",
}
"""How candidates are told apart where a search finds single records: by what it finds of them."""

SPARE = 2
"""Candidates a trace of the answer, for the newest: found by what was last heard of them, and told in the order of their starts."""
FILTERED = 1000
"""Candidates where the duration is bounded: of whole traces, that is known only then, too."""
SPANS_A_TRACE = 20
WINDOW = timedelta(minutes=5)
WIDER = 8
EVER = datetime(1970, 1, 1, tzinfo=UTC)
AGES = 9e9
"""Seconds that nothing takes."""


class AskTraces(BaseModel):
    """The body of `POST /pages/api/traces`."""

    model_config = ConfigDict(extra="ignore")

    q: str = ""
    since: Moment | None = None
    until: Moment | None = None
    sort: Order = "newest"
    limit: int = Field(100, ge=1, le=500)
    min_duration: float | None = Field(None, ge=0, le=AGES, allow_inf_nan=False)
    max_duration: float | None = Field(None, ge=0, le=AGES, allow_inf_nan=False)


@dataclass(frozen=True)
class Candidate:
    """A trace that may be in the answer, and when it was found, in nanoseconds."""

    trace_id: str
    first: int
    last: int


class Listing:
    """Answers one request. Every call blocks."""

    def __init__(self, queries: Queries, database: str, ask: AskTraces) -> None:
        from andiron.server.query.search.language import condition

        self._queries = queries
        self._database = database
        self._ask = ask
        self._now = queries.now()
        self._condition = condition(ask.q)
        self._since = ask.since or EVER
        self._until = ask.until or self._now + timedelta(days=1)
        wanted = ask.limit * (SPARE if ask.sort == "newest" else 1) + 1
        bounded = ask.min_duration is not None or ask.max_duration is not None
        self._candidates = max(wanted, FILTERED) if bounded else wanted

    def answer(self) -> dict[str, Any]:
        """The answer."""
        began = time.perf_counter()
        candidates = self._find()
        rows = self._summaries(candidates)
        limit = self._ask.limit
        return {
            "traces": [summary(row) for row in rows[:limit]],
            "more": len(rows) > limit or len(candidates) >= self._candidates,
            "sql": self._explore(),
            "took": round(time.perf_counter() - began, 6),
        }

    def _find(self) -> Sequence[Candidate]:
        order = self._ask.sort
        if order == "newest":
            return self._windowed()
        if self._condition != "true":
            return self._searched(self._since, self._until)
        if order == "slowest":
            return self._slowest()
        found = self._native(order, self._since, self._until)
        if order == "errors" and len(found) <= self._ask.limit:
            # Few have errors: the others follow.
            known = {candidate.trace_id for candidate in found}
            found = [*found, *(more for more in self._windowed() if more.trace_id not in known)]
        return found

    def _windowed(self) -> Sequence[Candidate]:
        """From the end of the range backwards, until there are enough."""
        found: Sequence[Candidate] = []
        for since in self._windows():
            if self._condition == "true":
                found = self._native("newest", since, self._until)
            else:
                found = self._searched(since, self._until)
            if len(found) >= self._candidates:
                break
        return found

    def _windows(self) -> Iterator[datetime]:
        width, until = WINDOW, min(self._until, self._now + timedelta(minutes=1))
        while until - width > self._since and width < timedelta(days=365):
            yield until - width
            width *= WIDER
        yield self._since

    def _slowest(self) -> Sequence[Candidate]:
        spans = self._candidates * SPANS_A_TRACE
        while True:
            found = self._native("slowest", self._since, self._until, spans=spans)
            # Deep traces have many long spans each: then more of these are looked at.
            if len(found) >= min(self._candidates, self._ask.limit + 1) or spans > 10_000_000:
                return found
            if spans >= self._count():
                return found
            spans *= 100

    def _count(self) -> int:
        (row,) = self._rows("count", 1, since=at(self._since), until=at(self._until))
        return int(row["n"])

    def _native(self, name: str, since: datetime, until: datetime, spans: int = 0) -> Sequence[Candidate]:
        rows = self._rows(
            name,
            self._candidates,
            since=at(since),
            until=at(until),
            least=str(round((self._ask.min_duration or 0) * 1e9)),
            longest=str(round((AGES if self._ask.max_duration is None else self._ask.max_duration) * 1e9)),
            spans=str(spans),
        )
        return [Candidate(**row) for row in rows]

    def _searched(self, since: datetime, until: datetime) -> Sequence[Candidate]:
        sql = (
            "SELECT trace_id, min(start_timestamp) AS first, max(start_timestamp) AS last FROM records_all "
            f"WHERE ({self._condition}) AND trace_id <> '' GROUP BY trace_id ORDER BY {FOUND[self._ask.sort]} DESC, trace_id"
        )
        question = Question(
            sql=sql,
            database=self._database,
            now=self._now,
            limit=self._candidates,
            since=since,
            until=until,
            dialect="logfire",
        )
        rows = rows_of(self._queries.answer(question, "json", schema=False).body)
        return [Candidate(row["trace_id"], nano(row["first"]), nano(row["last"]) + 1000) for row in rows]

    def _summaries(self, candidates: Sequence[Candidate]) -> Sequence[dict[str, Any]]:
        if not candidates:
            return []
        ask = self._ask
        return self._rows(
            "summaries",
            ask.limit + 1,
            traces=", ".join(literal(candidate.trace_id) for candidate in candidates),
            first=moment(min(candidate.first for candidate in candidates)),
            last=moment(max(candidate.last for candidate in candidates)),
            least=repr(ask.min_duration or 0.0),
            longest=repr(AGES if ask.max_duration is None else ask.max_duration),
            order=KEYS[ask.sort],
        )

    def _rows(self, name: str, limit: int, **places: str) -> Sequence[dict[str, Any]]:
        sql = template(__package__, name)
        question = Question(sql, self._database, self._now, limit, dialect="clickhouse", places=places)
        return rows_of(self._queries.answer(question, "json", schema=False).body)

    def _explore(self) -> str:
        """About the same, for the SQL page."""
        ask = self._ask
        order = {"newest": "start", "slowest": "duration", "errors": "errors", "largest": "spans"}[ask.sort]
        return (
            "SELECT trace_id, min(start_timestamp) AS start, extract(epoch FROM max(end_timestamp) - min(start_timestamp)) AS duration,\n"
            "  count(*) FILTER (WHERE kind = 'span') AS spans, count(*) FILTER (WHERE level >= 'error') AS errors\n"
            f"FROM records\nWHERE {self._condition}\nGROUP BY trace_id\nORDER BY {order} DESC\nLIMIT {ask.limit}"
        )


def at(when: datetime) -> str:
    """A time as ClickHouse SQL."""
    from andiron.server.query.times import constant

    return constant(when)


def nano(text: str) -> int:
    """A time of an answer, in nanoseconds."""
    when = datetime.fromisoformat(text)
    return (when - EVER) // timedelta(microseconds=1) * 1000


def summary(row: dict[str, Any]) -> dict[str, Any]:
    """A trace of the list."""
    service, message, name, has_root = row["head"]
    services = sorted(row["services"].items(), key=lambda item: (-item[1], item[0]))
    return {
        "trace_id": row["trace_id"],
        "start": iso(row["start"]),
        "duration": row["duration"],
        "service_name": service,
        "message": message,
        "span_name": name,
        "spans": row["spans"],
        "logs": row["logs"],
        "errors": row["errors"],
        "services": [{"name": name, "spans": spans} for name, spans in services],
        "pending": bool(row["pending"]),
        "has_root": bool(has_root),
    }
