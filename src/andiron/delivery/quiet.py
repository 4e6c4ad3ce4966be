"""The pipeline's own doings must not become telemetry: its requests, its log lines, its threads."""

import gc
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


def _collecting(phase: str, info: dict[str, int]) -> None:  # noqa: ARG001 - the signature of a callback of `gc`
    """The collector runs the application's finalizers on whichever thread it is: what they log is the application's."""
    if phase == "start":
        if getattr(own, "quiet", False):
            own.quiet = False
            own.collecting = attach(Context())
    elif (token := getattr(own, "collecting", None)) is not None:
        detach(token)
        own.collecting = None
        own.quiet = True


gc.callbacks.append(_collecting)


def is_quiet() -> bool:
    """Whether this thread is the pipeline's, or works for it now."""
    return getattr(own, "quiet", False)
