"""What a part of the field context sent, and a clock that goes when told to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from andiron.delivery.levels import Level


@dataclass
class Record:
    level: Level
    name: str
    body: str
    attributes: dict[str, Any]
    exception: BaseException | None = None


@dataclass
class Emitted:
    """Stands where `configure` puts the pipeline."""

    records: list[Record] = field(default_factory=list)
    flushed: list[float] = field(default_factory=list)

    def __call__(
        self,
        level: Level,
        name: str,
        body: str,
        attributes: Mapping[str, Any],
        *,
        exception: BaseException | None = None,
    ) -> None:
        self.records.append(Record(level, name, body, dict(attributes), exception))

    def flush(self, timeout: float) -> bool:
        self.flushed.append(timeout)
        return True

    @property
    def names(self) -> list[str]:
        return [record.name for record in self.records]

    @property
    def one(self) -> Record:
        assert len(self.records) == 1, self.records
        return self.records[0]


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now
