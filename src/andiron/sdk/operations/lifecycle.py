"""`init_observability` puts everything in force, for the process and for an application; `shutdown_observability` takes it back."""

import os
import re
import threading
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from andiron.errors import ConfigurationError
from andiron.sdk import configure as configuration
from andiron.sdk.libraries import present
from andiron.sdk.operations import force
from andiron.sdk.operations.database import leave_databases, observe_database
from andiron.sdk.operations.force import Parts
from andiron.sdk.operations.settings import ObservabilitySettings
from andiron.sdk.settings import from_pyproject

if TYPE_CHECKING:
    from andiron.sdk.operations.errors import ObservabilityErrorHandler
    from andiron.sdk.operations.exposition import Exposition
    from andiron.sdk.operations.logs import StructuredLogger
    from andiron.sdk.operations.metrics import MetricsInstrumentor
    from andiron.sdk.operations.tracing import TracingInstrumentor

_lock = threading.RLock()
_now: "Observability | None" = None


@dataclass
class Observability:
    """What is in force. Parts that are switched off are there, and make nothing that anybody keeps."""

    settings: ObservabilitySettings
    telemetry: "configuration.Telemetry | None"
    metrics: "MetricsInstrumentor"
    tracing: "TracingInstrumentor"
    logger: "StructuredLogger"
    errors: "ObservabilityErrorHandler"
    prometheus: "Exposition | None" = None
    """What renders the metrics for a scrape."""
    app: Any = None
    route: Any = None


def init_observability(
    settings: ObservabilitySettings | None = None, *, app: Any = None, engine: Any = None, **configure: Any
) -> Observability:
    """Observe operations from now on. Once more replaces what was in force.

    With `app` (FastAPI, Starlette) its requests have spans and measures, and `/metrics` is served; `engine` is given to `observe_database`.
    Further arguments are fields of `ObservabilitySettings`, and those of `andiron.configure`. Only a wrong argument raises.
    """
    global _now  # noqa: PLW0603 - there is one for the process
    settings = given_settings(settings, configure)
    with _lock:
        if not settings.enabled or os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
            # OpenTelemetry's SDK obeys its own variable whatever anybody configures.
            shutdown_observability()
            force.put(None, off=True)
            _now = assembled(settings, None, force.nowhere())
            return _now
        exposition = make_exposition(settings) if app is not None else None
        # It raises at a wrong argument, and what was in force until then stays.
        telemetry = configuration.configure(**arguments(settings, exposition, configure))
        shutdown_observability()
        parts = Parts.whole(
            metrics=settings.metrics,
            traces=settings.traces,
            logs=settings.logs,
            records=telemetry.field.records() if goes_straight(telemetry, configure) else None,
        )
        force.put(parts.expect())
        _now = assembled(settings, telemetry, parts)
        if exposition is not None:
            exposition.redact = telemetry.settings.redact
            _now.prometheus = exposition
        if app is not None:
            with parts.errors.guard("application"):
                watch_application(_now, app)
        if engine is not None:
            observe_database(engine)
        return _now


def given_settings(settings: ObservabilitySettings | None, arguments: dict[str, Any]) -> ObservabilitySettings:
    """The settings, with those of their fields that stand among the arguments, which are taken from there."""
    if settings is not None and not isinstance(settings, ObservabilitySettings):
        raise ConfigurationError(f"init_observability takes ObservabilitySettings, not {settings!r}.")
    own = {name: arguments.pop(name) for name in list(arguments) if name in ObservabilitySettings.model_fields}
    if settings is None:
        return ObservabilitySettings.read(**own)
    return ObservabilitySettings.read({}, **{**settings.model_dump(exclude_unset=True), **own}) if own else settings


def goes_straight(telemetry: "configuration.Telemetry", asked: dict[str, Any]) -> bool:
    """Whether records may go to the pipeline past the logger provider, whose other processors then know nothing of them."""
    return not telemetry.on_console and not telemetry.settings.disabled and "logfire" not in asked


def shutdown_observability(timeout: float | None = None) -> None:
    """Hand over what was collected, within so many seconds. From then on operations only run. Without an `init_observability`, nothing happens."""
    global _now
    with _lock:
        if _now is None:
            return
        before, _now = _now, None
        force.put(None, off=True)
        leave_databases()
        if before.app is not None:
            with before.errors.guard("application"):
                leave_application(before)
        if before.telemetry is not None and configuration.current is before.telemetry:
            configuration.reset(timeout)


def assembled(
    settings: ObservabilitySettings, telemetry: "configuration.Telemetry | None", parts: Parts
) -> Observability:
    """With those that are switched off made up: code that speaks to them directly need not ask."""
    whole = force.nowhere() if None in (parts.metrics, parts.tracing, parts.logger) else parts
    return Observability(
        settings,
        telemetry,
        *(parts.metrics or whole.metrics, parts.tracing or whole.tracing, parts.logger or whole.logger),  # type: ignore[arg-type] # a whole one has all three
        parts.errors,
    )


def arguments(settings: ObservabilitySettings, exposition: "Exposition | None", more: dict[str, Any]) -> dict[str, Any]:
    """What `andiron.configure` is asked for; what is not said here is left to its own variables."""
    said: dict[str, Any] = {
        "service": settings.service_name,
        "version": settings.service_version,
        "environment": settings.environment,
        "url": settings.otlp_endpoint,
        "console": "" if settings.log_format == "auto" else settings.log_format,
    }
    asked = {name: value for name, value in said.items() if value}
    chosen, elsewhere = settings.model_fields_set, from_pyproject(Path.cwd())
    for name, theirs in (
        ("metrics", "metrics"),
        ("metric_interval", "metrics_interval"),
        ("temporality", "temporality"),
    ):
        if name in chosen or theirs not in elsewhere:
            asked[theirs] = getattr(settings, name)
    readers = [*more.pop("metric_readers", ()), *([exposition] if exposition is not None else ())]
    asked.update(disabled=False, histograms="explicit", metric_readers=readers)
    if not settings.traces:
        asked["sample"] = 0.0
    return {**asked, **more}


def make_exposition(settings: ObservabilitySettings) -> "Exposition | None":
    """What a scrape is answered by; None where that is not wanted, or its library is not there."""
    if not (settings.prometheus and settings.metrics and present("prometheus_client")):
        return None
    from andiron.sdk.operations.exposition import Exposition

    return Exposition()


def watch_application(observability: Observability, app: Any) -> None:
    """Spans and measures of its requests, and the page of its metrics."""
    from andiron.sdk.bootstrap import bootstrap_logfire

    settings = observability.settings
    excluded = ",".join(filter(None, (settings.excluded_urls, f"://[^/]+{re.escape(settings.metrics_path)}$")))
    bootstrap_logfire(app, excluded_urls=excluded, instrument_options={"metrics": settings.metrics})
    observability.app = app
    exposition = observability.prometheus
    if exposition is None:
        return
    from starlette.responses import Response
    from starlette.routing import Route

    def metrics(request: Any) -> Response:
        with observability.errors.guard("prometheus"):
            body, kind = exposition.render(request.headers.get("accept"))
            return Response(body, headers={"Content-Type": kind})
        return Response("The metrics could not be written; the log of the application says why.", 500)

    if not hasattr(app, "router"):
        warnings.warn(f"{settings.metrics_path} cannot be served: {app!r} has no router.", stacklevel=4)
        return
    # Before all others, of which one may take every path.
    observability.route = Route(settings.metrics_path, metrics, methods=["GET"], include_in_schema=False)
    app.router.routes.insert(0, observability.route)


def leave_application(observability: Observability) -> None:
    """As it was before."""
    from andiron.sdk.asgi import uninstrument

    uninstrument(observability.app)
    if observability.route is not None and observability.route in observability.app.router.routes:
        observability.app.router.routes.remove(observability.route)


def in_child() -> None:
    """A forked child: a lock that another thread held stays locked there."""
    global _lock  # noqa: PLW0603 - as `_now`
    _lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=in_child)
