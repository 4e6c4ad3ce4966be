"""What a page says and the code no longer has: variables, commands, paths, metrics, names, files, links, targets of make."""

import ast
import importlib
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.code_facts import OURS, Command, Endpoint
from scripts.documents import Block, Document, Piece

Found = tuple[int, str, str]
"""A line, what is wrong there, what to do."""

COMPARES = frozenset({"docs/names.md", "docs/promises.md", "docs/not-built-yet.md"})
"""Pages that speak of names which are not built, or not under that name: names.md has a test of its own."""
SHELL = frozenset({"console", "sh", "bash", "shell", ""})
CONTRACTS = ("/api/v1/",)
"""Paths that the application half asks for and this server does not serve yet: docs/remote-level.md is their contract."""
SERVED = re.compile(
    r"(?:^|[\s\"'(:])(?:https?://(?:127\.0\.0\.1|localhost):4318)?(/(?:v[12]|pages/api|healthz|readyz|metrics)(?:/[\w{}.…*-]*)*)"
)
METRIC = re.compile(r"\b((?:andiron|operation|resource|db_client|http_server|observability)_[a-z0-9_]+)\b")
ENDINGS = ("_bucket", "_sum", "_count")
MEASURED = ("_total", "_seconds", "_bytes", *ENDINGS)
DOTTED = re.compile(r"(?<![\w./@-])andiron(?:\.[A-Za-z_]\w*)+")
PLACE = re.compile(r"^(?:src|docs|tests|scripts|deploy|bench|web|examples)/[\w./-]*\w/?$")
MODULE = re.compile(r"\bpython3? -m ((?:andiron|bench|scripts)[\w.]*)")
SCRIPT = re.compile(r"\bpython3? (scripts/[\w/]+\.py)")


@dataclass(frozen=True)
class Known:
    """All that a page may speak of."""

    root: Path
    variables: frozenset[str]
    endpoints: tuple[Endpoint, ...]
    commands: Mapping[tuple[str, ...], Command]
    metrics: frozenset[str]
    literals: frozenset[str]

    @property
    def targets(self) -> set[str]:
        """What `make` knows."""
        makefile = self.root / "Makefile"
        return set(re.findall(r"^([a-z][\w-]*):", makefile.read_text(encoding="utf-8"), re.MULTILINE))


def stale(page: Document, pages: Sequence[Document], known: Known) -> Iterator[Found]:
    """All that this page names and that is not there."""
    yield from links(page, pages)
    if page.name in COMPARES:
        return
    targets = known.targets
    for piece in page.code:
        yield from variables(piece, known)
        yield from commands(piece, known)
        yield from paths(piece, known)
        yield from metrics(piece, known)
        yield from files(piece, known)
        yield from names(piece, known)
        for target in re.findall(r"(?:^|[$&;] *|^`)make ([a-z][\w-]*)", piece.text):
            if target not in targets:
                yield piece.line, f"`make {target}` is no target of the Makefile.", "Correct it, or take it out."
    for block in page.blocks:
        yield from imports(block)


def variables(piece: Piece, known: Known) -> Iterator[Found]:
    """Variables that nothing reads."""
    for name in OURS.findall(piece.text):
        if name not in known.variables:
            yield piece.line, f"nothing reads the variable `{name}`.", "Correct the name, or take it out."


def commands(piece: Piece, known: Known) -> Iterator[Found]:
    """Commands and options that `andiron` does not have."""
    for use in uses(piece):
        words: tuple[str, ...] = ("andiron",)
        rest = use
        while rest and (*words, rest[0]) in known.commands:
            words, rest = (*words, rest[0]), rest[1:]
        command = known.commands[words]
        if command.group and rest and not rest[0].startswith(("-", "…", "<")):
            yield (
                piece.line,
                f"`{command.name}` has no command `{rest[0]}`.",
                f"`{command.name} --help` lists those it has.",
            )
            continue
        options = {name for option in command.options for name in option.names} | {"--help", "-h"}
        for word in rest:
            if command.passes_on and not word.startswith("-"):
                break
            if re.match(r"^--?[a-z]", word) and word.split("=")[0] not in options:
                yield (
                    piece.line,
                    f"`{command.name}` has no option `{word}`.",
                    f"`{command.name} --help` lists those it has.",
                )


def uses(piece: Piece) -> Iterator[list[str]]:
    """The words after `andiron` of each command in a line."""
    text = piece.text
    if piece.language is None:
        if not re.match(r"^(?:[A-Z_]+=\S+ )*andiron [a-z-]", text):
            return
    elif piece.language not in SHELL:
        return
    for part in re.split(r"[|;&]+", text):
        line = re.sub(r"^\s*(?:[$#>] )?(?:[A-Z_]+=\S+ )*(?:\S*/)?andiron (?=[a-z-])", "andiron ", part)
        if line.startswith("andiron "):
            try:
                yield shlex.split(line, comments=True)[1:]
            except ValueError:
                # A statement over several lines.
                yield line.split()[1:2]


def paths(piece: Piece, known: Known) -> Iterator[Found]:
    """Paths of the server that it does not serve."""
    for path in SERVED.findall(piece.text):
        plain = path.rstrip("/.…*")
        # The page of an application has `/metrics` too, and a folder of the API may be named as a whole.
        if (
            plain == ""
            or path.startswith(CONTRACTS)
            or any(each.path.startswith(f"{plain}/") for each in known.endpoints)
        ):
            continue
        if not any(each.pattern.fullmatch(plain) for each in known.endpoints):
            yield piece.line, f"the server has no `{path}`.", "docs/http-api.md lists what it has."


def metrics(piece: Piece, known: Known) -> Iterator[Found]:
    """Metrics that nothing makes."""
    if piece.language not in (None, "promql", "yaml"):
        return
    for name in METRIC.findall(piece.text):
        base = next((name.removesuffix(ending) for ending in ENDINGS if name.endswith(ending)), name)
        if name.endswith(MEASURED) and not {name, base} & known.metrics and name not in known.literals:
            yield (
                piece.line,
                f"nothing makes the metric `{name}`.",
                "docs/settings.md and docs/metrics-reference.md list those there are.",
            )


def files(piece: Piece, known: Known) -> Iterator[Found]:
    """Files and modules that are not there."""
    if piece.language is None and PLACE.match(piece.text) and not (known.root / piece.text).exists():
        yield piece.line, f"there is no `{piece.text}`.", "Correct the path, or take it out."
    for module in MODULE.findall(piece.text):
        path = known.root / ("src" if module.startswith("andiron") else "") / module.replace(".", "/")
        if not path.with_suffix(".py").is_file() and not path.is_dir():
            yield piece.line, f"there is no module `{module}`.", "Correct the name, or take it out."
    for script in SCRIPT.findall(piece.text):
        if not (known.root / script).is_file():
            yield piece.line, f"there is no `{script}`.", "Correct the path, or take it out."


def names(piece: Piece, known: Known) -> Iterator[Found]:
    """Dotted names under `andiron.` that neither can be imported nor occur in the code, as attributes of records do."""
    if piece.language not in (None, "python"):
        return
    for name in DOTTED.findall(piece.text):
        if name not in known.literals and not importable(name):
            yield (
                piece.line,
                f"there is no `{name}`: it cannot be imported, and the code makes no attribute of that name.",
                "Correct it, or take it out.",
            )


def imports(block: Block) -> Iterator[Found]:
    """Examples that import what is not there."""
    if block.language != "python":
        return
    try:
        tree = ast.parse(block.text)
    except SyntaxError:
        # With an ellipsis in the place of code.
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "andiron":
            for alias in node.names:
                if not importable(f"{node.module}.{alias.name}"):
                    yield block.line + node.lineno, f"`{node.module}` has no `{alias.name}`.", "Correct the example."


def importable(name: str) -> bool:
    """Whether a dotted name leads to something: modules first, then attributes, of which instances may have more than their class."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        for part in parts[length:]:
            if not hasattr(found, part):
                return False
            found = getattr(found, part)
        return True
    return False


def links(page: Document, pages: Sequence[Document]) -> Iterator[Found]:
    """Links to files and headings that are not there."""
    by_path = {each.path.resolve(): each for each in pages}
    for link in page.links:
        if re.match(r"^[a-z][a-z+.-]*:|^//", link.text):
            continue
        target, _, anchor = link.text.partition("#")
        path = (page.path.parent / target).resolve() if target else page.path.resolve()
        if not path.exists():
            yield link.line, f"the link to `{link.text}` leads nowhere.", "Correct it: it is relative to this page."
        elif anchor and path in by_path and anchor not in by_path[path].anchors:
            yield (
                link.line,
                f"`{target or page.name}` has no heading `#{anchor}`.",
                "Headings become anchors in lower case, with - for spaces.",
            )
