"""The four real engines, each answering for a whole batch."""

import functools
import json
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from pyvrl import Transform  # type: ignore[import-untyped]

from andiron.redaction import redactor
from andiron.server.store.embedded import EmbeddedEngine
from scripts.redaction import GENERATED, VECTOR

Attribute = tuple[str, str]
"""A key and its value. A text is the value of a key that says nothing."""


def python(attributes: Sequence[Attribute]) -> list[str]:
    """The reference."""
    return [redactor.attribute(key, value) for key, value in attributes]


def clickhouse(engine: EmbeddedEngine, attributes: Sequence[Attribute]) -> list[str]:
    """One query over maps of one attribute each."""
    create(engine, (GENERATED / "redaction.sql").read_text("utf-8"))
    rows = ", ".join(f"({quoted(key)}, {quoted(value)})" for key, value in attributes)
    answer = engine.query(
        f"SELECT andiron_redact_attributes(map(key, value))[key] FROM values('key String, value String', {rows})",
        settings={
            "max_query_size": 100_000_000,
            "max_ast_elements": 10_000_000,
            "max_expanded_ast_elements": 10_000_000,
        },
    )
    return [row[0] for row in json.loads(answer)["data"]]


def create(engine: EmbeddedEngine, statements: str) -> None:
    """Functions are the engine's, not a database's: each test that needs them makes its own."""
    for statement in re.split(r";\n", statements):
        if statement.strip():
            engine.command(statement)


def quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


@functools.cache
def transform() -> Any:
    """Vector's language, with the program that Vector is given."""
    return Transform(VECTOR.read_text("utf-8"))


def vector(attributes: Sequence[Attribute]) -> list[str]:
    """One event with all of them."""
    pairs = [{"key": key, "value": {"stringValue": value}} for key, value in attributes]
    event = {"resourceLogs": [{"resource": {"attributes": pairs}}]}
    result = transform().remap(event)["resourceLogs"][0]["resource"]["attributes"]
    assert [pair["key"] for pair in result] == [key for key, _ in attributes]
    return [pair["value"]["stringValue"] for pair in result]


def node(attributes: Sequence[Attribute]) -> list[str]:
    """One process for all."""
    found = shutil.which("node")
    if found is None:
        pytest.skip("node is not installed: the JavaScript form is not run")
    program = f"""
    import {{ attribute }} from {json.dumps((GENERATED / "redaction.mjs").as_uri())};
    import {{ readFileSync }} from "node:fs";
    const attributes = JSON.parse(readFileSync(0, "utf8"));
    process.stdout.write(JSON.stringify(attributes.map(([key, value]) => attribute(key, value))));
    """
    done = subprocess.run(
        [found, "--input-type=module", "--eval", program],
        input=json.dumps(attributes).encode(),
        stdout=subprocess.PIPE,
        check=True,
        cwd=Path(__file__).parent,
    )
    answer: list[str] = json.loads(done.stdout)
    return answer


def differences(attributes: Sequence[Attribute], given: Sequence[str], expected: Sequence[str]) -> list[str]:
    """What a person wants to see of two long lists."""
    assert len(given) == len(expected) == len(attributes)
    return [
        f"{key}={value!r} became {got!r}, not {want!r}"
        for (key, value), got, want in zip(attributes, given, expected, strict=True)
        if got != want
    ]
