"""Logfire's query API over HTTP: what its SDK, its command line and its DB-API ask."""

import re
from functools import partial
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from andiron.server.control.models import Scope
from andiron.server.query import catalog
from andiron.server.query.answers import Answer, Form
from andiron.server.query.desk import Desk, Grant, Moment, body_of, validated
from andiron.server.query.problems import QueryProblem

ORGANIZATION = "andiron"


def listed(value: Any) -> Any:
    """One environment is a list of one."""
    return [value] if isinstance(value, str) else value


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
    """The routes, on `desk`."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._queries = desk.queries
        self._most = desk.settings.query_rows

    def routes(self) -> list[Route]:
        """What to mount at the root."""
        return [
            self._desk.route("/v2/query", self._query, "POST"),
            self._desk.route("/v1/query", self._query_v1),
            self._desk.route("/v1/info", self._info),
            self._desk.route("/v1/read-token-info", self._read_token_info),
            self._desk.route("/v1/schemas", self._schemas),
        ]

    async def _query(self, request: Request) -> Response:
        """`POST /v2/query`."""
        grant = self._desk.grant(request, Scope.READ)
        ask = validated(Ask, await body_of(request))
        form = form_of(request)
        return await self._answer(grant, ask, form, explain=ask.explain, schema=ask.include_schema)

    async def _query_v1(self, request: Request) -> Response:
        """`GET /v1/query`, of older SDKs."""
        grant = self._desk.grant(request, Scope.READ)
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
        answer = await self._desk.run(
            partial(self._blocking, grant.database, ask, form, explain=explain, schema=schema)
        )
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

    async def _info(self, request: Request) -> Response:
        """`GET /v1/info`: the SDK asks at its start whether the token that it writes with is valid."""
        grant = self._desk.grant(request, Scope.WRITE, Scope.READ)
        return JSONResponse({"project_name": grant.project, "project_url": str(request.base_url)})

    async def _read_token_info(self, request: Request) -> Response:
        """`GET /v1/read-token-info`."""
        grant = self._desk.grant(request, Scope.READ)
        return JSONResponse({"organization_name": ORGANIZATION, "project_name": grant.project})

    async def _schemas(self, request: Request) -> Response:
        """`GET /v1/schemas`: the tables, for programs that write SQL."""
        self._desk.grant(request, Scope.READ)
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


FORMS: tuple[tuple[str, Form], ...] = (
    ("application/vnd.apache.arrow.stream", "arrow"),
    ("application/vnd.apache.parquet", "parquet"),
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
