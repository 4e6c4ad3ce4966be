"""The pages' questions about traces over HTTP: `GET /pages/api/trace/{trace_id}` and `POST /pages/api/traces`."""

from functools import partial

from pydantic import BaseModel, ConfigDict
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from andiron.server.control.models import Scope
from andiron.server.query.desk import Desk, Moment, body_of, validated
from andiron.server.query.traces.listing import AskTraces, Listing
from andiron.server.query.traces.trace import Trace


class AskTrace(BaseModel):
    """The parameters of a trace."""

    model_config = ConfigDict(extra="ignore")

    since_created: Moment | None = None


class TracesApi:
    """The routes, on `desk`."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> list[Route]:
        """What to mount at the root."""
        return [
            self._desk.route("/pages/api/trace/{trace_id}", self._trace),
            self._desk.route("/pages/api/traces", self._traces, "POST"),
        ]

    async def _trace(self, request: Request) -> Response:
        grant = self._desk.grant(request, Scope.READ)
        ask = validated(AskTrace, dict(request.query_params))
        trace_id = request.path_params["trace_id"]

        def work() -> bytes:
            return Trace(self._desk.queries, grant.database, trace_id).answer(ask.since_created)

        return Response(await self._desk.run(work), media_type="application/json")

    async def _traces(self, request: Request) -> Response:
        grant = self._desk.grant(request, Scope.READ)
        ask = validated(AskTraces, await body_of(request))
        answer = await self._desk.run(partial(listed, self._desk, grant.database, ask))
        return JSONResponse(answer)


def listed(desk: Desk, database: str, ask: AskTraces) -> object:
    """The list, asked in a thread."""
    return Listing(desk.queries, database, ask).answer()
