"""The pipeline's own doings must not become telemetry: its requests, its log lines, its threads."""

import gc
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry.context import (  # the one key that every instrumentation honours
    _SUPPRESS_INSTRUMENTATION_KEY,
    Context,
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


@contextmanager
def aloud() -> Iterator[None]:
    """Within it a thread of the pipeline's makes telemetry like any other: of what it has seen, as of the network."""
    before = getattr(own, "quiet", False)
    own.quiet = False
    token = attach(Context())
    try:
        yield
    finally:
        detach(token)
        own.quiet = before


def _collecting(phase: str, info: dict[str, int]) -> None:  # noqa: ARG001 - the signature of a callback of `gc`
    """The collector runs the application's finalizers on whichever thread it is: what they log is the application's."""
    # No context variable is set here: the collector may have begun within another's setting, and CPython 3.11 then reads what it has freed.
    if phase == "start":
        if getattr(own, "quiet", False):
            own.quiet, own.collecting = False, True
    elif getattr(own, "collecting", False):
        own.quiet, own.collecting = True, False


gc.callbacks.append(_collecting)


def is_collecting() -> bool:
    """Whether the application's finalizers run on a thread of the pipeline's: what suppresses instrumentation is not theirs."""
    return getattr(own, "collecting", False)


def is_quiet() -> bool:
    """Whether this thread is the pipeline's, or works for it now."""
    return getattr(own, "quiet", False)


def _spoken(record: logging.LogRecord) -> bool:  # noqa: ARG001 - the signature of a filter
    return not is_quiet()


# httpx logs each request at INFO: an application that prints INFO would print one line of ours a second.
for name in ("httpx", *(f"httpcore.{part}" for part in ("connection", "http11", "http2", "proxy", "socks"))):
    logging.getLogger(name).addFilter(_spoken)
