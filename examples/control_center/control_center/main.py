"""Puts the application together: telemetry first, then the database, then the service. `uvicorn control_center.main:app` serves it."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Depends, FastAPI
from sqlalchemy.ext.asyncio import async_sessionmaker
from sqlalchemy.orm import Session

from andiron.sdk.operations import (
    ObservabilitySettings,
    init_observability,
    observe_database,
    shutdown_observability,
)
from control_center import api, database, docs, faults, problems
from control_center.service import RESOURCE, ResourceService
from control_center.settings import Settings

SERVICE = "control-center"


def create_app(settings: Settings | None = None) -> FastAPI:
    """The application. Nothing is opened before it starts."""
    settings = settings or Settings.read()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        # OTEL_SERVICE_NAME in the environment wins over the name given here.
        telemetry = ObservabilitySettings.read({"OTEL_SERVICE_NAME": SERVICE, **os.environ})
        observability = init_observability(telemetry, app=app)
        try:
            async with database.opened(settings.database) as engine:
                if settings.faults:
                    await faults.install(engine)
                sessions = async_sessionmaker(
                    engine,
                    expire_on_commit=False,
                    sync_session_class=faults.FaultySession if settings.faults else Session,
                )
                app.state.service = service = ResourceService(sessions, observability.metrics)
                # The counter knows only what changes from here on: it starts from what is there.
                observability.metrics.resources_changed(RESOURCE, await service.count())
                observe_database(engine)
                yield
        finally:
            await asyncio.to_thread(shutdown_observability)

    app = FastAPI(
        title="Control Center",
        summary="Resources that depend on one another.",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
    )
    problems.install(app)
    docs.install(app)
    app.include_router(api.router, dependencies=[Depends(faults.ask)] if settings.faults else [])

    @app.get("/healthz", tags=["health"])
    async def healthz() -> dict[str, str]:
        """Whether the process answers."""
        return {"status": "ok"}

    return app


def __getattr__(name: str) -> FastAPI:
    """`app`, made when it is asked for: an import alone reads no settings."""
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return create_app()
