"""What of a request tells who asks: the `Authorization`, or the cookie of a browser that signed in; and which project is meant."""

from dataclasses import dataclass

from starlette.requests import HTTPConnection

from andiron.server.control.guard import SAFE
from andiron.server.control.refusals import Forbidden

COOKIE = "andiron_session"
PAGE = "andiron-page"
"""A header that the pages send along with what changes something. A form or a link of a strange page cannot."""
PROJECT = "andiron-project"


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, as far as the request says."""

    authorization: str | None = None
    session: str | None = None
    project: str | None = None


def asker(request: HTTPConnection) -> Asker:
    """Read `request`. A cookie, which browsers attach by themselves, counts for a write only if a page of ours sent it."""
    authorization = request.headers.get("authorization")
    session = None if authorization else request.cookies.get(COOKIE)
    if session and request.scope.get("method", "GET") not in SAFE and PAGE not in request.headers:
        raise Forbidden(
            "A request that changes something by the cookie of a browser needs the header Andiron-Page: 1; "
            "programs send a token in the Authorization header instead."
        )
    project = request.headers.get(PROJECT) or request.query_params.get("project")
    return Asker(authorization, session, project or None)
