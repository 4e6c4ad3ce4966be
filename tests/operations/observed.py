"""Operations observed by OpenTelemetry's own SDK, with everything kept in memory: what the tests of operations look into."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from andiron.sdk.operations import (
    MetricsInstrumentor,
    ObservabilityErrorHandler,
    StructuredLogger,
    TracingInstrumentor,
    force,
    names,
)
from andiron.sdk.operations.force import Parts
from andiron.sdk.operations.names import Measure
from andiron.testing import sdk
from andiron.testing.records import Log, Metric, Span
from tests.operations.stories import STEP, Told

Labels = frozenset[tuple[str, Any]]


def labels(**attributes: Any) -> Labels:
    """Attributes of a point, written with `_` for `.`; None leaves one out."""
    return frozenset((name.replace("_", "."), value) for name, value in attributes.items() if value is not None)


class Observed:
    """Providers of a test's own, and the instrumentors that use them."""

    def __init__(self) -> None:
        self._spans, self._logs, self._reader = (
            InMemorySpanExporter(),
            InMemoryLogRecordExporter(),  # type: ignore[no-untyped-call]
            InMemoryMetricReader(),
        )
        self.tracers = TracerProvider(shutdown_on_exit=False)
        self.tracers.add_span_processor(SimpleSpanProcessor(self._spans))
        self.loggers = LoggerProvider(shutdown_on_exit=False)
        self.loggers.add_log_record_processor(SimpleLogRecordProcessor(self._logs))
        self.meters = MeterProvider([self._reader], shutdown_on_exit=False)
        self.errors = ObservabilityErrorHandler()
        self.metrics = MetricsInstrumentor(self.meters, self.errors)
        self.tracing = TracingInstrumentor(self.tracers, self.errors)
        self.logger = StructuredLogger(logger_provider=self.loggers, errors=self.errors)
        self.errors.listener = self.metrics.failed
        self.parts = Parts(self.errors, self.metrics, self.tracing, self.logger)

    @property
    def spans(self) -> list[Span]:
        """In the order in which they ended."""
        return [sdk.span(each) for each in self._spans.get_finished_spans()]

    @property
    def logs(self) -> list[Log]:
        return [sdk.log(each) for each in self._logs.get_finished_logs()]

    def measured(self) -> list[Metric]:
        """Every metric, as it stands now."""
        data = self._reader.get_metrics_data()
        return list(sdk.metrics(data)) if data is not None else []

    def points(self, measure: Measure) -> dict[Labels, Any]:
        """OpenTelemetry's points of one measure, by their attributes."""
        found: dict[Labels, Any] = {}
        for metric in self.measured():
            if metric.name == measure.name:
                found |= {frozenset(point.attributes.items()): point for point in metric.raw.data.data_points}
        return found

    def values(self, measure: Measure) -> dict[Labels, Any]:
        """The number of each point that is not 0; of a histogram, how many were recorded."""
        numbers = {
            attributes: point.value if hasattr(point, "value") else point.count
            for attributes, point in self.points(measure).items()
        }
        return {attributes: number for attributes, number in numbers.items() if number}

    @property
    def outcomes(self) -> list[tuple[str, str]]:
        """Name and outcome of each operation, in the order of their end."""
        return [(span.name, span.attributes[names.OUTCOME]) for span in self.spans]

    @property
    def parents(self) -> dict[str, str]:
        """The name of each span's parent, by the span's name; empty for a root."""
        named = {span.span_id: span.name for span in self.spans}
        return {span.name: named.get(span.parent_id, "") for span in self.spans}

    def span_of(self, told: Told) -> Span:
        """The one span of a step."""
        (span,) = [span for span in self.spans if span.attributes.get(STEP) == told.number]
        return span

    def logs_of(self, told: Told) -> list[Log]:
        """The log records of a step, in their order."""
        return [log for log in self.logs if log.attributes.get(STEP) == told.number]


@contextmanager
def observing(observed: Observed | None = None) -> Iterator[Observed]:
    """Operations go to `observed`, or to a new one, until the end of the block."""
    observed = observed or Observed()
    before = (force.now.parts, force.now.off)
    force.put(observed.parts)
    try:
        yield observed
    finally:
        force.put(before[0], off=before[1])
