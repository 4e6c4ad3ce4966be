"""Signing in: who looks at the pages and what is open to them. A token is given once, and a cookie stands for it from then on."""

import dataclasses
import time
from collections.abc import Callable
from datetime import UTC
from typing import Any

from anyio import to_thread
from pydantic import BaseModel, ConfigDict
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from andiron import __version__
from andiron.server.control.access import Access, Grant
from andiron.server.control.asker import COOKIE, Asker, asker
from andiron.server.control.models import Scope
from andiron.server.control.refusals import Forbidden, Refusal, Unauthenticated, Unavailable
from andiron.server.control.sessions import LIFETIME, Sessions
from andiron.server.query.desk import Desk, body_of, validated

RENEWED = 1.0
"""Least seconds between two looks at the metadata for a token that is not known."""
NEEDED = '{"token": "…"}'


class SignIn(BaseModel):
    """What the form sends."""

    model_config = ConfigDict(extra="ignore")

    token: str


class PagesApi:
    """The routes of the frame, on `desk`."""

    def __init__(self, desk: Desk, access: Access, sessions: Sessions) -> None:
        self._desk = desk
        self._access = access
        self._sessions = sessions
        self._renewed = -RENEWED

    def routes(self) -> list[Route]:
        """What to mount at the root."""
        return [
            self._desk.route("/pages/api/me", self._me),
            self._desk.route("/pages/api/sign-in", self._sign_in, "POST"),
            self._desk.route("/pages/api/sign-out", self._sign_out, "POST"),
        ]

    async def _me(self, request: Request) -> Response:
        """`GET /pages/api/me`: what the frame shows. A stranger is told nothing but to sign in."""
        return JSONResponse(self._told(asker(request)), headers={"Cache-Control": "no-store"})

    async def _sign_in(self, request: Request) -> Response:
        """`POST /pages/api/sign-in`: a token for a cookie. Signing in once more adds a project to those that are open."""
        asker(request)  # a page of ours, if a cookie came along
        sent = validated(SignIn, await body_of(request, NEEDED))
        grants = self._given(sent.token)
        if not grants and time.monotonic() - self._renewed > RENEWED:
            # It may have been made a moment ago, on the command line. Those who try tokens out do not make us read all the time.
            self._renewed = time.monotonic()
            await to_thread.run_sync(self._access.refresh)
            grants = self._given(sent.token)
        if not grants:
            raise Unauthenticated("The token is not valid: it is unknown, expired or revoked.")
        if not grants[0].scope.allows(Scope.READ):
            raise Forbidden(
                "This token may only send telemetry. To look at it, a token with the scope read or admin is needed."
            )
        earlier = request.cookies.get(COOKIE)
        before = self._access.opened(Asker(session=earlier)) if earlier else []
        tokens = [grant.token for grant in [*before, *grants] if grant.token is not None]
        session = await self._changed(lambda: self._sessions.begin(tokens, instead_of=earlier))
        response = JSONResponse(
            self._told(Asker(session=session, project=grants[0].project)), headers={"Cache-Control": "no-store"}
        )
        response.set_cookie(
            COOKIE,
            session,
            max_age=int(LIFETIME.total_seconds()),
            httponly=True,
            samesite="strict",
            secure=over_tls(request),
        )
        return response

    def _given(self, token: str) -> list[Grant]:
        """What the token itself opens, on a server that needs none too."""
        return [grant for grant in self._access.opened(Asker(authorization=token.strip())) if grant.token is not None]

    async def _sign_out(self, request: Request) -> Response:
        """`POST /pages/api/sign-out`."""
        asker(request)
        session = request.cookies.get(COOKIE)
        if session is not None:
            await self._changed(lambda: self._sessions.end(session))
        response = Response(status_code=204)
        response.delete_cookie(COOKIE, httponly=True, samesite="strict", secure=over_tls(request))
        return response

    async def _changed(self, change: Callable[[], Any]) -> Any:
        """Write to the metadata, and let requests know at once."""

        def both() -> Any:
            try:
                result = change()
            except SQLAlchemyError as error:
                raise Unavailable(
                    "The metadata database does not answer, so nothing was changed. Try later."
                ) from error
            self._access.refresh()
            return result

        return await to_thread.run_sync(both)

    def _told(self, who: Asker) -> dict[str, Any]:
        grants = self._access.opened(who)
        settings = self._desk.settings
        return {
            "version": __version__,
            "tokenless": self._access.tokenless,
            "signed_in": bool(grants),
            "project": self._project(who, grants),
            "projects": [{"name": grant.project, "scope": grant.scope.value} for grant in grants],
            "operator": self._access.operates(who),
            "own_project": settings.project if grants else None,
            "now": self._desk.queries.now().astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),
            "limits": {
                "query_rows": settings.query_rows,
                "query_seconds": settings.query_timeout.total_seconds(),
            },
        }

    def _project(self, who: Asker, grants: list[Grant]) -> str | None:
        """The project that is meant; one that is gone or not open gives way to what is shown where none is named."""
        for each in (who, dataclasses.replace(who, project=None)):
            try:
                return self._access.authorize(each, Scope.READ).project
            except Refusal:
                continue
        return grants[0].project if grants else None


def over_tls(request: Request) -> bool:
    """Whether the browser came over TLS, here or at a proxy before us."""
    # Of several proxies the first one met the browser.
    outside = request.headers.get("x-forwarded-proto", "").partition(",")[0].strip().lower()
    return request.url.scheme == "https" or outside == "https"
