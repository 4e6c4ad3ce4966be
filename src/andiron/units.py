"""Durations and sizes as people write them in settings: `30d`, `64MB`."""

import re
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
SIZES = {
    "": 1,
    "k": 1000,
    "m": 1000**2,
    "g": 1000**3,
    "t": 1000**4,
    "ki": 1024,
    "mi": 1024**2,
    "gi": 1024**3,
    "ti": 1024**4,
}


def duration(value: Any) -> Any:
    """Read `30d`, `12h`, `90s`."""
    if isinstance(value, str) and (match := re.fullmatch(r"\s*(\d+)\s*([smhdw])\s*", value)):
        return timedelta(seconds=int(match[1]) * UNITS[match[2]])
    if isinstance(value, timedelta):
        return value
    raise ValueError(f"{value!r} is no duration; write a whole number and s, m, h, d or w, as in 30d")


def seconds(value: Any) -> Any:
    """Read a duration, or a plain number of seconds, as seconds."""
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return float(duration(value).total_seconds())
    return value.total_seconds() if isinstance(value, timedelta) else value


def size(value: Any) -> Any:
    """Read `64MB`, `2GiB`, `1000`."""
    if (
        isinstance(value, str)
        and (match := re.fullmatch(r"\s*(\d+)\s*([kmgt]?i?)b?\s*", value.lower()))
        and match[2] in SIZES
    ):
        return int(match[1]) * SIZES[match[2]]
    if isinstance(value, int):
        return value
    raise ValueError(f"{value!r} is no size; write bytes, or a number and KB, MB, GB, KiB, MiB, GiB, as in 64MB")


Duration = Annotated[timedelta, BeforeValidator(duration)]
Seconds = Annotated[float, BeforeValidator(seconds)]
Size = Annotated[int, BeforeValidator(size)]
