"""`GET /pages/api/schema`: every table that SQL may name, with its columns, for the editor that completes them.

Logfire's tables come from the catalogue; ClickHouse's have the types that the engine itself tells.
"""

from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from andiron.server.control.models import Scope
from andiron.server.query import catalog
from andiron.server.query.desk import Desk


class TablesApi:
    """The route, on `desk`."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> list[Route]:
        """What to mount at the root."""
        return [self._desk.route("/pages/api/schema", self._schema)]

    async def _schema(self, request: Request) -> Response:
        grant = self._desk.grant(request, Scope.READ)
        native = await self._desk.run(partial(self._desk.queries.native_columns, grant.database))
        return JSONResponse(
            {"tables": [*map(logfire, catalog.DESCRIPTIONS), *(clickhouse(t, native) for t in catalog.COLLECTOR)]}
        )


def logfire(table: str) -> dict[str, Any]:
    """One of Logfire's tables."""
    columns = [
        {"name": column.name, "type": column.type, "description": column.description}
        for column in catalog.columns(table)
    ]
    return {"name": table, "description": catalog.DESCRIPTIONS[table], "dialect": "logfire", "columns": columns}


def clickhouse(table: str, native: dict[str, list[tuple[str, str]]]) -> dict[str, Any]:
    """One of ClickHouse's."""
    columns = [
        {"name": name, "type": kind, "description": catalog.NATIVE_MEANINGS.get(name, "")}
        for name, kind in native.get(table, [])
    ]
    return {"name": table, "description": catalog.COLLECTOR[table], "dialect": "clickhouse", "columns": columns}
