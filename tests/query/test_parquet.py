"""Answers as Parquet, for notebooks and other databases."""

import io
import json

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.query import seed

pytestmark = [pytest.mark.requirement("AN-04"), pytest.mark.requirement("AN-05")]

PARQUET = "application/vnd.apache.parquet"


def asked(url: str, sql: str) -> pa.Table:
    answer = httpx.post(f"{url}/v2/query", json={"sql": sql}, headers={"Authorization": "read", "Accept": PARQUET})
    assert answer.headers["Content-Type"] == PARQUET, answer.text
    return pq.read_table(io.BytesIO(answer.content))


def test_pyarrow_reads_rows_and_their_types(url: str) -> None:
    table = asked(
        url,
        "SELECT message, is_exception, tags, start_timestamp, duration, level, attributes, otel_events, parent_span_id "
        f"FROM records WHERE kind = 'span' AND span_id = '{seed.ROOT}'",
    )
    assert table.schema.field("message").type == pa.string()
    assert table.schema.field("is_exception").type == pa.bool_()
    assert table.schema.field("tags").type.value_type == pa.string()
    assert table.schema.field("start_timestamp").type == pa.timestamp("us", "UTC")
    assert table.schema.field("duration").type == pa.float64()
    (row,) = table.to_pylist()
    assert (row["duration"], row["parent_span_id"]) == (0.5, None)
    assert json.loads(row["attributes"])["large"] == seed.LARGE


def test_every_column_and_no_row(url: str) -> None:
    assert asked(url, "SELECT * FROM records").num_rows == 8
    assert asked(url, "SELECT * FROM metrics").num_rows > 0
    nothing = asked(url, "SELECT message, tags, nullif('', '') AS none FROM records WHERE false")
    assert (nothing.num_rows, nothing.schema.names) == (0, ["message", "tags", "none"])


def test_a_problem_is_no_parquet(url: str) -> None:
    answer = httpx.post(
        f"{url}/v2/query", json={"sql": "SELECT x"}, headers={"Authorization": "read", "Accept": PARQUET}
    )
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_null_alone_needs_a_type(url: str) -> None:
    answer = httpx.post(
        f"{url}/v2/query", json={"sql": "SELECT NULL AS x"}, headers={"Authorization": "read", "Accept": PARQUET}
    )
    assert answer.status_code == 400
    assert "nullif('', '')" in answer.json()["detail"]
