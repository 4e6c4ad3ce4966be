"""Every setting of the application half, in one place.

An argument wins over `ANDIRON_*`, that over the variables of Logfire (`LOGFIRE_*`) and of OpenTelemetry (`OTEL_*`), those over `[tool.andiron]`
in the `pyproject.toml` of the current folder. A wrong variable costs a warning and is passed over: telemetry never stops an application.
"""

import os
import sys
import tomllib
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

from andiron.delivery.levels import Level
from andiron.errors import ConfigurationError
from andiron.units import Seconds, Size

DEFAULT_URL = "http://127.0.0.1:4318"
UNDER_TEST = {"export": False, "spool": "memory", "session": False, "native_crashes": False}
"""What holds in a test run of pytest where nobody says otherwise: an application's tests are not its telemetry."""


def option(default: Any, description: str, *variables: str, **more: Any) -> Any:
    """A setting with the variables of others that it also listens to."""
    return Field(default, description=description, json_schema_extra={"variables": list(variables)}, **more)


class SdkSettings(BaseModel):
    """What `andiron.configure` needs to know. Each field is an argument, `ANDIRON_<NAME>`, and a key of `[tool.andiron]`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    service: str = option(
        "",
        "Name of the service; else the distribution's or the program's.",
        "LOGFIRE_SERVICE_NAME",
        "OTEL_SERVICE_NAME",
    )
    environment: str = option("", "Where it runs: production, staging, …", "LOGFIRE_ENVIRONMENT")
    version: str = option("", "Version of the application; else the distribution's.", "LOGFIRE_SERVICE_VERSION")
    url: str = option(DEFAULT_URL, "Where telemetry goes.", "LOGFIRE_BASE_URL", "OTEL_EXPORTER_OTLP_ENDPOINT")
    token: SecretStr | None = option(
        None, "Write token, or session token with `gateway`; else the system's keyring is asked.", "LOGFIRE_TOKEN"
    )
    gateway: bool = option(False, "Send through a gateway with a session token instead of a write token.")
    headers: dict[str, str] = option({}, "More headers, as `name=value,name=value`.", "OTEL_EXPORTER_OTLP_HEADERS")
    export: bool = option(
        True, "Whether to send; off, records wait in the spool. `andiron.enable()` switches it while running."
    )
    disabled: bool = option(False, "Make no telemetry at all.", "OTEL_SDK_DISABLED")

    spool: str = option("", "Folder of the spool; `memory` for none on disk; empty is the user's state folder.")
    spool_bytes: Size = option(256_000_000, "Most bytes of the spool.")
    spool_age: Seconds = option(14 * 86400.0, "How long undelivered records are kept.")
    queue_size: int = option(1024, "Records in memory before the least severe is dropped.", ge=1)
    batch_size: int = option(256, "Records after which a batch is written.", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", ge=1)
    flush_interval: Seconds = option(
        1.0, "Seconds after which a batch is written, however small. 30 suits devices.", gt=0
    )
    record_bytes: Size = option(65_536, "Bytes above which a record is shortened.", ge=1000)
    compress: bool = option(True, "Compress batches with gzip, on disk and on the way.")
    timeout: Seconds = option(10.0, "Longest time of one request.", gt=0)
    exit_timeout: Seconds = option(5.0, "Longest time that the end of the process waits for delivery.", ge=0)
    bytes_per_second: Size | None = option(
        None, "Most bytes a second that are sent, so that a returning network is not flooded."
    )

    level: Level = option(
        Level.TRACE, "Least level of records, while no remote level says otherwise.", "LOGFIRE_MIN_LEVEL"
    )
    sample: float = option(
        1.0, "Share of traces that is recorded, decided at their start.", "LOGFIRE_TRACE_SAMPLE_RATE", ge=0, le=1
    )
    redact: bool = option(True, "Take secrets and personal data out before anything is stored.")
    redaction: str = option("", "File of further rules of redaction (TOML).")
    pending_after: Seconds = option(1.0, "Seconds after which a span that still runs is shown; 0: never.", ge=0)
    console: Literal["auto", "json", "text", "off"] = option(
        "auto", "What is also written to stdout: JSON lines, Logfire's text, nothing; auto is text on a terminal."
    )
    metrics: bool = option(True, "Collect metrics.")
    metrics_interval: Seconds = option(60.0, "Seconds between two collections.", gt=0)
    temporality: Literal["delta", "cumulative"] = option(
        "delta", "What each collection counts from: the one before, or the start; Prometheus wants `cumulative`."
    )
    histograms: Literal["exponential", "explicit"] = option(
        "exponential", "Buckets of histograms: as fine as the values, or at the bounds that each instrument asks for."
    )
    distributed_tracing: bool = option(
        True, "Take the trace context of incoming requests.", "LOGFIRE_DISTRIBUTED_TRACING"
    )

    logging: bool = option(True, "Send records of the standard library's `logging`.")
    session: bool = option(True, "Mark the session's start and end.")
    breadcrumbs: int = option(50, "Recent events that go with an error; 0: none.", ge=0)
    crashes: bool = option(True, "Report exceptions that nobody caught.")
    native_crashes: bool = option(True, "Report SIGSEGV and the like at the next start.")
    vitals: bool = option(False, "Measure event-loop stalls, garbage collection, start time, memory.")
    connectivity: bool = option(True, "Record `network_changed` when the server goes and comes.")
    remote_level: bool = option(False, "Ask the server which levels are wanted.")
    remote_level_interval: Seconds = option(60.0, "Seconds between two such questions.", gt=0)
    keyring: bool = option(True, "Look for the token in the system's keyring when none is given.")
    state: str = option("", "Folder of the install id and crash files; empty is the user's state folder.")

    @field_validator("level", mode="before")
    @classmethod
    def _level(cls, value: Any) -> Any:
        if isinstance(value, str) and not value.isdigit():
            return Level.named(value)
        return Level.of(int(value))

    @field_validator("headers", mode="before")
    @classmethod
    def _headers(cls, value: Any) -> Any:
        if isinstance(value, str):
            pairs = [part.partition("=") for part in value.split(",") if part.strip()]
            if any(not found for _, found, _ in pairs):
                raise ValueError("headers are written name=value,name=value")
            return {name.strip(): content.strip() for name, _, content in pairs}
        return value

    @field_validator("url")
    @classmethod
    def _url(cls, value: str) -> str:
        if not value.startswith(("http://", "https://")):
            raise ValueError(f"{value!r} is no address; write http://host:port or https://host")
        return value.rstrip("/")

    @property
    def local(self) -> bool:
        """Whether the server is this machine's."""
        return self.url.split("://")[1].split("/")[0].rsplit(":", 1)[0] in ("127.0.0.1", "localhost", "[::1]")


def variables(name: str) -> list[str]:
    """The environment variables of a setting, the first that is set wins."""
    extra = SdkSettings.model_fields[name].json_schema_extra
    others = extra["variables"] if isinstance(extra, dict) else []
    return [f"ANDIRON_{name.upper()}", *(str(other) for other in others)] if isinstance(others, list) else []


def from_environment(environ: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Values with the variable that each comes from."""
    found = {}
    for name in SdkSettings.model_fields:
        for variable in variables(name):
            if environ.get(variable, "").strip():
                found[name] = (environ[variable], variable)
                break
    return found


def from_pyproject(folder: Path) -> dict[str, tuple[Any, str]]:
    """Values of `[tool.andiron]`."""
    path = folder / "pyproject.toml"
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8")).get("tool", {}).get("andiron", {})
    except (OSError, ValueError):
        return {}
    return {name.replace("-", "_"): (value, f"[tool.andiron] {name} in {path}") for name, value in table.items()}


def read_settings(
    given: Mapping[str, Any], environ: Mapping[str, str] | None = None, folder: Path | None = None
) -> SdkSettings:
    """The settings from all their places. A wrong argument raises `ConfigurationError`; anything else that is wrong warns."""
    arguments = {name: value for name, value in given.items() if value is not None}
    elsewhere = {
        **from_pyproject(folder or Path.cwd()),
        **from_environment(os.environ if environ is None else environ),
    }
    tests: dict[str, Any] = {}
    if environ is None:
        tell_misspelt(os.environ)
        if "PYTEST_VERSION" in os.environ and "_pytest.config" in sys.modules:
            tests = UNDER_TEST
    while True:
        values = {**tests, **{name: value for name, (value, _) in elsewhere.items()}, **arguments}
        try:
            return SdkSettings(**values)
        except ValidationError as error:
            for problem in error.errors():
                name, message = str(problem["loc"][0]), problem["msg"].removeprefix("Value error, ")
                if problem["type"] == "extra_forbidden":
                    message = f"there is no such setting{meant(name)}"
                if name in arguments:
                    raise ConfigurationError(f"andiron.configure({name}=…): {message}.") from None
                where = elsewhere.pop(name)[1]
                warnings.warn(f"{where} is passed over: {message}.", stacklevel=3)


def tell_misspelt(environ: Mapping[str, str]) -> None:
    """Warn of variables that look like a setting and are none. Others that begin with ANDIRON_ belong to the server or the application."""
    known = {variable for name in SdkSettings.model_fields for variable in variables(name)}
    for variable in environ:
        if (
            variable.startswith("ANDIRON_")
            and variable not in known
            and (like := meant(variable[8:].lower(), "ANDIRON_"))
        ):
            warnings.warn(f"{variable} is no setting of an application{like}.", stacklevel=4)


def meant(name: str, prefix: str = "") -> str:
    """What was meant by a name that is not known, as the end of a sentence; nothing where that cannot be told."""
    from difflib import get_close_matches

    like = get_close_matches(name, SdkSettings.model_fields, 1, 0.8)
    if not like:
        return ""
    return f"; the nearest is {prefix + like[0].upper() if prefix else like[0]}"
