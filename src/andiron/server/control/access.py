"""Who may do what: turns the `Authorization` of a request into a `Grant`, or refuses.

Asked on every request, so it answers from memory: 2 µs for a known token, measured. The memory is at most two seconds
old, so a token that is revoked on the command line stops working within that time. Let a background thread call
`refresh` every second; then no request ever waits for the database.
"""

import base64
import binascii
import hmac
import logging
import shlex
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from andiron.errors import ConfigurationError
from andiron.server.control.asker import Asker
from andiron.server.control.metadata import Metadata
from andiron.server.control.models import PageSession, Project, Scope, Token
from andiron.server.control.refusals import Forbidden, NotFound, Unauthenticated, Unavailable
from andiron.server.control.sessions import Sessions
from andiron.server.control.tokens import Tokens, digest
from andiron.server.settings import Settings

logger = logging.getLogger(__name__)

FRESH = 2.0
"""Seconds for which what was read from the database is taken as it is."""

STALE = 300.0
"""Seconds for which it still counts while the database cannot be reached."""

USE_NOTED = 60.0
"""Seconds between two notes of when tokens were last used."""

MISSING = "No token was sent. Send one in the Authorization header; `andiron tokens create` makes one."
# Which of the three it is would tell a finder of tokens which ones are worth keeping.
INVALID = "The token is not valid: it is unknown, expired or revoked."
OVER = "The session is over, or its token expired or was revoked: sign in again."


@dataclass(frozen=True, slots=True)
class Grant:
    """What a request may do: `scope`, in one project. `token` is the public id of its token, if it has one."""

    project: str
    database: str
    scope: Scope
    project_id: str
    token: str | None = None
    expires_at: float | None = None


@dataclass(frozen=True, slots=True)
class _Known:
    digest: bytes
    grant: Grant
    dead: bool

    def alive(self, now: float) -> bool:
        expires = self.grant.expires_at
        return not self.dead and (expires is None or expires > now)


@dataclass(frozen=True, slots=True)
class _Session:
    digest: bytes
    token: str
    expires_at: float


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """What the database said at `taken`. Tokens are filed under the start of their digest: what follows is compared in
    constant time, so the time an answer takes tells nothing about the digests that are kept.
    """

    taken: float
    tokens: Mapping[bytes, list[_Known]]
    by_id: Mapping[str, _Known]
    projects: Mapping[str, Grant]
    sessions: Mapping[bytes, list[_Session]]

    def find(self, plaintext: str) -> _Known | None:
        wanted = digest(plaintext)
        for known in self.tokens.get(wanted[:8], ()):
            if hmac.compare_digest(known.digest, wanted):
                return known
        return None

    def opened(self, session: str, now: float) -> list[Grant]:
        """What the session opens, by the names of the projects: of two tokens for one project the one that may do more counts."""
        wanted = digest(session)
        grants: dict[str, Grant] = {}
        for each in self.sessions.get(wanted[:8], ()):
            known = self.by_id.get(each.token)
            if each.expires_at <= now or known is None or not known.alive(now):
                continue
            if hmac.compare_digest(each.digest, wanted):
                before = grants.get(known.grant.project)
                if before is None or known.grant.scope is Scope.ADMIN:
                    grants[known.grant.project] = known.grant
        return [grants[name] for name in sorted(grants)]


class Access:
    """Decides who may do what. Thread-safe. The first reading of the database happens here."""

    def __init__(self, metadata: Metadata, settings: Settings, *, clock: Callable[[], float] = time.time) -> None:
        self._metadata = metadata
        self._tokens = Tokens(metadata, clock=clock)
        self._sessions = Sessions(metadata, clock=clock)
        self.tokenless = tokenless(settings)
        self._default = settings.project
        self._clock = clock
        self._lock = threading.Lock()
        self._used: dict[str, float] = {}
        self._use_noted = clock()
        self._checked = clock()
        self._snapshot = _read(metadata, self._checked)

    def authorize(self, asked: str | Asker | None, needed: Scope) -> Grant:
        """Grant what the value of an `Authorization` header, or all that a request tells, opens, if that covers `needed`.

        The token may stand alone, after `Bearer`, or be the password or the user of `Basic`.
        """
        now = self._clock()
        grant = self._identify(asked if isinstance(asked, Asker) else Asker(asked), now)
        if not grant.scope.allows(needed):
            raise Forbidden(
                f"The token {grant.token} has the scope {grant.scope.value}; this needs a token with the scope "
                f"{needed.value} or admin."
            )
        if grant.token is not None:
            self._used[grant.token] = now
        return grant

    def opened(self, asker: Asker) -> list[Grant]:
        """Every project that the asker may look at, for one that pages ask for; none for a stranger."""
        now = self._clock()
        snapshot = self._current(now)
        for candidate in _candidates(asker.authorization or ""):
            if known := snapshot.find(candidate):
                return [known.grant] if known.alive(now) else []
        if self.tokenless:
            return [snapshot.projects[name] for name in sorted(snapshot.projects)]
        return snapshot.opened(asker.session, now) if asker.session else []

    def operates(self, asker: Asker) -> bool:
        """Whether the asker looks after the whole server: whoever may administer the project that it calls its own."""
        return any(grant.project == self._default and grant.scope is Scope.ADMIN for grant in self.opened(asker))

    def refresh(self) -> None:
        """Read the database now, and note there, once a minute, which tokens were used.

        Noting waits for other writers, which a request must never do; so it happens here and not in `authorize`.
        """
        now = self._clock()
        with self._lock:
            self._load(now)
        if not 0 <= now - self._use_noted < USE_NOTED:
            self._note_use(now)
            self._sweep()

    def close(self) -> None:
        """Note which tokens were used since the last time."""
        self._note_use(self._clock())

    def _identify(self, asker: Asker, now: float) -> Grant:
        snapshot = self._current(now)
        sent = asker.authorization is not None and asker.authorization.strip() != ""
        for candidate in _candidates(asker.authorization or ""):
            known = snapshot.find(candidate)
            if known is None:
                continue
            if not known.alive(now):
                raise Unauthenticated(INVALID)
            return self._chosen([known.grant], asker.project)
        if not self.tokenless:
            if asker.session is None:
                raise Unauthenticated(INVALID if sent else MISSING)
            if grants := snapshot.opened(asker.session, now):
                return self._chosen(grants, asker.project)
            raise Unauthenticated(OVER)
        # Newcomers configure the Logfire SDK with any token at all, and on their own machine that has to work.
        wanted = asker.project or self._default
        if found := snapshot.projects.get(wanted):
            return found
        if asker.project is not None:
            raise NotFound(f"There is no project {asker.project!r}; `andiron projects list` shows them.")
        raise Unauthenticated(
            f"The project {self._default!r} of requests without a token does not exist; "
            f"`andiron projects create {self._default}` makes it."
        )

    def _chosen(self, grants: list[Grant], project: str | None) -> Grant:
        """Of what is open, the project that is meant; where none is named, the server's own, if it is among them."""
        by_name = {grant.project: grant for grant in grants}
        if project is None:
            return by_name.get(self._default, grants[0])
        if project not in by_name:
            raise Forbidden(
                f"The project {project!r} is not open to you; {', '.join(by_name)} {'is' if len(by_name) == 1 else 'are'}."
            )
        return by_name[project]

    def _current(self, now: float) -> _Snapshot:
        """The snapshot, renewed first if it is due and nobody else is at it. A clock set back makes it due, too."""
        if not 0 <= now - self._checked < FRESH and self._lock.acquire(blocking=False):
            try:
                self._load(now)
            finally:
                self._lock.release()
        snapshot = self._snapshot
        if now - snapshot.taken > STALE:
            raise Unavailable(
                "The metadata database has not answered for minutes, so tokens cannot be checked. Try later."
            )
        return snapshot

    def _load(self, now: float) -> None:
        self._checked = now
        try:
            self._snapshot = _read(self._metadata, now)
        except SQLAlchemyError as error:
            # Giving up took seconds: counted from here, the next try is the background's again, and no request waits.
            self._checked = self._clock()
            logger.warning("The metadata database did not answer; tokens are checked from memory: %s", error)

    def _sweep(self) -> None:
        try:
            self._sessions.sweep()
        except SQLAlchemyError as error:
            logger.warning("Expired sessions could not be swept: %s", error)

    def _note_use(self, now: float) -> None:
        used, self._used = self._used, {}
        self._use_noted = now
        if not used:
            return
        try:
            # A request that is just being granted may still write to the old dictionary.
            self._tokens.mark_used(used.copy())
        except SQLAlchemyError as error:
            logger.warning("When tokens were last used could not be noted: %s", error)


def tokenless(settings: Settings) -> bool:
    """Whether requests need no token, because nobody but this machine can send any.

    A loopback address with `allowed_hosts` is one that a reverse proxy hands the world's requests to.
    """
    return settings.loopback and not settings.allowed_hosts


def require_tokens(settings: Settings, tokens: Tokens) -> None:
    """Refuse to start a server that others can reach and that nobody has a token for."""
    if tokenless(settings) or tokens.any_live():
        return
    if settings.loopback:
        reason = f"ANDIRON_ALLOWED_HOSTS lets requests for {', '.join(settings.allowed_hosts)} in"
    else:
        reason = f"Other machines can reach {settings.http}"
        reason += "" if settings.grpc == "off" else f" or {settings.grpc}"
    # The URL may hold a password, so it is not repeated; the command finds it where the server did.
    place = "" if settings.metadata else f" --data {shlex.quote(str(settings.data))}"
    command = f"andiron tokens create --project {settings.project} --scope admin{place}"
    with_same = " with the same ANDIRON_METADATA" if settings.metadata else ""
    raise ConfigurationError(
        f"{reason}, and there is no token yet, so the server does not start. Make one{with_same}:\n\n    {command}\n"
    )


def _candidates(authorization: str) -> Iterator[str]:
    """What in the value of an `Authorization` header may be a token."""
    scheme, _, rest = authorization.strip().partition(" ")
    rest = rest.strip()
    if not rest:
        if scheme:
            yield scheme
    elif scheme.lower() == "bearer":
        yield rest
    elif scheme.lower() == "basic":
        try:
            user, _, password = base64.b64decode(rest, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError, ValueError):
            return
        yield from filter(None, (password, user))


def _read(metadata: Metadata, now: float) -> _Snapshot:
    """Read every token, project and session. Dead tokens count: a revoked one must be told from an unknown one."""
    tokens: defaultdict[bytes, list[_Known]] = defaultdict(list)
    by_id: dict[str, _Known] = {}
    sessions: defaultdict[bytes, list[_Session]] = defaultdict(list)
    of_tokens = select(
        Token.hash, Token.id, Token.scope, Token.expires_at, Token.revoked_at,
        Project.id, Project.name, Project.database, Project.deleted_at,
    ).join(Token.project)  # fmt: skip
    of_projects = select(Project.id, Project.name, Project.database).where(Project.deleted_at.is_(None))
    of_sessions = select(PageSession.hash, PageSession.token_id, PageSession.expires_at)
    with metadata.reading() as session:
        for hashed, token, scope, expires, revoked, identifier, name, database, deleted in session.execute(of_tokens):
            grant = Grant(name, database, scope, identifier, token, None if expires is None else expires.timestamp())
            key = bytes.fromhex(hashed)
            known = _Known(key, grant, dead=revoked is not None or deleted is not None)
            tokens[key[:8]].append(known)
            by_id[token] = known
        for hashed, token, expires in session.execute(of_sessions):
            key = bytes.fromhex(hashed)
            sessions[key[:8]].append(_Session(key, token, expires.timestamp()))
        projects = {
            name: Grant(name, database, Scope.ADMIN, identifier)
            for identifier, name, database in session.execute(of_projects)
        }
    return _Snapshot(now, dict(tokens), by_id, projects, dict(sessions))
