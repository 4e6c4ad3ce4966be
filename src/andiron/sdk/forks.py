"""What must happen in a forked child: threads are gone there, and open files are the parent's.

`os.register_at_fork` cannot be undone, so there is one registration, and parts that are stopped or collected drop out by themselves.
"""

import contextlib
import os
import weakref
from typing import Protocol


class Forkable(Protocol):
    """A part that has something to set right in a child."""

    def after_fork(self) -> None:
        """Run in the child, before any code of the application."""
        ...


_parts: "weakref.WeakSet[Forkable]" = weakref.WeakSet()


def survive(part: Forkable) -> None:
    """Call `part.after_fork()` in every child from now on."""
    _parts.add(part)


def forget(part: Forkable) -> None:
    """No longer."""
    _parts.discard(part)


def _after_fork() -> None:
    for part in list(_parts):
        with contextlib.suppress(Exception):  # one part's trouble is not the others', nor the application's
            part.after_fork()


if hasattr(os, "register_at_fork"):  # not on Windows, where nothing forks
    os.register_at_fork(after_in_child=_after_fork)
