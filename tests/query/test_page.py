"""docs/sql.md is true: its queries run, its tables are all there are, its columns exist."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from andiron.server.query import catalog
from andiron.server.query.api import Ask as Request
from andiron.server.query.desk import WAITING
from andiron.server.query.functions import TEMPLATES
from tests.query.conftest import Ask

pytestmark = pytest.mark.requirement("AN-05")

PAGE = (Path(__file__).parents[2] / "docs" / "sql.md").read_text()
QUERIES = re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("sql", QUERIES)
def test_its_queries_run(ask: Ask, sql: str) -> None:
    assert ask(sql)


def test_its_request_is_one(ask: Ask) -> None:
    (body,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    request: dict[str, Any] = json.loads(body)
    assert ask(Request.model_validate(request).sql)
    assert set(Request.model_fields) == set(
        re.findall(r"(?m)`(\w+)`", "".join(re.findall(r"(?m)^\| (`.*?) \|", PAGE[PAGE.index("## HTTP") :])))
    )


def test_it_names_every_table_and_column() -> None:
    listed = PAGE.replace("`…_", "`otel_metrics_")
    for table in catalog.tables():
        assert f"`{table}`" in listed
    for column in catalog.columns("records"):
        assert f"`{column.name}`" in PAGE, column.name


def test_the_functions_it_names_exist() -> None:
    named = re.findall(
        r"`(array_\w+|json\w*|approx_\w+|bool_\w+|string_agg|median|variance|corr|stddev|cardinality)`", PAGE
    )
    from andiron.server.query.attributes import GETTERS

    assert named
    for name in named:
        assert name in TEMPLATES or name in GETTERS, name


def test_its_figures_are_the_code_s() -> None:
    from andiron.server.query.desk import AT_ONCE
    from andiron.server.query.queries import RESULT_BYTES

    assert f"when {WAITING} queries wait" in PAGE
    assert AT_ONCE == 4
    assert RESULT_BYTES == 100_000_000
