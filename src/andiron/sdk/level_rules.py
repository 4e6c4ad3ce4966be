"""The document that says which levels are wanted, and which of its rules holds for a record. docs/remote-level.md is the contract."""

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from andiron.delivery.levels import Level

MOST_RULES = 1000
LEVEL_NAMES = tuple(level.name.lower() for level in Level)


def _level(value: Any) -> Level:
    if not isinstance(value, str) or value not in LEVEL_NAMES:
        raise ValueError(f"a level is one of {', '.join(LEVEL_NAMES)}")
    return Level[value.upper()]


class Rule(BaseModel):
    """A level, whom it is for, and until when. What is left out matches everything; members that are not known are passed over."""

    model_config = ConfigDict(frozen=True, strict=True)

    level: Annotated[Level, BeforeValidator(_level), WithJsonSchema({"type": "string", "enum": list(LEVEL_NAMES)})] = (
        Field(description="Least level of records.")
    )
    service: str | None = Field(None, min_length=1, description="Name of the service.")
    environment: str | None = Field(None, min_length=1, description="Name of the environment.")
    logger: str | None = Field(None, min_length=1, description="Name of a logger: it and those below it, by dots.")
    installation: str | None = Field(None, min_length=1, description="Id of an installation.")
    user: str | None = Field(None, min_length=1, description="Id of a user.")
    expires_at: AwareDatetime | None = Field(
        None, description="When the rule ends, with an offset from UTC; never, if left out."
    )

    def lives(self, now: float) -> bool:
        """Whether it has not expired."""
        return self.expires_at is None or now < self.expires_at.timestamp()

    def covers(self, logger: str) -> bool:
        """Whether it holds for a logger, by name."""
        return self.logger is None or logger == self.logger or logger.startswith(f"{self.logger}.")

    @property
    def weight(self) -> tuple[int, ...]:
        """How specific it is: a user before an installation, before the longer logger, before the service, before the environment."""
        depth = self.logger.count(".") + 1 if self.logger else 0
        return (
            self.user is not None,
            self.installation is not None,
            depth,
            self.service is not None,
            self.environment is not None,
        )


class Document(BaseModel):
    """What the server answers."""

    model_config = ConfigDict(frozen=True, strict=True)

    levels: tuple[Rule, ...] = Field(
        (),
        max_length=MOST_RULES,
        description="In any order; of two equally specific rules the later holds.",
    )


@dataclass(frozen=True, slots=True)
class Here:
    """What a rule is matched against, the same for the life of a process."""

    service: str
    environment: str = ""
    installation: str = ""


class Rules:
    """The rules of a document that concern this process, the most specific first."""

    def __init__(self, document: Document, here: Here) -> None:
        mine = [
            rule
            for rule in document.levels
            if rule.service in (None, here.service)
            and rule.environment in (None, here.environment)
            and rule.installation in (None, here.installation)
        ]
        # Sorting is stable, so what came later in the document stands first among equals.
        mine.reverse()
        self._rules = sorted(mine, key=lambda rule: rule.weight, reverse=True)
        self.users = any(rule.user is not None for rule in self._rules)
        """Whether the answer depends on the user."""
        self.loggers = {rule.logger or "" for rule in self._rules}
        """The loggers that are named; the root's name is empty."""

    def level(self, logger: str, user: str | None, now: float) -> Level | None:
        """The level that is wanted, or None where no rule has a say."""
        for rule in self._rules:
            if rule.lives(now) and rule.covers(logger) and rule.user in (None, user):
                return rule.level
        return None

    def lowest(self, logger: str, now: float) -> Level | None:
        """The lowest level that any user may want: what a logger must let pass, since it does not know whom it works for."""
        fitting = [rule for rule in self._rules if rule.lives(now) and rule.covers(logger)]
        base = next((rule.level for rule in fitting if rule.user is None), None)
        wanted = [rule.level for rule in fitting if rule.user is not None]
        return min([*wanted, *([base] if base is not None else [])], default=None)

    def next_end(self, now: float) -> float | None:
        """When the next rule ends."""
        ends = (rule.expires_at.timestamp() for rule in self._rules if rule.expires_at and rule.lives(now))
        return min(ends, default=None)
