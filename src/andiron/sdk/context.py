"""What every record says about where it comes from: the request, session and user at hand, and the process itself.

Middleware, the session and the identity write here; log lines, processors and outgoing requests read. It imports nothing of
Andiron, so that anyone may import it.
"""

from contextvars import ContextVar

request_id: ContextVar[str | None] = ContextVar("andiron_request_id", default=None)
"""The request that is being answered."""
session_id: ContextVar[str | None] = ContextVar("andiron_session_id", default=None)
"""The session of a client application."""
user_id: ContextVar[str | None] = ContextVar("andiron_user_id", default=None)
"""Whoever is signed in, as the application names them."""

static: dict[str, str] = {}
"""`service`, `environment` and `application_version` of this process. Set by `set_static`, once, before the first record."""


def set_static(**values: str) -> None:
    """Set what stays the same for the life of the process."""
    static.update(values)
