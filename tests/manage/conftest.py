"""A server's parts with the management API over them: real metadata, the embedded store, a journal, a quarantine."""

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import HTTPConnection
from starlette.testclient import TestClient

from andiron.server.control.access import Access, Grant
from andiron.server.control.metadata import Metadata
from andiron.server.control.models import Scope
from andiron.server.control.projects import Projects
from andiron.server.control.retention import Retentions
from andiron.server.control.tokens import Tokens
from andiron.server.ingest.journal import Journal
from andiron.server.ingest.quarantine import Quarantine
from andiron.server.manage.api import Governed, ManageApi
from andiron.server.observe import Instruments
from andiron.server.query.desk import Desk
from andiron.server.query.queries import Queries
from andiron.server.settings import Settings
from andiron.server.store.embedded import EmbeddedEngine
from andiron.server.store.retention import apply_retention
from andiron.server.store.schema import Schema


@dataclasses.dataclass
class Office:
    """What the tests look at: the parts behind the API, and clients with tokens for it."""

    governed: Governed
    app: Starlette
    reasons: list[str]

    @property
    def database(self) -> str:
        """Where the default project lies."""
        return self.governed.database("andiron")

    def token(self, project: str = "default", scope: Scope = Scope.ADMIN) -> str:
        return self.governed.tokens.create(project, scope).plaintext

    def client(self, project: str = "default", scope: Scope = Scope.ADMIN) -> TestClient:
        """One who sends such a token."""
        token = self.token(project, scope)
        self.governed.follow()
        return TestClient(self.app, headers={"Authorization": token})


@pytest.fixture
def office(engine: EmbeddedEngine, new_database: Callable[[], str], tmp_path: Path) -> Iterator[Office]:
    settings = Settings(_env_file=None, data=tmp_path, allowed_hosts=["tokens.are.necessary"])
    metadata = Metadata.open(tmp_path)
    projects, tokens, retentions = Projects(metadata), Tokens(metadata), Retentions(metadata, settings)
    projects.ensure_default()
    access = Access(metadata, settings)
    home = new_database()
    made: list[str] = []
    reasons: list[str] = []

    def database(name: str) -> str:
        return home + name.removeprefix("andiron")

    def follow() -> None:
        access.refresh()
        for project in projects.all():
            Schema(engine).ensure(database(project.database))
            apply_retention(engine, database(project.database), retentions.of(project.id))
            made.append(database(project.database))

    def authorize(needed: Scope, request: HTTPConnection) -> Grant:
        grant = access.authorize(request.headers.get("authorization"), needed)
        return dataclasses.replace(grant, database=database(grant.database))

    def operator(request: HTTPConnection) -> bool:
        return authorize(Scope.ADMIN, request).project == settings.project

    async def ready() -> list[str]:
        return reasons

    journal = Journal(tmp_path / "journal", most=1000)
    governed = Governed(
        projects, tokens, retentions, engine, journal, Quarantine(tmp_path / "quarantine"), Instruments(),
        database, ready, follow,
    )  # fmt: skip
    follow()
    desk = Desk(Queries(engine, settings), settings, authorize)
    yield Office(governed, Starlette(routes=ManageApi(desk, governed, operator).routes()), reasons)
    journal.close()
    metadata.close()
    for name in set(made):
        engine.command(f"DROP DATABASE IF EXISTS {name} SYNC")
