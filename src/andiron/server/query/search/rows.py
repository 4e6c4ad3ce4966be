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
from andiron.server.query.search.store import Store, bounded, where, written
from andiron.server.query.search.values import quoted

PENDING = 1000
"""The most spans that have only begun, of one page."""
SHOWN = ("start_timestamp", "level", "service_name", "message", "duration", "span_name", "kind", "trace_id", "span_id")

STRETCHES = (timedelta(minutes=15), timedelta(hours=6))

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
        if times.moment(at, UTC) is None or not re.fullmatch(r"[0-9a-f]{16}", id_):
            raise QueryProblem("before is no cursor of an earlier answer.", 422, "invalid-request")
        return cls(at, id_)

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
        found += instant(store, listed, limit, before.at, before.id)
    if len(found) <= limit:
        moments = newest(store, limit + 1, before)
        if moments:
            these = ", ".join(quoted(moment) for moment in moments)
            within = [
                f"start_timestamp IN ({these})",
                f"start_timestamp >= '{moments[0]}'",
                f"start_timestamp <= '{moments[-1]}'",
            ]
            found += store.ask(f"SELECT {listed} FROM records{where(*within, store.where)}")
    return in_order(found)


def newest(store: Store, count: int, before: Cursor | None) -> list[str]:
    """The times of the newest records, so many of them.

    The store finds the newest of everything by itself. With a condition it would look at the time first and then at all that the
    condition is about, so it is asked for one stretch of time after the other, each longer, until there are enough.
    """
    condition = store.where
    older = f"start_timestamp < '{before.at}'" if before else "true"
    if condition == "true":
        sql = f"SELECT start_timestamp FROM records{where(older)} ORDER BY start_timestamp DESC LIMIT {count}"
        return sorted({row["start_timestamp"] for row in store.ask(sql, count)})
    found: list[str] = []
    rows = 0
    until = store.until if before is None else None
    for since in stretches(store, before):
        sql = (
            f"SELECT start_timestamp, count(*) AS n FROM records{where(condition, older)} "
            f"GROUP BY start_timestamp ORDER BY start_timestamp DESC LIMIT {count}"
        )
        for row in store.ask(sql, count, since=since, until=until):
            if rows < count:
                found.append(row["start_timestamp"])
                rows += row["n"]
        if rows >= count:
            break
        until = since
    return sorted(found)


def stretches(store: Store, before: Cursor | None) -> list[datetime | None]:
    """Where each of them begins, from the newest on; the last one is the beginning of the search."""
    end = before.moment if before else store.until or store.queries.now()
    if store.since is None:
        return [*(end - stretch for stretch in STRETCHES), None]
    length = end - store.since
    return [end - length / 16, store.since] if length > STRETCHES[0] else [store.since]


def instant(store: Store, listed: str, limit: int, at: str, below: str = "") -> list[Row]:
    """Lines of one microsecond, by id."""
    conditions = [store.where, f"start_timestamp = '{at}'", *([f"{lines.ID} < '{below}'"] if below else [])]
    sql = f"SELECT {listed} FROM records{where(*conditions)} ORDER BY id DESC LIMIT {limit + 1}"
    return [*store.ask(sql, limit + 1)]


def in_order(rows: Sequence[Row]) -> list[Row]:
    """Newest first."""
    return sorted(rows, key=lambda row: (row["start_timestamp"], row["id"]), reverse=True)


def begun(store: Store, columns: Sequence[str], since: datetime | None, before: Cursor | None) -> list[Row]:
    """Spans that have begun and not ended."""
    conditions = [store.where, "kind = 'pending_span'"]
    if before:
        conditions.append(f"start_timestamp <= '{before.at}'")
    sql = f"SELECT {lines.select(columns)} FROM records_all{where(*conditions)} ORDER BY start_timestamp DESC LIMIT {PENDING}"
    rows = [
        row
        for row in store.ask(sql, PENDING, since=since)
        if before is None or (row["start_timestamp"], row["id"]) < (before.at, before.id)
    ]
    if not rows:
        return []
    traces = ", ".join(quoted(trace) for trace in sorted({row["trace_id"] for row in rows}))
    oldest = min(row["start_timestamp"] for row in rows)
    landed = (
        f"SELECT trace_id, span_id FROM records WHERE kind = 'span' AND trace_id IN ({traces}) "
        f"AND start_timestamp >= '{oldest}' GROUP BY trace_id, span_id"
    )
    ended = {(row["trace_id"], row["span_id"]) for row in Store(store.queries, store.database).ask(landed)}
    return [row for row in rows if (row["trace_id"], row["span_id"]) not in ended]


def readable(store: Store, columns: Sequence[str], limit: int) -> str:
    """The same search for Explore."""
    extra = [f'{lines.expression(column)} AS "{column.replace(chr(34), chr(34) * 2)}"' for column in columns]
    condition = where(store.where, *bounded(store.since, store.until))
    return f"SELECT {', '.join([*SHOWN, *extra])}\nFROM records{condition.replace(' WHERE ', chr(10) + 'WHERE ', 1)}\nORDER BY start_timestamp DESC\nLIMIT {limit}"


def record(store: Store, id_: str, at: datetime, **known: str | None) -> tuple[Row, str]:
    """One record in full, and the SQL that shows it. Raises a problem with the status 404 where there is none."""
    conditions = [f"start_timestamp = '{written(at)}'"]
    conditions += [f"{column} = {quoted(value)}" for column, value in known.items() if value]
    sql = f"SELECT * FROM records_all{where(*conditions)}"
    rows = store.ask(
        f"SELECT *, {lines.ID} AS _id FROM records_all{where(*conditions, f'{lines.ID} = {quoted(id_)}')} LIMIT 1", 1
    )
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
