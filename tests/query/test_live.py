"""The live stream over a real server: what is loaded arrives, once, also over a broken connection; and it ends when it must."""

import asyncio
import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from hypothesis import HealthCheck, given
from hypothesis import settings as profile
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import HTTPConnection

from andiron.server.control.models import Scope
from andiron.server.control.refusals import Unauthenticated
from andiron.server.query import channel, live
from andiron.server.query.channel import FEW, WAITING, Batches, Cursor, Message, Stream
from andiron.server.query.desk import Desk
from andiron.server.query.feed import Feed, Receipt
from andiron.server.query.live import LiveApi
from andiron.server.query.others import Others
from andiron.server.query.problems import QueryProblem
from andiron.server.query.queries import Queries
from andiron.server.settings import Settings
from andiron.server.store.embedded import EmbeddedEngine
from andiron.server.store.schema import Schema
from tests.query.spans import Granted, Log, Span, Story, span_id

pytestmark = pytest.mark.requirement("AN-07")

PATIENCE = 60
"""Seconds after which what does not come is held not to come."""


@dataclass
class Server:
    """A stream's server, and what the tests turn on it."""

    story: Story
    feed: Feed
    api: LiveApi
    url: str
    loop: asyncio.AbstractEventLoop
    refused: threading.Event = field(default_factory=threading.Event)

    def until(self, happens: Callable[[], bool]) -> None:
        """Wait for what the loop of the server will have done."""
        for _ in range(PATIENCE * 100):
            if asyncio.run_coroutine_threadsafe(self._turn(), self.loop).result(PATIENCE) and happens():
                return
            threading.Event().wait(0.01)
        raise TimeoutError

    @staticmethod
    async def _turn() -> bool:
        return True


@pytest.fixture(scope="module")
def story(engine: EmbeddedEngine, new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Story:
    name = new_database()
    Schema(engine).ensure(name)
    return Story(engine, name, tmp_path_factory.mktemp("story"))


@pytest.fixture
def server(engine: EmbeddedEngine, story: Story, settings: Settings) -> Iterator[Server]:
    feed, refused = Feed(), threading.Event()
    story.tables._loader._loaded = feed.told

    def authorize(_needed: Scope, _request: HTTPConnection) -> Granted:
        if refused.is_set():
            raise Unauthenticated("The token is not valid.")
        return Granted("story", story.database)

    patient = settings.model_copy(update={"query_timeout": settings.query_timeout * 15})
    api = LiveApi(Desk(Queries(engine, patient), patient, authorize), feed, heartbeat=0.2, recheck=0.05)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        serving = uvicorn.Server(
            uvicorn.Config(Starlette(routes=api.routes()), log_level="warning", lifespan="off", ws="none")
        )
        loops: list[asyncio.AbstractEventLoop] = []

        async def serve() -> None:
            loops.append(asyncio.get_running_loop())
            await serving.serve([listening])

        thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/pages/api/live"
        with pytest.raises(httpx.HTTPStatusError):  # it answers, and so has a loop
            httpx.get(url, params={"since": "never"}, timeout=PATIENCE).raise_for_status()
        yield Server(story, feed, api, url, loops[0], refused)
        loops[0].call_soon_threadsafe(feed.close)
        serving.should_exit = True
        thread.join(PATIENCE)


@dataclass
class Reader:
    """The client's side of a stream."""

    response: httpx.Response
    last_id: str = ""

    def __post_init__(self) -> None:
        self._lines = self.response.iter_lines()

    def blocks(self) -> Iterator[dict[str, str]]:
        """Events and comments as they come; ends with the stream."""
        block: dict[str, str] = {}
        for line in self._lines:
            if line:
                name, _, text = line.partition(":")
                block[name] = text.strip()
                continue
            self.last_id = block.get("id", self.last_id)
            yield block
            block = {}

    def events(self) -> Iterator[tuple[str, Any]]:
        """Events only."""
        for block in self.blocks():
            if "data" in block:
                yield block.get("event", "message"), json.loads(block["data"])

    def ready(self) -> "Reader":
        """Wait until nothing that comes from now on is missed."""
        for block in self.blocks():
            if "id" in block:
                return self
        raise AssertionError


class Reading:
    """Opens streams."""

    def __init__(self, server: Server, last_id: str = "", **parameters: str) -> None:
        headers = {"last-event-id": last_id} if last_id else {}
        self._client = httpx.Client(timeout=PATIENCE)
        self._stream = self._client.stream("GET", server.url, params=parameters, headers=headers)

    def __enter__(self) -> Reader:
        response = self._stream.__enter__()
        assert response.headers["content-type"].startswith("text/event-stream")
        return Reader(response)

    def __exit__(self, *_: object) -> None:
        self._stream.__exit__(None, None, None)
        self._client.close()


def test_a_span_begins_and_ends_before_the_eyes(server: Server) -> None:
    with Reading(server, columns="attributes.user.id") as reader:
        reader.ready()
        events = reader.events()
        server.story.send(Span(1, 11, 1.0, pending=True, attributes={"user.id": "ada"}))
        name, data = next(events)
        (line,) = data["rows"]
        assert (name, data["skipped"]) == ("records", 0)
        assert (line["kind"], line["span_id"], line["duration"]) == ("pending_span", span_id(11), None)
        assert line["extra"] == {"attributes.user.id": "ada"}
        server.story.send(Span(1, 11, 1.0, 2.5), Span(1, 12, 1.5, 0.5, 11))
        _, data = next(events)
        assert [(line["kind"], line["span_id"]) for line in data["rows"]] == [
            ("span", span_id(11)),
            ("span", span_id(12)),
        ]


def test_only_what_matches_comes_and_signals_are_told_apart(server: Server) -> None:
    with Reading(server, q="level:error") as reader:
        reader.ready()
        server.story.send(Span(1, 1, 1.0), Log(1.5, "fine"))
        server.story.send(Log(2.0, "broken", level=17))
        server.story.send(Span(1, 2, 2.5, error=True))
        events = reader.events()
        messages: list[str] = []
        while len(messages) < 2:
            messages += [line["message"] for line in next(events)[1]["rows"]]
        assert messages == ["broken", "work"]


def test_a_stream_takes_up_where_it_was_broken_off(server: Server) -> None:
    with Reading(server) as reader:
        last = reader.ready().last_id
    server.story.send(Log(1, "missed"))
    with Reading(server, last) as reader:
        assert [line["message"] for line in next(reader.events())[1]["rows"]] == ["missed"]
        assert reader.last_id != last
    with Reading(server, since="2027-01-15T08:00:00Z", q="missed") as reader:
        assert [line["message"] for line in next(reader.events())[1]["rows"]] == ["missed"]


@given(st.data())
@profile(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=4)
def test_stream_and_resume_give_everything_once(server: Server, data: st.DataObject) -> None:
    """Wherever it is cut, whatever comes meanwhile, and however late a batch is loaded."""
    base = data.draw(st.integers(1, 10**6)) * 1000
    batches = data.draw(st.lists(st.integers(1, 3), min_size=2, max_size=6))
    expected: set[str] = set()
    seen: list[str] = []
    last = ""
    with Reading(server) as reader:
        last = reader.ready().last_id
    for at, size in enumerate(batches):
        spans = [Span(base, base + at * 10 + n, at + n / 10) for n in range(1, size + 1)]
        expected.update(span_id(span.id) for span in spans)
        # A batch received long before the others and loaded only now.
        late = data.draw(st.booleans())
        if data.draw(st.booleans()):
            with Reading(server, last) as reader:
                server.story.send(*spans, received=1_700_000_000_000 + base + at if late else 0)
                for _, message in reader.events():
                    seen += [line["id"] + line["span_id"] for line in message["rows"]]
                    if data.draw(st.booleans()):
                        break
                    if {text[16:] for text in seen} >= expected:
                        break
                last = reader.last_id
        else:
            server.story.send(*spans, received=1_700_000_000_000 + base + at if late else 0)
    with Reading(server, last) as reader:
        events = reader.events()
        while {text[16:] for text in seen} < expected:
            seen += [line["id"] + line["span_id"] for line in next(events)[1]["rows"]]
    assert {text[16:] for text in seen} == expected
    assert len({text[:16] for text in seen}) == len(expected)


def test_more_than_a_message_holds_is_counted(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel, "MOST", 1000)
    with Reading(server) as reader:
        reader.ready()
        server.story.send(*(Span(1, n, n / 1000) for n in range(1, 1301)))
        _, data = next(reader.events())
    assert data["skipped"] == 300
    assert [line["span_id"] for line in data["rows"]] == [span_id(n) for n in range(301, 1301)]


@pytest.mark.parametrize(
    ("q", "kind"), [("level:zzz", "search-not-understood"), ("WHERE nothing = 1", "unknown-column")]
)
def test_a_search_that_cannot_be_is_the_only_event(server: Server, q: str, kind: str) -> None:
    with Reading(server, q=q) as reader:
        ((name, problem),) = reader.events()
    assert (name, problem["type"]) == ("problem", f"urn:andiron:problem:{kind}")


def test_streams_with_the_same_wish_share_a_channel(server: Server) -> None:
    with Reading(server, q="level:info") as one, Reading(server, q="level:info") as other:
        one.ready(), other.ready()
        assert len(server.api._channels) == 1
        server.story.send(Log(1, "both"))
        assert next(one.events())[1] == next(other.events())[1]
    server.until(lambda: server.api.streams == 0)
    assert server.api._channels == {}
    assert server.feed._listeners == {}


def test_a_silent_stream_says_that_it_lives(server: Server) -> None:
    with Reading(server) as reader:
        blocks = reader.ready().blocks()
        assert "id" in next(blocks)
        assert "id" in next(blocks)


def test_a_revoked_token_ends_the_stream(server: Server) -> None:
    with Reading(server) as reader:
        events = reader.ready().events()
        server.refused.set()
        ((name, problem),) = events
    assert (name, problem["status"]) == ("problem", 401)
    assert httpx.get(server.url).status_code == 401


def test_the_end_of_the_server_ends_streams(server: Server) -> None:
    with Reading(server) as reader:
        reader.ready()
        server.loop.call_soon_threadsafe(server.feed.close)
        assert all("data" not in block for block in reader.blocks())


def test_there_is_a_bound_on_streams(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "AT_ONCE", 1)
    with Reading(server) as reader:
        reader.ready()
        answer = httpx.get(server.url)
    assert (answer.status_code, answer.json()["type"]) == (429, "urn:andiron:problem:too-many-streams")


def test_streams_that_begin_together_keep_to_the_bound(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "AT_ONCE", 2)

    async def statuses() -> list[int]:
        async with httpx.AsyncClient(timeout=PATIENCE) as client, contextlib.AsyncExitStack() as open_:
            streams = (
                open_.enter_async_context(client.stream("GET", server.url, params={"q": "together"})) for _ in range(8)
            )
            return sorted([stream.status_code for stream in await asyncio.gather(*streams)])

    assert asyncio.run(statuses()) == [200] * 2 + [429] * 6


def test_a_stream_whose_question_fails_unforeseen_says_so(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    with Reading(server) as reader:
        reader.ready()
        monkeypatch.setattr(channel, "written", lambda _: 1 / 0)
        server.feed.told(server.story.database, "logs", 1)
        assert next(reader.events())[1]["type"] == "urn:andiron:problem:internal-error"


def test_a_cursor_with_a_number_that_nothing_has_is_refused(server: Server) -> None:
    answer = httpx.get(server.url, params={"since": "2026-01-01~x." + "9" * 5000})
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:andiron:problem:invalid-request")


def test_what_other_servers_load_is_seen(
    engine: EmbeddedEngine, database: str, tmp_path: Path, settings: Settings
) -> None:
    story = Story(engine, database, tmp_path)
    shared = settings.model_copy(update={"store": "clickhouse://elsewhere"})
    now = time.time_ns() // 1_000_000

    async def watched() -> list[Receipt]:
        feed, told = Feed(), asyncio.Queue[Receipt]()
        forget = feed.listen(story.database, told.put_nowait)
        clock = Queries(engine, shared)
        others = Others(
            Desk(clock, shared, lambda _scope, _request: Granted("story", story.database)), feed, every=0.01
        )
        others.watch(story.database)
        seen = []
        sent: list[Span | Log] = [Log(1, "elsewhere"), Span(1, 1, 1.0), Span(1, 2, 1.0, pending=True)]
        for number, record in enumerate(sent):
            await asyncio.to_thread(story.send, record, received=now + number)
            seen.append(await asyncio.wait_for(told.get(), PATIENCE))
        others.leave(story.database)
        forget()
        return seen

    seen = asyncio.run(watched())
    assert [(receipt.signal, receipt.received - now) for receipt in seen] == [("logs", 0), ("traces", 1), ("traces", 2)]


def test_what_waits_for_a_slow_reader_has_bounded_rows() -> None:
    async def slow() -> list[tuple[str, int]]:
        stream = Stream()
        for number in range(3):
            stream.put(Message(b"[]", channel.ROWS // 2, 0, str(number)))
        taken = [found for _ in range(2) if (found := stream.take())]
        return [(message.cursor, skipped) for message, skipped in taken]

    assert asyncio.run(slow()) == [("1", channel.ROWS // 2), ("2", 0)]


def test_a_slow_reader_holds_few_messages_and_counts_the_rest() -> None:
    async def slow() -> list[tuple[str, int]]:
        stream = Stream()
        for number in range(WAITING + 3):
            stream.put(Message(b"[]", 10, number, str(number)))
        taken = []
        while found := stream.take():
            taken.append((found[0].cursor, found[1]))
        return taken

    assert asyncio.run(slow()) == [("3", 3 + (10 + 0) + (10 + 1) + (10 + 2)), ("4", 4), ("5", 5), ("6", 6)]


@given(st.lists(st.tuples(st.sampled_from(["traces", "logs"]), st.integers(1, 2000)), min_size=1, max_size=600))
def test_batches_take_bounded_room_and_lose_nothing(receipts: list[tuple[str, int]]) -> None:
    batches = Batches()
    for number, (signal, moment) in enumerate(receipts, 1):
        batches.add(Receipt(number, "any", signal, moment))
        assert len(batches.moments) <= FEW + 1
    received = batches.received()
    assert batches.number == len(receipts)
    last = received.last or 0
    assert all(moment in received.moments or received.first <= moment <= last for _, moment in receipts)


@given(st.integers(0, 2**42), st.integers(0, 10**9))
def test_cursors_are_read_as_they_were_written(received: int, number: int) -> None:
    cursor = Cursor(received, "ab12", number)
    assert Cursor.read(str(cursor)) == cursor


def test_a_cursor_may_be_a_time_and_nothing_else() -> None:
    assert Cursor.read("1970-01-01T00:00:01.5Z") == Cursor(1500)
    with pytest.raises(QueryProblem, match="since is 'yesterday'"):
        Cursor.read("yesterday")


def test_the_feed_remembers_what_came_after_a_number() -> None:
    feed = Feed()
    for moment in (5, 7, 6):
        feed.told("one", "traces", moment)
        feed.told("other", "logs", moment)
    assert [receipt.received for receipt in feed.after(2, "one") or ()] == [7, 6]
    assert feed.after(6, "one") == []
    assert feed.after(7, "one") is None
    for _ in range(5000):
        feed.told("other", "logs", 1)
    assert feed.after(2, "one") is None
    assert feed.after(5000, "one") == []
