"""Times and intervals as people write them in SQL, and as ClickHouse counts them."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from andiron.server.query.problems import QueryProblem, refused

MICROSECONDS = {
    "microsecond": 1,
    "millisecond": 1_000,
    "second": 1_000_000,
    "minute": 60_000_000,
    "hour": 3_600_000_000,
    "day": 86_400_000_000,
    "week": 7 * 86_400_000_000,
}
MONTHS = {"month": 1, "quarter": 3, "year": 12, "decade": 120, "century": 1200}
SHORT = {
    "us": "microsecond", "usec": "microsecond", "ms": "millisecond", "msec": "millisecond", "s": "second", "sec": "second",
    "m": "minute", "min": "minute", "h": "hour", "hr": "hour", "d": "day", "w": "week", "mon": "month", "mo": "month",
    "y": "year", "yr": "year",
}  # fmt: skip
STEPS = (1, 5, 10, 30, 60, 300, 600, 1800, 3600, 10800, 21600, 43200, 86400, 604800)
EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2262, 1, 1, tzinfo=UTC)
"""Telemetry counts nanoseconds from the one on; the store can count them until a few months after the other, and keeps no new record
later than 2106."""
LAST = EARLIEST + timedelta(microseconds=(2**63 - 1) // 1000)
"""The last microsecond that the store can count."""
BUCKETS = 120
"""About how many points `$resolution` makes of a range."""


@dataclass(frozen=True)
class Interval:
    """A span of time. Months have no length of their own, so they are counted apart."""

    months: int = 0
    microseconds: int = 0

    def sql(self) -> str:
        """As an interval of ClickHouse; only one of the two parts may be there."""
        if self.months:
            return f"toIntervalMonth({self.months})"
        for unit in ("week", "day", "hour", "minute", "second", "millisecond"):
            if self.microseconds % MICROSECONDS[unit] == 0:
                return f"toInterval{unit.capitalize()}({self.microseconds // MICROSECONDS[unit]})"
        return f"toIntervalMicrosecond({self.microseconds})"

    def shifted(self, base: str, sign: str) -> str:
        """`base` moved by this interval."""
        parts = [Interval(self.months), Interval(0, self.microseconds)] if self.months and self.microseconds else [self]
        for part in parts:
            base = f"({base} {sign} {part.sql()})"
        return base


def interval(text: str, unit: str = "") -> Interval:
    """Read `1 hour 30 minutes`, `5m`, `-2 days`, `01:30:00`."""
    months, microseconds, rest = 0, 0.0, f"{text} {unit}".strip().lower()
    if clock := re.search(r"([+-]?)(\d+):(\d\d)(?::(\d\d(?:\.\d+)?))?", rest):
        seconds = int(clock[2]) * 3600 + int(clock[3]) * 60 + float(clock[4] or 0)
        microseconds += seconds * 1e6 * (-1 if clock[1] == "-" else 1)
        rest = rest.replace(clock[0], "")
    for number, name in re.findall(r"([+-]?\s*\d+(?:\.\d+)?)\s*([a-z]+)", rest):
        count = float(number.replace(" ", ""))
        word = SHORT.get(name) or SHORT.get(name.removesuffix("s")) or name.removesuffix("s")
        word = {"centurie": "century", "millisec": "millisecond"}.get(word, word)
        if word in MICROSECONDS:
            microseconds += count * MICROSECONDS[word]
        elif word in MONTHS:
            months += round(count * MONTHS[word])
        else:
            raise refused(
                f"{name!r} in the interval {text!r} is no unit; write second, minute, hour, day, week, month or year."
            )
        rest = rest.replace(f"{number}", "", 1).replace(name, "", 1)
    if re.search(r"\d", rest) or not (months or microseconds or re.search(r"\b0", text)):
        raise refused(f"The interval {text!r} cannot be read; write a number and a unit, as in '5 minutes'.")
    return Interval(months, round(microseconds))


def moment(text: str, zone: tzinfo) -> datetime | None:
    """Read a time as PostgreSQL writes it or as ISO 8601 has it; without an offset it is in `zone`."""
    words = text.strip().replace("Z", "+00:00").replace("z", "+00:00")
    words = re.sub(r"\s+UTC$", "+00:00", words)
    words = re.sub(r"([+-]\d\d)$", r"\1:00", words) if ":" in words else words
    words = re.sub(r"(\.\d{6})\d+", r"\1", words)
    try:
        found = datetime.fromisoformat(words)
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def constant(when: datetime) -> str:
    """A time as ClickHouse SQL."""
    return f"toDateTime64('{when.astimezone(UTC).replace(tzinfo=None).isoformat(' ', 'microseconds')}', 6, 'UTC')"


def resolution(since: datetime | None, until: datetime) -> Interval:
    """What `$resolution` stands for: a round step that cuts the range into about a hundred."""
    seconds = (until - since).total_seconds() if since else timedelta(days=1).total_seconds()
    step = next((step for step in STEPS if step * BUCKETS >= seconds), STEPS[-1])
    return Interval(0, step * 1_000_000)


def zone(name: str) -> ZoneInfo:
    """A time zone by its name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise QueryProblem(
            f"There is no time zone {name!r}; write one as in Europe/Paris.", 422, "invalid-request"
        ) from None


def written(moment: datetime) -> str:
    """A time as answers have it."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
