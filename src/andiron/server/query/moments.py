"""Times in a query: constants, intervals, and the functions on them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlglot import exp

from andiron.server.query import times
from andiron.server.query.grammar import Fragment, fragment
from andiron.server.query.problems import refused
from andiron.server.query.relations import TIMESTAMPS
from andiron.server.store.quoting import literal

Translate = Callable[[exp.Expr], exp.Expr]

MAKERS = frozenset(
    {
        "now",
        "current_timestamp",
        "localtimestamp",
        "clock_timestamp",
        "transaction_timestamp",
        "statement_timestamp",
        "date_trunc",
    }
    | {"time_bucket", "date_bin", "to_timestamp", "to_timestamp_seconds", "to_timestamp_millis", "to_timestamp_micros"}
    | {"to_timestamp_nanos", "from_unixtime"}
)
KEEPERS = frozenset(
    {"min", "max", "first_value", "last_value", "any_value", "coalesce", "greatest", "least", "lag", "lead"}
)

FIELDS = {
    "year": "toYear({0})", "years": "toYear({0})", "quarter": "toQuarter({0})", "month": "toMonth({0})", "week": "toISOWeek({0})",
    "day": "toDayOfMonth({0})", "dow": "toDayOfWeek({0}) % 7", "isodow": "toDayOfWeek({0})", "doy": "toDayOfYear({0})",
    "hour": "toHour({0})", "minute": "toMinute({0})", "isoyear": "toISOYear({0})",
    "second": "toSecond({0}) + (toUnixTimestamp64Micro({0}) % 1000000) / 1e6",
    "millisecond": "toSecond({0}) * 1000 + (toUnixTimestamp64Micro({0}) % 1000000) / 1e3",
    "microsecond": "toSecond({0}) * 1000000 + toUnixTimestamp64Micro({0}) % 1000000",
}  # fmt: skip

UNITS = frozenset({"microsecond", "millisecond", "second", "minute", "hour", "day", "week", "month", "quarter", "year"})

PATTERNS = (
    ("YYYY", "%Y"), ("HH24", "%H"), ("HH12", "%I"), ("Month", "%M"), ("Mon", "%b"), ("Day", "%W"), ("Dy", "%a"), ("DDD", "%j"),
    ("YY", "%y"), ("MM", "%m"), ("DD", "%d"), ("HH", "%I"), ("MI", "%i"), ("SS", "%S"), ("US", "%f"), ("IW", "%V"), ("AM", "%p"),
    ("PM", "%p"), ("Q", "%Q"),
)  # fmt: skip

EPOCH = {"seconds": 1_000_000, "millis": 1_000, "micros": 1}


@dataclass(frozen=True)
class Moments:
    """What `now` is, where, and what `$resolution` stands for."""

    when: datetime
    zone: str
    resolution: times.Interval

    @property
    def now(self) -> str:
        """The moment of the query, the same all through it."""
        return times.constant(self.when)

    @property
    def today(self) -> str:
        """Its day."""
        return f"toDate('{self.when.astimezone(times.zone(self.zone)):%Y-%m-%d}')"

    def is_time(self, node: exp.Expr) -> bool:  # noqa: PLR0911 - a table of cases
        """Whether it surely is a time."""
        node = node.unnest()
        if isinstance(node, exp.Column):
            return node.name in TIMESTAMPS
        if isinstance(node, exp.Cast):
            return bool(node.to.is_type("timestamp", "timestamptz", "datetime", "timestampntz"))
        if isinstance(node, exp.Anonymous):
            name = node.name.lower()
            return name in MAKERS or (name in KEEPERS and bool(node.expressions) and self.is_time(node.expressions[0]))
        if isinstance(node, exp.Add | exp.Sub):
            return self.is_time(node.this) and not self.is_time(node.expression)
        if isinstance(node, Fragment):
            return bool(node.args["template"].startswith("toDateTime64"))
        if isinstance(node, exp.Filter | exp.Window):
            return self.is_time(node.this)
        return isinstance(node, exp.CurrentTimestamp | exp.Localtimestamp | exp.AtTimeZone)

    def is_interval(self, node: exp.Expr) -> bool:
        """Whether it is an interval as it stands."""
        node = node.unnest()
        if isinstance(node, exp.Cast):
            return bool(node.to.is_type("interval"))
        return isinstance(node, exp.Interval | exp.Parameter)

    def interval(self, node: exp.Expr) -> times.Interval:
        """Read one."""
        node = node.unnest()
        if isinstance(node, exp.Parameter):
            if node.this.name != "resolution":
                raise refused(f"${node.this.name} is not known here; only $resolution is.")
            return self.resolution
        if isinstance(node, exp.Cast):
            node = node.this.unnest()
        if isinstance(node, exp.Interval):
            return times.interval(node.this.name, node.args["unit"].name if node.args.get("unit") else "")
        if isinstance(node, exp.Literal) and node.is_string:
            return times.interval(node.name)
        raise refused(f"{node.sql()[:60]} is no constant interval; write interval '5 minutes'.")

    def literal(self, node: exp.Expr) -> str | None:
        """A text that stands for a time, where a time is expected."""
        node = node.unnest()
        return self.constant(node, "time") if isinstance(node, exp.Literal) and node.is_string else None

    def constant(self, node: exp.Expr, kind: str) -> str:
        """A text as a time or a date."""
        if node.name.lower() in {"now", "today"}:
            return self.now if kind == "time" and node.name.lower() == "now" else self.today
        found = times.moment(node.name, times.zone(self.zone))
        if found is None:
            raise refused(f"{node.name!r} is no time; write it as 2025-01-31T12:00:00Z.")
        if kind == "date":
            return f"toDate('{found.astimezone(times.zone(self.zone)):%Y-%m-%d}')"
        return times.constant(found)

    def arithmetic(self, node: exp.Expr, translate: Translate) -> exp.Expr | None:
        """Times and intervals added, taken away or compared; None where neither is concerned."""
        left, right = node.this, node.expression
        if isinstance(node, exp.Mul):
            if self.is_interval(right):
                left, right = right, left
            return self._multiple(left, right, translate) if self.is_interval(left) else None
        if isinstance(node, exp.Add) and self.is_interval(left) and not self.is_interval(right):
            left, right = right, left
        sign = "-" if isinstance(node, exp.Sub) else "+"
        if self.is_interval(right) and not self.is_interval(left):
            return fragment(self.interval(right).shifted("{0}", sign), self._timely(left, translate))
        product = right.unnest()
        if isinstance(product, exp.Mul) and (self.is_interval(product.this) or self.is_interval(product.expression)):
            return fragment(f"{{0}} {sign} {{1}}", self._timely(left, translate), translate(right))
        if isinstance(node, exp.Sub) and self.is_time(left) and (self.is_time(right) or self.literal(right)):
            return self.seconds(self._timely(left, translate), self._timely(right, translate))
        return None

    def _timely(self, node: exp.Expr, translate: Translate) -> exp.Expr:
        constant = self.literal(node)
        return fragment(constant) if constant else translate(node)

    def _multiple(self, length: exp.Expr, factor: exp.Expr, translate: Translate) -> exp.Expr:
        interval = self.interval(length)
        if interval.months:
            return fragment(f"toIntervalMonth({{0}} * {interval.months})", translate(factor))
        return fragment(f"toIntervalMicrosecond(toInt64({{0}} * {interval.microseconds}))", translate(factor))

    @staticmethod
    def seconds(later: exp.Expr, earlier: exp.Expr) -> Fragment:
        """What passed between two times, in seconds."""
        return fragment(
            "(toUnixTimestamp64Micro(toDateTime64({0}, 6, 'UTC')) - toUnixTimestamp64Micro(toDateTime64({1}, 6, 'UTC'))) / 1e6",
            later,
            earlier,
        )

    def extract(self, field: str, source: exp.Expr, translate: Translate) -> exp.Expr:
        """`EXTRACT(field FROM source)`."""
        field = field.lower().removesuffix("s")
        inner = source.unnest()
        if self.is_interval(inner) and field == "epoch":
            interval = self.interval(inner)
            return exp.Literal.number(repr(interval.microseconds / 1e6 + interval.months * 30 * 86400))
        if field == "epoch":
            value = translate(source)
            between = isinstance(inner, exp.Sub) and self.is_time(inner.this) and self.is_time(inner.expression)
            return value if between else fragment("toUnixTimestamp64Micro(toDateTime64({0}, 6, 'UTC')) / 1e6", value)
        if field not in FIELDS:
            raise refused(f"EXTRACT knows no {field}; write epoch, {', '.join(FIELDS)}.")
        local = f"toTimeZone(toDateTime64({{0}}, 6, 'UTC'), {literal(self.zone)})"
        return fragment(FIELDS[field].replace("{0}", local), self._timely(source, translate))

    def at_zone(self, value: exp.Expr, zone: exp.Expr) -> exp.Expr:
        """A time as clocks showed it in `zone`."""
        if not isinstance(zone, exp.Literal):
            raise refused("AT TIME ZONE needs the name of a zone, as in 'Europe/Paris'.")
        times.zone(zone.name)
        return fragment(
            f"toDateTime64({{0}} + toIntervalSecond(timezoneOffset(toTimeZone({{0}}, {literal(zone.name)}))), 6, 'UTC')",
            value,
        )

    def bucket(self, interval: times.Interval, value: exp.Expr) -> exp.Expr:
        """The beginning of the bucket that a time falls into."""
        local = f"toTimeZone(toDateTime64({{0}}, 6, 'UTC'), {literal(self.zone)})"
        return fragment(f"toDateTime64(toStartOfInterval({local}, {interval.sql()}), 6, {literal(self.zone)})", value)

    def call(  # noqa: C901, PLR0911, PLR0912 - a table of cases
        self, name: str, arguments: list[exp.Expr], translate: Translate
    ) -> exp.Expr | None:
        """A function on times, or None."""
        match name, arguments:
            case (
                "now"
                | "current_timestamp"
                | "localtimestamp"
                | "clock_timestamp"
                | "transaction_timestamp"
                | "statement_timestamp",
                [],
            ):
                return fragment(self.now)
            case "current_date" | "today", []:
                return fragment(self.today)
            case "date_trunc", [unit, source]:
                word = unit.name.lower().removesuffix("s")
                if word not in UNITS:
                    raise refused(f"date_trunc knows no {unit.name!r}; write one of {', '.join(sorted(UNITS))}.")
                return self.bucket(times.interval(f"1 {word}"), self._timely(source, translate))
            case "time_bucket" | "date_bin", [interval, source]:
                return self.bucket(self.interval(interval), self._timely(source, translate))
            case "date_bin" | "time_bucket", [interval, source, origin]:
                length = self.interval(interval)
                if length.months:
                    raise refused(f"{name} with an origin needs an interval of fixed length, such as '5 minutes'.")
                start, point = (
                    "toUnixTimestamp64Micro(toDateTime64({1}, 6, 'UTC'))",
                    "toUnixTimestamp64Micro(toDateTime64({0}, 6, 'UTC'))",
                )
                count = f"toInt64(floor(({point} - {start}) / {length.microseconds}))"
                shape = f"fromUnixTimestamp64Micro({start} + {count} * {length.microseconds}, 'UTC')"
                return fragment(shape, self._timely(source, translate), self._timely(origin, translate))
            case (("date_part" | "datepart"), [field, source]):
                return self.extract(field.name, source, translate)
            case "to_char" | "date_format", [source, pattern]:
                return self._formatted(self._timely(source, translate), pattern)
            case "to_timestamp", [exp.Literal(is_string=True) as text]:
                return fragment(self.constant(text, "time"))
            case (
                "to_timestamp"
                | "from_unixtime"
                | "to_timestamp_seconds"
                | "to_timestamp_millis"
                | "to_timestamp_micros",
                [source],
            ):
                factor = EPOCH.get(name.rpartition("_")[2], 1_000_000)
                return fragment(f"fromUnixTimestamp64Micro(toInt64({{0}} * {factor}), 'UTC')", translate(source))
            case "to_timestamp_nanos", [source]:
                return fragment("fromUnixTimestamp64Micro(intDiv(toInt64({0}), 1000), 'UTC')", translate(source))
            case "to_unixtime", [source]:
                return self.extract("epoch", source, translate)
            case "date" | "to_date", [source]:
                constant = isinstance(source, exp.Literal)
                return (
                    fragment(self.constant(source, "date"))
                    if constant
                    else fragment(f"toDate({{0}}, {literal(self.zone)})", translate(source))
                )
            case "age", [later, earlier]:
                return self.seconds(self._timely(later, translate), self._timely(earlier, translate))
            case "make_date", [_, _, _]:
                return fragment("makeDate({*})", *(translate(argument) for argument in arguments))
        return None

    def _formatted(self, value: exp.Expr, pattern: exp.Expr) -> exp.Expr:
        if not isinstance(pattern, exp.Literal):
            raise refused("to_char needs a constant format, as in 'YYYY-MM-DD HH24:MI:SS'.")
        written, rest = "", pattern.name.replace("%", "%%")
        while rest:
            found = next(((word, code) for word, code in PATTERNS if rest.startswith(word)), None)
            written, rest = (written + found[1], rest[len(found[0]) :]) if found else (written + rest[0], rest[1:])
        return fragment(
            "formatDateTime({0}, {1}, {2})", value, exp.Literal.string(written), exp.Literal.string(self.zone)
        )
