"""Carries records from the application to the server: guard, queue, spool, exporter, retry."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from andiron.delivery.exporters import ExportResult as ExportResult
    from andiron.delivery.exporters import LogfireExporter as LogfireExporter
    from andiron.delivery.exporters import OtelExporter as OtelExporter
    from andiron.delivery.exporters import ProxyExporter as ProxyExporter
    from andiron.delivery.guard import Sampling as Sampling
    from andiron.delivery.levels import Level as Level
    from andiron.delivery.memory_spool import MemorySpool as MemorySpool
    from andiron.delivery.records import LogRecord as LogRecord
    from andiron.delivery.records import LogSink as LogSink
    from andiron.delivery.sinks import BackendLogSink as BackendLogSink
    from andiron.delivery.sinks import Logger as Logger
    from andiron.delivery.sinks import LogSanitizer as LogSanitizer
    from andiron.delivery.sinks import MemorySink as MemorySink
    from andiron.delivery.sinks import OtelSink as OtelSink
    from andiron.delivery.spool import DiskQueue as DiskQueue
    from andiron.delivery.spool import Spool as Spool

# Imported when asked for: the command line wants the spool without OpenTelemetry.
_PUBLIC = {
    "BackendLogSink": "sinks",
    "DiskQueue": "spool",
    "ExportResult": "exporters",
    "Level": "levels",
    "LogRecord": "records",
    "LogSanitizer": "sinks",
    "LogSink": "records",
    "LogfireExporter": "exporters",
    "Logger": "sinks",
    "MemorySink": "sinks",
    "MemorySpool": "memory_spool",
    "OtelExporter": "exporters",
    "OtelSink": "sinks",
    "ProxyExporter": "exporters",
    "Sampling": "guard",
    "Spool": "spool",
}


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'andiron.delivery' has no attribute {name!r}")
    value = globals()[name] = getattr(importlib.import_module(f"andiron.delivery.{_PUBLIC[name]}"), name)
    return value
