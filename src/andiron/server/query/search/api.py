"""The search box and the lists over HTTP: lines, their histogram and facets, what can be typed next, one record."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from andiron.server.control.models import Scope
from andiron.server.query.desk import Desk, Moment, body_of, validated
from andiron.server.query.search import completion, counts, rows
from andiron.server.query.search.store import Store
from andiron.server.query.times import written

EXAMPLE = '{"q": "level:error"}'
FIELDS = ("service_name", "level", "deployment_environment", "otel_scope_name", "tags")
LATELY = timedelta(days=1)
"""How far values are looked for where nobody says how far."""

Name = Annotated[str, Field(min_length=1, max_length=300)]


class Within(BaseModel):
    """A search and its range of time."""

    model_config = ConfigDict(extra="ignore")

    q: str = Field("", max_length=20_000)
    since: Moment | None = None
    until: Moment | None = None


class Search(Within):
    """The body of `POST /pages/api/search`."""

    limit: int = Field(200, ge=1, le=1000)
    before: str | None = Field(None, max_length=200)
    columns: list[Name] = Field(default_factory=list, max_length=20)
    pending: bool = True


class Count(Within):
    """The body of `POST /pages/api/histogram`."""

    buckets: int = Field(120, ge=1, le=1000)


class Facets(Within):
    """The body of `POST /pages/api/facets`."""

    fields: list[Name] = Field(default_factory=lambda: [*FIELDS], max_length=20)


class Keys(Within):
    """The parameters of `GET /pages/api/keys`."""

    prefix: str = Field("", max_length=300)


class Values(Keys):
    """The parameters of `GET /pages/api/values`."""

    key: Name


class Word(Within):
    """The parameters of `GET /pages/api/attributes`."""

    value: str = Field(max_length=200)


class One(BaseModel):
    """The parameters of `GET /pages/api/record`."""

    model_config = ConfigDict(extra="ignore")

    id: str = Field(pattern="^[0-9a-f]{16}$")
    at: Moment
    trace_id: str | None = Field(None, max_length=64)
    span_id: str | None = Field(None, max_length=64)
    kind: str | None = Field(None, max_length=20)


class SearchApi:
    """The routes, on `desk`."""

    def __init__(self, desk: Desk, clock: Callable[[], float] = time.monotonic) -> None:
        self._desk = desk
        self._known = completion.Known(desk.queries, clock)

    def routes(self) -> list[Route]:
        """What to mount at the root."""
        return [
            self._desk.route("/pages/api/search", self._search, "POST"),
            self._desk.route("/pages/api/histogram", self._histogram, "POST"),
            self._desk.route("/pages/api/facets", self._facets, "POST"),
            self._desk.route("/pages/api/keys", self._keys),
            self._desk.route("/pages/api/values", self._values),
            self._desk.route("/pages/api/attributes", self._attributes),
            self._desk.route("/pages/api/record", self._record),
        ]

    def _store(self, request: Request, within: Within) -> Store:
        database = self._desk.grant(request, Scope.READ).database
        return Store(
            self._desk.queries,
            database,
            within.since,
            within.until,
            within.q,
            completion.Resource(self._known, database),
        )

    async def _answer(self, work: Callable[[], dict[str, Any]]) -> Response:
        began = time.perf_counter()
        found = await self._desk.run(work)
        return JSONResponse(found | {"took": round(time.perf_counter() - began, 6)})

    async def _search(self, request: Request) -> Response:
        ask = validated(Search, await body_of(request, EXAMPLE))
        store = self._store(request, ask)
        before = rows.Cursor.read(ask.before) if ask.before else None

        def work() -> dict[str, Any]:
            page = rows.page(store, ask.columns, ask.limit, before, pending=ask.pending)
            return {"rows": page.rows, "more": page.more, "cursor": page.cursor, "sql": page.sql}

        return await self._answer(work)

    async def _histogram(self, request: Request) -> Response:
        ask = validated(Count, await body_of(request, EXAMPLE))
        store = self._store(request, ask)

        def work() -> dict[str, Any]:
            found = counts.histogram(store, ask.buckets)
            return {
                "start": written(found.start),
                "step": found.step,
                "levels": found.levels,
                "total": found.total,
                "errors": found.errors,
                "sql": found.sql,
            }

        return await self._answer(work)

    async def _facets(self, request: Request) -> Response:
        ask = validated(Facets, await body_of(request, EXAMPLE))
        store = self._store(request, ask)
        return await self._answer(lambda: {"facets": counts.facets(store, ask.fields)})

    async def _keys(self, request: Request) -> Response:
        ask = validated(Keys, {name: value for name, value in request.query_params.items() if value})
        database = self._store(request, ask).database
        return await self._answer(lambda: {"keys": completion.matching(self._known.of(database), ask.prefix)})

    async def _values(self, request: Request) -> Response:
        ask = validated(Values, {name: value for name, value in request.query_params.items() if value})
        if ask.since is None:
            ask.since = (ask.until or self._desk.queries.now()) - LATELY
        store = self._store(request, ask)

        def work() -> dict[str, Any]:
            return {"values": completion.values(store, self._known.of(store.database), ask.key, ask.prefix)}

        return await self._answer(work)

    async def _attributes(self, request: Request) -> Response:
        ask = validated(Word, {name: value for name, value in request.query_params.items() if value})
        if ask.since is None:
            ask.since = (ask.until or self._desk.queries.now()) - LATELY
        store = self._store(request, ask)
        return await self._answer(lambda: {"attributes": completion.attributes_with(store, ask.value)})

    async def _record(self, request: Request) -> Response:
        ask = validated(One, {name: value for name, value in request.query_params.items() if value})
        store = self._store(request, Within())

        def work() -> dict[str, Any]:
            found, sql = rows.record(store, ask.id, ask.at, trace_id=ask.trace_id, span_id=ask.span_id, kind=ask.kind)
            return {"record": found, "sql": sql}

        return await self._answer(work)
