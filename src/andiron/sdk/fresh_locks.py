"""Locks of OpenTelemetry's and Logfire's that another thread held at the moment of a fork: in the child nobody would ever give them back.

A metric reader that is collecting, or a thread that is recording, is enough; the child then waits for ever with its first measurement or at its end.
"""

import threading
from typing import Any

OTHERS = ("opentelemetry.sdk.", "logfire._internal.")
LOCK, RLOCK = type(threading.Lock()), type(threading.RLock())


def renew(*roots: Any) -> None:
    """Give every object of theirs that can be reached from `roots` locks of its own. Only for a child that has just come to be."""
    seen: set[int] = set()
    renewed: dict[int, tuple[Any, Any]] = {}  # with the old one, so that its id stays its own; what was shared stays so
    waiting = list(roots)
    while waiting:
        each = waiting.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        if isinstance(each, dict):
            waiting.extend(each.values())
        elif isinstance(each, list | tuple | set | frozenset):
            waiting.extend(each)
        elif type(each).__module__.startswith(OTHERS) and hasattr(each, "__dict__"):
            for name, value in list(vars(each).items()):
                if type(value) in (LOCK, RLOCK):
                    new = threading.Lock if type(value) is LOCK else threading.RLock
                    vars(each)[name] = renewed.setdefault(id(value), (value, new()))[1]
                else:
                    waiting.append(value)
