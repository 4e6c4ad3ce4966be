"""Levels of the standard library's loggers, set from afar and put back as they were."""

import logging
from collections.abc import Mapping

from andiron.delivery.levels import Level

NUMBERS = {
    Level.TRACE: 5,
    Level.DEBUG: logging.DEBUG,
    Level.INFO: logging.INFO,
    Level.WARN: logging.WARNING,
    Level.ERROR: logging.ERROR,
    Level.FATAL: logging.CRITICAL,
}


class LoggerLevels:
    """Remembers what it touched. A level that the application set meanwhile stays."""

    def __init__(self) -> None:
        self._touched: dict[str, tuple[int, int]] = {}
        """By name: the level found and the level set."""

    def apply(self, wanted: Mapping[str, Level]) -> None:
        """Set these and put all others back. The root's name is empty."""
        for name in [name for name in self._touched if name not in wanted]:
            before, ours = self._touched.pop(name)
            logger = logging.getLogger(name)
            if logger.level == ours:
                logger.setLevel(before)
        for name, level in wanted.items():
            logger, number = logging.getLogger(name), NUMBERS[level]
            before, ours = self._touched.get(name, (logger.level, logger.level))
            if logger.level != ours:
                before = logger.level  # the application's newer word is what to go back to
            self._touched[name] = (before, number)
            logger.setLevel(number)

    def restore(self) -> None:
        """Put everything back."""
        self.apply({})
