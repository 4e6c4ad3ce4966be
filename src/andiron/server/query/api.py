"""Logfire's query API over HTTP: what its SDK, its command line and its DB-API ask."""

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any, Literal, Protocol, TypeVar

from anyio import CapacityLimiter, to_thread
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from andiron.server.control.models import Scope
from andiron.server.control.refusals import Refusal
from andiron.server.query import catalog
from andiron.server.query.answers import Answer, Form
from andiron.server.query.problems import RETRY_AFTER, QueryProblem, answered
from andiron.server.query.queries import Queries
from andiron.server.settings import Settings

AT_ONCE = 4
WAITING = 32
BODY = 4_000_000

ORGANIZATION = "andiron"


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


Authorize = Callable[[Scope, str | None], Grant]


def aware(moment: datetime) -> datetime:
    """A time without a zone is in UTC."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def listed(value: Any) -> Any:
    """One environment is a list of one."""
    return [value] if isinstance(value, str) else value


Moment = Annotated[datetime, AfterValidator(aware)]


class Ask(BaseModel):
    """The body of `POST /v2/query`. Fields of later clients are ignored."""

    model_config = ConfigDict(extra="ignore")

    sql: str
    min_timestamp: Moment | None = None
    max_timestamp: Moment | None = None
    limit: int = Field(100, ge=1)
    timezone: str | None = None
    deployment_environment: Annotated[list[str] | None, BeforeValidator(listed)] = None
    explain: bool = False
    include_schema: bool = True
    dialect: Literal["logfire", "clickhouse"] | None = None


class AskV1(BaseModel):
    """The parameters of `GET /v1/query`."""

    model_config = ConfigDict(extra="ignore")

    sql: str
    min_timestamp: Moment | None = None
    max_timestamp: Moment | None = None
    limit: int = Field(500, ge=1)
    json_rows: bool = False
    row_oriented: bool = False


class QueryApi:
    """The routes. `authorize` decides who asks; `Queries` answers."""

    def __init__(self, queries: Queries, settings: Settings, authorize: Authorize) -> None:
        self._queries = queries
        self._most = settings.query_rows
        self._authorize = authorize
        self._limiter: CapacityLimiter | None = None
        self._waiting = 0

    def routes(self) -> list[Route]:
        """What to mount at the root."""
        return [
            Route("/v2/query", self.query, methods=["POST"]),
            Route("/v1/query", self.query_v1, methods=["GET"]),
            Route("/v1/info", self.info, methods=["GET"]),
            Route("/v1/read-token-info", self.read_token_info, methods=["GET"]),
            Route("/v1/schemas", self.schemas, methods=["GET"]),
        ]

    async def query(self, request: Request) -> Response:
        """`POST /v2/query`."""
        return await self._responded(request, self._query)

    async def query_v1(self, request: Request) -> Response:
        """`GET /v1/query`, of older SDKs."""
        return await self._responded(request, self._query_v1)

    async def info(self, request: Request) -> Response:
        """`GET /v1/info`: the SDK asks at its start whether the token that it writes with is valid."""
        return await self._responded(request, self._info)

    async def read_token_info(self, request: Request) -> Response:
        """`GET /v1/read-token-info`."""
        return await self._responded(request, self._read_token_info)

    async def schemas(self, request: Request) -> Response:
        """`GET /v1/schemas`: the tables, for programs that write SQL."""
        return await self._responded(request, self._schemas)

    async def _responded(self, request: Request, handler: Callable[[Request], Any]) -> Response:
        try:
            response: Response = await handler(request)
        except QueryProblem as problem:
            return answered(problem)
        except Refusal as refusal:
            kind = {401: "unauthenticated", 403: "forbidden"}.get(refusal.status, "refused")
            later = RETRY_AFTER if refusal.status == 503 else None
            response = answered(QueryProblem(str(refusal), refusal.status, kind, later))
            if refusal.status == 401:
                response.headers["WWW-Authenticate"] = "Bearer"
        return response

    def _grant(self, request: Request, *scopes: Scope) -> Grant:
        for scope in scopes[:-1]:
            try:
                return self._authorize(scope, request.headers.get("authorization"))
            except Refusal as refusal:
                if refusal.status != 403:
                    raise
        return self._authorize(scopes[-1], request.headers.get("authorization"))

    async def _query(self, request: Request) -> Response:
        grant = self._grant(request, Scope.READ)
        ask = validated(Ask, await body_of(request))
        form = form_of(request)
        return await self._answer(grant, ask, form, explain=ask.explain, schema=ask.include_schema)

    async def _query_v1(self, request: Request) -> Response:
        grant = self._grant(request, Scope.READ)
        old = validated(AskV1, dict(request.query_params))
        form = form_of(request)
        if form in {"json", "ndjson"}:
            form = "v1-rows" if old.json_rows or old.row_oriented else "v1-columns"
        ask = Ask(sql=old.sql, min_timestamp=old.min_timestamp, max_timestamp=old.max_timestamp, limit=old.limit)
        return await self._answer(grant, ask, form, explain=False, schema=True)

    async def _answer(self, grant: Grant, ask: Ask, form: Form, *, explain: bool, schema: bool) -> Response:
        if ask.limit > self._most:
            raise QueryProblem(
                f"limit is {ask.limit}, and one answer holds at most {self._most} rows: ask for less, and for the rest with "
                "a condition on start_timestamp.",
                422,
                "invalid-request",
            )
        answer = await self._run(partial(self._blocking, grant.database, ask, form, explain=explain, schema=schema))
        return Response(answer.body, media_type=answer.media_type)

    def _blocking(self, database: str, ask: Ask, form: Form, *, explain: bool, schema: bool) -> Answer:
        from andiron.server.query.dialect import Question

        question = Question(
            sql=ask.sql,
            database=database,
            now=self._queries.now(),
            limit=ask.limit,
            since=ask.min_timestamp,
            until=ask.max_timestamp,
            environments=ask.deployment_environment,
            zone=ask.timezone or "UTC",
            dialect=ask.dialect,
            plans=explain,
            arrays_as_json=form == "csv",
        )
        return self._queries.answer(question, form, schema=schema)

    async def _run(self, work: Callable[[], Answer]) -> Answer:
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

    async def _info(self, request: Request) -> Response:
        grant = self._grant(request, Scope.WRITE, Scope.READ)
        return JSONResponse({"project_name": grant.project, "project_url": str(request.base_url)})

    async def _read_token_info(self, request: Request) -> Response:
        grant = self._grant(request, Scope.READ)
        return JSONResponse({"organization_name": ORGANIZATION, "project_name": grant.project})

    async def _schemas(self, request: Request) -> Response:
        self._grant(request, Scope.READ)
        tables = [
            {
                "name": table,
                "description": description,
                "schema": {
                    column.name: {
                        "data_type": column.type,
                        "nullable": column.nullable,
                        "description": column.description,
                    }
                    for column in catalog.columns(table)
                },
            }
            for table, description in catalog.DESCRIPTIONS.items()
        ]
        return JSONResponse({"tables": tables})


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


Model = TypeVar("Model", bound=BaseModel)


def validated(model: type[Model], fields: Mapping[str, Any]) -> Model:
    """The request as a model, or what is wrong with it."""
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_url=False))
        raise QueryProblem(f"The request cannot be read: {wrong}.", 422, "invalid-request") from None


FORMS: tuple[tuple[str, Form], ...] = (
    ("application/vnd.apache.arrow.stream", "arrow"),
    ("application/x-ndjson", "ndjson"),
    ("text/csv", "csv"),
    ("application/json", "json"),
)


def form_of(request: Request) -> Form:
    """The form that the client likes best."""
    best, form = 0.0, "json"
    for part in request.headers.get("accept", "").split(","):
        media, *parameters = [piece.strip().lower() for piece in part.split(";")]
        quality = next((float(q[1]) for p in parameters if (q := re.fullmatch(r"q=([\d.]+)", p))), 1.0)
        for name, known in FORMS:
            if media == name and quality > best:
                best, form = quality, known
    return form  # type: ignore[return-value]  # one of FORMS
