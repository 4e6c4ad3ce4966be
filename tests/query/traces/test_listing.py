"""The list of traces: which are found, in which order, and what is told of each."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from andiron.server.query.queries import Queries
from andiron.server.query.traces.api import TracesApi
from andiron.server.store.embedded import EmbeddedEngine
from andiron.server.store.schema import Schema
from tests.query.spans import Asked, Log, Span, Story, asking, desk, trace_id

pytestmark = pytest.mark.requirement("AN-07")

SINCE, UNTIL = "2027-01-15T08:00:00Z", "2027-01-15T08:00:59Z"


@pytest.fixture(scope="module")
def ask(
    engine: EmbeddedEngine,
    new_database: Callable[[], str],
    tmp_path_factory: pytest.TempPathFactory,
    queries: Queries,
    settings: Any,
) -> Asked:
    name = new_database()
    Schema(engine).ensure(name)
    story = Story(engine, name, Path(tmp_path_factory.mktemp("story")))
    story.send(
        Span(1, 1, 10, 2.0, name="GET /a", kind="server", attributes={"user.id": "ada"}),
        Span(1, 2, 10.5, 0.5, 1, "read", "db"),
        Log(11, "read it", 1, 2),
        Span(2, 3, 20, 0.5, name="GET /b", error=True),
        Log(20.1, "no", 2, 3, level=17),
        Span(3, 4, -30, 60, name="long"),
        Span(3, 5, 5, 1, 4, "step"),
        Span(4, 6, 30, 1, 777, "lost its root", "worker"),
        Span(5, 7, 40, pending=True, name="running"),
        Log(50, "alone", 6, service="cron"),
        Log(51, "of no trace"),
    )
    story.send(Span(2, 3, 20, 0.5, name="GET /b", error=True))
    return asking(TracesApi(desk(queries, settings, name)).routes())


def listed(ask: Asked, **body: Any) -> list[int]:
    status, answer = ask("/pages/api/traces", {"since": SINCE, "until": UNTIL, **body})
    assert status == 200, answer
    return [int(trace["trace_id"], 16) for trace in answer["traces"]]


def test_what_is_told_of_a_trace(ask: Asked) -> None:
    _, answer = ask("/pages/api/traces", {"since": SINCE, "until": UNTIL, "q": "user.id:ada"})
    assert answer["more"] is False
    assert answer["traces"] == [
        {
            "trace_id": trace_id(1),
            "start": "2027-01-15T08:00:10.000000000Z",
            "duration": 2,
            "service_name": "api",
            "message": "GET /a",
            "span_name": "GET /a",
            "spans": 2,
            "logs": 1,
            "errors": 0,
            "services": [{"name": "api", "spans": 1}, {"name": "db", "spans": 1}],
            "pending": False,
            "has_root": True,
        }
    ]


@pytest.mark.parametrize(
    ("order", "traces"),
    [("newest", [5, 4, 2, 1, 3]), ("slowest", [3, 1, 4, 2, 5]), ("errors", [2, 5, 4, 1, 3]), ("largest", [1, 3])],
)
def test_orders(ask: Asked, order: str, traces: list[int]) -> None:
    found = listed(ask, sort=order)
    assert found[: len(traces)] == traces if order != "slowest" else found == traces[:4]


def test_a_trace_that_began_before_the_range_is_told_whole(ask: Asked) -> None:
    _, answer = ask("/pages/api/traces", {"since": SINCE, "until": UNTIL, "q": "step"})
    (trace,) = answer["traces"]
    assert (trace["message"], trace["duration"], trace["has_root"]) == ("long", 60, True)


def test_a_trace_without_a_root_is_called_by_its_earliest_span(ask: Asked) -> None:
    _, answer = ask("/pages/api/traces", {"q": "service:worker"})
    (trace,) = answer["traces"]
    assert (trace["message"], trace["service_name"], trace["has_root"]) == ("lost its root", "worker", False)


def test_what_runs_is_pending(ask: Asked) -> None:
    _, answer = ask("/pages/api/traces", {"q": "running"})
    (trace,) = answer["traces"]
    assert (trace["pending"], trace["has_root"], trace["spans"], trace["duration"]) == (True, True, 1, 0)


def test_a_trace_of_logs_is_found_by_them(ask: Asked) -> None:
    _, answer = ask("/pages/api/traces", {"q": "alone"})
    (trace,) = answer["traces"]
    assert (trace["service_name"], trace["logs"], trace["spans"], trace["has_root"]) == ("cron", 1, 0, False)


def test_durations_bound_the_list(ask: Asked) -> None:
    assert listed(ask, min_duration=1) == [4, 1, 3]
    assert listed(ask, min_duration=1, max_duration=2) == [4, 1]
    assert listed(ask, sort="slowest", max_duration=2, min_duration=0.4) == [1, 4, 2]


@pytest.mark.parametrize("bound", ["min_duration", "max_duration"])
@pytest.mark.parametrize("seconds", [1e308, float("inf"), float("nan"), -1])
def test_a_duration_that_nothing_takes_is_refused(ask: Asked, bound: str, seconds: float) -> None:
    for sort in ("newest", "slowest"):
        status, problem = ask("/pages/api/traces", {bound: seconds, "sort": sort})
        assert (status, problem["type"]) == (422, "urn:andiron:problem:invalid-request")


def test_the_limit_says_that_there_is_more(ask: Asked) -> None:
    _, answer = ask("/pages/api/traces", {"since": SINCE, "until": UNTIL, "limit": 2})
    assert [int(trace["trace_id"], 16) for trace in answer["traces"]] == [5, 4]
    assert answer["more"] is True


def test_a_search_that_cannot_be_read_has_a_place(ask: Asked) -> None:
    status, problem = ask("/pages/api/traces", {"q": "level:zzz"})
    assert status == 400
    assert problem["position"] == {"start": 6, "end": 9}


def test_the_sql_can_be_asked(ask: Asked, queries: Queries) -> None:
    from andiron.server.query.dialect import Question, translate

    for order in ("newest", "slowest", "errors", "largest"):
        _, answer = ask("/pages/api/traces", {"q": "service:api", "sort": order})
        translate(Question(sql=answer["sql"], database="any", now=queries.now(), limit=10, dialect="logfire"))
