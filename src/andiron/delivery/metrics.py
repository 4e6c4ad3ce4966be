"""Metrics as OTLP: the official encoder's message, with every attribute redacted in place."""

from collections.abc import Iterable, Iterator, MutableSequence
from dataclasses import replace
from typing import Any

from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric
from opentelemetry.sdk.metrics.export import MetricsData

from andiron.delivery.attributes import AttributeEncoder


def request(data: MetricsData) -> tuple[ExportMetricsServiceRequest, int]:
    """All that can be encoded of `data`, and how many metrics cannot."""
    try:
        return encode_metrics(data), 0
    except Exception:  # noqa: BLE001 - of any making: see which metric it is
        whole, failed = ExportMetricsServiceRequest(), 0
    for one in singly(data):
        try:
            whole.MergeFrom(encode_metrics(one))
        except Exception:  # noqa: BLE001 - as above
            failed += 1
    return whole, failed


def singly(data: MetricsData) -> Iterator[MetricsData]:
    """Each metric for itself."""
    for resource in data.resource_metrics:
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                alone = replace(resource, scope_metrics=[replace(scope, metrics=[metric])])
                yield replace(data, resource_metrics=[alone])


def redact(request: ExportMetricsServiceRequest, attributes: AttributeEncoder) -> None:
    """Redact every attribute of `request`, exemplars included, and what its scopes and metrics say of themselves."""
    for resource in request.resource_metrics:
        attributes.redact(resource.resource.attributes)
        for scope in resource.scope_metrics:
            attributes.redact(scope.scope.attributes)
            attributes.redact_text(scope.scope, "name")
            for metric in scope.metrics:
                attributes.redact_text(metric, "description")
                for pairs in of_metric(metric):
                    attributes.redact(pairs)


def of_metric(metric: Metric) -> Iterator[MutableSequence[KeyValue]]:
    """The attributes of its data points and of their exemplars."""
    kind = metric.WhichOneof("data")
    points: Iterable[Any] = getattr(metric, kind).data_points if kind else ()
    for point in points:
        yield point.attributes
        for exemplar in getattr(point, "exemplars", ()):
            yield exemplar.filtered_attributes
