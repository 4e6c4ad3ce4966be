"""Write docs/settings.md and docs/application-settings.md from what the code knows: every setting, and every metric of the server.

python scripts/reference.py
"""

from datetime import timedelta
from pathlib import Path
from typing import Any

from andiron.delivery.levels import Level
from andiron.sdk.settings import SdkSettings, variables
from andiron.server.observe import Instruments
from andiron.server.settings import SIZED, Settings

PAGE = Path(__file__).parent.parent / "docs" / "settings.md"
APPLICATION = PAGE.with_name("application-settings.md")

HEAD = """# Settings, endpoints, metrics

Written by `python scripts/reference.py`; a test fails when it is stale.

## Settings

Each is an environment variable, or a line in `.env` in the current folder. `andiron serve` takes the first four as options too
(`--http`, `--grpc`, `--data`, `--store`), and an option wins. Durations are written `90s`, `15m`, `12h`, `30d`, `4w`; sizes `64MB`, `2GiB`.

| variable | default | meaning |
|---|---|---|
"""

ENDPOINTS = """
## Endpoints

| endpoint | is |
|---|---|
| `POST /v1/traces`, `/v1/logs`, `/v1/metrics` | OTLP, Protobuf or JSON; identity, gzip, deflate, zstd |
| gRPC `opentelemetry.proto.collector.{trace,logs,metrics}.v1` | OTLP, with gzip |
| `POST /v2/query`, `GET /v1/query` | SQL: see [sql.md](sql.md) |
| `GET /v1/schemas` | the tables that SQL sees |
| `/pages/api/…` | what the pages ask; for governing a server by program see [operations.md](operations.md) |
| `GET /v1/info`, `/v1/read-token-info` | what a token belongs to; the Logfire SDK asks at start |
| `GET /healthz`, `/readyz` | the process lives; telemetry is taken and can be queried |
| `GET /metrics` | the metrics below |

## Metrics

| metric | kind | meaning |
|---|---|---|
"""


def default(name: str, value: Any) -> str:
    """A default as one would write it."""
    if isinstance(value, timedelta):
        seconds = int(value.total_seconds())
        return f"{seconds // 86400}d" if seconds % 86400 == 0 else f"{seconds}s"
    if name in SIZED:
        for unit, factor in (("GB", 1000**3), ("MB", 1000**2)):
            if value % factor == 0:
                return f"{value // factor}{unit}"
    return ", ".join(value) if isinstance(value, list) else str(value)


def page() -> str:
    """The whole page."""
    settings = "".join(
        f"| `ANDIRON_{name.upper()}` | {f'`{shown}`' if (shown := default(name, field.get_default(call_default_factory=True))) else ''} "
        f"| {field.description} |\n"
        for name, field in Settings.model_fields.items()
    )
    instruments = Instruments()
    metrics = "".join(
        f"| `{family.name}{'_total' if family.type == 'counter' else ''}` | {family.type} | {family.documentation} |\n"
        for family in instruments.registry.collect()
        if family.name.startswith("andiron_")
    )
    watched = "".join(f"| `{name}` | gauge | {text} |\n" for name, text in Instruments.WATCHED.items())
    return HEAD + settings + ENDPOINTS + metrics + watched + "\nBeside these, `process_*` and `python_gc_*`.\n"


APPLICATION_HEAD = """# Settings of an application's telemetry

Written by `python scripts/reference.py`; a test fails when it is stale.

Each setting is an argument of `andiron.configure` and `andiron.bootstrap_logfire`, an environment variable, and a key of `[tool.andiron]` in the
`pyproject.toml` of the current folder. The first that is set wins, in this order: the argument, `ANDIRON_*`, the variables of Logfire and
OpenTelemetry in the third column, `pyproject.toml`, the default. Durations are seconds or `90s`, `15m`, `12h`, `30d`; sizes bytes or `64MB`.
A wrong argument raises `andiron.errors.ConfigurationError`; a wrong variable costs one warning and is passed over.

| argument | variable | also read | default | meaning |
|---|---|---|---|---|
"""


def application_page() -> str:
    """The page of the application's settings."""
    rows = []
    for name, field in SdkSettings.model_fields.items():
        own, *others = variables(name)
        value = field.get_default(call_default_factory=True)
        shown = value.name.lower() if isinstance(value, Level) else str(value)
        cells = [f"`{name}`", f"`{own}`", ", ".join(f"`{other}`" for other in others)]
        cells += [f"`{shown}`" if value not in ("", None, {}) else "", str(field.description)]
        rows.append(f"| {' | '.join(cells)} |\n")
    return APPLICATION_HEAD + "".join(rows)


if __name__ == "__main__":
    PAGE.write_text(page())
    APPLICATION.write_text(application_page())
