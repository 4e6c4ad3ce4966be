"""`/pages/api/projects`: the projects of this server, for its operator."""

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from pydantic import BaseModel
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from andiron.errors import StoreError
from andiron.server.control.models import Project, Scope
from andiron.server.control.projects import Projects
from andiron.server.control.refusals import Forbidden, Invalid
from andiron.server.manage.moments import written
from andiron.server.query.desk import Desk, body_of, validated
from andiron.server.store.engine import Engine
from andiron.server.store.parts import Parts


class Named(BaseModel):
    """What a new project is called."""

    name: str


class ProjectsApi:
    """The routes, on `desk`."""

    def __init__(
        self,
        desk: Desk,
        projects: Projects,
        engine: Engine,
        database: Callable[[str], str],
        follow: Callable[[], None],
        operator: Callable[[HTTPConnection], bool],
    ) -> None:
        self._desk = desk
        self._projects = projects
        self._parts = Parts(engine)
        self._database = database
        self._follow = follow
        self._operator = operator

    def routes(self) -> list[Route]:
        """What to mount at the root."""
        return [
            self._desk.route("/pages/api/projects", self._list),
            self._desk.route("/pages/api/projects", self._create, "POST"),
            self._desk.route("/pages/api/projects/{name}", self._delete, "DELETE"),
        ]

    def _check(self, request: Request) -> None:
        self._desk.grant(request, Scope.ADMIN)
        if not self._operator(request):
            raise Forbidden(
                f"Projects are made and deleted by an operator: with an admin token of the project "
                f"{self._desk.settings.project!r}, or on the command line with `andiron projects`."
            )

    async def _list(self, request: Request) -> Response:
        self._check(request)
        return JSONResponse({"projects": await self._desk.run(self._all)})

    async def _create(self, request: Request) -> Response:
        self._check(request)
        named = validated(Named, await body_of(request, '{"name": "shop"}'))
        return JSONResponse(await self._desk.run(partial(self._made, named.name)), 201)

    async def _delete(self, request: Request) -> Response:
        self._check(request)
        await self._desk.run(partial(self._deleted, request.path_params["name"]))
        return Response(status_code=204)

    def _all(self) -> list[dict[str, Any]]:
        projects = self._projects.all()
        sizes: dict[str, tuple[int, int]] = {}
        with suppress(StoreError):  # the names are worth showing without their sizes
            sizes = self._parts.databases([self._database(project.database) for project in projects])
        return [self._shown(project, sizes) for project in projects]

    def _made(self, name: str) -> dict[str, Any]:
        project = self._projects.create(name)
        self._follow()
        return self._shown(project, {})

    def _deleted(self, name: str) -> None:
        if name == self._desk.settings.project:
            raise Invalid(f"The project {name!r} cannot be deleted: requests without a token go there.")
        self._projects.delete(name)
        self._follow()

    def _shown(self, project: Project, sizes: dict[str, tuple[int, int]]) -> dict[str, Any]:
        database = self._database(project.database)
        rows, size = sizes.get(database, (0, 0))
        return {
            "name": project.name,
            "created_at": written(project.created_at),
            "database": database,
            "rows": rows,
            "bytes": size,
            "default": project.name == self._desk.settings.project,
        }
