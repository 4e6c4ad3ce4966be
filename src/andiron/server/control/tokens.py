"""Tokens: made, listed, revoked. The plain text exists once, in the answer to `create`; the database keeps its hash."""

import hashlib
import re
import secrets
import string
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, or_, select, update

from andiron.server.control.metadata import Metadata
from andiron.server.control.models import Project, Scope, Token
from andiron.server.control.refusals import Invalid, NotFound

# The Logfire SDK knows a token by `pylf_v<number>_<region>_<letters and digits>`.
PREFIX = "pylf_v1_local_"
ALPHABET = string.ascii_letters + string.digits
LENGTH = 43  # of 62 characters: 256 random bits

LONGEST_DESCRIPTION = 200
LONGEST_LIFETIME = timedelta(days=36_500)


@dataclass(frozen=True, slots=True)
class Issued:
    """A token that was just made. `plaintext` cannot be had again."""

    token: Token
    plaintext: str = field(repr=False)


def new_token() -> str:
    """Draw the plain text of a token."""
    return PREFIX + "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def digest(plaintext: str) -> bytes:
    """Hash a token for keeping and finding; see `Token.hash` for why it is a plain SHA-256."""
    return hashlib.sha256(plaintext.encode(errors="replace")).digest()


class Tokens:
    """The tokens in `metadata`."""

    def __init__(
        self,
        metadata: Metadata,
        *,
        clock: Callable[[], float] = time.time,
        new_id: Callable[[], str] = lambda: secrets.token_hex(5),
        new_token: Callable[[], str] = new_token,
    ) -> None:
        self._metadata = metadata
        self._clock = clock
        self._new_id = new_id
        self._new_token = new_token

    def create(self, project: str, scope: Scope, *, description: str = "", lifetime: timedelta | None = None) -> Issued:
        """Make a token for `project` that dies after `lifetime`, if one is given."""
        if len(description) > LONGEST_DESCRIPTION:
            raise Invalid(
                f"A description has at most {LONGEST_DESCRIPTION} characters; this one has {len(description)}."
            )
        if lifetime is not None and not timedelta(0) < lifetime <= LONGEST_LIFETIME:
            raise Invalid(f"A token lives longer than no time and at most {LONGEST_LIFETIME.days} days.")
        plaintext = self._new_token()
        now = self._now()
        with self._metadata.writing() as session:
            owner = session.scalar(select(Project).where(Project.name == project, Project.deleted_at.is_(None)))
            if owner is None:
                raise NotFound(f"There is no project {project!r}; `andiron projects create {project}` makes it.")
            token = Token(
                id=self._new_id(),
                project=owner,
                scope=scope,
                description=description,
                hash=digest(plaintext).hex(),
                created_at=now,
                expires_at=None if lifetime is None else now + lifetime,
            )
            session.add(token)
        return Issued(token, plaintext)

    def all(self, project: str | None = None) -> list[Token]:
        """The tokens of `project`, or of all projects, dead ones too, the oldest first."""
        chosen = select(Token).join(Token.project).where(Project.deleted_at.is_(None))
        if project is not None:
            chosen = chosen.where(Project.name == project)
        with self._metadata.reading() as session:
            return list(session.scalars(chosen.order_by(Token.created_at, Token.id)))

    def revoke(self, start: str) -> Token:
        """Revoke the token whose id is, or alone among the living starts with, `start`. Twice does no harm."""
        if not re.fullmatch(r"[0-9a-z]{1,16}", start):
            # It may be a token pasted in the place of its id, so it is not repeated.
            raise Invalid("That is no id of a token; `andiron tokens list` shows the ids.")
        with self._metadata.writing() as session:
            token = session.get(Token, start)
            if token is None:
                found = session.scalars(select(Token).where(Token.id.startswith(start), *self._alive())).all()
                if not found:
                    raise NotFound(f"There is no live token {start!r}; `andiron tokens list` shows them.")
                if len(found) > 1:
                    raise Invalid(f"{start!r} could be any of {', '.join(sorted(each.id for each in found))}.")
                token = found[0]
            if token.revoked_at is None:
                token.revoked_at = self._now()
        return token

    def any_live(self) -> bool:
        """Whether there is a token with which somebody can get in."""
        with self._metadata.reading() as session:
            return session.scalar(select(Token.id).join(Token.project).where(*self._alive()).limit(1)) is not None

    def mark_used(self, moments: Mapping[str, float]) -> None:
        """Note when tokens, by their ids, were last used; never backwards."""
        with self._metadata.writing() as session:
            for identifier, moment in moments.items():
                used = datetime.fromtimestamp(moment, UTC)
                earlier = or_(Token.last_used_at.is_(None), Token.last_used_at < used)
                session.execute(update(Token).where(Token.id == identifier, earlier).values(last_used_at=used))

    def _alive(self) -> tuple[ColumnElement[bool], ...]:
        unexpired = or_(Token.expires_at.is_(None), Token.expires_at > self._now())
        live_project = Token.project.has(Project.deleted_at.is_(None))
        return (Token.revoked_at.is_(None), unexpired, live_project)

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), UTC)
