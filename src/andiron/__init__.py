"""Andiron: the self-hosted home for Logfire and OpenTelemetry.

In an application: `andiron.configure()`, and `andiron.bootstrap_logfire(app)` for FastAPI and Starlette.
"""

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from andiron.sdk.bootstrap import bootstrap_logfire as bootstrap_logfire
    from andiron.sdk.bootstrap import configure_logger as configure_logger
    from andiron.sdk.breadcrumbs import breadcrumb as breadcrumb
    from andiron.sdk.bridges.stdlib import install_json_logging as install_json_logging
    from andiron.sdk.configure import Telemetry as Telemetry
    from andiron.sdk.configure import configure as configure
    from andiron.sdk.integrations import instrument_integrations as instrument_integrations
    from andiron.sdk.jsonlog import log_line_schema as log_line_schema
    from andiron.sdk.operations.database import observe_database as observe_database
    from andiron.sdk.operations.decorator import operation as operation
    from andiron.sdk.operations.lifecycle import init_observability as init_observability
    from andiron.sdk.operations.lifecycle import shutdown_observability as shutdown_observability
    from andiron.sdk.operations.running import current_operation as current_operation
    from andiron.sdk.switches import enable as enable
    from andiron.sdk.switches import flush as flush
    from andiron.sdk.switches import report as report
    from andiron.sdk.switches import set_online as set_online
    from andiron.sdk.switches import set_user as set_user

# Imported when asked for: `andiron serve` needs none of Logfire, and an application none of the server.
_PUBLIC = {
    "shutdown_observability": "andiron.sdk.operations.lifecycle",
    "operation": "andiron.sdk.operations.decorator",
    "observe_database": "andiron.sdk.operations.database",
    "init_observability": "andiron.sdk.operations.lifecycle",
    "current_operation": "andiron.sdk.operations.running",
    "Telemetry": "andiron.sdk.configure",
    "bootstrap_logfire": "andiron.sdk.bootstrap",
    "breadcrumb": "andiron.sdk.breadcrumbs",
    "configure": "andiron.sdk.configure",
    "configure_logger": "andiron.sdk.bootstrap",
    "enable": "andiron.sdk.switches",
    "flush": "andiron.sdk.switches",
    "install_json_logging": "andiron.sdk.bridges.stdlib",
    "instrument_integrations": "andiron.sdk.integrations",
    "log_line_schema": "andiron.sdk.jsonlog",
    "report": "andiron.sdk.switches",
    "set_online": "andiron.sdk.switches",
    "set_user": "andiron.sdk.switches",
}
__all__ = [
    "Telemetry",
    "__version__",
    "bootstrap_logfire",
    "breadcrumb",
    "configure",
    "configure_logger",
    "current_operation",
    "enable",
    "flush",
    "init_observability",
    "install_json_logging",
    "instrument_integrations",
    "log_line_schema",
    "observe_database",
    "operation",
    "report",
    "set_online",
    "set_user",
    "shutdown_observability",
]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'andiron' has no attribute {name!r}")
    value = globals()[name] = getattr(importlib.import_module(_PUBLIC[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_PUBLIC})
