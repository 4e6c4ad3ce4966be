"""`andiron spool`: look at what applications on this machine have not delivered yet, and deliver it."""

import json
import time
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from andiron.cli.readable import line, records
from andiron.cli.remote import URL
from andiron.cli.terminal import cell, wide
from andiron.delivery.spool_contents import Contents, applications, batches, contents
from andiron.delivery.spool_folder import spool_folder
from andiron.errors import ConfigurationError

app = typer.Typer(no_args_is_help=True, help="What applications on this machine have not delivered yet.")

Root = Annotated[
    Path | None,
    typer.Option("--spool", help="Folder of the spools [ANDIRON_SPOOL, else the user's].", show_default=False),
]
Application = Annotated[str | None, typer.Option(help="Only this application.", show_default=False)]

pause, steady = time.sleep, time.monotonic


@app.command("list")
def show_all(
    *,
    spool: Root = None,
    application: Application = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """What waits, an application a line, and what was set aside."""
    found = [contents(folder) for folder in folders(spool, application)]
    if as_json:
        typer.echo(json.dumps([document(each) for each in found], indent=2))
        return
    if not found:
        typer.echo(f"Nothing lies in {spool or spool_folder()}.")
        return
    from rich.table import Column, Table

    name = Column("application", no_wrap=True, overflow="fold")  # whole: `--application` takes it
    table = Table(name, "state", "segments", "batches", "records", "bytes", "oldest", "set aside", box=None)
    for each in found:
        state = "in use" if each.in_use else "left behind" if each.batches else "empty"
        counts = (each.segments, each.batches, each.records, each.bytes)
        table.add_row(
            cell(each.application), state, *(f"{count:,}" for count in counts), age(each.oldest), str(len(each.refused))
        )
    console = wide()
    console.print(table)
    for each in found:
        for refused in each.refused:
            batch = refused.batch
            console.print(
                cell(f"set aside: {each.application} {batch.id} ({batch.records} {batch.signal}): {refused.reason}")
            )


@app.command()
def show(
    *,
    spool: Root = None,
    application: Application = None,
    set_aside: Annotated[bool, typer.Option(help="What servers refused, instead of what waits.")] = False,
) -> None:
    """Each record that waits, as a line of JSON, in the order in which they would be sent."""
    for folder in folders(spool, application):
        waiting = (refused.batch for refused in contents(folder).refused) if set_aside else batches(folder)
        for batch in waiting:
            for record in records(batch):
                typer.echo(line({"application": folder.name, **record}))


@app.command()
def send(
    *,
    spool: Root = None,
    application: Application = None,
    url: Annotated[str, typer.Option(envvar="ANDIRON_URL", help="Address of the server.")] = URL,
    token: Annotated[
        str | None, typer.Option(envvar="ANDIRON_TOKEN", help="Token with the scope write.", show_default=False)
    ] = None,
    wait: Annotated[float, typer.Option(help="Seconds without a success after which it gives up.")] = 60.0,
) -> None:
    """Deliver what was left behind. What a running process holds is left to that process."""
    found = folders(spool, application)
    if not found:
        typer.echo(f"Nothing lies in {spool or spool_folder()}.")
        return
    remains = [folder for folder in found if not deliver(folder, url, token, wait)]
    if remains:
        raise typer.Exit(1)


def deliver(folder: Path, url: str, token: str | None, wait: float) -> bool:
    """Send what lies in one folder. Whether nothing remains that could be sent."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from andiron.delivery.counters import Counters
    from andiron.delivery.exporters import LogfireExporter
    from andiron.delivery.sender import Sender
    from andiron.delivery.spool import Spool

    try:
        spool = Spool(folder, age=float("inf"), most=2**62)  # who sends by hand wants all of it
    except OSError as error:
        raise ConfigurationError(f"The spool in {folder} cannot be opened: {error.strerror or error}.") from error
    counters = Counters()
    exporter = LogfireExporter(url, token)
    sender = Sender([spool], exporter, counters, clock=steady)
    waited = 0.0
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("records"),
        TimeRemainingColumn(),
    )
    try:
        with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
            task = progress.add_task(folder.name, total=None)
            while (spool.pending.batches or spool.adopt()) and sender.refused is None and waited <= wait:
                before = counters.sent
                delay = sender.step()
                waited = 0.0 if counters.sent > before else waited + delay
                settled = counters.sent + counters.rejected + counters.set_aside
                progress.update(task, completed=settled, total=settled + spool.pending.records)
                if delay and spool.pending.batches and sender.refused is None and waited <= wait:
                    progress.update(task, description=f"{folder.name}: {sender.trouble}; again in {delay:.0f} s")
                    pause(delay)
    except KeyboardInterrupt:
        waited = wait
    finally:
        left = spool.pending
        spool.close()
        exporter.shutdown()
    typer.echo(outcome(folder.name, counters.sent, counters.rejected, counters.set_aside))
    held = contents(folder)
    if left.batches:
        why = sender.refused.reason if sender.refused else sender.trouble or "interrupted"
        typer.echo(f"{folder.name}: {left.records:,} records remain: {why}", err=True)
    elif held.batches:
        typer.echo(
            f"{folder.name}: {held.records:,} records are held by a running process, which delivers them itself."
        )
    return not left.batches


def outcome(application: str, sent: int, rejected: int, set_aside: int) -> str:
    """What became of the records, in a line."""
    more = [f"{rejected:,} refused within batches that were taken"] if rejected else []
    more += [f"{set_aside:,} set aside (andiron spool list)"] if set_aside else []
    return ", ".join([f"{application}: {sent:,} records delivered", *more])


def folders(root: Path | None, application: str | None) -> list[Path]:
    """The spools that are meant."""
    root = root or spool_folder()
    found = [folder for folder in applications(root) if application in (None, folder.name)]
    if application is not None and not found:
        raise ConfigurationError(
            f"There is no spool of {application!r} in {root}; `andiron spool list` shows those that are."
        )
    return found


def document(each: Contents) -> dict[str, object]:
    """What `--json` says of a spool."""
    return {
        "application": each.application,
        "in_use": each.in_use,
        "segments": each.segments,
        "batches": each.batches,
        "records": each.records,
        "bytes": each.bytes,
        "oldest": each.oldest,
        "set_aside": [
            {
                "id": refused.batch.id,
                "signal": refused.batch.signal,
                "records": refused.batch.records,
                "reason": refused.reason,
            }
            for refused in each.refused
        ],
    }


def age(made: int | None) -> str:
    """How long ago that was."""
    return "" if made is None else str(timedelta(seconds=max(0, int(time.time() - made / 1000))))
