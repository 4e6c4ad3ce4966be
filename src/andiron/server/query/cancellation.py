"""Calling a question back: when the one who asked has gone, the statement that works on it is killed.

The desk makes a `Cancellation` for each piece of work and notices who leaves; `Queries` marks its statements with the tag, by
which ClickHouse finds them again, embedded or remote.
"""

import secrets
import threading
from contextvars import ContextVar
from dataclasses import dataclass, field

from andiron.server.query.problems import QueryProblem

LEFT = 499
"""Nobody reads this status; proxies write it into their logs."""


@dataclass(frozen=True)
class Cancellation:
    """The work for one request: its statements bear `tag`, and stop once `asked` is set."""

    tag: str = field(default_factory=lambda: secrets.token_hex(16))
    asked: threading.Event = field(default_factory=threading.Event)

    def check(self) -> None:
        """Stop here when nobody waits any more."""
        if self.asked.is_set():
            raise gone()

    @property
    def statement(self) -> str:
        """What kills the work, on whatever thread or node it runs."""
        return f"KILL QUERY WHERE Settings['log_comment'] = '{self.tag}' ASYNC"


CURRENT: ContextVar[Cancellation | None] = ContextVar("cancellation", default=None)
"""Whose work this thread does. Threads of the desk inherit it from the request."""


def gone() -> QueryProblem:
    """What ends the work; it reaches nobody but the metrics."""
    return QueryProblem("The client left before the answer.", LEFT, "client-left")
