"""Telemetry without a line in the application: what `andiron run` makes of every Python process below it.

`andiron run` puts this folder first on PYTHONPATH, so that the interpreter imports its `sitecustomize`, which calls `start`.
"""

import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

FOLDER = str(Path(__file__).parent)
PROCESS = "ANDIRON_RUN_PID"
"""Names the process that `andiron run` became, the only one that complains."""
OUTSIDE = "andiron.autostart"
"""In the scope of a request: an application has it already, those that are mounted in it need not look."""


def start() -> None:
    """Configure telemetry, trace every library that is there, and every web application. Whatever fails, the process goes on."""
    try:
        from andiron.sdk.configure import configure
        from andiron.sdk.integrations import instrument_integrations

        configure()
        instrument_integrations(all=True)
        watch_applications()
    except Exception as error:  # noqa: BLE001 - an application without telemetry is better than none
        complain(f"this process makes no telemetry: {type(error).__name__}: {error}")


def complain(message: str) -> None:
    """One line, from one process."""
    if os.environ.get(PROCESS) == str(os.getpid()):
        print(f"andiron: {' '.join(message.split())}", file=sys.stderr)  # noqa: T201 - nothing else is configured yet


def watch_applications() -> None:
    """Instrument each application of Starlette and FastAPI when it is first called, unless it was by then."""
    import wrapt

    wrapt.register_post_import_hook(lambda module: watch(module.Starlette), "starlette.applications")
    # FastAPI goes through Starlette's call, but decides on a telemetry of its own before.
    wrapt.register_post_import_hook(lambda module: watch(module.FastAPI), "fastapi.applications")


def watch(kind: Any) -> None:
    """Have `__call__` look once at each application."""
    original: Callable[..., Awaitable[None]] = kind.__call__

    async def call(self: Any, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if OUTSIDE not in scope:
            scope[OUTSIDE] = True
            instrument_once(self)
        await original(self, scope, receive, send)

    kind.__call__ = call


def instrument_once(app: Any) -> None:
    """Give the application its spans, unless it has them from `bootstrap_logfire`, Logfire or OpenTelemetry; and hand over at its end."""
    marks = vars(app)
    if OUTSIDE in marks:
        return
    marks[OUTSIDE] = True
    try:
        from andiron.sdk.asgi import instrument
        from andiron.sdk.lifespan import watch as watch_lifespan

        watch_lifespan(app)
        if "_andiron_undo" not in marks and not marks.get("_is_instrumented_by_opentelemetry"):
            instrument(app)
    except Exception as error:  # noqa: BLE001 - requests are answered, traced or not
        complain(f"{app!r} is not traced: {error}")
