"""Holds docs/promises.md, docs/not-built-yet.md and the marks of the tests against each other: no promise is forgotten, none is said to be kept that is not.

python -m scripts.spec_guard
"""

import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from scripts import traceability

LIST = Path("docs/not-built-yet.md")
LINE = re.compile(r"^\|\s*([A-Z]+-\d\d)\s*\|\s*([^|]*?)\s*\|\s*([^|]*?)\s*\|$")
NOTHING, IN_PART = "nothing yet", "in part"


@dataclass(frozen=True)
class Missing:
    """A line of the list: which promise, how much of it is built, what is missing, and where the line stands."""

    promise: str
    built: str
    what: str
    line: int


def listed(root: Path) -> list[Missing]:
    """The list, in its order."""
    lines = (root / LIST).read_text(encoding="utf-8").splitlines()
    return [
        Missing(match[1], match[2].strip(), match[3].strip(), number)
        for number, line in enumerate(lines, 1)
        if (match := LINE.match(line))
    ]


def wrong_lines(known: list[str], tested: set[str], missing: list[Missing]) -> Iterator[str]:
    """What is wrong with the list itself."""
    counts = Counter(each.promise for each in missing)
    for each in missing:
        where = f"{LIST}:{each.line}: {each.promise}"
        if each.promise not in known:
            yield f"{where} is no promise of docs/promises.md. Correct the ID, or delete the line."
        elif counts[each.promise] > 1:
            yield f"{where} is listed {counts[each.promise]} times. Leave one line."
        elif each.built not in {NOTHING, IN_PART}:
            yield f"{where} is {each.built!r}. Write `{NOTHING}` or `{IN_PART}`."
        elif not each.what:
            yield f"{where} does not say what is missing. Say it in a few words."
        elif each.built == NOTHING and each.promise in tested:
            yield f"{where} has tests all the same. Write `{IN_PART}` and what is still missing, or delete the line."
        elif each.built == IN_PART and each.promise not in tested:
            yield f"{where} is said to be built in part, and no test carries it. Mark the tests that do, or write `{NOTHING}`."


def problems(root: Path) -> list[str]:
    """Everything that is wrong; a stale page too, whose counts would then be wrong."""
    known, missing = traceability.promises(root), listed(root)
    try:
        page = traceability.page(root)
    except ValueError as error:
        return [f"{error}. Correct the mark, or word the promise in docs/promises.md."]
    tested = set(traceability.collect(root))
    forgotten = [promise for promise in known if promise not in tested | {each.promise for each in missing}]
    found = [
        f"docs/promises.md: no test carries {promise}. Mark the test that proves it with "
        f'`@pytest.mark.requirement("{promise}")`, or say in {LIST} that there is `{NOTHING}`.'
        for promise in forgotten
    ]
    found += wrong_lines(known, tested, missing)
    path = root / traceability.PAGE
    if not path.is_file() or path.read_text(encoding="utf-8") != page:
        found.append(f"{traceability.PAGE} is stale. Run `make docs`.")
    return found


def summary(root: Path) -> str:
    """How many promises are kept, in part, not at all."""
    built = Counter(each.built for each in listed(root))
    every = len(traceability.promises(root))
    return f"{every} promises: {every - built.total()} kept, {built[IN_PART]} in part, {built[NOTHING]} not built yet"


def main(root: Path = traceability.ROOT) -> int:
    """Print what is wrong, and the counts; the exit status says whether something is."""
    found = problems(root)
    print(*found, sep="\n", end="\n" if found else "")
    print(f"spec guard: {len(found)} problems" if found else f"spec guard: {summary(root)}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
