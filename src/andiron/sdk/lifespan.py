"""The life of an ASGI application: when it serves, its event loop is watched; when it ends, its telemetry is handed over."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from andiron.sdk import configure as configuration

MARK = "_andiron_lifespan"


def watch(app: Any) -> None:
    """Surround the lifespan of a Starlette or FastAPI application. A second time changes nothing."""
    router = getattr(app, "router", None)
    inner = getattr(router, "lifespan_context", None)
    if router is None or inner is None or getattr(inner, MARK, False):
        return

    @asynccontextmanager
    async def lifespan(of: Any) -> AsyncIterator[Any]:
        async with inner(of) as state:
            serving()
            yield state
        telemetry = configuration.current
        if telemetry is not None:
            # In a thread, and bounded: the loop has others to say goodbye to.
            await asyncio.to_thread(telemetry.flush, telemetry.settings.exit_timeout)

    setattr(lifespan, MARK, True)
    router.lifespan_context = lifespan


def serving() -> None:
    """The application has started."""
    telemetry = configuration.current
    if telemetry is None:
        return
    if telemetry.field.vitals is not None:
        telemetry.field.vitals.watch_loop()
        telemetry.field.vitals.ready()
    if telemetry.field.crashes is not None:
        telemetry.field.crashes.watch(asyncio.get_running_loop())
