"""Where questions arrive over HTTP: who asks, on which threads they are worked on, how a refusal is answered.

Every API that asks the store stands on one `Desk`, so that all of them together take no more threads than are meant for it.
"""

import asyncio
import json
import logging
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Annotated, Any, Protocol, TypeVar

from anyio import CancelScope, CapacityLimiter, to_thread
from pydantic import AfterValidator, BaseModel, ValidationError
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.routing import Route

from andiron.errors import StoreError
from andiron.server.control.models import Scope
from andiron.server.control.refusals import Refusal
from andiron.server.query.cancellation import CURRENT, Cancellation, gone
from andiron.server.query.problems import RETRY_AFTER, QueryProblem, answered, told
from andiron.server.query.queries import Queries
from andiron.server.query.times import EARLIEST, LATEST
from andiron.server.settings import Settings

log = logging.getLogger(__name__)

AT_ONCE = 4
WAITING = 32
BODY = 4_000_000
AGAIN = 0.2
"""Seconds between two tries to kill the work of one who left: it may be between two statements."""


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


def possible(moment: datetime) -> datetime:
    """A time without a zone is in UTC. What lies beyond all records is moved to their edge, which asks the same."""
    return min(max(moment if moment.tzinfo else moment.replace(tzinfo=UTC), EARLIEST), LATEST)


Moment = Annotated[datetime, AfterValidator(possible)]

HALVES = re.compile(rb"\\u[dD][89a-fA-F]")
"""Half a character, escaped, as where an emoji was cut in two: neither the store nor an answer can hold one."""

ASKING: ContextVar[Request | None] = ContextVar("asking", default=None)
"""The request that is being answered, once its body is read: from then on nothing more comes from its client but the news that it
left."""


class Desk:
    """What the query APIs share. `authorize` decides who asks; `queries` answers."""

    def __init__(self, queries: Queries, settings: Settings, authorize: Authorize, *, at_once: int = AT_ONCE) -> None:
        self.queries = queries
        self.settings = settings
        self._at_once = at_once
        self._authorize = authorize
        self._limiter: CapacityLimiter | None = None
        self._waiting = 0

    def route(self, path: str, handler: Handler, *methods: str) -> Route:
        """A route whose problems and refusals are answered in one shape."""

        async def responded(request: Request) -> Response:
            token = ASKING.set(request if request.method == "GET" else None)
            try:
                return await handler(request)
            except QueryProblem as problem:
                return answered(problem)
            except Refusal as refusal:
                return declined(refusal)
            except StoreError as error:
                return answered(told(error, (), self.settings.query_timeout.total_seconds()))
            except Exception:
                log.exception("a request failed", extra={"method": request.method, "path": request.url.path})
                return answered(QueryProblem("The server failed at this; its log says why.", 500, "internal-error"))
            finally:
                # A stream that follows listens for the end of its client itself.
                ASKING.reset(token)

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
        """Queries have threads of their own, so that however many come, telemetry is still taken.

        When the client of the request leaves meanwhile, what waits does not begin, and what runs in the store is killed.
        """
        if self._waiting >= WAITING:
            raise QueryProblem(
                f"{self._waiting} queries wait already; try again in {RETRY_AFTER} seconds.",
                429,
                "too-many-queries",
                RETRY_AFTER,
            )
        if self._limiter is None:
            self._limiter = CapacityLimiter(self._at_once)
        self._waiting += 1
        try:
            request = ASKING.get()
            if request is None:
                return await to_thread.run_sync(work, limiter=self._limiter)
            return await self._run_for(request, work, self._limiter)
        finally:
            self._waiting -= 1

    async def _run_for(self, request: Request, work: Callable[[], Result], limiter: CapacityLimiter) -> Result:
        cancellation, waiting = Cancellation(), CancelScope()
        token = CURRENT.set(cancellation)
        watcher = asyncio.create_task(self._watch(request, cancellation, waiting))
        try:
            with waiting:
                return await to_thread.run_sync(work, limiter=limiter)
            raise gone()
        finally:
            watcher.cancel()
            CURRENT.reset(token)

    async def _watch(self, request: Request, cancellation: Cancellation, waiting: CancelScope) -> None:
        """Wait until the client is gone; then end its work, however long that takes."""
        while (await request.receive())["type"] != "http.disconnect":
            pass
        cancellation.asked.set()
        waiting.cancel()
        while True:
            await to_thread.run_sync(self.queries.kill, cancellation)
            await asyncio.sleep(AGAIN)


def declined(refusal: Refusal) -> Response:
    """A refusal of the control part, as a query's problem is answered."""
    kind = {401: "unauthenticated", 403: "forbidden", 404: "not-found", 409: "conflict", 422: "invalid-request"}.get(
        refusal.status, "refused"
    )
    later = RETRY_AFTER if refusal.status == 503 else None
    response = answered(QueryProblem(str(refusal), refusal.status, kind, later))
    if refusal.status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


async def body_of(request: Request, example: str = '{"sql": "SELECT …"}') -> Mapping[str, Any]:
    """The JSON of a request, up to a size that no query has. `example` is shown to who sends something else."""
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > BODY:
            raise QueryProblem(f"The request is larger than {BODY:,} bytes.", 413, "invalid-request")
        chunks.append(chunk)
    ASKING.set(request)
    raw = b"".join(chunks)
    try:
        body = json.loads(raw)
        if HALVES.search(raw):
            whole = json.dumps(body, ensure_ascii=False).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
            body = json.loads(whole)
    except (ValueError, RecursionError):
        raise QueryProblem(f"The request is no JSON; send {example}.", 422, "invalid-request") from None
    if not isinstance(body, dict):
        raise QueryProblem(f"The request is no JSON object; send {example}.", 422, "invalid-request")
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
