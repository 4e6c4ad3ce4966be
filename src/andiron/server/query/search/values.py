"""Values of a search as SQL of Logfire's dialect: texts with their wildcards, numbers, durations, levels, times."""

import re
from datetime import UTC
from decimal import Decimal, InvalidOperation

from andiron.server.query import times
from andiron.server.query.problems import near
from andiron.server.query.search.keys import LEVEL_NAMES, LEVELS
from andiron.server.query.search.terms import Value

SECONDS = {
    "ns": "1e-9", "us": "1e-6", "µs": "1e-6", "μs": "1e-6", "ms": "1e-3", "s": "1", "sec": "1", "m": "60", "min": "60",
    "h": "3600", "hr": "3600", "d": "86400", "": "1",
}  # fmt: skip
NUMBER = re.compile(r"[+-]?(?:\d+(?:_\d+)*(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?")
LARGEST = Decimal("1e300")


def quoted(text: str) -> str:
    """A string literal of PostgreSQL, where a backslash is a backslash."""
    return "'" + text.replace("'", "''") + "'"


def literally(text: str) -> str:
    """A text within LIKE."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def has_wildcard(value: Value) -> bool:
    """Whether `*` in it stands for anything; in quotes it stands for itself."""
    return not value.quoted and "*" in value.text


def pattern(value: Value) -> str:
    """A value with wildcards, for LIKE."""
    return quoted(re.sub("%+", "%", "%".join(literally(part) for part in value.text.split("*"))))


def containing(value: Value) -> str:
    """The pattern of what has the value somewhere in it."""
    parts = [value.text] if value.quoted else value.text.split("*")
    return quoted(f"%{'%'.join(literally(part) for part in parts if part)}%")


def number(text: str) -> str | None:
    """A number as SQL writes it."""
    if not NUMBER.fullmatch(text):
        return None
    try:
        found = Decimal(text.replace("_", ""))
    except InvalidOperation:
        return None
    if not found.is_finite() or abs(found) > LARGEST or (found and abs(found) < 1 / LARGEST):
        return None
    return plain(found)


def plain(value: Decimal) -> str:
    """Without an exponent, and without zeros that say nothing."""
    written = f"{value:f}"
    return written.rstrip("0").rstrip(".") or "0" if "." in written else written


def duration(text: str) -> str | None:
    """A duration in seconds."""
    found = re.fullmatch(rf"({NUMBER.pattern})\s*([a-zµμ]*)", text, re.IGNORECASE)
    if found is None or (seconds := SECONDS.get(found[2].lower())) is None or (count := number(found[1])) is None:
        return None
    return plain(Decimal(count) * Decimal(seconds))


def level(text: str) -> str | None:
    """The name of a level, or its number."""
    name = LEVEL_NAMES.get(text.lower(), text.lower())
    return name if name in LEVELS or (name.isdecimal() and name.isascii() and int(name) <= 24) else None


def level_is(name: str) -> str:
    """A level with its gradations: OpenTelemetry's ERROR2 is an error."""
    if name.isdecimal():
        return f"level = {name}"
    high = LEVELS[name][1]
    if name == "info":
        return "level IN (9, 11, 12)"
    if name == "notice":
        return "level = 'notice'"
    if name == "trace":
        return "level < 'debug'"
    upper = next((f" AND level < '{above}'" for above, (start, _) in LEVELS.items() if start == high), "")
    return f"level >= '{name}'{upper}"


def level_compared(operator: str, name: str) -> str:
    """More or less severe than a level."""
    if name.isdecimal():
        return f"level {operator} {name}"
    low, high = LEVELS[name]
    match operator:
        case ">=" if low:
            return f"level >= '{name}'"
        case "<":
            return f"level < '{name}'"
        case ">":
            above = next((other for other, (start, _) in LEVELS.items() if start == high), None)
            return f"level >= '{above}'" if above else "false"
        case "<=":
            above = next((other for other, (start, _) in LEVELS.items() if start == high), None)
            return f"level < '{above}'" if above else "true"
    return "true"


def wrong_level(text: str) -> str:
    """What to write instead of a level that there is not."""
    return f"There is no level {text!r}.{near(text, [*LEVELS, 'warning'])} Levels are {', '.join(LEVELS)}."


def moment(text: str) -> str | None:
    """A time."""
    try:
        found = times.moment(text, UTC) if re.match(r"\d{4}-?\d\d", text) else None
    except (ValueError, OverflowError):
        return None
    if found is None or not 1970 <= found.year <= 2200:
        return None
    return quoted(found.isoformat(timespec="microseconds").replace("+00:00", "Z"))
