"""Chance of our own: an application that seeds Python's `random` gets the numbers that it expects, whatever its telemetry does meanwhile."""

import os
import random

_own = random.Random()  # noqa: S311 - for waits and samples, not for secrets
chance = _own.random
"""A number from 0 up to 1."""

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_own.seed)
