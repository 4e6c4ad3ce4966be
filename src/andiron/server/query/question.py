"""What is asked of the store and what ClickHouse is given for it. `dialect.translate` makes the one into the other.

Apart from it, so that asking costs no import of sqlglot before the first question comes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Dialect = Literal["logfire", "clickhouse"]
LOGFIRE: Dialect = "logfire"


@dataclass(frozen=True)
class Received:
    """Records by the moments of their receipt, in milliseconds: from `first` up to `last`, or one of `moments`; of some sources."""

    first: int = 0
    last: int | None = None
    moments: frozenset[int] = frozenset()
    sources: frozenset[str] | None = None

    @property
    def condition(self) -> str:
        """In terms of the tables, whose parts know the first and the last receipt they hold."""
        if self.moments:
            return (
                f"IngestedAt IN ({', '.join(f'fromUnixTimestamp64Milli({moment})' for moment in sorted(self.moments))})"
            )
        until = "" if self.last is None else f" AND IngestedAt <= fromUnixTimestamp64Milli({self.last})"
        return f"IngestedAt >= fromUnixTimestamp64Milli({self.first}){until}"


@dataclass(frozen=True)
class Question:
    """What was asked, and within which bounds."""

    sql: str
    database: str
    now: datetime
    limit: int
    since: datetime | None = None
    until: datetime | None = None
    environments: Sequence[str] | None = None
    zone: str = "UTC"
    dialect: Dialect | None = None
    plans: bool = False
    """Whether to say how ClickHouse goes about it."""
    arrays_as_json: bool = False
    """For forms without lists."""
    received: Received | None = None
    """Which records, by the moment of their receipt."""
    instants: Sequence[datetime] = ()
    """The only microseconds that records may begin in, in order: two hundred of them in the text took 16 ms to translate."""
    places: Mapping[str, str] | None = None
    """What stands for each `${name}` in a text of our own in ClickHouse's dialect, which is translated once. SQL that is safe: of
    `grammar.quoted`, `times.constant`, numbers."""


@dataclass(frozen=True)
class Statement:
    """What ClickHouse is asked."""

    sql: str
    dialect: Dialect
    marker: str = ""
    """Opens every cell of JSON text, so that an answer in JSON can hold it as JSON."""
    explain: bool = False
    columns: frozenset[str] = frozenset()
    """Names that the query could have meant, for suggestions."""
