"""Batches that other servers load into a ClickHouse that several share: their loaders tell this feed nothing, so the tables are asked."""

import asyncio
import contextvars
import logging
from functools import partial

from andiron.server.query.desk import Desk, rows_of
from andiron.server.query.feed import Feed
from andiron.server.query.problems import QueryProblem
from andiron.server.query.question import Question
from andiron.server.query.templates import template

log = logging.getLogger(__name__)

EVERY = 1.0
"""Seconds between two looks."""
OVERLAP = 2000
"""Milliseconds before the first look in which a batch may have been received that nobody has told of."""


class Others:
    """Watches a database while a channel of it is open. With the embedded store there are no others."""

    def __init__(self, desk: Desk, feed: Feed, *, every: float = EVERY) -> None:
        self._desk = desk
        self._feed = feed
        self._every = every
        self._open: dict[str, int] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def watch(self, database: str) -> None:
        """A channel of `database` has opened."""
        if self._desk.settings.embedded:
            return
        self._open[database] = self._open.get(database, 0) + 1
        if database not in self._tasks:
            self._tasks[database] = asyncio.create_task(self._run(database), context=contextvars.Context())

    def leave(self, database: str) -> None:
        """It has closed."""
        if database in self._open:
            self._open[database] -= 1
            if not self._open[database]:
                del self._open[database]
                self._tasks.pop(database).cancel()

    async def _run(self, database: str) -> None:
        opened = round(self._desk.queries.now().timestamp() * 1000) - OVERLAP
        counts: dict[tuple[str, int], int] = {}
        while True:
            try:
                found = await self._desk.run(partial(receipts, self._desk, database))
            except QueryProblem as problem:
                log.warning("receipts of other servers not seen", extra={"database": database, "problem": str(problem)})
            else:
                known = self._feed.recent(database)
                for (signal, received), rows in found.items():
                    before = counts.get((signal, received), 0)
                    new = not before and (signal, received) not in known and received >= opened
                    # One that has grown is two that were received in the same millisecond.
                    if new or 0 < before < rows:
                        self._feed.told(database, signal, received)
                counts = found
            await asyncio.sleep(self._every)


def receipts(desk: Desk, database: str) -> dict[tuple[str, int], int]:
    """Signals and moments of the last batches, and how many rows each has. Blocks."""
    sql = template(__package__, "receipts")
    question = Question(
        sql=sql, database=database, now=desk.queries.now(), limit=10_000, dialect="clickhouse", places={}
    )
    rows = rows_of(desk.queries.answer(question, "json", schema=False).body)
    return {(row["signal"], row["received"]): row["rows"] for row in rows}
