"""What breaks a process where a test wants it to: it dies between two steps of the pipeline, its disk fills, its exporter has bugs."""

import os
import signal
from collections.abc import Callable
from itertools import count
from typing import Any


def die() -> None:
    """End this process as a power cut would, as far as a process can tell."""
    os.kill(os.getpid(), signal.SIGKILL)


def around(
    owner: Any,
    name: str,
    *,
    before: Callable[[], object] | None = None,
    after: Callable[[], object] | None = None,
    at: int = 1,
) -> None:
    """Do something before or after the `at`th call of a method."""
    inner, calls = getattr(owner, name), count(1)

    def wrapped(*args: Any, **options: Any) -> Any:
        now = next(calls) == at
        if now and before is not None:
            before()
        result = inner(*args, **options)
        if now and after is not None:
            after()
        return result

    setattr(owner, name, wrapped)
