"""Which commands there are, and what to install for those that are missing."""

import importlib
from collections.abc import Callable

import typer

SERVER = {
    "serve": ("andiron.cli.serve", "Take telemetry, keep it and answer questions about it."),
    "sql": ("andiron.cli.sql", "Ask a running server, or a data folder, in SQL."),
}
GROUPS = {
    "projects": ("andiron.cli.projects", "Projects: separate homes for separate telemetry."),
    "tokens": ("andiron.cli.tokens", "Tokens: who may write, read or administer."),
    "quarantine": ("andiron.cli.quarantine", "Requests that the store refused, with the reason."),
}

ANYTHING = {"allow_extra_args": True, "ignore_unknown_options": True}


def register(app: typer.Typer) -> None:
    """Add every command to `app`."""
    for name, (module, text) in SERVER.items():
        try:
            app.command(name, help=text)(getattr(importlib.import_module(module), name))
        except ModuleNotFoundError as error:
            app.command(name, help=text, context_settings=ANYTHING)(missing(error))
    for name, (module, text) in GROUPS.items():
        try:
            app.add_typer(importlib.import_module(module).app, name=name, help=text)
        except ModuleNotFoundError as error:
            app.command(name, help=text, context_settings=ANYTHING)(missing(error))


def missing(error: ModuleNotFoundError) -> Callable[[], None]:
    """A command that says what to install."""

    def command() -> None:
        typer.echo(
            f"andiron: this command needs the server ({error.name} is missing): pip install 'andiron[server]'", err=True
        )
        raise typer.Exit(1)

    return command
