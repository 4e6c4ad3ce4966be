"""`andiron demo`: sends the telemetry of a small made-up shop to a server, so that there is something to look at without an application."""

import time
import uuid
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Self

import typer

from andiron.cli.remote import URL
from andiron.demo import Request, large_trace, story, trace_id_of
from andiron.errors import AndironError, ConfigurationError
from andiron.units import duration

MOST_RECORDS = 2_000.0
"""A second; the story is told by one thread."""
MOST_SPANS = 200_000
PATIENCE = 30
"""Seconds for a server that is busy or being restarted."""


def span_of_time(text: str) -> timedelta:
    """Read `90s`, `5m`, `1h` for the command line."""
    try:
        value: timedelta = duration(text)
    except (ValueError, OverflowError) as error:
        raise typer.BadParameter(str(error)) from error
    return value


def demo(
    *,
    history: Annotated[
        timedelta,
        typer.Option(
            parser=span_of_time,
            metavar="1h",
            help="How much of the past to send first; 0s for none.",
            show_default="30m",
        ),
    ] = timedelta(minutes=30),
    lasting: Annotated[
        timedelta | None,
        typer.Option(
            "--for",
            parser=span_of_time,
            metavar="5m",
            help="How long to go on; otherwise until Ctrl+C.",
            show_default=False,
        ),
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Send the past and end.")] = False,
    rate: Annotated[float, typer.Option(min=0.1, max=MOST_RECORDS, help="Records a second, about.")] = 10.0,
    seed: Annotated[int, typer.Option(help="The same number tells the same story.")] = 1,
    spans: Annotated[
        int | None,
        typer.Option(
            min=1, max=MOST_SPANS, help="Send one trace with so many spans instead, and end.", show_default=False
        ),
    ] = None,
    url: Annotated[str, typer.Option(envvar="ANDIRON_URL", help="Address of the server.")] = URL,
    token: Annotated[
        str | None, typer.Option(envvar="ANDIRON_TOKEN", help="Token with the scope write.", show_default=False)
    ] = None,
) -> None:
    """Send the telemetry of a small made-up shop, to have something to look at: five services, orders, errors, a language model.

    Nothing on this machine is looked at; every record is invented, and its names are those of nobody.
    """
    now = datetime.now(UTC)
    with Sender(url, token) as sender:
        if spans is not None:
            sender.send(large_trace(seed, now, spans))
            typer.echo(f"Sent one trace of {spans:,} spans: {sender.url}/trace/{trace_id_of(seed, now)}")
            return
        until = now if once else now + lasting if lasting is not None else None
        typer.echo(introduction(sender.url, history, lasting, rate, once=once))
        try:
            sender.send(story(seed, now, history=history, until=until, rate=rate))
        except KeyboardInterrupt:
            typer.echo(err=True)
        finally:
            typer.echo(f"Sent {sender.records:,} records.")


def introduction(url: str, history: timedelta, lasting: timedelta | None, rate: float, *, once: bool) -> str:
    """What is sent, for how long, and where to look."""
    going_on = f"about {rate:g} records a second {'until Ctrl+C' if lasting is None else f'for {worded(lasting)}'}"
    past = f"the last {worded(history)}" if history else ""
    sending = past or "nothing" if once else f"{past}, then {going_on}" if past else going_on
    return (
        "A small shop's telemetry, all of it made up: services web, api, stock, worker and assistant;\n"
        "visits, orders, slow searches, a faulty release with its errors, a job that is running, a language model with its tools.\n"
        f"Sending {sending}.\n"
        f"Look at it: {url}/"
    )


def worded(span: timedelta) -> str:
    """A length of time as one would say it."""
    seconds = round(span.total_seconds())
    for size, name in ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second")):
        if seconds >= size and seconds % size == 0:
            count = seconds // size
            return f"{count} {name}s" if count > 1 else name
    return "0 seconds"


class Sender:
    """Sends each request at its time, and waits for a server that is busy."""

    def __init__(
        self,
        url: str,
        token: str | None,
        *,
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        from andiron.delivery.exporters import LogfireExporter

        self.url = url.rstrip("/")
        self.records = 0
        self._exporter = LogfireExporter(self.url, token)
        self._stream = uuid.uuid4().hex
        self._sent = 0
        self._now = now
        self._sleep = sleep

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._exporter.shutdown()

    def send(self, requests: Iterable[Request]) -> None:
        """Send them all; what lies ahead is waited for."""
        for request in requests:
            ahead = request.at / 1e9 - self._now()
            if ahead > 0:
                self._sleep(ahead)
            self._deliver(request)

    def _deliver(self, request: Request) -> None:
        from andiron.delivery.batch import Batch, Lane

        self._sent += 1
        body = request.message.SerializeToString()
        batch = Batch(
            f"{self._stream}-{self._sent}",
            request.signal,
            Lane.NORMAL,
            request.records,
            body,
            "",
            request.at // 1_000_000,
        )
        until = self._now() + PATIENCE
        while True:
            result = self._exporter.export(batch)
            if result.outcome == "success":
                self.records += request.records - result.rejected
                return
            if result.status in (401, 403):
                raise ConfigurationError(
                    f"{result.reason} Name a token with the scope write: --token or ANDIRON_TOKEN."
                )
            if result.status is None and not self.records:
                raise ConfigurationError(
                    f"No server answers at {self.url} ({result.reason}). Start one with `andiron serve`, or name another with --url."
                )
            if result.outcome == "fatal" or result.of_this_batch or self._now() > until:
                raise AndironError(f"The server did not take the demo's telemetry: {result.reason}")
            self._sleep(min(5.0, result.retry_after or 1.0))
