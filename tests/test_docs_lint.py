"""The docs and the code agree; and where they do not, the lint says so."""

from pathlib import Path

import pytest

from scripts import code_facts, docs_lint
from scripts.documents import Document, documents
from scripts.stale import Known, stale

pytestmark = pytest.mark.requirement("LF-11")

MAKEFILE = "help: ## List\n\tls\n\ntest: ## Test\n\tpytest\n"


@pytest.fixture(scope="module")
def known() -> Known:
    return docs_lint.known()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "docs").mkdir()
    (tmp_path / "Makefile").write_text(MAKEFILE, encoding="utf-8")
    return tmp_path


def read(root: Path, text: str, name: str = "docs/page.md") -> Document:
    path = root / name
    path.write_text(text, encoding="utf-8")
    return Document.read(path, root)


def found(known: Known, root: Path, text: str) -> list[str]:
    page = read(root, text)
    there = Known(root, known.variables, known.endpoints, known.commands, known.metrics, known.literals)
    return [f"{line}: {what}" for line, what, _ in stale(page, [page], there)]


def test_everything_is_documented_and_nothing_documented_is_gone() -> None:
    assert [str(problem) for problem in docs_lint.problems(list(documents(code_facts.ROOT)))] == []


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("argument", "flush_interval"),
        ("variable", "ANDIRON_FLUSH_INTERVAL"),
        ("variable", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE"),
        ("variable", "ANDIRON_RETENTION_LOGS"),
        ("variable", "XDG_STATE_HOME"),
        ("variable", "ANDIRON_READ_TOKEN"),
        ("variable", "LOGFIRE_INSTRUMENT_<NAME>"),
        ("variable", "OBSERVABILITY_ENABLED"),
        ("observability setting", "metric_interval"),
        ("gRPC service", "opentelemetry.proto.collector.trace.v1.TraceService"),
        ("metric", "andiron_journal_backlog_bytes"),
        ("metric", "andiron_ingest_requests_total"),
        ("metric", "vitals.loop.lateness"),
        ("metric", "operation.duration"),
        ("log field", "exception.stacktrace"),
    ],
)
def test_what_no_page_names_is_found_with_its_place(kind: str, name: str) -> None:
    told = [problem for problem in docs_lint.undocumented([], code_facts.facts()) if f"{kind} `{name}`" in problem.what]
    assert len(told) == 1
    assert told[0].where.startswith("src/andiron/")
    assert (code_facts.ROOT / told[0].where.partition(":")[0]).is_file()
    assert told[0].do.startswith("Say in ")


def test_an_ordinary_word_counts_where_it_is_explained_and_nowhere_else(root: Path) -> None:
    fact = code_facts.Fact("log field", "level", "schema")
    elsewhere, there = read(root, "`level`", "docs/sql.md"), read(root, "`level`", "docs/logging.md")
    assert list(docs_lint.undocumented([elsewhere], [fact]))
    assert not list(docs_lint.undocumented([there], [fact]))


def test_endpoints_are_documented_with_their_method(root: Path) -> None:
    page = read(root, "`GET /pages/api/tokens`, and `/healthz` alone will do for what is asked with GET.")
    missing = [problem.what for problem in docs_lint.endpoints([page])]
    assert "`POST /pages/api/tokens` is documented nowhere." in missing
    assert "`DELETE /pages/api/tokens/{id}` is documented nowhere." in missing
    assert not [what for what in missing if "GET /pages/api/tokens`" in what or "/healthz" in what]
    assert len(missing) == len(code_facts.endpoints()) - 2


def test_an_option_counts_in_a_section_that_names_its_command(root: Path) -> None:
    page = read(root, "# `andiron tail`\n`--find`\n# `andiron demo`\n`--once`\n")
    missing = {problem.what for problem in docs_lint.command_line([page])}
    assert "`--once` of `andiron tail` is documented nowhere." not in missing  # it has none
    assert "`--find` of `andiron tail` is documented nowhere." not in missing
    assert "`--once` of `andiron demo` is documented nowhere." not in missing
    assert "`--seed` of `andiron demo` is documented nowhere." in missing
    assert "`andiron doctor` is documented nowhere." in missing


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("`ANDIRON_SPOLL`", "nothing reads the variable `ANDIRON_SPOLL`."),
        ("`OBSERVABILITY_ENABELD`", "nothing reads the variable `OBSERVABILITY_ENABELD`."),
        ("`andiron tokens forget`", "`andiron tokens` has no command `forget`."),
        ("`andiron watch`", "`andiron` has no command `watch`."),
        ("`andiron tail --louder`", "`andiron tail` has no option `--louder`."),
        ("`andiron run --louder -- python app.py --louder`", "`andiron run` has no option `--louder`."),
        ("`GET /v3/query`", None),
        ("`GET /v2/quarry`", "the server has no `/v2/quarry`."),
        ("`/pages/api/tokens/7/body`", "the server has no `/pages/api/tokens/7/body`."),
        ("`andiron_ingest_wishes_total`", "nothing makes the metric `andiron_ingest_wishes_total`."),
        ("`operation_durations_seconds_bucket`", "nothing makes the metric `operation_durations_seconds_bucket`."),
        ("`make tea`", "`make tea` is no target of the Makefile."),
        ("`src/andiron/tea.py`", "there is no `src/andiron/tea.py`."),
        ("`python -m scripts.tea`", "there is no module `scripts.tea`."),
        ("`andiron.sdk.tea`", "there is no `andiron.sdk.tea`"),
        ("[tea](tea.md)", "the link to `tea.md` leads nowhere."),
        ("[tea](#tea)", "`docs/page.md` has no heading `#tea`."),
        ('<img src="tea.png">', "the link to `tea.png` leads nowhere."),
    ],
)
def test_what_is_gone_is_found_with_its_line(known: Known, root: Path, text: str, told: str | None) -> None:
    problems = found(known, root, f"# Page\n\n{text}\n")
    assert [problem.startswith(f"3: {told}") for problem in problems] == ([True] if told else [])


def test_blocks_of_code_are_read_too(known: Known, root: Path) -> None:
    shell = "```console\n$ ANDIRON_URI=x andiron sql --qick 'SELECT 1'   # and `more`\n$ curl http://127.0.0.1:4318/v1/quarry\n```\n"
    python = "```python\nfrom andiron.sdk.asgi import instrument, instrumentt\n```\n"
    assert found(known, root, shell + python) == [
        "2: nothing reads the variable `ANDIRON_URI`.",
        "2: `andiron sql` has no option `--qick`.",
        "3: the server has no `/v1/quarry`.",
        "6: `andiron.sdk.asgi` has no `instrumentt`.",
    ]


def test_what_is_there_is_left_alone(known: Known, root: Path) -> None:
    text = """# Set it up: *now*

`ANDIRON_URL`, `ANDIRON_<NAME>`, `andiron tail --app host:1 -n 5`, `andiron run -- python app.py --fast`, `GET /readyz`, `/v1/traces`,
`/pages/api/…`, `DELETE /pages/api/tokens/7`, `andiron_journal_backlog_bytes`, `operation_duration_seconds_bucket`, `andiron.outcome`,
`andiron.sdk.asgi`, `make test ARGS='-x'`, [up](#set-it-up-now), [site](https://example.org/x.md#y), `http://host/v2/other`.

```python
from andiron.testing import Capture
…
```
"""
    assert found(known, root, text) == []


def test_headings_of_one_name_get_numbers_and_code_in_links_is_no_link(root: Path) -> None:
    page = read(root, "# Is `it` (so)?\n# Is it so\n`[x](gone.md)` [a](b.md)\n```\n# no heading [c](d.md)\n```\n")
    assert page.anchors == {"is-it-so", "is-it-so-1"}
    assert [link.text for link in page.links] == ["b.md"]


def test_a_problem_says_where_what_and_what_to_do() -> None:
    problem = docs_lint.Problem("docs/a.md:9", "nothing reads the variable `X`.", "Correct the name, or take it out.")
    assert str(problem) == "docs/a.md:9: nothing reads the variable `X`. Correct the name, or take it out."
