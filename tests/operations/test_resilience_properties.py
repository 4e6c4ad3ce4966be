"""Properties 21 to 24 of the list that observability was specified by: settings, the switch, and a server that is no help."""

import logging
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from andiron.errors import ConfigurationError
from andiron.sdk.operations import (
    Observability,
    ObservabilitySettings,
    current_operation,
    init_observability,
    names,
    operation,
    shutdown_observability,
)
from andiron.testing.capture import Capture
from andiron.testing.plugin import Environment
from andiron.testing.receiver import Answer, Receiver
from tests.operations.stories import STEP, Step, Teller, steps, stories

pytestmark = pytest.mark.requirement("OB-09")

words = st.from_regex(r"[a-z][a-z0-9-]{0,8}", fullmatch=True)
flags = st.sampled_from(["true", "false", "1", "0", "on", "off", "YES", "No"])
WRONG = "~ wrong ~"


def flag(text: str) -> bool:
    return text.lower() in {"true", "1", "on", "yes"}


TEXTS = ("service_name", "service_version", "environment", "otlp_endpoint")
FLAGS = ("enabled", "traces", "metrics", "logs", "prometheus")
OTEL: dict[str, tuple[str, st.SearchStrategy[str], Any]] = {
    "enabled": ("OTEL_SDK_DISABLED", st.sampled_from(["true", "false"]), lambda text: text != "true"),
    "service_name": ("OTEL_SERVICE_NAME", words, str),
    "otlp_endpoint": ("OTEL_EXPORTER_OTLP_ENDPOINT", words.map(lambda host: f"http://{host}:4318"), str),
    "metric_interval": ("OTEL_METRIC_EXPORT_INTERVAL", st.integers(1, 10**6).map(str), lambda text: int(text) / 1000),
    "temporality": (
        "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE",
        st.sampled_from(["delta", "cumulative", "DELTA", "lowmemory"]),
        lambda text: "cumulative" if text == "cumulative" else "delta",
    ),
}
"""What OpenTelemetry calls a setting, what it may say there, and what that is in ours."""
OWN: dict[str, tuple[st.SearchStrategy[str], Any]] = {
    **dict.fromkeys(TEXTS, (words, str)),
    "otlp_endpoint": (words.map(lambda host: f"https://{host}"), str),
    **dict.fromkeys(FLAGS, (flags, flag)),
    "metric_interval": (st.integers(1, 3600).map(str), float),
    "temporality": (st.sampled_from(["delta", "cumulative"]), str),
    "log_format": (st.sampled_from(["auto", "json", "text", "off"]), str),
    "metrics_path": (words.map("/{}".format), str),
    "excluded_urls": (words, str),
}
SHARED = {
    "service_name": "ANDIRON_SERVICE", "service_version": "ANDIRON_VERSION", "environment": "ANDIRON_ENVIRONMENT",
    "otlp_endpoint": "ANDIRON_URL", "metrics": "ANDIRON_METRICS", "metric_interval": "ANDIRON_METRICS_INTERVAL",
    "temporality": "ANDIRON_TEMPORALITY", "log_format": "ANDIRON_CONSOLE",
}  # fmt: skip
"""What `andiron.configure` calls them; it says the same there as in our own variable."""
NEVER_WRONG = {"service_name", "service_version", "environment", "excluded_urls", "otlp_endpoint"}
"""Any text will do for these; of an address, whoever connects to it judges."""


def places(name: str) -> list[tuple[str, st.SearchStrategy[str], Any]]:
    """Where a setting is looked for, in this order: each variable, what it may say, and what that is in ours."""
    strategy, read = OWN[name]
    found = [(f"OBSERVABILITY_{name.upper()}", strategy, read)]
    if name in SHARED:
        found.append((SHARED[name], strategy, read))
    if name == "enabled":
        found.append(("ANDIRON_DISABLED", flags, lambda text: not flag(text)))
    return [*found, *([OTEL[name]] if name in OTEL else [])]


@st.composite
def configurations(draw: st.DrawFn) -> tuple[dict[str, str], dict[str, Any], dict[str, Any], int]:
    """An environment, arguments, the settings that the two make, and how many variables are wrong."""
    environ: dict[str, str] = {}
    arguments: dict[str, Any] = {}
    expected: dict[str, Any] = {}
    wrong = 0
    for name, (strategy, read) in OWN.items():
        if given_ := draw(st.booleans()):
            arguments[name] = expected[name] = read(draw(strategy))
        for variable, texts, translated in places(name):
            if not draw(st.booleans()):
                continue
            broken = variable.startswith("OBSERVABILITY_") and name not in NEVER_WRONG and draw(st.integers(0, 4)) == 0
            environ[variable] = WRONG if broken else draw(texts)
            if broken and not given_:
                wrong += 1
            elif name not in expected:
                expected[name] = translated(environ[variable])
    return environ, arguments, expected, wrong


@pytest.mark.requirement("OB-01")
@settings(max_examples=150)
@given(configurations())
def test_property_21_configuration_loading(
    made: tuple[dict[str, str], dict[str, Any], dict[str, Any], int],
) -> None:
    """Configuration loading."""
    environ, arguments, expected, wrong = made
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        read = ObservabilitySettings.read(environ, **arguments)
    assert read == ObservabilitySettings(**expected)
    # One for each variable that is passed over, which names it.
    assert len(warned) == wrong
    for warning in warned:
        variable = str(warning.message).split()[0]
        assert environ[variable] == WRONG


@pytest.mark.requirement("OB-01")
@given(st.sampled_from(sorted(OWN.keys() - NEVER_WRONG)))
def test_a_wrong_argument_is_refused(name: str) -> None:
    with pytest.raises(ConfigurationError, match=name):
        ObservabilitySettings.read({}, **{name: WRONG})


@pytest.mark.requirement("OB-01")
def test_property_22_observability_disable(capture: Capture, andiron_env: Environment) -> None:
    """Observability disable."""
    andiron_env(OBSERVABILITY_ENABLED="false")
    telling = Teller(resource_type="server", resources=1, cascade=lambda result: 1)

    @given(stories)
    def holds(story: list[Step]) -> None:
        telling.told.clear()
        told = telling.tell(story)
        assert all(one.as_it_should for one in told)
        assert (capture.spans, capture.logs, capture.metrics) == ([], [], [])

    operation("resource.read")(repr)  # its counters are known from here on
    made = init_observability()
    assert made.settings.enabled is False
    assert made.telemetry is None
    holds()


@pytest.mark.requirement("OB-07")
@given(stories)
def test_whatever_a_story_is_observed_or_not_its_callers_get_the_same(story: list[Step]) -> None:
    told = Teller(resource_type="server", resources=1, cascade=lambda result: 1).tell(story)
    assert all(one.as_it_should for one in told)
    assert current_operation().outcome == ""


QUICK = {"flush_interval": 1000.0, "timeout": 2.0, "exit_timeout": 2.0, "spool": "memory", "logging": False, "token": "t"}  # fmt: skip
"""Nothing leaves but when the test flushes."""
BAD = (
    Answer.UNAUTHORIZED, Answer.BUSY, Answer.BROKEN, Answer.UNAVAILABLE, Answer.GARBAGE, Answer.UNREADABLE,
    Answer.SIGN_IN, Answer.HALF, Answer.SILENT, Answer.RESET, Answer(404), Answer(302, headers={"Location": "/"}),
)  # fmt: skip
FEW = settings(max_examples=12)
"""Each example configures everything anew and talks over real sockets."""


@contextmanager
def sending_to(url: str) -> Iterator[Observability]:
    """Observed, and sent to a server that may be no help. What the sender says of that is not what these are about."""
    logging.disable(logging.ERROR)
    try:
        yield init_observability(ObservabilitySettings(otlp_endpoint=url), export=True, **QUICK)
    finally:
        shutdown_observability(timeout=0.0)
        logging.disable(logging.NOTSET)


def everything(receiver: Receiver) -> Counter[int]:
    """The steps whose spans have arrived."""
    return Counter(span.attributes[STEP] for span in receiver.spans if STEP in span.attributes)


def counted(receiver: Receiver) -> int:
    """Failures of export, as the application's own metric has them."""
    return sum(
        int(value)
        for metric in receiver.metrics
        if metric.name == names.EXPORT_FAILURES.name
        for _, value in metric.points
    )


@pytest.mark.requirement("OB-07")
@pytest.mark.usefixtures("fresh")
@FEW
@given(st.lists(steps(1), min_size=1, max_size=2), st.lists(st.sampled_from(BAD), min_size=1, max_size=3))
def test_property_23_export_failure_resilience(story: list[Step], answers: list[Answer]) -> None:
    """Export failure resilience."""
    with Receiver() as receiver, sending_to(receiver.url) as observability:
        telemetry = observability.telemetry
        assert telemetry is not None
        teller = Teller()
        for answer in answers:
            receiver.answer = answer
            assert all(one.as_it_should for one in teller.tell(story))
            before = telemetry.report()["failures"]
            telemetry.pipeline.sender.resume()
            telemetry.flush(5.0)
            # A yes with a body that nobody can read is a yes all the same.
            assert answer is Answer.UNREADABLE or telemetry.report()["failures"] > before
        receiver.answer = Answer.OK
        for _ in range(2):
            telemetry.pipeline.sender.resume()
            assert telemetry.flush(10.0)
        report = telemetry.report()
        assert not report["dropped"]
        assert everything(receiver) == Counter(one.number for one in teller.told)
        assert counted(receiver) == report["failures"]


@pytest.mark.requirement("OB-07")
@pytest.mark.usefixtures("fresh")
@FEW
@given(st.lists(stories, min_size=1, max_size=3))
def test_property_24_endpoint_unavailability_resilience(told_while_away: list[list[Step]]) -> None:
    """Endpoint unavailability resilience."""
    with Receiver() as receiver:
        receiver.offline()
        with sending_to(receiver.url) as observability:
            telemetry = observability.telemetry
            assert telemetry is not None
            teller = Teller()
            for story in told_while_away:
                assert all(one.as_it_should for one in teller.tell(story))
                telemetry.flush(1.0)
            assert receiver.requests == []
            assert telemetry.report()["failures"] > 0
            assert not telemetry.report()["dropped"]
            receiver.online()
            telemetry.pipeline.sender.resume()
            assert telemetry.flush(10.0)
            assert everything(receiver) == Counter(one.number for one in teller.told)
            assert telemetry.flush(10.0)
            assert counted(receiver) == telemetry.report()["failures"]
            assert Counter(log.attributes[STEP] for log in receiver.logs if STEP in log.attributes) == Counter(
                {one.number: 2 for one in teller.told}
            )
