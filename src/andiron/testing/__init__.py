"""For tests of applications that use Andiron: what was recorded, a server to send it to, and a clean slate.

`andiron.testing.plugin` offers the same as pytest fixtures.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from andiron.testing.receiver import Answer, Receiver
    from andiron.testing.records import Log, Metric, Records, Span

__all__ = ["Answer", "Log", "Metric", "Receiver", "Records", "Span"]

HOMES = {
    "Answer": "receiver",
    "Log": "records",
    "Metric": "records",
    "Receiver": "receiver",
    "Records": "records",
    "Span": "records",
}


def __getattr__(name: str) -> Any:
    """Import at the first use: every pytest run where Andiron is installed loads this package."""
    if name not in HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{HOMES[name]}"), name)
