"""Locks in a child: new ones, the shared ones still shared, and nothing of the application's touched."""

import threading
from typing import Any

from andiron.sdk.fresh_locks import renew


class Theirs:
    """As an object of OpenTelemetry's SDK."""

    def __init__(self, **fields: Any) -> None:
        vars(self).update(fields)


Theirs.__module__ = "opentelemetry.sdk.made_up"


class Ours:
    def __init__(self, lock: Any) -> None:
        self.lock = lock


def test_a_lock_that_somebody_held_is_free_however_deep_it_lies() -> None:
    held, deep = threading.Lock(), threading.RLock()
    held.acquire()
    threading.Thread(target=deep.acquire).start()
    root = Theirs(lock=held, parts={"a": [Theirs(lock=deep)]})
    root.itself = root  # type: ignore[attr-defined]  # whatever it is, it ends
    renew(root, None)
    assert vars(root)["lock"].acquire(blocking=False)
    assert vars(vars(root)["parts"]["a"][0])["lock"].acquire(blocking=False)


def test_a_lock_that_two_share_is_still_one() -> None:
    shared, other = threading.Lock(), threading.Lock()
    first, second, third = Theirs(lock=shared), Theirs(lock=shared), Theirs(lock=other)
    renew(first, second, third)
    assert vars(first)["lock"] is vars(second)["lock"] is not shared
    assert vars(third)["lock"] is not vars(first)["lock"]


def test_what_is_the_application_s_is_left_alone() -> None:
    ours = Ours(threading.Lock())
    before = ours.lock
    renew(Theirs(application=ours))
    assert ours.lock is before
