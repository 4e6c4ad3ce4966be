"""How the shop fares at a moment: how many come, which release runs, and whether the payment provider answers. Relative to the story's clock."""

import math
from dataclasses import dataclass

from andiron.demo.cast import BEFORE, FAULTY, MENDED
from andiron.demo.otlp import Service

MINUTE = 60.0
RELEASED, MENDED_AT = -19 * MINUTE, -14 * MINUTE
"""Release 2.8.0 went out 19 minutes before the story's clock, and its mend five minutes later."""
EVERY = 45 * MINUTE
"""After that the payment provider has a bad minute from time to time."""


@dataclass(frozen=True, slots=True)
class Weather:
    """Shares of requests that something happens to."""

    api: Service
    faulty: float
    """The fault of the release."""
    stormy: float
    """The payment provider does not answer."""
    crowded: float
    """The database has no connection left, or is slow."""
    crowd: float
    """How many come, 1 being usual."""


def weather(seconds: float) -> Weather:
    """The weather so many seconds after the story's clock; before it, negative."""
    burst = RELEASED <= seconds < MENDED_AT
    bad_minute = seconds % EVERY < 1.5 * MINUTE and not -EVERY <= seconds < 0
    crowd = 1 + 0.35 * math.sin(seconds / 1300 + 1) + 0.18 * math.sin(seconds / 170) + 0.1 * math.sin(seconds / 37)
    return Weather(
        api=BEFORE if seconds < RELEASED else FAULTY if burst else MENDED,
        faulty=0.65 if burst else 0.0,
        stormy=0.35 if bad_minute else 0.25 if burst else 0.012,
        crowded=0.12 if burst else 0.004,
        crowd=crowd * (1.5 if burst else 1),
    )
