"""Operations under observation: one line on a service method makes its metrics, its trace and its records."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from andiron.sdk.operations.database import observe_database as observe_database
    from andiron.sdk.operations.decorator import Operation as Operation
    from andiron.sdk.operations.decorator import operation as operation
    from andiron.sdk.operations.errors import ObservabilityErrorHandler as ObservabilityErrorHandler
    from andiron.sdk.operations.lifecycle import Observability as Observability
    from andiron.sdk.operations.lifecycle import init_observability as init_observability
    from andiron.sdk.operations.lifecycle import shutdown_observability as shutdown_observability
    from andiron.sdk.operations.logs import StructuredLogger as StructuredLogger
    from andiron.sdk.operations.metrics import MetricsInstrumentor as MetricsInstrumentor
    from andiron.sdk.operations.running import Running as Running
    from andiron.sdk.operations.running import current_operation as current_operation
    from andiron.sdk.operations.settings import ObservabilitySettings as ObservabilitySettings
    from andiron.sdk.operations.tracing import TracingInstrumentor as TracingInstrumentor

# Imported when asked for: `names` is read by parts that those below import.
_PUBLIC = {
    "MetricsInstrumentor": "metrics",
    "Observability": "lifecycle",
    "ObservabilityErrorHandler": "errors",
    "ObservabilitySettings": "settings",
    "Operation": "decorator",
    "Running": "running",
    "StructuredLogger": "logs",
    "TracingInstrumentor": "tracing",
    "current_operation": "running",
    "init_observability": "lifecycle",
    "observe_database": "database",
    "operation": "decorator",
    "shutdown_observability": "lifecycle",
}
__all__ = [  # noqa: PLE0604 - of the table above
    *_PUBLIC,
]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(importlib.import_module(f"{__name__}.{_PUBLIC[name]}"), name)
    return value
