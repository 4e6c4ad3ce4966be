"""A batch: one OTLP request, encoded and ready to be sent, with what the spool and the server must know of it."""

from dataclasses import dataclass
from enum import IntEnum


class Lane(IntEnum):
    """What is sent first and dropped last."""

    HIGH = 0
    """Holds an ERROR or FATAL; never dropped for room."""
    NORMAL = 1
    """INFO, WARN and metrics."""
    LOW = 2
    """TRACE and DEBUG; dropped first."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What one request carries."""

    id: str
    """`<32 hex of a stream>-<n>`, and `.<part>` for each time it was divided. The server stores an id once."""
    signal: str
    """`traces`, `logs` or `metrics`."""
    lane: Lane
    records: int
    body: bytes
    """The request in Protobuf, compressed as `encoding` says."""
    encoding: str
    """Empty or `gzip`."""
    made: int
    """Milliseconds since 1970."""
