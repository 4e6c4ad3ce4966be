"""What is in force in this process: whether operations are observed, and by which parts. `init_observability` changes it."""

from dataclasses import dataclass, field

from opentelemetry._logs import NoOpLoggerProvider
from opentelemetry.metrics import NoOpMeterProvider
from opentelemetry.trace import NoOpTracerProvider

from andiron.sdk.bridges.telemetry import Telemetry
from andiron.sdk.operations.errors import ObservabilityErrorHandler
from andiron.sdk.operations.logs import StructuredLogger
from andiron.sdk.operations.metrics import MetricsInstrumentor
from andiron.sdk.operations.settings import ObservabilitySettings
from andiron.sdk.operations.tracing import TracingInstrumentor


@dataclass(frozen=True)
class Parts:
    """Those that observe an operation; None where one of them is switched off."""

    errors: ObservabilityErrorHandler
    metrics: MetricsInstrumentor | None
    tracing: TracingInstrumentor | None
    logger: StructuredLogger | None

    @classmethod
    def whole(
        cls, *, metrics: bool = True, traces: bool = True, logs: bool = True, records: Telemetry | None = None
    ) -> "Parts":
        """Of the global providers, whichever those are by then; records go to `records`, where those are given."""
        errors = ObservabilityErrorHandler()
        meter = tracer = logger = None
        if metrics:
            with errors.guard("metrics"):
                meter = MetricsInstrumentor(errors=errors)
                errors.listener = meter.failed
        if traces:
            with errors.guard("tracing"):
                tracer = TracingInstrumentor(errors=errors)
        if logs:
            logger = StructuredLogger(errors=errors, telemetry=records)
        return cls(errors, meter, tracer, logger)

    def expect(self) -> "Parts":
        """Make the counters of the known operations known at 0."""
        if self.metrics is not None:
            for name, resource_type in list(known.items()):
                self.metrics.expect(name, resource_type)
        return self


def nowhere() -> Parts:
    """Parts that lead nowhere, whoever has configured a provider: for code that speaks to one that is switched off."""
    errors = ObservabilityErrorHandler()
    return Parts(
        errors,
        MetricsInstrumentor(NoOpMeterProvider(), errors),
        TracingInstrumentor(NoOpTracerProvider(), errors),
        StructuredLogger(logger_provider=NoOpLoggerProvider(), errors=errors),
    )


@dataclass(slots=True)
class InForce:
    """One for the process; it is read with every operation."""

    off: bool = False
    """Operations only run."""
    parts: Parts | None = field(default=None)
    """None until the first is observed, or `init_observability` has made them."""


known: dict[str, str] = {}
"""The operations of this process that have a decorator, and the type of resource of each, where it has one."""
now = InForce()


def parts() -> Parts:
    """The parts in force. Where nobody has begun anything, those of the global providers, unless the environment says that there be none."""
    if now.parts is None:
        if ObservabilitySettings.read().enabled:
            now.parts = Parts.whole().expect()
        else:
            now.parts, now.off = nowhere(), True
    return now.parts


def put(parts: Parts | None, *, off: bool = False) -> None:
    """From now on, these; None for those of the global providers."""
    now.parts, now.off = parts, off
