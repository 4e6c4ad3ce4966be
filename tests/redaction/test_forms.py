"""One corpus, four engines, one result."""

import json
import random
from collections.abc import Callable, Sequence

import pytest
from pyvrl import Transform  # type: ignore[import-untyped]

from andiron.redaction import Redactor
from andiron.redaction.forms.sql import sql
from andiron.redaction.forms.vrl import vrl
from andiron.server.store.embedded import EmbeddedEngine
from scripts.redaction import forms
from tests.redaction.corpus import CORPUS, keys, texts, traces
from tests.redaction.engines import Attribute, clickhouse, create, differences, node, python, vector

pytestmark = [pytest.mark.requirement("LF-06"), pytest.mark.requirement("CL-12")]

Run = Callable[[Sequence[Attribute]], list[str]]
VALUE = "10.1.2.3 in /home/bob/x"
BY_KIND = {
    "masked": "[redacted:secret]",
    "kept": VALUE,
    "path": "[redacted:ip] in ~/x",
    "plain": "[redacted:ip] in /home/bob/x",
}


@pytest.fixture(params=["python", "clickhouse", "vector", "node"])
def run(request: pytest.FixtureRequest) -> Run:
    """One of the engines."""
    if request.param == "clickhouse":
        engine: EmbeddedEngine = request.getfixturevalue("engine")
        return lambda attributes: clickhouse(engine, attributes)
    runs: dict[str, Run] = {"python": python, "vector": vector, "node": node}
    return runs[request.param]


def test_text_of_the_corpus(run: Run) -> None:
    attributes = [("message", text) for text in texts()]
    assert differences(attributes, run(attributes), list(texts().values())) == []


def test_keys_of_the_corpus(run: Run) -> None:
    attributes = [(key, VALUE) for key in keys()]
    assert differences(attributes, run(attributes), [BY_KIND[kind] for kind in keys().values()]) == []


def test_stack_traces_of_the_corpus(run: Run) -> None:
    attributes = [("exception.stacktrace", text) for text in traces()]
    assert differences(attributes, run(attributes), list(traces().values())) == []


def mixtures(seed: int, many: int) -> list[Attribute]:
    """Pieces of the corpus, whole and cut, run together with what patterns are sensitive to."""
    chance = random.Random(seed)
    pieces = [*texts(), *traces(), *(becomes for _, becomes in CORPUS["pieces"])]
    joints = [
        "",
        "",
        " ",
        "=",
        ":",
        "\n",
        '"',
        "'",
        "\\",
        '\\"',
        "@",
        ".",
        "-",
        "/",
        "::",
        "1",
        "a",
        "é",
        "К",
        "ſ",
        "🔑",
        "_",
        "password=",
        "token: ",
        "://",
        "[redacted:email]",
    ]
    keys = ["message", "message", "message", "exception.stacktrace"]

    def mixture() -> str:
        text = ""
        for _ in range(chance.randint(1, 4)):
            piece = chance.choice(pieces)
            start, end = sorted((chance.randint(0, len(piece)), chance.randint(0, len(piece))))
            text += chance.choice(joints) + (piece if chance.random() < 0.5 else piece[start:end])
        return text + chance.choice(joints)

    return [(chance.choice(keys), mixture()) for _ in range(many)]


@pytest.mark.parametrize("seed", range(3))
def test_mixtures_come_out_alike(engine: EmbeddedEngine, seed: int) -> None:
    attributes = mixtures(seed, 1500)
    expected = python(attributes)
    assert sum(value != becomes for (_, value), becomes in zip(attributes, expected, strict=True)) > 500
    assert differences(attributes, clickhouse(engine, attributes), expected) == []
    assert differences(attributes, vector(attributes), expected) == []
    assert differences(attributes, node(attributes), expected) == []


def test_files_are_fresh() -> None:
    for path, text in forms().items():
        assert path.read_text("utf-8") == text, f"{path.name} is stale: python scripts/redaction.py"


def test_own_rules_in_other_forms(engine: EmbeddedEngine) -> None:
    own = Redactor(keys=["customer_number"], patterns={"order": "ORD-[0-9]{6}"}, allow=["debug_token", "legacy.*"])
    given = {"customerNumber": "7", "debug_token": "t", "legacy.password": "p", "token": "t", "n": "see ORD-123456"}
    expected = own.attributes(given)
    assert expected["n"] == "see [redacted:order]"
    pairs = [{"key": key, "value": {"stringValue": value}} for key, value in given.items()]
    event = Transform(vrl(own.rules)).remap({"attributes": pairs})
    assert {pair["key"]: pair["value"]["stringValue"] for pair in event["attributes"]} == expected
    create(engine, sql(own.rules))
    entries = ", ".join(f"'{key}', '{value}'" for key, value in given.items())
    answer = engine.query(f"SELECT andiron_redact_attributes(map({entries}))")
    assert json.loads(answer)["data"] == [[expected]]
