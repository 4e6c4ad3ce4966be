"""`andiron quarantine`: look at the requests that the store refused, and send them again."""

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Annotated

import httpx
import typer
from google.protobuf import json_format
from google.protobuf.message import DecodeError
from rich.console import Console
from rich.table import Table

from andiron.errors import AndironError, StoreError
from andiron.server.ingest.loader import by_name
from andiron.server.ingest.quarantine import Quarantine, Refused
from andiron.server.ingest.retry import insert_again, rewritten
from andiron.server.settings import Settings
from andiron.server.store.open import open_store

app = typer.Typer(no_args_is_help=True, help="Requests that the store refused, each with the reason.")

Data = Annotated[Path | None, typer.Option(help="Data folder [ANDIRON_DATA, ./andiron-data].")]
Id = Annotated[str, typer.Argument(help="The id that `list` shows, or its beginning.")]


@app.command("list")
def show_all(
    *, data: Data = None, as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False
) -> None:
    """What is in quarantine, oldest first."""
    entries = opened(data).all()
    if as_json:
        typer.echo(json.dumps([asdict(entry) for entry in entries], indent=2))
        return
    if not entries:
        typer.echo("Nothing is in quarantine.")
        return
    table = Table("id", "signal", "database", "records", "bytes", "reason")
    for entry in entries:
        reason = entry.reason if len(entry.reason) < 100 else f"{entry.reason[:100]} …"
        table.add_row(entry.id, entry.signal, entry.database, str(entry.records), f"{entry.bytes:,}", reason)
    Console().print(table)


@app.command()
def show(
    entry_id: Id,
    *,
    data: Data = None,
    raw: Annotated[bool, typer.Option(help="The bytes as they were sent, to standard output.")] = False,
) -> None:
    """The reason, and the request as JSON as far as it can be read."""
    quarantine = opened(data)
    entry = found(quarantine, entry_id)
    body = quarantine.body(entry)
    if raw:
        sys.stdout.buffer.write(body)
        return
    typer.echo(json.dumps(asdict(entry), indent=2))
    try:
        typer.echo(json_format.MessageToJson(by_name(entry.signal).request.FromString(body), indent=2))
    except (DecodeError, StopIteration):
        typer.echo(f"The {len(body):,} bytes are no OTLP request; --raw gives them as they are.")


@app.command()
def retry(
    entry_id: Annotated[str | None, typer.Argument(help="The id that `list` shows, or its beginning.")] = None,
    *,
    every: Annotated[bool, typer.Option("--all", help="Every entry.")] = False,
    data: Data = None,
    url: Annotated[str | None, typer.Option(help="A running server; without one, the data folder is opened.")] = None,
    token: Annotated[str | None, typer.Option(envvar="ANDIRON_TOKEN", help="A token that may write.")] = None,
) -> None:
    """Send entries again; those that are taken leave the quarantine."""
    quarantine = opened(data)
    if bool(entry_id) == every:
        raise typer.BadParameter("name one entry, or say --all")
    entries = quarantine.all() if entry_id is None else [found(quarantine, entry_id)]
    failed = 0
    with sender(url, token, settings_of(data)) as send:
        for entry in entries:
            try:
                send(entry, rewritten(entry, quarantine.body(entry)))
            except (AndironError, httpx.HTTPError, StopIteration) as error:
                failed += 1
                typer.echo(f"{entry.id}: still refused: {error or 'its signal is unknown'}", err=True)
            else:
                quarantine.remove(entry)
                typer.echo(f"{entry.id}: {entry.records} records stored")
    if failed:
        raise typer.Exit(1)


@app.command()
def remove(entry_id: Id, *, data: Data = None) -> None:
    """Forget an entry for good."""
    quarantine = opened(data)
    entry = found(quarantine, entry_id)
    quarantine.remove(entry)
    typer.echo(f"{entry.id} removed")


Send = Callable[[Refused, bytes], None]


@contextmanager
def sender(url: str | None, token: str | None, settings: Settings) -> Iterator[Send]:
    """Sends to a running server, or straight into the store of a data folder that no server uses."""
    if url is not None:
        headers = {"content-type": "application/x-protobuf"} | ({"authorization": token} if token else {})

        def over_http(entry: Refused, body: bytes) -> None:
            answer = httpx.post(f"{url}/v1/{by_name(entry.signal).name}", content=body, headers=headers)
            if answer.status_code != 200:
                raise StoreError(f"the server answered {answer.status_code}")

        yield over_http
        return
    engine = open_store(settings)
    os.chdir(settings.data)  # where chDB caches the Protobuf schema

    try:
        yield partial(insert_again, engine)
    finally:
        engine.close()


def settings_of(data: Path | None) -> Settings:
    """The settings, with the folder that was named, in full: the current one may change."""
    settings = Settings() if data is None else Settings(data=data)
    return settings.model_copy(update={"data": settings.data.resolve()})


def opened(data: Path | None) -> Quarantine:
    """The quarantine of a data folder."""
    return Quarantine(settings_of(data).data / "quarantine")


def found(quarantine: Quarantine, entry_id: str) -> Refused:
    """The entry that is meant."""
    entry = quarantine.find(entry_id)
    if entry is None:
        raise typer.BadParameter(
            f"no entry, or more than one, begins with {entry_id!r}; `andiron quarantine list` shows them"
        )
    return entry
