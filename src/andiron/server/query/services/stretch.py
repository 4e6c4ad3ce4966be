"""The range of time that a question about services is about, cut into steps that begin at round times."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from andiron.server.query.desk import Moment, rows_of
from andiron.server.query.problems import QueryProblem
from andiron.server.query.queries import Queries
from andiron.server.query.question import Question
from andiron.server.query.search.counts import step_of
from andiron.server.query.templates import template
from andiron.server.query.times import constant

Value = TypeVar("Value")


class AskRange(BaseModel):
    """The parameters that all questions about services have."""

    model_config = ConfigDict(extra="ignore")

    since: Moment | None = None
    until: Moment | None = None
    buckets: int = Field(60, ge=1, le=1000)


@dataclass(frozen=True)
class Stretch:
    """A range of a database's time. Every question blocks."""

    queries: Queries
    database: str
    since: datetime
    until: datetime
    start: datetime
    step: int

    @classmethod
    def of(cls, queries: Queries, database: str, ask: AskRange) -> "Stretch":
        """The range that was asked for; without `since`, from the first span on."""
        until = ask.until or queries.now() + timedelta(seconds=1)
        since = ask.since or first(queries, database, until)
        if since > until:
            raise QueryProblem("since is after until.", 422, "invalid-request")
        step = step_of((until - since).total_seconds(), ask.buckets)
        return cls(queries, database, since, until, datetime.fromtimestamp(since.timestamp() // step * step, UTC), step)

    @property
    def seconds(self) -> float:
        """How long it is."""
        return max((self.until - self.since).total_seconds(), 1e-6)

    @property
    def count(self) -> int:
        """How many steps there are."""
        return max(1, math.ceil((self.until - self.start).total_seconds() / self.step))

    def series(self, points: dict[int, Value], nothing: Value) -> list[Value]:
        """A value for every step."""
        return [points.get(at, nothing) for at in range(self.count)]

    def ask(self, name: str, limit: int = 10_000, **places: str) -> Sequence[dict[str, Any]]:
        """The rows of a `.sql` file of this folder, within the range."""
        everywhere = {
            "since": constant(self.since),
            "until": constant(self.until),
            "start": str(int(self.start.timestamp())),
            "step": str(self.step),
        }
        question = Question(
            template(__package__, name),
            self.database,
            self.queries.now(),
            limit,
            dialect="clickhouse",
            places=everywhere | places,
        )
        return rows_of(self.queries.answer(question, "json", schema=False).body)


def first(queries: Queries, database: str, until: datetime) -> datetime:
    """When the first span of all began; an hour before the end where there is none."""
    sql = "SELECT toUnixTimestamp(min(Timestamp)) AS first, count() AS n FROM otel_traces"
    question = Question(sql, database, queries.now(), 1, dialect="clickhouse", places={})
    (row,) = rows_of(queries.answer(question, "json", schema=False).body)
    began = datetime.fromtimestamp(row["first"], UTC)
    return began if row["n"] and began < until else until - timedelta(hours=1)


def moment(nanoseconds: int) -> str:
    """A time as the answers have it."""
    return f"{datetime.fromtimestamp(nanoseconds // 1_000_000_000, UTC):%Y-%m-%dT%H:%M:%S}.{nanoseconds % 1_000_000_000:09d}Z"


def seconds(nanoseconds: float | None) -> float | None:
    """A duration as the answers have it."""
    return None if nanoseconds is None or nanoseconds != nanoseconds else nanoseconds / 1e9  # noqa: PLR0124 - nan
