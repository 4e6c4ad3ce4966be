"""Every setting of the server, in one place: a field here is `ANDIRON_<NAME>` in the environment and in `.env`.

Read by `andiron serve` and by the commands that work on the same data; nothing else reads the environment.
"""

import ipaddress
import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from andiron.units import Duration, Size, size


def separated(value: Any) -> Any:
    """Read `a, b` as two entries."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def leading(value: str) -> str:
    """`/andiron`, or nothing."""
    wanted = value.rstrip("/")
    if wanted and not PREFIX.fullmatch(wanted):
        raise ValueError(f"{value!r} is no path; write it as the browser shows it, as in /andiron")
    return wanted


def whole(address: str) -> str:
    """Write a bare port with the host that it stands for, and `:port` with all interfaces."""
    if address.isdecimal():
        return f"127.0.0.1:{address}"
    return f"0.0.0.0{address}" if address.startswith(":") else address  # noqa: S104 - what `:4318` means by convention


PREFIX = re.compile(r"(/(?!\.{1,2}(/|$))[A-Za-z0-9._~-]+)+")
Address = Annotated[str, AfterValidator(whole)]
Separated = Annotated[list[str], NoDecode, BeforeValidator(separated)]


class Settings(BaseSettings):
    """What `andiron serve` needs to know. The defaults are right for one machine."""

    model_config = SettingsConfigDict(env_prefix="ANDIRON_", env_file=".env", extra="ignore", frozen=True)

    http: Address = Field("127.0.0.1:4318", description="Address of HTTP: OTLP, the query API, health and metrics.")
    grpc: Address = Field("127.0.0.1:4317", description="Address of OTLP over gRPC; `off` for none.")
    data: Path = Field(
        Path("andiron-data"), description="Folder of the journal, the quarantine, the metadata and the embedded store."
    )
    store: str = Field(
        "",
        description="A ClickHouse server instead of the embedded one: `clickhouse://user:password@host:8123/database`.",
    )
    metadata: str = Field("", description="SQLAlchemy URL of the metadata; empty is SQLite in the data folder.")
    project: str = Field(
        "default", description="Name of the project that requests without a token write to and read from."
    )
    cors_origins: Separated = Field(
        [], description="Origins whose pages may send telemetry from a browser; `*` for any."
    )
    allowed_hosts: Separated = Field(
        [],
        description="Host names, beside the bound one and localhost, that requests may name, as behind a proxy; then tokens are necessary.",
    )
    prefix: Annotated[str, AfterValidator(leading)] = Field(
        "",
        description="Path under which a reverse proxy shows Andiron, as in `/andiron`, if the proxy leaves it on; one that takes it off needs none.",
    )
    log_level: str = Field("info", description="Least level of Andiron's own log: debug, info, warning or error.")

    retention_traces: Duration = Field(timedelta(days=30), description="How long spans are kept, from their receipt.")
    retention_logs: Duration = Field(timedelta(days=30), description="How long logs are kept, from their receipt.")
    retention_metrics: Duration = Field(
        timedelta(days=90), description="How long metrics are kept, from their receipt."
    )

    max_body: Size = Field(64_000_000, description="Largest request body, as sent.")
    max_decompressed: Size = Field(256_000_000, description="Largest request body, decompressed.")
    max_expansion: int = Field(200, description="Largest ratio of a decompressed body to the sent one, above 1 MB.")
    max_records: int = Field(
        250_000,
        description="Most spans, log records, metrics and data points of a request, with their resources and scopes.",
    )
    max_nesting: int = Field(32, description="Deepest nesting of attribute values.")
    max_in_flight: Size = Field(
        512_000_000, description="Bytes of request bodies held in memory at once; above it, 429."
    )
    max_backlog: Size = Field(4_000_000_000, description="Bytes that wait in the journal for the store; above it, 503.")
    min_free_disk: Size = Field(256_000_000, description="Free bytes on the data disk below which ingest answers 503.")

    idempotency_age: Duration = Field(
        timedelta(days=30),
        description="How long idempotency keys are remembered; longer than senders keep what they could not deliver.",
    )
    idempotency_memory: Size = Field(
        64_000_000,
        description="Most memory for idempotency keys; above it, the oldest are forgotten. A numbered stream costs next to nothing.",
    )

    query_timeout: Duration = Field(timedelta(seconds=30), description="Longest time a query may take.")
    query_memory: Size = Field(2_000_000_000, description="Most memory a query may use.")
    query_rows: int = Field(10_000, description="Most rows a query may return.")

    @property
    def embedded(self) -> bool:
        """Whether ClickHouse runs inside this process."""
        return not self.store

    @property
    def loopback(self) -> bool:
        """Whether both listeners are out of reach of other machines."""
        return all(is_loopback(address) for address in (self.http, self.grpc) if address != "off")


SIZED = {name for name, field in Settings.model_fields.items() if BeforeValidator(size) in field.metadata}
"""The settings that are sizes."""


def host_and_port(address: str) -> tuple[str, int]:
    """Split `host:port`, `[::1]:port`, `:port` (all interfaces) or a bare port (this machine alone)."""
    host, _, port = whole(address).rpartition(":")
    if not port.isdecimal() or int(port) > 65535:
        raise ValueError(f"{address!r} is no address; write host:port, as in 127.0.0.1:4318")
    return host.strip("[]"), int(port)


def is_loopback(address: str) -> bool:
    """Whether only this machine can reach `address`."""
    host, _ = host_and_port(address)
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
