"""Sessions of browsers: begun with a token, kept as the hash of a random id, over when signed out, expired or without a token.

A session stands for one token or several, of which each opens a project. `access.py` reads them into its memory.
"""

import secrets
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, select

from andiron.server.control.metadata import Metadata
from andiron.server.control.models import PageSession
from andiron.server.control.tokens import digest

LIFETIME = timedelta(days=30)


class Sessions:
    """The sessions in `metadata`."""

    def __init__(
        self,
        metadata: Metadata,
        *,
        clock: Callable[[], float] = time.time,
        new_id: Callable[[], str] = lambda: secrets.token_urlsafe(32),
    ) -> None:
        self._metadata = metadata
        self._clock = clock
        self._new_id = new_id

    def begin(self, tokens: Sequence[str], *, instead_of: str | None = None) -> str:
        """A new session for the tokens of these ids; the id that the browser is given. `instead_of` is the one that it had."""
        identifier, now = self._new_id(), self._now()
        with self._metadata.writing() as session:
            if instead_of is not None:
                session.execute(delete(PageSession).where(PageSession.hash == digest(instead_of).hex()))
            for token in dict.fromkeys(tokens):
                session.add(
                    PageSession(
                        hash=digest(identifier).hex(), token_id=token, created_at=now, expires_at=now + LIFETIME
                    )
                )
        return identifier

    def end(self, identifier: str) -> None:
        """End the session; one that is none does no harm."""
        with self._metadata.writing() as session:
            session.execute(delete(PageSession).where(PageSession.hash == digest(identifier).hex()))

    def sweep(self) -> None:
        """Forget the sessions that have expired."""
        expired = PageSession.expires_at <= self._now()
        with self._metadata.reading() as session:
            if session.scalar(select(PageSession.hash).where(expired).limit(1)) is None:
                return
        with self._metadata.writing() as session:
            session.execute(delete(PageSession).where(expired))

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), UTC)
