"""What a record costs the thread that makes it: the pipeline against OpenTelemetry's batch processors with an exporter that throws everything away.

python -m bench.caller

Processor time of the calling thread, so that what the pipeline's own thread does beside it is not counted; the wall's time is shown too,
for that thread shares the interpreter. Each figure is the best of interleaved rounds in one run.
"""

import argparse
import time
from collections.abc import Callable
from typing import Any

from opentelemetry._logs import SeverityNumber
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor, LogRecordExporter, LogRecordExportResult
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

from andiron.delivery.batch import Batch
from andiron.delivery.encode import Encoder
from andiron.delivery.exporters import ExportResult
from andiron.delivery.memory_spool import MemorySpool
from andiron.delivery.pending import OpenSpans
from andiron.delivery.pipeline import Pipeline
from andiron.delivery.processors import AndironLogRecordProcessor, AndironSpanProcessor
from andiron.redaction import redactor
from andiron.sdk.field import Field
from andiron.sdk.settings import SdkSettings

ATTRIBUTES: dict[str, Any] = {
    "http.request.method": "GET",
    "http.route": "/orders/{order}",
    "http.response.status_code": 200,
    "url.path": "/orders/4711",
    "user_agent.original": "curl/8.5.0",
    "server.address": "shop.example",
    "server.port": 443,
    "app.tenant": "north",
    "app.total": 12.5,
    "app.cached": False,
}


class NullSpans(SpanExporter):
    def export(self, spans: Any) -> SpanExportResult:
        return SpanExportResult.SUCCESS


class NullLogs(LogRecordExporter):
    def export(self, batch: Any) -> LogRecordExportResult:
        return LogRecordExportResult.SUCCESS

    def shutdown(self) -> None:
        pass

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return True


class Null:
    def export(self, payload: Batch) -> ExportResult:
        return ExportResult.success

    def shutdown(self) -> None:
        pass


def spans(processor: Any) -> Callable[[int], None]:
    provider = TracerProvider(shutdown_on_exit=False)
    if processor is not None:
        provider.add_span_processor(processor)
    tracer = provider.get_tracer("bench")

    def make(count: int) -> None:
        for _ in range(count):
            tracer.start_span("GET /orders/{order}", attributes=ATTRIBUTES).end()

    return make


def logs(processor: Any) -> Callable[[int], None]:
    provider = LoggerProvider(shutdown_on_exit=False)
    if processor is not None:
        provider.add_log_record_processor(processor)
    logger = provider.get_logger("bench")

    def make(count: int) -> None:
        for _ in range(count):
            logger.emit(
                timestamp=time.time_ns(),
                severity_number=SeverityNumber.INFO,
                severity_text="INFO",
                body="an order was placed by somebody",
                attributes=ATTRIBUTES,
            )

    return make


def pipeline() -> Pipeline:
    return Pipeline(encoder=Encoder(redactor), spool=MemorySpool(), exporter=Null(), flush_interval=1.0)


def measure(variants: dict[str, Callable[[int], None]], rounds: int, count: int) -> dict[str, tuple[float, float]]:
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in variants}
    for number in range(rounds + 1):
        for name, make in variants.items():
            cpu, wall = time.thread_time(), time.perf_counter()
            make(count)
            took = (time.thread_time() - cpu) / count * 1e6, (time.perf_counter() - wall) / count * 1e6
            if number:  # the first round warms up
                times[name].append(took)
            time.sleep(0.2)  # the queues empty themselves
    return {name: (min(cpu for cpu, _ in each), min(wall for _, wall in each)) for name, each in times.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument(
        "--count", type=int, default=800, help="records a round; above the queue's 1,024, dropping is measured"
    )
    given = parser.parse_args()
    with_pending = pipeline()
    open_spans = OpenSpans(with_pending.span)
    with_pending.ticks.append(open_spans.announce)
    configured = pipeline()
    field = Field(SdkSettings(keyring=False, session=False, native_crashes=False, crashes=False, connectivity=False))
    field.start(configured)
    all_open = OpenSpans(configured.span)
    configured.ticks.append(all_open.announce)
    complete = AndironSpanProcessor(
        configured,
        correlate=field.correlate,
        open_spans=all_open,
        started=field.span_started,
        ended=field.span_ended,
    )
    for title, variants in {
        "span": {
            "no processor": spans(None),
            "BatchSpanProcessor": spans(BatchSpanProcessor(NullSpans())),
            "Andiron": spans(AndironSpanProcessor(pipeline())),
            "Andiron, with pending spans": spans(AndironSpanProcessor(with_pending, open_spans=open_spans)),
            "Andiron, as configured": spans(complete),
        },
        "log record": {
            "no processor": logs(None),
            "BatchLogRecordProcessor": logs(BatchLogRecordProcessor(NullLogs())),
            "Andiron": logs(AndironLogRecordProcessor(pipeline())),
        },
    }.items():
        found = measure(variants, given.rounds, given.count)
        peer = next(cpu for name, (cpu, _) in found.items() if name.startswith("Batch"))
        for name, (cpu, wall) in found.items():
            print(
                f"{title:<11} {name:<28} {cpu:6.1f} µs of the caller's time  {cpu - peer:+5.1f}  {wall:6.1f} µs by the wall"
            )


if __name__ == "__main__":
    main()
