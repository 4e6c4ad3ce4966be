"""`MetricsInstrumentor`: how long operations take, how they end, how many resources there are, and what deletions take with them."""

from functools import lru_cache
from typing import Any

from opentelemetry import metrics as api

from andiron import __version__
from andiron.sdk.operations import names
from andiron.sdk.operations.errors import OF_FAILURES, ObservabilityErrorHandler
from andiron.sdk.operations.names import Measure


class MetricsInstrumentor:
    """Records to `meter_provider`, or to the global one. Nothing it does raises; what fails is given to `errors`."""

    def __init__(
        self, meter_provider: api.MeterProvider | None = None, errors: ObservabilityErrorHandler | None = None
    ) -> None:
        self.errors = errors or ObservabilityErrorHandler()
        meter = api.get_meter(names.SCOPE, __version__, meter_provider)
        self._durations: Any = instrument(meter, names.OPERATION_DURATION)
        self._operations: Any = instrument(meter, names.OPERATION_COUNT)
        self._errors: Any = instrument(meter, names.OPERATION_ERRORS)
        self._resources: Any = instrument(meter, names.RESOURCE_COUNT)
        self._cascades: Any = instrument(meter, names.CASCADE_DELETES)
        self._circles: Any = instrument(meter, names.CIRCULAR_DEPENDENCIES)
        self._database: Any = instrument(meter, names.DATABASE_DURATION)
        self._failures: Any = instrument(meter, names.OBSERVABILITY_FAILURES)

    def record_operation(
        self, name: str, seconds: float, outcome: str = names.SUCCESS, error_type: str | None = None
    ) -> None:
        """An operation ended. Recorded within its span, the measurement becomes an exemplar that leads there."""
        if self.errors.streaks and self.errors.degraded("metrics"):
            return
        try:
            self._durations.record(seconds, how(name, outcome, error_type))
            self._operations.add(1, how(name, outcome, None))
            if error_type is not None:
                self._errors.add(1, how(name, outcome, error_type))
            if self.errors.streaks:
                self.errors.succeeded("metrics")
        except Exception as error:  # noqa: BLE001 - a provider or an exemplar filter of anybody's
            self.errors.handle("metrics", error)

    def resources_changed(self, resource_type: str, by: int) -> None:
        """There are so many resources more, or fewer."""
        with self.errors.guard("metrics", proves=False):
            self._resources.add(by, {names.RESOURCE_TYPE: resource_type})

    def cascade_deleted(self, resource_type: str, count: int) -> None:
        """So many resources went with the one that was deleted."""
        with self.errors.guard("metrics", proves=False):
            self._cascades.record(count, {names.RESOURCE_TYPE: resource_type})

    def circular_dependency(self, resource_type: str) -> None:
        """A change was refused because a resource would have come to depend on itself."""
        with self.errors.guard("metrics", proves=False):
            self._circles.add(1, {names.RESOURCE_TYPE: resource_type})

    def database_answered(
        self, system: str, operation: str, seconds: float, collection: str = "", error_type: str | None = None
    ) -> None:
        """The database answered, or failed to."""
        with self.errors.guard("metrics", proves=False):
            attributes = {names.DB_SYSTEM: system, names.DB_OPERATION: operation}
            if collection:
                attributes[names.DB_COLLECTION] = collection
            if error_type is not None:
                attributes[names.ERROR_TYPE] = error_type
            self._database.record(seconds, attributes)

    def failed(self, component: str, error_type: str) -> None:
        """Telemetry itself failed."""
        with self.errors.guard(OF_FAILURES):
            self._failures.add(1, {names.COMPONENT: component, names.ERROR_TYPE: error_type})

    def expect(self, operation: str, resource_type: str = "") -> None:
        """Make the counters of an operation known at 0: what is first seen at 1 never rose, as Prometheus sees it."""
        with self.errors.guard("metrics", proves=False):
            for outcome in (names.SUCCESS, names.FAILURE, names.REJECTED):
                self._operations.add(0, how(operation, outcome, None))
            if resource_type:
                self._resources.add(0, {names.RESOURCE_TYPE: resource_type})
                self._circles.add(0, {names.RESOURCE_TYPE: resource_type})


def instrument(meter: api.Meter, measure: Measure) -> Any:
    """The instrument of a measure."""
    if measure.kind == "histogram":
        return meter.create_histogram(
            measure.name, measure.unit, measure.description, explicit_bucket_boundaries_advisory=measure.buckets
        )
    make = meter.create_counter if measure.kind == "counter" else meter.create_up_down_counter
    return make(measure.name, measure.unit, measure.description)


@lru_cache(4096)
def how(name: str, outcome: str, error_type: str | None) -> dict[str, str]:
    """The attributes of a measurement, made once. Nobody may change them."""
    attributes = {names.OPERATION: name, names.OUTCOME: outcome}
    if error_type is not None:
        attributes[names.ERROR_TYPE] = error_type
    return attributes
