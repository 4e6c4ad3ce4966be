"""`/pages/api/quarantine`: the requests of one's project that the store refused: look, try again, keep a copy, forget.

What was damaged on disk belongs to no project that could be told; the operator sees it.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from andiron.errors import StoreError, StoreUnavailable
from andiron.server.control.models import Scope
from andiron.server.control.refusals import NotFound
from andiron.server.ingest.quarantine import Quarantine, Refused
from andiron.server.ingest.retry import insert_again, rewritten
from andiron.server.manage.moments import written
from andiron.server.observe import Instruments
from andiron.server.query.desk import Desk
from andiron.server.store.engine import Engine


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks: at the entries of which database, and whether also at those of none."""

    database: str
    operator: bool


class QuarantineApi:
    """The routes, on `desk`."""

    def __init__(
        self,
        desk: Desk,
        quarantine: Quarantine,
        engine: Engine,
        instruments: Instruments,
        operator: Callable[[HTTPConnection], bool],
    ) -> None:
        self._desk = desk
        self._quarantine = quarantine
        self._engine = engine
        self._instruments = instruments
        self._operator = operator

    def routes(self) -> list[Route]:
        """What to mount at the root."""
        return [
            self._desk.route("/pages/api/quarantine", self._list),
            self._desk.route("/pages/api/quarantine/{id}/retry", self._retry, "POST"),
            self._desk.route("/pages/api/quarantine/{id}/body", self._body),
            self._desk.route("/pages/api/quarantine/{id}", self._remove, "DELETE"),
        ]

    async def _list(self, request: Request) -> Response:
        entries = await self._desk.run(partial(self._entries, self._who(request)))
        return JSONResponse({"entries": [shown(entry) for entry in reversed(entries)]})

    async def _retry(self, request: Request) -> Response:
        viewer = self._who(request)
        reason = await self._desk.run(partial(self._retried, viewer, request.path_params["id"]))
        return JSONResponse({"loaded": reason is None, "reason": reason})

    async def _body(self, request: Request) -> Response:
        viewer = self._who(request)
        entry, body = await self._desk.run(partial(self._read, viewer, request.path_params["id"]))
        headers = {"Content-Disposition": f'attachment; filename="{entry.id}-{entry.signal}.binpb"'}
        return Response(body, headers=headers, media_type="application/octet-stream")

    async def _remove(self, request: Request) -> Response:
        viewer = self._who(request)
        await self._desk.run(partial(self._removed, viewer, request.path_params["id"]))
        return Response(status_code=204)

    def _who(self, request: Request) -> Viewer:
        return Viewer(self._desk.grant(request, Scope.ADMIN).database, self._operator(request))

    def _entries(self, viewer: Viewer) -> list[Refused]:
        return visible(self._quarantine.all(), viewer.database, operator=viewer.operator)

    def _find(self, viewer: Viewer, identifier: str) -> Refused:
        for entry in self._entries(viewer):
            if entry.id == identifier:
                return entry
        raise NotFound(
            f"There is no entry {identifier!r} in this project's quarantine; it may have been stored meanwhile."
        )

    def _retried(self, viewer: Viewer, identifier: str) -> str | None:
        """Try again: None once it is stored, else why not."""
        entry = self._find(viewer, identifier)
        try:
            insert_again(self._engine, entry, rewritten(entry, self._quarantine.body(entry)))
        except StoreUnavailable:
            raise
        except StoreError as error:
            return str(error)
        except (StopIteration, ValueError) as error:
            return str(error) or "It was damaged on disk, so its signal is unknown."
        self._quarantine.remove(entry)
        self._instruments.loaded.labels(entry.signal).inc(entry.records)
        return None

    def _read(self, viewer: Viewer, identifier: str) -> tuple[Refused, bytes]:
        entry = self._find(viewer, identifier)
        return entry, self._quarantine.body(entry)

    def _removed(self, viewer: Viewer, identifier: str) -> None:
        self._quarantine.remove(self._find(viewer, identifier))


def visible(entries: Iterable[Refused], database: str, *, operator: bool) -> list[Refused]:
    """The entries that one who governs `database` may see."""
    return [entry for entry in entries if entry.database == database or (operator and not entry.database)]


def shown(entry: Refused) -> dict[str, Any]:
    """An entry as the page reads it."""
    return {
        "id": entry.id,
        "signal": entry.signal,
        "database": entry.database,
        "records": entry.records,
        "received": written(entry.received / 1000) if entry.received else None,
        "bytes": entry.bytes,
        "reason": entry.reason,
    }
