"""Asks the store on behalf of one search: its database, its range of time, and its text as a condition."""

import json
from collections.abc import Container, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from andiron.server.query.desk import rows_of
from andiron.server.query.places import units
from andiron.server.query.problems import QueryProblem
from andiron.server.query.queries import Queries
from andiron.server.query.question import Dialect, Question
from andiron.server.query.search.keys import ConventionalResource
from andiron.server.query.search.language import condition
from andiron.server.query.search.terms import SearchProblem
from andiron.server.query.templates import template
from andiron.server.query.times import written

CONVENTIONAL = ConventionalResource()
GROUPS = 10_000


@dataclass(frozen=True)
class Store:
    """One project's records between two moments."""

    queries: Queries
    database: str
    since: datetime | None = None
    until: datetime | None = None
    text: str = ""
    """What was searched for."""
    resource: Container[str] = CONVENTIONAL

    @property
    def where(self) -> str:
        """The text as a condition."""
        return condition(self.text, self.resource)

    def ask(
        self,
        sql: str,
        limit: int = GROUPS,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        dialect: Dialect = "logfire",
        instants: Sequence[datetime] = (),
    ) -> Sequence[dict[str, Any]]:
        """The rows of a query, within the range of the search or a narrower one; of `instants` only, if any are given."""
        question = Question(
            sql=sql,
            database=self.database,
            now=self.queries.now(),
            limit=limit,
            since=since or self.since,
            until=until or self.until,
            dialect=dialect,
            instants=instants,
        )
        try:
            rows: list[dict[str, Any]] = json.loads(self.queries.answer(question, "json", schema=False).body)["data"]
        except QueryProblem as problem:
            if not isinstance(problem, SearchProblem):
                problem.position = place(self.text, problem.word)
            raise
        return rows

    def ask_own(self, name: str, limit: int, **places: str) -> Sequence[dict[str, Any]]:
        """The rows of a `.sql` file of this folder."""
        question = Question(
            template(__package__, name),
            self.database,
            self.queries.now(),
            limit,
            dialect="clickhouse",
            places=places,
        )
        return rows_of(self.queries.answer(question, "json", schema=False).body)


def place(text: str, word: str) -> tuple[int, int] | None:
    """Where a word stands in what was searched for: what the store refuses, it knows a place of only in its own SQL."""
    at = text.find(word) if word else -1
    return (units(text[:at]), units(text[: at + len(word)])) if at >= 0 else None


def bounded(since: datetime | None, until: datetime | None) -> list[str]:
    """A range of time as conditions, for SQL that people are shown."""
    return [f"start_timestamp {sign} '{written(moment)}'" for sign, moment in ((">=", since), ("<", until)) if moment]


def where(*conditions: str) -> str:
    """A WHERE of those conditions that say something."""
    parts = [part for part in conditions if part != "true"]
    joined = " AND ".join(f"({part})" if len(parts) > 1 and " " in part else part for part in parts)
    return f" WHERE {joined}" if parts else ""
