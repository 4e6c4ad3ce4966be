"""Writes the pages of reference from what the code knows: settings, metrics of the server, endpoints, commands.

python -m scripts.reference
"""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from andiron.delivery.levels import Level
from andiron.sdk.operations.settings import ObservabilitySettings
from andiron.sdk.operations.settings import variables as operations_variables
from andiron.sdk.settings import SdkSettings, variables
from andiron.server.settings import SIZED, Settings
from scripts import endpoints, setup_guide
from scripts.code_facts import Command, commands, server_metrics

DOCS = Path(__file__).parent.parent / "docs"

HEAD = """# Settings and metrics of the server

Written by `make docs`; a test fails when it is stale. What it answers to is in [http-api.md](http-api.md), what one types in [commands.md](commands.md).

## Settings

Each is an environment variable, or a line in `.env` in the current folder. `andiron serve` takes the first four as options too
(`--http`, `--grpc`, `--data`, `--store`), and an option wins. Durations are written `90s`, `15m`, `12h`, `30d`, `4w`; sizes `64MB`, `2GiB`.

| variable | default | meaning |
|---|---|---|
"""

METRICS = """
## Metrics

`GET /metrics` answers with them in Prometheus's format.

| metric | kind | meaning |
|---|---|---|
"""


def default(name: str, value: Any) -> str:
    """A default as one would write it."""
    if isinstance(value, timedelta):
        seconds = int(value.total_seconds())
        return f"{seconds // 86400}d" if seconds % 86400 == 0 else f"{seconds}s"
    if name in SIZED:
        for unit, factor in (("GB", 1000**3), ("MB", 1000**2)):
            if value % factor == 0:
                return f"{value // factor}{unit}"
    return ", ".join(value) if isinstance(value, list) else str(value)


def page() -> str:
    """The whole page."""
    settings = "".join(
        f"| `ANDIRON_{name.upper()}` | {f'`{shown}`' if (shown := default(name, field.get_default(call_default_factory=True))) else ''} "
        f"| {field.description} |\n"
        for name, field in Settings.model_fields.items()
    )
    metrics = "".join(f"| `{name}` | {kind} | {text} |\n" for name, kind, text in server_metrics())
    return HEAD + settings + METRICS + metrics + "\nBeside these, `process_*` and `python_gc_*`.\n"


APPLICATION_HEAD = """# Settings of an application's telemetry

Written by `make docs`; a test fails when it is stale.

Each setting is an argument of `andiron.configure` and `andiron.bootstrap_logfire`, an environment variable, and a key of `[tool.andiron]` in the
`pyproject.toml` of the current folder. The first that is set wins, in this order: the argument, `ANDIRON_*`, the variables of Logfire and
OpenTelemetry in the third column, `pyproject.toml`, the default. Durations are seconds or `90s`, `15m`, `12h`, `30d`; sizes bytes or `64MB`.
A wrong argument raises `andiron.errors.ConfigurationError`; a wrong variable costs one warning and is passed over.

| argument | variable | also read | default | meaning |
|---|---|---|---|---|
"""


OPERATIONS_HEAD = """
## Operations

`andiron.init_observability` takes these besides, as arguments or in an `ObservabilitySettings`; the first that is set wins: the argument, the variables in
the order of the columns, the default. `enabled` off makes all of it do nothing. [observability-setup.md](observability-setup.md) is the guide.

| argument | variable | also read | default | meaning |
|---|---|---|---|---|
"""


def application_page() -> str:
    """The page of the application's settings."""
    return (
        APPLICATION_HEAD
        + "".join(rows(SdkSettings, variables))
        + OPERATIONS_HEAD
        + "".join(rows(ObservabilitySettings, operations_variables))
    )


def rows(model: type[BaseModel], listens_to: Callable[[str], list[str]]) -> Iterator[str]:
    """A line for each setting."""
    for name, field in model.model_fields.items():
        own, *others = listens_to(name)
        value = field.get_default(call_default_factory=True)
        shown = value.name.lower() if isinstance(value, Level) else str(value)
        cells = [f"`{name}`", f"`{own}`", ", ".join(f"`{other}`" for other in others)]
        cells += [f"`{shown}`" if value not in ("", None, {}) else "", str(field.description)]
        yield f"| {' | '.join(cells)} |\n"


COMMANDS_HEAD = """# Commands

Written by `make docs` from the command line itself; a test fails when it is stale. Every command takes `--help`, or `-h`. `andiron doctor` finds
out why telemetry does not arrive, `andiron serve` starts the server; the others ask it, govern it, or work on what lies on this machine.
"""


def commands_page() -> str:
    """Every command with all that it takes."""
    return COMMANDS_HEAD + "".join(section(command) for command in commands())


def section(command: Command) -> str:
    """One command. A summary is enough: its longer help is shown by `--help`."""
    table = [
        f"| {', '.join(f'`{name}`' for name in option.names)} | {escaped(option.help)} | {variable(option.variable)} | {variable(option.default)} |\n"
        for option in command.options
        if not option.hidden
    ]
    head = f"\n{'#' * min(len(command.words) + 1, 3)} `{command.name}`\n\n{escaped(command.summary)}\n"
    return head + ("\n| option | meaning | variable | default |\n|---|---|---|---|\n" + "".join(table) if table else "")


def escaped(text: str) -> str:
    """Help as a cell of a table: without Rich's marks, in one line."""
    return re.sub(r"\[/?(?:bold|dim|cyan|green)\]", "", " ".join(text.split())).replace("|", "\\|")


def variable(text: str) -> str:
    """In backticks, or nothing."""
    return f"`{text}`" if text else ""


PAGES: dict[Path, Callable[[], str]] = {
    DOCS / "settings.md": page,
    DOCS / "application-settings.md": application_page,
    DOCS / "http-api.md": endpoints.page,
    DOCS / "commands.md": commands_page,
    DOCS / "observability-setup.md": setup_guide.page,
}
"""The pages that this writes."""

if __name__ == "__main__":
    for path, text in PAGES.items():
        path.write_text(text(), encoding="utf-8")
