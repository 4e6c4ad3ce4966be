"""The published schema of a line, and its table for the documentation."""

import json
from collections.abc import Iterator
from importlib import resources
from typing import Any


def log_line_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of one line."""
    text = resources.files("andiron.sdk").joinpath("schema/log-line.schema.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def log_line_table() -> str:
    """The fields of a line as a table in Markdown."""
    rows = ["| Field | Type | Always | What it says |", "|---|---|---|---|"]
    for name, field, always in _fields(log_line_schema()):
        kind = field.get("type") or "`true`"
        rows.append(f"| `{name}` | {kind} | {always} | {field['description']} |")
    return "\n".join(rows)


def _fields(schema: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, dict[str, Any], str]]:
    """Each field with whether it is always there, and those within it right after."""
    for name, field in schema.get("properties", {}).items():
        always = name in schema.get("required", ())
        yield prefix + name, field, ("in it" if prefix else "yes") if always else ""
        yield from _fields(field, f"{prefix}{name}.")
