"""Batches as people read them: a flat dictionary for each span, log record and data point."""

import gzip
import json
import zlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from andiron.delivery.batch import Batch
from andiron.delivery.levels import Level
from andiron.delivery.split import SHAPES, parsed, points
from andiron.delivery.values import decoded


def records(batch: Batch) -> Iterator[dict[str, Any]]:
    """The records of a batch; one that tells of the error where it cannot be read."""
    try:
        body = gzip.decompress(batch.body) if batch.encoding == "gzip" else batch.body
        request, shape = parsed(batch.signal, body)
    except (OSError, EOFError, ValueError, zlib.error) as error:
        yield {"batch": batch.id, "signal": batch.signal, "error": str(error)}
        return
    make = {"traces": span, "logs": log, "metrics": metric}[batch.signal]
    for resource in getattr(request, shape.resources):
        service = attributes(resource.resource.attributes).get("service.name")
        for scope in getattr(resource, SHAPES[batch.signal].scopes):
            for record in getattr(scope, shape.records):
                for found in make(record):
                    named = {
                        "signal": batch.signal,
                        **found,
                        "service": service,
                        "scope": scope.scope.name,
                        "batch": batch.id,
                    }
                    yield {key: value for key, value in named.items() if value not in (None, "", {}, [])}


def line(record: dict[str, Any]) -> str:
    """A record as a line of JSON in which no control character reaches the terminal."""
    text = json.dumps(record, ensure_ascii=False, default=bytes.hex)
    return "".join(each if each.isprintable() else json.dumps(each)[1:-1] for each in text)


def span(record: Any) -> Iterator[dict[str, Any]]:
    """A span."""
    found = attributes(record.attributes)
    number = found.get("logfire.level_num")
    yield {
        "time": time_of(record.start_time_unix_nano),
        "level": level_of(
            number if isinstance(number, int) else Level.ERROR if record.status.code == 2 else Level.INFO
        ),
        "name": record.name,
        "milliseconds": round((record.end_time_unix_nano - record.start_time_unix_nano) / 1e6, 3),
        "status": record.status.message,
        "trace_id": record.trace_id.hex(),
        "span_id": record.span_id.hex(),
        "parent_id": record.parent_span_id.hex(),
        "attributes": found,
        "events": [
            {"time": time_of(event.time_unix_nano), "name": event.name, "attributes": attributes(event.attributes)}
            for event in record.events
        ],
    }


def log(record: Any) -> Iterator[dict[str, Any]]:
    """A log record."""
    yield {
        "time": time_of(record.time_unix_nano or record.observed_time_unix_nano),
        "level": level_of(record.severity_number),
        "name": record.event_name,
        "body": decoded(record.body),
        "trace_id": record.trace_id.hex(),
        "span_id": record.span_id.hex(),
        "attributes": attributes(record.attributes),
    }


def metric(record: Any) -> Iterator[dict[str, Any]]:
    """The data points of a metric."""
    for point in points(record):
        kind = point.WhichOneof("value") if "value" in point.DESCRIPTOR.oneofs_by_name else None
        yield {
            "time": time_of(point.time_unix_nano),
            "name": record.name,
            "unit": record.unit,
            **(
                {"value": getattr(point, kind)}
                if kind
                else {"count": point.count, "sum": point.sum}
                if hasattr(point, "count")
                else {}
            ),
            "attributes": attributes(point.attributes),
        }


def attributes(pairs: Sequence[Any]) -> dict[str, Any]:
    """Attributes as plain values."""
    return {pair.key: decoded(pair.value) for pair in pairs}


def time_of(nanoseconds: int) -> str | None:
    """A time in UTC, to the microsecond."""
    try:
        return datetime.fromtimestamp(nanoseconds / 1e9, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    except (ValueError, OverflowError, OSError):
        return str(nanoseconds)


def level_of(number: int) -> str | None:
    """The name of a severity; None where there is none."""
    return Level.of(number).name if number > 0 else None
