"""Checks that all that people meet is documented, and that nothing documented is gone.

python -m scripts.docs_lint

What there is comes from `code_facts`, what is said of it from `documents`. Nothing is written, nothing but this machine is asked.
"""

import re
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from andiron.sdk.operations.names import MEASURES
from scripts import code_facts
from scripts.code_facts import ROOT, Fact
from scripts.documents import Document, documents
from scripts.stale import Known, stale

PLACES: dict[str, tuple[str, ...]] = {
    "argument": ("docs/application-settings.md",),
    "observability setting": ("docs/application-settings.md", "docs/observability-setup.md"),
    "log field": ("docs/logging.md", "docs/logging-reference.md"),
}
"""Names of these kinds are ordinary words: they count where they are explained, not wherever such a word stands in backticks."""

PRIVATE = {
    "_ANDIRON_COMPLETE": "the shell's, while it completes a line",
    "ANDIRON_RUN_PID": "how `andiron run` tells its program's process from that one's children",
    "COLUMNS": "the terminal's",
    "PYDANTIC_DISABLE_PLUGINS": "set by the command for itself, put back for the programs that it starts",
    "PYTEST_VERSION": "pytest's own; what follows from it is told in docs/testing.md",
    "OBSERVABILITY_FAILURES": "a name in the code, no variable",
}
"""Read by the code and none of a user's business, each with why."""


@dataclass(frozen=True, order=True)
class Problem:
    """Where, what, and what to do."""

    where: str
    what: str
    do: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what} {self.do}"


def names_in(pages: Iterable[Document]) -> set[str]:
    """What stands as code somewhere, whole and in its words."""
    found: set[str] = set()
    for page in pages:
        for piece in page.code:
            found.add(piece.text)
            found.update(re.findall(r"[A-Za-z0-9_./{}-]+", piece.text))
            found.update(re.findall(r"_?[A-Z][A-Z0-9]*_[A-Z0-9_]+(?:<[A-Z]+>)?", piece.text))
    return found


def undocumented(pages: Sequence[Document], facts: Iterable[Fact]) -> Iterator[Problem]:
    """Names that no page explains. One that is documented in its place once is enough."""
    everywhere = names_in(pages)
    within = {kind: names_in(page for page in pages if page.name in places) for kind, places in PLACES.items()}
    seen: set[tuple[str, str]] = set()
    for fact in sorted(facts):
        key = (fact.kind, fact.name)
        if fact.name in PRIVATE or key in seen or fact.name in within.get(fact.kind, everywhere):
            continue
        seen.add(key)
        where = " or ".join(PLACES.get(fact.kind, ("the page of docs/ that it belongs to",)))
        yield Problem(
            fact.where,
            f"the {fact.kind} `{fact.name}` is documented nowhere.",
            f"Say in {where} what it is, in backticks.",
        )


def endpoints(pages: Sequence[Document]) -> Iterator[Problem]:
    """Endpoints that no page names, with their method."""
    told: dict[str, set[str]] = defaultdict(set)
    for page in pages:
        for piece in page.code:
            for methods, path in re.findall(r"((?:(?:GET|POST|PUT|PATCH|DELETE)[, ]+)*)(/[\w/{}.-]*)", piece.text):
                told[path].update(re.findall(r"[A-Z]+", methods) or ["GET", "POST"])
    for endpoint in code_facts.endpoints():
        if endpoint.method not in told[endpoint.path]:
            yield Problem(
                endpoint.where,
                f"`{endpoint.method} {endpoint.path}` is documented nowhere.",
                "Give it a line in ENDPOINTS of scripts/endpoints.py and run `make docs`.",
            )


def command_line(pages: Sequence[Document]) -> Iterator[Problem]:
    """Commands and options that no page names; an option counts in a section that names its command too."""
    for command in code_facts.commands():
        sections = [
            section for page in pages for section in page.sections if any(says(each, command.name) for each in section)
        ]
        if not sections:
            yield Problem(
                command.where,
                f"`{command.name}` is documented nowhere.",
                "Run `make docs`: docs/commands.md lists every command.",
            )
        for option in command.options:
            shown = any(
                name in re.split(r"[ ,=]+", each) for section in sections for each in section for name in option.names
            )
            if not shown and not option.hidden:
                yield Problem(
                    command.where,
                    f"`{option.names[0]}` of `{command.name}` is documented nowhere.",
                    "Run `make docs`: docs/commands.md lists every option.",
                )


def says(text: str, command: str) -> bool:
    """Whether a piece of code is a use of this command."""
    return text == command or text.startswith(f"{command} ")


def known() -> Known:
    """All that a page may speak of."""
    prometheus = {measure.prometheus for measure in MEASURES}
    return Known(
        root=ROOT,
        variables=frozenset(fact.name for fact in code_facts.facts() if fact.kind == "variable")
        | code_facts.named_elsewhere(),
        endpoints=code_facts.endpoints(),
        commands={command.words: command for command in code_facts.commands()},
        metrics=frozenset(fact.name for fact in code_facts.facts() if fact.kind == "metric") | prometheus,
        literals=frozenset(code_facts.literals()),
    )


def problems(pages: Sequence[Document]) -> list[Problem]:
    """Everything that is wrong, in the order of the files."""
    found = [*undocumented(pages, code_facts.facts()), *endpoints(pages), *command_line(pages)]
    there = known()
    for page in pages:
        found += [Problem(f"{page.name}:{line}", what, do) for line, what, do in stale(page, pages, there)]
    return sorted(set(found), key=lambda problem: natural(problem.where))


def natural(where: str) -> tuple[str, int]:
    """`docs/a.md:9` before `docs/a.md:10`."""
    name, _, line = where.partition(":")
    return name, int(line) if line.isdecimal() else 0


def main(root: Path = ROOT) -> int:
    """Print what is wrong; the exit status says whether something is."""
    began = time.monotonic()
    pages = list(documents(root))
    found = problems(pages)
    for problem in found:
        print(problem)
    outcome = f"{len(found)} problems" if found else "nothing is missing, nothing is gone"
    print(f"docs lint: {len(pages)} pages in {time.monotonic() - began:.1f} s: {outcome}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
