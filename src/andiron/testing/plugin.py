"""Andiron's fixtures for pytest: `capture`, `otlp_server`, `mock_transport`, `andiron_env`, `reset_telemetry`.

Every run of pytest loads this file where Andiron is installed, so it imports nothing until a fixture is asked for.
"""

import os
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from andiron.testing.capture import Capture
    from andiron.testing.receiver import Receiver
    from andiron.testing.transport import RecordingTransport

LISTENS_TO = ("ANDIRON_", "LOGFIRE_", "OTEL_")
QUIET = {
    "ANDIRON_CONSOLE": "off",
    "ANDIRON_EXPORT": "false",
    "ANDIRON_KEYRING": "false",
    "ANDIRON_NATIVE_CRASHES": "false",
    "ANDIRON_REMOTE_LEVEL": "false",
    "ANDIRON_SPOOL": "memory",
    "LOGFIRE_SEND_TO_LOGFIRE": "false",
}
"""Nothing leaves the process, and nothing is left on the machine."""


class Environment:
    """Sets environment variables for one test: `andiron_env(ANDIRON_SERVICE="shop")`; None removes one."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._patch = patch

    def __call__(self, **variables: str | None) -> None:
        for name, value in variables.items():
            if value is None:
                self._patch.delenv(name, raising=False)
            else:
                self._patch.setenv(name, value)


@pytest.fixture
def andiron_env(tmp_path: Path) -> Iterator[Environment]:
    """The environment without any variable that telemetry listens to; restored afterwards."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(LISTENS_TO)]:
            patch.delenv(name)
        environment = Environment(patch)
        environment(**QUIET, ANDIRON_STATE=str(tmp_path / "andiron-state"))
        yield environment


@pytest.fixture
def reset_telemetry(andiron_env: Environment) -> Iterator[None]:  # noqa: ARG001 - asked for its effect
    """Telemetry as in a process that has just started, before the test and after it."""
    from andiron.testing.state import reset

    reset()
    yield
    reset()


@pytest.fixture
def capture(reset_telemetry: None) -> "Iterator[Capture]":  # noqa: ARG001 - asked for its effect
    """The spans, logs and metrics that the test records."""
    from andiron.testing.capture import Capture

    with Capture() as caught:
        yield caught


@pytest.fixture
def otlp_server(reset_telemetry: None, andiron_env: Environment) -> "Iterator[Receiver]":  # noqa: ARG001 - as above
    """A server of OTLP on this machine, where `andiron.configure()` sends to."""
    from andiron.testing.receiver import Receiver

    with Receiver() as receiver:
        andiron_env(ANDIRON_URL=receiver.url, ANDIRON_EXPORT="true")
        yield receiver


@pytest.fixture
def mock_transport() -> "RecordingTransport":
    """A transport for clients of httpx that answers from memory."""
    from andiron.testing.transport import RecordingTransport

    return RecordingTransport()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, None]:
    """Show with a failed test what it recorded."""
    outcome = yield
    report = outcome.get_result()
    capture: Any = getattr(item, "funcargs", {}).get("capture")
    if report.when == "call" and report.failed and type(capture).__module__ == "andiron.testing.capture":
        report.sections.append(("Spans recorded", capture.tree() or "  none"))
