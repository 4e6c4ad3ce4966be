"""A channel of the live stream: asks the store, once for all streams that want the same, for what the feed says has come.

It asks for the rows of exactly those batches, so that nothing is polled, and nothing is missed when inserts become visible out of
order. Messages go to `Stream`s, each of which holds a few and counts the rest as skipped: a slow reader costs no memory.
"""

import asyncio
import contextlib
import contextvars
import json
import logging
import re
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from andiron.server.query.desk import Desk, rows_of
from andiron.server.query.feed import Feed, Receipt
from andiron.server.query.problems import QueryProblem
from andiron.server.query.search import lines
from andiron.server.query.search.language import condition

if TYPE_CHECKING:
    from andiron.server.query.dialect import Received

log = logging.getLogger(__name__)

SOURCES = {"traces": frozenset({"span", "span_event", "pending_span"}), "logs": frozenset({"log"})}
"""Where the rows of each signal are."""

MOST = 3000
"""Rows of a message: with 1,000, a third of 2,000 records a second was skipped on a machine with other work."""
WAITING = 4
"""Messages that wait for a slow reader,"""
ROWS = 6000
"""and the rows of all of them."""
FEW = 200
"""Batches asked for one by one; more are asked for as a range."""
PACE = 0.2
"""Seconds from one question to the next, at least."""
REST = 1
"""And this many times as long as the last one took, so that however slow the store is, half of the time it is left alone."""
OVERLAP = timedelta(seconds=2)
"""How far before a cursor of another run a stream takes up: inserts become visible a little out of order."""

CURSOR = re.compile(r"(?P<at>[^~]+)(?:~(?P<run>\w{1,32})\.(?P<number>\d{1,18}))?", re.ASCII)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Cursor:
    """How far a stream has come: the newest receipt in milliseconds, and the number of the feed's batch, if this run gave it."""

    received: int
    run: str = ""
    number: int = 0

    @classmethod
    def read(cls, text: str) -> "Cursor":
        """From what a client sends back, or a time."""
        found = CURSOR.fullmatch(text.strip().replace(" ", "+"))
        try:
            at = datetime.fromisoformat(found["at"]) if found else None
        except ValueError:
            at = None
        if found is None or at is None:
            raise QueryProblem(
                f"since is {text[:80]!r}; send the id of the last event, or a time as in 2026-01-31T12:00:00Z.",
                422,
                "invalid-request",
            )
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        return cls((at - EPOCH) // timedelta(milliseconds=1), found["run"] or "", int(found["number"] or 0))

    def __str__(self) -> str:
        at = EPOCH + timedelta(milliseconds=self.received)
        return f"{at:%Y-%m-%dT%H:%M:%S}.{self.received % 1000:03d}Z~{self.run}.{self.number}"


@dataclass
class Batches:
    """Receipts that are to be asked for. However many they are, they take no more room than `FEW`."""

    signals: set[str] = field(default_factory=set)
    moments: set[int] = field(default_factory=set)
    number: int = 0
    newest: int = 0
    wide: bool = False

    def add(self, receipt: Receipt) -> None:
        """One more."""
        self.signals.add(receipt.signal)
        self.moments.add(receipt.received)
        self.number = max(self.number, receipt.number)
        self.newest = max(self.newest, receipt.received)
        if len(self.moments) > FEW:
            self.wide = True
            self.moments = {min(self.moments), max(self.moments)}

    def received(self) -> "Received":
        """Which records these are."""
        from andiron.server.query.dialect import Received

        sources = frozenset[str]().union(*(SOURCES[signal] for signal in self.signals))
        if self.wide:
            return Received(min(self.moments), max(self.moments), sources=sources)
        return Received(moments=frozenset(self.moments), sources=sources)


@dataclass(frozen=True)
class Message:
    """Rows as JSON, oldest first, and how many there were besides."""

    rows: bytes
    count: int
    skipped: int
    cursor: str


class Stream:
    """What waits for one reader."""

    def __init__(self) -> None:
        self.arrived = asyncio.Event()
        self.problem: QueryProblem | None = None
        self._messages: deque[Message] = deque()
        self._skipped = 0

    def put(self, message: Message) -> None:
        """One more; the oldest go when there are too many."""
        while self._messages and (len(self._messages) == WAITING or self._rows + message.count > ROWS):
            oldest = self._messages.popleft()
            self._skipped += oldest.count + oldest.skipped
        self._messages.append(message)
        self.arrived.set()

    @property
    def _rows(self) -> int:
        return sum(message.count for message in self._messages)

    def take(self) -> tuple[Message, int] | None:
        """The oldest, and how many rows this reader has missed by now."""
        if not self._messages:
            return None
        message, missed = self._messages.popleft(), self._skipped
        self._skipped = 0
        return message, message.skipped + missed

    def end(self, problem: QueryProblem | None = None) -> None:
        """Nothing more comes, because of `problem`."""
        self.problem = problem
        self.arrived.set()


@dataclass(frozen=True)
class Wish:
    """What streams share a channel for."""

    database: str
    q: str
    columns: tuple[str, ...]


class Channel:
    """Open while a stream is."""

    def __init__(self, desk: Desk, feed: Feed, wish: Wish) -> None:
        self.streams: list[Stream] = []
        self.cursor = Cursor((desk.queries.now() - EPOCH) // timedelta(milliseconds=1), feed.run, feed.number)
        self._desk = desk
        self._feed = feed
        self._wish = wish
        self._batches = Batches()
        self._woken = asyncio.Event()
        self._forget = feed.listen(wish.database, self._note)
        # A context of its own: the request that opened the channel may end long before it.
        self._task = asyncio.create_task(self._run(), context=contextvars.Context())

    def close(self) -> None:
        """Nobody listens any more."""
        self._forget()
        self._task.cancel()

    async def missed(self, cursor: Cursor) -> Message | None:
        """What has come since a cursor."""
        from andiron.server.query.dialect import Received

        reached = self.cursor
        receipts = self._feed.after(cursor.number, self._wish.database) if cursor.run == self._feed.run else None
        if receipts is None or not self._desk.settings.embedded:
            first = max(0, cursor.received - OVERLAP // timedelta(milliseconds=1))
            received = Received(first)
        else:
            batches = Batches()
            for receipt in receipts:
                if receipt.signal in SOURCES:
                    batches.add(receipt)
            if not batches.signals:
                return None
            received = batches.received()
            reached = Cursor(max(batches.newest, cursor.received), self._feed.run, batches.number)
        message = await asked(self._desk.run, partial(answer, self._desk, self._wish, received, reached))
        return message if message.count else None

    def _note(self, receipt: Receipt) -> None:
        if receipt.signal in SOURCES:
            self._batches.add(receipt)
            self._woken.set()

    def _end(self, problem: QueryProblem) -> None:
        for stream in self.streams:
            stream.end(problem)

    async def _run(self) -> None:
        while True:
            await self._woken.wait()
            self._woken.clear()
            batches, self._batches = self._batches, Batches()
            reached = Cursor(max(batches.newest, self.cursor.received), self._feed.run, batches.number)
            began = time.monotonic()
            try:
                message = await asked(
                    self._desk.run, partial(answer, self._desk, self._wish, batches.received(), reached)
                )
            except QueryProblem as problem:
                self._end(problem)
                return
            except Exception:
                log.exception("a live stream failed", extra={"database": self._wish.database})
                self._end(QueryProblem("The server failed at this; its log says why.", 500, "internal-error"))
                return
            self.cursor = reached
            if message.count:
                for stream in self.streams:
                    stream.put(message)
            took = time.monotonic() - began
            await asyncio.sleep(max(PACE - took, REST * took))


async def asked(run: Callable[[Callable[[], Message]], Awaitable[Message]], work: Callable[[], Message]) -> Message:
    """The answer, however often the store or the desk has to be asked: what is away for a while comes again."""
    while True:
        try:
            return await run(work)
        except QueryProblem as problem:
            if problem.retry_after is None:
                raise
            await asyncio.sleep(problem.retry_after)


def answer(desk: Desk, wish: Wish, received: "Received", reached: Cursor) -> Message:
    """The newest lines of some batches, and how many others there are. Blocks."""
    rows = rows_of(question(desk, wish, received, lines.select(wish.columns), "ORDER BY start_timestamp DESC", MOST))
    skipped = 0
    if len(rows) == MOST:
        (counted,) = rows_of(question(desk, wish, received, "count(*) AS n", "", 1))
        skipped = max(0, counted["n"] - len(rows))
    return Message(written([lines.line(row, wish.columns) for row in reversed(rows)]), len(rows), skipped, str(reached))


def question(desk: Desk, wish: Wish, received: "Received", selected: str, order: str, limit: int) -> bytes:
    """Ask for records of some batches that the wish is about."""
    from andiron.server.query.dialect import Question

    sql = f"SELECT {selected} FROM records_all WHERE {condition(wish.q)} {order}"
    asking = Question(
        sql=sql,
        database=wish.database,
        now=desk.queries.now(),
        limit=limit,
        dialect="logfire",
        received=received,
    )
    return desk.queries.answer(asking, "json", schema=False).body


def checked(desk: Desk, wish: Wish) -> None:
    """Say what is wrong with a wish before anything has come. Blocks."""
    from andiron.server.query.dialect import Received

    answer(desk, wish, Received(moments=frozenset({0})), Cursor(0))


def written(rows: Sequence[dict[str, Any]]) -> bytes:
    """Lines as JSON on one line."""
    return json.dumps(rows, separators=(",", ":"), ensure_ascii=False).encode()


@contextlib.contextmanager
def joined(channel: Channel) -> Iterator[Stream]:
    """A stream of the channel."""
    stream = Stream()
    channel.streams.append(stream)
    try:
        yield stream
    finally:
        channel.streams.remove(stream)
