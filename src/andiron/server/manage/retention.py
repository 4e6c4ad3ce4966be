"""`/pages/api/retention`: how long a project keeps each signal, what that costs, and what another age would drop at once."""

import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import partial
from typing import Any

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from andiron.server.control.models import Scope
from andiron.server.control.projects import Projects
from andiron.server.control.refusals import NotFound
from andiron.server.control.retention import LONGEST, SHORTEST, Retentions
from andiron.server.manage.moments import written
from andiron.server.query.desk import Desk, body_of, validated
from andiron.server.store.engine import Engine
from andiron.server.store.parts import RECORDS, Parts, TableOnDisk
from andiron.server.store.retention import TABLES

LEAST, MOST = int(SHORTEST.total_seconds()), int(LONGEST.total_seconds())


class Age(BaseModel):
    """How long; None is as long as the server's settings say."""

    seconds: int | None = Field(ge=LEAST, le=MOST)


class Considered(BaseModel):
    """A signal, and an age that it might get."""

    signal: str
    seconds: int = Field(ge=LEAST, le=MOST)


class RetentionApi:
    """The routes, on `desk`."""

    def __init__(
        self,
        desk: Desk,
        projects: Projects,
        retentions: Retentions,
        engine: Engine,
        follow: Callable[[], None],
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._desk = desk
        self._projects = projects
        self._retentions = retentions
        self._parts = Parts(engine)
        self._follow = follow
        self._clock = clock

    def routes(self) -> list[Route]:
        """What to mount at the root."""
        return [
            self._desk.route("/pages/api/retention", self._list),
            self._desk.route("/pages/api/retention/preview", self._preview),
            self._desk.route("/pages/api/retention/{signal}", self._set, "PUT"),
        ]

    async def _list(self, request: Request) -> Response:
        grant = self._desk.grant(request, Scope.ADMIN)
        return JSONResponse({"signals": await self._desk.run(partial(self._all, grant.project, grant.database))})

    async def _preview(self, request: Request) -> Response:
        grant = self._desk.grant(request, Scope.ADMIN)
        considered = validated(Considered, dict(request.query_params))
        self._known(considered.signal)
        return JSONResponse(await self._desk.run(partial(self._previewed, grant.database, considered)))

    async def _set(self, request: Request) -> Response:
        grant = self._desk.grant(request, Scope.ADMIN)
        signal = request.path_params["signal"]
        self._known(signal)
        age = validated(Age, await body_of(request, '{"seconds": 604800}'))
        signals = await self._desk.run(partial(self._kept, grant.project, grant.database, signal, age.seconds))
        return JSONResponse({"signals": signals})

    def _known(self, signal: str) -> None:
        if signal not in TABLES:
            raise NotFound(f"There is no signal {signal!r}; there are {', '.join(TABLES)}.")

    def _all(self, project: str, database: str) -> list[dict[str, Any]]:
        own = self._retentions.overridden().get(self._projects.get(project).id, {})
        tables = {table.name: table for table in self._parts.tables(database, self._clock())}
        return [
            {
                "signal": signal,
                "seconds": int(own.get(signal, default).total_seconds()),
                "default_seconds": int(default.total_seconds()),
                "overridden": signal in own,
                **summed(tables[name] for name in TABLES[signal] if name in tables),
            }
            for signal, default in self._retentions.defaults.items()
        ]

    def _kept(self, project: str, database: str, signal: str, seconds: int | None) -> list[dict[str, Any]]:
        age = None if seconds is None else timedelta(seconds=seconds)
        self._retentions.keep(self._projects.get(project).id, signal, age)
        self._follow()
        return self._all(project, database)

    def _previewed(self, database: str, considered: Considered) -> dict[str, Any]:
        now = self._clock()
        leaving = self._parts.leaving(database, TABLES[considered.signal], considered.seconds, now)
        later = {"seconds": leaving.later_seconds, "bytes": leaving.later_bytes, "rows": leaving.later_rows}
        return {
            "bytes": leaving.bytes,
            "rows": leaving.rows,
            "before": written(now - considered.seconds),
            # Parts that hold older and younger rows together leave as one, once the youngest is old enough.
            "more_in": later if leaving.later_bytes else None,
        }


def summed(tables: Iterable[TableOnDisk]) -> dict[str, Any]:
    """What the tables of a signal take together."""
    every = list(tables)
    rates = [table.bytes_a_day for table in every if table.bytes_a_day is not None]
    return {
        "bytes": sum(table.bytes for table in every),
        "rows": sum(table.rows for table in every if table.name in RECORDS),
        "oldest": written(min((table.oldest for table in every if table.oldest), default=None)),
        "bytes_a_day": round(sum(rates)) if rates else None,
    }
