"""What holds for any text, key and value."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from andiron.server.ingest.signals import TRACES
from andiron.server.query.dialect import Question, translate
from andiron.server.query.problems import QueryProblem
from andiron.server.query.queries import Queries
from andiron.server.query.times import interval, moment
from andiron.server.store.embedded import EmbeddedEngine
from andiron.server.store.schema import Schema
from tests.ingest.tables import Tables
from tests.query import seed
from tests.query.conftest import NOW

pytestmark = pytest.mark.requirement("AN-05")

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30) | st.text("'\\\"`{}$%_0/*-;n\n\t\0", max_size=12)
keys = texts.filter(bool)


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


@pytest.fixture(scope="module")
def tables(engine: EmbeddedEngine, new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Tables:
    name = new_database()
    Schema(engine).ensure(name)
    return Tables(engine, name, tmp_path_factory.mktemp("spans"))


@given(text=texts)
def test_any_literal_survives(queries: Queries, shop: str, text: str) -> None:
    for sql in (
        f"SELECT {quoted(text)} AS x",
        f"SELECT concat({quoted(text)}, '') AS x",
        f"SELECT max(x) AS x FROM (VALUES ({quoted(text)})) AS t(x)",
    ):
        body = queries.answer(Question(sql=sql, database=shop, now=NOW, limit=1), "json").body
        assert json.loads(body)["data"] == [{"x": text}]


@given(name=keys)
def test_any_name_survives(queries: Queries, shop: str, name: str) -> None:
    if "\0" in name:
        return
    written = '"' + name.replace('"', '""') + '"'
    body = queries.answer(Question(sql=f"SELECT 1 AS {written}", database=shop, now=NOW, limit=1), "json").body
    assert json.loads(body)["data"] == [{name: 1}]


@given(
    key=keys,
    value=texts | st.integers(-(2**63), 2**63 - 1) | st.booleans() | st.floats(allow_nan=False, allow_infinity=False),
)
@pytest.mark.slow
def test_any_attribute_is_found(queries: Queries, tables: Tables, key: str, value: Any) -> None:
    """By the key, by the value, as text and as JSON; and not by another."""
    if key.startswith("logfire."):
        return
    request = ExportTraceServiceRequest()
    span = (
        request.resource_spans.add()
        .scope_spans.add()
        .spans.add(
            trace_id=b"t" * 16,
            span_id=b"s" * 8,
            name="x",
            start_time_unix_nano=seed.nanos(),
            end_time_unix_nano=seed.nanos(1),
        )
    )
    span.attributes.extend(seed.pairs({key: value}))
    received = tables.send(TRACES, [request.SerializeToString()])
    at = f"created_at = to_timestamp_millis({received})"

    def asked(select: str, where: str = "true") -> list[dict[str, Any]]:
        sql = f"SELECT {select} FROM records WHERE {at} AND {where}"
        body = queries.answer(Question(sql=sql, database=tables.database, now=NOW, limit=10), "json").body
        rows: list[dict[str, Any]] = json.loads(body)["data"]
        return rows

    place = f"attributes->>{quoted(key)}"
    (row,) = asked(
        f"attributes, attributes->{quoted(key)} AS value, {place} AS text, attributes ? {quoted(key)} AS there"
    )
    assert row["attributes"] == {key: value}
    assert row["value"] == value
    assert type(row["value"]) is type(value)
    assert row["there"] is True
    if isinstance(value, str):
        assert row["text"] == value
        assert len(asked("1 AS x", f"{place} = {quoted(value)}")) == 1
        assert asked("1 AS x", f"{place} = {quoted(value + 'x')}") == []
    elif isinstance(value, bool):
        assert len(asked("1 AS x", f"attributes->{quoted(key)} = {value}")) == 1
        assert asked("1 AS x", f"attributes->{quoted(key)} = {not value}") == []
    elif isinstance(value, int):
        assert len(asked("1 AS x", f"attributes->{quoted(key)} = {value}")) == 1
        assert asked(f"({place})::bigint AS x") == [{"x": value}]
    else:
        assert asked(f"({place})::float AS x") == [{"x": pytest.approx(value, rel=1e-15)}]


@given(
    sql=st.text(max_size=60)
    | st.lists(
        st.sampled_from(
            [
                "SELECT",
                "FROM",
                "WHERE",
                "(",
                ")",
                ",",
                "*",
                "records",
                "'x'",
                "system",
                ".",
                "file",
                ";",
                "->",
                "->>",
                "1",
                "AS",
                "a",
                "GROUP",
                "BY",
                "::",
                "int",
                "IN",
            ]
        ),
        max_size=14,
    ).map(" ".join)
)
def test_any_text_is_answered_or_refused_in_words(sql: str) -> None:
    try:
        text = translate(Question(sql=sql, database="d", now=NOW, limit=10)).sql
    except QueryProblem as problem:
        text = problem.detail
    assert text
    assert "FROM system" not in text
    assert "file(" not in text


@given(count=st.integers(0, 10**6), unit=st.sampled_from(["second", "minutes", "hour", "days", "week"]))
def test_intervals_are_as_long_as_they_say(count: int, unit: str) -> None:
    seconds = {"second": 1, "minutes": 60, "hour": 3600, "days": 86400, "week": 604800}[unit]
    assert interval(f"{count} {unit}").microseconds == count * seconds * 1_000_000


@given(st.datetimes())
def test_times_are_read_as_python_writes_them(when: Any) -> None:
    from datetime import UTC

    assert moment(when.isoformat() + "Z", UTC) == when.replace(tzinfo=UTC)
    assert moment(str(when), UTC) == when.replace(tzinfo=UTC)
