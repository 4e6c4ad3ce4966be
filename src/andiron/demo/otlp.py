"""OTLP requests from records that scenes made: values to messages, records to their resource and scope. What comes out is sent as it is."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from andiron.delivery.values import pair

Telemetry = Span | LogRecord | Metric


@dataclass(frozen=True, slots=True)
class Service:
    """A program that sends: its resource, and the library that makes its spans."""

    name: str
    scope: str
    resource: tuple[tuple[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Emission:
    """A record at the moment at which its service hands it over."""

    at: int
    service: Service
    record: Telemetry
    scope: str = ""
    """Another library than the service's own."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request of OTLP."""

    at: int
    """When it is sent, in nanoseconds since 1970: after every moment in it that has passed."""
    signal: str
    """`traces`, `logs` or `metrics`."""
    message: Message
    records: int


def attributes(values: Mapping[str, Any]) -> list[KeyValue]:
    """Attributes as OTLP has them."""
    return [KeyValue.FromString(pair(key, value)) for key, value in values.items() if value is not None]


def requests(at: int, emissions: Iterable[Emission]) -> list[Request]:
    """The requests that carry `emissions`: one a signal, in it each service and library once."""
    sorted_out: dict[str, dict[Service, dict[str, list[Any]]]] = {}
    counts: dict[str, int] = {}
    for emission in emissions:
        signal = SIGNALS[type(emission.record)]
        scopes = sorted_out.setdefault(signal, {}).setdefault(emission.service, {})
        scopes.setdefault(emission.scope or emission.service.scope, []).append(emission.record)
        counts[signal] = counts.get(signal, 0) + points(emission.record)
    return [Request(at, signal, BUILDERS[signal](sorted_out[signal]), counts[signal]) for signal in sorted(sorted_out)]


def points(record: Telemetry) -> int:
    """How many records a server counts."""
    if isinstance(record, Metric):
        data = getattr(record, record.WhichOneof("data") or "gauge")
        return len(data.data_points)
    return 1


def traces(services: dict[Service, dict[str, list[Any]]]) -> Message:
    """Spans."""
    request = ExportTraceServiceRequest()
    for service, scopes in services.items():
        resource = request.resource_spans.add()
        resource.resource.attributes.extend(attributes(dict(service.resource)))
        for name, spans in scopes.items():
            scope = resource.scope_spans.add(spans=spans)
            scope.scope.name = name
    return request


def logs(services: dict[Service, dict[str, list[Any]]]) -> Message:
    """Log records."""
    request = ExportLogsServiceRequest()
    for service, scopes in services.items():
        resource = request.resource_logs.add()
        resource.resource.attributes.extend(attributes(dict(service.resource)))
        for name, records in scopes.items():
            scope = resource.scope_logs.add(log_records=records)
            scope.scope.name = name
    return request


def metrics(services: dict[Service, dict[str, list[Any]]]) -> Message:
    """Metrics."""
    request = ExportMetricsServiceRequest()
    for service, scopes in services.items():
        resource = request.resource_metrics.add()
        resource.resource.attributes.extend(attributes(dict(service.resource)))
        for name, found in scopes.items():
            scope = resource.scope_metrics.add(metrics=found)
            scope.scope.name = name
    return request


SIGNALS: dict[type[Any], str] = {Span: "traces", LogRecord: "logs", Metric: "metrics"}
BUILDERS = {"traces": traces, "logs": logs, "metrics": metrics}
