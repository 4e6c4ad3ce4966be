"""loguru: sinks that write JSON lines and make telemetry."""

from typing import Any, TextIO

from loguru import logger

from andiron.delivery.levels import Level
from andiron.sdk.bridges.output import Output
from andiron.sdk.bridges.telemetry import Telemetry
from andiron.sdk.jsonlog import Entry, Failure, JsonLines


def entry_of(record: Any) -> Entry:
    """The entry of a record of loguru (`message.record` within a sink)."""
    error = record["exception"]
    return Entry(
        int(record["time"].timestamp() * 1_000_000) * 1000,
        int(Level.of_logging(record["level"].no)),
        record["message"],
        record["name"] or "loguru",
        record["extra"],
        Failure.of_exc_info(tuple(error)) if error else None,
        None,
        (record["file"].path, record["line"], record["function"]),
    )


class JsonSink:
    """Writes JSON lines: `logger.add(JsonSink(), format=unformatted)`."""

    def __init__(self, stream: TextIO | None = None, lines: JsonLines | None = None) -> None:
        self._output = Output(stream)
        self._lines = lines or JsonLines()

    def __call__(self, message: Any) -> None:
        self._output.write(self._lines.line_of(entry_of, message.record))


class TelemetrySink:
    """Gives records to OpenTelemetry's logger provider: `logger.add(TelemetrySink(), format=unformatted)`."""

    def __init__(self, telemetry: Telemetry | None = None) -> None:
        self._telemetry = telemetry or Telemetry()

    def __call__(self, message: Any) -> None:
        self._telemetry.take(message.record["name"], entry_of, message.record)


def unformatted(_record: Any) -> str:
    """Loguru's own text of a record, which these sinks do not read."""
    return ""


def configure_loguru(
    stream: TextIO | None = None,
    *,
    level: str = "INFO",
    lines: JsonLines | None = None,
    telemetry: Telemetry | None = None,
) -> None:
    """Make loguru write JSON lines to `stream` (standard output) and nothing else, and telemetry where `telemetry` is given."""
    logger.remove()
    # Not `diagnose`: it writes the values of variables into stacktraces.
    logger.add(JsonSink(stream, lines), format=unformatted, level=level, backtrace=False, diagnose=False)
    if telemetry is not None:
        logger.add(TelemetrySink(telemetry), format=unformatted, level=level, backtrace=False, diagnose=False)
