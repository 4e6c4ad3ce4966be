"""A small built bundle, and the frame's half of the server over it: real metadata, real sessions, the guard and the prefix before them."""

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.testclient import TestClient
from starlette.types import ASGIApp

from andiron.server.control.access import Access
from andiron.server.control.asker import asker
from andiron.server.control.guard import Guard
from andiron.server.control.metadata import Metadata
from andiron.server.control.models import Scope
from andiron.server.control.prefix import Prefix
from andiron.server.control.projects import Projects
from andiron.server.control.sessions import Sessions
from andiron.server.control.tokens import Tokens
from andiron.server.pages.api import PagesApi
from andiron.server.pages.bundle import Bundle
from andiron.server.query.desk import Desk
from andiron.server.query.queries import Queries
from andiron.server.settings import Settings
from andiron.server.store.embedded import EmbeddedEngine

INDEX = '<!doctype html>\n<head>\n<base href="./" />\n<script src="./assets/index-abc.js"></script>\n</head>\n'
SCRIPT = b"export const fire = 'andiron';\n"
SECRET = b"nobody is to see this"


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    """What a build leaves behind, and beside it a file that is nobody's business."""
    folder = tmp_path / "dist"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text(INDEX)
    (folder / "icon.svg").write_text("<svg/>")
    (folder / "assets" / "index-abc.js").write_bytes(SCRIPT)
    (folder / "assets" / "index-abc.js.br").write_bytes(b"as brotli")
    (folder / "assets" / "index-abc.js.gz").write_bytes(b"as gzip")
    (folder / "assets" / "index-abc.css").write_text("body{}")
    (folder / "assets" / "letters.woff2").write_bytes(b"wOF2")
    (tmp_path / "secret.txt").write_bytes(SECRET)
    return folder


@dataclasses.dataclass
class House:
    """What the tests look at: the parts behind the pages, and browsers before them."""

    app: ASGIApp
    access: Access
    projects: Projects
    tokens: Tokens
    metadata: Metadata

    def token(self, project: str, scope: Scope) -> str:
        """A token that is known already."""
        plaintext = self.tokens.create(project, scope).plaintext
        self.access.refresh()
        return plaintext

    def browser(self, base: str = "http://testserver") -> TestClient:
        """A browser with no cookies yet. Its pages send what ours send."""
        return TestClient(self.app, base_url=base, headers={"Andiron-Page": "1"}, raise_server_exceptions=False)


@pytest.fixture
def build(engine: EmbeddedEngine, dist: Path, tmp_path: Path) -> Iterator[Callable[..., House]]:
    """Makes one, with settings."""
    opened: list[Metadata] = []

    def built(**given: Any) -> House:
        settings = Settings(
            _env_file=None, data=tmp_path / f"data{len(opened)}", **({"allowed_hosts": ["testserver"]} | given)
        )
        metadata = Metadata.open(settings.data)
        opened.append(metadata)
        projects = Projects(metadata)
        projects.ensure_default()
        projects.create("shop")
        access = Access(metadata, settings)
        desk = Desk(
            Queries(engine, settings), settings, lambda needed, request: access.authorize(asker(request), needed)
        )

        async def whoami(request: Request) -> JSONResponse:
            """Stands for whatever asks for authorization."""
            grant = desk.grant(request, Scope.READ)
            return JSONResponse({"project": grant.project})

        routes = [
            desk.route("/v2/query", whoami, "POST"),
            desk.route("/pages/api/whoami", whoami),
            *PagesApi(desk, access, Sessions(metadata)).routes(),
        ]
        pages = Starlette(routes=routes)
        pages.router.default = Bundle(dist)
        app = Prefix(Guard(pages, settings), settings.prefix)
        return House(app, access, projects, Tokens(metadata), metadata)

    yield built
    for metadata in opened:
        metadata.close()
