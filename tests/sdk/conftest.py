"""What tests elsewhere may have left in the process is not what these are about."""

from collections.abc import Iterator

import pytest
from opentelemetry import propagate

from andiron.testing.state import default_textmap


@pytest.fixture(autouse=True)
def propagator() -> Iterator[None]:
    """OpenTelemetry's own: Logfire puts one in its place that warns of a context that comes from elsewhere."""
    before = propagate.get_global_textmap()
    propagate.set_global_textmap(default_textmap())
    yield
    propagate.set_global_textmap(before)
