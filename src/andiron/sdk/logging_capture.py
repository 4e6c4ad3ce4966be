"""Every record of the standard library's `logging` that would reach the root logger goes to the pipeline as well.

Not by a handler on the root logger: with one there, `logging.basicConfig` does nothing, warnings no longer reach a terminal where nobody
configured logging, and `logging.config.dictConfig` takes it away without a word.
"""

import logging
from collections.abc import Callable

METHOD = "callHandlers"
"""The one place that every record passes."""


class Lowered(int):
    """A level of the root logger that is ours. Whoever sets one puts another number there, even if it is equal."""


OURS = Lowered(logging.INFO)


class LoggingCapture:
    """Between `start` and `stop`, `handler` sees the records."""

    def __init__(self, handler: logging.Handler) -> None:
        self._handler = handler
        self._before: Callable[[logging.Logger, logging.LogRecord], None] | None = None
        self._ours: Callable[[logging.Logger, logging.LogRecord], None] | None = None

    def start(self) -> None:
        """Begin."""
        if self._before is not None:
            return
        before = self._before = logging.Logger.callHandlers
        handler = self._handler

        def call_handlers(logger: logging.Logger, record: logging.LogRecord) -> None:
            if record.levelno >= handler.level and reaches_root(logger):
                handler.handle(record)
            if record.levelno >= logging.WARNING or not lowered(logger):
                before(logger, record)

        self._ours = call_handlers
        setattr(logging.Logger, METHOD, call_handlers)
        root = logging.getLogger()
        if root.level == logging.WARNING and not root.handlers:
            # Nobody has configured logging: INFO is worth having, and only we see it, also when a handler comes later.
            root.setLevel(OURS)

    def stop(self) -> None:
        """End; what somebody put in our place since stays."""
        if self._ours is not None and logging.Logger.callHandlers is self._ours and self._before is not None:
            setattr(logging.Logger, METHOD, self._before)
        self._before = self._ours = None
        root = logging.getLogger()
        if root.level is OURS:
            root.setLevel(logging.WARNING)
        self._handler.setLevel(logging.CRITICAL + 1)  # where somebody wrapped ours, it only passes on from here


def reaches_root(logger: logging.Logger) -> bool:
    """Whether the root logger's handlers would see a record of `logger`."""
    each: logging.Logger | None = logger
    while each is not None:
        if each.parent is None:
            return True
        if not each.propagate:
            return False
        each = each.parent
    return True


def lowered(logger: logging.Logger) -> bool:
    """Whether `logger` lets INFO through only since we lowered the root logger's level."""
    each: logging.Logger | None = logger
    while each is not None:
        if each.level:
            return each.level is OURS
        each = each.parent
    return False
