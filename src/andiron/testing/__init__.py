"""For tests of applications that use Andiron: what was recorded, a server to send it to, and a clean slate.

`andiron.testing.plugin` offers the same as pytest fixtures.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from andiron.testing.capture import Capture
    from andiron.testing.receiver import Answer, Receiver
    from andiron.testing.records import Log, Metric, Records, Span
    from andiron.testing.state import reset
    from andiron.testing.transport import RecordingTransport

__all__ = ["Answer", "Capture", "Log", "Metric", "Receiver", "RecordingTransport", "Records", "Span", "reset"]

HOMES = {
    "Answer": "receiver",
    "Capture": "capture",
    "Log": "records",
    "Metric": "records",
    "Receiver": "receiver",
    "RecordingTransport": "transport",
    "Records": "records",
    "Span": "records",
    "reset": "state",
}


def __getattr__(name: str) -> Any:
    """Import at the first use: every pytest run where Andiron is installed loads this package."""
    if name not in HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{HOMES[name]}"), name)
