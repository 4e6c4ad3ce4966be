"""Every record of the standard library's `logging` that would reach the root logger goes to the pipeline as well.

Not by a handler on the root logger: with one there, `logging.basicConfig` does nothing, warnings no longer reach a terminal where nobody
configured logging, and `logging.config.dictConfig` takes it away without a word.
"""

import logging
from collections.abc import Callable

METHOD = "callHandlers"
"""The one place that every record passes."""


class LoggingCapture:
    """Between `start` and `stop`, `handler` sees the records."""

    def __init__(self, handler: logging.Handler) -> None:
        self._handler = handler
        self._before: Callable[[logging.Logger, logging.LogRecord], None] | None = None
        self._ours: Callable[[logging.Logger, logging.LogRecord], None] | None = None
        self._lowered = False

    def start(self) -> None:
        """Begin."""
        if self._before is not None:
            return
        before = self._before = logging.Logger.callHandlers
        handler = self._handler

        def call_handlers(logger: logging.Logger, record: logging.LogRecord) -> None:
            if record.levelno >= handler.level and reaches_root(logger):
                handler.handle(record)
            before(logger, record)

        self._ours = call_handlers
        setattr(logging.Logger, METHOD, call_handlers)
        root = logging.getLogger()
        if root.level == logging.WARNING and not root.handlers:
            # Nobody has configured logging: INFO is worth having, and nothing else would print it.
            root.setLevel(logging.INFO)
            self._lowered = True

    def stop(self) -> None:
        """End; what somebody put in our place since stays."""
        if self._ours is not None and logging.Logger.callHandlers is self._ours and self._before is not None:
            setattr(logging.Logger, METHOD, self._before)
        self._before = self._ours = None
        root = logging.getLogger()
        if self._lowered and root.level == logging.INFO:
            root.setLevel(logging.WARNING)
        self._lowered = False
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
