"""An application's metrics for Prometheus to scrape: OpenTelemetry's points under Prometheus's names, with exemplars for those who ask for OpenMetrics."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from opentelemetry.sdk.metrics import Counter, Histogram, ObservableCounter, ObservableUpDownCounter, UpDownCounter
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Gauge,
    MetricReader,
    MetricsData,
    NumberDataPoint,
    Sum,
)
from opentelemetry.sdk.metrics.export import Histogram as Buckets
from opentelemetry.sdk.metrics.export import Metric as Points
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.samples import Exemplar

from andiron.sdk import forks, in_force
from andiron.sdk.operations.names import SUFFIXES, label

INSTRUMENTS = (Counter, UpDownCounter, Histogram, ObservableCounter, ObservableUpDownCounter)


class Exposition(MetricReader):
    """A reader that collects when it is asked. Histograms of exponential buckets have no form there, and are left out."""

    def __init__(self) -> None:
        super().__init__(preferred_temporality=dict.fromkeys(INSTRUMENTS, AggregationTemporality.CUMULATIVE))
        self.redact = True
        """Whether the rules of redaction hold for labels, as they do for everything that is sent."""
        forks.survive(self)
        self._lock = threading.Lock()
        self._data: MetricsData | None = None

    def after_fork(self) -> None:
        """In a forked child: whoever held the lock is not here."""
        self._lock = threading.Lock()

    def render(self, accept: str | None = None) -> tuple[bytes, str]:
        """All metrics in the form that `accept` prefers, and its content type."""
        encode, kind = choose_encoder(accept or "")
        with self._lock:
            self._data = None
            self.collect()
            return encode(Families(self._data, in_force.redactor().attribute if self.redact else unchanged)), kind

    def _receive_metrics(self, metrics_data: MetricsData, timeout_millis: float = 10_000, **kwargs: Any) -> None:  # noqa: ARG002 - the SDK's signature
        self._data = metrics_data

    def shutdown(self, timeout_millis: float = 30_000, **kwargs: Any) -> None:
        """Nothing is held."""


class Families:
    """What was collected, as Prometheus's client takes it."""

    def __init__(self, data: MetricsData | None, redacted: Callable[[str, Any], Any]) -> None:
        self._redacted = cache(redacted)  # few values, on many series
        self._families: dict[str, Metric] = {}
        self._seen: set[tuple[str, tuple[tuple[str, str], ...]]] = set()
        for resource in data.resource_metrics if data is not None else ():
            self._target(resource.resource.attributes)
            for scope in resource.scope_metrics:
                for points in scope.metrics:
                    self._take(points)

    def collect(self) -> Iterator[Metric]:
        """The families."""
        yield from self._families.values()

    def _target(self, attributes: Mapping[str, Any]) -> None:
        """Who is measured, once and not with every series."""
        if family := self._family("target", "Of whom these metrics are.", "info"):
            family.add_sample("target_info", self._labels(attributes), 1)

    def _take(self, points: Points) -> None:
        data = points.data
        name = label(points.name) + SUFFIXES.get(points.unit or "", "")
        if isinstance(data, Buckets):
            if family := self._family(name, points.description, "histogram"):
                for point in data.data_points:
                    self._histogram(family, point)
        elif isinstance(data, Sum) and data.is_monotonic:
            name = name.removesuffix("_total")
            self._numbers(self._family(name, points.description, "counter"), f"{name}_total", data.data_points)
        elif isinstance(data, Sum | Gauge):
            if points.unit == "1" and isinstance(data, Gauge):
                name += "_ratio"
            self._numbers(self._family(name, points.description, "gauge"), name, data.data_points)

    def _numbers(self, family: Metric | None, name: str, points: Sequence[NumberDataPoint]) -> None:
        if family is not None:
            for point in points:
                self._add(family, name, self._labels(point.attributes), point.value)

    def _family(self, name: str, description: str | None, kind: str) -> Metric | None:
        """None where the name is another kind's already: Prometheus refuses a page on which it is both."""
        family = self._families.get(name)
        if family is None:
            if name == "target_info":
                return None
            family = self._families[name] = Metric(name, description or "", kind)
        return family if family.type == kind else None

    def _add(self, family: Metric, name: str, labels: dict[str, str], value: float, exemplar: Any = None) -> None:
        """A sample. Two scopes that measure the same under one name are one series too many: the first stays."""
        key = (name, tuple(sorted(labels.items())))
        if key not in self._seen:
            self._seen.add(key)
            family.add_sample(name, labels, value, None, exemplar)

    def _labels(self, attributes: Mapping[str, Any] | None) -> dict[str, str]:
        """Attributes as labels; those that only punctuation told apart are joined, as the conventions say."""
        labels: dict[str, str] = {}
        for key, value in sorted((attributes or {}).items()):
            name = label(key)
            text = str(value).lower() if isinstance(value, bool) else str(value)
            # What is no Unicode cannot be written, and would take the whole page with it.
            text = str(self._redacted(key, text) or "").encode("utf-8", "replace").decode()
            labels[name] = f"{labels[name]};{text}" if name in labels else text
        return labels

    def _histogram(self, family: Metric, point: Any) -> None:
        labels = self._labels(point.attributes)
        bounds = [*map(str, map(float, point.explicit_bounds)), "+Inf"]
        exemplars = exemplars_of(point)
        total = 0
        for place, (bound, count) in enumerate(zip(bounds, point.bucket_counts, strict=True)):
            total += count
            self._add(family, f"{family.name}_bucket", {**labels, "le": bound}, total, exemplars.get(place))
        self._add(family, f"{family.name}_count", labels, point.count)
        self._add(family, f"{family.name}_sum", labels, point.sum)


def unchanged(key: str, value: Any) -> Any:  # noqa: ARG001 - in the place of a redactor's
    """A label where redaction is off."""
    return value


def exemplars_of(point: Any) -> dict[int, Exemplar]:
    """The latest measurement of each bucket that was made within a span."""
    found: dict[int, Exemplar] = {}
    for each in sorted(point.exemplars or (), key=lambda each: each.time_unix_nano):
        if each.trace_id and each.span_id:
            place = sum(each.value > bound for bound in point.explicit_bounds)
            ids = {"trace_id": f"{each.trace_id:032x}", "span_id": f"{each.span_id:016x}"}
            found[place] = Exemplar(ids, each.value, each.time_unix_nano / 1e9)
    return found
