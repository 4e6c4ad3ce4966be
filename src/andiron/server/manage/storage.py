"""`/pages/api/storage`: what each table takes, and how much room the disk has."""

import json
import os
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from andiron.server.control.models import Scope
from andiron.server.manage.moments import written
from andiron.server.query.desk import Desk
from andiron.server.settings import Settings
from andiron.server.store.engine import Engine
from andiron.server.store.parts import Parts, TableOnDisk
from andiron.server.store.retention import TABLES

SIGNAL_OF = {table: signal for signal, tables in TABLES.items() for table in tables}


class StorageApi:
    """The route, on `desk`."""

    def __init__(self, desk: Desk, engine: Engine, *, clock: Callable[[], float] = time.time) -> None:
        self._desk = desk
        self._engine = engine
        self._parts = Parts(engine)
        self._clock = clock

    def routes(self) -> list[Route]:
        """What to mount at the root."""
        return [self._desk.route("/pages/api/storage", self._storage)]

    async def _storage(self, request: Request) -> Response:
        grant = self._desk.grant(request, Scope.ADMIN)
        return JSONResponse(await self._desk.run(partial(self._measured, grant.database)))

    def _measured(self, database: str) -> dict[str, Any]:
        started = time.perf_counter()
        tables = self._parts.tables(database, self._clock())
        return {
            "disk": disk(self._desk.settings, self._engine) | {"folder": folder(self._desk.settings.data)},
            "tables": [shown(table) for table in tables],
            "took": time.perf_counter() - started,
        }


def shown(table: TableOnDisk) -> dict[str, Any]:
    """A table as the page reads it."""
    return {
        "name": table.name,
        "signal": SIGNAL_OF.get(table.name),
        "rows": table.rows,
        "bytes": table.bytes,
        "uncompressed": table.uncompressed,
        "parts": table.parts,
        "oldest": written(table.oldest),
        "newest": written(table.newest),
        "bytes_a_day": None if table.bytes_a_day is None else round(table.bytes_a_day),
        "columns": [{"name": name, "bytes": size} for name, size in table.columns],
    }


def disk(settings: Settings, engine: Engine) -> dict[str, Any]:
    """The room where telemetry lies: here, or on the server of ClickHouse."""
    if settings.embedded:
        return here(settings)
    disks = f"clusterAllReplicas('{engine.cluster}', system.disks)" if engine.cluster else "system.disks"
    answer = engine.query(f"SELECT sum(free_space), sum(total_space), any(path) FROM {disks} WHERE total_space > 0")
    ((free, total, path),) = json.loads(answer)["data"]
    return {"free": int(free), "total": int(total), "data_path": path}


def here(settings: Settings) -> dict[str, Any]:
    """The disk of the data folder."""
    state = os.statvfs(settings.data)
    return {
        "free": state.f_bavail * state.f_frsize,
        "total": state.f_blocks * state.f_frsize,
        "data_path": str(settings.data),
    }


def folder(path: Path) -> int:
    """All that lies in the data folder: journal, metadata, the parts of all projects and those that were merged into others and wait
    to be removed. Less than what a moment later is there, since files come and go meanwhile.
    """
    total = 0
    for place, _, names in os.walk(path):
        for name in names:
            with suppress(OSError):
                total += os.lstat(os.path.join(place, name)).st_size  # noqa: PTH118 - thousands of files: a Path each would cost more than asking
    return total
