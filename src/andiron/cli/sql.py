"""`andiron sql`: asks a running server, or a data folder that no server has open, and prints the answer."""

import json
import sys
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from andiron.cli.remote import URL, Asker, server
from andiron.cli.terminal import cell, wide
from andiron.errors import AndironError, ConfigurationError, DataPathBusy
from andiron.server.settings import Settings

DATABASE = "andiron"


class Form(StrEnum):
    """How the answer is printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    NDJSON = "ndjson"


def sql(
    query: Annotated[
        str | None, typer.Argument(help="The query; standard input otherwise.", show_default=False)
    ] = None,
    *,
    file: Annotated[
        Path | None, typer.Option("--file", "-f", help="File that holds the query.", show_default=False)
    ] = None,
    form: Annotated[Form, typer.Option("--format", help="How to print the answer.")] = Form.TABLE,
    limit: Annotated[int, typer.Option(min=1, help="Most rows to print.")] = 100,
    url: Annotated[str, typer.Option(envvar="ANDIRON_URL", help="Address of the server.")] = URL,
    token: Annotated[
        str | None, typer.Option(envvar="ANDIRON_TOKEN", help="Token with the scope read.", show_default=False)
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="Data folder to read instead, while no server runs.", show_default=False)
    ] = None,
    project: Annotated[str, typer.Option(help="With --data, the project to read.")] = "default",
) -> None:
    """Ask a running server, or a data folder, in SQL."""
    try:
        text = text_of(query, file)
        if data is not None:
            with_folder(data, project, lambda ask: printed(ask, text, form), limit)
        else:
            printed(server(url, token, limit), text, form)
    except AndironError as error:
        typer.echo(f"andiron: {error}", err=True)
        raise typer.Exit(1) from None


def text_of(query: str | None, file: Path | None) -> str:
    """The query, wherever it is."""
    if query is not None and file is not None:
        raise ConfigurationError("Give the query as an argument or with --file, not both.")
    if file is not None:
        try:
            return file.read_text()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"{file} cannot be read: {getattr(error, 'strerror', None) or error}.") from None
    if query is not None and query != "-":
        return query
    if sys.stdin.isatty():
        raise ConfigurationError('There is no query; write andiron sql "SELECT message FROM records LIMIT 10".')
    return sys.stdin.read()


def with_folder(data: Path, project: str, work: Callable[[Asker], None], limit: int) -> None:
    """Do `work` with the data folder open in this process."""
    from andiron.server.control.metadata import Metadata
    from andiron.server.control.projects import Projects
    from andiron.server.datapath import DataPath
    from andiron.server.query.dialect import Question
    from andiron.server.query.queries import Queries
    from andiron.server.store.open import open_store
    from andiron.server.store.schema import Schema

    if not data.is_dir():
        raise ConfigurationError(f"There is no data folder {data}.")
    settings = Settings(data=data)
    if limit > settings.query_rows:
        raise ConfigurationError(f"--limit is at most {settings.query_rows}; ANDIRON_QUERY_ROWS raises that.")
    try:
        path = DataPath(data)
    except DataPathBusy as error:
        raise DataPathBusy(
            f"{error} To ask the server that has it open, leave out --data or name it with --url."
        ) from None
    try:
        metadata = Metadata.open(settings.data, settings.metadata)
        try:
            Projects(metadata).ensure_default(settings.project)
            name = Projects(metadata).get(project).database
        finally:
            metadata.close()
        engine = open_store(settings)
        try:
            database = getattr(engine, "database", DATABASE) + name.removeprefix(DATABASE)
            Schema(engine).ensure(database)
            queries = Queries(engine, settings)

            def ask(text: str, kind: str) -> bytes:
                csv = kind == "csv"
                question = Question(sql=text, database=database, now=queries.now(), limit=limit, arrays_as_json=csv)
                return queries.answer(question, "csv" if csv else "json").body

            work(ask)
        finally:
            engine.close()
    finally:
        path.release()


def printed(ask: Asker, text: str, form: Form) -> None:
    """Ask, and write the answer to standard output."""
    if form is Form.CSV:
        typer.echo(ask(text, "csv").decode(), nl=False)
        return
    answer = json.loads(ask(text, "json"))
    rows: list[dict[str, Any]] = answer["data"]
    match form:
        case Form.JSON:
            typer.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        case Form.NDJSON:
            for row in rows:
                typer.echo(json.dumps(row, ensure_ascii=False))
        case _:
            as_table([field["name"] for field in answer["schema"]["fields"]], rows)


def as_table(names: list[str], rows: list[dict[str, Any]]) -> None:
    """A table, no wider than the terminal."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, header_style="bold", pad_edge=False)
    numbers = {name for name in names if rows and all(isinstance(row[name], int | float | None) for row in rows)}
    for name in names:
        table.add_column(Text(name), justify="right" if name in numbers else "left", overflow="fold")
    for row in rows:
        table.add_row(*(cell(row[name]) for name in names))
    wide().print(table)
    typer.echo(f"{len(rows)} {'row' if len(rows) == 1 else 'rows'}", err=True)
