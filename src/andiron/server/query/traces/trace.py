"""One trace with everything that was recorded in it: its spans, those that still run, its logs.

Asked by `api.TracesApi`; reads the tables themselves (`bounds.sql`, `trace.sql`), and hands ClickHouse's bytes on as they are.
"""

import json
import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from andiron.server.query import times
from andiron.server.query.desk import rows_of
from andiron.server.query.problems import QueryProblem
from andiron.server.query.queries import Queries
from andiron.server.query.question import Question
from andiron.server.query.templates import moment, template

FIELDS = (
    "kind", "id", "span_id", "parent_span_id", "start_ns", "duration", "level", "message", "span_name", "service_name", "span_kind",
    "is_exception", "exception_type", "exception_message", "http_status", "scope", "status_code", "links", "events",
)  # fmt: skip
"""`start_ns`, and the offset of each event, count from the trace's start. A log's `span_id` is that of the span it was written in."""

MOST = 50_000
"""Records of one answer."""
MESSAGE = 1000
"""Characters of a message."""
OVERLAP = timedelta(seconds=2)
"""What was received so shortly before the cursor is sent again: inserts become visible a little out of order."""

TRACE_ID = re.compile(r"[0-9a-f]{1,64}")
LINE_ID = "lower(hex(sipHash64(kind, trace_id, span_id, toString(toDateTime64(at, 6, 'UTC')), message)))"
"""As `search.lines.ID` has it, so that a record has one id on all pages."""
NEVER = (1, 0)
"""From a time on and up to one before it: there is nothing between them. A record may well be of 1970, where no clock was set."""


@dataclass(frozen=True)
class Bounds:
    """When the first and the last span of a trace began, and when its logs were written, in nanoseconds."""

    spans: tuple[int, int]
    logs: tuple[int, int]

    @property
    def start(self) -> int:
        """When the trace began."""
        return min(seen[0] for seen in (self.spans, self.logs) if seen != NEVER)


class Trace:
    """Reads one trace of a database. Every call blocks."""

    def __init__(self, queries: Queries, database: str, trace_id: str) -> None:
        self._queries = queries
        self._database = database
        self._id = trace_id.lower()
        if not TRACE_ID.fullmatch(self._id):
            raise QueryProblem(f"{trace_id[:64]!r} is no trace id: that is 32 hex digits.", 404, "not-found")

    def answer(self, since_created: datetime | None) -> bytes:
        """The answer in JSON: all records, or those received since."""
        began = time.perf_counter()
        bounds = self._bounds()
        since = since_created - OVERLAP if since_created else times.EARLIEST
        found = self._ask(
            "trace",
            1,
            trace=self._quoted,
            id=LINE_ID,
            message=str(MESSAGE),
            most=str(MOST),
            start=str(bounds.start),
            since=times.constant(since),
            first_span=moment(bounds.spans[0]),
            last_span=moment(bounds.spans[1]),
            first_log=moment(bounds.logs[0]),
            last_log=moment(bounds.logs[1]),
        )
        # {"data":[{"last":…,"total":…,"newest":…,"rows":[[…],…]}]}: nothing before the rows is a sender's.
        head, _, rows = found.partition(b',"rows":')
        (facts,) = json.loads(head + b"}]}")["data"]
        if not facts["total"]:
            raise self._unknown()
        answer = {
            "trace_id": self._id,
            "start": iso(bounds.start),
            "end": iso(facts["last"]),
            "truncated": facts["total"] > MOST,
            "total": facts["total"],
            "fields": FIELDS,
            "cursor": facts["newest"],
            "took": round(time.perf_counter() - began, 6),
        }
        return json.dumps(answer, separators=(",", ":")).encode()[:-1] + b',"rows":' + rows.removesuffix(b"}]}") + b"}"

    def _bounds(self) -> Bounds:
        (seen,) = rows_of(self._ask("bounds", 1, trace=self._quoted))
        if not seen["spans"] and not seen["logs"]:
            raise self._unknown()
        return Bounds(
            (seen["first_span"], seen["last_span"]) if seen["spans"] else NEVER,
            (seen["first_log"], seen["last_log"]) if seen["logs"] else NEVER,
        )

    @property
    def _quoted(self) -> str:
        return f"'{self._id}'"  # hex digits

    def _ask(self, name: str, limit: int, **places: str) -> bytes:
        sql = template(__package__, name)
        question = Question(sql, self._database, self._queries.now(), limit, dialect="clickhouse", places=places)
        return self._queries.answer(question, "json", schema=False).body

    def _unknown(self) -> QueryProblem:
        return QueryProblem(
            f"There is no trace {self._id} in this project. It may not have arrived yet, or retention has removed it.",
            404,
            "not-found",
        )


def iso(nanoseconds: int) -> str:
    """A time in ISO 8601, to the nanosecond."""
    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"
