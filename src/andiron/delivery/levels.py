"""Severities, by OpenTelemetry's numbers; Logfire's levels are the same numbers."""

from enum import IntEnum


class Level(IntEnum):
    """How severe a record is. Numbers between two levels belong to the lower one."""

    TRACE = 1
    DEBUG = 5
    INFO = 9
    WARN = 13
    ERROR = 17
    FATAL = 21

    @classmethod
    def of(cls, number: int) -> "Level":
        """The level that OpenTelemetry's severity `number` (1 to 24) belongs to; INFO for 0, which says nothing."""
        return LEVELS[number] if 0 < number < len(LEVELS) else (cls.FATAL if number > 0 else cls.INFO)

    @classmethod
    def named(cls, name: str) -> "Level":
        """The level of a name, in any of the spellings of logging, loguru, structlog, Logfire and OpenTelemetry."""
        try:
            return NAMES[name.strip().lower()]
        except KeyError:
            raise ValueError(f"There is no level {name!r}; there are {', '.join(sorted(NAMES))}.") from None

    @classmethod
    def of_logging(cls, number: int) -> "Level":
        """The level of a number of the standard library's `logging`."""
        if number >= 50:
            return cls.FATAL
        if number >= 40:
            return cls.ERROR
        if number >= 30:
            return cls.WARN
        if number >= 20:
            return cls.INFO
        return cls.DEBUG if number >= 10 else cls.TRACE


LEVELS = [Level.INFO, *(level for level in Level for _ in range(4))]
NAMES = {
    "trace": Level.TRACE,
    "notset": Level.TRACE,
    "debug": Level.DEBUG,
    "info": Level.INFO,
    "notice": Level.INFO,
    "success": Level.INFO,
    "warn": Level.WARN,
    "warning": Level.WARN,
    "error": Level.ERROR,
    "exception": Level.ERROR,
    "fatal": Level.FATAL,
    "critical": Level.FATAL,
}
