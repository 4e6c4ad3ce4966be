"""OTLP's messages as the records that tests ask about."""

from collections.abc import Iterator
from typing import Any

from andiron.testing.records import Log, Metric, Span

KINDS = ("internal", "internal", "server", "client", "producer", "consumer")
STATUSES = ("unset", "ok", "error")


def value(any_value: Any) -> Any:
    """An AnyValue as Python has it."""
    match any_value.WhichOneof("value"):
        case None:
            return None
        case "array_value":
            return [value(each) for each in any_value.array_value.values]
        case "kvlist_value":
            return attributes(any_value.kvlist_value.values)
        case plain:
            return getattr(any_value, plain)


def attributes(pairs: Any) -> dict[str, Any]:
    """KeyValues as a dict."""
    return {pair.key: value(pair.value) for pair in pairs}


def traces(request: Any) -> Iterator[Span]:
    """The spans of an export request."""
    for owner in request.resource_spans:
        resource = attributes(owner.resource.attributes)
        for scope in owner.scope_spans:
            for span in scope.spans:
                yield Span(
                    name=span.name,
                    attributes=attributes(span.attributes),
                    trace_id=span.trace_id.hex(),
                    span_id=span.span_id.hex(),
                    parent_id=span.parent_span_id.hex(),
                    kind=KINDS[span.kind],
                    status=STATUSES[span.status.code],
                    message=span.status.message,
                    events=[(event.name, attributes(event.attributes)) for event in span.events],
                    start=span.start_time_unix_nano,
                    end=span.end_time_unix_nano,
                    scope=scope.scope.name,
                    resource=resource,
                    raw=span,
                )


def logs(request: Any) -> Iterator[Log]:
    """The log records of an export request."""
    for owner in request.resource_logs:
        resource = attributes(owner.resource.attributes)
        for scope in owner.scope_logs:
            for record in scope.log_records:
                yield Log(
                    body=value(record.body),
                    attributes=attributes(record.attributes),
                    severity=record.severity_number,
                    severity_text=record.severity_text,
                    trace_id=record.trace_id.hex(),
                    span_id=record.span_id.hex(),
                    event_name=record.event_name,
                    scope=scope.scope.name,
                    resource=resource,
                    raw=record,
                )


def metrics(request: Any) -> Iterator[Metric]:
    """The metrics of an export request."""
    for owner in request.resource_metrics:
        resource = attributes(owner.resource.attributes)
        for scope in owner.scope_metrics:
            for metric in scope.metrics:
                kind = metric.WhichOneof("data") or "gauge"
                yield Metric(
                    name=metric.name,
                    unit=metric.unit,
                    kind=kind,
                    points=[
                        (attributes(point.attributes), number(point)) for point in getattr(metric, kind).data_points
                    ],
                    scope=scope.scope.name,
                    resource=resource,
                    raw=metric,
                )


def number(point: Any) -> Any:
    """A number, or count and sum."""
    if hasattr(point, "as_int"):
        return point.as_int if point.WhichOneof("value") == "as_int" else point.as_double
    return point.count, point.sum
