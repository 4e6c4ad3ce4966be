"""The three OTLP signals: their names, their tables, and the classes that check a request in C.

The classes are OTLP's own, but for one change: a value nested deeper than an array of scalars is described as a message with a
required field that nobody sends. So one call in C (`door.has_nested`) tells whether a body of thousands of records holds such a
value anywhere, and only those bodies take the slow path (`values.py`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2
from opentelemetry.proto.common.v1 import common_pb2
from opentelemetry.proto.logs.v1 import logs_pb2
from opentelemetry.proto.metrics.v1 import metrics_pb2
from opentelemetry.proto.resource.v1 import resource_pb2
from opentelemetry.proto.trace.v1 import trace_pb2

from andiron.server.ingest.values import JSON_VALUE

COMMON = "opentelemetry.proto.common.v1"


def validators() -> descriptor_pool.DescriptorPool:
    """OTLP's descriptors with nested values marked."""
    pool = descriptor_pool.DescriptorPool()
    common = descriptor_pb2.FileDescriptorProto()
    common_pb2.DESCRIPTOR.CopyToProto(common)
    common.syntax, common.edition = "editions", descriptor_pb2.EDITION_2023
    features = descriptor_pb2.FeatureSet
    common.options.features.field_presence = features.IMPLICIT
    common.options.features.utf8_validation = features.VERIFY
    common.options.features.enum_type = features.OPEN
    messages = {message.name: message for message in common.message_type}

    deep = common.message_type.add(name="Deep")
    never = deep.field.add(name="never", number=536_870_911, type=5, label=1)
    never.options.features.field_presence = features.LEGACY_REQUIRED

    element = common.message_type.add()
    element.CopyFrom(messages["AnyValue"])
    element.name = "Element"
    messages["ArrayValue"].field[0].type_name = f".{COMMON}.Element"
    for message, deeper in ((element, ("array_value", "kvlist_value")), (messages["AnyValue"], ("kvlist_value",))):
        for field in message.field:
            if field.name in deeper:
                field.type_name = f".{COMMON}.Deep"
    # The loader's own field of values: whoever sends it takes the slow path, which drops what OTLP does not know.
    messages["AnyValue"].field.add(name="json_value", number=JSON_VALUE, type=11, label=1, type_name=f".{COMMON}.Deep")
    pool.Add(common)
    for module in (
        resource_pb2,
        trace_pb2,
        logs_pb2,
        metrics_pb2,
        trace_service_pb2,
        logs_service_pb2,
        metrics_service_pb2,
    ):
        plain = descriptor_pb2.FileDescriptorProto()
        module.DESCRIPTOR.CopyToProto(plain)
        pool.Add(plain)
    return pool


POOL = validators()


def points(metric: Any) -> int:
    """How many data points a metric holds."""
    kind = metric.WhichOneof("data")
    return len(getattr(metric, kind).data_points) if kind else 0


@dataclass(frozen=True)
class Signal:
    """One of traces, logs and metrics."""

    name: str
    number: int
    request: Any
    """The generated request class, for the slow path and for JSON."""
    validator: Any
    response: Any
    rejected: str
    """Name of the field of partial success that counts what was refused."""
    service: str
    count: Callable[[Any], int]
    levels: tuple[tuple[int, ...], ...] = ((1,), (2,), (2,))
    """Field numbers from the request over resources and scopes down to the records."""

    @property
    def message(self) -> str:
        """Name of the request in `schema/otlp.proto`."""
        name: str = self.request.DESCRIPTOR.name
        return name

    @property
    def table(self) -> str:
        """The Null table that takes its bytes."""
        return f"otlp_{self.name}"


def signal(
    name: str, number: int, module: Any, noun: str, rejected: str, count: Callable[[Any], int], **more: Any
) -> Signal:
    """Assemble a signal from its generated module."""
    request = getattr(module, f"Export{noun}ServiceRequest")
    return Signal(
        name=name,
        number=number,
        request=request,
        validator=message_factory.GetMessageClass(POOL.FindMessageTypeByName(request.DESCRIPTOR.full_name)),
        response=getattr(module, f"Export{noun}ServiceResponse"),
        rejected=rejected,
        service=f"{request.DESCRIPTOR.file.package}.{noun}Service",
        count=count,
        **more,
    )


TRACES = signal(
    "traces",
    1,
    trace_service_pb2,
    "Trace",
    "rejected_spans",
    lambda request: sum(len(scope.spans) for resource in request.resource_spans for scope in resource.scope_spans),
)
LOGS = signal(
    "logs",
    2,
    logs_service_pb2,
    "Logs",
    "rejected_log_records",
    lambda request: sum(len(scope.log_records) for resource in request.resource_logs for scope in resource.scope_logs),
)
METRICS = signal(
    "metrics",
    3,
    metrics_service_pb2,
    "Metrics",
    "rejected_data_points",
    lambda request: sum(
        points(metric)
        for resource in request.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    ),
    levels=((1,), (2,), (2,), (5, 7, 9, 10, 11), (1,)),
)
SIGNALS = (TRACES, LOGS, METRICS)
BY_NUMBER = {signal.number: signal for signal in SIGNALS}
