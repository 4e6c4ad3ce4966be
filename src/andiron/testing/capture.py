"""Everything that OpenTelemetry, Logfire and `logging` record in this process, kept in memory for a test."""

import functools
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Self

import logfire
from opentelemetry.sdk._logs import LogRecordProcessor
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor

from andiron.testing import sdk
from andiron.testing.records import Log, Metric, Records, Span


class Spans(SpanProcessor):
    """Keeps finished spans."""

    def __init__(self) -> None:
        self.ended: list[ReadableSpan] = []

    def on_end(self, span: ReadableSpan) -> None:
        if (span.attributes or {}).get("logfire.span_type") != "pending_span":
            self.ended.append(span)


class Logs(LogRecordProcessor):
    """Keeps log records."""

    def __init__(self) -> None:
        self.emitted: list[Any] = []

    def on_emit(self, log_record: Any) -> None:
        self.emitted.append(log_record)

    def listen(self, processor: Any) -> None:
        """Keep what `processor` is given: Andiron hands it some records past OpenTelemetry's provider."""
        original = processor.on_emit

        def on_emit(log_record: Any) -> None:
            original(log_record)
            self.on_emit(log_record)

        processor.on_emit = on_emit

    def shutdown(self) -> None:
        """Nothing to release."""

    def force_flush(self, timeout_millis: int = 30_000) -> bool:  # noqa: ARG002 - OpenTelemetry's signature
        return True


class Capture(Records):
    """Catches from `start` to `stop`, or in a `with` block.

    An application that configures Andiron or Logfire meanwhile is caught as well. Nothing is sent unless it asks for that.
    """

    def __init__(self) -> None:
        self._spans = Spans()
        self._logs = Logs()
        self._readers: list[InMemoryMetricReader] = []
        self._configure: Any = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"<Capture: {len(self._spans.ended)} spans, {len(self._logs.emitted)} logs>"

    @property
    def spans(self) -> list[Span]:
        return [sdk.span(each) for each in self._spans.ended]

    @property
    def logs(self) -> list[Log]:
        return [sdk.log(each) for each in self._logs.emitted]

    @property
    def metrics(self) -> list[Metric]:
        data = self._readers[-1].get_metrics_data() if self._readers else None
        return list(sdk.metrics(data)) if data is not None else []

    def clear(self) -> None:
        """Forget the spans and logs so far."""
        self._spans.ended.clear()
        self._logs.emitted.clear()

    def start(self) -> None:
        """Begin to catch."""
        original = self._configure = logfire.configure

        @functools.wraps(original)
        def configure(**arguments: Any) -> Any:
            return original(**self._joined(arguments))

        logfire.configure = configure
        configure(send_to_logfire=False, console=False, distributed_tracing=True)

    def stop(self) -> None:
        """Catch no more. What was caught stays."""
        if self._configure is not None:
            logfire.configure, self._configure = self._configure, None

    def _joined(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """The arguments of `logfire.configure`, with our own places added to each signal's."""
        processors: Sequence[SpanProcessor] = arguments.get("additional_span_processors") or ()
        advanced = arguments.get("advanced") or logfire.AdvancedOptions()
        given = arguments.get("metrics")
        self._readers.append(InMemoryMetricReader())
        metrics = given if isinstance(given, logfire.MetricsOptions) else logfire.MetricsOptions()
        metrics = replace(metrics, additional_readers=[*metrics.additional_readers, self._readers[-1]])
        ours = [each for each in advanced.log_record_processors if type(each).__name__ == "AndironLogRecordProcessor"]
        for processor in ours:
            self._logs.listen(processor)
        if not ours:
            advanced.log_record_processors = [*advanced.log_record_processors, self._logs]
        return {
            **arguments,
            "additional_span_processors": [*processors, self._spans],
            "metrics": metrics,
            "advanced": advanced,
        }
