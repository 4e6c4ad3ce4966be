"""Writes docs/traceability.md: each promise of docs/promises.md with the tests that carry its mark, those of the examples included.

The marks are read from the source of the tests, so nothing is imported and nothing is run.
"""

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = Path("docs/traceability.md")
PROMISE = re.compile(r"^\| ([A-Z]+-\d\d) \|")
HEAD = """# Which test keeps which promise

Generated from the marks of the tests by `make docs`. The promises are worded in [promises.md](promises.md); [not-built-yet.md](not-built-yet.md) says what
is missing. Of {all} promises {kept} have tests.

| ID | Kept by |
|---|---|
"""


def promises(root: Path) -> list[str]:
    """The IDs of docs/promises.md, in its order."""
    lines = (root / "docs/promises.md").read_text(encoding="utf-8").splitlines()
    return [match[1] for line in lines if (match := PROMISE.match(line))]


def marked(node: ast.AST) -> Iterator[str]:
    """The IDs in `pytest.mark.requirement(…)` anywhere in `node`."""
    for call in ast.walk(node):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "requirement":
            for argument in call.args:
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                    yield argument.value


def tests_of(body: list[ast.stmt], prefix: str, inherited: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Pairs of an ID and a test: from its decorators, those of its class, and the module's `pytestmark`."""
    own = [node for node in body if isinstance(node, ast.Assign) and "pytestmark" in map(ast.unparse, node.targets)]
    inherited |= {identifier for node in own for identifier in marked(node.value)}
    for node in body:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        carried = inherited | {identifier for decorator in node.decorator_list for identifier in marked(decorator)}
        if isinstance(node, ast.ClassDef):
            yield from tests_of(node.body, f"{prefix}::{node.name}", frozenset(carried))
        elif node.name.startswith("test_"):
            yield from ((identifier, f"{prefix}::{node.name}") for identifier in carried)


def collect(root: Path) -> dict[str, list[str]]:
    """Tests by the ID they carry, sorted."""
    found = defaultdict(list)
    for path in sorted([*(root / "tests").rglob("test_*.py"), *root.glob("examples/*/tests/**/test_*.py")]):
        tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
        for identifier, test in tests_of(tree.body, path.relative_to(root).as_posix(), frozenset()):
            found[identifier].append(test)
    return {identifier: sorted(tests) for identifier, tests in found.items()}


def page(root: Path) -> str:
    """The whole page; ValueError when a test carries an ID that no promise has."""
    known = promises(root)
    found = collect(root)
    if unknown := sorted(found.keys() - set(known)):
        raise ValueError(f"docs/promises.md has no {', '.join(unknown)}, which {found[unknown[0]][0]} carries")
    rows = (
        f"| {identifier} | {'<br>'.join(f'`{test}`' for test in found.get(identifier, [])) or 'not built yet'} |\n"
        for identifier in known
    )
    return HEAD.format(all=len(known), kept=len(found)) + "".join(rows)


if __name__ == "__main__":
    try:
        text = page(ROOT)
    except ValueError as error:
        sys.exit(str(error))
    (ROOT / PAGE).write_text(text, encoding="utf-8")
    print(f"{PAGE}: {text.count('not built yet')} of {len(promises(ROOT))} promises are not built yet")
