"""`andiron serve`: one process, HTTP and gRPC, until it is told to stop."""

import asyncio
import errno
import logging
import os
import signal
import socket
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from rich.console import Console

from andiron.cli.misspelt import misspelt
from andiron.cli.remote import URL
from andiron.errors import AndironError, ConfigurationError
from andiron.server.settings import Settings, host_and_port


def serve(
    http: Annotated[str | None, typer.Option(help="Address of HTTP [ANDIRON_HTTP, 127.0.0.1:4318].")] = None,
    grpc: Annotated[str | None, typer.Option(help="Address of gRPC, or `off` [ANDIRON_GRPC, 127.0.0.1:4317].")] = None,
    data: Annotated[Path | None, typer.Option(help="Data folder [ANDIRON_DATA, ./andiron-data].")] = None,
    store: Annotated[
        str | None, typer.Option(help="A ClickHouse server instead of the embedded one [ANDIRON_STORE]: clickhouse://…")
    ] = None,
) -> None:
    """Take telemetry, keep it and answer questions about it."""
    console = Console(stderr=True)
    given = {"http": http, "grpc": grpc, "data": data, "store": store}
    try:
        for sentence in misspelt(os.environ):
            console.print(f"[bold yellow]andiron:[/] {sentence}", highlight=False, soft_wrap=True)
        settings = read_settings({name: value for name, value in given.items() if value is not None})
        run(settings, console)
    except AndironError as error:
        console.print(f"[bold red]andiron:[/] {error}", highlight=False, soft_wrap=True)
        raise typer.Exit(1) from None


def read_settings(given: dict[str, Any]) -> Settings:
    """The settings from arguments, environment and `.env`; a wrong one is named."""
    try:
        settings = Settings(**given)
        for address in (settings.http, settings.grpc):
            if address != "off":
                host_and_port(address)
    except ValidationError as error:
        reasons = "; ".join(
            f"ANDIRON_{str(e['loc'][0]).upper()}: {e['msg'].removeprefix('Value error, ')}" for e in error.errors()
        )
        raise ConfigurationError(f"A setting is wrong: {reasons}.") from None
    except ValueError as error:
        raise ConfigurationError(f"A setting is wrong: {error}.") from None
    return settings


def run(settings: Settings, console: Console) -> None:
    """Serve until SIGTERM or SIGINT."""
    import uvicorn

    from andiron.server import log
    from andiron.server.app import Andiron

    log.configure(settings.log_level)
    settings = settings.model_copy(update={"data": settings.data.resolve()})
    listener = listen(settings.http)
    if settings.grpc != "off":
        listen(settings.grpc).close()  # a clear word now, where gRPC's own would be obscure
    andiron = Andiron(settings)
    os.chdir(settings.data)  # where chDB caches the Protobuf schema: it takes the current folder, whatever it is told
    config = uvicorn.Config(
        andiron.asgi(),
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="on",
        ws="none",
        timeout_graceful_shutdown=3,
        backlog=2048,
    )

    class Server(uvicorn.Server):
        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            andiron.feed.close()  # first: live streams never end by themselves, and uvicorn waits for what is open
            await super().shutdown(sockets)

    server = Server(config)

    async def main() -> None:
        serving = asyncio.create_task(server.serve([listener]))
        while not server.started and not serving.done():  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.01)
        if server.started:
            console.print(welcome(settings), highlight=False, soft_wrap=True)
        await serving

    # uvicorn stops at these, and then sends them to itself again: by then everything is written, and the end is a good one.
    for stop in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stop, lambda *_: None)
    loop = config.get_loop_factory()
    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(main())
    logging.getLogger(__name__).info("stopped")
    if not server.started:
        sys.exit(1)


def listen(address: str) -> socket.socket:
    """Bind `address`, or say who else may have."""
    host, port = host_and_port(address)
    try:
        infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, where = infos[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(where)
    except OSError as error:
        reason = "another program listens there" if error.errno == errno.EADDRINUSE else error.strerror or str(error)
        raise ConfigurationError(
            f"Cannot listen on {address}: {reason}. Choose another with --http or --grpc."
        ) from None
    listener.listen(2048)
    return listener


def welcome(settings: Settings) -> str:
    """Where it listens, where data lies, and what to paste."""
    from andiron.server.control.access import tokenless

    host, port = host_and_port(settings.http)
    name = "127.0.0.1" if host in ("0.0.0.0", "::") else f"[{host}]" if ":" in host else host  # noqa: S104
    url = f"http://{name}:{port}"
    free = tokenless(settings)
    token = "any" if free else "YOUR-TOKEN"
    headers = "" if free else f" OTEL_EXPORTER_OTLP_HEADERS=Authorization={token}"
    endpoint = f"OTEL_EXPORTER_OTLP_ENDPOINT={url} OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf{headers}"
    shown = f"{url}{settings.prefix}/"
    looking = "live records, traces, SQL, services" if free else "in a browser; it asks for a token that may read"
    token_too = "" if free else f" ANDIRON_TOKEN={token}"
    asked = "" if url == URL else f"--url {url} "
    where = f"{settings.data}" + ("" if settings.embedded else "   (the journal; the store is elsewhere)")
    return f"""
[bold dark_orange3]Andiron is listening[/]

  Open  [bold]{shown}[/]   {looking}
  HTTP  [bold]{url}[/]   OTLP, SQL, /healthz, /readyz, /metrics
  gRPC  [bold]{settings.grpc}[/]   OTLP
  data  [bold]{where}[/]

[dim]A FastAPI application with andiron.bootstrap_logfire(app) in it, or any Python program as it is:[/]
  export ANDIRON_URL={url}{token_too}
  andiron run -- python app.py

[dim]Logfire SDK, in Python:[/]
  logfire.configure(token='{token}', advanced=logfire.AdvancedOptions(base_url='{url}'))

[dim]Any OpenTelemetry SDK:[/]
  export {endpoint}

[dim]Then ask:[/]
  andiron sql {asked}"SELECT start_timestamp, service_name, message FROM records ORDER BY 1 DESC LIMIT 10"
"""
