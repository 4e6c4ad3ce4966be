"""Sends requests the way they go (door, segment, loader) and reads the tables back in the words of `expected.py`."""

import asyncio
import json
from collections.abc import Callable, Iterable
from itertools import count
from pathlib import Path
from typing import Any, cast

from andiron.server.ingest.door import Door
from andiron.server.ingest.journal import Journal, Segment
from andiron.server.ingest.keys import Keys
from andiron.server.ingest.loader import Loader
from andiron.server.ingest.quarantine import Quarantine
from andiron.server.ingest.segment import Entry
from andiron.server.ingest.signals import Signal
from andiron.server.observe import Instruments
from andiron.server.settings import Settings
from andiron.server.store.embedded import EmbeddedEngine
from tests.ingest.expected import canonical, double

MOMENTS = count(1_800_000_000_000, 1000)
"""A moment of receipt, in milliseconds, a second apart, for each insert: how its rows are told from all others."""

READING: dict[str, str | int] = {
    "date_time_output_format": "unix_timestamp",
    "output_format_json_quote_64bit_floats": 1,
    "output_format_json_quote_denormals": 1,
    "output_format_json_quote_64bit_integers": 1,
}
TIMES = {
    "Timestamp",
    "Start",
    "End",
    "ObservedTimestamp",
    "TimeUnix",
    "StartTimeUnix",
    "Events.Timestamp",
    "Exemplars.TimeUnix",
}
DOUBLES = {
    "Value", "Sum", "Min", "Max", "ExplicitBounds", "ZeroThreshold", "ValueAtQuantiles.Quantile", "ValueAtQuantiles.Value",
    "Exemplars.Value",
}  # fmt: skip
BIG = {
    "Duration", "IntValue", "Count", "BucketCounts", "ZeroCount", "PositiveBucketCounts", "NegativeBucketCounts",
    "Exemplars.IntValue",
}  # fmt: skip
SAMPLES = {
    "metric_numbers": "gauge sum",
    "metric_histograms": "histogram",
    "metric_exponential_histograms": "exponential_histogram",
    "metric_summaries": "summary",
}


class Kept:
    """Stands for the journal before a door: keeps the entries that it would have written."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def check_room(self, size: int) -> None:
        """There is always room."""

    def append(self, entry: Entry) -> "asyncio.Future[None]":
        self.entries.append(entry)
        written = asyncio.get_running_loop().create_future()
        written.set_result(None)
        return written


class Tables:
    """One database, filled by the real loader from real segments."""

    def __init__(self, engine: EmbeddedEngine, database: str, folder: Path) -> None:
        self.engine = engine
        self.database = database
        self.quarantine = Quarantine(folder / "quarantine")
        self.instruments = Instruments()
        self.received = 0
        self._folder = folder
        self._kept = Kept()
        journal = cast("Journal", self._kept)
        settings = Settings(_env_file=None, data=folder)
        keys = Keys(folder / "keys", age=1000, memory=1_000_000)
        self._door = Door(settings, journal, keys, self.instruments, clock=lambda: self.received / 1000)
        self._loader = Loader(journal, engine, self.quarantine, self.instruments, ensure=bool, keep=keys.keep)

    def entries(
        self, signal: Signal, bodies: Iterable[bytes], *, as_json: bool = False, received: int = 0
    ) -> list[Entry]:
        """What the door journals of these requests, received at a moment of its own or at this one."""

        async def taken() -> None:
            for body in bodies:
                await self._door.take(signal, self.database, body, encoding="", json=as_json)

        self.received = received or next(MOMENTS)
        self._kept.entries = []
        asyncio.run(taken())
        return self._kept.entries

    def send(self, signal: Signal, bodies: Iterable[bytes], *, as_json: bool = False, received: int = 0) -> int:
        """Load one segment of these requests; returns the moment of receipt that its rows carry."""
        self.load(self.entries(signal, bodies, as_json=as_json, received=received), f"{next(MOMENTS)}-{signal.name}")
        return self.received

    def load(self, entries: Iterable[Entry], name: str) -> None:
        """Load one segment of these entries."""
        segment = Segment(self._folder / f"{name}.segment")
        segment.path.write_bytes(b"".join(b"".join(map(bytes, entry.encoded(segment.seed))) for entry in entries))
        self._loader.load(segment)
        segment.path.unlink()

    def rows(self, table: str, received: int | None = None) -> list[dict[str, Any]]:
        """The rows of a table, or those received at a moment."""
        condition = "" if received is None else f" WHERE toUnixTimestamp64Milli(IngestedAt) = {received}"
        return [
            normal(row) for row in self._select(f"SELECT * EXCEPT IngestedAt FROM {self.database}.{table}{condition}")
        ]

    def points(self, received: int) -> list[dict[str, Any]]:
        """Each data point received at a moment, with its series."""
        moment = f"toUnixTimestamp64Milli(IngestedAt) = {received}"
        series = {}
        for row in self._select(f"SELECT * EXCEPT IngestedAt FROM {self.database}.metric_series WHERE {moment}"):
            assert row["SeriesId"] not in series
            series[row.pop("SeriesId")] = row
        found = []
        for table, kinds in SAMPLES.items():
            for row in self._select(f"SELECT * EXCEPT IngestedAt FROM {self.database}.{table} WHERE {moment}"):
                whole = series[row.pop("SeriesId")] | row
                assert whole["MetricType"] in kinds.split()
                found.append(normal(whole))
        return found

    def series(self, received: int) -> set[str]:
        """The ids of the series received at a moment."""
        moment = f"toUnixTimestamp64Milli(IngestedAt) = {received}"
        tables = " UNION ALL ".join(f"SELECT SeriesId FROM {self.database}.{table} WHERE {moment}" for table in SAMPLES)
        return {row["SeriesId"] for row in self._select(tables)}

    def moments(self, table: str) -> list[int]:
        """When each row of a table was received."""
        return [
            int(row["at"])
            for row in self._select(f"SELECT toUnixTimestamp64Milli(IngestedAt) AS at FROM {self.database}.{table}")
        ]

    def count(self, table: str) -> int:
        """How many rows a table holds."""
        return int(self._select(f"SELECT count() AS n FROM {self.database}.{table}")[0]["n"])

    def _select(self, sql: str) -> list[dict[str, Any]]:
        answer = self.engine.query(sql, format="JSONEachRow", settings=READING)
        return [json.loads(line) for line in answer.splitlines()]


ARRAYS = {"BucketCounts", "ExplicitBounds", "PositiveBucketCounts", "NegativeBucketCounts"}


CHANGES: dict[str, Callable[[Any], Any]] = {
    **dict.fromkeys(TIMES, lambda text: int(text.replace(".", ""))),
    **dict.fromkeys(DOUBLES, lambda text: double(float(text))),
    **dict.fromkeys(BIG, int),
}


def normal(row: dict[str, Any]) -> dict[str, Any]:
    """A row in the words of `expected.py`."""
    out = {}
    for name, value in row.items():
        change = typed if name.endswith("Types") else CHANGES.get(name)
        out[name] = each(name, change, value) if change else value
    out.pop("TimestampTime", None)
    for name in [name for name in out if name.endswith("Types")]:
        attributes = name.removesuffix("Types") + "s"
        out[attributes] = each(name, attribute_texts, out[attributes], out[name])
    if "BodyType" in out:
        out["Body"] = spelled(out["Body"], out["BodyType"])
    if "ServiceName" in out:
        out["ServiceName"] = spelled(out["ServiceName"], out["ResourceAttributeTypes"].get("service.name", ""))
    return out


def each(name: str, change: Callable[..., Any], *values: Any) -> Any:
    """`change` applied to a column's value, or to every item of an array; NULL stays."""
    if name in ARRAYS or "." in name:
        return [change(*items) for items in zip(*values, strict=True)]
    return None if values[0] is None else change(*values)


def typed(text: str) -> dict[str, str]:
    found: dict[str, str] = json.loads(text or "{}")
    return found


def attribute_texts(values: dict[str, str], kinds: dict[str, str]) -> dict[str, str]:
    return {key: spelled(value, kinds.get(key, "")) for key, value in values.items()}


def spelled(value: str, kind: str) -> str:
    """JSON and doubles may be spelled in many ways: one of them."""
    if kind == "json":
        return canonical(json.loads(value))
    return double(float(value)) if kind == "double" else value
