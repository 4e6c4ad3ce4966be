"""OpenTelemetry's records in memory as the records that tests ask about."""

from collections.abc import Iterator
from typing import Any

from opentelemetry.sdk.trace import ReadableSpan

from andiron.testing.records import Log, Metric, Span

KINDS = {
    "Sum": "sum",
    "Gauge": "gauge",
    "Histogram": "histogram",
    "ExponentialHistogram": "exponential_histogram",
}


def span(ended: ReadableSpan) -> Span:
    """A span."""
    context = ended.get_span_context()
    return Span(
        name=ended.name,
        attributes=plain(ended.attributes),
        trace_id=f"{context.trace_id:032x}" if context else "",
        span_id=f"{context.span_id:016x}" if context else "",
        parent_id=f"{ended.parent.span_id:016x}" if ended.parent else "",
        kind=ended.kind.name.lower(),
        status=ended.status.status_code.name.lower(),
        message=ended.status.description or "",
        events=[(event.name, plain(event.attributes)) for event in ended.events],
        start=ended.start_time or 0,
        end=ended.end_time or 0,
        scope=ended.instrumentation_scope.name if ended.instrumentation_scope else "",
        resource=plain(ended.resource.attributes),
        raw=ended,
    )


def log(emitted: Any) -> Log:
    """A log record."""
    record = emitted.log_record
    # Older versions keep the resource on the record, and lose it where the record is the API's.
    resource = getattr(emitted, "resource", None) or getattr(record, "resource", None)
    return Log(
        body=record.body,
        attributes=plain(record.attributes),
        severity=record.severity_number.value if record.severity_number else 0,
        severity_text=record.severity_text or "",
        trace_id=f"{record.trace_id:032x}" if record.trace_id else "",
        span_id=f"{record.span_id:016x}" if record.span_id else "",
        event_name=getattr(record, "event_name", None) or "",
        scope=emitted.instrumentation_scope.name if emitted.instrumentation_scope else "",
        resource=plain(resource.attributes if resource else None),
        raw=emitted,
    )


def metrics(data: Any) -> Iterator[Metric]:
    """The metrics of a collection."""
    for owner in data.resource_metrics:
        for scope in owner.scope_metrics:
            for metric in scope.metrics:
                yield Metric(
                    name=metric.name,
                    unit=metric.unit or "",
                    kind=KINDS[type(metric.data).__name__],
                    points=[(plain(point.attributes), number(point)) for point in metric.data.data_points],
                    scope=scope.scope.name,
                    resource=plain(owner.resource.attributes),
                    raw=metric,
                )


def plain(attributes: Any) -> dict[str, Any]:
    """Attributes with lists for OpenTelemetry's tuples, as they come out at the other end."""
    return {key: list(value) if isinstance(value, tuple) else value for key, value in (attributes or {}).items()}


def number(point: Any) -> Any:
    """A number, or count and sum."""
    return point.value if hasattr(point, "value") else (point.count, point.sum)
