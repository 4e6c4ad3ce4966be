"""One call for a web application, one for a logger."""

import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal

from andiron.errors import ConfigurationError
from andiron.sdk import configure as configuration
from andiron.sdk.lifespan import watch

if TYPE_CHECKING:
    from logfire import Logfire

Instrumentation = Literal["lean", "logfire", "opentelemetry"]


def bootstrap_logfire(
    app: Any,
    *,
    instrumentation: Instrumentation = "lean",
    excluded_urls: str | Iterable[str] | None = None,
    request_attributes_mapper: Callable[..., dict[str, Any] | None] | None = None,
    instrument: Mapping[str, Any] | None = None,
    instrument_options: Mapping[str, Any] | None = None,
    **settings: Any,
) -> "configuration.Telemetry":
    """Configure telemetry, unless that was done, and give every request of `app` (FastAPI, Starlette) one span.

    `instrumentation` chooses Andiron's lean span, Logfire's, or OpenTelemetry's. `instrument` switches libraries, as
    `instrument_integrations` does; other arguments are those of `configure`.
    """
    if instrumentation not in ("lean", "logfire", "opentelemetry"):
        raise ConfigurationError(f"instrumentation is lean, logfire or opentelemetry, not {instrumentation!r}.")
    telemetry = configuration.current
    if telemetry is None or settings:
        telemetry = configuration.configure(**settings)
    options = dict(instrument_options or {})
    try:
        watch(app)
        if instrumentation == "lean":
            from andiron.sdk.asgi import instrument as lean

            lean(app, excluded_urls=excluded_urls, request_attributes_mapper=request_attributes_mapper, **options)
        elif instrumentation == "logfire":
            telemetry.logfire.instrument_fastapi(
                app, excluded_urls=excluded_urls, request_attributes_mapper=request_attributes_mapper, **options
            )
        else:
            from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor

            if request_attributes_mapper is not None:
                warnings.warn(
                    "OpenTelemetry's instrumentation has no request_attributes_mapper: it is passed over.", stacklevel=2
                )
            if excluded_urls is not None and not isinstance(excluded_urls, str):
                excluded_urls = ",".join(excluded_urls)
            FastAPIInstrumentor.instrument_app(app, excluded_urls=excluded_urls, **options)
    except Exception as error:  # noqa: BLE001 - an application without telemetry is better than none
        warnings.warn(f"{app!r} could not be instrumented ({instrumentation}): {error}", stacklevel=2)
    if instrument:
        from andiron.sdk.integrations import instrument_integrations

        instrument_integrations(**instrument)
    return telemetry


def configure_logger(service: str = "", **settings: Any) -> "Logfire":
    """Configure telemetry and give the logger to use. An empty service name falls back as `configure` does.

    Nothing that goes wrong in here stops the application: it is told by a warning, and the logger then writes nowhere.
    """
    try:
        return configuration.configure(service=service or None, **settings).logfire
    except Exception as error:  # noqa: BLE001 - as the docstring says
        import logfire

        warnings.warn(f"Telemetry could not be configured: {error}", stacklevel=2)
        return logfire.DEFAULT_LOGFIRE_INSTANCE
