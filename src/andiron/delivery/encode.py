"""Records become OTLP requests: grouped by resource and scope, redacted on the way, none larger than the limit.

What the pipeline drained comes in, the bytes of a request go out. Spans and logs are written as Protobuf by hand: the official
encoder takes three times as long, on a thread that shares the interpreter with the application.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from opentelemetry.sdk.trace import ReadableSpan

from andiron.delivery.attributes import AttributeEncoder
from andiron.delivery.logs import LogEncoder
from andiron.delivery.salvage import of, text
from andiron.delivery.spans import SpanEncoder
from andiron.delivery.thorough import Redactor
from andiron.delivery.values import cut
from andiron.delivery.wire import sized, utf8

if TYPE_CHECKING:
    from opentelemetry.sdk.metrics.export import MetricsData

ENCODE_ERROR = b"andiron.encode_error"
"""The attribute that says why a record is not as it was made."""
LEAST_LIMIT = 8192
OWNERS = 256
"""Resources and scopes that are remembered."""


class Encoder:
    """Encodes on the pipeline's own thread; it is not safe for two at once."""

    def __init__(self, redactor: Redactor | None, *, limit: int = 65_536) -> None:
        if limit < LEAST_LIMIT:
            raise ValueError(f"A record may have at least {LEAST_LIMIT:,} bytes, not {limit:,}.")
        self.truncated = 0
        """Records that were shortened."""
        self.failed = 0
        """Records that went out in a reduced form, which says why, and metrics that were left out."""
        self._limit = limit
        self._attributes = AttributeEncoder(redactor, longest=4 * limit)
        self._spans = SpanEncoder(self._attributes)
        self._logs = LogEncoder(self._attributes)
        # By identity, as comparing resources takes 20 µs; held, so that no other object comes to its id.
        self._owners: dict[int, tuple[object, bytes]] = {}

    def traces(self, spans: Sequence[ReadableSpan]) -> bytes:
        """An ExportTraceServiceRequest of `spans`."""
        return self._request(spans, self._spans)

    def logs(self, records: Sequence[Any]) -> bytes:
        """An ExportLogsServiceRequest of `records`: ReadableLogRecord, or LogData as it was before SDK 1.39."""
        return self._request(records, self._logs)

    def metrics(self, data: "MetricsData") -> bytes:
        """An ExportMetricsServiceRequest of `data`."""
        from andiron.delivery import metrics

        self._attributes.begin()
        request, failed = metrics.request(data)
        metrics.redact(request, self._attributes)
        self.failed += failed + bool(self._attributes.errors)
        return request.SerializeToString()

    def _request(self, records: Sequence[Any], encoder: SpanEncoder | LogEncoder) -> bytes:
        groups: dict[bytes, dict[bytes, list[bytes]]] = {}
        for record in records:
            self._attributes.begin()
            # Until 1.39 a log's resource was the inner record's.
            resource = of(record, "resource")
            if resource is None:
                resource = of(of(record, "log_record"), "resource")
            scope = of(record, "instrumentation_scope")
            scopes = groups.setdefault(self._owner(resource, self._resource), {})
            scopes.setdefault(self._owner(scope, self._scope), []).append(self._record(record, encoder))
        return b"".join(
            b"\x0a"
            + sized(
                resource
                + b"".join(
                    b"\x12" + sized(scope + b"\x12" + b"\x12".join(sized(data) for data in found))
                    for scope, found in scopes.items()
                )
            )
            for resource, scopes in groups.items()
        )

    def _record(self, record: Any, encoder: SpanEncoder | LogEncoder) -> bytes:
        errors = self._attributes.errors
        try:
            data = encoder.encode(record)
        except Exception as error:  # noqa: BLE001 - a record of any making is kept
            data = encoder.reduced(record)
            errors.append(f"{type(error).__name__}: {cut(text(error), 200)}")
        if errors:
            self.failed += 1
            why = self._attributes.text("; ".join(errors[:8]))
            data += encoder.attribute + sized(b"\x0a" + sized(ENCODE_ERROR) + b"\x12" + sized(b"\x0a" + why))
        if len(data) > self._limit:
            from andiron.delivery.truncate import truncate

            self.truncated += 1
            data = truncate(data, encoder.signal, self._limit)
        return data

    def _owner(self, owner: Any, encode: Callable[[Any], bytes]) -> bytes:
        found = self._owners.get(id(owner))
        if found is not None:
            return found[1]
        errors = len(self._attributes.errors)
        made = encode(owner)
        if len(self._attributes.errors) == errors:
            if len(self._owners) >= OWNERS:
                self._owners.clear()
            self._owners[id(owner)] = (owner, made)
        return made

    def _resource(self, resource: Any) -> bytes:
        return b"\x0a" + sized(self._attributes.fields_of(b"\x0a", resource)) + schema_url(resource)

    def _scope(self, scope: Any) -> bytes:
        body = (
            b"\x0a" + self._attributes.text(text(of(scope, "name"))) + b"\x12" + sized(utf8(text(of(scope, "version"))))
        )
        return b"\x0a" + sized(body + self._attributes.fields_of(b"\x1a", scope)) + schema_url(scope)


def schema_url(owner: Any) -> bytes:
    """The field of that name, which the messages around resources and scopes have alike."""
    return b"\x1a" + sized(utf8(text(of(owner, "schema_url"))))
