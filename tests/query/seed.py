"""A small shop's telemetry, in OTLP: two requests, one of which fails, their logs, and a few metrics."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality as Temporality
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

START = datetime(2027, 1, 15, 8, 0, tzinfo=UTC)
"""When the first of it happens; the tests' clock stands a minute later."""

SECOND = 1_000_000_000
ORDER, FAILED = "0af7651916cd43dd8448eb211c80319c", "1bf7651916cd43dd8448eb211c80319d"
ROOT, QUERY, BOOM, QUICK = "b7ad6b7169203331", "c7ad6b7169203332", "d7ad6b7169203333", "e7ad6b7169203334"
LARGE = 2**63 - 1


def nanos(seconds: float = 0) -> int:
    """A moment of the story, in the unit of the wire."""
    return int(START.timestamp()) * SECOND + round(seconds * SECOND)


def value(thing: Any) -> AnyValue:  # noqa: PLR0911 - a table of types
    """Anything as OTLP has it."""
    match thing:
        case None:
            return AnyValue()
        case bool():
            return AnyValue(bool_value=thing)
        case int():
            return AnyValue(int_value=thing)
        case float():
            return AnyValue(double_value=thing)
        case bytes():
            return AnyValue(bytes_value=thing)
        case list():
            return AnyValue(array_value=ArrayValue(values=map(value, thing)))
        case dict():
            return AnyValue(kvlist_value=KeyValueList(values=pairs(thing)))
    return AnyValue(string_value=thing)


def pairs(things: Mapping[str, Any]) -> list[KeyValue]:
    """Attributes."""
    return [KeyValue(key=key, value=value(thing)) for key, thing in things.items()]


SHOP = {
    "service.name": "shop",
    "service.version": "1.4.2",
    "service.instance.id": "shop-1",
    "service.namespace": "retail",
    "deployment.environment.name": "production",
    "telemetry.sdk.name": "opentelemetry",
    "telemetry.sdk.language": "python",
    "telemetry.sdk.version": "1.40",
    "process.pid": 4711,
    "host.name": "box",
}
STOCK = {"service.name": "stock", "deployment.environment": "staging"}

EVERY_TYPE = {
    "text": 'a "quoted" \\ text',
    "empty": "",
    "large": LARGE,
    "count": 3,
    "ratio": 1.0,
    "share": 0.25,
    "yes": True,
    "no": False,
    "raw": b"\x00\xff",
    "list": ["a", 1, None],
    "nested": {"deep": {"er": [1, {"x": "y"}]}, "n": 5},
    "nothing": None,
    "a.b": "dotted",
    "0": "zero",
}


def traces() -> ExportTraceServiceRequest:
    """Spans."""
    request = ExportTraceServiceRequest()
    shop = request.resource_spans.add()
    shop.resource.attributes.extend(pairs(SHOP))
    scope = shop.scope_spans.add()
    scope.scope.name, scope.scope.version = "shop.web", "2.0"
    scope.scope.attributes.extend(pairs({"team": "checkout"}))
    http = {
        "http.request.method": "POST",
        "http.route": "/orders/{id}",
        "http.response.status_code": 201,
        "url.full": "https://shop.example/orders/7?retry=1",
        "url.path": "/orders/7",
        "url.query": "retry=1",
    }
    root = scope.spans.add(
        trace_id=bytes.fromhex(ORDER),
        span_id=bytes.fromhex(ROOT),
        name="POST /orders/{id}",
        kind=Span.SPAN_KIND_SERVER,
        start_time_unix_nano=nanos(1) + 123_456_789,
        end_time_unix_nano=nanos(1.5) + 123_456_789,
    )
    root.attributes.extend(pairs({**http, **EVERY_TYPE, "user.id": "ada"}))
    root.events.add(name="cache miss", time_unix_nano=nanos(1.2)).attributes.extend(pairs({"key": "cart", "size": 2}))
    root.links.add(trace_id=bytes.fromhex(FAILED), span_id=bytes.fromhex(BOOM)).attributes.extend(
        pairs({"why": "retry"})
    )
    root.status.code = Status.STATUS_CODE_OK
    scope.spans.add(
        trace_id=bytes.fromhex(ORDER),
        span_id=bytes.fromhex(QUERY),
        parent_span_id=bytes.fromhex(ROOT),
        name="SELECT",
        start_time_unix_nano=nanos(1.2),
        end_time_unix_nano=nanos(1.3),
    ).attributes.extend(pairs({"db.statement": "SELECT 'x''y' FROM t", "rows": 12, "user.id": "ada"}))
    boom = scope.spans.add(
        trace_id=bytes.fromhex(FAILED),
        span_id=bytes.fromhex(BOOM),
        name="GET /orders/{id}",
        start_time_unix_nano=nanos(10),
        end_time_unix_nano=nanos(12),
    )
    boom.attributes.extend(
        pairs(
            {
                "http.method": "GET",
                "http.status_code": 500,
                "http.url": "http://shop.example/orders/8?a=b",
                "user.id": "bob",
            }
        )
    )
    boom.status.code, boom.status.message = Status.STATUS_CODE_ERROR, "boom"
    for number in (1, 2):
        boom.events.add(name="exception", time_unix_nano=nanos(11)).attributes.extend(
            pairs(
                {
                    "exception.type": f"ValueError{number}",
                    "exception.message": "",
                    "exception.stacktrace": "Traceback (most recent call last):\n  …",
                }
            )
        )
    logged = scope.spans.add(
        trace_id=bytes.fromhex(ORDER),
        span_id=bytes.fromhex(QUICK),
        parent_span_id=bytes.fromhex(ROOT),
        name="beware: {thing}",
        start_time_unix_nano=nanos(1.4),
        end_time_unix_nano=nanos(1.4),
    )
    logged.attributes.extend(
        pairs(
            {
                "logfire.msg": "beware: bad",
                "logfire.span_type": "log",
                "logfire.level_num": 13,
                "logfire.tags": ["a tag", "other"],
                "logfire.json_schema": '{"type":"object","properties":{"thing":{},"data":{"type":"object"}}}',
                "thing": "bad",
                "data": '{"x":[1,2]}',
            }
        )
    )
    scope.spans.add(
        trace_id=bytes.fromhex(ORDER),
        span_id=b"pendings",
        parent_span_id=bytes.fromhex(ROOT),
        name="POST /orders/{id}",
        start_time_unix_nano=nanos(1),
        end_time_unix_nano=nanos(1),
    ).attributes.extend(pairs({"logfire.span_type": "pending_span", "logfire.pending_parent_id": "0" * 16}))
    return request


def logs() -> ExportLogsServiceRequest:
    """Log records."""
    request = ExportLogsServiceRequest()
    shop, stock = request.resource_logs.add(), request.resource_logs.add()
    shop.resource.attributes.extend(pairs(SHOP))
    stock.resource.attributes.extend(pairs(STOCK))
    web = shop.scope_logs.add()
    web.scope.name = "shop.orders"
    web.log_records.add(
        time_unix_nano=nanos(1.25),
        severity_number=9,
        severity_text="INFO",
        trace_id=bytes.fromhex(ORDER),
        span_id=bytes.fromhex(ROOT),
        body=value("order 7 accepted after a timeout of the payment gateway"),
        attributes=pairs({"order": 7, "user.id": "ada"}),
    )
    web.log_records.add(
        time_unix_nano=nanos(11),
        severity_number=17,
        severity_text="ERROR",
        trace_id=bytes.fromhex(FAILED),
        span_id=bytes.fromhex(BOOM),
        event_name="order.failed",
        body=value({"order": 8, "reason": "stock"}),
        attributes=pairs({"exception.type": "StockError", "exception.message": "none left"}),
    )
    stock.scope_logs.add().log_records.add(
        time_unix_nano=nanos(20), severity_text="warning", body=value("shelf 3 is empty")
    )
    return request


def metrics() -> ExportMetricsServiceRequest:
    """Metrics of every kind."""
    request = ExportMetricsServiceRequest()
    shop = request.resource_metrics.add()
    shop.resource.attributes.extend(pairs(SHOP))
    scope = shop.scope_metrics.add()
    scope.scope.name = "shop.meter"
    load = scope.metrics.add(name="load", unit="1", description="Load of the machine")
    for second in range(3):
        point = load.gauge.data_points.add(time_unix_nano=nanos(second), as_double=second / 2)
        point.attributes.extend(pairs({"cpu": second % 2}))
    total = scope.metrics.add(name="orders", unit="{order}")
    total.sum.aggregation_temporality, total.sum.is_monotonic = Temporality.AGGREGATION_TEMPORALITY_DELTA, True
    point = total.sum.data_points.add(start_time_unix_nano=nanos(), time_unix_nano=nanos(5), as_int=LARGE)
    point.exemplars.add(
        time_unix_nano=nanos(4),
        as_int=3,
        trace_id=bytes.fromhex(ORDER),
        span_id=bytes.fromhex(ROOT),
        filtered_attributes=pairs({"user.id": "ada"}),
    )
    took = scope.metrics.add(name="took", unit="s")
    took.histogram.aggregation_temporality = Temporality.AGGREGATION_TEMPORALITY_CUMULATIVE
    took.histogram.data_points.add(
        time_unix_nano=nanos(5), count=3, sum=1.5, min=0.1, max=1.0, bucket_counts=[1, 2, 0], explicit_bounds=[0.5, 1.0]
    )
    fine = scope.metrics.add(name="fine", unit="s")
    fine.exponential_histogram.aggregation_temporality = Temporality.AGGREGATION_TEMPORALITY_DELTA
    exponential = fine.exponential_histogram.data_points.add(
        time_unix_nano=nanos(5), count=4, sum=9.0, scale=2, zero_count=1, zero_threshold=0.01
    )
    exponential.positive.offset, exponential.negative.offset = 3, -1
    exponential.positive.bucket_counts.extend([1, 1])
    exponential.negative.bucket_counts.extend([1])
    old = scope.metrics.add(name="old", unit="s").summary.data_points.add(time_unix_nano=nanos(5), count=2, sum=3.0)
    old.quantile_values.add(quantile=0.5, value=1.5)
    return request
