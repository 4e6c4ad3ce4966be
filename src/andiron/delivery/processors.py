"""Where the pipeline meets OpenTelemetry: a span processor, a log record processor and a metric exporter."""

from collections.abc import Callable, Mapping
from typing import Any

from opentelemetry.context import Context
from opentelemetry.sdk._logs import LogRecordProcessor
from opentelemetry.sdk.metrics import Counter, Histogram, ObservableCounter
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    MetricExporter,
    MetricExportResult,
    MetricsData,
)
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor

from andiron.delivery.pending import OpenSpans
from andiron.delivery.pipeline import Pipeline

Correlate = Callable[[], Mapping[str, Any]]
"""What belongs on every record made here and now: the request's id, the user's. Empty and cheap when there is nothing."""


class AndironSpanProcessor(SpanProcessor):
    """Gives finished spans to the pipeline, and spans that run for long a first time while they run."""

    def __init__(
        self,
        pipeline: Pipeline,
        *,
        correlate: Correlate | None = None,
        open_spans: OpenSpans | None = None,
        started: Callable[[Span], None] | None = None,
        ended: Callable[[ReadableSpan], None] | None = None,
    ) -> None:
        self._pipeline = pipeline
        self._correlate = correlate
        self._open = open_spans
        self._started = started
        self._ended = ended

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:  # noqa: ARG002 - the SDK's signature
        if self._correlate is not None and (attributes := self._correlate()):
            known = span._attributes or {}  # noqa: SLF001 - `attributes` makes a proxy each time
            for key, value in attributes.items():
                if key not in known:
                    span.set_attribute(key, value)
        if self._started is not None:
            self._started(span)
        if self._open is not None:
            self._open.started(span)

    def on_end(self, span: ReadableSpan) -> None:
        if self._open is not None:
            self._open.ended(span)
        if self._ended is not None:
            self._ended(span)
        context = span.context
        if context is not None and context.trace_flags & 1:
            self._pipeline.span(span)

    def shutdown(self) -> None:
        # To the disk only: the end of the process waits once for delivery, in `Pipeline.close`, and not for each signal.
        self._pipeline.flush(delivered=False)

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._pipeline.flush(timeout_millis / 1000)


class AndironLogRecordProcessor(LogRecordProcessor):
    """Gives log records to the pipeline."""

    def __init__(
        self,
        pipeline: Pipeline,
        *,
        correlate: Correlate | None = None,
        emitted: Callable[[Any], None] | None = None,
    ) -> None:
        self._pipeline = pipeline
        self._correlate = correlate
        self._emitted = emitted

    def on_emit(self, log_record: Any) -> None:
        scope = log_record.instrumentation_scope
        name = scope.name if scope is not None else ""
        if self._correlate is not None and (more := self._correlate()):
            record = log_record.log_record
            record.attributes = {**more, **(record.attributes or {})}
        if self._emitted is not None:
            self._emitted(log_record)
        self._pipeline.log(log_record, name)

    # SDKs before 1.36 call it so.
    emit = on_emit

    def shutdown(self) -> None:
        # To the disk only: the end of the process waits once for delivery, in `Pipeline.close`, and not for each signal.
        self._pipeline.flush(delivered=False)

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._pipeline.flush(timeout_millis / 1000)


class AndironMetricExporter(MetricExporter):
    """Gives what a metric reader collects to the pipeline. Counters and histograms come as deltas, as Logfire sends them, unless `delta` is off."""

    def __init__(self, pipeline: Pipeline, *, delta: bool = True) -> None:
        temporality = AggregationTemporality.DELTA if delta else AggregationTemporality.CUMULATIVE
        super().__init__(preferred_temporality=dict.fromkeys((Counter, ObservableCounter, Histogram), temporality))
        self._pipeline = pipeline

    def export(self, metrics_data: MetricsData, timeout_millis: float = 10_000, **kwargs: Any) -> MetricExportResult:  # noqa: ARG002 - the SDK's signature
        return MetricExportResult.SUCCESS if self._pipeline.metrics(metrics_data) else MetricExportResult.FAILURE

    def force_flush(self, timeout_millis: float = 10_000) -> bool:
        return self._pipeline.flush(timeout_millis / 1000)

    def shutdown(self, timeout_millis: float = 30_000, **kwargs: Any) -> None:  # noqa: ARG002 - the SDK's signature
        self._pipeline.flush(timeout_millis / 1000, delivered=False)
