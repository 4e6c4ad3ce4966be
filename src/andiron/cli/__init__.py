"""The `andiron` command: each sub-command in its own module, imported when it is asked for."""

import os
import sys
from typing import Annotated

import typer

from andiron import __version__
from andiron.errors import AndironError

app = typer.Typer(
    name="andiron",
    help="The self-hosted home for Logfire and OpenTelemetry: one process takes traces, logs and metrics, and answers in SQL.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def version(value: bool) -> None:  # noqa: FBT001 - typer calls it so
    """Print the version and leave."""
    if value:
        typer.echo(f"andiron {__version__}")
        raise typer.Exit


@app.callback()
def tour(
    *,
    show_version: Annotated[
        bool, typer.Option("--version", callback=version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Start with [bold]andiron serve[/bold]; it prints a line to paste into your application."""


def main() -> None:
    """Run, and turn our own errors into one line."""
    # Where Logfire is installed, pydantic would load it as a plugin: 35 MB for models that nobody traces.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "true")
    try:
        register()
        app()
    except AndironError as error:
        typer.echo(f"andiron: {error}", err=True)
        sys.exit(1)
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("andiron"):
            raise
        typer.echo(f"andiron: this needs the server ({error.name} is missing): pip install 'andiron[server]'", err=True)
        sys.exit(1)


def register() -> None:
    """Add the sub-commands; those of the server only where it is installed."""
    from andiron.cli import install

    install.register(app)
