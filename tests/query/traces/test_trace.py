"""One trace: every record once, in order, with times from its start."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from andiron.server.query.queries import Queries
from andiron.server.query.traces.api import TracesApi
from andiron.server.store.embedded import EmbeddedEngine
from andiron.server.store.schema import Schema
from tests.query import seed
from tests.query.spans import Asked, Log, Span, Story, asking, desk, span_id, trace_id

pytestmark = pytest.mark.requirement("AN-07")


@pytest.fixture(scope="module")
def story(engine: EmbeddedEngine, new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Story:
    name = new_database()
    Schema(engine).ensure(name)
    return Story(engine, name, Path(tmp_path_factory.mktemp("story")))


@pytest.fixture(scope="module")
def ask(story: Story, queries: Queries, settings: Any) -> Asked:
    return asking(TracesApi(desk(queries, settings, story.database)).routes())


def rows(answer: Any) -> list[dict[str, Any]]:
    return [dict(zip(answer["fields"], row, strict=True)) for row in answer["rows"]]


def test_a_trace_is_told_whole(story: Story, ask: Asked) -> None:
    boom = {"exception.type": "ValueError", "exception.message": "bad", "exception.stacktrace": "…"}
    sent = (
        Span(1, 11, 1.0, 2.0, name="GET /", kind="server", attributes={"http.response.status_code": 500}),
        Span(
            1, 12, 1.25, 0.5, 11, "charge", "bank", "client", True, events=(("exception", 1.5, boom), ("try", 1.3, {}))
        ),
        Log(1.125, "charging", 1, 11),
    )
    story.send(*sent)
    received = story.send(*sent)
    status, answer = ask(f"/pages/api/trace/{trace_id(1)}")
    assert status == 200
    assert (answer["trace_id"], answer["total"], answer["truncated"]) == (trace_id(1), 3, False)
    assert answer["start"] == "2027-01-15T08:00:01.000000000Z"
    assert answer["end"] == "2027-01-15T08:00:03.000000000Z"
    assert answer["cursor"].endswith(f"{received % 1000:03d}Z")
    found = rows(answer)
    ids = [row.pop("id") for row in found]
    assert len(set(ids)) == 3
    assert all(len(id_) == 16 for id_ in ids)
    none: dict[str, Any] = {
        "is_exception": False, "exception_type": None, "exception_message": None, "http_status": None, "scope": None, "links": 0,
        "events": [],
    }  # fmt: skip
    assert found == [
        none | {"kind": "span", "span_id": span_id(11), "parent_span_id": None, "start_ns": 0, "duration": 2, "level": 9,
         "message": "GET /", "span_name": "GET /", "service_name": "api", "span_kind": "server", "http_status": 500,
         "status_code": "UNSET"},
        none | {"kind": "log", "span_id": span_id(11), "parent_span_id": None, "start_ns": 125_000_000, "duration": None, "level": 9,
         "message": "charging", "span_name": "log", "service_name": "api", "span_kind": "", "status_code": None},
        none | {"kind": "span", "span_id": span_id(12), "parent_span_id": span_id(11), "start_ns": 250_000_000, "duration": 0.5,
         "level": 17, "message": "charge", "span_name": "charge", "service_name": "bank", "span_kind": "client",
         "is_exception": True, "exception_type": "ValueError", "exception_message": "bad", "status_code": "ERROR",
         "events": [["try", 300_000_000]]},
    ]  # fmt: skip


def test_a_record_has_one_id_everywhere(story: Story, ask: Asked, queries: Queries) -> None:
    from andiron.server.query.desk import rows_of
    from andiron.server.query.dialect import Question
    from andiron.server.query.search import lines

    story.send(Span(2, 21, 0.123456789, pending=True), Span(2, 22, 0.2, name="q'uote"), Log(0.3, "λόγος", 2, 22))
    sql = f"SELECT {lines.select()} FROM records_all WHERE trace_id = '{trace_id(2)}' ORDER BY start_timestamp"
    asked = Question(sql=sql, database=story.database, now=queries.now(), limit=10, dialect="logfire")
    ids = [row["id"] for row in rows_of(queries.answer(asked, "json").body)]
    assert len(ids) == 3
    assert [row["id"] for row in rows(ask(f"/pages/api/trace/{trace_id(2)}")[1])] == ids


def test_a_pending_span_is_there_until_it_has_ended(story: Story, ask: Asked) -> None:
    story.send(Span(3, 31, 1.0, pending=True))
    first = ask(f"/pages/api/trace/{trace_id(3)}")[1]
    assert [(row["kind"], row["duration"]) for row in rows(first)] == [("pending_span", None)]
    story.send(Span(3, 31, 1.0, 3.0), Span(3, 32, 2.0, 0.5, 31))
    whole = ask(f"/pages/api/trace/{trace_id(3)}")[1]
    assert [(row["kind"], row["span_id"]) for row in rows(whole)] == [("span", span_id(31)), ("span", span_id(32))]


def test_a_running_trace_is_asked_for_what_is_new(story: Story, ask: Asked) -> None:
    story.send(Span(4, 41, 1.0), received=1_900_000_000_000)
    before = ask(f"/pages/api/trace/{trace_id(4)}")[1]
    story.send(Span(4, 42, 0.5, 0.1, 41), received=1_900_000_010_000)
    after = ask(f"/pages/api/trace/{trace_id(4)}?since_created={before['cursor']}")[1]
    assert [row["span_id"] for row in rows(after)] == [span_id(42), span_id(41)]
    later = ask(f"/pages/api/trace/{trace_id(4)}?since_created=2030-03-17T17:46:45Z")[1]
    assert [row["span_id"] for row in rows(later)] == [span_id(42)]
    assert later["start"] == "2027-01-15T08:00:00.500000000Z"
    assert later["total"] == 2
    # The same moment, as told an hour further east.
    assert ask(f"/pages/api/trace/{trace_id(4)}?since_created=2030-03-17T18:46:45%2B01:00")[1]["rows"] == later["rows"]


def test_logs_alone_make_a_trace(story: Story, ask: Asked) -> None:
    story.send(Log(1, "one", 5), Log(2, "two", 5))
    answer = ask(f"/pages/api/trace/{trace_id(5)}")[1]
    assert [(row["message"], row["start_ns"]) for row in rows(answer)] == [("one", 0), ("two", 1_000_000_000)]


@pytest.mark.parametrize(
    "record", [Span(6, 61, -seed.START.timestamp(), 1.0), Log(-seed.START.timestamp(), "unset", 6)]
)
def test_a_record_of_an_unset_clock_makes_a_trace(story: Story, ask: Asked, record: Span | Log) -> None:
    number = 6 if isinstance(record, Span) else 7
    story.send(dataclasses.replace(record, trace=number))
    status, answer = ask(f"/pages/api/trace/{trace_id(number)}")
    assert (status, answer["start"], answer["total"]) == (200, "1970-01-01T00:00:00.000000000Z", 1)
    assert [row["start_ns"] for row in rows(answer)] == [0]


def test_the_end_of_time_is_the_end_of_a_trace(engine: EmbeddedEngine, story: Story, ask: Asked) -> None:
    end = "fromUnixTimestamp64Nano(9223372036854775807)"
    engine.command(
        f"INSERT INTO {story.database}.otel_traces (TraceId, SpanId, Timestamp, Duration, IngestedAt) "
        f"VALUES ('{trace_id(8)}', '{span_id(81)}', {end}, 5000000000, now64(3))"
    )
    engine.command(
        f"INSERT INTO {story.database}.otel_traces_trace_id_ts (TraceId, Start, End, IngestedAt) "
        f"VALUES ('{trace_id(8)}', {end}, {end}, now64(3))"
    )
    status, answer = ask(f"/pages/api/trace/{trace_id(8)}")
    assert (status, answer["end"]) == (200, "2262-04-11T23:47:16.854775807Z")


@pytest.mark.parametrize("wrong", [trace_id(999), "no-hex", "'; DROP TABLE otel_traces"])
def test_what_is_no_trace_is_said_so(ask: Asked, wrong: str) -> None:
    status, problem = ask(f"/pages/api/trace/{wrong}")
    assert (status, problem["type"]) == (404, "urn:andiron:problem:not-found")


@given(st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=8)
def test_every_span_of_a_forest_is_there_once(story: Story, ask: Asked, data: st.DataObject) -> None:
    """However spans hang together, whichever were announced, sent twice, or lost their parents."""
    count = data.draw(st.integers(1, 40))
    number = data.draw(st.integers(10_000, 10**9))
    sent: list[Span] = []
    for at in range(count):
        parent = data.draw(st.integers(0, at)) * 7 + number if data.draw(st.booleans()) else 0
        span = Span(number, number + 1 + at * 7, data.draw(st.floats(0, 5)), data.draw(st.floats(0.001, 2)), parent)
        sent.append(span)
    announced = [Span(s.trace, s.id, s.start, pending=True, parent=s.parent) for s in sent if data.draw(st.booleans())]
    ended = [span for span in sent if span.id % 3]
    for batch in (announced, ended, ended[::2]):
        if batch:
            story.send(*batch)
    expected = {span_id(span.id): "span" for span in ended}
    expected = {span_id(span.id): "pending_span" for span in announced} | expected
    status, answer = ask(f"/pages/api/trace/{trace_id(number)}")
    assert status == (200 if expected else 404)
    if expected:
        found = rows(answer)
        assert len(found) == len(expected) == answer["total"]
        assert {row["span_id"]: row["kind"] for row in found} == expected
        starts = [row["start_ns"] for row in found]
        assert starts == sorted(starts)
        assert starts[0] == 0 or announced
