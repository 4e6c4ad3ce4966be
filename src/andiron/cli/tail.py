"""`andiron tail`: records as they come, in the terminal, from a server or from an application's own viewer."""

import time
from collections import Counter
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from andiron.cli.remote import URL, rows
from andiron.cli.terminal import cell
from andiron.delivery.levels import Level
from andiron.errors import AndironError, ConfigurationError

STYLES = {
    "trace": "dim",
    "debug": "dim",
    "info": "green",
    "warn": "yellow",
    "error": "bold red",
    "fatal": "bold white on red",
}
QUERY = """
SELECT created_at, start_timestamp, level_name(level) AS level, message, service_name, duration, trace_id, span_id, kind, exception_type
FROM records
WHERE level >= {level} {more}
ORDER BY created_at, start_timestamp, span_id
"""
MOST = 1000
"""Records that are shown of one look; at more than that a second, nobody reads."""


def tail(
    *,
    service: Annotated[str | None, typer.Option(help="Only this service.", show_default=False)] = None,
    level: Annotated[str, typer.Option(help="Least level.")] = "trace",
    find: Annotated[str | None, typer.Option(help="Only messages that hold this text.", show_default=False)] = None,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, max=MOST, help="Earlier records to begin with.")] = 20,
    follow: Annotated[bool, typer.Option(help="Go on with new records until Ctrl+C.")] = True,
    app: Annotated[
        str | None, typer.Option(help="Address of an application's viewer instead of a server.", show_default=False)
    ] = None,
    url: Annotated[str, typer.Option(envvar="ANDIRON_URL", help="Address of the server.")] = URL,
    token: Annotated[
        str | None, typer.Option(envvar="ANDIRON_TOKEN", help="Token with the scope read.", show_default=False)
    ] = None,
) -> None:
    """Show records as they come."""
    try:
        least = Level.named(level)
    except ValueError as error:
        raise ConfigurationError(f"--level: {error}") from None
    found = (
        of_viewer(app, least, follow=follow)
        if app
        else of_server(url, token, least, service, find, lines, follow=follow)
    )
    try:
        for record in found:
            if (service and record.get("service_name") not in (service, None)) or (
                find and find not in record["message"]
            ):
                continue
            show(record)
    except KeyboardInterrupt:
        raise typer.Exit(0) from None


def of_server(
    url: str, token: str | None, least: Level, service: str | None, find: str | None, lines: int, *, follow: bool
) -> Iterator[dict[str, Any]]:
    """The last records that a server holds, then those that come. Each is asked for by the time of its receipt."""
    wanted = "".join(
        f" AND {column} {comparison} '{quoted(value)}'"
        for column, comparison, value in (
            ("service_name", "=", service),
            ("message", "LIKE", f"%{find}%" if find else None),
        )
        if value
    )
    newest = f"SELECT * FROM ({QUERY.format(level=int(least), more=wanted).rsplit('ORDER BY', 1)[0]} ORDER BY created_at DESC LIMIT {lines}) ORDER BY created_at, start_timestamp"
    shown: Counter[tuple[Any, ...]] = Counter()
    since = ""
    first = rows(url, token, newest, MOST) if lines else []
    if not first and follow:
        since = str(rows(url, token, "SELECT now() AS now")[0]["now"])
    while True:
        # Asked for from the moment of the last one on, those of that very moment come again: as many as were shown are passed over.
        again: Counter[tuple[Any, ...]] = Counter()
        for record in sorted(first, key=lambda record: str(record["start_timestamp"])):
            key = tuple(record.values())
            again[key] += 1
            if again[key] > shown[key]:
                yield record
        if first:
            since = max(record["created_at"] for record in first)
            shown = Counter({key: count for key, count in again.items() if key[0] == since})
        if not follow:
            return
        time.sleep(0.5)
        more = f"{wanted} AND created_at >= '{quoted(since)}'"
        try:
            first = rows(url, token, QUERY.format(level=int(least), more=more), MOST)
        except AndironError as error:
            typer.echo(f"andiron: {error} Trying again …", err=True)
            time.sleep(2)
            first = []


def of_viewer(app: str, least: Level, *, follow: bool) -> Iterator[dict[str, Any]]:
    """What an application's own viewer has, then its stream."""
    import json

    import httpx

    base = app.rstrip("/")
    if not base.startswith("http"):
        base = f"http://{base}"
    try:
        if not follow:
            answer = httpx.get(f"{base}/records", params={"level": least.name.lower()})
            answer.raise_for_status()
            yield from map(of_page, answer.json())
            return
        with httpx.stream("GET", f"{base}/events", params={"level": least.name.lower()}, timeout=None) as stream:  # noqa: S113 - it goes on until Ctrl+C
            stream.raise_for_status()
            for line in stream.iter_lines():
                if line.startswith("data: "):
                    yield from map(of_page, json.loads(line.removeprefix("data: ")))
    except (httpx.HTTPError, ValueError) as error:
        raise ConfigurationError(
            f"No viewer answers at {base} ({error}). In the application: app.mount('/telemetry', andiron.sdk.viewer.Viewer())."
        ) from None


def of_page(record: dict[str, Any]) -> dict[str, Any]:
    """The viewer's record in the words of `records`."""
    took = record["milliseconds"]
    return {
        "start_timestamp": record["time"],
        "level": record["level"],
        "message": record["message"],
        "service_name": record["logger"],
        "duration": took / 1000 if took is not None and record["kind"] == "span" else None,
        "exception_type": record["exception"].get("exception.type"),
    }


def show(record: dict[str, Any]) -> None:
    """One line."""
    from datetime import datetime

    from rich.console import Console
    from rich.text import Text

    level = str(record["level"])
    at = datetime.fromisoformat(str(record["start_timestamp"])).astimezone().strftime("%H:%M:%S.%f")[:-3]
    line = Text.assemble(
        (at, "dim"),
        " ",
        (f"{level:<5}", STYLES.get(level, "")),
        " ",
        (f"{cell(record['service_name'] or '')} ", "cyan"),
        cell(record["message"]),
    )
    if record["duration"]:
        line.append(f"  {record['duration'] * 1000:.1f} ms", "dim")
    if record["exception_type"]:
        line.append(f"  {cell(record['exception_type'])}", "red")
    Console(soft_wrap=True, highlight=False).print(line)


def quoted(value: str) -> str:
    """Text within quotes in SQL."""
    return value.replace("'", "''")
