"""`andiron tokens`: make, list and revoke tokens."""

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from andiron.cli.metadata import Data, Json, Url, metadata_of
from andiron.server.control.models import Scope, Token
from andiron.server.control.projects import DEFAULT, Projects
from andiron.server.control.tokens import Tokens
from andiron.units import duration

app = typer.Typer(no_args_is_help=True, help="Tokens let applications write to a project, and people read from it.")


def lifetime(text: str) -> timedelta:
    """Read `90d` for the command line."""
    try:
        value: timedelta = duration(text)
    except (ValueError, OverflowError) as error:
        raise typer.BadParameter(str(error)) from error
    return value


@app.command()
def create(
    *,
    project: Annotated[str, typer.Option(help="Project the token is for.")] = DEFAULT,
    scope: Annotated[Scope, typer.Option(help="What it may do; admin is both and the settings.")] = Scope.WRITE,
    description: Annotated[str, typer.Option(help="What it is for, as the list shows it.")] = "",
    expires: Annotated[
        timedelta | None,
        typer.Option(parser=lifetime, metavar="90d", help="How long it works; forever otherwise.", show_default=False),
    ] = None,
    data: Data = None,
    metadata: Url = None,
    as_json: Json = False,
) -> None:
    """Make a token. It is shown once."""
    with metadata_of(data, metadata) as opened:
        issued = Tokens(opened).create(project, scope, description=description, lifetime=expires)
    if as_json:
        typer.echo(json.dumps({**_plain(issued.token), "token": issued.plaintext}, indent=2))
        return
    typer.echo(f"Token {issued.token.id} may {_may(scope)} the project {project}. It is shown only now:\n")
    typer.echo(f"    {issued.plaintext}\n")
    if scope.allows(Scope.WRITE):
        typer.echo("For the Logfire SDK, beside LOGFIRE_BASE_URL:\n")
        typer.echo(f"    LOGFIRE_TOKEN={issued.plaintext}\n")
        typer.echo("For OpenTelemetry, beside OTEL_EXPORTER_OTLP_ENDPOINT:\n")
        typer.echo(f'    OTEL_EXPORTER_OTLP_HEADERS="Authorization={issued.plaintext}"')
    else:
        typer.echo("For queries over HTTP:\n")
        typer.echo(f"    Authorization: Bearer {issued.plaintext}")


@app.command("list")
def show(
    *,
    project: Annotated[str | None, typer.Option(help="Only those of this project.", show_default=False)] = None,
    data: Data = None,
    metadata: Url = None,
    as_json: Json = False,
) -> None:
    """List the tokens, without their secrets."""
    with metadata_of(data, metadata) as opened:
        if project is not None:
            Projects(opened).get(project)
        tokens = Tokens(opened).all(project)
    if as_json:
        typer.echo(json.dumps([_plain(token) for token in tokens], indent=2))
        return
    table = Table("Id", "Project", "Scope", "Description", "State", "Last used")
    for column in (0, 2, 4, 5):
        table.columns[column].no_wrap = True
    now = datetime.fromtimestamp(time.time(), UTC)
    for token in tokens:
        table.add_row(
            token.id,
            token.project.name,
            token.scope.value,
            token.description,
            _state(token, now),
            "never" if token.last_used_at is None else f"{token.last_used_at:%Y-%m-%d %H:%M}",
        )
    Console().print(table)


@app.command()
def revoke(
    token_id: Annotated[str, typer.Argument(metavar="ID", help="Id of the token, or as much of it as tells it apart.")],
    data: Data = None,
    metadata: Url = None,
) -> None:
    """Stop a token from working, for good."""
    with metadata_of(data, metadata) as opened:
        token = Tokens(opened).revoke(token_id)
    typer.echo(f"Revoked the token {token.id} of the project {token.project.name}. It stops working within seconds.")


def _may(scope: Scope) -> str:
    return {Scope.WRITE: "write to", Scope.READ: "read from", Scope.ADMIN: "write to, read from and govern"}[scope]


def _state(token: Token, now: datetime) -> str:
    if token.revoked_at is not None:
        return "revoked"
    if token.expires_at is None:
        return "live"
    return f"expired {token.expires_at:%Y-%m-%d}" if token.expires_at <= now else f"until {token.expires_at:%Y-%m-%d}"


def _plain(token: Token) -> dict[str, str | None]:
    moments = {
        name: None if moment is None else moment.isoformat()
        for name, moment in {
            "created_at": token.created_at,
            "expires_at": token.expires_at,
            "revoked_at": token.revoked_at,
            "last_used_at": token.last_used_at,
        }.items()
    }
    return {
        "id": token.id,
        "project": token.project.name,
        "scope": token.scope.value,
        "description": token.description,
        **moments,
    }
