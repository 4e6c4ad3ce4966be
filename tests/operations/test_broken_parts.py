"""Parts of telemetry that break: the application does not notice, each failure is counted, and what breaks always is left alone for a while."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk._logs import LoggerProvider, LogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics._internal.exemplar import ExemplarFilter
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.sampling import Sampler, SamplingResult

from andiron.sdk.operations import (
    MetricsInstrumentor,
    ObservabilityErrorHandler,
    StructuredLogger,
    TracingInstrumentor,
    current_operation,
    force,
    names,
    operation,
)
from andiron.sdk.operations.force import Parts
from tests.operations.observed import Observed, labels, observing
from tests.operations.stories import Broken, Step, Teller, stories

pytestmark = pytest.mark.requirement("OB-07")


class BrokenSampler(Sampler):
    def should_sample(self, *_: Any, **__: Any) -> SamplingResult:
        raise Broken("sampler")

    def get_description(self) -> str:
        return "broken"


class BrokenSpans(SpanProcessor):
    def __init__(self, *, at_start: bool) -> None:
        self.at_start = at_start

    def on_start(self, span: Any, parent_context: Any = None) -> None:
        if self.at_start:
            raise Broken("start")

    def on_end(self, span: Any) -> None:
        raise Broken("end")


class BrokenLogs(LogRecordProcessor):
    def on_emit(self, log_record: Any) -> None:
        raise Broken("log")

    def shutdown(self) -> None: ...

    def force_flush(self, timeout_millis: int = 0) -> bool:
        return False


class BrokenExemplars(ExemplarFilter):
    def should_sample(self, *_: Any, **__: Any) -> bool:
        raise Broken("exemplar")


def broken_tracers(how: str) -> TracerProvider:
    """A provider that breaks when spans begin, or only when they end."""
    if how == "sampler":
        return TracerProvider(sampler=BrokenSampler(), shutdown_on_exit=False)
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(BrokenSpans(at_start=how == "start"))
    return provider


@contextmanager
def breaking(
    broken: Sequence[str], how: str = "end", errors: ObservabilityErrorHandler | None = None
) -> Iterator[Observed]:
    """Observed, but for the parts that are broken."""
    observed = Observed()
    errors = errors or ObservabilityErrorHandler(most=10**6)
    observed.errors = errors
    observed.metrics.errors = observed.tracing.errors = observed.logger.errors = errors
    errors.listener = observed.metrics.failed
    loggers = LoggerProvider(shutdown_on_exit=False)
    loggers.add_log_record_processor(BrokenLogs())
    observed.parts = Parts(
        errors,
        MetricsInstrumentor(MeterProvider(exemplar_filter=BrokenExemplars(), shutdown_on_exit=False), errors)
        if "metrics" in broken
        else observed.metrics,
        TracingInstrumentor(broken_tracers(how), errors) if "tracing" in broken else observed.tracing,
        StructuredLogger(logger_provider=loggers, errors=errors) if "logging" in broken else observed.logger,
    )
    with observing(observed):
        yield observed


parts = st.lists(st.sampled_from(["metrics", "tracing", "logging"]), min_size=1, unique=True)


@given(stories, parts, st.sampled_from(["sampler", "start", "end"]))
def test_the_application_does_not_notice(story: list[Step], broken: list[str], how: str) -> None:
    with breaking(broken, how) as observed:
        told = Teller(resource_type="server", resources=1, cascade=lambda result: 1).tell(story)
        assert current_operation().outcome == ""
        assert not current_operation().attributes
    assert all(one.as_it_should for one in told)
    assert {component for component, _ in observed.errors.failures} == set(broken)
    # What is not broken goes on.
    if "tracing" not in broken:
        assert len(observed.spans) == len(told)
    if "logging" not in broken:
        assert len(observed.logs) == 2 * len(told)
    if "metrics" not in broken:
        assert sum(observed.values(names.OPERATION_COUNT).values()) == len(told)
        failures = observed.values(names.OBSERVABILITY_FAILURES)
        assert failures == {
            labels(component=component, error_type=kind): count
            for (component, kind), count in observed.errors.failures.items()
        }


@pytest.mark.parametrize("part", ["metrics", "tracing", "logging"])
def test_what_breaks_always_is_left_alone_for_a_while(part: str) -> None:
    now = [1000.0]
    errors = ObservabilityErrorHandler(clock=lambda: now[0], most=4, pause=60.0)

    def failures() -> int:
        return sum(count for (component, _), count in errors.failures.items() if component == part)

    with breaking([part], "start", errors):
        for _ in range(50):
            with operation("resource.read"):
                pass
        assert errors.degraded(part)
        before = failures()
        assert 4 <= before <= 5
        now[0] += 60.0
        assert not errors.degraded(part)
        for _ in range(50):
            with operation("resource.read"):
                pass
        # One try, and it is left alone again.
        assert errors.degraded(part)
        assert before < failures() <= before + 2
        others = {component for component, _ in errors.failures} - {part}
        assert not others


def test_what_works_again_is_no_longer_counted_against() -> None:
    now = [0.0]
    errors = ObservabilityErrorHandler(clock=lambda: now[0], most=3, pause=60.0)
    for _ in range(5):
        for _ in range(2):
            with errors.guard("database"):
                raise Broken
        with errors.guard("database"):
            pass
    assert not errors.degraded("database")
    assert dict(errors.failures) == {("database", "Broken"): 10}


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_a_guard_lets_through_what_is_no_exception(error: type[BaseException]) -> None:
    errors = ObservabilityErrorHandler()
    with pytest.raises(error), errors.guard("tracing"):
        raise error
    assert not errors.failures


def test_a_listener_that_breaks_is_no_matter() -> None:
    errors = ObservabilityErrorHandler()

    def listener(component: str, kind: str) -> None:
        raise Broken(component)

    errors.listener = listener
    errors.handle("metrics", ValueError("x"))
    assert dict(errors.failures) == {("metrics", "ValueError"): 1}


def test_failures_are_told_now_and_then(caplog: pytest.LogCaptureFixture) -> None:
    now = [0.0]
    errors = ObservabilityErrorHandler(clock=lambda: now[0])
    for _ in range(100):
        errors.handle("metrics", ValueError("x"))
    assert len(caplog.records) == 1
    now[0] += 61
    errors.handle("metrics", ValueError("x"))
    assert len(caplog.records) == 2
    assert errors.report() == {"metrics": {"ValueError": 101}}


def test_operations_run_before_anything_is_initialized() -> None:
    assert force.now.parts is None
    with operation("resource.read") as op:
        pass
    assert op.outcome == "success"


class NoMeters(MeterProvider):
    """A provider that gives nothing out."""

    def get_meter(self, *_: Any, **__: Any) -> Any:
        raise ValueError("no meter for you")


def test_a_provider_that_gives_nothing_out_is_no_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("opentelemetry.metrics._internal._METER_PROVIDER", NoMeters(shutdown_on_exit=False))

    @operation("resource.create", resource_type="server", resources=1)
    def create() -> int:
        return 7

    assert create() == 7
    assert force.parts().metrics is None
    assert force.parts().errors.failures == {("metrics", "ValueError"): 1}


def test_a_measure_that_breaks_is_counted_once_a_run() -> None:
    observed = Observed()
    observed.metrics._failures = observed.metrics._durations = BrokenMeasure()
    observed.metrics.record_operation("resource.create", 0.1)
    assert observed.errors.failures == {("metrics", "Broken"): 1, ("metrics of failures", "Broken"): 1}


class BrokenMeasure:
    """Takes nothing."""

    def record(self, *_: Any) -> None:
        raise Broken("disk")

    add = record
