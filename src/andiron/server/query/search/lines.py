"""Lines: records as lists show them. Which columns a line has, how they are asked for, and how an answer's row becomes one."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from andiron.server.query.search.keys import ATTRIBUTES, COLUMNS, RESOURCE
from andiron.server.query.search.terms import SearchProblem
from andiron.server.query.search.values import quoted

MESSAGE = 1000
"""The most characters of a message that a line holds."""
MOST_EXTRA = 20

ID = "lpad(to_hex(sipHash64(kind, trace_id, span_id, toString(start_timestamp), message)), 16, '0')"
"""The same for the same record wherever it is asked for."""

PLAIN = (
    "kind",
    "start_timestamp",
    "duration",
    "level",
    "service_name",
    "span_name",
    "trace_id",
    "span_id",
    "parent_span_id",
    "is_exception",
    "exception_type",
    "http_response_status_code",
    "deployment_environment",
    "otel_scope_name",
    "tags",
    "created_at",
)
JSON_COLUMNS = frozenset(
    {"attributes", "otel_resource_attributes", "otel_scope_attributes", "otel_events", "otel_links"}
)
"""Columns of a record that are JSON."""


def selected(columns: Sequence[str] = ()) -> list[str]:
    """What to select, in Logfire's dialect; `columns` are further ones, `attributes.x`, `resource.x`, or of `records_all`."""
    if len(columns) > MOST_EXTRA:
        raise SearchProblem(f"{len(columns)} further columns are more than {MOST_EXTRA}.", 422, "invalid-request")
    extra = [f"{expression(column)} AS {named(at)}" for at, column in enumerate(columns)]
    return [f"{ID} AS id", f"left(message, {MESSAGE}) AS message", *PLAIN, *extra]


def select(columns: Sequence[str] = ()) -> str:
    """The list after SELECT."""
    return ", ".join(selected(columns))


def named(at: int) -> str:
    """What the further column number `at` is called in the answer."""
    return f"extra_{at}"


def expression(column: str) -> str:
    """A further column as SQL."""
    for prefixes, place in (
        ((ATTRIBUTES,), "attributes"),
        ((RESOURCE, "otel_resource_attributes."), "otel_resource_attributes"),
    ):
        for prefix in prefixes:
            if column.startswith(prefix) and len(column) > len(prefix):
                return f"{place}->{quoted(column.removeprefix(prefix))}"
    if re.fullmatch(r"[a-z_]+", column) and column in COLUMNS:
        return column
    raise SearchProblem(
        f"There is no column {column!r}. Write a column of records_all, attributes.key or resource.key.",
        422,
        "invalid-request",
    )


def line(row: Mapping[str, Any], columns: Sequence[str] = ()) -> dict[str, Any]:
    """A row of an answer as a line."""
    extra = {column: row[named(at)] for at, column in enumerate(columns)}
    return {"id": row["id"], "message": row["message"], **{name: row[name] for name in PLAIN}, "extra": extra}
