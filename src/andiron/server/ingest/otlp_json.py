"""OTLP/JSON to Protobuf: ids in hex, 64-bit integers as text or number, bytes in base64, unknown fields ignored."""

import base64
import json
from typing import Any

from google.protobuf import json_format

IDS = {"traceId", "trace_id", "spanId", "span_id", "parentSpanId", "parent_span_id"}


class MalformedJson(ValueError):
    """The body is no OTLP/JSON; `str()` says where."""


def from_json(body: bytes, request_class: Any) -> Any:
    """Parse a request."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise MalformedJson(f"not JSON: {error}") from None
    if not isinstance(document, dict):
        raise MalformedJson("the document is no object")
    try:
        rewrite_ids(document)
        return json_format.ParseDict(document, request_class(), ignore_unknown_fields=True, max_recursion_depth=200)
    except (json_format.ParseError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise MalformedJson(str(error)[:500]) from None


def rewrite_ids(node: Any) -> None:
    """Put base64, which Protobuf's JSON asks for, where OTLP's JSON has hex."""
    if isinstance(node, list):
        for item in node:
            rewrite_ids(item)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key in IDS:
                if isinstance(value, str):
                    try:
                        node[key] = base64.b64encode(bytes.fromhex(value)).decode()
                    except ValueError:
                        raise MalformedJson(f"{key} is not hexadecimal: {value[:64]!r}") from None
            elif type(value) in (dict, list):
                rewrite_ids(value)
