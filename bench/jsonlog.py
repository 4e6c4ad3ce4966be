"""JSON log lines: microseconds a line beside structlog's own, and what a record costs its caller on the way to telemetry.

    python -m bench.jsonlog [--seconds 1]

All lines say the same: time, level, logger, message, two attributes and one bound value. Each figure is processor time of the
caller's thread, the best of five rounds.
"""

import argparse
import json
import logging
import time
import timeit
import traceback
import warnings
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import structlog
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler, LogRecordProcessor
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor, LogRecordExporter, LogRecordExportResult

from andiron.sdk import context
from andiron.sdk.bridges.stdlib import JsonFormatter, TelemetryHandler, entry_of
from andiron.sdk.bridges.structlog import JsonRenderer
from andiron.sdk.bridges.telemetry import Telemetry
from andiron.sdk.jsonlog import JsonLines

ROUNDS = 5


class Nowhere:
    """A stream that takes everything."""

    def write(self, text: str) -> int:
        return len(text)

    def flush(self) -> None: ...


class Nothing(LogRecordExporter):
    """An exporter that takes everything."""

    def export(self, batch: Any) -> LogRecordExportResult:
        return LogRecordExportResult.SUCCESS

    def shutdown(self) -> None: ...

    def force_flush(self, timeout_millis: int = 10_000) -> bool:
        return True


class Last(LogRecordProcessor):
    """A processor that takes everything."""

    def on_emit(self, log_record: Any) -> None: ...

    def shutdown(self) -> None: ...

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return True


class PlainJson(logging.Formatter):
    """What a formatter of thirty lines does, such as many projects carry."""

    standard = frozenset(vars(logging.makeLogRecord({})))

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **{key: value for key, value in vars(record).items() if key not in self.standard},
        }
        if record.exc_info:
            line["exception"] = "".join(traceback.format_exception(*record.exc_info))
        return json.dumps(line, default=str)


def best(act: Callable[[], object], seconds: float) -> float:
    """Microseconds a call takes of this thread."""
    timer = timeit.Timer(act, timer=time.thread_time)
    number = max(1, int(seconds / ROUNDS / max(timer.timeit(200) / 200, 1e-7)))
    return min(timer.repeat(ROUNDS, number)) / number * 1e6


def logger(name: str, handler: logging.Handler) -> logging.Logger:
    """A logger of the standard library with this handler alone."""
    made = logging.getLogger(f"bench.{name}")
    made.propagate = False
    made.setLevel(logging.INFO)
    made.handlers = [handler]
    return made


def to_nowhere(formatter: logging.Formatter) -> logging.Handler:
    handler = logging.StreamHandler(Nowhere())
    handler.setFormatter(formatter)
    return handler


def chain(*end: Any) -> Any:
    """A logger of structlog."""
    return structlog.wrap_logger(
        structlog.WriteLogger(Nowhere()),  # type: ignore[arg-type] # `write` and `flush` are all it calls
        processors=[structlog.contextvars.merge_contextvars, structlog.processors.add_log_level, *end],
        wrapper_class=structlog.make_filtering_bound_logger("info"),
        cache_logger_on_first_use=True,
    ).bind(logger="bench.app")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=1, help="for each figure")
    seconds = parser.parse_args().seconds
    warnings.simplefilter("ignore")
    logging.raiseExceptions = False
    logging.getLogger("opentelemetry").addHandler(logging.NullHandler())  # its queue is full, which costs it nothing
    context.set_static(service="bench", environment="test", application_version="1.0")
    structlog.contextvars.bind_contextvars(request_id="7f3c")
    numbers = iter(range(10**12))

    def by_structlog(log: Any) -> Callable[[], object]:
        return lambda: log.info(f"order {next(numbers)} taken", customer="c-17", items=3)  # noqa: G004 - as structlog is used

    def by_logging(log: logging.Logger) -> Callable[[], object]:
        return lambda: log.info(
            "order %d taken", next(numbers), extra={"customer": "c-17", "items": 3, "request_id": "7f3c"}
        )

    def figure(name: str, act: Callable[[], object]) -> float:
        took = best(act, seconds)
        print(f"{name:<72}{took:7.2f} µs")
        return took

    plain, redacting = JsonLines(redact=False), JsonLines()
    stamp = structlog.processors.TimeStamper(fmt="iso")
    theirs = figure("structlog, JSONRenderer", by_structlog(chain(stamp, structlog.processors.JSONRenderer())))
    ours = figure("structlog, Andiron", by_structlog(chain(JsonRenderer(plain))))
    figure("structlog, Andiron, redacting", by_structlog(chain(JsonRenderer(redacting))))
    print(f"{'':<72}{ours / theirs:7.2f} of structlog's own\n")

    figure("logging, a handler that does nothing", by_logging(logger("none", logging.NullHandler())))
    figure("logging, a stream and '%(message)s'", by_logging(logger("text", to_nowhere(logging.Formatter()))))
    figure("logging, a plain JSON formatter", by_logging(logger("plain", to_nowhere(PlainJson()))))
    figure("logging, Andiron", by_logging(logger("ours", to_nowhere(JsonFormatter(plain)))))
    figure("logging, Andiron, redacting", by_logging(logger("ours", to_nowhere(JsonFormatter(redacting)))))
    record = logging.makeLogRecord(
        {"name": "bench", "levelno": 20, "customer": "c-17", "items": 3, "request_id": "7f3c"}
    )

    def formatted(formatter: logging.Formatter) -> Callable[[], str]:
        def act() -> str:
            record.msg = f"order {next(numbers)} taken"
            return formatter.format(record)

        return act

    figure("  the formatter alone: a plain one", formatted(PlainJson()))
    figure("  the formatter alone: Andiron", formatted(JsonFormatter(plain)))
    figure("  the formatter alone: Andiron, redacting", formatted(JsonFormatter(redacting)))
    print()

    provider = LoggerProvider(shutdown_on_exit=False)
    provider.add_log_record_processor(BatchLogRecordProcessor(Nothing(), schedule_delay_millis=100))
    figure(
        "telemetry, OpenTelemetry's LoggingHandler",
        by_logging(logger("otel", LoggingHandler(logger_provider=provider))),
    )
    telemetry = Telemetry(provider)
    figure("telemetry, Andiron's TelemetryHandler", by_logging(logger("bridge", TelemetryHandler(telemetry))))
    figure("  of which Andiron and the SDK", lambda: telemetry.take("bench", entry_of, record))
    provider.shutdown()
    straight = Telemetry(processor=Last())
    figure(
        "telemetry, TelemetryHandler straight to a processor",
        by_logging(logger("straight", TelemetryHandler(straight))),
    )
    figure("  of which Andiron", lambda: straight.take("bench", entry_of, record))


if __name__ == "__main__":
    main()
