"""What the settings pages ask, put together: each part is a file beside this one, all on one desk of their own.

A desk of their own, for whoever looks after a server does so while queries crowd the other one.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from starlette.requests import HTTPConnection
from starlette.routing import Route

from andiron.server.control.projects import Projects
from andiron.server.control.retention import Retentions
from andiron.server.control.tokens import Tokens
from andiron.server.ingest.journal import Journal
from andiron.server.ingest.quarantine import Quarantine
from andiron.server.manage.health import HealthApi
from andiron.server.manage.projects import ProjectsApi
from andiron.server.manage.quarantine import QuarantineApi
from andiron.server.manage.retention import RetentionApi
from andiron.server.manage.storage import StorageApi
from andiron.server.manage.tokens import TokensApi
from andiron.server.observe import Instruments
from andiron.server.query.desk import Desk
from andiron.server.store.engine import Engine

AT_ONCE = 2
"""How many threads its desk takes."""


@dataclass(frozen=True)
class Governed:
    """The parts of a server that are looked after here."""

    projects: Projects
    tokens: Tokens
    retentions: Retentions
    engine: Engine
    journal: Journal
    quarantine: Quarantine
    instruments: Instruments
    database: Callable[[str], str]
    """Where the project whose database is called so lies."""
    reasons: Callable[[], Awaitable[Sequence[str]]]
    """Why the server is not ready."""
    follow: Callable[[], None]
    """Carries out at once what the metadata say, instead of within a second."""


class ManageApi:
    """All of them. `operator` tells whether a request may govern the server itself and not only its own project."""

    def __init__(self, desk: Desk, governed: Governed, operator: Callable[[HTTPConnection], bool]) -> None:
        parts = governed
        self._apis = (
            ProjectsApi(desk, parts.projects, parts.engine, parts.database, parts.follow, operator),
            TokensApi(desk, parts.tokens, parts.follow),
            RetentionApi(desk, parts.projects, parts.retentions, parts.engine, parts.follow),
            StorageApi(desk, parts.engine),
            HealthApi(desk, parts.engine, parts.journal, parts.quarantine, parts.instruments, parts.reasons, operator),
            QuarantineApi(desk, parts.quarantine, parts.engine, parts.instruments, operator),
        )

    def routes(self) -> list[Route]:
        """What to mount at the root."""
        return [route for api in self._apis for route in api.routes()]
