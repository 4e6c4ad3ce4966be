"""A log record as the application makes it when it uses neither logging nor OpenTelemetry, and the protocol of what takes one."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from andiron.delivery.levels import Level


@dataclass(frozen=True)
class LogRecord:
    """One message with what belongs to it."""

    message: str
    level: Level = Level.INFO
    logger: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)
    error: BaseException | None = None
    stacktrace: str | None = None
    """Where `error` has none of its own."""
    timestamp_ns: int = field(default_factory=time.time_ns)
    trace_id: int = 0
    span_id: int = 0

    def __str__(self) -> str:
        attributes = f" {dict(self.attributes)}" if self.attributes else ""
        error = f" ! {type(self.error).__name__}: {self.error}" if self.error is not None else ""
        return f"[{self.level.name}] {self.logger}: {self.message}{attributes}{error}"


@runtime_checkable
class LogSink(Protocol):
    """Takes records: it owns batching and queueing, and never raises into its caller."""

    def write(self, record: LogRecord) -> None:
        """Take one; return at once."""
        ...

    def flush(self, timeout: float = 5.0) -> bool:
        """Everything written so far is safe when this says True."""
        ...

    def close(self, timeout: float = 5.0) -> None:
        """Drain and stop."""
        ...
