"""The guides to metrics, traces and logs are true: their tables fresh, their queries run against what the reference application sends, their names real."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from andiron.sdk import operations
from andiron.sdk.operations import names
from andiron.server.query.dialect import Question
from andiron.server.query.queries import Queries
from andiron.server.query.search.api import SearchApi
from andiron.server.settings import Settings
from andiron.server.store.embedded import EmbeddedEngine
from andiron.testing.receiver import Receiver
from andiron.testing.records import Span
from scripts import operations_reference as reference
from tests.deploy.promql import parsed, unknown
from tests.operations.recorded import recording, stored, use_the_application
from tests.query.spans import Asked, asking, desk

pytestmark = pytest.mark.requirement("OB-13")

DOCS = reference.DOCS
GUIDES = {path.name: path.read_text(encoding="utf-8") for path in (
    reference.METRICS, DOCS / "tracing-guide.md", reference.LOGS
)}  # fmt: skip


def blocks(language: str) -> list[Any]:
    """The blocks of a language, each under its page and place."""
    return [
        pytest.param(text, id=f"{name}-{number}")
        for name, page in GUIDES.items()
        for number, text in enumerate(re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL))
    ]


def searches() -> list[str]:
    """What the guides say to type into the search box."""
    table = GUIDES["tracing-guide.md"].partition("| to find | type |")[2].partition("\n\n")[0]
    return [
        *re.findall(r"(?m)^\|[^|`]+\| `([^`]+)` \|$", table),
        *re.findall(r"(?m)^Search: `(.+)`$", "".join(GUIDES.values())),
    ]


@dataclass(frozen=True)
class Recorded:
    """What the reference application sent, and how to ask for it."""

    received: Receiver
    sql: Callable[[str], list[dict[str, Any]]]
    pages: Asked


@pytest.fixture(scope="module")
def recorded(
    engine: EmbeddedEngine, new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> Recorded:
    folder = tmp_path_factory.mktemp("control-center")
    with recording(folder) as received:
        use_the_application(folder)
    database = stored(received, engine, new_database(), folder)
    settings = Settings(_env_file=None, data=folder)
    now = datetime.now(UTC)
    queries = Queries(engine, settings, now=lambda: now)

    def sql(text: str) -> list[dict[str, Any]]:
        question = Question(sql=text, database=database, now=now, limit=1000)
        rows: list[dict[str, Any]] = json.loads(queries.answer(question, "json").body)["data"]
        return rows

    return Recorded(received, sql, asking(SearchApi(desk(queries, settings, database)).routes()))


@pytest.mark.parametrize("path", reference.PARTS, ids=lambda path: path.name)
def test_its_generated_parts_are_fresh(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == reference.page(path), f"docs/{path.name} is stale: make docs"


def test_a_page_without_a_mark_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "page.md"
    page.write_text("nothing")
    monkeypatch.setitem(reference.PARTS, page, {"metrics": reference.metrics})
    with pytest.raises(ValueError, match="lacks the marks of its part `metrics`"):
        reference.page(page)


@pytest.mark.parametrize("sql", blocks("sql"))
def test_its_sql_answers(recorded: Recorded, sql: str) -> None:
    # Thresholds that a moment's use does not reach.
    assert recorded.sql(re.sub(r"> (0\.5|10)\b", "> 0", sql)), "it runs, and finds nothing"
    assert isinstance(recorded.sql(sql), list)


@pytest.mark.parametrize("typed", searches())
def test_its_searches_find(recorded: Recorded, typed: str) -> None:
    status, found = recorded.pages("/pages/api/search", {"q": typed})
    assert status == 200, found
    # What is made up, or depends on how fast this machine is.
    if not re.search(r"duration>|[0-9a-f]{8}", typed):
        assert found["rows"], typed


@pytest.mark.parametrize("expression", blocks("promql"))
def test_its_promql_asks_for_what_there_is(expression: str) -> None:
    assert parsed(expression) is not None
    assert not unknown(expression)


def test_its_logql_names_what_records_have(recorded: Recorded) -> None:
    known = {names.label(key) for log in recorded.received.logs for key in (*log.attributes, *log.resource)}
    known |= {"severity_text", "trace_id", "span_id", "container", "level"}
    expressions = [block.values[0] for block in blocks("logql")]
    assert expressions
    for expression in expressions:
        bare = re.sub(r'`[^`]*`|"[^"]*"', "``", expression)
        named = re.findall(r"(\w+)\s*(?:=~|!=|=|>)\s*(?:``|[0-9])", bare)
        named += re.findall(r"\w+", " ".join(re.findall(r"by \(([^)]*)\)", bare)))
        assert {name.removeprefix("attributes_") for name in named} <= known, expression


def test_its_traceql_names_what_spans_have(recorded: Recorded) -> None:
    spans = recorded.received.spans
    known = {f"span.{key}" for span in spans for key in span.attributes}
    known |= {f"resource.{key}" for span in spans for key in span.resource}
    for block in blocks("traceql"):
        expression = block.values[0]
        named = re.findall(r"\b(?:span|resource)\.[\w.]+", re.sub(r'"[^"]*"', "", expression))
        assert named
        assert set(named) <= known, expression


def shown(span: Span) -> str:
    """A span as the picture names it: a statement by its first word."""
    return span.name.partition(" ")[0] if span.kind == "client" else span.name


def edges(spans: list[Span]) -> list[tuple[str, str]]:
    """Parents and children by name, in order."""
    by_id = {span.span_id: span for span in spans}
    return sorted((shown(by_id[span.parent_id]), shown(span)) for span in spans if span.parent_id in by_id)


def test_its_picture_is_the_application_s_tree(recorded: Recorded) -> None:
    (picture,) = re.findall(r"```mermaid\n(.*?)```", GUIDES["tracing-guide.md"], re.DOTALL)
    titles = {node: text.strip('"') for node, text in re.findall(r"(\w+)\[([^\]]+)\]", picture)}
    drawn = sorted((titles[a], titles[b]) for a, b in re.findall(r"(\w+)(?:\[[^\]]*\])? --> (\w+)", picture))
    spans = recorded.received.spans
    roots = [span for span in spans if span.name == "PATCH /resources/{resource_id}" and span.status == "unset"]
    trees = [edges([span for span in spans if span.trace_id == root.trace_id]) for root in roots]
    assert drawn in trees, trees


def test_its_table_of_operations_is_the_application_s(recorded: Recorded) -> None:
    table = re.findall(r"(?m)^\| `(resource\.\w+)` \| (`.*) \|$", GUIDES["tracing-guide.md"])
    within: dict[str, set[str]] = {}
    for parent, child in edges(recorded.received.spans):
        if parent.startswith("resource.") and "." in child:
            within.setdefault(parent, set()).add(child)
    assert {name: set(re.findall(r"`([^`]+)`", cell)) for name, cell in table} == within


def test_the_components_it_names_are_the_code_s() -> None:
    folder = Path(operations.__file__).parent
    code = "".join(path.read_text(encoding="utf-8") for path in folder.glob("*.py"))
    used = set(re.findall(r"\b(?:guard\(|handle(?:\(|, ))\"([^\"]+)\"", code))
    (cell,) = re.findall(r"(?m)^\| `component` \| .*?: (.*) \|$", GUIDES["metrics-reference.md"]) or re.findall(
        r"(?m)^\| `component` \| what failed: (.*) \|$", GUIDES["metrics-reference.md"]
    )
    assert set(re.findall(r"`([^`]+)`", cell)) == used


@pytest.mark.requirement("OB-08")
def test_what_the_tables_of_records_say_is_what_comes(recorded: Recorded) -> None:
    table = GUIDES["logging-reference.md"].partition("| when | level |")[2].partition("\n\n")[0]
    promised = {
        (level, re.sub(r"(started|completed|failed|rejected|cancelled).*", r"\1", message).split()[-1]): set(
            re.findall(r"`([^`]+)`", attributes)
        )
        for level, message, attributes in re.findall(r"(?m)^\| [^|]+ \| (\w+) \| `([^`]+)` \|(.*)\|$", table)
    }
    assert len(promised) == 5
    said = {names.OUTCOME, names.DURATION, names.ERROR_TYPE}
    seen = set()
    for log in recorded.received.logs:
        if log.scope == "andiron.operations":
            word = str(log.body).split()[1].rstrip(":")
            seen.add(word)
            own = {key for key in log.attributes if key in said or key.startswith("exception.")}
            assert own == promised[log.severity_text, word]
    assert seen == {"started", "completed", "failed", "rejected"}
