"""Realistic OTLP requests: varied messages, ids, users, durations; the same ones for the same seed."""

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

ROUTES = ("/items/{id}", "/orders", "/orders/{id}", "/users/{id}/cart", "/login", "/search", "/checkout", "/health")
QUERIES = (
    "SELECT items",
    "SELECT orders",
    "INSERT orders",
    "UPDATE stock",
    "redis GET",
    "redis SET",
    "render",
    "charge card",
)
WORDS = [
    "cache",
    "cart",
    "catalog",
    "checkout",
    "connection",
    "customer",
    "database",
    "delivery",
    "discount",
    "email",
    "failed",
    "gateway",
    "handled",
    "inventory",
    "invoice",
    "item",
    "late",
    "login",
    "lost",
    "message",
    "missing",
    "order",
    "page",
    "password",
    "payment",
    "queue",
    "received",
    "refund",
    "rejected",
    "reply",
    "request",
    "retry",
    "saved",
    "search",
    "sent",
    "session",
    "shipped",
    "slow",
    "stock",
    "token",
    "updated",
    "upload",
    "user",
    "warehouse",
    "waiting",
    "worker",
]
FRAMES = ("app/orders.py", "app/db.py", "app/cart.py", "lib/http.py", "lib/retry.py", "app/main.py")
STEP = 250_000
"""Nanoseconds between the starts of two records: 4,000 a second of telemetry time."""


@dataclass
class Telemetry:
    """A source of requests. `start` is the time of the first record, `step` the time between two."""

    seed: int = 7
    start: int = 0
    step: int = STEP

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.now = self.start or time.time_ns() - 600_000_000_000

    def traces(self, spans: int = 512) -> bytes:
        """One request of `spans` spans in traces of eight, ten attributes each."""
        pick = self.random
        request = ExportTraceServiceRequest()
        group = request.resource_spans.add()
        service = pick.randrange(8)
        self._resource(group.resource, service)
        scope = group.scope_spans.add()
        scope.scope.name = "opentelemetry.instrumentation.fastapi"
        trace, parent = b"", b""
        for n in range(spans):
            if n % 8 == 0:
                trace, parent = pick.randbytes(16), b""
                route = pick.choice(ROUTES)
            root = not parent
            span = scope.spans.add(trace_id=trace, span_id=pick.randbytes(8), parent_span_id=parent)
            parent = parent or span.span_id
            duration = int(pick.lognormvariate(15 if root else 13.5, 1))
            self.now += self.step
            span.start_time_unix_nano, span.end_time_unix_nano = self.now, self.now + duration
            failed = pick.random() < 0.02
            status = pick.choice((500, 502)) if failed else pick.choice((200, 200, 200, 200, 201, 304, 404))
            if root:
                method = pick.choice(("GET", "GET", "POST"))
                span.name = f"{method} {route}"
                span.kind = Span.SPAN_KIND_SERVER
                values: dict[str, Any] = {
                    "http.request.method": method,
                    "http.route": route,
                    "url.path": route.replace("{id}", str(pick.randrange(1_000_000))),
                    "http.response.status_code": status,
                    "server.address": f"api-{pick.randrange(4)}.example.org",
                    "client.address": f"10.{pick.randrange(256)}.{pick.randrange(256)}.{pick.randrange(256)}",
                    "user.id": pick.randrange(100_000),
                    "session.id": f"{pick.getrandbits(64):016x}",
                    "user_agent.original": "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101",
                    "elapsed": duration / 1e6,
                }
            else:
                span.name = pick.choice(QUERIES)
                span.kind = Span.SPAN_KIND_CLIENT
                values = {
                    "db.system": "postgresql",
                    "db.name": "shop",
                    "db.statement": f"{span.name} WHERE id = $1 AND region = $2 LIMIT {pick.randrange(100)}",
                    "db.rows": pick.randrange(1000),
                    "server.address": f"db-{pick.randrange(3)}.example.org",
                    "server.port": 5432,
                    "thread.name": f"worker-{pick.randrange(16)}",
                    "code.function": pick.choice(("load", "save", "find", "lock")),
                    "cached": pick.random() < 0.5,
                    "elapsed": duration / 1e6,
                }
            self._attributes(span.attributes, values)
            if failed:
                span.status.code = Status.STATUS_CODE_ERROR
                span.status.message = "upstream failed"
                event = span.events.add(name="exception", time_unix_nano=self.now + duration)
                self._attributes(event.attributes, self._exception())
        return request.SerializeToString()

    def logs(self, records: int = 512, within: Sequence[tuple[bytes, bytes]] = ()) -> bytes:
        """One request of `records` log records, eight attributes each; `within` names the trace and span of each."""
        pick = self.random
        request = ExportLogsServiceRequest()
        group = request.resource_logs.add()
        self._resource(group.resource, pick.randrange(8))
        scope = group.scope_logs.add()
        scope.scope.name = "app"
        for n in range(records):
            self.now += self.step
            severity = pick.choices((5, 9, 13, 17), (20, 70, 8, 2))[0]
            record = scope.log_records.add(
                time_unix_nano=self.now,
                observed_time_unix_nano=self.now + 1000,
                severity_number=severity,
                severity_text={5: "DEBUG", 9: "INFO", 13: "WARN", 17: "ERROR"}[severity],
                trace_id=pick.randbytes(16),
                span_id=pick.randbytes(8),
                flags=1,
            )
            if within:
                record.trace_id, record.span_id = within[n % len(within)]
            record.body.string_value = (
                f"{' '.join(pick.choices(WORDS, k=6))} {pick.randrange(10_000_000)} in {pick.expovariate(0.1):.2f} ms "
                f"for user {pick.randrange(100_000)}"
            )
            self._attributes(
                record.attributes,
                {
                    "logger.name": f"app.{pick.choice(WORDS)}",
                    "code.file.path": pick.choice(FRAMES),
                    "code.line.number": pick.randrange(800),
                    "thread.name": f"worker-{pick.randrange(16)}",
                    "user.id": pick.randrange(100_000),
                    "request.id": f"{pick.getrandbits(128):032x}",
                    "elapsed": pick.random() * 100,
                    "retry": pick.random() < 0.1,
                },
            )
        return request.SerializeToString()

    def metrics(self, points: int = 500) -> bytes:
        """One request of about `points` data points: counters, gauges and histograms of one process."""
        pick = self.random
        request = ExportMetricsServiceRequest()
        group = request.resource_metrics.add()
        self._resource(group.resource, pick.randrange(8))
        scope = group.scope_metrics.add()
        scope.scope.name = "app"
        self.now += 1_000_000_000
        for n in range(points // 25):
            kind = ("sum", "gauge", "histogram")[n % 3]
            metric = scope.metrics.add(
                name=f"app.{WORDS[n % len(WORDS)]}.{kind}", unit="ms", description="A measurement."
            )
            if kind != "gauge":
                getattr(metric, kind).aggregation_temporality = 2
            for route in range(25):
                point = getattr(metric, kind).data_points.add(time_unix_nano=self.now)
                self._attributes(
                    point.attributes, {"http.route": ROUTES[route % 8], "code": 200 + route, "zone": f"z{route % 3}"}
                )
                if kind == "histogram":
                    counts = [pick.randrange(100) for _ in range(11)]
                    point.explicit_bounds.extend((5, 10, 25, 50, 75, 100, 250, 500, 750, 1000))
                    point.bucket_counts.extend(counts)
                    point.count, point.sum, point.start_time_unix_nano = sum(counts), pick.random() * 1e5, self.start
                elif kind == "sum":
                    point.as_int = self.now // 1_000_000_000 + pick.randrange(100)
                else:
                    point.as_double = round(pick.gauss(50, 10), 2)
        return request.SerializeToString()

    def _resource(self, resource: Any, service: int) -> None:
        self._attributes(
            resource.attributes,
            {
                "service.name": f"service-{service}",
                "service.version": "1.4.2",
                "service.instance.id": f"instance-{service}-{self.random.randrange(3)}",
                "deployment.environment.name": "production",
                "telemetry.sdk.language": "python",
                "telemetry.sdk.name": "opentelemetry",
                "telemetry.sdk.version": "1.45.2",
                "process.pid": 1000 + service,
            },
        )

    def _attributes(self, target: Any, values: dict[str, Any]) -> None:
        for key, value in values.items():
            held = target.add(key=key).value
            match value:
                case bool():
                    held.bool_value = value
                case int():
                    held.int_value = value
                case float():
                    held.double_value = value
                case _:
                    held.string_value = value

    def _exception(self) -> dict[str, Any]:
        pick = self.random
        frames = "".join(
            f'  File "{pick.choice(FRAMES)}", line {pick.randrange(800)}, in {pick.choice(WORDS)}\n    {pick.choice(WORDS)}()\n'
            for _ in range(12)
        )
        message = f"{pick.choice(WORDS)} {pick.randrange(100_000)} {pick.choice(WORDS)}"
        return {
            "exception.type": pick.choice(("ValueError", "TimeoutError", "ConnectionError", "KeyError")),
            "exception.message": message,
            "exception.stacktrace": f"Traceback (most recent call last):\n{frames}ValueError: {message}\n",
        }
