"""The API over HTTP, to the real clients of the Logfire SDK and to plain requests."""

import asyncio
import csv
import io
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import logfire.db_api
import pandas as pd
import pyarrow as pa
import pytest
from logfire.query_client import (
    AsyncLogfireQueryClient,
    LogfireQueryClient,
    QueryExecutionError,
    QueryRequestError,
    UnexpectedResponseError,
)
from starlette.applications import Starlette

from andiron.errors import StoreUnavailable
from andiron.server.query import desk
from andiron.server.query.api import QueryApi
from andiron.server.query.desk import Desk
from andiron.server.query.queries import Queries
from andiron.server.settings import Settings
from tests.query import seed
from tests.query.conftest import NOW, Granted

pytestmark = [pytest.mark.requirement("AN-04"), pytest.mark.requirement("AN-05")]

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
SPAN = (
    "SELECT kind, message, is_exception, tags, start_timestamp, duration, level, attributes "
    f"FROM records WHERE kind = 'span' AND span_id = '{seed.ROOT}'"
)


@pytest.fixture
def client(url: str) -> Iterator[LogfireQueryClient]:
    with LogfireQueryClient("read", url) as opened:
        yield opened


@pytest.fixture
def http(url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=url, headers={"Authorization": "read"}) as opened:
        yield opened


def test_the_query_client_reads_rows(client: LogfireQueryClient) -> None:
    answer = client.query_json_rows(
        "SELECT kind, message, is_exception, tags FROM records ORDER BY start_timestamp LIMIT 1", min_timestamp=LONG_AGO
    )
    assert answer == {
        "columns": [
            {"name": "kind", "datatype": "Utf8", "nullable": False},
            {"name": "message", "datatype": "Utf8", "nullable": False},
            {"name": "is_exception", "datatype": "Boolean", "nullable": False},
            {
                "name": "tags",
                "datatype": {"List": {"name": "item", "datatype": "Utf8", "nullable": True}},
                "nullable": True,
            },
        ],
        "rows": [{"kind": "span", "message": "POST /orders/{id}", "is_exception": False, "tags": []}],
    }


def test_json_columns_are_json(client: LogfireQueryClient) -> None:
    (row,) = client.query_json_rows(SPAN, min_timestamp=LONG_AGO)["rows"]
    assert row["attributes"]["large"] == seed.LARGE
    assert row["attributes"]["nested"] == {"deep": {"er": [1, {"x": "y"}]}, "n": 5}
    assert row["attributes"]["ratio"] == 1.0
    assert isinstance(row["attributes"]["ratio"], float)
    assert row["attributes"]["text"] == 'a "quoted" \\ text'
    assert row["start_timestamp"] == "2027-01-15T08:00:01.123456Z"


def test_the_query_client_reads_arrow(client: LogfireQueryClient) -> None:
    table = client.query_arrow(SPAN, min_timestamp=LONG_AGO)
    assert table.schema.field("kind").type == pa.string()
    assert table.schema.field("start_timestamp").type == pa.timestamp("us", "UTC")
    assert table.schema.field("tags").type.value_type == pa.string()
    assert table.schema.field("is_exception").type == pa.bool_()
    assert table.schema.field("duration").type == pa.float64()
    frame = table.to_pandas()
    assert isinstance(frame, pd.DataFrame)
    assert frame["duration"].to_list() == [0.5]
    assert json.loads(frame["attributes"][0])["large"] == seed.LARGE


def test_arrow_without_rows_has_its_columns(client: LogfireQueryClient) -> None:
    table = client.query_arrow("SELECT message, tags FROM records WHERE false", min_timestamp=LONG_AGO)
    assert table.num_rows == 0
    assert table.schema.names == ["message", "tags"]


def test_the_query_client_reads_csv(client: LogfireQueryClient) -> None:
    text = client.query_csv(
        "SELECT message, is_exception, tags, duration FROM records WHERE array_has(tags, 'a tag')",
        min_timestamp=LONG_AGO,
    )
    assert list(csv.reader(io.StringIO(text))) == [
        ["message", "is_exception", "tags", "duration"],
        ["beware: bad", "false", '["a tag","other"]', ""],
    ]


def test_the_query_client_bounds_time_rows_and_environment(client: LogfireQueryClient) -> None:
    sql = "SELECT message FROM records ORDER BY start_timestamp"
    assert len(client.query_json_rows(sql, min_timestamp=LONG_AGO)["rows"]) == 8
    assert len(client.query_json_rows(sql, min_timestamp=LONG_AGO, limit=2)["rows"]) == 2
    assert len(client.query_json_rows(f"{sql} LIMIT 5", min_timestamp=LONG_AGO, limit=2)["rows"]) == 2
    assert len(client.query_json_rows(f"{sql} LIMIT 1", min_timestamp=LONG_AGO, limit=2)["rows"]) == 1
    assert len(client.query_json_rows(sql, min_timestamp=datetime(2030, 1, 1))["rows"]) == 0  # noqa: DTZ001 - naive is UTC
    assert len(client.query_json_rows(sql, min_timestamp=LONG_AGO, environment="staging")["rows"]) == 1
    assert len(client.query_json_rows(sql, min_timestamp=LONG_AGO, environment=["staging", "production"])["rows"]) == 8
    zoned = client.query_json_rows(
        "SELECT date_trunc('day', now()) AS t", min_timestamp=LONG_AGO, timezone="Asia/Tokyo"
    )
    assert zoned["rows"] == [{"t": "2027-01-14T15:00:00.000000Z"}]


def test_the_query_client_knows_its_project(client: LogfireQueryClient) -> None:
    assert client.info() == {"organization_name": "andiron", "project_name": "shop"}


def test_the_query_client_raises_what_is_wrong(client: LogfireQueryClient, url: str) -> None:
    with pytest.raises(QueryExecutionError) as caught:
        client.query_json_rows("SELECT mesage FROM records", min_timestamp=LONG_AGO)
    assert caught.value.args == ({"detail": "There is no column mesage. Did you mean message?"},)
    assert caught.value.problem_type == "urn:andiron:problem:unknown-column"
    assert caught.value.retryable is False
    with pytest.raises(QueryRequestError, match="limit is 10001"):
        client.query_json_rows("SELECT 1", min_timestamp=LONG_AGO, limit=10_001)
    with pytest.raises(QueryRequestError, match="time zone 'Mars'"):
        client.query_json_rows("SELECT 1", min_timestamp=LONG_AGO, timezone="Mars")
    for token, status in (("nobody", "401"), ("write", "403")):
        with LogfireQueryClient(token, url) as other, pytest.raises(UnexpectedResponseError, match=status):
            other.query_json_rows("SELECT 1", min_timestamp=LONG_AGO)


def test_the_async_client_reads_too(url: str) -> None:
    async def everything() -> None:
        async with AsyncLogfireQueryClient("read", url) as client:
            assert (await client.info())["project_name"] == "shop"
            rows = (await client.query_json_rows("SELECT count(*) AS n FROM records", min_timestamp=LONG_AGO))["rows"]
            assert rows == [{"n": 8}]
            assert (await client.query_arrow("SELECT 1 AS x", min_timestamp=LONG_AGO)).to_pylist() == [{"x": 1}]
            assert await client.query_csv("SELECT 'a' AS x", min_timestamp=LONG_AGO) == '"x"\n"a"\n'
            with pytest.raises(QueryExecutionError):
                await client.query_json_rows("DROP TABLE records", min_timestamp=LONG_AGO)

    asyncio.run(everything())


def test_the_db_api_is_a_cursor(url: str) -> None:
    with logfire.db_api.connect("read", url, min_timestamp=LONG_AGO) as connection:
        cursor = connection.cursor()
        cursor.execute(
            "SELECT span_name, duration FROM records WHERE service_name = %(name)s AND duration > %(least)s",
            {"name": "shop", "least": 1},
        )
        assert cursor.description is not None
        assert [column[0] for column in cursor.description] == ["span_name", "duration"]
        assert cursor.fetchall() == [("GET /orders/{id}", 2)]
        cursor.execute("SELECT 'it''s' AS x, %s AS y", ["100 % 'quoted' \\"])
        assert cursor.fetchone() == ("it's", "100 % 'quoted' \\")


def test_bearer_and_raw_tokens(http: httpx.Client) -> None:
    for header in ("read", "Bearer read"):
        assert http.post("/v2/query", json={"sql": "SELECT 1"}, headers={"Authorization": header}).status_code == 200
    refused = http.post("/v2/query", json={"sql": "SELECT 1"}, headers={"Authorization": "x"})
    assert refused.status_code == 401
    assert refused.headers["WWW-Authenticate"] == "Bearer"
    assert refused.headers["Content-Type"] == "application/problem+json"


def test_the_sdk_finds_its_project_with_either_token(http: httpx.Client, url: str) -> None:
    for token in ("write", "read"):
        found = http.get("/v1/info", headers={"Authorization": token}).json()
        assert found == {"project_name": "shop", "project_url": f"{url}/"}
    assert http.get("/v1/info", headers={"Authorization": "x"}).status_code == 401


def test_json_has_a_schema(http: httpx.Client) -> None:
    body = http.post(
        "/v2/query", json={"sql": "SELECT start_timestamp, tags, duration, 1::text AS t FROM records LIMIT 0"}
    ).json()
    assert body["data"] == []
    assert body["schema"]["metadata"] == {}
    assert body["schema"]["fields"][0] == {
        "name": "start_timestamp", "data_type": {"Timestamp": ["Microsecond", "UTC"]}, "nullable": False,
    }  # fmt: skip
    assert body["schema"]["fields"][1]["data_type"]["List"]["data_type"] == "Utf8"
    assert body["schema"]["fields"][2] == {"name": "duration", "data_type": "Float64", "nullable": True}
    lean = http.post("/v2/query", json={"sql": "SELECT 1 AS x", "include_schema": False}).json()
    assert lean == {"data": [{"x": 1}]}


def test_explain_shows_the_plan(http: httpx.Client) -> None:
    body = http.post("/v2/query", json={"sql": "SELECT count(*) AS n FROM records", "explain": True}).json()
    assert body["data"] == [{"n": 8}]
    assert "otel_traces" in body["logical_plan"]
    assert "ReadFromMergeTree" in body["physical_plan"]
    assert "Granules" in body["physical_plan_with_metrics"]
    rows = http.post("/v2/query", json={"sql": "EXPLAIN SELECT message FROM records"}).json()["data"]
    assert any("ReadFromMergeTree" in row["explain"] for row in rows)


def test_ndjson_is_a_message_a_line(http: httpx.Client) -> None:
    answer = http.post(
        "/v2/query",
        json={"sql": "SELECT message, attributes FROM records WHERE span_name = 'SELECT'", "explain": True},
        headers={"Accept": "application/x-ndjson"},
    )
    assert answer.headers["Content-Type"] == "application/x-ndjson"
    schema, explain, data, end = map(json.loads, answer.text.splitlines())
    assert schema["type"] == "schema"
    assert [field["name"] for field in schema["schema"]["fields"]] == ["message", "attributes"]
    assert explain["type"] == "explain"
    assert data["rows"] == [
        {"message": "SELECT", "attributes": {"db.statement": "SELECT 'x''y' FROM t", "rows": 12, "user.id": "ada"}}
    ]
    assert end == {"type": "end", "row_count": 1}


def test_the_first_version_of_the_interface(http: httpx.Client) -> None:
    sql = "SELECT kind, tags FROM records WHERE array_has(tags, 'other')"
    by_rows = http.get("/v1/query", params={"sql": sql, "json_rows": "true"}).json()
    assert by_rows["rows"] == [{"kind": "log", "tags": ["a tag", "other"]}]
    assert [column["name"] for column in by_rows["columns"]] == ["kind", "tags"]
    by_columns = http.get("/v1/query", params={"sql": sql}).json()
    assert [column["values"] for column in by_columns["columns"]] == [["log"], [["a tag", "other"]]]
    assert http.get("/v1/query", params={"sql": sql}, headers={"Accept": "text/csv"}).text.startswith('"kind","tags"')
    bounded = http.get(
        "/v1/query",
        params={"sql": "SELECT * FROM records", "min_timestamp": "2030-01-01T00:00:00Z", "json_rows": "true"},
    )
    assert bounded.json()["rows"] == []


def test_the_best_accepted_form_wins(http: httpx.Client) -> None:
    for accept, wanted in (
        ("*/*", "application/json"),
        ("text/csv;q=0.5, application/json", "application/json"),
        ("text/csv, application/problem+json;q=0.9", "text/csv; charset=utf-8"),
        ("application/vnd.apache.arrow.stream", "application/vnd.apache.arrow.stream"),
    ):
        answer = http.post("/v2/query", json={"sql": "SELECT 1"}, headers={"Accept": accept})
        assert answer.headers["Content-Type"] == wanted


def test_schemas_describe_the_tables(http: httpx.Client) -> None:
    tables = {table["name"]: table for table in http.get("/v1/schemas").json()["tables"]}
    assert set(tables) == {"records", "records_all", "metrics"}
    assert tables["records"]["schema"]["level"]["data_type"] == "int"
    assert tables["records"]["schema"]["trace_id"]["nullable"] is False
    assert tables["records"]["schema"]["tags"]["nullable"] is True


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "no JSON"),
        (b"[1]", "no JSON object"),
        (b"{}", "sql: Field required"),
        (b'{"sql": 5}', "sql: "),
        (b'{"sql": "SELECT 1", "limit": 0}', "limit: "),
        (b'{"sql": "SELECT 1", "limit": 10001}', "limit is 10001"),
        (b'{"sql": "SELECT 1", "min_timestamp": "then"}', "min_timestamp: "),
        (b'{"sql": "SELECT 1", "dialect": "mysql"}', "dialect: "),
        (b"[" * 100_000, "no JSON"),
    ],
)
def test_a_request_that_is_none(http: httpx.Client, body: bytes, words: str) -> None:
    answer = http.post("/v2/query", content=body)
    assert answer.status_code == 422
    assert words in answer.json()["detail"]
    assert answer.json()["error_details"]["detail"] == answer.json()["detail"]


def test_a_huge_request_is_refused(http: httpx.Client) -> None:
    assert http.post("/v2/query", content=b'{"sql": "' + b"x" * 5_000_000 + b'"}').status_code == 413


def test_queries_are_observed(http: httpx.Client, observed: list[tuple[float, str]]) -> None:
    observed.clear()
    http.post("/v2/query", json={"sql": "SELECT 1"})
    http.post("/v2/query", json={"sql": "DROP TABLE records"})
    http.post("/v2/query", json={"sql": "SELECT nothing"})
    assert [outcome for _, outcome in observed] == ["ok", "refused", "unknown-column"]
    assert all(seconds > 0 for seconds, _ in observed)


class Stuck:
    """An engine that answers when it is told to, or never."""

    cluster = ""

    def __init__(self) -> None:
        self.go = threading.Event()

    def query(self, *_: Any, **__: Any) -> bytes:
        if not self.go.wait(20):
            raise TimeoutError
        raise StoreUnavailable("The server at db:8123 does not answer", 0)


def test_too_many_queries_are_told_to_come_later(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk, "WAITING", 3)
    stuck = Stuck()
    queries = Queries(stuck, settings, now=lambda: NOW)  # type: ignore[arg-type]
    app = Starlette(routes=QueryApi(Desk(queries, settings, lambda _, __: Granted("shop", "shop"))).routes())

    async def everything() -> None:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://andiron") as client:

            async def ask() -> httpx.Response:
                return await client.post("/v2/query", json={"sql": "SELECT 1"})

            async with asyncio.TaskGroup() as group:
                waiting = [group.create_task(ask()) for _ in range(3)]
                await asyncio.sleep(0)
                refused = await ask()
                while refused.status_code != 429:
                    refused = await ask()
                stuck.go.set()
            assert refused.headers["Retry-After"] == "2"
            assert refused.json()["retryable"] is True
            for task in waiting:
                assert task.result().status_code == 503
                assert task.result().json()["detail"].startswith("The store cannot answer now")

    asyncio.run(everything())
