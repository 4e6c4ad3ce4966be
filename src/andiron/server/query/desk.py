"""Where questions arrive over HTTP: who asks, on which threads they are worked on, how a refusal is answered.

Every API that asks the store stands on one `Desk`, so that all of them together take no more threads than are meant for it.
"""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Protocol, TypeVar

from anyio import CapacityLimiter, to_thread
from pydantic import AfterValidator, BaseModel, ValidationError
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.routing import Route

from andiron.server.control.models import Scope
from andiron.server.control.refusals import Refusal
from andiron.server.query.problems import RETRY_AFTER, QueryProblem, answered
from andiron.server.query.queries import Queries
from andiron.server.settings import Settings

AT_ONCE = 4
WAITING = 32
BODY = 4_000_000


class Grant(Protocol):
    """What a token opens."""

    @property
    def project(self) -> str:
        """The project's name."""
        ...

    @property
    def database(self) -> str:
        """Where its data is."""
        ...


Authorize = Callable[[Scope, HTTPConnection], Grant]
Handler = Callable[[Request], Awaitable[Response]]
Result = TypeVar("Result")
Model = TypeVar("Model", bound=BaseModel)


def aware(moment: datetime) -> datetime:
    """A time without a zone is in UTC."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


Moment = Annotated[datetime, AfterValidator(aware)]


class Desk:
    """What the query APIs share. `authorize` decides who asks; `queries` answers."""

    def __init__(self, queries: Queries, settings: Settings, authorize: Authorize) -> None:
        self.queries = queries
        self.settings = settings
        self._authorize = authorize
        self._limiter: CapacityLimiter | None = None
        self._waiting = 0

    def route(self, path: str, handler: Handler, *methods: str) -> Route:
        """A route whose problems and refusals are answered in one shape."""

        async def responded(request: Request) -> Response:
            try:
                return await handler(request)
            except QueryProblem as problem:
                return answered(problem)
            except Refusal as refusal:
                return declined(refusal)

        return Route(path, responded, methods=list(methods) or ["GET"])

    def grant(self, request: HTTPConnection, *scopes: Scope) -> Grant:
        """What the one who asks may do; any of `scopes` will do."""
        for scope in scopes[:-1]:
            try:
                return self._authorize(scope, request)
            except Refusal as refusal:
                if refusal.status != 403:
                    raise
        return self._authorize(scopes[-1], request)

    async def run(self, work: Callable[[], Result]) -> Result:
        """Queries have threads of their own, so that however many come, telemetry is still taken."""
        if self._waiting >= WAITING:
            raise QueryProblem(
                f"{self._waiting} queries wait already; try again in {RETRY_AFTER} seconds.",
                429,
                "too-many-queries",
                RETRY_AFTER,
            )
        if self._limiter is None:
            self._limiter = CapacityLimiter(AT_ONCE)
        self._waiting += 1
        try:
            return await to_thread.run_sync(work, limiter=self._limiter)
        finally:
            self._waiting -= 1


def declined(refusal: Refusal) -> Response:
    """A refusal of the control part, as a query's problem is answered."""
    kind = {401: "unauthenticated", 403: "forbidden"}.get(refusal.status, "refused")
    later = RETRY_AFTER if refusal.status == 503 else None
    response = answered(QueryProblem(str(refusal), refusal.status, kind, later))
    if refusal.status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


async def body_of(request: Request) -> Mapping[str, Any]:
    """The JSON of a request, up to a size that no query has."""
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > BODY:
            raise QueryProblem(f"The request is larger than {BODY:,} bytes.", 413, "invalid-request")
        chunks.append(chunk)
    try:
        body = json.loads(b"".join(chunks))
    except (ValueError, RecursionError):
        raise QueryProblem('The request is no JSON; send {"sql": "SELECT …"}.', 422, "invalid-request") from None
    if not isinstance(body, dict):
        raise QueryProblem('The request is no JSON object; send {"sql": "SELECT …"}.', 422, "invalid-request")
    return body


def validated(model: type[Model], fields: Mapping[str, Any]) -> Model:
    """The request as a model, or what is wrong with it."""
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_url=False))
        raise QueryProblem(f"The request cannot be read: {wrong}.", 422, "invalid-request") from None


def rows_of(answer: bytes) -> Sequence[dict[str, Any]]:
    """The rows of an answer in the form `json`."""
    rows: list[dict[str, Any]] = json.loads(answer)["data"]
    return rows
