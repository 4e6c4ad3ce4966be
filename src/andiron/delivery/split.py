"""Halves of a request, to find the record that a server refuses. A record is a span, a log record or a data point, as servers
count them; a metric without a point counts as one, so that it is not lost.
"""

from typing import Any, NamedTuple

from google.protobuf.message import DecodeError, Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


class Shape(NamedTuple):
    """What the levels of a request are called."""

    request: type[Message]
    resources: str
    scopes: str
    records: str


SHAPES = {
    "traces": Shape(ExportTraceServiceRequest, "resource_spans", "scope_spans", "spans"),
    "logs": Shape(ExportLogsServiceRequest, "resource_logs", "scope_logs", "log_records"),
    "metrics": Shape(ExportMetricsServiceRequest, "resource_metrics", "scope_metrics", "metrics"),
}
SHOWN = 80
"""Characters of a name or a body in a report."""


def split(signal: str, body: bytes) -> tuple[tuple[bytes, int], tuple[bytes, int]] | None:
    """Two requests with half the records of `body` each, and how many; None when it holds less than two."""
    total = records(signal, body)
    if total < 2:
        return None
    half = total // 2
    return (part(signal, body, 0, half), half), (part(signal, body, half, total), total - half)


def records(signal: str, body: bytes) -> int:
    """How many records `body` holds."""
    request, shape = parsed(signal, body)
    return sum(
        count(record)
        for resource in getattr(request, shape.resources)
        for scope in getattr(resource, shape.scopes)
        for record in getattr(scope, shape.records)
    )


def describe(signal: str, body: bytes) -> str:
    """What the first record is, in a line."""
    request, shape = parsed(signal, body)
    for resource in getattr(request, shape.resources):
        service = next((pair.value for pair in resource.resource.attributes if pair.key == "service.name"), None)
        for scope in getattr(resource, shape.scopes):
            for record in getattr(scope, shape.records):
                name = shown(service.string_value if service else "")
                return f"{told(record)}, scope {shown(scope.scope.name)}, service {name}"
    return "no record"


def parsed(signal: str, body: bytes) -> tuple[Any, Shape]:
    """The message in `body`. Raises ValueError when there is none."""
    if signal not in SHAPES:
        raise ValueError(f"There is no signal {signal!r}; there are {', '.join(SHAPES)}.")
    request = SHAPES[signal].request()
    try:
        request.ParseFromString(body)
    except DecodeError as error:
        raise ValueError(f"These {len(body):,} bytes are no OTLP request for {signal}: {error}.") from error
    return request, SHAPES[signal]


def part(signal: str, body: bytes, first: int, last: int) -> bytes:
    """The request in `body` with its records from `first` to before `last`, and of the rest what they belong to."""
    request, shape = parsed(signal, body)
    at = 0
    resources = getattr(request, shape.resources)
    for resource in resources:
        scopes = getattr(resource, shape.scopes)
        for scope in scopes:
            found = getattr(scope, shape.records)
            gone = []
            for n, record in enumerate(found):
                size = count(record)
                if at + size <= first or at >= last:
                    gone.append(n)
                elif signal == "metrics":
                    inner = points(record)
                    del inner[max(0, last - at) :]
                    del inner[: max(0, first - at)]
                at += size
            delete(found, gone)
        delete(scopes, [n for n, scope in enumerate(scopes) if not getattr(scope, shape.records)])
    delete(resources, [n for n, resource in enumerate(resources) if not getattr(resource, shape.scopes)])
    return bytes(request.SerializeToString())


def delete(parts: Any, places: list[int]) -> None:
    """Delete what is at `places`, which ascend: neighbours at once, as each deletion moves all that follows."""
    end = len(places)
    while end:
        start = end - 1
        while start and places[start - 1] == places[start] - 1:
            start -= 1
        del parts[places[start] : places[end - 1] + 1]
        end = start


def count(record: Any) -> int:
    """How many records a span, a log record or a metric is."""
    return max(1, len(points(record))) if record.DESCRIPTOR.name == "Metric" else 1


def points(metric: Any) -> Any:
    """The data points of a metric."""
    kind = metric.WhichOneof("data")
    return getattr(metric, kind).data_points if kind else []


def told(record: Any) -> str:
    """A record in a few words."""
    kind = record.DESCRIPTOR.name
    if kind == "Metric":
        return f"metric {shown(record.name)}"
    if kind == "Span":
        return f"span {shown(record.name)} of trace {record.trace_id.hex()}"
    body = record.body.string_value or record.event_name or str(record.body)
    return f"log {record.severity_text or record.severity_number} {shown(body)}"


def shown(text: str) -> str:
    """The beginning of a text, on one line."""
    return repr(text if len(text) <= SHOWN else f"{text[:SHOWN]}…")
