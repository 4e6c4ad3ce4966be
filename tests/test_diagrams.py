"""The diagrams hold together, and the page on risk knows every switch."""

import re
from collections.abc import Iterator

import pytest
from pydantic import BaseModel

from andiron.sdk.operations.settings import ObservabilitySettings
from andiron.sdk.settings import SdkSettings
from andiron.server.settings import Settings
from scripts.code_facts import ROOT
from scripts.documents import Block, documents
from tests.diagrams import wrong

pytestmark = pytest.mark.requirement("LF-15")

DIAGRAMS = [(page.name, block) for page in documents(ROOT) for block in page.blocks if block.language == "mermaid"]
RISK = (ROOT / "docs/risk-and-rollback.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(("page", "block"), DIAGRAMS, ids=[f"{page}:{block.line}" for page, block in DIAGRAMS])
def test_a_diagram_holds_together(page: str, block: Block) -> None:
    assert wrong(block.text) == []


def test_the_pipeline_of_logs_and_the_architecture_are_drawn() -> None:
    drawn = {page: "\n".join(block.text for name, block in DIAGRAMS if name == page) for page, _ in DIAGRAMS}
    for stage in ("bridge", "log line", "guard", "queue", "writer", "spool", "sender", "standard output", "Vector"):
        assert stage in drawn["docs/logging.md"]
    for part in (
        "journal",
        "loader",
        "quarantine",
        "otlp_* tables",
        "views",
        "SQL dialect",
        "live stream",
        "pages",
        "sdk/operations",
    ):
        assert part in drawn["docs/architecture.md"]
    assert {"docs/delivery.md"} <= drawn.keys()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('flowchart LR\n a["x"] --> b[("y")]\n b -- "over" --> c{"z?"}\n c -. no .-> a & b', []),
        ('flowchart LR\n subgraph s["S"]\n a[x]', ["1 subgraphs have no `end`"]),
        ("flowchart LR\n a[x]\n end", ["an `end` ends nothing"]),
        ("flowchart LR\n a[x] --> b", ["the node 'b' has no text"]),
        ("flowchart LR\n a[x] -->", ["'a[x] -->' ends with an arrow"]),
        ('flowchart LR\n a["x) --> b[y]', None),
        ("flowchart LR\n a[x) --> b[y]", ["'[x)' ends with another bracket than it begins with"]),
        ("sequenceDiagram\n participant A as x\n A->>B: hello", ["'B' is no participant"]),
        ("sequenceDiagram\n participant A\n A says hello", ["'A says hello' is no message"]),
        ("pie\n title x", ["'pie' is no kind of diagram that the docs use"]),
    ],
)
def test_a_diagram_that_does_not_is_found_out(text: str, told: list[str] | None) -> None:
    assert wrong(text) == told if told is not None else wrong(text)


def switches(model: type[BaseModel], prefix: str) -> Iterator[str]:
    """Settings that switch something off: truth values, those that know `off`, and those that say that 0 or empty is none."""
    for name, field in model.model_fields.items():
        told = str(field.description).lower()
        if (
            field.annotation is bool
            or "'off'" in str(field.annotation)
            or re.search(r"`off`|\b0: (none|never)|`memory`", told)
        ):
            yield f"{prefix}{name.upper()}"


SWITCHES = [
    *switches(SdkSettings, "ANDIRON_"),
    *switches(ObservabilitySettings, "OBSERVABILITY_"),
    *switches(Settings, "ANDIRON_"),
]


@pytest.mark.parametrize("variable", SWITCHES)
def test_every_switch_is_on_the_page_with_what_is_lost_and_how_to_see_it(variable: str) -> None:
    rows = [line for line in RISK.splitlines() if line.startswith("|") and f"`{variable}`" in line]
    assert rows, f"docs/risk-and-rollback.md has no line on {variable}"
    cells = [cell.strip() for cell in rows[0].strip("|").split("|")]
    assert len(cells) == 4
    assert all(cells)


def test_the_page_begins_with_what_to_do_when_it_burns() -> None:
    assert re.findall(r"^## (.*)$", RISK, re.MULTILINE)[0] == "If telemetry harms the application"
    for hold in (
        "andiron.enable(False)",
        "ANDIRON_EXPORT=false",
        "OBSERVABILITY_ENABLED=false",
        "ANDIRON_DISABLED=true",
    ):
        assert hold in RISK[: RISK.index("## The application's switches")]


def test_there_are_switches_to_speak_of() -> None:
    assert {
        "ANDIRON_DISABLED",
        "ANDIRON_EXPORT",
        "ANDIRON_REDACT",
        "ANDIRON_GRPC",
        "ANDIRON_CONSOLE",
        "ANDIRON_SPOOL",
    } <= set(SWITCHES)
    assert {"OBSERVABILITY_ENABLED", "OBSERVABILITY_PROMETHEUS", "OBSERVABILITY_LOG_FORMAT"} <= set(SWITCHES)


def test_every_migration_has_a_word_on_the_way_back() -> None:
    for folder in ("src/andiron/server/store/schema/tables", "src/andiron/server/control/migrations"):
        assert (ROOT / folder).is_dir()
        assert f"`{folder}`" in RISK
