"""Pages of lines, newest first, and one record in full.

Records come by time alone, which the store answers from the newest of each table; those of one microsecond are put in order by
their id. Spans that have only begun are few among what has happened, so they are asked for apart, between the ends of the page.
"""

import base64
import binascii
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from andiron.server.query import times
from andiron.server.query.problems import QueryProblem
from andiron.server.query.search import lines
from andiron.server.query.search.store import Store, bounded, where
from andiron.server.query.search.values import quoted
from andiron.server.query.templates import moment as nanoseconds
from andiron.server.query.times import written
from andiron.server.store.quoting import literal

PENDING = 1000
"""The most spans that have only begun, of one page."""
SHOWN = ("start_timestamp", "level", "service_name", "message", "duration", "span_name", "kind", "trace_id", "span_id")

FIRST = timedelta(minutes=2)
STRETCHES = (FIRST, timedelta(minutes=15), timedelta(hours=6))

Row = dict[str, Any]


@dataclass(frozen=True)
class Cursor:
    """The last line of a page: what comes after it is older, or of the same moment and of a lesser id."""

    at: str
    id: str

    def __str__(self) -> str:
        return base64.urlsafe_b64encode(f"{self.at} {self.id}".encode()).decode()

    @classmethod
    def read(cls, text: str) -> "Cursor":
        """As a client gives it back."""
        try:
            at, _, id_ = base64.urlsafe_b64decode(text.encode()).decode().partition(" ")
        except (binascii.Error, UnicodeError):
            at = id_ = ""
        moment = times.moment(at, UTC)
        if moment is None or not times.EARLIEST <= moment <= times.LAST or not re.fullmatch(r"[0-9a-f]{16}", id_):
            raise QueryProblem("before is no cursor of an earlier answer.", 422, "invalid-request")
        # Written anew: the separator between day and hour may be anything, a quote too.
        return cls(written(moment), id_)

    @property
    def moment(self) -> datetime:
        """Its time."""
        found = times.moment(self.at, UTC)
        assert found is not None  # noqa: S101 - read() has seen it
        return found


@dataclass(frozen=True)
class Page:
    """Some lines and where the next ones begin."""

    rows: list[Row]
    more: bool
    cursor: str | None
    sql: str


def page(store: Store, columns: Sequence[str], limit: int, before: Cursor | None, *, pending: bool) -> Page:
    """The newest lines before the cursor."""
    found = happened(store, columns, limit, before)
    more = len(found) > limit
    found = found[:limit]
    if pending:
        since = times.moment(found[-1]["start_timestamp"], UTC) if more else store.since
        found = in_order([*found, *begun(store, columns, since, before)])
        more = more or len(found) > limit
    found = found[:limit]
    last = found[-1] if found else None
    return Page(
        [lines.line(row, columns) for row in found],
        more,
        str(Cursor(last["start_timestamp"], last["id"])) if last and more else None,
        readable(store, columns, limit),
    )


def happened(store: Store, columns: Sequence[str], limit: int, before: Cursor | None) -> list[Row]:
    """One line more than `limit`, if there are so many; all of a moment, if there are more.

    Their times are found first: what a line shows is spread over columns so wide that looking for a rare word took ten times as
    long while they were read.
    """
    listed, found = lines.select(columns), []
    if before:
        found += instant(store, listed, limit, before)
    if len(found) <= limit:
        moments = newest(store, limit + 1, before)
        if moments:
            instants = [datetime.fromisoformat(moment) for moment in moments]
            found += store.ask(f"SELECT {listed} FROM records{where(store.where)}", instants=instants)
    return in_order(found)


def newest(store: Store, count: int, before: Cursor | None) -> list[str]:
    """The times of the newest records, so many of them.

    Asked for one stretch of time after the other, each longer, until there are enough. For nothing but the newest of all, the store
    would read the times of the whole range (147 ms of processor time for ten million records, 33 for two minutes of them); with
    a condition, all that it is about (a frequent word: 915 ms at best, 66 in two minutes). Counted by time, since an instant may
    have more lines than a page; sorting instead, with ClickHouse's top-k filter or without, gains less than the stretches do.
    """
    condition = store.where
    found: list[str] = []
    rows = 0
    until = min(before.moment, store.until or times.LAST) if before else store.until
    for since in stretches(store, before):
        sql = f"SELECT start_timestamp, count(*) AS n FROM records{where(condition)} GROUP BY start_timestamp"
        if condition == "true":
            sql = "SELECT start_timestamp, 1 AS n FROM records"
        for row in store.ask(f"{sql} ORDER BY start_timestamp DESC LIMIT {count}", count, since=since, until=until):
            if rows < count:
                found.append(row["start_timestamp"])
                rows += row["n"]
        if rows >= count:
            break
        until = since
    return sorted(set(found))


def stretches(store: Store, before: Cursor | None) -> list[datetime | None]:
    """Where each of them begins, from the newest on; the last one is the beginning of the search."""
    end = before.moment if before else store.until or store.queries.now()
    if store.since is None:
        return [*(end - stretch for stretch in STRETCHES), None]
    length = end - store.since
    return [*(end - stretch for stretch in (FIRST, length / 16) if FIRST <= stretch <= length / 4), store.since]


def instant(store: Store, listed: str, limit: int, before: Cursor) -> list[Row]:
    """Lines of the cursor's microsecond, by id."""
    condition = where(store.where, f"{lines.ID} < '{before.id}'")
    sql = f"SELECT {listed} FROM records{condition} ORDER BY id DESC LIMIT {limit + 1}"
    return [*store.ask(sql, limit + 1, instants=[before.moment])]


def in_order(rows: Sequence[Row]) -> list[Row]:
    """Newest first."""
    return sorted(rows, key=lambda row: (row["start_timestamp"], row["id"]), reverse=True)


def begun(store: Store, columns: Sequence[str], since: datetime | None, before: Cursor | None) -> list[Row]:
    """Spans that have begun and not ended."""
    until = min(before.moment + timedelta(microseconds=1), store.until or times.LAST) if before else store.until
    bounds = {
        "since": times.constant(since or times.EARLIEST),
        "until": times.constant(until) if until and until < times.LATEST else nanoseconds(2**63 - 1),
    }
    if not store.ask_own("pending", 1, **bounds):
        return []
    conditions = [store.where, "kind = 'pending_span'"]
    sql = f"SELECT {lines.select(columns)} FROM records_all{where(*conditions)} ORDER BY start_timestamp DESC LIMIT {PENDING}"
    rows = [
        row
        for row in store.ask(sql, PENDING, since=since, until=min(until, times.LAST) if until else None)
        if before is None or (row["start_timestamp"], row["id"]) < (before.at, before.id)
    ]
    if not rows:
        return []
    oldest = min(datetime.fromisoformat(row["start_timestamp"]) for row in rows)
    ended = store.ask_own(
        "landed",
        PENDING,
        since=times.constant(oldest),
        traces=", ".join(sorted({literal(row["trace_id"]) for row in rows})),
        spans=", ".join(sorted({literal(row["span_id"]) for row in rows})),
    )
    known = {(row["trace_id"], row["span_id"]) for row in ended}
    return [row for row in rows if (row["trace_id"], row["span_id"]) not in known]


def readable(store: Store, columns: Sequence[str], limit: int) -> str:
    """The same search for Explore."""
    extra = [f'{lines.expression(column)} AS "{column.replace(chr(34), chr(34) * 2)}"' for column in columns]
    condition = where(store.where, *bounded(store.since, store.until))
    return f"SELECT {', '.join([*SHOWN, *extra])}\nFROM records{condition.replace(' WHERE ', chr(10) + 'WHERE ', 1)}\nORDER BY start_timestamp DESC\nLIMIT {limit}"


def record(store: Store, id_: str, at: datetime, **known: str | None) -> tuple[Row, str]:
    """One record in full, and the SQL that shows it. Raises a problem with the status 404 where there is none."""
    conditions = [f"{column} = {quoted(value)}" for column, value in known.items() if value]
    then = f"start_timestamp = '{written(at)}'"
    sql = f"SELECT * FROM records_all{where(then, *conditions)}"
    one = where(*conditions, f"{lines.ID} = {quoted(id_)}")
    rows = store.ask(f"SELECT *, {lines.ID} AS _id FROM records_all{one} LIMIT 1", 1, instants=[at])
    if not rows:
        raise QueryProblem(
            "There is no such record, or not any more: it may have left with the retention. Search again.",
            404,
            "not-found",
        )
    return {name: listed(name, value) for name, value in rows[0].items() if name != "_id"}, sql


def listed(name: str, value: Any) -> Any:
    """Columns of JSON as JSON: where they arrive as text, it is read."""
    if isinstance(value, str) and name in lines.JSON_COLUMNS:
        return json.loads(value)
    return value
