"""What the code has that people meet: settings, variables, endpoints, metrics, fields of log lines, commands. `docs_lint` and `reference` ask here.

Read from the code itself: its models, its routes, its command line; what no model holds is found in its syntax trees.
"""

import ast
import importlib
import inspect
import json
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

from typer.main import get_command_from_info, get_group

from andiron.cli import app as command_line
from andiron.cli import install
from andiron.sdk.operations.names import MEASURES
from andiron.sdk.operations.settings import ObservabilitySettings
from andiron.sdk.operations.settings import variables as operations_variables
from andiron.sdk.settings import SdkSettings, variables
from andiron.server.app import Andiron
from andiron.server.ingest.signals import SIGNALS
from andiron.server.observe import Instruments
from andiron.server.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "src/andiron"
OURS = re.compile(r"\b(?:ANDIRON|OBSERVABILITY)_[A-Z][A-Z0-9_]*[A-Z0-9]\b")
"""Variables of this project. Those of others are documented where the code reads them."""
MAKERS = re.compile(r"^(create_)?(observable_)?(up_down_)?(histogram|counter|gauge)$")
"""Calls that make an instrument, or hand its name to one that does."""


@dataclass(frozen=True, order=True)
class Fact:
    """Something that the code has: what it is, the name that people write, and where it comes from."""

    kind: str
    name: str
    where: str


@dataclass(frozen=True)
class Endpoint:
    """A method and a path of the server, and where in the code it is answered."""

    method: str
    path: str
    where: str

    @property
    def pattern(self) -> re.Pattern[str]:
        """Paths that it answers."""
        return re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(self.path)))


@dataclass(frozen=True)
class Option:
    """An option or an argument of a command."""

    names: tuple[str, ...]
    help: str
    variable: str
    default: str
    hidden: bool


@dataclass(frozen=True)
class Command:
    """A command with all that it takes; `words` are what one types."""

    words: tuple[str, ...]
    summary: str
    options: tuple[Option, ...]
    group: bool
    passes_on: bool
    where: str

    @property
    def name(self) -> str:
        """As it is typed."""
        return " ".join(self.words)


def place(path: Path, line: int = 0) -> str:
    """Where something stands, for a message."""
    shown = path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else str(path)
    return f"{shown}:{line}" if line else shown


def settings() -> Iterator[Fact]:
    """Settings of the application half (arguments and variables), of the server, and of the operations."""
    where = place(SOURCES / "sdk/settings.py")
    for name in SdkSettings.model_fields:
        yield Fact("argument", name, where)
        yield from (Fact("variable", variable, where) for variable in variables(name))
    for name in Settings.model_fields:
        yield Fact("variable", f"ANDIRON_{name.upper()}", place(SOURCES / "server/settings.py"))
    where = place(SOURCES / "sdk/operations/settings.py")
    for name in ObservabilitySettings.model_fields:
        yield Fact("observability setting", name, where)
        yield from (Fact("variable", variable, where) for variable in operations_variables(name))


def asks_environment(node: ast.AST) -> Iterator[ast.expr]:
    """The key of `environ["X"]`, `environ.get("X")`, `getenv("X")` and `"X" in environ`."""

    def environment(value: ast.expr) -> bool:
        return ast.unparse(value) in {"environ", "os.environ", "self.environ"}

    if isinstance(node, ast.Subscript) and environment(node.value):
        yield node.slice
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
        reads = node.func.attr in {"get", "pop", "setdefault"} and environment(node.func.value)
        if reads or ast.unparse(node.func) == "os.getenv":
            yield node.args[0]
    elif isinstance(node, ast.Compare) and any(environment(each) for each in node.comparators):
        yield node.left


@dataclass(frozen=True)
class Source:
    """A file of the code, parsed once."""

    path: Path
    tree: ast.Module

    @property
    def constants(self) -> dict[str, str]:
        """Names of the module that stand for a text."""
        return {
            target.id: node.value.value
            for node in self.tree.body
            if isinstance(node, ast.Assign)
            and isinstance(node.value, ast.Constant)
            and isinstance(node.value.value, str)
            for target in node.targets
            if isinstance(target, ast.Name)
        }

    def text(self, node: ast.expr) -> str | None:
        """The text that an expression is, where that can be told; each unknown part of an f-string is `<NAME>`."""
        match node:
            case ast.Constant(value=str(value)):
                return value
            case ast.Name(id=name):
                return self.constants.get(name)
            case ast.NamedExpr(value=value):
                return self.text(value)
            case ast.JoinedStr(values=values):
                return "".join(self.text(part) or "<NAME>" for part in values)
        return None


@cache
def sources() -> tuple[Source, ...]:
    """Every file of the package."""
    return tuple(
        Source(path, ast.parse(path.read_text(encoding="utf-8"), filename=str(path)))
        for path in sorted(SOURCES.rglob("*.py"))
    )


def environment() -> Iterator[Fact]:
    """Variables that the code reads by itself, or names in a text."""
    for source in sources():
        for node in ast.walk(source.tree):
            for key in asks_environment(node):
                if name := source.text(key):
                    yield Fact("variable", name, place(source.path, key.lineno))
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                for match in OURS.findall(node.value):
                    yield Fact("variable", match, place(source.path, node.lineno))


@cache
def endpoints() -> tuple[Endpoint, ...]:
    """The routes of the assembled server. It is given a store that is never asked: none of them is called."""
    with tempfile.TemporaryDirectory() as folder:
        server = Andiron(
            Settings(
                _env_file=None,
                data=Path(folder),
                metadata="",
                http="127.0.0.1:4318",
                grpc="off",
                store="clickhouse://127.0.0.1:9/andiron",
            )
        )
        try:
            assembled: Any = server.asgi()
            known = inspect.getclosurevars(assembled.app.app).nonlocals
            routes = known["pages"].routes
            found = [Endpoint("POST", path, place(SOURCES / "server/ingest/http.py")) for path in known["ingest"]]
            found += [
                Endpoint(method, route.path, answered_at(route.endpoint))
                for route in routes
                for method in sorted(route.methods - {"HEAD"})
            ]
        finally:
            server._close()  # noqa: SLF001 - opened for its routes alone, outside of any event loop
    return tuple(found)


def answered_at(endpoint: Any) -> str:
    """Where the handler stands that is below what the desk wraps around it."""
    wrapped = inspect.getclosurevars(endpoint).nonlocals if inspect.isfunction(endpoint) else {}
    code = inspect.unwrap(wrapped.get("handler", endpoint)).__code__
    return place(Path(code.co_filename), code.co_firstlineno)


def services() -> Iterator[Fact]:
    """The gRPC services."""
    for signal in SIGNALS:
        yield Fact("gRPC service", signal.service, place(SOURCES / "server/ingest/signals.py"))


@cache
def server_metrics() -> tuple[tuple[str, str, str], ...]:
    """Name, kind and meaning of each metric of the server, as Prometheus shows them."""
    families = [family for family in Instruments().registry.collect() if family.name.startswith("andiron_")]
    told = [
        (f"{each.name}_total" if each.type == "counter" else each.name, each.type, each.documentation)
        for each in families
    ]
    return (*told, *((name, "gauge", text) for name, text in Instruments.WATCHED.items()))


def metrics() -> Iterator[Fact]:
    """Metrics of the server and of the application half."""
    for name, _, _ in server_metrics():
        yield Fact("metric", name, place(SOURCES / "server/observe.py"))
    for measure in MEASURES:
        yield Fact("metric", measure.name, place(SOURCES / "sdk/operations/names.py"))
    for source in sources():
        if not source.path.is_relative_to(SOURCES / "sdk"):
            continue
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Call) and node.args and MAKERS.match(ast.unparse(node.func).rpartition(".")[2]):
                made = source.text(node.args[0])
                if made and "." in made:
                    yield Fact("metric", made, place(source.path, node.lineno))


def fields() -> Iterator[Fact]:
    """Fields of a log line."""
    path = SOURCES / "sdk/schema/log-line.schema.json"
    for name, described in json.loads(path.read_text(encoding="utf-8"))["properties"].items():
        yield Fact("log field", name, place(path))
        yield from (Fact("log field", f"{name}.{inner}", place(path)) for inner in described.get("properties", {}))


@cache
def commands() -> tuple[Command, ...]:
    """Every command of `andiron`, groups before what is in them."""
    found = [described(("andiron",), get_group(command_line))]
    for name, (module, _) in {**install.COMMANDS, **install.GROUPS}.items():
        loaded = importlib.import_module(module)
        if name in install.GROUPS:
            group = get_group(loaded.app)
            found.append(described(("andiron", name), group))
            found += [described(("andiron", name, sub), command) for sub, command in group.commands.items()]
        else:
            info = command_line.command(name, context_settings=getattr(loaded, "CONTEXT", None))
            info(getattr(loaded, name))
            registered = command_line.registered_commands.pop()
            command = get_command_from_info(registered, pretty_exceptions_short=True, rich_markup_mode=None)
            found.append(described(("andiron", name), command))
    return tuple(found)


def described(words: tuple[str, ...], command: Any) -> Command:
    """A command as data."""
    options = tuple(
        taken(parameter)
        for parameter in command.params
        if parameter.name not in COMPLETION and parameter.name != "help"
    )
    module = words[1] if len(words) > 1 else "__init__"
    passes_on = bool(command.context_settings.get("allow_interspersed_args") is False)
    return Command(
        words,
        (command.help or "").split("\n\n")[0],
        options,
        hasattr(command, "commands"),
        passes_on,
        place(SOURCES / "cli" / f"{module}.py"),
    )


COMPLETION = ("install_completion", "show_completion")
"""Typer's own options."""


def taken(parameter: Any) -> Option:
    """An option or argument as data."""
    unset = callable(parameter.default) or parameter.default in (None, True, False, (), "")
    default = "" if unset else str(parameter.default)
    argument = parameter.param_type_name == "argument"
    names = ((parameter.name or "").upper(),) if argument else (*parameter.opts, *parameter.secondary_opts)
    return Option(
        names,
        getattr(parameter, "help", None) or "",
        str(parameter.envvar or ""),
        default.removeprefix("0:").replace(":00", "m") if isinstance(parameter.default, timedelta) else default,
        bool(getattr(parameter, "hidden", False)),
    )


@cache
def facts() -> tuple[Fact, ...]:
    """All of them, but for endpoints and commands, which have more to tell than a name."""
    return (*settings(), *environment(), *services(), *metrics(), *fields())


def named_elsewhere() -> set[str]:
    """Variables of this project that its tests, scripts, examples and builds read."""
    texts = [ROOT / "Makefile", *(ROOT / ".ci").glob("*"), *(ROOT / "deploy").rglob("*")]
    found = {name for path in texts if path.is_file() for name in OURS.findall(path.read_text(encoding="utf-8"))}
    for folder in ("tests", "scripts", "bench", "examples"):
        for path in (ROOT / folder).rglob("*.py"):
            source = Source(path, ast.parse(path.read_text(encoding="utf-8"), filename=str(path)))
            keys = [key for node in ast.walk(source.tree) for key in asks_environment(node)]
            found.update(name for key in keys if (name := source.text(key)) and OURS.fullmatch(name))
    return found


def literals() -> set[str]:
    """Every text in the code that could be a name: attributes of records, tables, fixtures."""
    texts = (
        node.value
        for source in sources()
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )
    return {word for text in texts for word in re.findall(r"[A-Za-z_][\w.]*\w", text)}
