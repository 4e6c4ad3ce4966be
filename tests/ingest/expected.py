"""What the tables must hold of a request: the documented transformation, written once more and in plain Python.

Rows are dicts of column to value as `rows` in `tables.py` reads them: times in nanoseconds, doubles as Python's text for them, JSON
text parsed and written in one way, so that equality is exact and says nothing about spelling.
"""

import base64
import json
import math
from collections.abc import Iterable, Iterator
from typing import Any

LATEST = 4_291_747_200 * 10**9
"""The end of the year 2105: what a clock puts later is kept as this."""

KINDS = ("Unspecified", "Internal", "Server", "Client", "Producer", "Consumer")
CODES = ("Unset", "Ok", "Error")
TYPES = {
    None: "null",
    "bool_value": "bool",
    "int_value": "int",
    "double_value": "double",
    "array_value": "json",
    "kvlist_value": "json",
    "bytes_value": "bytes",
}
LEVELS = {
    "trace": 1, "debug": 5, "info": 9, "information": 9, "notice": 10, "warn": 13, "warning": 13, "error": 17, "err": 17,
    "fatal": 21, "critical": 21, "panic": 21,
}  # fmt: skip


def nano(time: int) -> int:
    return min(time, LATEST)


def double(value: float) -> str:
    """Told apart by every bit that a reader can see: -0.0 is not 0.0, and each NaN is one."""
    return repr(value)


def base64_of(value: bytes) -> str:
    return base64.b64encode(value).decode()


def canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def plain(value: Any) -> Any:  # noqa: PLR0911 - one for each kind of value
    """What stands inside a container."""
    match value.WhichOneof("value"):
        case None:
            return None
        case "array_value":
            return [plain(item) for item in value.array_value.values]
        case "kvlist_value":
            return {pair.key: plain(pair.value) for pair in value.kvlist_value.values}
        case "bytes_value":
            return base64_of(value.bytes_value)
        case "double_value" if math.isnan(value.double_value):
            return "NaN"
        case "double_value" if math.isinf(value.double_value):
            return "Infinity" if value.double_value > 0 else "-Infinity"
        case kind:
            return getattr(value, kind)


def text(value: Any) -> str:  # noqa: PLR0911 - one for each kind of value
    """What stands in a map of attributes, or in a body."""
    match value.WhichOneof("value"):
        case None:
            return ""
        case "string_value":
            return str(value.string_value)
        case "int_value":
            return str(value.int_value)
        case "bool_value":
            return "true" if value.bool_value else "false"
        case "double_value":
            return double(value.double_value)
        case "bytes_value":
            return base64_of(value.bytes_value)
        case _:
            return canonical(plain(value))


def texts(attributes: Iterable[Any]) -> dict[str, str]:
    return {pair.key: text(pair.value) for pair in attributes}


def types(attributes: Iterable[Any]) -> dict[str, str]:
    kinds = {pair.key: pair.value.WhichOneof("value") for pair in attributes}
    return {key: TYPES[kind] for key, kind in kinds.items() if kind != "string_value"}


class Lifted:
    """Logfire's attributes that become columns, each if it is of Logfire's type, and the attributes that stay."""

    def __init__(self, attributes: Any) -> None:
        values = {pair.key: pair.value for pair in attributes}
        gone = set()

        def take(name: str, kind: str) -> Any:
            value = values.get(name)
            if value is None or value.WhichOneof("value") != kind:
                return None
            gone.add(name)
            return getattr(value, kind)

        self.message = take("logfire.msg", "string_value") or ""
        self.span_type = take("logfire.span_type", "string_value") or ""
        self.json_schema = take("logfire.json_schema", "string_value") or ""
        self.level = take("logfire.level_num", "int_value") or 0
        self.tags: list[str] = []
        tags = values.get("logfire.tags")
        if tags is not None and all(item.WhichOneof("value") == "string_value" for item in tags.array_value.values):
            held = take("logfire.tags", "array_value")
            self.tags = [] if held is None else [item.string_value for item in held.values]
        parent = values.get("logfire.pending_parent_id")
        self.pending_parent = "" if parent is None else parent.string_value
        self.attributes = [pair for pair in attributes if pair.key not in gone]


def each(request: Any, groups: str) -> Iterator[tuple[Any, Any, Any]]:
    """Every scope group of a request: resource group, scope group, and the columns that they give to each record."""
    for resource in getattr(request, f"resource_{groups}"):
        for scope in getattr(resource, f"scope_{groups}"):
            held = texts(resource.resource.attributes)
            yield (
                resource,
                scope,
                {
                    "ServiceName": held.get("service.name", ""),
                    "ResourceAttributes": held,
                    "ResourceAttributeTypes": types(resource.resource.attributes),
                    "ResourceSchemaUrl": resource.schema_url,
                    "ResourceDroppedAttributesCount": resource.resource.dropped_attributes_count,
                    "ScopeName": scope.scope.name,
                    "ScopeVersion": scope.scope.version,
                    "ScopeAttributes": texts(scope.scope.attributes),
                    "ScopeAttributeTypes": types(scope.scope.attributes),
                    "ScopeSchemaUrl": scope.schema_url,
                    "ScopeDroppedAttributesCount": scope.scope.dropped_attributes_count,
                },
            )


def spans(request: Any) -> Iterator[dict[str, Any]]:
    """Rows of otel_traces and of pending_spans; `SpanType` says which."""
    for _, group, common in each(request, "spans"):
        for span in group.spans:
            lifted = Lifted(span.attributes)
            pending = lifted.span_type == "pending_span"
            level = min(lifted.level, 24) if lifted.level > 0 else 17 if span.status.code == 2 else 9
            yield common | {
                "Timestamp": nano(span.start_time_unix_nano),
                "TraceId": span.trace_id.hex(),
                "SpanId": (span.parent_span_id if pending else span.span_id).hex(),
                "ParentSpanId": ("" if set(lifted.pending_parent) <= {"0"} else lifted.pending_parent)
                if pending
                else span.parent_span_id.hex(),
                "TraceState": span.trace_state,
                "SpanName": span.name,
                "SpanKind": KINDS[span.kind] if 0 <= span.kind < len(KINDS) else "",
                "SpanAttributes": texts(lifted.attributes),
                "SpanAttributeTypes": types(lifted.attributes),
                "Duration": max(0, span.end_time_unix_nano - span.start_time_unix_nano),
                "StatusCode": CODES[span.status.code] if 0 <= span.status.code < len(CODES) else "",
                "StatusMessage": span.status.message,
                "Events.Timestamp": [nano(event.time_unix_nano) for event in span.events],
                "Events.Name": [event.name for event in span.events],
                "Events.Attributes": [texts(event.attributes) for event in span.events],
                "Events.AttributeTypes": [types(event.attributes) for event in span.events],
                "Events.DroppedAttributesCount": [event.dropped_attributes_count for event in span.events],
                "Links.TraceId": [link.trace_id.hex() for link in span.links],
                "Links.SpanId": [link.span_id.hex() for link in span.links],
                "Links.TraceState": [link.trace_state for link in span.links],
                "Links.Attributes": [texts(link.attributes) for link in span.links],
                "Links.AttributeTypes": [types(link.attributes) for link in span.links],
                "Links.DroppedAttributesCount": [link.dropped_attributes_count for link in span.links],
                "Links.Flags": [link.flags for link in span.links],
                "SpanType": lifted.span_type or "span",
                "Message": lifted.message,
                "Level": level,
                "Tags": lifted.tags,
                "JsonSchema": lifted.json_schema,
                "Flags": span.flags,
                "DroppedAttributesCount": span.dropped_attributes_count,
                "DroppedEventsCount": span.dropped_events_count,
                "DroppedLinksCount": span.dropped_links_count,
            }


def logs(request: Any) -> Iterator[dict[str, Any]]:
    """Rows of otel_logs."""
    for _, group, common in each(request, "logs"):
        for record in group.log_records:
            lifted = Lifted(record.attributes)
            if record.severity_number > 0:
                level = min(record.severity_number, 24)
            elif lifted.level > 0:
                level = min(lifted.level, 24)
            else:
                level = LEVELS.get(record.severity_text.lower(), 9)
            kind = record.body.WhichOneof("value")
            yield common | {
                "Timestamp": nano(record.time_unix_nano or record.observed_time_unix_nano),
                "TraceId": record.trace_id.hex(),
                "SpanId": record.span_id.hex(),
                "TraceFlags": record.flags & 255,
                "SeverityText": record.severity_text,
                "SeverityNumber": max(0, min(255, record.severity_number)),
                "Body": text(record.body),
                "BodyType": "string" if kind == "string_value" else TYPES[kind],
                "LogAttributes": texts(lifted.attributes),
                "LogAttributeTypes": types(lifted.attributes),
                "EventName": record.event_name,
                "ObservedTimestamp": nano(record.observed_time_unix_nano),
                "Message": lifted.message,
                "Level": level,
                "Tags": lifted.tags,
                "JsonSchema": lifted.json_schema,
                "Flags": record.flags,
                "DroppedAttributesCount": record.dropped_attributes_count,
            }


def optional(message: Any, field: str) -> str | None:
    return double(getattr(message, field)) if message.HasField(field) else None


def exemplars(point: Any) -> dict[str, Any]:
    held = point.exemplars
    kinds = [exemplar.WhichOneof("value") or "no" for exemplar in held]
    return {
        "Exemplars.FilteredAttributes": [texts(exemplar.filtered_attributes) for exemplar in held],
        "Exemplars.FilteredAttributeTypes": [types(exemplar.filtered_attributes) for exemplar in held],
        "Exemplars.TimeUnix": [nano(exemplar.time_unix_nano) for exemplar in held],
        "Exemplars.Value": [
            double(float(getattr(exemplar, kind))) if kind != "no" else "0.0"
            for exemplar, kind in zip(held, kinds, strict=True)
        ],
        "Exemplars.IntValue": [exemplar.as_int for exemplar in held],
        "Exemplars.ValueType": kinds,
        "Exemplars.SpanId": [exemplar.span_id.hex() for exemplar in held],
        "Exemplars.TraceId": [exemplar.trace_id.hex() for exemplar in held],
    }


def sample(kind: str, point: Any) -> dict[str, Any]:
    """The columns of one table of samples."""
    if kind in ("gauge", "sum"):
        held = point.WhichOneof("value") or "no"
        value = float(getattr(point, held)) if held != "no" else 0.0
        return {"Value": double(value), "ValueType": held, "IntValue": point.as_int, **exemplars(point)}
    if kind == "summary":
        return {
            "Count": point.count,
            "Sum": double(point.sum),
            "ValueAtQuantiles.Quantile": [double(each.quantile) for each in point.quantile_values],
            "ValueAtQuantiles.Value": [double(each.value) for each in point.quantile_values],
        }
    shared = {
        "Count": point.count,
        "Sum": optional(point, "sum"),
        "Min": optional(point, "min"),
        "Max": optional(point, "max"),
        **exemplars(point),
    }
    if kind == "histogram":
        return shared | {
            "BucketCounts": list(point.bucket_counts),
            "ExplicitBounds": [double(bound) for bound in point.explicit_bounds],
        }
    return shared | {
        "Scale": point.scale,
        "ZeroCount": point.zero_count,
        "ZeroThreshold": double(point.zero_threshold),
        "PositiveOffset": point.positive.offset,
        "PositiveBucketCounts": list(point.positive.bucket_counts),
        "NegativeOffset": point.negative.offset,
        "NegativeBucketCounts": list(point.negative.bucket_counts),
    }


def metrics(request: Any) -> Iterator[dict[str, Any]]:
    """A row for each data point: its series and its sample. `MetricType` says in which table the sample lies."""
    for _, group, common in each(request, "metrics"):
        for metric in group.metrics:
            kind = metric.WhichOneof("data")
            if kind is None:
                continue
            data = getattr(metric, kind)
            series = {key: value for key, value in common.items() if key != "ScopeDroppedAttributesCount"} | {
                "ScopeDroppedAttrCount": common["ScopeDroppedAttributesCount"],
                "MetricName": metric.name,
                "MetricType": kind,
                "MetricDescription": metric.description,
                "MetricUnit": metric.unit,
                "AggregationTemporality": getattr(data, "aggregation_temporality", 0),
                "IsMonotonic": getattr(data, "is_monotonic", False),
                "MetadataAttributes": texts(metric.metadata),
                "MetadataAttributeTypes": types(metric.metadata),
            }
            for point in data.data_points:
                yield series | {
                    "Attributes": texts(point.attributes),
                    "AttributeTypes": types(point.attributes),
                    "TimeUnix": nano(point.time_unix_nano),
                    "StartTimeUnix": nano(point.start_time_unix_nano),
                    "Flags": point.flags,
                    **sample(kind, point),
                }
