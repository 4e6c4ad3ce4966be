"""`StructuredLogger`: records of operations with their attributes, within the trace of the moment.

They go to OpenTelemetry's logger provider, and from there to the server, and to the terminal as JSON where that is asked for.
"""

import time
from collections.abc import Mapping
from functools import partial
from typing import Any

from opentelemetry._logs import LoggerProvider

from andiron.delivery.levels import Level
from andiron.sdk.bridges.telemetry import Telemetry
from andiron.sdk.jsonlog import Entry, Failure
from andiron.sdk.operations import names
from andiron.sdk.operations.errors import ObservabilityErrorHandler

DEBUG, INFO, WARN, ERROR = int(Level.DEBUG), int(Level.INFO), int(Level.WARN), int(Level.ERROR)
NOTHING: Mapping[str, Any] = {}
ENDS = {
    names.SUCCESS: (INFO, "completed"),
    names.FAILURE: (ERROR, "failed"),
    names.REJECTED: (WARN, "rejected"),
    names.CANCELLED: (WARN, "cancelled"),
}
"""How an outcome is told, and at which level."""


class StructuredLogger:
    """A logger whose records are facts with names. Nothing it does raises; what fails is given to `errors`."""

    def __init__(
        self,
        name: str = names.SCOPE,
        logger_provider: LoggerProvider | None = None,
        errors: ObservabilityErrorHandler | None = None,
        *,
        telemetry: Telemetry | None = None,
    ) -> None:
        self.name = name
        self.errors = errors or ObservabilityErrorHandler()
        self._telemetry = telemetry or Telemetry(logger_provider, lined=True)
        self._telemetry.on_failure = partial(self.errors.handle, "logging")

    def started(self, operation: str, attributes: Mapping[str, Any] | None = None) -> None:
        """An operation begins."""
        self._write(DEBUG, f"{operation} started", {names.OPERATION: operation, **(attributes or NOTHING)})

    def completed(self, operation: str, seconds: float, attributes: Mapping[str, Any] | None = None) -> None:
        """It has succeeded."""
        self.ended(operation, names.SUCCESS, seconds, None, attributes)

    def failed(
        self,
        operation: str,
        error: BaseException | Failure,
        seconds: float | None = None,
        attributes: Mapping[str, Any] | None = None,
    ) -> None:
        """It has failed."""
        self.ended(operation, names.FAILURE, seconds, error, attributes)

    def rejected(
        self,
        operation: str,
        error: BaseException,
        seconds: float | None = None,
        attributes: Mapping[str, Any] | None = None,
    ) -> None:
        """It has said no to its caller. That is no fault, so there is no stack."""
        self.ended(operation, names.REJECTED, seconds, error, attributes)

    def cancelled(
        self, operation: str, seconds: float | None = None, attributes: Mapping[str, Any] | None = None
    ) -> None:
        """It was ended from outside."""
        self.ended(operation, names.CANCELLED, seconds, None, attributes)

    def ended(
        self,
        operation: str,
        outcome: str,
        seconds: float | None = None,
        error: BaseException | Failure | None = None,
        attributes: Mapping[str, Any] | None = None,
    ) -> None:
        """It has ended, one way or another."""
        severity, verb = ENDS[outcome]
        facts = {names.OPERATION: operation, names.OUTCOME: outcome, **(attributes or NOTHING)}
        if seconds is not None:
            facts[names.DURATION] = round(seconds, 6)
        message, failure = f"{operation} {verb}", None
        if error is not None:
            whole = error if isinstance(error, Failure) else None
            if outcome == names.FAILURE:
                failure = whole = whole or Failure.of(error)  # type: ignore[arg-type] # not one already
            else:
                whole = whole or Failure.brief(error)  # type: ignore[arg-type] # as above
            facts[names.ERROR_TYPE] = whole.type
            message = f"{message}: {whole.type}: {whole.message}" if whole.message else f"{message}: {whole.type}"
        self._write(severity, message, facts, failure)

    def debug(self, message: str, /, **attributes: Any) -> None:
        """For whoever looks for a fault."""
        self._write(DEBUG, message, attributes)

    def info(self, message: str, /, **attributes: Any) -> None:
        """Something happened."""
        self._write(INFO, message, attributes)

    def warning(self, message: str, /, **attributes: Any) -> None:
        """Something is not as it should be, and goes on."""
        self._write(WARN, message, attributes)

    def error(self, message: str, /, error: BaseException | None = None, **attributes: Any) -> None:
        """Something failed."""
        failure = None
        if error is not None:
            failure = Failure.of(error)
            attributes[names.ERROR_TYPE] = failure.type
        self._write(ERROR, message, attributes, failure)

    def _write(
        self, severity: int, message: str, attributes: Mapping[str, Any], failure: Failure | None = None
    ) -> None:
        if self.errors.streaks and self.errors.degraded("logging"):
            return
        failed = self._telemetry.failed
        self._telemetry.take(self.name, entry, severity, message, self.name, attributes, failure)
        if self.errors.streaks and self._telemetry.failed == failed:
            self.errors.succeeded("logging")


def entry(severity: int, message: str, logger: str, attributes: Mapping[str, Any], failure: Failure | None) -> Entry:
    """The record, as every logging library's."""
    return Entry(time.time_ns(), severity, message, logger, attributes, failure)  # type: ignore[arg-type] # only read
