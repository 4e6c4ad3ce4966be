"""`ObservabilitySettings`: what `init_observability` needs to know beyond what `andiron.configure` asks."""

import contextlib
import os
import re
import warnings
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from andiron.errors import ConfigurationError
from andiron.sdk import settings as sdk
from andiron.units import Seconds

PREFIX = "OBSERVABILITY_"
OPPOSITE = {**dict.fromkeys(("1", "true", "yes", "on"), False), **dict.fromkeys(("0", "false", "no", "off"), True)}


def option(default: Any, description: str, *variables: str, **more: Any) -> Any:
    """A setting with the variables of `andiron.configure` and of OpenTelemetry that it also listens to, in this order."""
    return Field(default, description=description, json_schema_extra={"variables": list(variables)}, **more)


class ObservabilitySettings(BaseModel):
    """Each field is an argument and `OBSERVABILITY_<NAME>`. What is empty is left to `andiron.configure` and its variables."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    enabled: bool = option(
        True, "Off, operations only run, and nothing is configured.", "ANDIRON_DISABLED", "OTEL_SDK_DISABLED"
    )
    service_name: str = option("", "Name of the service.", *sdk.variables("service"))
    service_version: str = option("", "Version of the service.", *sdk.variables("version"))
    environment: str = option("", "Where it runs: production, staging, …", *sdk.variables("environment"))
    otlp_endpoint: str = option("", "Where telemetry goes, as OTLP over HTTP.", *sdk.variables("url"))
    traces: bool = option(True, "Make spans.")
    metrics: bool = option(True, "Measure.", "ANDIRON_METRICS")
    logs: bool = option(True, "Write records of operations.")
    metric_interval: Seconds = option(
        15.0,
        "Seconds between two deliveries of metrics.",
        "ANDIRON_METRICS_INTERVAL",
        "OTEL_METRIC_EXPORT_INTERVAL",
        gt=0,
    )
    temporality: Literal["delta", "cumulative"] = option(
        "delta",
        "What a delivery of metrics counts from: the one before, or the start. A Collector that feeds Prometheus wants `cumulative`.",
        "ANDIRON_TEMPORALITY",
        "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE",
    )
    log_format: Literal["auto", "json", "text", "off"] = option(
        "auto", "What is written to stdout: JSON lines, text, nothing; auto is text on a terminal.", "ANDIRON_CONSOLE"
    )
    prometheus: bool = option(
        True, "Serve the metrics for scraping, where an application is given and `andiron[prometheus]` is installed."
    )
    metrics_path: str = option("/metrics", "Where they are served.", pattern="^/")
    excluded_urls: str = option(
        "://[^/]+/metrics$,://[^/]+/healthz$,://[^/]+/readyz$",
        "Requests without a span: regular expressions, separated by commas, sought in `http://host/path`.",
    )

    @classmethod
    def read(cls, environ: Mapping[str, str] | None = None, **arguments: Any) -> "ObservabilitySettings":
        """The settings from arguments and from the environment. A wrong argument raises `ConfigurationError`; a wrong variable warns."""
        given = {name: value for name, value in arguments.items() if value is not None}
        found = from_environment(os.environ if environ is None else environ)
        while True:
            first = {name: candidates[0][0] for name, candidates in found.items() if candidates}
            try:
                return cls(**{**first, **given})
            except ValidationError as error:
                for problem in error.errors():
                    name, message = str(problem["loc"][0]), problem["msg"].removeprefix("Value error, ")
                    if problem["type"] == "extra_forbidden":
                        message = f"there is no such setting; there are {', '.join(cls.model_fields)}"
                    if name in given:
                        raise ConfigurationError(f"ObservabilitySettings({name}=…): {message}.") from None
                    warnings.warn(f"{found[name].pop(0)[1]} is passed over: {message}.", stacklevel=2)

    @field_validator("otlp_endpoint")
    @classmethod
    def _endpoint(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError(f"{value!r} is no address; write http://host:port or https://host")
        return value

    @field_validator("excluded_urls")
    @classmethod
    def _patterns(cls, value: str) -> str:
        for pattern in value.split(","):
            try:
                re.compile(pattern.strip())
            except re.error as error:
                raise ValueError(f"{pattern.strip()!r} is no regular expression: {error}") from None
        return value


def variables(name: str) -> list[str]:
    """The environment variables of a setting; the first that is set wins."""
    extra = ObservabilitySettings.model_fields[name].json_schema_extra
    others = extra["variables"] if isinstance(extra, dict) else []
    return [f"{PREFIX}{name.upper()}", *(str(other) for other in others)] if isinstance(others, list) else []


def from_environment(environ: Mapping[str, str]) -> dict[str, list[tuple[Any, str]]]:
    """Values with the variable that each comes from, the one that wins first."""
    return {
        name: [
            (translated(variable, text), variable)
            for variable in variables(name)
            if (text := environ.get(variable, "").strip())
        ]
        for name in ObservabilitySettings.model_fields
    }


def translated(variable: str, text: str) -> Any:
    """The words of others in ours."""
    if variable.endswith("_DISABLED"):
        return OPPOSITE.get(text.lower(), text)
    if variable == "OTEL_METRIC_EXPORT_INTERVAL":
        with contextlib.suppress(ValueError):
            return float(text) / 1000
    if variable == "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE":
        return "delta" if text.lower() == "lowmemory" else text.lower()
    return text
