"""A record that is too large is shortened until it fits: its longest texts first, then lists and maps, then what stands in the
middle of its events and links, then its largest attributes. Ids, times, severity, the name and `exception.type` stay.

Comes into play once in many thousand records, so it works on the parsed message.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from andiron.delivery.values import CUT_MARK, decoded

TRUNCATED = "andiron.truncated"
"""The attribute that lists what was shortened."""
FLOOR = 1024
"""Bytes that each text keeps while there is something else to give up."""
KEPT = 256
"""Bytes that each keeps to the end."""
NAMES = 1000
"""Bytes of the list of names."""
RESERVE = 1500
"""Bytes kept free for that list."""
STAYS = {"exception.type", "andiron.encode_error"}
"""Attributes that are not dropped."""

_mark = re.compile(CUT_MARK.replace("[", r"\[").replace("]", r"\]").format(r"(\d{1,15})"))


@dataclass(slots=True)
class Field:
    """A text or bytes within a record that may be shortened."""

    name: str
    """As the list of what was shortened has it."""
    owner: Any
    """The message that holds it, as the field `attribute`."""
    attribute: str
    size: int
    keep_end: bool = False

    def shorten(self, most: int) -> None:
        """Cut it to at most `most` bytes, the mark among them."""
        value = getattr(self.owner, self.attribute)
        short = value[:most] if isinstance(value, bytes) else within(value, most, keep_end=self.keep_end)
        setattr(self.owner, self.attribute, short)


def truncate(data: bytes, signal: str, limit: int) -> bytes:
    """The record in `data` within `limit` bytes."""
    record = (Span if signal == "traces" else LogRecord).FromString(data)
    return Shortener(record, limit - RESERVE).shortened()


class Shortener:
    """Makes one record smaller, in steps of growing harm."""

    def __init__(self, record: Span | LogRecord, most: int) -> None:
        self._record: Any = record
        self._most = most
        self._names: dict[str, None] = {}

    def shortened(self) -> bytes:
        """The bytes of the record, after as few steps as will do."""
        for step in self._steps():
            step()
            if self._excess() <= 0:
                break
        self._record.attributes.append(KeyValue(key=TRUNCATED, value=listed(self._names)))
        return bytes(self._record.SerializeToString())

    def _steps(self) -> Iterator[Callable[[], None]]:
        yield partial(self._level, FLOOR, or_nothing=True)
        yield self._flatten
        yield partial(self._level, FLOOR, or_nothing=True)
        if isinstance(self._record, Span):
            yield partial(self._thin, "links")
            yield partial(self._thin, "events")
        yield partial(self._level, FLOOR)
        yield partial(self._level, KEPT)
        yield self._drop_attributes
        yield self._strip

    def _excess(self) -> int:
        return int(self._record.ByteSize()) - self._most

    def _level(self, floor: int, *, or_nothing: bool = False) -> None:
        """Cut every text to one length, the greatest that will do, but none below `floor`; unless that will not do."""
        fields = [field for field in texts(self._record) if field.size > floor]
        excess = self._excess()
        if or_nothing and sum(field.size - floor for field in fields) < excess:
            return
        low, high = floor, max((field.size for field in fields), default=floor)
        while low < high:
            middle = (low + high + 1) // 2
            if sum(max(0, field.size - middle) for field in fields) >= excess:
                low = middle
            else:
                high = middle - 1
        for field in fields:
            if field.size > low:
                field.shorten(low)
                self._names[field.name] = None

    def _flatten(self) -> None:
        """Large lists and maps become their JSON, which can be cut."""
        values = [(pair.key, pair.value) for owner in self._owners() for pair in owner.attributes]
        if isinstance(self._record, LogRecord):
            values.append(("body", self._record.body))
        for name, value in values:
            if value.WhichOneof("value") in {"array_value", "kvlist_value"} and value.ByteSize() > FLOOR:
                value.string_value = json.dumps(decoded(value), ensure_ascii=False, default=bytes.hex)
                self._names[name] = None

    def _owners(self) -> list[Any]:
        record = self._record
        return [record, *record.events, *record.links] if isinstance(record, Span) else [record]

    def _thin(self, which: str) -> None:
        """Drop events or links from the middle outwards, as few as will do; the first and the last stay."""
        parts = getattr(self._record, which)
        excess = self._excess()
        middle = len(parts) // 2
        going: list[int] = []
        for at in sorted(range(1, len(parts) - 1), key=lambda at: abs(at - middle)):
            if excess <= 0:
                break
            excess -= parts[at].ByteSize()
            going.append(at)
        if going:
            self._drop(which, min(going), max(going) + 1)

    def _drop(self, which: str, first: int, last: int) -> None:
        del getattr(self._record, which)[first:last]
        counter = f"dropped_{which}_count"
        setattr(self._record, counter, getattr(self._record, counter) + last - first)
        self._names[which] = None

    def _drop_attributes(self) -> None:
        """Drop attributes, the largest first, as few as will do."""
        owners = self._owners()
        found = [(pair.ByteSize(), at, n) for at, owner in enumerate(owners) for n, pair in enumerate(owner.attributes)]
        excess = self._excess()
        going: dict[int, set[int]] = {}
        for size, at, n in sorted(found, reverse=True):
            if excess <= 0:
                break
            if owners[at].attributes[n].key not in STAYS:
                going.setdefault(at, set()).add(n)
                excess -= size
        for at, gone in going.items():
            kept = [pair for n, pair in enumerate(owners[at].attributes) if n not in gone]
            del owners[at].attributes[:]
            owners[at].attributes.extend(kept)
            owners[at].dropped_attributes_count += len(gone)
            self._names["attributes"] = None

    def _strip(self) -> None:
        """The last resort: no links, and of the events the last, which tells of an exception when one ended the span."""
        record = self._record
        if isinstance(record, Span):
            if record.links:
                self._drop("links", 0, len(record.links))
            if len(record.events) > 1:
                self._drop("events", 0, len(record.events) - 1)
        self._level(KEPT)


def texts(record: Any) -> Iterator[Field]:
    """All that may be shortened."""
    if isinstance(record, Span):
        yield from plain(record, "name", "name")
        yield from plain(record, "trace_state", "trace_state")
        yield from plain(record.status, "message", "status")
        for event in record.events:
            yield from plain(event, "name", "events")
            yield from of_attributes(event.attributes, "events.")
        for link in record.links:
            yield from plain(link, "trace_state", "links")
            yield from of_attributes(link.attributes, "links.")
    else:
        yield from plain(record, "event_name", "event_name")
        yield from plain(record, "severity_text", "severity_text")
        yield from of_value(record.body, "body")
    yield from of_attributes(record.attributes, "")


def plain(owner: Any, attribute: str, name: str) -> Iterator[Field]:
    """A field of the message itself."""
    yield Field(name, owner, attribute, len(getattr(owner, attribute).encode()))


def of_attributes(attributes: Any, prefix: str) -> Iterator[Field]:
    """The texts of attributes."""
    for pair in attributes:
        yield from of_value(pair.value, prefix + pair.key, keep_end=pair.key == "exception.stacktrace")


def of_value(value: AnyValue, name: str, *, keep_end: bool = False) -> Iterator[Field]:
    """The texts within a value."""
    kind = value.WhichOneof("value")
    if kind == "string_value":
        yield Field(name, value, kind, len(value.string_value.encode()), keep_end)
    elif kind == "bytes_value":
        yield Field(name, value, kind, len(value.bytes_value))
    elif kind == "array_value":
        for part in value.array_value.values:
            yield from of_value(part, name)
    elif kind == "kvlist_value":
        for pair in value.kvlist_value.values:
            yield from of_value(pair.value, name)


def within(text: str, most: int, *, keep_end: bool = False) -> str:
    """`text` in at most `most` bytes, with a mark that counts what went now and before."""
    before = sum(int(found) for found in _mark.findall(text))
    text = _mark.sub("", text)
    room = most - 48
    data = text.encode()
    if keep_end:
        head, tail = whole(data[: room // 2]), whole(data[-(room // 2) :])
    else:
        head, tail = whole(data[:room]), ""
    return head + CUT_MARK.format(before + len(text) - len(head) - len(tail)) + tail


def whole(data: bytes) -> str:
    """Text of bytes whose ends may lie within a character."""
    return data.decode(errors="ignore")


def listed(names: dict[str, None]) -> AnyValue:
    """The names as an array, the first of them where they are many."""
    value = AnyValue()
    value.array_value.SetInParent()
    room = NAMES
    for name in names:
        short = whole(name.encode()[:200])
        room -= len(short.encode()) + 6
        if room < 0:
            value.array_value.values.add(string_value="…")
            break
        value.array_value.values.add(string_value=short)
    return value
