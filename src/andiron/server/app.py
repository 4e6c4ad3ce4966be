"""The server, assembled: read this first.

`Andiron` connects the parts, each of which knows only its neighbours:

    door (HTTP, gRPC) → journal → loader → store ← query: SQL, search, traces, services ← pages, manage
                                    └── receipts → live stream
    access (projects, tokens, sessions of browsers) stands before all that comes from outside
"""

import asyncio
import contextlib
import dataclasses
import logging
import threading
from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial

from starlette.applications import Starlette
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from andiron import __version__
from andiron.errors import AndironError, StoreError, StoreUnavailable
from andiron.server.control.access import Access, Grant, require_tokens
from andiron.server.control.asker import Asker, asker
from andiron.server.control.guard import Guard
from andiron.server.control.metadata import Metadata
from andiron.server.control.models import Scope as TokenScope
from andiron.server.control.prefix import Prefix
from andiron.server.control.projects import Projects
from andiron.server.control.refusals import Refusal
from andiron.server.control.retention import Retentions
from andiron.server.control.sessions import Sessions
from andiron.server.control.tokens import Tokens
from andiron.server.datapath import DataPath
from andiron.server.ingest.door import Door
from andiron.server.ingest.grpc import OtlpGrpc
from andiron.server.ingest.http import OtlpHttp
from andiron.server.ingest.journal import Journal
from andiron.server.ingest.keys import Keys
from andiron.server.ingest.loader import Loader
from andiron.server.ingest.quarantine import Quarantine
from andiron.server.ingest.signals import SIGNALS
from andiron.server.manage.api import AT_ONCE as MANAGING
from andiron.server.manage.api import Governed, ManageApi
from andiron.server.observe import Instruments
from andiron.server.pages.api import PagesApi
from andiron.server.pages.bundle import Bundle, wants_page
from andiron.server.query.api import QueryApi
from andiron.server.query.desk import Desk
from andiron.server.query.feed import Feed
from andiron.server.query.live import LiveApi
from andiron.server.query.queries import Queries
from andiron.server.query.search.api import SearchApi
from andiron.server.query.services.api import ServicesApi
from andiron.server.query.tables import TablesApi
from andiron.server.query.traces.api import TracesApi
from andiron.server.settings import Settings
from andiron.server.store.engine import Engine
from andiron.server.store.open import open_store
from andiron.server.store.retention import apply_retention
from andiron.server.store.schema import Schema

log = logging.getLogger(__name__)

DEFAULT_DATABASE = "andiron"
HOUSEKEEPING = 1.0
"""Seconds between two looks at the metadata: how soon a revoked token or a deleted project is noticed."""
DRAIN = 5.0
"""Seconds that a stop may spend on emptying the journal; what is left is loaded at the next start."""


class Andiron:
    """Everything that lives as long as the process. Construct, `open`, serve `asgi`, `close`."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.instruments = Instruments()
        self.path = DataPath(settings.data)
        with contextlib.ExitStack() as undo:
            undo.callback(self.path.release)
            self.metadata = Metadata.open(settings.data, settings.metadata)
            undo.callback(self.metadata.close)
            self.projects = Projects(self.metadata)
            self.projects.ensure_default(settings.project)
            self.retentions = Retentions(self.metadata, settings)
            require_tokens(settings, Tokens(self.metadata))
            self.access = Access(self.metadata, settings)
            self.engine: Engine = open_store(settings)
            undo.callback(self.engine.close)
            self.schema = Schema(self.engine)
            self.journal = Journal(
                settings.data / "journal",
                most=settings.max_backlog,
                least_free=settings.min_free_disk,
                observe_sync=self.instruments.sync_seconds.observe,
            )
            undo.pop_all()
        self.keys = Keys(
            settings.data / "keys",
            age=settings.idempotency_age.total_seconds(),
            memory=settings.idempotency_memory,
        )
        self.keys.recall(self.journal.left())
        self.quarantine = Quarantine(settings.data / "quarantine")
        self.feed = Feed()
        self.loader = Loader(
            self.journal,
            self.engine,
            self.quarantine,
            self.instruments,
            ensure=self.ensure,
            keep=self.keys.keep,
            loaded=self.feed.told,
        )
        self.door = Door(settings, self.journal, self.keys, self.instruments)
        self.bundle = Bundle()
        self.grpc: OtlpGrpc | None = None
        self._ensured: set[str] = set()
        self._kept: dict[str, dict[str, timedelta]] = {}
        self._ensuring = threading.Lock()
        self._housekeeper: asyncio.Task[None] | None = None
        self.instruments.watch("andiron_journal_backlog_bytes", lambda: self.journal.backlog)
        self.instruments.watch("andiron_journal_segments", lambda: self.journal.segments)

    def authorize(self, needed: TokenScope, asked: str | Asker | None) -> Grant:
        """Who asks, by a header or by all that a request tells, and for which database of this store."""
        grant = self.access.authorize(asked, needed)
        return dataclasses.replace(grant, database=self.database(grant.database))

    def authorize_request(self, needed: TokenScope, request: HTTPConnection) -> Grant:
        """The same, of a request over HTTP."""
        return self.authorize(needed, asker(request))

    def operator(self, request: HTTPConnection) -> bool:
        """Whether a request may govern the server: with no token on one that needs none, or as an admin of its own project."""
        return self.access.operates(asker(request))

    def database(self, name: str) -> str:
        """Where the project whose database is called `name` lies: a server's URL may name another than `andiron`."""
        wanted = getattr(self.engine, "database", DEFAULT_DATABASE)
        return wanted + name.removeprefix(DEFAULT_DATABASE)

    def ensure(self, database: str) -> bool:
        """Make the schema of `database` unless it is there; False when its project is deleted."""
        project = next((each for each in self.projects.all() if self.database(each.database) == database), None)
        if project is None:
            return False
        # Servers that share a ClickHouse share their PostgreSQL: of those that start together, one makes the schema.
        with self._ensuring, self.metadata.alone():
            self.schema.ensure(database)
            self._keep(database, self.retentions.of(project.id))
            self._ensured.add(database)
        return True

    def _keep(self, database: str, ages: dict[str, timedelta]) -> None:
        """Give the tables of `database` these ages."""
        apply_retention(self.engine, database, ages)
        self._kept[database] = ages

    def housekeep(self) -> None:
        """Follow the metadata: new projects get their tables, deleted ones lose theirs, tokens are read anew."""
        self.access.refresh()
        overridden = self.retentions.overridden()
        for project in self.projects.all():
            if (database := self.database(project.database)) not in self._ensured:
                self.ensure(database)
            elif {**self.retentions.defaults, **overridden.get(project.id, {})} != self._kept[database]:
                # Read again: what was read outside of the lock may be older than what another thread has applied.
                with self._ensuring, self.metadata.alone():
                    self._keep(database, self.retentions.of(project.id))
        for project in self.projects.reaped():
            database = self.database(project.database)
            on_cluster = f"ON CLUSTER '{self.engine.cluster}'" if self.engine.cluster else ""
            self.engine.command(f"DROP DATABASE IF EXISTS {database} {on_cluster} SYNC")
            self._ensured.discard(database)
            self.projects.mark_dropped(project)
            log.info("project dropped", extra={"project": project.name, "database": database})

    def follow(self) -> None:
        """Carry out at once what was just changed in the metadata; a store that is away follows when it is back."""
        try:
            self.housekeep()
        except StoreError as error:
            log.warning("the store follows later", extra={"error": str(error)})

    async def open(self) -> None:
        """Start what runs beside the requests."""
        try:
            await asyncio.to_thread(self.housekeep)
        except StoreUnavailable as error:
            # Telemetry is taken all the same: the journal holds it until the store is there.
            log.warning("store unavailable at start", extra={"error": str(error)})
        self.loader.start()
        self._housekeeper = asyncio.create_task(self._keep_house())
        if self.settings.grpc != "off":
            self.grpc = OtlpGrpc(
                self.door,
                partial(self.authorize, TokenScope.WRITE),
                self.instruments,
                max_body=self.settings.max_body,
            )
            self.grpc.listen(self.settings.grpc)
            await self.grpc.start()

    async def close(self) -> None:
        """Stop taking, write what was taken, load what time allows."""
        if self._housekeeper is not None:
            self._housekeeper.cancel()
        if self.grpc is not None:
            await self.grpc.stop(1.0)
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        self.journal.close()
        self.loader.drain(DRAIN)
        self.loader.stop(DRAIN)
        self.access.close()
        self.metadata.close()
        self.engine.close()
        self.path.release()

    async def _keep_house(self) -> None:
        while True:
            await asyncio.sleep(HOUSEKEEPING)
            try:
                await asyncio.to_thread(self.housekeep)
            except AndironError as error:
                log.warning("housekeeping failed", extra={"error": str(error)})
            except Exception:
                log.exception("housekeeping failed")

    def asgi(self) -> ASGIApp:
        """The HTTP application."""

        @contextlib.asynccontextmanager
        async def lifespan(_: Starlette) -> AsyncIterator[None]:
            await self.open()
            yield
            await self.close()

        queries = Queries(self.engine, self.settings, observe=self.observe_query)
        desk = Desk(queries, self.settings, self.authorize_request)
        governed = Governed(
            self.projects,
            Tokens(self.metadata),
            self.retentions,
            self.engine,
            self.journal,
            self.quarantine,
            self.instruments,
            self.database,
            self.reasons,
            self.follow,
        )
        managing = Desk(queries, self.settings, self.authorize_request, at_once=MANAGING)
        pages = Starlette(
            routes=[
                Route("/", self.root),
                Route("/healthz", self.healthz),
                Route("/readyz", self.readyz),
                Route("/metrics", self.metrics),
                *QueryApi(desk).routes(),
                *TracesApi(desk).routes(),
                *ServicesApi(desk).routes(),
                *LiveApi(desk, self.feed).routes(),
                *TablesApi(desk).routes(),
                *ManageApi(managing, governed, self.operator).routes(),
                *SearchApi(desk).routes(),
                *PagesApi(desk, self.access, Sessions(self.metadata)).routes(),
            ],
            lifespan=lifespan,
        )
        # Not a route: one that takes every path would also take the wrong methods of the others.
        pages.router.default = self.bundle
        ingest = {
            f"/v1/{signal.name}": OtlpHttp(
                signal, self.door, partial(self.authorize, TokenScope.WRITE), self.instruments
            )
            for signal in SIGNALS
        }

        async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
            # Telemetry is most of the traffic: it does not walk the routes.
            app = ingest.get(scope["path"], pages) if scope["type"] == "http" else pages
            await app(scope, receive, send)

        return Prefix(Guard(dispatch, self.settings), self.settings.prefix)

    def observe_query(self, seconds: float, outcome: str) -> None:
        """Note how long a query took and how it ended."""
        self.instruments.query_seconds.labels(outcome).observe(seconds)

    async def root(self, request: Request) -> Response:
        """The live page, or to a program what this is."""
        if wants_page(request):
            return self.bundle.shell(request)
        return PlainTextResponse(
            f"Andiron {__version__}\n\nOTLP: POST /v1/traces, /v1/logs, /v1/metrics\nSQL: POST /v2/query\n"
            "State: GET /healthz, /readyz, /metrics\n",
            headers={"Vary": "Accept"},
        )

    async def healthz(self, _: Request) -> Response:
        """The process answers."""
        return JSONResponse({"status": "ok", "version": __version__})

    async def readyz(self, _: Request) -> Response:
        """Telemetry is taken and can be asked for."""
        if reasons := await self.reasons():
            return JSONResponse({"status": "not ready", "reasons": reasons}, 503)
        return JSONResponse({"status": "ready"})

    async def reasons(self) -> list[str]:
        """Why it is not so; nothing when it is."""
        reasons = []
        try:
            self.journal.check_room(0)
        except AndironError as error:
            reasons.append(str(error))
        try:
            await asyncio.wait_for(asyncio.to_thread(self.engine.query, "SELECT 1"), 5)
            if not self._ensured:
                reasons.append("The store's schema is not made yet.")
        except (StoreError, TimeoutError) as error:
            reasons.append(str(error) or "The store does not answer.")
        return reasons

    async def metrics(self, request: Request) -> Response:
        """Andiron's own metrics."""
        try:
            self.authorize_request(TokenScope.READ, request)
        except Refusal as error:
            return JSONResponse({"status": error.status, "detail": str(error)}, error.status)
        return Response(self.instruments.exposition(), media_type="text/plain; version=0.0.4; charset=utf-8")
