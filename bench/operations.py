"""What `@operation` costs beside the bare OpenTelemetry calls that it stands for, and what it costs when it is off.

python -m bench.operations          through what `init_observability` sets up
python -m bench.operations --sdk    through OpenTelemetry's own providers without a processor: nothing but the calls

All in one process, in turn and several times, the least of each counting: a machine that is busy elsewhere only ever adds.
"""

import argparse
import asyncio
import gc
import time
from collections.abc import Callable
from typing import Any

from opentelemetry import metrics, trace
from opentelemetry._logs import LogRecord, SeverityNumber, get_logger, set_logger_provider
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider

import andiron
from andiron.delivery.batch import Batch
from andiron.delivery.exporters import ExportResult
from andiron.sdk.operations import names

ROUNDS = 7


class Nowhere:
    """An exporter that takes everything at once: the network is not what is measured."""

    def export(self, payload: Batch) -> ExportResult:
        return ExportResult.success

    def shutdown(self) -> None:
        """Nothing is held."""


def bare() -> Callable[[], None]:
    """The calls that one operation stands for, written out: a span, a histogram, a counter and two records."""
    tracer, meter, logger = trace.get_tracer("bench"), metrics.get_meter("bench"), get_logger("bench")
    durations = meter.create_histogram(
        "bench.duration", "s", explicit_bucket_boundaries_advisory=names.OPERATION_DURATION.buckets
    )
    count = meter.create_counter("bench.count", "{operation}")

    def call() -> None:
        with tracer.start_as_current_span("resource.read", attributes={"operation.name": "resource.read"}) as span:
            logger.emit(
                LogRecord(
                    timestamp=time.time_ns(),
                    severity_number=SeverityNumber.DEBUG,
                    severity_text="DEBUG",
                    body="resource.read started",
                    attributes={"operation.name": "resource.read"},
                )
            )
            began = time.perf_counter()
            work()
            seconds = time.perf_counter() - began
            durations.record(seconds, {"operation.name": "resource.read", "outcome": "success"})
            count.add(1, {"operation.name": "resource.read", "outcome": "success"})
            span.set_attribute("outcome", "success")
            logger.emit(
                LogRecord(
                    timestamp=time.time_ns(),
                    severity_number=SeverityNumber.INFO,
                    severity_text="INFO",
                    body="resource.read completed",
                    attributes={"operation.name": "resource.read", "outcome": "success", "operation.duration": seconds},
                )
            )

    return call


def work() -> None:
    """What is observed."""


@andiron.operation("resource.read")
def observed() -> None:
    """The same work, observed by one line."""


@andiron.operation("resource.read")
async def observed_async() -> None:
    """The same, async."""


async def work_async() -> None:
    """What is observed, async."""


def timed(call: Callable[[], Any], times: int) -> float:
    """Microseconds a call."""
    gc.collect()
    gc.disable()
    began = time.perf_counter()
    for _ in range(times):
        call()
    seconds = time.perf_counter() - began
    gc.enable()
    return seconds / times * 1e6


def timed_async(call: Callable[[], Any], times: int) -> float:
    """Microseconds an awaited call."""

    async def run() -> float:
        gc.collect()
        gc.disable()
        began = time.perf_counter()
        for _ in range(times):
            await call()
        seconds = time.perf_counter() - began
        gc.enable()
        return seconds / times * 1e6

    return asyncio.run(run())


def least(calls: dict[str, Callable[[], float]]) -> dict[str, float]:
    """The least of several rounds of each, taken in turn."""
    found = {name: float("inf") for name in calls}
    for _ in range(ROUNDS):
        for name, call in calls.items():
            found[name] = min(found[name], call())
            andiron.flush()
    return found


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--times", type=int, default=5000)
    arguments.add_argument("--sdk", action="store_true")
    asked = arguments.parse_args()
    times = asked.times
    settings: dict[str, Any] = {
        "exporter": Nowhere(),
        "spool": "memory",
        "console": "off",
        "session": False,
        "native_crashes": False,
        "queue_size": 1_000_000,
        "batch_size": 1_000_000,  # what encodes is another thread, and would take its share of ours
        "flush_interval": 30,
    }
    if asked.sdk:
        trace.set_tracer_provider(TracerProvider())
        metrics.set_meter_provider(MeterProvider([InMemoryMetricReader()]))
        set_logger_provider(LoggerProvider())
    else:
        andiron.init_observability(**settings)
    written_out = bare()
    on = least(
        {
            "bare calls": lambda: timed(written_out, times),
            "@operation": lambda: timed(observed, times),
            "@operation, async": lambda: timed_async(observed_async, times),
        }
    )
    andiron.init_observability(andiron.sdk.operations.ObservabilitySettings(enabled=False))
    off = least(
        {
            "plain": lambda: timed(work, 20 * times),
            "disabled": lambda: timed(observed, 20 * times),
            "plain, async": lambda: timed_async(work_async, 20 * times),
            "disabled, async": lambda: timed_async(observed_async, 20 * times),
        }
    )
    for name, micros in {**on, **off}.items():
        print(f"{name:20} {micros:8.2f} µs")
    print(f"@operation over the bare calls: {on['@operation'] - on['bare calls']:+.2f} µs (bar: 25)")
    print(f"ratio: {on['@operation'] / on['bare calls']:.2f}")
    print(
        f"disabled over plain: {off['disabled'] - off['plain']:+.3f} µs, async {off['disabled, async'] - off['plain, async']:+.3f} µs (bar: 0.5)"
    )


if __name__ == "__main__":
    main()
