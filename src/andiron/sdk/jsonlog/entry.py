"""A log record on its way to a line or to telemetry, whichever library it was made with."""

import sys
import traceback
from typing import Any, NamedTuple

from andiron.delivery.exceptions import type_name
from andiron.delivery.levels import Level

SEVERITIES = [Level.of(number).name for number in range(25)]
"""The name of each of OpenTelemetry's severity numbers."""


class Failure(NamedTuple):
    """An exception, with its causes and its group in the stacktrace."""

    type: str
    message: str
    stacktrace: str

    @classmethod
    def of(cls, error: BaseException, trace: Any = None) -> "Failure":
        """Of an exception. Its text may itself raise: `traceback` says so in its place."""
        kind = type(error)
        name, message, _ = cls.brief(error)
        try:
            # 10 µs and up: by far the dearest part of a record, but frames must not be kept alive for another thread to do it.
            stacktrace = "".join(traceback.format_exception(kind, error, trace or error.__traceback__))
        except Exception as broken:  # noqa: BLE001 - sources and notes may raise as well
            stacktrace = f"[no stacktrace: {type(broken).__name__}]\n{name}: {message}"
        return cls(name, message, stacktrace)

    @classmethod
    def brief(cls, error: BaseException) -> "Failure":
        """Of an exception, without the stack."""
        try:
            message = str(error)
        except Exception:  # noqa: BLE001 - an exception's `__str__` may raise anything
            message = "<exception str() failed>"
        return cls(type_name(error), message, "")

    @classmethod
    def of_text(cls, text: str) -> "Failure":
        """Of a stacktrace that somebody formatted before; its last line that is not indented says what and why."""
        lines = [line for line in text.splitlines() if line[:1].strip() and not line.startswith(("|", "+"))]
        name, _, message = (lines[-1] if lines else "").partition(": ")
        return cls(name or "Exception", message, text)

    @classmethod
    def of_exc_info(cls, value: Any) -> "Failure | None":
        """Of what the libraries take as `exc_info`: an exception, what `sys.exc_info` returns, or that it is to be asked."""
        if isinstance(value, BaseException):
            return cls.of(value)
        if not isinstance(value, tuple):
            value = sys.exc_info() if value else (None, None, None)
        error = value[1] if len(value) == 3 else None
        return cls.of(error, value[2]) if isinstance(error, BaseException) else None


class Entry(NamedTuple):
    """One log record."""

    time_ns: int
    severity: int
    """OpenTelemetry's number, 1 to 24."""
    message: str
    logger: str
    attributes: dict[str, Any]
    failure: Failure | None = None
    stack: str | None = None
    """Where it was logged, when that was asked for."""
    source: tuple[str, int, str] | None = None
    """File, line and function."""
    trace: tuple[int, int] | None = None
    """Ids of trace and span, where they are not those of the span that is active now."""
    duration: float | None = None
    """Seconds, of a finished span."""
