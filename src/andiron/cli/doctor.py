"""`andiron doctor`: sends one span, one log and one metric the way an application here would, finds them back, and names the hop that failed."""

import socket
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer

from andiron.cli.remote import rows
from andiron.errors import AndironError

PATIENCE = 10.0
"""Seconds for the records to be there: a server needs half of one, a Collector's or Vector's batches some more."""


class Failed(Exception):
    """A hop failed. The text says what and what to do."""


def doctor(
    *,
    url: Annotated[
        str | None,
        typer.Option(help="Where telemetry goes; else as the application would find it.", show_default=False),
    ] = None,
    token: Annotated[
        str | None, typer.Option(help="Write token; else as the application would find it.", show_default=False)
    ] = None,
    query_url: Annotated[
        str | None,
        typer.Option(
            help="Where to ask, when telemetry goes through a Collector, Vector or a gateway.", show_default=False
        ),
    ] = None,
    read_token: Annotated[
        str | None,
        typer.Option(
            envvar="ANDIRON_READ_TOKEN", help="Token with the scope read; else the write token.", show_default=False
        ),
    ] = None,
    spool: Annotated[
        str | None, typer.Option(help="Folder of the spool; else as the application would find it.", show_default=False)
    ] = None,
    service: Annotated[
        str | None, typer.Option(help="Name of the service; else as the application would find it.", show_default=False)
    ] = None,
) -> None:
    """Send one of each signal through the configured path, find them back, or say what is wrong."""
    from rich.console import Console

    console = Console(highlight=False, soft_wrap=True)
    given = {"url": url, "token": token, "spool": spool, "service": service}
    try:
        for done in Examination(given, query_url, read_token).hops():
            console.print(f"[green]✓[/] {done}", markup=True)
    except (Failed, AndironError) as failure:
        console.print("[bold red]✗[/] ", end="")
        console.print(str(failure), markup=False)
        raise typer.Exit(1) from None
    console.print("Everything works: what an application sends from here arrives and can be asked for.")


class Examination:
    """The hops in the order in which a record passes them."""

    def __init__(
        self,
        given: dict[str, Any],
        query_url: str | None = None,
        read_token: str | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._given = given
        self._query_url = query_url
        self._read_token = read_token
        self._clock = clock
        self._sleep = sleep
        self._mark = uuid.uuid4().hex

    def hops(self) -> Iterator[str]:
        """Each hop that is fine, in words. Raises `Failed` at the first that is not."""
        from andiron.sdk.field import Field
        from andiron.sdk.settings import read_settings

        settings = read_settings(self._given)
        token = Field(settings).token()
        yield f"Settings: telemetry goes to {settings.url}, {'with a token' if token else 'without a token'}."
        yield self._disk(settings)
        yield from self._network(settings.url)
        yield self._sent(settings, token)
        yield self._found(self._query_url or settings.url, self._read_token or token)

    def _disk(self, settings: Any) -> str:
        from andiron.delivery.spool_folder import spool_folder

        if settings.spool == "memory":
            return "Spool: in memory only, as set. What cannot be delivered before the process ends is lost."
        folder = Path(settings.spool).expanduser() if settings.spool else spool_folder()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder) as file:
                file.write(b"x" * 4096)
        except OSError as error:
            raise Failed(
                f"Spool: {folder} cannot be written ({error.strerror}). Undelivered telemetry would be kept in memory only. "
                "Make it writable, or name another folder: ANDIRON_SPOOL."
            ) from None
        return f"Spool: {folder} can be written."

    def _network(self, url: str) -> Iterator[str]:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise Failed(
                f"Name: {host} is not known here ({error.strerror or error}). Check ANDIRON_URL and the machine's DNS."
            ) from None
        addresses = sorted({str(each[4][0]) for each in found})
        yield f"Name: {host} is {', '.join(addresses)}."
        try:
            socket.create_connection((host, port), timeout=5).close()
        except OSError as error:
            hint = (
                "Start one with `andiron serve`."
                if parts.hostname in ("127.0.0.1", "localhost")
                else "Is it running, and does a firewall let this through?"
            )
            raise Failed(f"Connection: nothing answers at {host}:{port} ({error.strerror or error}). {hint}") from None
        yield f"Connection: {host}:{port} answers."

    def _sent(self, settings: Any, token: str | None) -> str:
        from andiron.delivery.encode import Encoder
        from andiron.delivery.memory_spool import MemorySpool
        from andiron.delivery.pipeline import Pipeline
        from andiron.redaction import redactor
        from andiron.sdk.configure import make_exporter

        exporter = make_exporter(settings, token)
        pipeline = Pipeline(encoder=Encoder(redactor), spool=MemorySpool(), exporter=exporter)
        make_records(pipeline, settings.service or "andiron-doctor", self._mark)
        safe = pipeline.flush(settings.timeout + 1)
        report = pipeline.report()
        pipeline.sender.enable(False)
        pipeline.close(0)
        if report["refused"] or report["trouble"]:
            raise Failed(f"Delivery: {advice(str(report['refused'] or report['trouble']))}")
        if report["set_aside"] or report["rejected"]:
            raise Failed(f"Delivery: {settings.url} does not take these records ({report}). Is it a server of OTLP?")
        if not safe or report["sent"] != 3:
            raise Failed(
                f"Delivery: {settings.url} did not answer within {settings.timeout:.0f} s. It is slow, or something between holds the request."
            )
        return "Delivery: one span, one log record and one metric were acknowledged."

    def _found(self, url: str, token: str | None) -> str:
        queries = {
            "the span": f"SELECT count() AS n FROM records WHERE kind = 'span' AND span_name = 'andiron doctor {self._mark}'",
            "the log record": f"SELECT count() AS n FROM records WHERE kind = 'log' AND message = 'andiron doctor {self._mark}'",
            "the metric": f"SELECT count() AS n FROM metrics WHERE metric_name = 'andiron.doctor.{self._mark}'",
        }
        began = self._clock()
        missing = dict(queries)
        while missing:
            for name, query in list(missing.items()):
                try:
                    if rows(url, token, query)[0]["n"]:
                        del missing[name]
                except AndironError as error:
                    raise Failed(
                        f"Query: {url} took the records, but cannot be asked: {error} Name the server with --query-url and a token "
                        "with the scope read with --read-token (`andiron tokens create`)."
                    ) from None
            if missing and self._clock() - began > PATIENCE:
                raise Failed(
                    f"Query: {', '.join(missing)} cannot be found at {url} after {PATIENCE:.0f} s. Does what lies between forward to this server, "
                    "and does the token belong to the same project? On the server: `andiron quarantine list`, and its log."
                )
            if missing:
                self._sleep(0.2)
        return f"Query: all three are found back at {url}."


def make_records(pipeline: Any, service: str, mark: str) -> None:
    """One of each signal, by OpenTelemetry's own SDK."""
    from opentelemetry._logs import SeverityNumber
    from opentelemetry.sdk._logs import LoggerProvider
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider

    from andiron.delivery.processors import AndironLogRecordProcessor, AndironMetricExporter, AndironSpanProcessor

    resource = Resource({"service.name": service})
    traces = TracerProvider(resource=resource, shutdown_on_exit=False)
    traces.add_span_processor(AndironSpanProcessor(pipeline))
    logs = LoggerProvider(resource, shutdown_on_exit=False)
    logs.add_log_record_processor(AndironLogRecordProcessor(pipeline))
    reader = PeriodicExportingMetricReader(AndironMetricExporter(pipeline), export_interval_millis=float("inf"))
    meters = MeterProvider([reader], resource, shutdown_on_exit=False)
    with traces.get_tracer("andiron.doctor").start_as_current_span(f"andiron doctor {mark}"):
        logs.get_logger("andiron.doctor").emit(
            timestamp=time.time_ns(),
            severity_number=SeverityNumber.INFO,
            severity_text="INFO",
            body=f"andiron doctor {mark}",
        )
    meters.get_meter("andiron.doctor").create_counter(f"andiron.doctor.{mark}").add(1)
    meters.force_flush()


def advice(reason: str) -> str:
    """What to do about a server's answer."""
    hints = {
        "401": "The token is missing, wrong, expired or revoked: `andiron tokens create --scope write` on the server, then ANDIRON_TOKEN here.",
        "403": "The token may not write: `andiron tokens create --scope write` on the server.",
        "404": "There is a server, but none of OTLP at this address: give ANDIRON_URL without a path, or a gateway with ANDIRON_GATEWAY=1.",
        "429": "The server takes no more now; try again later.",
        "503": "The server cannot take telemetry now: see its log, its disk and /readyz.",
        "CERTIFICATE": "The certificate is not trusted here: set SSL_CERT_FILE to the authority's certificate.",
    }
    return f"{reason}. {next((hint for mark, hint in hints.items() if mark in reason), '')}".rstrip()
