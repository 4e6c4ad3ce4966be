"""Values of attributes: whatever a user put there becomes one of OTLP's types, and then bytes of an AnyValue."""

import struct
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import islice
from typing import TYPE_CHECKING, Any

from andiron.delivery.wire import sized, utf8, varint

if TYPE_CHECKING:
    from opentelemetry.proto.common.v1.common_pb2 import AnyValue

DEEPEST = 20
"""Levels of nesting; each takes up to three of the hundred that readers of Protobuf allow."""
LEFT_OUT = "…"
"""Stands where a value went on."""
CUT_MARK = "…[truncated {} characters]"

_double = struct.Struct("<d").pack


class Simplifier:
    """Makes values plain: str, bool, int, float, bytes, None, and lists and dicts of them. Never raises.

    Texts longer than `longest` are cut. All values of a record together may have a sixteenth as many parts, so that lists which hold
    each other end: the limit of a record is a quarter of `longest`, and nearly every part takes four bytes.
    """

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self.begin()

    def begin(self) -> None:
        """Count anew, for the next record."""
        self._left = self._longest // 16

    def plain(self, value: Any, depth: int = 0) -> Any:
        """`value` in plain types; what is of none of them becomes its text."""
        self._left -= 1
        if depth > DEEPEST or (depth and self._left < 0):
            return LEFT_OUT
        if value is None or value is True or value is False:
            return value
        try:
            return self._plain(value, depth)
        except Exception:  # noqa: BLE001 - properties, lengths and texts of foreign objects may raise anything
            return f"<{type(value).__name__}>"

    def _plain(self, value: Any, depth: int) -> Any:  # noqa: PLR0911 - one for each type
        # A subclass counts as what it holds, as with the official encoder: str.__str__ passes over an Enum's own.
        if isinstance(value, str):
            return cut(str.__str__(value), self._longest)
        if isinstance(value, int):
            return int.__int__(value)
        if isinstance(value, float):
            return float.__float__(value)
        if isinstance(value, (bytes, bytearray, memoryview)):
            return bytes(value[: self._longest])
        if isinstance(value, Mapping):
            # All at once, as another thread may be writing to it.
            items = tuple(value.items())[: max(0, self._left) + 1]
            return {str(self.plain(key, depth + 1)): self.plain(part, depth + 1) for key, part in items}
        if isinstance(value, (Sequence, AbstractSet)):
            return [self.plain(part, depth + 1) for part in islice(value, max(0, self._left) + 1)]
        # Scalars and arrays of numpy, whose text leaves out what is much.
        if callable(convert := getattr(value, "tolist", None)) and getattr(value, "size", 0) <= self._longest:
            return self.plain(convert(), depth + 1)
        return cut(str(value), self._longest)


def encoded(value: Any) -> bytes:  # noqa: PLR0911 - one for each type
    """The AnyValue of a plain value; of None, an empty one."""
    kind = type(value)
    if kind is str:
        return b"\x0a" + sized(utf8(value))
    if kind is bool:
        return b"\x10\x01" if value else b"\x10\x00"
    if kind is int:
        if -(2**63) <= value < 2**63:
            return b"\x18" + varint(value & 0xFFFF_FFFF_FFFF_FFFF)
        return encoded(digits(value))
    if kind is float:
        return b"\x21" + _double(value)
    if kind is list:
        return b"\x2a" + sized(b"".join(b"\x0a" + sized(encoded(part)) for part in value))
    if kind is dict:
        return b"\x32" + sized(b"".join(b"\x0a" + sized(pair(key, part)) for key, part in value.items()))
    if kind is bytes:
        return b"\x3a" + sized(value)
    return b""


def pair(key: str, value: Any) -> bytes:
    """The KeyValue of a plain value."""
    return b"\x0a" + sized(utf8(key)) + b"\x12" + sized(encoded(value))


def decoded(value: "AnyValue") -> Any:
    """The plain value of an AnyValue."""
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [decoded(part) for part in value.array_value.values]
    if kind == "kvlist_value":
        return {pair.key: decoded(pair.value) for pair in value.kvlist_value.values}
    return getattr(value, kind) if kind else None


def digits(number: int) -> str:
    """An integer that does not fit 64 bits, as text: Python refuses decimals of more than 4,300 digits."""
    return str(number) if number.bit_length() < 10_000 else hex(number)


def cut(text: str, longest: int, *, keep_end: bool = False) -> str:
    """`text` within about `longest` characters, with a mark where the rest was: at the end, or in the middle.

    Cut before redaction, so that ten megabytes do not go through every pattern; between words, so that no secret is cut in two.
    """
    if len(text) <= longest:
        return text
    slack = longest // 16
    head = longest // 2 if keep_end else longest
    head = 1 + max(text.rfind(space, head - slack, head) for space in " \n") or head
    tail = len(text)
    if keep_end:
        tail -= longest // 2
        tail = min((at for space in " \n" if (at := text.find(space, tail, tail + slack)) >= 0), default=tail)
    return text[:head] + CUT_MARK.format(tail - head) + text[tail:]
