"""A span as OTLP has it: the fields of `ReadableSpan`, of the SDK or a subclass of another library."""

import struct
from collections.abc import Mapping
from typing import Any

from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.trace import Link

from andiron.delivery.attributes import AttributeEncoder
from andiron.delivery.salvage import number, of, text, unsigned
from andiron.delivery.wire import sized, varint

ATTRIBUTE = b"\x4a"

_times = struct.Struct("<BQBQ").pack
_time = struct.Struct("<BQ").pack
KINDS = tuple(b"\x30" + varint(kind) for kind in range(1, 6))
STATUSES = tuple(b"\x18" + varint(code) if code else b"" for code in range(3))
LOCAL, REMOTE = (struct.pack("<I", flags) for flags in (0x100, 0x300))
"""It is known whether the parent or linked span is of another process: it is not, it is."""


class SpanEncoder:
    """Writes the message `Span`."""

    signal = "traces"
    attribute = ATTRIBUTE

    def __init__(self, attributes: AttributeEncoder) -> None:
        self._text = attributes.text
        self._fields = attributes.fields
        self._fields_of = attributes.fields_of
        self._usual: dict[type, bool] = {}

    def encode(self, span: ReadableSpan) -> bytes:
        """The bytes of `span`. Raises whatever a malformed one brings about."""
        context = span.context
        parts = [
            b"\x0a\x10",
            context.trace_id.to_bytes(16, "big"),
            b"\x12\x08",
            context.span_id.to_bytes(8, "big"),
        ]
        if context.trace_state:
            parts += (b"\x1a", self._text(trace_state(context.trace_state)))
        parent = span.parent
        if parent is not None:
            parts += (b"\x22\x08", parent.span_id.to_bytes(8, "big"))
        parts += (
            b"\x2a",
            self._text(span.name),
            KINDS[span.kind.value],
            _times(0x39, span.start_time or 0, 0x41, span.end_time or 0),
        )
        parts.append(self._fields(ATTRIBUTE, self._attributes(span)))
        if dropped := span.dropped_attributes:
            parts += (b"\x50", varint(dropped))
        parts += [b"\x5a" + sized(self._event(event)) for event in span.events]
        if dropped := span.dropped_events:
            parts += (b"\x60", varint(dropped))
        parts += [b"\x6a" + sized(self._link(link)) for link in span.links]
        if dropped := span.dropped_links:
            parts += (b"\x70", varint(dropped))
        status = span.status
        if status is not None:
            body = STATUSES[status.status_code.value]
            if status.description:
                body = b"\x12" + self._text(status.description) + body
            parts += (b"\x7a", sized(body))
        parts += (b"\x85\x01", REMOTE if parent is not None and parent.is_remote else LOCAL)
        return b"".join(parts)

    def reduced(self, span: ReadableSpan) -> bytes:
        """What can be told of a span that cannot be encoded: ids, name, kind, times, status, attributes."""
        context, parent = of(span, "context"), of(span, "parent")
        return b"".join(
            (
                b"\x0a\x10" + unsigned(of(context, "trace_id"), 16),
                b"\x12\x08" + unsigned(of(context, "span_id"), 8),
                b"\x22\x08" + unsigned(of(parent, "span_id"), 8) if parent is not None else b"",
                b"\x2a" + self._text(text(of(span, "name"))),
                KINDS[number(of(of(span, "kind"), "value"), most=4)],
                _times(0x39, number(of(span, "start_time")), 0x41, number(of(span, "end_time"))),
                self._fields_of(ATTRIBUTE, span),
                b"\x7a" + sized(STATUSES[number(of(of(of(span, "status"), "status_code"), "value"), most=2)]),
                b"\x85\x01" + (REMOTE if of(parent, "is_remote") is True else LOCAL),
            )
        )

    def _attributes(self, span: ReadableSpan) -> Any:
        # The public property wraps a mapping whose every look-up is a call: reading ten attributes through it takes 4 µs.
        kind = type(span)
        usual = self._usual.get(kind)
        if usual is None:
            usual = self._usual[kind] = kind.attributes is ReadableSpan.attributes
        return span._attributes if usual else span.attributes  # noqa: SLF001 - as measured above

    def _event(self, event: Event) -> bytes:
        parts = [
            _time(0x09, event.timestamp or 0),
            b"\x12",
            self._text(event.name),
            self._fields(b"\x1a", event.attributes),
        ]
        if dropped := getattr(event, "dropped_attributes", 0):
            parts += (b"\x20", varint(dropped))
        return b"".join(parts)

    def _link(self, link: Link) -> bytes:
        context = link.context
        parts = [b"\x0a\x10", context.trace_id.to_bytes(16, "big"), b"\x12\x08", context.span_id.to_bytes(8, "big")]
        if context.trace_state:
            parts += (b"\x1a", self._text(trace_state(context.trace_state)))
        parts.append(self._fields(b"\x22", link.attributes))
        if dropped := link.dropped_attributes:
            parts += (b"\x28", varint(dropped))
        parts += (b"\x35", REMOTE if context.is_remote else LOCAL)
        return b"".join(parts)


def trace_state(state: Mapping[str, str]) -> str:
    """As the header `tracestate` has it."""
    return ",".join(f"{key}={value}" for key, value in state.items())
