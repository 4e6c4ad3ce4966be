"""What the measures of operations are called: the one place. Dashboards, alerts, the reference page and Prometheus's names come from here."""

import re
from dataclasses import dataclass
from typing import Literal

SCOPE = "andiron.operations"
"""Of the meter, the tracer and the logger."""
Kind = Literal["histogram", "counter", "updowncounter"]

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
"""Bounds of buckets for how long something took."""
AMOUNTS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
"""Bounds of buckets for how many."""

# Attributes: keys on spans, log records and measurements alike.
OPERATION = "operation.name"
OUTCOME = "outcome"
ERROR_TYPE = "error.type"
DURATION = "operation.duration"
RESOURCE_TYPE = "resource.type"
COMPONENT = "component"
DB_SYSTEM = "db.system.name"
DB_OPERATION = "db.operation.name"
DB_COLLECTION = "db.collection.name"
HTTP_METHOD = "http.request.method"
HTTP_ROUTE = "http.route"
HTTP_STATUS = "http.response.status_code"

# Values of `outcome`.
SUCCESS = "success"
FAILURE = "failure"
REJECTED = "rejected"
CANCELLED = "cancelled"
OUTCOMES = {
    SUCCESS: "it returned",
    FAILURE: "it raised",
    REJECTED: "it raised one of the exceptions that say no to the caller: a wrong value, something that is not there",
    CANCELLED: "its task was cancelled, or its generator closed, before it was through",
}

NOT_A_LETTER = re.compile(r"[^a-zA-Z0-9_]")
SUFFIXES = {"s": "_seconds", "By": "_bytes"}
"""What a unit adds to a name in Prometheus; one in braces adds nothing."""


@dataclass(frozen=True)
class Measure:
    """A metric: what it is called, what it counts, and by which attributes."""

    name: str
    kind: Kind
    unit: str
    description: str
    attributes: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()

    @property
    def prometheus(self) -> str:
        """Its name in Prometheus, whether scraped or translated by a Collector; other units than those above are spelt there otherwise."""
        name = label(self.name) + SUFFIXES.get(self.unit, "")
        return f"{name}_total" if self.kind == "counter" else name

    @property
    def bucket(self) -> str:
        """In Prometheus, the series of a histogram's buckets."""
        return f"{self.prometheus}_bucket"

    @property
    def count(self) -> str:
        """In Prometheus, the series of a histogram's count."""
        return f"{self.prometheus}_count"

    @property
    def sum(self) -> str:
        """In Prometheus, the series of a histogram's sum."""
        return f"{self.prometheus}_sum"


def label(attribute: str) -> str:
    """An attribute's or metric's name as Prometheus takes it."""
    name = NOT_A_LETTER.sub("_", attribute)
    return f"_{name}" if name[:1].isdigit() else name


OPERATION_DURATION = Measure(
    "operation.duration",
    "histogram",
    "s",
    "How long operations took.",
    (OPERATION, OUTCOME, ERROR_TYPE),
    SECONDS,
)
OPERATION_COUNT = Measure(
    "operation.count", "counter", "{operation}", "Operations that ended, by how.", (OPERATION, OUTCOME)
)
OPERATION_ERRORS = Measure(
    "operation.errors",
    "counter",
    "{error}",
    "Exceptions that operations ended with, rejections included.",
    (OPERATION, OUTCOME, ERROR_TYPE),
)
RESOURCE_COUNT = Measure(
    "resource.count", "updowncounter", "{resource}", "Resources that exist, by type.", (RESOURCE_TYPE,)
)
CASCADE_DELETES = Measure(
    "resource.cascade_delete.size",
    "histogram",
    "{resource}",
    "Resources that went with one that was deleted.",
    (RESOURCE_TYPE,),
    AMOUNTS,
)
CIRCULAR_DEPENDENCIES = Measure(
    "resource.circular_dependencies",
    "counter",
    "{detection}",
    "Changes that were refused because a resource would have come to depend on itself.",
    (RESOURCE_TYPE,),
)
DATABASE_DURATION = Measure(
    "db.client.operation.duration",
    "histogram",
    "s",
    "How long the database took to answer.",
    (DB_SYSTEM, DB_OPERATION, DB_COLLECTION, ERROR_TYPE),
    SECONDS,
)
OBSERVABILITY_FAILURES = Measure(
    "observability.failures",
    "counter",
    "{failure}",
    "Failures of the telemetry itself that the application never saw.",
    (COMPONENT, ERROR_TYPE),
)
# Made elsewhere in the application half, and shown beside the others.
HTTP_DURATION = Measure(
    "http.server.request.duration",
    "histogram",
    "s",
    "How long HTTP requests took.",
    (HTTP_METHOD, HTTP_ROUTE, HTTP_STATUS, ERROR_TYPE),
)
EXPORT_FAILURES = Measure(
    "andiron.client.export.failures",
    "counter",
    "{failure}",
    "Deliveries of telemetry that failed, and each five seconds in which more of it had to wait.",
)

OPERATIONS = (
    OPERATION_DURATION,
    OPERATION_COUNT,
    OPERATION_ERRORS,
    RESOURCE_COUNT,
    CASCADE_DELETES,
    CIRCULAR_DEPENDENCIES,
    DATABASE_DURATION,
    OBSERVABILITY_FAILURES,
)
"""What `MetricsInstrumentor` makes."""
MEASURES = (*OPERATIONS, HTTP_DURATION, EXPORT_FAILURES)
"""All that the dashboards and alerts speak of."""
