"""Each test of operations starts as a process does: nothing configured, no variable of telemetry set."""

from collections.abc import Iterator

import pytest

from tests.operations.observed import Observed, observing


@pytest.fixture(autouse=True)
def fresh(reset_telemetry: None) -> None:
    """Telemetry as in a process that has just started."""


@pytest.fixture
def observed(fresh: None) -> Iterator[Observed]:
    """What the operations of this test leave."""
    with observing() as observed:
        yield observed
