"""A log record as OTLP has it: ReadableLogRecord of the SDK, or LogData as it was before 1.39."""

import struct
from typing import Any

from andiron.delivery.attributes import AttributeEncoder
from andiron.delivery.salvage import number, of, text, unsigned
from andiron.delivery.wire import sized, utf8, varint

ATTRIBUTE = b"\x32"

_times = struct.Struct("<BQBQ").pack
_flags = struct.Struct("<BI").pack
SEVERITIES = tuple(b"\x10" + varint(number) if number else b"" for number in range(25))


class LogEncoder:
    """Writes the message `LogRecord`."""

    signal = "logs"
    attribute = ATTRIBUTE

    def __init__(self, attributes: AttributeEncoder) -> None:
        self._text = attributes.text
        self._fields = attributes.fields
        self._fields_of = attributes.fields_of
        self._body = attributes.body

    def encode(self, data: Any) -> bytes:
        """The bytes of `data`. Raises whatever a malformed one brings about."""
        record = data.log_record
        severity = record.severity_number
        parts = [
            _times(0x09, record.timestamp or 0, 0x59, record.observed_timestamp or 0),
            SEVERITIES[0 if severity is None else int(getattr(severity, "value", severity))],
        ]
        if record.severity_text:
            parts += (b"\x1a", self._text(record.severity_text))
        parts += (b"\x2a", sized(self._body(record.body)))
        parts.append(self._fields(ATTRIBUTE, record.attributes))
        if dropped := dropped_attributes(data):
            parts += (b"\x38", varint(dropped))
        if record.trace_flags:
            parts.append(_flags(0x45, int(record.trace_flags)))
        if record.trace_id:
            parts += (b"\x4a\x10", record.trace_id.to_bytes(16, "big"))
        if record.span_id:
            parts += (b"\x52\x08", record.span_id.to_bytes(8, "big"))
        if name := getattr(record, "event_name", None):
            parts += (b"\x62", self._text(name))
        return b"".join(parts)

    def reduced(self, data: Any) -> bytes:
        """What can be told of a record that cannot be encoded: times, severity, ids, body, attributes."""
        record = of(data, "log_record")
        severity = of(record, "severity_number")
        trace, span = unsigned(of(record, "trace_id"), 16), unsigned(of(record, "span_id"), 8)
        return b"".join(
            (
                _times(0x09, number(of(record, "timestamp")), 0x59, number(of(record, "observed_timestamp"))),
                SEVERITIES[number(severity if isinstance(severity, int) else of(severity, "value"), most=24)],
                b"\x1a" + sized(utf8(text(of(record, "severity_text")))),
                b"\x2a" + sized(self._body(of(record, "body"))),
                self._fields_of(ATTRIBUTE, record),
                b"\x4a\x10" + trace if any(trace) else b"",
                b"\x52\x08" + span if any(span) else b"",
                b"\x62" + self._text(text(of(record, "event_name"))),
            )
        )


def dropped_attributes(data: Any) -> int:
    """How many attributes the SDK's limits took; before 1.39 the record itself knew."""
    dropped = getattr(data, "dropped_attributes", None)
    if dropped is None:
        dropped = getattr(data.log_record, "dropped_attributes", 0)
    return dropped or 0
