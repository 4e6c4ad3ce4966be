"""The pages' questions about services over HTTP: `/pages/api/services`, `/pages/api/service` and `/pages/api/services-map`."""

from collections.abc import Callable
from typing import Any

from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from andiron.server.control.models import Scope
from andiron.server.query.desk import Desk, validated
from andiron.server.query.services.map import service_map
from andiron.server.query.services.overview import overview
from andiron.server.query.services.service import service
from andiron.server.query.services.stretch import AskRange, Stretch


class AskService(AskRange):
    """The parameters of one service."""

    name: str = Field(max_length=1000)


class ServicesApi:
    """The routes, on `desk`."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> list[Route]:
        """What to mount at the root."""
        return [
            self._desk.route("/pages/api/services", self._services),
            self._desk.route("/pages/api/service", self._service),
            self._desk.route("/pages/api/services-map", self._map),
        ]

    async def _services(self, request: Request) -> Response:
        return await self._answer(request, validated(AskRange, given(request)), overview)

    async def _service(self, request: Request) -> Response:
        ask = validated(AskService, given(request))
        return await self._answer(request, ask, lambda stretch: service(stretch, ask.name))

    async def _map(self, request: Request) -> Response:
        return await self._answer(request, validated(AskRange, given(request)), service_map)

    async def _answer(self, request: Request, ask: AskRange, answer: Callable[[Stretch], dict[str, Any]]) -> Response:
        grant = self._desk.grant(request, Scope.READ)
        queries = self._desk.queries

        def work() -> dict[str, Any]:
            return answer(Stretch.of(queries, grant.database, ask))

        return JSONResponse(await self._desk.run(work))


def given(request: Request) -> dict[str, str]:
    """The parameters that say something."""
    return {name: value for name, value in request.query_params.items() if value}
