"""The services' metrics: counted from the spans that the story sends, and gauges that move with the crowd."""

import bisect
import math
from collections.abc import Iterable
from typing import Any

from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality, Metric
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from andiron.demo.cast import ASSISTANT, MENDED, STOCK, WEB, WORKER
from andiron.demo.otlp import Emission, Service, attributes
from andiron.demo.scene import SECOND, SERVER
from andiron.demo.weather import weather

EVERY = 15 * SECOND
BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
SCOPE = "shop.meters"
CUMULATIVE = AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE
LEVELS = {WEB.name: 0.34, "api": 0.52, STOCK.name: 0.18, WORKER.name: 0.41, ASSISTANT.name: 0.09}
"""Share of a processor that a service takes on a usual day."""


class Took:
    """A histogram of durations since the beginning."""

    def __init__(self) -> None:
        self.counts = [0] * (len(BOUNDS) + 1)
        self.sum = 0.0

    def add(self, seconds: float) -> None:
        """One more."""
        self.counts[bisect.bisect_left(BOUNDS, seconds)] += 1
        self.sum += seconds


class Meters:
    """What each service would report every fifteen seconds."""

    def __init__(self, begin: int) -> None:
        self._begin = begin
        self._next = begin + EVERY
        self._requests: dict[tuple[Service, str, str, int], Took] = {}
        self._tokens: dict[str, int] = {"input": 0, "output": 0}
        self._orders = 0
        self._revenue = 0.0
        self._api = MENDED

    def read(self, emissions: Iterable[Emission], now: int, seconds: float) -> list[Emission]:
        """Count `emissions`; every fifteen seconds, the metrics at `now`, so many `seconds` after the story's clock."""
        for emission in emissions:
            if isinstance(emission.record, Span):
                self._count(emission.service, emission.record)
        if now < self._next:
            return []
        self._next += EVERY * max(1, (now - self._next) // EVERY + 1)
        return [*self._counted(now), *self._gauges(now, seconds)]

    def _count(self, service: Service, span: Span) -> None:
        values = {pair.key: pair.value for pair in span.attributes}
        if "logfire.span_type" in values:
            return
        if service.name == "api":
            self._api = service
        if span.kind == SERVER and "http.route" in values:
            status = values["http.response.status_code"].int_value
            key = (service, values["http.request.method"].string_value, values["http.route"].string_value, status)
            seconds = (span.end_time_unix_nano - span.start_time_unix_nano) / SECOND
            self._requests.setdefault(key, Took()).add(seconds)
            if status == 201 and service.name == "api":
                self._orders += 1
                self._revenue += values["order.amount"].double_value
        if span.name.startswith("chat "):
            for kind in self._tokens:
                self._tokens[kind] += values[f"gen_ai.usage.{kind}_tokens"].int_value

    def _counted(self, now: int) -> list[Emission]:
        times = {"start_time_unix_nano": self._begin, "time_unix_nano": now}
        found = []
        by_service: dict[Service, Metric] = {}
        for (service, method, route, status), took in self._requests.items():
            metric = by_service.setdefault(
                service, Metric(name="http.server.request.duration", unit="s", description="How long requests took")
            )
            metric.histogram.aggregation_temporality = CUMULATIVE
            metric.histogram.data_points.add(
                count=sum(took.counts),
                sum=took.sum,
                bucket_counts=took.counts,
                explicit_bounds=BOUNDS,
                attributes=attributes(
                    {"http.request.method": method, "http.route": route, "http.response.status_code": status}
                ),
                **times,
            )
        found += [Emission(now, service, metric, SCOPE) for service, metric in by_service.items()]
        orders = Metric(name="shop.orders", unit="{order}", description="Orders that were accepted")
        revenue = Metric(name="shop.revenue", unit="EUR", description="What they were worth")
        tokens = Metric(name="gen_ai.client.token.usage", unit="{token}", description="Tokens of the assistant")
        for metric, points in (
            (orders, [({}, self._orders)]),
            (revenue, [({}, self._revenue)]),
            (tokens, [({"gen_ai.token.type": kind}, used) for kind, used in self._tokens.items()]),
        ):
            metric.sum.aggregation_temporality, metric.sum.is_monotonic = CUMULATIVE, True
            for labels, value in points:
                number: dict[str, Any] = {"as_int": value} if isinstance(value, int) else {"as_double": value}
                metric.sum.data_points.add(attributes=attributes(labels), **number, **times)
            found.append(Emission(now, ASSISTANT if metric is tokens else self._api, metric, SCOPE))
        return found

    def _gauges(self, now: int, seconds: float) -> list[Emission]:
        found = []
        crowd = weather(seconds).crowd
        for position, service in enumerate((WEB, self._api, STOCK, WORKER, ASSISTANT)):
            wave = math.sin(seconds / (90 + 31 * position) + position)
            cpu = min(0.98, max(0.01, LEVELS[service.name] * crowd * (1 + 0.15 * wave)))
            memory = round((180 + 70 * position + 30 * wave + 20 * crowd) * 2**20)
            for name, unit, value in (("process.cpu.utilization", "1", cpu), ("process.memory.usage", "By", memory)):
                metric = Metric(name=name, unit=unit)
                number: dict[str, Any] = {"as_int": value} if isinstance(value, int) else {"as_double": value}
                metric.gauge.data_points.add(time_unix_nano=now, **number)
                found.append(Emission(now, service, metric, SCOPE))
        return found
