"""The worked examples of the page Explore run as they are: on telemetry, and where there is none yet."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from andiron.server.query.dialect import Question
from andiron.server.query.queries import Queries
from andiron.server.store.embedded import EmbeddedEngine
from andiron.server.store.schema import Schema
from tests.query.conftest import NOW, Ask

pytestmark = pytest.mark.requirement("AN-05")

EXAMPLES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[2] / "web" / "app" / "src" / "explore" / "gallery.json").read_text()
)
by_title = pytest.mark.parametrize("example", EXAMPLES, ids=[example["title"] for example in EXAMPLES])

FINDS_NOTHING = {
    "Words in logs",
    "The same query many times in one trace",
    "Tokens and cost by model",
    "Tokens over time",
}
"""What the story of the tests does not tell of."""


@pytest.fixture(scope="module")
def empty(engine: EmbeddedEngine, new_database: Callable[[], str]) -> str:
    """A project that nothing was sent to."""
    name = new_database()
    Schema(engine).ensure(name)
    return name


def asked(example: dict[str, Any], database: str) -> Question:
    """As the page asks it: in the range of the bar, Logfire's dialect by what it says."""
    return Question(
        sql=example["sql"],
        database=database,
        now=NOW,
        limit=10_000,
        since=NOW - timedelta(minutes=15),
        dialect="logfire",
    )


@by_title
def test_it_runs(ask: Ask, example: dict[str, Any]) -> None:
    rows = ask(example["sql"], since=NOW - timedelta(minutes=15), limit=10_000, dialect="logfire")
    assert bool(rows) is (example["title"] not in FINDS_NOTHING)


@by_title
def test_it_runs_where_there_is_nothing_yet(queries: Queries, empty: str, example: dict[str, Any]) -> None:
    answer = json.loads(queries.answer(asked(example, empty), "json").body)
    assert answer["schema"]["fields"]


@by_title
def test_its_chart_names_columns_that_it_has(queries: Queries, empty: str, example: dict[str, Any]) -> None:
    answer = json.loads(queries.answer(asked(example, empty), "json").body)
    columns = {field["name"] for field in answer["schema"]["fields"]}
    for part in example.get("chart", "").split(";")[1:]:
        key, _, names = part.partition("=")
        assert key in {"x", "y", "by", "stacked", "log"}
        assert set(filter(None, names.split(","))) <= columns


def test_there_are_enough_and_each_is_said_in_a_sentence() -> None:
    assert len(EXAMPLES) >= 16
    assert len({example["title"] for example in EXAMPLES}) == len(EXAMPLES)
    assert {example["group"] for example in EXAMPLES} == {
        "Errors", "Latency", "Traffic", "Users", "Databases", "Language models", "Logs", "Metrics", "The store itself",
    }  # fmt: skip
    assert all(example["words"].endswith(".") for example in EXAMPLES)
