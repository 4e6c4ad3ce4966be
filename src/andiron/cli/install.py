"""Which commands there are. Only the one that was asked for is imported: together they take a second to load."""

import importlib
import os
import sys
from collections.abc import Callable

import typer

COMMANDS = {
    "run": ("andiron.cli.run", "Start a program with telemetry, without a line in it."),
    "serve": ("andiron.cli.serve", "Take telemetry, keep it and answer questions about it."),
    "doctor": (
        "andiron.cli.doctor",
        "Send one of each signal through the configured path, find them back, or say what is wrong.",
    ),
    "tail": ("andiron.cli.tail", "Show records as they come."),
    "demo": ("andiron.cli.demo", "Send the telemetry of a small made-up shop, to have something to look at."),
    "sql": ("andiron.cli.sql", "Ask a running server, or a data folder, in SQL."),
}
GROUPS = {
    "projects": ("andiron.cli.projects", "Projects: separate homes for separate telemetry."),
    "tokens": ("andiron.cli.tokens", "Tokens: who may write, read or administer."),
    "spool": ("andiron.cli.spool", "What applications on this machine have not delivered yet."),
    "quarantine": ("andiron.cli.quarantine", "Requests that the store refused, with the reason."),
}
ANYTHING = {"allow_extra_args": True, "ignore_unknown_options": True}


def register(app: typer.Typer) -> None:
    """Add every command to `app`: the one that is asked for in full, the others by name and a word of help."""
    completing = "_ANDIRON_COMPLETE" in os.environ
    for name, (module, text) in {**COMMANDS, **GROUPS}.items():
        if name not in sys.argv and not completing:
            app.command(name, help=text)(lambda: None)
            continue
        try:
            loaded = importlib.import_module(module)
        except ModuleNotFoundError as error:
            if (error.name or "").startswith("andiron"):
                raise
            app.command(name, help=text, context_settings=ANYTHING)(missing(error.name or module))
            continue
        if name in GROUPS:
            app.add_typer(loaded.app, name=name, help=text)
        else:
            app.command(name, help=text, context_settings=getattr(loaded, "CONTEXT", None))(getattr(loaded, name))


def missing(package: str) -> Callable[[], None]:
    """A command that says what to install."""

    def command() -> None:
        typer.echo(
            f"andiron: this command needs the server ({package} is missing): pip install 'andiron[server]'", err=True
        )
        raise typer.Exit(1)

    return command
