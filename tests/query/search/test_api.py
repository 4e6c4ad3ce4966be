"""The lists over HTTP, of the story in `seed`: pages, counts, completion, one record."""

import base64
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from starlette.applications import Starlette
from starlette.requests import HTTPConnection
from starlette.testclient import TestClient

from andiron.server.control.models import Scope
from andiron.server.ingest.signals import TRACES
from andiron.server.query.desk import Desk
from andiron.server.query.problems import QueryProblem
from andiron.server.query.queries import Queries
from andiron.server.query.search import rows
from andiron.server.query.search.api import SearchApi
from andiron.server.query.search.keys import ALIASES, COLUMNS, PLACES, column
from andiron.server.query.search.store import Store
from andiron.server.settings import Settings
from andiron.server.store.embedded import EmbeddedEngine
from andiron.server.store.schema import Schema
from tests.ingest.tables import Tables
from tests.query import seed
from tests.query.conftest import Ask, Granted
from tests.query.spans import Asked, Log, Span, Story, asking, desk, trace_id

pytestmark = pytest.mark.requirement("AN-07")

Post = Callable[..., dict[str, Any]]
DAY = {"since": "2027-01-15T08:00:00Z", "until": "2027-01-15T08:01:00Z"}


@pytest.fixture(scope="module")
def client(queries: Queries, settings: Settings, shop: str) -> Iterator[TestClient]:
    def authorize(_: Scope, __: HTTPConnection) -> Granted:
        return Granted("shop", shop)

    with TestClient(Starlette(routes=SearchApi(Desk(queries, settings, authorize)).routes())) as client:
        yield client


@pytest.fixture(scope="module")
def post(client: TestClient) -> Post:
    def posted(path: str, **body: Any) -> dict[str, Any]:
        answer = client.post(f"/pages/api/{path}", json=body)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        assert found.pop("took") >= 0
        return found

    return posted


def test_a_line_has_what_lists_show(post: Post) -> None:
    found = post(
        "search", q="has:exception service:shop is:span", columns=["attributes.user.id", "resource.host.name", "day"]
    )
    (line,) = found["rows"]
    assert len(line.pop("id")) == 16
    assert line.pop("created_at").endswith("Z")
    assert line == {
        "kind": "span",
        "start_timestamp": "2027-01-15T08:00:10.000000Z",
        "duration": 2,
        "level": 17,
        "message": "GET /orders/{id}",
        "service_name": "shop",
        "span_name": "GET /orders/{id}",
        "trace_id": seed.FAILED,
        "span_id": seed.BOOM,
        "parent_span_id": None,
        "is_exception": True,
        "exception_type": "ValueError1",
        "http_response_status_code": 500,
        "deployment_environment": "production",
        "otel_scope_name": "shop.web",
        "tags": [],
        "extra": {"attributes.user.id": "bob", "resource.host.name": "box", "day": "2027-01-15"},
    }
    assert (found["more"], found["cursor"]) == (False, None)


def test_the_sql_gives_the_same_rows(post: Post, ask: Ask) -> None:
    for q in ("", "user.id:ada", "order -timeout", "level>=warn", "a OR shelf"):
        found = post("search", q=q, pending=False, **DAY)
        assert {(r["span_id"], r["start_timestamp"]) for r in ask(found["sql"])} == {
            (r["span_id"], r["start_timestamp"]) for r in found["rows"]
        }, q


@pytest.mark.parametrize("q", ["", "user.id:ada"])
@pytest.mark.parametrize("limit", [1, 2, 3, 100])
def test_pages_divide_all_lines_newest_first(post: Post, q: str, limit: int) -> None:
    whole = post("search", q=q, limit=1000)["rows"]
    pages, cursor = [], None
    while True:
        found = post("search", q=q, limit=limit, before=cursor)
        pages += found["rows"]
        assert len(found["rows"]) <= limit
        cursor = found["cursor"]
        if not found["more"]:
            break
    assert pages == whole
    assert pages == sorted(pages, key=lambda row: (row["start_timestamp"], row["id"]), reverse=True)
    assert len({row["id"] for row in pages}) == len(pages)


def test_a_span_that_has_only_begun_is_there_until_it_ends(
    queries: Queries, engine: EmbeddedEngine, new_database: Callable[[], str], tmp_path: Path
) -> None:
    name = new_database()
    Schema(engine).ensure(name)
    tables = Tables(engine, name, tmp_path)

    def send(kind: str, second: float) -> None:
        request = ExportTraceServiceRequest()
        resource = request.resource_spans.add()
        resource.resource.attributes.extend(seed.pairs(seed.SHOP))
        pending = kind == "pending_span"
        resource.scope_spans.add().spans.add(
            trace_id=bytes.fromhex(seed.ORDER),
            span_id=b"announce" if pending else b"the span",
            parent_span_id=b"the span" if pending else b"",
            name="long work",
            start_time_unix_nano=seed.nanos(second),
            end_time_unix_nano=seed.nanos(second) if pending else seed.nanos(second + 5),
            attributes=seed.pairs({"logfire.span_type": kind}),
        )
        tables.send(TRACES, [request.SerializeToString()])

    def found(**more: Any) -> list[tuple[str, str]]:
        store = Store(queries, name, **more)
        return [(row["kind"], row["message"]) for row in rows.page(store, [], 10, None, pending=True).rows]

    send("pending_span", 1)
    assert found() == found(text="is:pending service:shop") == [("pending_span", "long work")]
    assert found(since=seed.START + timedelta(seconds=2)) == []
    assert found(until=seed.START) == []
    send("span", 1)
    assert found() == [("span", "long work")]
    assert found(text="is:pending") == []


def test_the_histogram_counts_by_level(post: Post, ask: Ask) -> None:
    found = post("histogram", buckets=60, **DAY)
    assert (found["start"], found["step"]) == ("2027-01-15T08:00:00.000000Z", 1)
    lengths = {len(series) for series in found["levels"].values()}
    assert lengths == {60}
    counted = ask("SELECT level, count(*) AS n FROM records GROUP BY 1")
    assert {name: sum(series) for name, series in found["levels"].items()} == {
        {9: "info", 13: "warn", 17: "error"}[row["level"]]: row["n"] for row in counted
    }
    assert found["total"] == sum(row["n"] for row in counted)
    assert found["errors"] == sum(row["n"] for row in counted if row["level"] >= 17)
    assert found["levels"]["error"][10] == 1
    assert sum(row["n"] for row in ask(found["sql"])) == found["total"]


def test_the_histogram_begins_with_the_oldest_match(post: Post) -> None:
    found = post("histogram", q="shelf", buckets=60)
    assert found["start"] == "2027-01-15T08:00:20.000000Z"
    assert found["levels"] == {"warn": [1] + [0] * (len(found["levels"]["warn"]) - 1)}


def test_the_histogram_of_nothing_is_empty(post: Post) -> None:
    found = post("histogram", q="nothing_of_the_kind")
    assert (found["levels"], found["total"], found["errors"]) == ({}, 0, 0)


def test_facets_count_values(post: Post, ask: Ask) -> None:
    fields = ["service_name", "level", "tags", "deployment_environment", "user.id", "user.id"]
    found = {facet["field"]: facet for facet in post("facets", fields=fields)["facets"]}
    services = ask("SELECT service_name AS value, count(*) AS count FROM records GROUP BY 1 ORDER BY 2 DESC")
    assert found["service_name"] == {"field": "service_name", "values": services, "more": False}
    assert {value["value"] for value in found["level"]["values"]} == {"info", "warn", "error"}
    assert found["tags"]["values"] == [{"value": "a tag", "count": 1}, {"value": "other", "count": 1}]
    assert {value["value"] for value in found["deployment_environment"]["values"]} == {"production", "staging"}
    assert found["user.id"]["values"] == [{"value": "ada", "count": 3}, {"value": "bob", "count": 1}]


def test_keys_are_completed(client: TestClient) -> None:
    def names(prefix: str) -> list[str]:
        return [key["name"] for key in client.get("/pages/api/keys", params={"prefix": prefix}).json()["keys"]]

    assert names("ser")[:1] == ["service"]
    assert "user.id" in names("user")
    assert names("host.")[:1] == ["host.name"]
    found = {key["name"]: key for key in client.get("/pages/api/keys").json()["keys"]}
    assert (found["duration"]["type"], found["duration"]["kind"]) == ("number", "column")
    assert (found["count"]["type"], found["count"]["kind"]) == ("number", "attribute")
    assert (found["yes"]["type"], found["host.name"]["kind"]) == ("bool", "resource")


@pytest.mark.parametrize(
    ("key", "prefix", "values"),
    [
        ("service", "", ["shop", "stock"]),
        ("service", "st", ["stock"]),
        ("user.id", "", ["ada", "bob"]),
        ("tag", "", ["a tag", "other"]),
        ("host", "", ["box"]),
        ("host.name", "b", ["box"]),
        ("method", "", ["GET", "POST"]),
        ("is", "e", ["error", "exception", "event"]),
        ("user", "a", ["ada"]),
        ("status", "5", [500]),
        ("no.such.key", "", []),
    ],
)
def test_values_are_completed(client: TestClient, key: str, prefix: str, values: list[Any]) -> None:
    answer = client.get("/pages/api/values", params={"key": key, "prefix": prefix})
    assert answer.status_code == 200, answer.text
    assert [value["value"] for value in answer.json()["values"]] == values


def test_a_word_is_found_as_the_value_of_an_attribute(client: TestClient) -> None:
    def found(value: str) -> list[tuple[str, int]]:
        answer = client.get("/pages/api/attributes", params={"value": value})
        assert answer.status_code == 200, answer.text
        return [(each["key"], each["count"]) for each in answer.json()["attributes"]]

    assert found("ada") == [("user.id", 3)]
    assert found("nobody's \\ %") == []


def test_a_record_is_found_again(client: TestClient, post: Post) -> None:
    for line in post("search")["rows"]:
        known = {name: line[name] for name in ("id", "trace_id", "span_id", "kind")} | {"at": line["start_timestamp"]}
        answer = client.get("/pages/api/record", params=known).json()["record"]
        assert {name: answer[name] for name in ("span_id", "kind", "message")} == {
            name: line[name] for name in ("span_id", "kind", "message")
        }
        assert isinstance(answer["attributes"], dict)
        assert isinstance(answer["otel_resource_attributes"], dict)
        assert isinstance(answer["otel_events"], list)
        assert isinstance(answer["otel_links"], list)
    whole = client.get("/pages/api/record", params={"id": line["id"], "at": line["start_timestamp"]}).json()["record"]
    assert whole == answer
    gone = client.get("/pages/api/record", params={"id": "0" * 16, "at": line["start_timestamp"]})
    assert gone.status_code == 404
    assert gone.json()["type"] == "urn:andiron:problem:not-found"


def test_what_is_wrong_is_told(client: TestClient) -> None:
    answer = client.post("/pages/api/search", json={"q": "level:warnn"})
    assert answer.status_code == 400
    assert answer.json()["position"] == {"start": 6, "end": 11}
    assert answer.headers["content-type"] == "application/problem+json"
    answer = client.post("/pages/api/search", json={"q": "WHERE levle >= 'error'"})
    assert (answer.status_code, answer.json()["position"]) == (400, {"start": 6, "end": 11})
    for body in ({"before": "x"}, {"limit": 0}, {"columns": ["nothing"]}, {"columns": ["x; drop"]}, {"since": "never"}):
        assert client.post("/pages/api/search", json=body).status_code == 422, body
    assert client.post("/pages/api/facets", json={"fields": ["attributes"]}).status_code == 422


@pytest.mark.parametrize(
    "q", ["", "level:error", "-level>=warn", "service:shop", "-service:shop", "has:exception", "is:root", "kind:log"]
)
@pytest.mark.parametrize("since", [DAY["since"], "2027-01-15T08:00:01.000000Z", "1970-01-01T00:00:00Z"])
def test_lists_histogram_and_facets_count_the_same(post: Post, q: str, since: str) -> None:
    asked = {"q": q, "since": since, "until": DAY["until"]}
    listed, before = [], None
    while True:
        page = post("search", limit=7, before=before, pending=False, **asked)
        listed += page["rows"]
        before = page["cursor"]
        if not page["more"]:
            break
    found = post("histogram", buckets=7, **asked)
    assert found["total"] == len(listed) == sum(map(sum, found["levels"].values()))
    for facet in post("facets", fields=["level", "kind", "service_name"], **asked)["facets"]:
        assert facet["more"] or sum(value["count"] for value in facet["values"]) == len(listed)


@pytest.fixture(scope="module")
def clocks(
    engine: EmbeddedEngine,
    new_database: Callable[[], str],
    tmp_path_factory: pytest.TempPathFactory,
    queries: Queries,
    settings: Settings,
) -> Asked:
    """Asks about records of clocks that go wrong: beyond the end of what the store counts, and as an earlier version kept it."""
    name = new_database()
    Schema(engine).ensure(name)
    story = Story(engine, name, tmp_path_factory.mktemp("clocks"))
    far = (datetime(2500, 1, 1, tzinfo=UTC) - seed.START).total_seconds()
    story.send(Span(1, 11, 1.0), Log(1.0, "near", 2))
    story.send(Span(1, 12, far), Log(far, "far", 3))
    end = "fromUnixTimestamp64Nano(9223372036854775807)"
    for table in ("otel_traces", "pending_spans"):
        engine.command(
            f"INSERT INTO {name}.{table} (TraceId, SpanId, Timestamp, Duration, SpanName, IngestedAt) "
            f"VALUES ('{trace_id(4)}', 'last', {end}, 5000000000, 'last', now64(3))"
        )
    engine.command(
        f"INSERT INTO {name}.otel_traces_trace_id_ts (TraceId, Start, End, IngestedAt) "
        f"VALUES ('{trace_id(4)}', {end}, {end}, now64(3))"
    )
    return asking(SearchApi(desk(queries, settings, name)).routes())


@pytest.mark.parametrize(
    ("body", "messages"),
    [
        ({}, ["far", "near", "work", "work"]),
        ({"since": "2027-01-15T07:00:00Z"}, ["far", "near", "work", "work"]),
        ({"q": f"trace:{trace_id(1)}"}, ["work", "work"]),
        ({"q": f"trace:{trace_id(3)}"}, ["far"]),
    ],
)
def test_records_of_the_end_of_time_are_found(clocks: Asked, body: dict[str, Any], messages: list[str]) -> None:
    status, found = clocks("/pages/api/search", body)
    assert status == 200, found
    assert sorted(row["message"] for row in found["rows"] if row["message"] != "last") == messages
    assert {row["start_timestamp"] for row in found["rows"]} >= {"2106-01-01T00:00:00.000000Z"}


def test_pages_of_the_end_of_time_divide_its_records(clocks: Asked) -> None:
    whole = clocks("/pages/api/search", {})[1]["rows"]
    cursor = str(rows.Cursor("2262-04-11T23:47:16.854775Z", "f" * 16))
    listed = []
    while cursor:
        status, found = clocks("/pages/api/search", {"limit": 1, "before": cursor})
        assert status == 200, found
        listed += found["rows"]
        cursor = found["cursor"]
    assert [row["id"] for row in listed if row["message"] != "last"] == [
        row["id"] for row in whole if row["message"] != "last"
    ]


def test_no_bound_overflows_at_the_end_of_time(clocks: Asked) -> None:
    status, found = clocks("/pages/api/search", {"q": f"trace:{trace_id(4)}"})
    assert status == 200, found


def test_what_begins_after_now_is_counted_in_the_last_step(clocks: Asked) -> None:
    asked = {"q": "service:api", "since": "2027-01-15T08:00:00Z"}
    _, found = clocks("/pages/api/histogram", asked)
    assert (found["total"], found["levels"]["info"][-1]) == (4, 2)
    assert len(clocks("/pages/api/search", asked)[1]["rows"]) == 4
    assert clocks("/pages/api/histogram", {"q": "far"})[1]["levels"] == {"info": [1]}
    assert clocks("/pages/api/histogram", asked | {"since": "2100-01-01T00:00:00Z"})[1]["levels"] == {"info": [2]}


def test_facets_of_lists_and_objects_are_their_json(post: Post) -> None:
    (facet,) = post("facets", fields=["attributes.data"])["facets"]
    assert facet == {"field": "attributes.data", "values": [{"value": '{"x":[1,2]}', "count": 1}], "more": False}


@pytest.mark.parametrize("field", [*COLUMNS, *ALIASES, *PLACES])
def test_every_known_field_has_values_or_is_refused(client: TestClient, field: str) -> None:
    key = column(field)
    answer = client.post("/pages/api/facets", json={"fields": [field]})
    assert answer.status_code == (422 if key and key.type == "json" else 200), answer.text


def test_short_names_of_facets_are_those_of_columns(post: Post) -> None:
    pairs = {"tag": "tags", "service": "service_name", "env": "deployment_environment", "scope": "otel_scope_name"}
    for short, long in pairs.items():
        one, other = post("facets", fields=[short, long])["facets"]
        assert (one["field"], other["field"]) == (short, long)
        assert one["values"] == other["values"] != []


@pytest.mark.parametrize("at", ["0001-01-01 00:00:00", "9999-12-31 23:59:59.999999", "1969-12-31 00:00:00", "never"])
def test_a_cursor_is_of_a_time_that_records_have(at: str) -> None:
    with pytest.raises(QueryProblem, match="no cursor"):
        rows.Cursor.read(base64.urlsafe_b64encode(f"{at} {'0' * 16}".encode()).decode())


def test_a_cursor_is_written_anew() -> None:
    text = base64.urlsafe_b64encode(b"2027-01-15'08:00:00+01:00 0123456789abcdef").decode()
    assert rows.Cursor.read(text) == rows.Cursor("2027-01-15T07:00:00.000000Z", "0123456789abcdef")
