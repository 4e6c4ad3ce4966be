"""Spans in few words, and a desk to ask about them: what the tests of traces, services and the live stream tell their stories with."""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span as OtlpSpan
from opentelemetry.proto.trace.v1.trace_pb2 import Status
from starlette.applications import Starlette
from starlette.requests import HTTPConnection
from starlette.routing import Route

from andiron.server.control.models import Scope
from andiron.server.ingest.signals import LOGS, TRACES
from andiron.server.query.desk import Desk
from andiron.server.query.queries import Queries
from andiron.server.store.embedded import EmbeddedEngine
from tests.ingest.tables import Tables
from tests.query.seed import nanos, pairs, value

KINDS = {"internal": 1, "server": 2, "client": 3, "producer": 4, "consumer": 5}


def trace_id(number: int) -> str:
    return f"{number:032x}"


def span_id(number: int) -> str:
    return f"{number:016x}"


@dataclass(frozen=True)
class Span:
    """A span; times are seconds of the story of `seed`. `pending` announces one that has not ended."""

    trace: int
    id: int
    start: float
    seconds: float = 1.0
    parent: int = 0
    name: str = "work"
    service: str = "api"
    kind: str = "internal"
    error: bool = False
    pending: bool = False
    attributes: Mapping[str, Any] = field(default_factory=dict)
    events: tuple[tuple[str, float, Mapping[str, Any]], ...] = ()
    resource: Mapping[str, Any] = field(default_factory=dict)

    def otlp(self) -> OtlpSpan:
        """As it travels."""
        parent = bytes.fromhex(span_id(self.parent)) if self.parent else b""
        own = bytes.fromhex(span_id(self.id))
        made = OtlpSpan(
            trace_id=bytes.fromhex(trace_id(self.trace)),
            span_id=b"announce" if self.pending else own,
            parent_span_id=own if self.pending else parent,
            name=self.name,
            kind=OtlpSpan.SpanKind.ValueType(KINDS[self.kind]),
            start_time_unix_nano=nanos(self.start),
            end_time_unix_nano=nanos(self.start + (0 if self.pending else self.seconds)),
        )
        announced = {"logfire.span_type": "pending_span", "logfire.pending_parent_id": span_id(self.parent)}
        made.attributes.extend(pairs({**self.attributes, **(announced if self.pending else {})}))
        if self.error:
            made.status.code = Status.STATUS_CODE_ERROR
        for name, at, attributes in self.events:
            made.events.add(name=name, time_unix_nano=nanos(at)).attributes.extend(pairs(attributes))
        return made


@dataclass(frozen=True)
class Log:
    """A log record."""

    at: float
    body: str
    trace: int = 0
    span: int = 0
    level: int = 9
    service: str = "api"
    attributes: Mapping[str, Any] = field(default_factory=dict)


def spans_request(*spans: Span) -> bytes:
    """One request of these spans."""
    request = ExportTraceServiceRequest()
    for span in spans:
        resource = request.resource_spans.add()
        resource.resource.attributes.extend(pairs({"service.name": span.service, **span.resource}))
        resource.scope_spans.add().spans.append(span.otlp())
    return request.SerializeToString()


def logs_request(*logs: Log) -> bytes:
    """One request of these logs."""
    request = ExportLogsServiceRequest()
    for log in logs:
        resource = request.resource_logs.add()
        resource.resource.attributes.extend(pairs({"service.name": log.service}))
        resource.scope_logs.add().log_records.add(
            time_unix_nano=nanos(log.at),
            severity_number=log.level,
            trace_id=bytes.fromhex(trace_id(log.trace)) if log.trace else b"",
            span_id=bytes.fromhex(span_id(log.span)) if log.span else b"",
            body=value(log.body),
            attributes=pairs(log.attributes),
        )
    return request.SerializeToString()


class Story:
    """A database of its own and what is sent to it."""

    def __init__(self, engine: EmbeddedEngine, database: str, folder: Path) -> None:
        self.database = database
        self.tables = Tables(engine, database, folder)

    def send(self, *records: Span | Log, received: int = 0) -> int:
        """Have them loaded, each signal in one request; returns the moment of receipt."""
        spans = [record for record in records if isinstance(record, Span)]
        logs = [record for record in records if isinstance(record, Log)]
        if spans:
            received = self.tables.send(TRACES, [spans_request(*spans)], received=received)
        if logs:
            received = self.tables.send(LOGS, [logs_request(*logs)], received=received)
        return received


@dataclass(frozen=True)
class Granted:
    """What everybody may do in these tests."""

    project: str
    database: str


def desk(queries: Queries, settings: Any, database: str) -> Desk:
    """A desk that knows one database and no tokens."""

    def authorize(_needed: Scope, _request: HTTPConnection) -> Granted:
        return Granted("story", database)

    return Desk(queries, settings, authorize)


Asked = Callable[..., tuple[int, Any]]


def asking(routes: list[Route]) -> Asked:
    """Asks routes as HTTP would, with no server between: status and JSON of the answer."""
    app = Starlette(routes=routes)

    def ask(path: str, body: object = None) -> tuple[int, Any]:
        path, _, query = path.partition("?")
        sent: list[Any] = []
        asked = False

        async def receive() -> dict[str, Any]:
            nonlocal asked
            if asked:
                await asyncio.Event().wait()
            asked = True
            return {"type": "http.request", "body": json.dumps(body).encode() if body is not None else b""}

        async def send(message: Any) -> None:
            sent.append(message)

        scope: dict[str, Any] = {
            "type": "http",
            "method": "GET" if body is None else "POST",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": [],
            "root_path": "",
            "scheme": "http",
            "server": ("test", 80),
        }
        asyncio.run(app(scope, receive, send))
        text = b"".join(message.get("body", b"") for message in sent)
        return sent[0]["status"], json.loads(text)

    return ask
