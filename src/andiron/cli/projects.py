"""`andiron projects`: make, list and delete projects."""

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from andiron.cli.metadata import Data, Json, Url, metadata_of
from andiron.server.control.models import Project
from andiron.server.control.projects import Projects

app = typer.Typer(
    no_args_is_help=True, help="Projects keep telemetry apart: each has a database and tokens of its own."
)

Name = Annotated[str, typer.Argument(help="Name of the project: a-z, 0-9, - and _, starting with a letter.")]


@app.command()
def create(name: Name, *, data: Data = None, metadata: Url = None, as_json: Json = False) -> None:
    """Make a project."""
    with metadata_of(data, metadata) as opened:
        project = Projects(opened).create(name)
    if as_json:
        typer.echo(json.dumps(_plain(project), indent=2))
    else:
        typer.echo(
            f"Made the project {project.name}. `andiron tokens create --project {project.name}` makes a token for it."
        )


@app.command("list")
def show(*, data: Data = None, metadata: Url = None, as_json: Json = False) -> None:
    """List the projects."""
    with metadata_of(data, metadata) as opened:
        projects = Projects(opened).all()
    if as_json:
        typer.echo(json.dumps([_plain(project) for project in projects], indent=2))
        return
    table = Table("Name", "Database", "Made")
    for project in projects:
        table.add_row(project.name, project.database, f"{project.created_at:%Y-%m-%d %H:%M} UTC")
    Console().print(table)


@app.command()
def delete(
    name: Name,
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    data: Data = None,
    metadata: Url = None,
) -> None:
    """Delete a project with its tokens and all its telemetry."""
    with metadata_of(data, metadata) as opened:
        projects = Projects(opened)
        projects.deletable(name)
        if not yes:
            typer.confirm(f"Delete the project {name}, its tokens and all its telemetry?", abort=True)
        projects.delete(name)
    typer.echo(f"Deleted the project {name}. Its tokens stop working within seconds; the server then drops its data.")


def _plain(project: Project) -> dict[str, str]:
    return {
        "id": project.id,
        "name": project.name,
        "database": project.database,
        "created_at": project.created_at.isoformat(),
    }
