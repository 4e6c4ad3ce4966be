"""`/pages/api/tokens`: the tokens of one's own project. The plain text of a token is in the answer that makes it, and nowhere else."""

import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from andiron.server.control.models import Scope, Token
from andiron.server.control.refusals import NotFound
from andiron.server.control.tokens import LONGEST_LIFETIME, Tokens
from andiron.server.manage.moments import written
from andiron.server.query.desk import Desk, body_of, validated


class Wanted(BaseModel):
    """What a new token may do, what it is for, and for how long."""

    scope: Scope
    description: str = ""
    lifetime_days: float | None = Field(None, gt=0, le=LONGEST_LIFETIME.days)


class TokensApi:
    """The routes, on `desk`."""

    def __init__(
        self, desk: Desk, tokens: Tokens, follow: Callable[[], None], *, clock: Callable[[], float] = time.time
    ) -> None:
        self._desk = desk
        self._tokens = tokens
        self._follow = follow
        self._clock = clock

    def routes(self) -> list[Route]:
        """What to mount at the root."""
        return [
            self._desk.route("/pages/api/tokens", self._list),
            self._desk.route("/pages/api/tokens", self._create, "POST"),
            self._desk.route("/pages/api/tokens/{id}", self._revoke, "DELETE"),
        ]

    async def _list(self, request: Request) -> Response:
        grant = self._desk.grant(request, Scope.ADMIN)
        tokens = await self._desk.run(partial(self._tokens.all, grant.project))
        return JSONResponse({"tokens": list(map(self._shown, tokens))})

    async def _create(self, request: Request) -> Response:
        grant = self._desk.grant(request, Scope.ADMIN)
        wanted = validated(Wanted, await body_of(request, '{"scope": "write", "description": "the shop"}'))
        made = await self._desk.run(partial(self._made, grant.project, wanted))
        # It is shown once: no cache may keep it.
        return JSONResponse(made, 201, {"Cache-Control": "no-store"})

    async def _revoke(self, request: Request) -> Response:
        grant = self._desk.grant(request, Scope.ADMIN)
        await self._desk.run(partial(self._revoked, grant.project, request.path_params["id"]))
        return Response(status_code=204)

    def _made(self, project: str, wanted: Wanted) -> dict[str, Any]:
        lifetime = None if wanted.lifetime_days is None else timedelta(days=wanted.lifetime_days)
        issued = self._tokens.create(project, wanted.scope, description=wanted.description, lifetime=lifetime)
        self._follow()
        return {"token": issued.plaintext, **self._shown(issued.token)}

    def _revoked(self, project: str, identifier: str) -> None:
        if all(token.id != identifier for token in self._tokens.all(project)):
            # Those of other projects are not known here. What was sent may be a token, so it is not repeated.
            raise NotFound(f"The project {project!r} has no token with this id.")
        self._tokens.revoke(identifier)
        self._follow()

    def _shown(self, token: Token) -> dict[str, Any]:
        return {
            "id": token.id,
            "scope": token.scope.value,
            "description": token.description,
            "created_at": written(token.created_at),
            "expires_at": written(token.expires_at),
            "last_used_at": written(token.last_used_at),
            "revoked_at": written(token.revoked_at),
            "state": self._state(token),
        }

    def _state(self, token: Token) -> str:
        if token.revoked_at is not None:
            return "revoked"
        expired = token.expires_at is not None and token.expires_at.timestamp() <= self._clock()
        return "expired" if expired else "live"
