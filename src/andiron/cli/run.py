"""`andiron run`: start a program with telemetry, without a line in it. It becomes the program: same process, terminal, signals, status."""

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from andiron.errors import ConfigurationError
from andiron.sdk.autostart import FOLDER, PROCESS

CONTEXT = {"allow_interspersed_args": False, "ignore_unknown_options": True}
"""The program's options are its own: everything from the first word that is no option of ours."""


def run(
    command: Annotated[list[str], typer.Argument(help="The program: a command, a .py file, or -m and a module.")],
    *,
    service: Annotated[str | None, typer.Option(help="Name of the service [ANDIRON_SERVICE].")] = None,
    environment: Annotated[str | None, typer.Option(help="Where it runs [ANDIRON_ENVIRONMENT].")] = None,
    url: Annotated[str | None, typer.Option(help="Where telemetry goes [ANDIRON_URL, http://127.0.0.1:4318].")] = None,
    token: Annotated[
        str | None, typer.Option(help="Write token; others see it in the list of processes: prefer ANDIRON_TOKEN.")
    ] = None,
    setting: Annotated[list[str] | None, typer.Option("--set", help="Any other setting: --set sample=0.1")] = None,
) -> None:
    """Start a program with telemetry: andiron run -- python app.py."""
    named = {"service": service, "environment": environment, "url": url, "token": token}
    settings = {**named, **dict(pair(text) for text in setting or [])}
    program, arguments = resolve(command)
    environ = prepared(os.environ, {name: value for name, value in settings.items() if value is not None})
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        os.execve(program, arguments, environ)  # noqa: S606 - starting what the user names is the purpose
    except OSError as error:
        typer.echo(f"andiron: {program} cannot be started: {error.strerror}", err=True)
        raise typer.Exit(126) from None


def pair(text: str) -> tuple[str, str]:
    """`name=value` of a setting that exists."""
    from andiron.sdk.settings import SdkSettings

    name, equals, value = text.partition("=")
    name = name.strip().replace("-", "_")
    if not equals or name not in SdkSettings.model_fields:
        raise ConfigurationError(f"--set {text}: write name=value, with one of {', '.join(SdkSettings.model_fields)}.")
    return name, value


def resolve(command: list[str]) -> tuple[str, list[str]]:
    """The file to execute and its arguments; a module or a .py file goes to this Python."""
    first = command[0]
    if first == "-m" or (first.endswith(".py") and not os.access(first, os.X_OK)):
        return sys.executable, [sys.executable, *command]
    if first.startswith("-"):
        typer.echo(f"andiron: run has no option {first}; `andiron run --help` lists them", err=True)
        raise typer.Exit(2)
    # As a shell would, and beside this Python too, for those who call `.venv/bin/andiron` by its path.
    found = shutil.which(first) or shutil.which(first, path=str(Path(sys.executable).parent))
    if found is None:
        typer.echo(f"andiron: there is no command {first}", err=True)
        raise typer.Exit(127)
    return found, command


def prepared(environ: Mapping[str, str], settings: Mapping[str, str]) -> dict[str, str]:
    """The program's environment."""
    path = environ.get("PYTHONPATH")
    child = {
        **environ,
        **{f"ANDIRON_{name.upper()}": value for name, value in settings.items()},
        "PYTHONPATH": f"{FOLDER}{os.pathsep}{path}" if path else FOLDER,
        PROCESS: str(os.getpid()),
    }
    if "PYDANTIC_DISABLE_PLUGINS" not in inherited(environ):
        # This command set it for itself; the program's models may be traced.
        child.pop("PYDANTIC_DISABLE_PLUGINS", None)
    return child


def inherited(environ: Mapping[str, str]) -> set[str]:
    """The names of the variables that this process was started with."""
    try:
        return {entry.partition(b"=")[0].decode() for entry in Path("/proc/self/environ").read_bytes().split(b"\0")}
    except OSError:  # No Linux. What the user set looks the same as what we set, unless it differs.
        return set(environ) - (
            {"PYDANTIC_DISABLE_PLUGINS"} if environ.get("PYDANTIC_DISABLE_PLUGINS") == "true" else set()
        )
