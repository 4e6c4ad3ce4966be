"""Andiron: the self-hosted home for Logfire and OpenTelemetry.

In an application: `andiron.configure()`, and `andiron.bootstrap_logfire(app)` for FastAPI and Starlette.
"""

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from andiron.sdk.bootstrap import bootstrap_logfire as bootstrap_logfire
    from andiron.sdk.bootstrap import configure_logger as configure_logger
    from andiron.sdk.configure import Telemetry as Telemetry
    from andiron.sdk.configure import configure as configure

# Imported when asked for: `andiron serve` needs none of Logfire, and an application none of the server.
_PUBLIC = {
    "Telemetry": "andiron.sdk.configure",
    "bootstrap_logfire": "andiron.sdk.bootstrap",
    "configure": "andiron.sdk.configure",
    "configure_logger": "andiron.sdk.bootstrap",
    "enable": "andiron.sdk.switches",
    "flush": "andiron.sdk.switches",
    "report": "andiron.sdk.switches",
}
__all__ = [
    "Telemetry",
    "__version__",
    "bootstrap_logfire",
    "configure",
    "configure_logger",
    "enable",
    "flush",
    "report",
]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'andiron' has no attribute {name!r}")
    value = globals()[name] = getattr(importlib.import_module(_PUBLIC[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_PUBLIC})
