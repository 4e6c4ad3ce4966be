"""`init_observability` and `shutdown_observability`: on, off, once more, and never in the application's way."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
from fastapi import FastAPI
from opentelemetry import _logs, metrics, trace

import andiron
from andiron.errors import ConfigurationError
from andiron.sdk import configure as configuration
from andiron.sdk.operations import (
    ObservabilitySettings,
    current_operation,
    init_observability,
    names,
    operation,
    shutdown_observability,
)
from andiron.testing.capture import Capture
from andiron.testing.plugin import Environment
from andiron.testing.receiver import Receiver

pytestmark = pytest.mark.requirement("OB-01")


@pytest.fixture(autouse=True)
def over() -> Iterator[None]:
    yield
    shutdown_observability()


@operation("resource.read")
def read() -> int:
    """Decorated before anything is configured."""
    assert current_operation() is not None
    return 7


@pytest.mark.requirement("OB-09")
def test_providers_are_initialized_when_enabled(otlp_server: Receiver) -> None:
    made = init_observability()
    assert made.telemetry is configuration.current
    tracer = trace.get_tracer("any")
    with tracer.start_as_current_span("whole") as span:
        assert span.is_recording()
        metrics.get_meter("any").create_counter("things").add(3)
        _logs.get_logger("any").emit(body="said")
        read()
    assert made.telemetry is not None
    assert made.telemetry.flush(10)
    assert otlp_server.span("resource.read").parent_id == otlp_server.span("whole").span_id
    assert otlp_server.log("said").span_id == otlp_server.span("whole").span_id
    assert otlp_server.metric("things").value() == 3
    duration = otlp_server.metric(names.OPERATION_DURATION.name)
    assert duration.kind == "histogram"
    assert tuple(duration.raw.histogram.data_points[0].explicit_bounds) == names.SECONDS


@pytest.mark.requirement("OB-09")
def test_observability_can_be_disabled(otlp_server: Receiver, andiron_env: Environment) -> None:
    andiron_env(OBSERVABILITY_ENABLED="false")
    app = FastAPI()
    made = init_observability(app=app)
    assert (made.settings.enabled, made.telemetry, made.prometheus) == (False, None, None)
    assert configuration.current is None
    assert read() == 7
    assert not any(getattr(route, "path", "") == "/metrics" for route in app.router.routes)
    # The parts are there for code that speaks to them, and lead nowhere.
    made.metrics.record_operation("resource.read", 1.0)
    made.logger.info("nobody hears this")
    with made.tracing.operation("resource.read") as span:
        assert not span.is_recording()
    assert otlp_server.requests == []


def test_off_for_opentelemetry_is_off(andiron_env: Environment) -> None:
    andiron_env(OTEL_SDK_DISABLED="true")
    assert not init_observability().settings.enabled


def test_disabled_a_result_is_the_function_s_own(capture: Capture) -> None:
    class Thing:
        pass

    thing = Thing()

    @operation("resource.read", rejects=(ValueError,), resources=lambda result: 1 // 0)
    def give() -> Thing:
        assert current_operation() is current_operation()
        current_operation().set_attribute("a", 1)
        return thing

    init_observability(ObservabilitySettings(enabled=False))
    assert give() is thing
    with operation("block") as op:
        op.set_attribute("a", 1)
    assert (capture.spans, capture.logs) == ([], [])


def test_switched_on_again(capture: Capture) -> None:
    init_observability(ObservabilitySettings(enabled=False))
    read()
    init_observability(ObservabilitySettings())
    read()
    assert [span.name for span in capture.spans] == ["resource.read"]


@pytest.mark.parametrize("off", ["traces", "metrics", "logs"])
def test_each_signal_can_be_left_out(capture: Capture, off: str) -> None:
    init_observability(ObservabilitySettings(**{off: False}))
    read()
    made = {
        "traces": bool([span for span in capture.spans if span.name == "resource.read"]),
        "metrics": any(metric.name == names.OPERATION_DURATION.name for metric in capture.metrics),
        "logs": bool([log for log in capture.logs if "resource.read" in str(log.body)]),
    }
    assert made == {name: name != off for name in made}


def test_twice_is_the_second(otlp_server: Receiver) -> None:
    first = init_observability(ObservabilitySettings(service_name="first"))
    read()
    second = init_observability(ObservabilitySettings(service_name="second"))
    read()
    assert first.telemetry is not second.telemetry
    assert configuration.current is second.telemetry
    shutdown_observability()
    spans = [span for span in otlp_server.spans if span.name == "resource.read"]
    assert sorted(span.resource["service.name"] for span in spans) == ["first", "second"]


def test_settings_reach_the_pipeline(otlp_server: Receiver) -> None:
    made = init_observability(
        ObservabilitySettings(
            service_name="shop", service_version="1.4.2", environment="staging", otlp_endpoint=otlp_server.url
        ),
        resource_attributes={"team": "checkout"},
    )
    read()
    assert made.telemetry is not None
    assert made.telemetry.flush(10)
    resource = otlp_server.span("resource.read").resource
    assert resource["service.name"] == "shop"
    assert resource["service.version"] == "1.4.2"
    assert resource["deployment.environment.name"] == "staging"
    assert resource["team"] == "checkout"


@pytest.mark.parametrize(("temporality", "number"), [("delta", 1), ("cumulative", 2)])
def test_metrics_count_from_where_they_are_asked_to(otlp_server: Receiver, temporality: str, number: int) -> None:
    made = init_observability(ObservabilitySettings(temporality=temporality))
    assert made.telemetry is not None
    read()
    assert made.telemetry.flush(10)
    assert otlp_server.metric(names.OPERATION_DURATION.name).raw.histogram.aggregation_temporality == number


def test_a_shutdown_hands_over_what_was_collected(otlp_server: Receiver) -> None:
    init_observability(flush_interval=1000.0)
    read()
    shutdown_observability()
    assert otlp_server.span("resource.read")
    assert otlp_server.metric(names.OPERATION_COUNT.name).value(operation_name="resource.read", outcome="success") == 1
    assert len([log for log in otlp_server.logs if "resource.read" in str(log.body)]) == 2


def test_a_shutdown_more_is_no_matter() -> None:
    shutdown_observability()
    init_observability()
    shutdown_observability()
    shutdown_observability(timeout=0.0)
    assert read() == 7
    assert configuration.current is None


def test_a_shutdown_leaves_alone_what_was_configured_since() -> None:
    init_observability()
    later = andiron.configure(service="later")
    shutdown_observability()
    assert configuration.current is later


def test_a_shutdown_in_the_midst_of_an_operation(otlp_server: Receiver) -> None:
    init_observability()
    with operation("resource.create") as op:
        shutdown_observability()
        read()
    assert op.outcome == "success"
    assert current_operation().outcome == ""


@pytest.mark.parametrize("wrong", [{"spool_bytes": "many"}, {"no_such_setting": 1}])
def test_a_wrong_argument_is_told(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        init_observability(**wrong)
    assert read() == 7
    init_observability()


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "localhost:4318"),
        ("OBSERVABILITY_OTLP_ENDPOINT", "collector"),
        ("OBSERVABILITY_METRIC_INTERVAL", "often"),
        ("OBSERVABILITY_ENABLED", "perhaps"),
    ],
)
@pytest.mark.requirement("OB-07")
def test_a_wrong_variable_stops_nobody(andiron_env: Environment, variable: str, value: str) -> None:
    andiron_env(**{variable: value})
    with pytest.warns(UserWarning, match=variable):
        made = init_observability()
    assert made.telemetry is not None
    assert read() == 7


@pytest.mark.requirement("OB-07")
def test_what_is_no_application_costs_a_warning(capture: Capture) -> None:
    with pytest.warns(UserWarning, match="cannot be|could not be"):
        made = init_observability(app=object())
    assert made.telemetry is not None
    assert read() == 7


@pytest.mark.requirement("OB-07")
def test_what_is_no_engine_leaves_sqlalchemy_as_it_is(capture: Capture) -> None:
    before = sqlalchemy.create_engine
    init_observability(engine=object())
    assert sqlalchemy.create_engine is before
    assert read() == 7


def test_disabled_the_parts_lead_nowhere_even_with_somebody_else_s_provider(capture: Capture) -> None:
    made = init_observability(ObservabilitySettings(enabled=False))
    made.metrics.record_operation("resource.read", 1.0)
    made.logger.info("nobody hears this")
    with made.tracing.operation("resource.read"):
        pass
    assert (capture.spans, capture.logs, capture.metrics) == ([], [], [])


def test_a_wrong_argument_leaves_what_was_in_force(capture: Capture) -> None:
    made = init_observability()
    with pytest.raises(ConfigurationError):
        init_observability(nonsense=1)
    assert configuration.current is made.telemetry
    assert read() == 7
    assert [span.name for span in capture.spans] == ["resource.read"]
    shutdown_observability()


def test_after_the_end_operations_only_run(capture: Capture) -> None:
    init_observability()
    shutdown_observability()
    assert read() == 7
    assert capture.spans == []


def test_off_by_the_environment_without_a_beginning(capture: Capture, andiron_env: Environment) -> None:
    andiron_env(OBSERVABILITY_ENABLED="false")
    assert (read(), read()) == (7, 7)
    assert (capture.spans, capture.logs) == ([], [])


def test_opentelemetry_s_own_switch_is_the_last_word(capture: Capture, andiron_env: Environment) -> None:
    """Its SDK makes nothing then, whatever anybody configures."""
    andiron_env(OBSERVABILITY_ENABLED="true", OTEL_SDK_DISABLED="true")
    made = init_observability(app=FastAPI())
    assert read() == 7
    assert (made.telemetry, made.prometheus, capture.spans) == (None, None, [])


def test_on_by_its_own_variable_whatever_the_delivery_s_says(capture: Capture, andiron_env: Environment) -> None:
    andiron_env(OBSERVABILITY_ENABLED="true", ANDIRON_DISABLED="true")
    init_observability()
    read()
    assert [span.name for span in capture.spans] == ["resource.read"]


def test_what_pyproject_says_holds(capture: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.andiron]\nmetrics_interval = 5\ntemporality = "cumulative"\n')
    monkeypatch.chdir(tmp_path)
    made = init_observability()
    assert made.telemetry is not None
    assert (made.telemetry.settings.metrics_interval, made.telemetry.settings.temporality) == (5.0, "cumulative")
    made = init_observability(ObservabilitySettings(metric_interval=9))
    assert made.telemetry is not None
    assert made.telemetry.settings.metrics_interval == 9.0
    shutdown_observability()


def test_a_wrong_pattern_stops_nobody(capture: Capture, andiron_env: Environment) -> None:
    andiron_env(OBSERVABILITY_EXCLUDED_URLS="([")
    with pytest.warns(UserWarning, match="OBSERVABILITY_EXCLUDED_URLS is passed over"):
        settings = ObservabilitySettings.read()
    assert settings.excluded_urls == ObservabilitySettings().excluded_urls
    with pytest.raises(ConfigurationError, match="no regular expression"):
        ObservabilitySettings.read(excluded_urls="([")


def test_text_on_the_terminal_shows_failures(capture: Capture, capsys: pytest.CaptureFixture[str]) -> None:
    made = init_observability(ObservabilitySettings(log_format="text"))
    made.logger.warning("disk nearly full")
    shutdown_observability()
    assert "disk nearly full" in capsys.readouterr().out


def test_its_settings_may_be_arguments(capture: Capture) -> None:
    made = init_observability(service_name="shop", temporality="cumulative", metrics_interval=7)
    assert made.telemetry is not None
    settings = made.telemetry.settings
    assert (settings.service, settings.temporality, settings.metrics_interval) == ("shop", "cumulative", 7.0)
    made = init_observability(ObservabilitySettings(service_name="shop", metrics=False), metrics=True)
    assert (made.settings.service_name, made.settings.metrics) == ("shop", True)


def test_what_are_no_settings_is_said(capture: Capture) -> None:
    with pytest.raises(ConfigurationError, match="takes ObservabilitySettings"):
        init_observability("shop")  # type: ignore[arg-type]  # that is the point
