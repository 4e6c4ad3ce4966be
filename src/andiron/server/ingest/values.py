"""The slow path: values nested deeper than an array of scalars, which ClickHouse's Protobuf reader cannot follow.

The door counts their depth and refuses records that are too deep; the loader turns each into JSON text under the private field
`AnyValue.json_value`, from which the tables take it as it is.
"""

import base64
import itertools
import json
import math
from collections.abc import Iterator
from typing import Any

JSON_VALUE = 100
"""Field number of `AnyValue.json_value` in `schema/otlp.proto`."""

ATTRIBUTE_LISTS = ("attributes", "filtered_attributes", "metadata")


def nested(message: Any) -> Iterator[Any]:
    """Every AnyValue below `message` that the fast path cannot read."""
    for field, value in message.ListFields():
        if field.name in ATTRIBUTE_LISTS:
            for pair in value:
                if is_nested(pair.value):
                    yield pair.value
        elif field.name == "body":
            if is_nested(value):
                yield value
        elif field.message_type is not None:
            for child in value if field.is_repeated else (value,):
                yield from nested(child)


def is_nested(value: Any) -> bool:
    """Whether `value` is a map, or an array of anything but scalars."""
    kind = value.WhichOneof("value")
    return kind == "kvlist_value" or (
        kind == "array_value"
        and any(item.WhichOneof("value") in ("kvlist_value", "array_value") for item in value.array_value.values)
    )


def depth(value: Any) -> int:
    """How many containers lie within each other in `value`."""
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return 1 + max(map(depth, value.array_value.values), default=0)
    if kind == "kvlist_value":
        return 1 + max((depth(pair.value) for pair in value.kvlist_value.values), default=0)
    return 0


def too_deep(record: Any, most: int) -> bool:
    """Whether any value of `record` is nested deeper than `most`."""
    return any(depth(value) > most for value in nested(record))


RECORDS = {"spans", "log_records", "metrics"}


def refuse_too_deep(request: Any, most: int) -> list[Any]:
    """Take the records (spans, log records, metrics) that are nested too deeply out of `request` and return them."""
    refused: list[Any] = []
    for _, resources in request.ListFields():
        for resource in resources:
            if too_deep(resource.resource, most):
                raise TooDeep
            for field, scopes in resource.ListFields():
                if not field.name.startswith("scope_"):
                    continue
                for scope in scopes:
                    if too_deep(scope.scope, most):
                        raise TooDeep
                    for name in RECORDS & {field.name for field, _ in scope.ListFields()}:
                        records = getattr(scope, name)
                        bad = [too_deep(record, most) for record in records]
                        if any(bad):
                            refused += itertools.compress(records, bad)
                            kept = [record for record, refuse in zip(records, bad, strict=True) if not refuse]
                            del records[:]
                            records.extend(kept)
    return refused


class TooDeep(ValueError):
    """A resource's or scope's attributes are nested too deeply, which condemns all records below it."""


def flattened(body: bytes, request_class: Any) -> bytes:
    """The request with every nested value as JSON text."""
    request = request_class.FromString(body)
    for value in list(nested(request)):
        text = json.dumps(plain(value), ensure_ascii=False, separators=(",", ":")).encode()
        value.Clear()
        value.MergeFromString(varint(JSON_VALUE << 3 | 2) + varint(len(text)) + text)
    flat: bytes = request.SerializeToString()
    return flat


def plain(value: Any) -> Any:
    """An AnyValue as JSON has it: bytes in base64, what is no number as text."""
    match value.WhichOneof("value"):
        case "array_value":
            return [plain(item) for item in value.array_value.values]
        case "kvlist_value":
            return {pair.key: plain(pair.value) for pair in value.kvlist_value.values}
        case "bytes_value":
            return base64.b64encode(value.bytes_value).decode()
        case "double_value" if not math.isfinite(value.double_value):
            return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[str(value.double_value)]
        case None:
            return None
        case kind:
            return getattr(value, kind)


def varint(number: int) -> bytes:
    """`number` as Protobuf writes it."""
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)
