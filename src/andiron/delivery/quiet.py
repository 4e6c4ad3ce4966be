"""The pipeline's own doings must not become telemetry: its requests, its log lines, its threads."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry.context import (  # the one key that every instrumentation honours
    _SUPPRESS_INSTRUMENTATION_KEY,
    attach,
    detach,
    set_value,
)

own = threading.local()


@contextmanager
def quietly() -> Iterator[None]:
    """Within it nothing is instrumented, and what is logged on this thread stays out of the pipeline."""
    before = getattr(own, "quiet", False)
    own.quiet = True
    token = attach(set_value(_SUPPRESS_INSTRUMENTATION_KEY, True))
    try:
        yield
    finally:
        detach(token)
        own.quiet = before


def is_quiet() -> bool:
    """Whether this thread is the pipeline's, or works for it now."""
    return getattr(own, "quiet", False)
