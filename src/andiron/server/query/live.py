"""The live stream: `GET /pages/api/live`, server-sent events of the records that match a search, as they come.

A stream belongs to a channel (`channel.py`), which listens to the feed. It ends with its client, its token, its project and the server.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Send
from starlette.types import Scope as Connection

from andiron.server.control.models import Scope
from andiron.server.control.refusals import Refusal
from andiron.server.query.channel import Channel, Cursor, Stream, Wish, checked, joined
from andiron.server.query.desk import Desk, Grant, declined
from andiron.server.query.feed import Feed
from andiron.server.query.others import Others
from andiron.server.query.problems import QueryProblem, answered

AT_ONCE = 64
"""Streams of one process."""
HEARTBEAT = 10.0
"""Seconds of silence after which a comment tells proxies and clients that the stream is alive."""
RECHECK = 2.0
"""Seconds between two looks at whether the token and the project are still there."""
HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),  # nginx would hold events back
]


class LiveApi:
    """The route, on `desk`; what is loaded comes from `feed`."""

    def __init__(self, desk: Desk, feed: Feed, *, heartbeat: float = HEARTBEAT, recheck: float = RECHECK) -> None:
        self.desk = desk
        self.feed = feed
        self.heartbeat = heartbeat
        self.recheck = recheck
        self.streams = 0
        self._channels: dict[Wish, Channel] = {}
        self._others = Others(desk, feed)

    def routes(self) -> list[Route]:
        """What to mount at the root."""
        return [self.desk.route("/pages/api/live", self._live)]

    async def _live(self, request: Request) -> Response:
        grant = self.desk.grant(request, Scope.READ)
        self._check_room()
        asked = request.query_params
        since = request.headers.get("last-event-id") or asked.get("since")
        cursor = Cursor.read(since) if since else None
        columns = tuple(name for name in asked.get("columns", "").split(",") if name)
        wish = Wish(grant.database, asked.get("q", ""), columns)
        if wish not in self._channels:
            try:
                await self.desk.run(partial(checked, self.desk, wish))
            except QueryProblem as problem:
                if problem.retry_after is not None:
                    raise
                return Response(event(problem), media_type="text/event-stream")
            self._check_room()  # again: of those that were checked together, each believed in the last place
        return EventStream(self, request, grant, wish, cursor)

    def _check_room(self) -> None:
        if self.streams >= AT_ONCE:
            raise QueryProblem(f"{AT_ONCE} live streams are open already; close one.", 429, "too-many-streams", 5)

    @contextlib.asynccontextmanager
    async def open(self, wish: Wish) -> AsyncIterator[tuple[Channel, Stream]]:
        """A stream of the channel for `wish`, which lives as long as it has streams."""
        channel = self._channels.get(wish)
        if channel is None:
            channel = self._channels[wish] = Channel(self.desk, self.feed, wish)
            self._others.watch(wish.database)
        try:
            with joined(channel) as stream:
                yield channel, stream
        finally:
            if not channel.streams:
                channel.close()
                if self._channels.get(wish) is channel:
                    del self._channels[wish]
                self._others.leave(wish.database)


class EventStream(Response):
    """An answer without an end."""

    def __init__(self, api: LiveApi, request: Request, grant: Grant, wish: Wish, cursor: Cursor | None) -> None:
        super().__init__()
        self._api = api
        self._request = request
        self._grant = grant
        self._wish = wish
        self._cursor = cursor

    async def __call__(self, scope: Connection, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's
        # Before anything is awaited, so that nobody else counts on the place.
        self._api.streams += 1
        try:
            await self._stream(receive, send)
        finally:
            self._api.streams -= 1

    async def _stream(self, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
        stop = asyncio.Event()
        forget = self._api.feed.at_end(stop.set)
        parts = [asyncio.create_task(work) for work in (self._send(send), gone(receive), stop.wait())]
        try:
            if not self._api.feed.closed:
                await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
        finally:
            forget()
            for part in parts:
                part.cancel()
            await asyncio.gather(*parts, return_exceptions=True)
        with contextlib.suppress(Exception):
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _send(self, send: Send) -> None:
        async def write(text: bytes) -> None:
            await send({"type": "http.response.body", "body": text, "more_body": True})

        await write(b"retry: 1000\n\n")
        async with self._api.open(self._wish) as (channel, stream):
            if self._cursor is None:
                # From here on a client that is cut off misses nothing, even before the first event.
                await write(f":\nid: {channel.cursor}\n\n".encode())
            else:
                try:
                    missed = await channel.missed(self._cursor)
                except QueryProblem as problem:
                    await write(event(problem))
                    return
                if missed:
                    stream.put(missed)
            await self._follow(channel, stream, write)

    async def _follow(self, channel: Channel, stream: Stream, write: Callable[[bytes], Awaitable[None]]) -> None:
        spoken = time.monotonic()
        while True:
            while taken := stream.take():
                message, skipped = taken
                text = b'event: records\nid: %b\ndata: {"rows":%b,"skipped":%d}\n\n'
                await write(text % (message.cursor.encode(), message.rows, skipped))
                spoken = time.monotonic()
            if (problem := stream.problem or self._refusal()) is not None:
                await write(event(problem))
                return
            if time.monotonic() - spoken >= self._api.heartbeat:
                await write(f":\nid: {channel.cursor}\n\n".encode())
                spoken = time.monotonic()
            stream.arrived.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stream.arrived.wait(), min(self._api.recheck, self._api.heartbeat))

    def _refusal(self) -> QueryProblem | Refusal | None:
        """Why the stream may not go on."""
        try:
            grant = self._api.desk.grant(self._request, Scope.READ)
        except Refusal as refusal:
            return refusal
        if grant.database != self._grant.database:
            return QueryProblem(f"The project {self._grant.project} is no longer there.", 404, "not-found")
        return None


async def gone(receive: Receive) -> None:
    """Wait until the client is."""
    while (await receive())["type"] != "http.disconnect":
        pass


def event(problem: QueryProblem | Refusal) -> bytes:
    """A problem as the last event of a stream."""
    body = (answered(problem) if isinstance(problem, QueryProblem) else declined(problem)).body
    return b"event: problem\ndata: %b\n\n" % bytes(body)
