"""What the application needs to know, from `CONTROL_CENTER_*`. Telemetry has its own settings: `ObservabilitySettings`."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

SQLITE = "sqlite+aiosqlite:///control-center.db"
EMBEDDED = "embedded"


@dataclass(frozen=True)
class Settings:
    """Each is a variable: `CONTROL_CENTER_DATABASE`, `CONTROL_CENTER_HTTP`, `CONTROL_CENTER_FAULTS`."""

    database: str = SQLITE
    """`sqlite+aiosqlite:///FILE`, `postgresql+asyncpg://…`, or `embedded` (`embedded:FOLDER`) for a PostgreSQL of its own."""
    host: str = "127.0.0.1"
    port: int = 8000
    faults: bool = False
    """Whether a request may ask to fail: see `faults.py`. Never where others can reach it."""

    @classmethod
    def read(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """The settings of the environment; raises `ValueError` for one that makes no sense."""
        host, colon, port = environ.get("CONTROL_CENTER_HTTP", f"{cls.host}:{cls.port}").rpartition(":")
        if not (host and colon and port.isdecimal()):
            raise ValueError("CONTROL_CENTER_HTTP is an address such as 127.0.0.1:8000.")
        faults = environ.get("CONTROL_CENTER_FAULTS", "0")
        if faults not in ("0", "1"):
            raise ValueError(f"CONTROL_CENTER_FAULTS is 0 or 1, not {faults!r}.")
        return cls(environ.get("CONTROL_CENTER_DATABASE") or SQLITE, host, int(port), faults == "1")
