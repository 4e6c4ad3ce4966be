"""Andiron's view of itself: what `GET /metrics` tells of each stage, in Prometheus's format."""

from collections.abc import Callable
from typing import ClassVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest
from prometheus_client.gc_collector import GCCollector
from prometheus_client.process_collector import ProcessCollector

from andiron import __version__

disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for each counter, which nobody asks for

FAST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)
SLOW = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Instruments:
    """Every metric of the server, in a registry of its own."""

    WATCHED: ClassVar = {
        "andiron_journal_backlog_bytes": "Bytes acknowledged and not loaded yet.",
        "andiron_journal_segments": "Sealed segments of the journal.",
    }

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        registry = self.registry
        ProcessCollector(registry=registry)
        GCCollector(registry=registry)
        Gauge("andiron_build_info", "Constant 1; the version is a label.", ["version"], registry=registry).labels(
            __version__
        ).set(1)
        self.requests = Counter(
            "andiron_ingest_requests_total",
            "Ingest requests by outcome.",
            ["signal", "protocol", "code"],
            registry=registry,
        )
        self.received_bytes = Counter(
            "andiron_ingest_received_bytes_total", "Bytes of request bodies as sent.", ["signal"], registry=registry
        )
        self.acknowledged = Counter(
            "andiron_ingest_acknowledged_records_total",
            "Spans, log records and data points that are safe on disk.",
            ["signal"],
            registry=registry,
        )
        self.rejected = Counter(
            "andiron_ingest_rejected_records_total",
            "Records refused by partial success.",
            ["signal"],
            registry=registry,
        )
        self.repeated = Counter(
            "andiron_ingest_repeated_requests_total",
            "Requests whose idempotency key was acknowledged before: acknowledged again, stored nothing twice.",
            ["signal"],
            registry=registry,
        )
        self.in_flight = Gauge(
            "andiron_ingest_in_flight_bytes", "Bytes of request bodies in memory.", registry=registry
        )
        self.sync_seconds = Histogram(
            "andiron_journal_sync_seconds", "Time of a write and fsync of the journal.", buckets=FAST, registry=registry
        )
        self.loaded = Counter(
            "andiron_loaded_records_total", "Records inserted into the store.", ["signal"], registry=registry
        )
        self.load_seconds = Histogram(
            "andiron_load_seconds", "Time of one insert into the store.", buckets=SLOW, registry=registry
        )
        self.store_retries = Counter(
            "andiron_store_retries_total", "Inserts put off since the store could not take them.", registry=registry
        )
        self.quarantined = Counter(
            "andiron_quarantined_records_total",
            "Records that the store refused for good.",
            ["signal"],
            registry=registry,
        )
        self.query_seconds = Histogram(
            "andiron_query_seconds", "Time of a query by outcome.", ["outcome"], buckets=SLOW, registry=registry
        )

    def watch(self, name: str, read: Callable[[], float]) -> None:
        """Have one of `WATCHED` read when somebody asks."""
        Gauge(name, self.WATCHED[name], registry=self.registry).set_function(read)

    def exposition(self) -> bytes:
        """The text that Prometheus scrapes."""
        return generate_latest(self.registry)
