"""Services side by side, one of them, and the map: exact on a small shop of three services, a database, a queue and a stranger."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from andiron.server.query.queries import Queries
from andiron.server.query.services import map as service_map
from andiron.server.query.services.api import ServicesApi
from andiron.server.store.embedded import EmbeddedEngine
from andiron.server.store.schema import Schema
from tests.query.spans import Asked, Log, Span, Story, asking, desk, trace_id

pytestmark = pytest.mark.requirement("AN-07")

RANGE = "since=2027-01-15T08:00:00Z&until=2027-01-15T08:01:00Z&buckets=30"

WEB = {"deployment.environment.name": "production", "service.version": "2", "telemetry.sdk.language": "python"}
POSTGRES = {"db.system.name": "postgresql", "db.namespace": "shop", "server.address": "db1"}
BROKER = {"messaging.system": "rabbitmq", "messaging.destination.name": "orders"}
BOOM = {"exception.type": "CardDeclined", "exception.message": "no money"}


def checkout(number: int, start: float, *, error: bool = False) -> tuple[Span, ...]:
    """A request of the shop, as a trace."""
    first = number * 100
    return (
        Span(
            number, first + 1, start, 0.5, name="POST /orders", service="web", kind="server", error=error, resource=WEB,
            events=(("exception", start + 0.1, BOOM),) if error else (),
        ),
        Span(number, first + 2, start, 0.25, first + 1, "call stock", "web", "client", attributes={"server.address": "stock.local"}),
        Span(number, first + 3, start, 0.125, first + 2, "reserve", "stock", "server"),
        Span(number, first + 4, start, 0.0625, first + 3, "SELECT", "stock", "client", attributes=POSTGRES),
        Span(number, first + 5, start, 0.0625, first + 1, "publish", "web", "producer", attributes=BROKER),
        Span(number, first + 6, start + 1, 1.0, first + 5, "handle", "worker", "consumer", attributes=BROKER),
        Span(number, first + 7, start, 0.125, first + 1, "GET", "web", "client", attributes={"url.full": "https://bank.example/pay"}),
    )  # fmt: skip


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
    story.send(*checkout(1, 4), *checkout(2, 5), *checkout(3, 10, error=True), Log(11, "so", service="web"))
    story.send(Log(12, "tick", service="cron"), Span(4, 9, 30, pending=True, service="web"))
    story.send(Span(1, 800, 4.25, 0, 101, "a log of Logfire's", "web"))
    return asking(ServicesApi(desk(queries, settings, name)).routes())


def test_services_side_by_side(ask: Asked) -> None:
    status, answer = ask(f"/pages/api/services?{RANGE}")
    assert status == 200
    assert (answer["start"], answer["step"], answer["sampled"]) == ("2027-01-15T08:00:00.000000000Z", 2, 1)
    services = {service["name"]: service for service in answer["services"]}
    assert list(services) == ["web", "stock", "worker", "cron"]
    web = services["web"]
    series = web.pop("series")
    assert web == {
        "name": "web", "kind": "service", "environments": ["production"], "language": "python", "version": "2", "spans": 12,
        "rate": 3 / 60, "errors": 1, "error_rate": 1 / 3, "p50": 0.5, "p95": 0.5, "p99": 0.5, "logs": 2,
        "last_seen": "2027-01-15T08:00:11.000000000Z",
    }  # fmt: skip
    assert series["count"] == [0, 0, 2, 0, 0, 1, *([0] * 24)]
    assert series["errors"] == [0, 0, 0, 0, 0, 1, *([0] * 24)]
    assert series["p95"] == [None, None, 0.5, None, None, 0.5, *([None] * 24)]
    assert (services["stock"]["spans"], services["stock"]["p95"], services["stock"]["rate"]) == (6, 0.125, 3 / 60)
    assert services["worker"]["p99"] == 1.0
    cron = services["cron"]
    assert (cron["spans"], cron["logs"], cron["p95"], cron["error_rate"]) == (0, 1, None, 0.0)


def test_buckets_begin_at_round_times_and_hold_everything(ask: Asked) -> None:
    for query in (RANGE, "since=2027-01-15T08:00:03.7Z&until=2027-01-15T09:11:11Z&buckets=7", ""):
        _, answer = ask(f"/pages/api/services?{query}")
        lengths = {len(values) for service in answer["services"] for values in service["series"].values()}
        assert len(lengths) == 1
        assert sum(answer["services"][0]["series"]["count"]) == 3


def test_one_service(ask: Asked) -> None:
    status, answer = ask(f"/pages/api/service?name=web&{RANGE}")
    assert status == 200
    assert answer["series"]["count"] == [0, 0, 2, 0, 0, 1, *([0] * 24)]
    assert answer["series"]["p50"][2] == 0.5
    assert {len(values) for values in answer["series"].values()} == {30}
    first = answer["operations"][0]
    assert (first["span_name"], first["span_kind"], first["count"], first["errors"]) == ("POST /orders", "server", 3, 1)
    assert (first["total"], first["p95"], first["rate"]) == (1.5, 0.5, 3 / 60)
    assert first["series"]["count"] == answer["series"]["count"]
    assert [operation["span_name"] for operation in answer["operations"]] == [
        "POST /orders",
        "call stock",
        "GET",
        "publish",
    ]
    (exception,) = answer["exceptions"]
    assert len(exception.pop("span_id")) == 16
    assert exception == {
        "type": "CardDeclined",
        "message": "no money",
        "count": 1,
        "traces": 1,
        "last": "2027-01-15T08:00:10.000000000Z",
        "trace_id": trace_id(3),
    }
    assert answer["upstream"] == []
    assert sorted((edge["name"], edge["calls"], edge["errors"]) for edge in answer["downstream"]) == [
        ("bank.example", 3, 0),
        ("rabbitmq orders", 3, 0),
        ("stock", 3, 0),
    ]
    worker = ask(f"/pages/api/service?name=worker&{RANGE}")[1]
    assert worker["upstream"] == [{"name": "rabbitmq orders", "calls": 3, "errors": 0}]


def test_the_map(ask: Asked) -> None:
    _, answer = ask(f"/pages/api/services-map?{RANGE}")
    nodes = {(node["name"], node["kind"]): (node["calls"], node["errors"], node["p95"]) for node in answer["nodes"]}
    assert nodes == {
        ("web", "service"): (3, 1, 0.5),
        ("stock", "service"): (3, 0, 0.125),
        ("worker", "service"): (3, 0, 1.0),
        ("postgresql shop", "database"): (3, 0, 0.0625),
        ("rabbitmq orders", "queue"): (3, 0, 0.0625),
        ("bank.example", "external"): (3, 0, 0.125),
    }
    edges = {(edge["from"], edge["to"]): (edge["calls"], edge["errors"], edge["p95"]) for edge in answer["edges"]}
    assert edges == {
        ("web", "stock"): (3, 0, 0.125),
        ("web", "rabbitmq orders"): (3, 0, 0.0625),
        ("rabbitmq orders", "worker"): (3, 0, 1.0),
        ("stock", "postgresql shop"): (3, 0, 0.0625),
        ("web", "bank.example"): (3, 0, 0.125),
    }
    assert answer["sampled"] == 1


def test_a_sample_says_so_and_counts_for_all(ask: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_map, "JOINED", 11)
    _, answer = ask(f"/pages/api/services-map?{RANGE}")
    assert answer["sampled"] == 2
    assert all(edge["calls"] % 2 == 0 for edge in answer["edges"])
    known = {node["name"] for node in answer["nodes"]}
    assert {edge["from"] for edge in answer["edges"]} | {edge["to"] for edge in answer["edges"]} <= known


def test_nothing_is_an_answer_too(ask: Asked) -> None:
    empty = "since=2020-01-01T00:00:00Z&until=2020-01-02T00:00:00Z"
    assert ask(f"/pages/api/services?{empty}")[1]["services"] == []
    assert ask(f"/pages/api/services-map?{empty}")[1]["nodes"] == []
    answer = ask(f"/pages/api/service?name=nobody&{empty}")[1]
    assert (answer["operations"], answer["exceptions"], answer["downstream"]) == ([], [], [])


def test_a_range_that_ends_before_it_begins_is_refused(ask: Asked) -> None:
    status, problem = ask("/pages/api/services?since=2027-01-02T00:00:00Z&until=2027-01-01T00:00:00Z")
    assert (status, problem["detail"]) == (422, "since is after until.")
