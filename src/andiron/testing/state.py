"""`reset`: the process as it was before anybody configured telemetry. What was never loaded is left alone."""

import contextlib
import gc
import logging
import sys
from typing import Any

OURS = ("andiron.", "logfire.", "opentelemetry.")


def reset() -> None:
    """Forget what Andiron, Logfire and OpenTelemetry keep in this process: configuration, providers, instrumentations, contexts."""
    if integrations := sys.modules.get("andiron.sdk.integrations"):
        integrations.uninstrument_integrations()
    if operations := sys.modules.get("andiron.sdk.operations.lifecycle"):
        operations.shutdown_observability(timeout=0.0)
    if force := sys.modules.get("andiron.sdk.operations.force"):
        force.put(None)
    if running := sys.modules.get("andiron.sdk.operations.running"):
        running.current.set(None)
    if configuration := sys.modules.get("andiron.sdk.configure"):
        # Nothing to wait for: a test that wants its records delivered has flushed.
        configuration.reset(timeout=0.0)
    reset_logging()
    reset_logfire()
    reset_opentelemetry()
    if context := sys.modules.get("andiron.sdk.context"):
        for variable in (context.request_id, context.session_id, context.user_id):
            variable.set(None)
        context.static.clear()
    if in_force := sys.modules.get("andiron.sdk.in_force"):
        in_force.use(None)


def reset_logging() -> None:
    """Take our handlers away from every logger, and structlog's configuration with them."""
    loggers = [logging.root, *logging.root.manager.loggerDict.values()]
    for logger in loggers:
        for handler in list(getattr(logger, "handlers", ())):
            if type(handler).__module__.startswith(OURS):
                logger.removeHandler(handler)  # type: ignore[union-attr]  # placeholders have no handlers
    if structlog := sys.modules.get("structlog"):
        structlog.reset_defaults()


def reset_logfire() -> None:
    """Logfire unconfigured. Its proxies stay: loggers and tracers that modules hold go through them."""
    if (module := sys.modules.get("logfire._internal.config")) is None:
        return
    from opentelemetry._logs import NoOpLoggerProvider
    from opentelemetry.metrics import NoOpMeterProvider
    from opentelemetry.trace import NoOpTracerProvider

    config = module.GLOBAL_CONFIG
    if config._initialized:  # noqa: SLF001 - Logfire has no way back
        with contextlib.suppress(Exception):
            sys.modules["logfire"].shutdown(flush=False)
    config._initialized = config._has_set_providers = False  # noqa: SLF001 - as above
    config._tracer_provider.set_provider(NoOpTracerProvider())  # noqa: SLF001 - as above
    config._meter_provider.set_meter_provider(NoOpMeterProvider())  # noqa: SLF001 - as above
    config._logger_provider.set_provider(NoOpLoggerProvider())  # noqa: SLF001 - as above


def reset_opentelemetry() -> None:
    """No providers, OpenTelemetry's own propagators, an empty context."""
    if (trace := sys.modules.get("opentelemetry.trace")) is None:
        return
    from opentelemetry import context, propagate
    from opentelemetry.context import Context

    if trace._TRACER_PROVIDER is not None:  # noqa: SLF001 - OpenTelemetry has no way back
        # Tracers that modules took at their import are bound to the first provider that was set. Finding them takes about 15 ms.
        for tracer in gc.get_objects():
            if type(tracer) is trace.ProxyTracer:
                tracer._real_tracer = None  # noqa: SLF001 - as above
    forget(trace, "_TRACER_PROVIDER")
    forget(sys.modules.get("opentelemetry.metrics._internal"), "_METER_PROVIDER")
    forget(sys.modules.get("opentelemetry._logs._internal"), "_LOGGER_PROVIDER")
    if semconv := sys.modules.get("opentelemetry.instrumentation._semconv"):
        # The names of attributes are chosen once in a process, from a variable.
        semconv._OpenTelemetrySemanticConventionStability._initialized = False  # noqa: SLF001 - as above
    if background := sys.modules.get("starlette.background"):
        # Instrumenting an application changes this class, and leaving the application alone does not change it back.
        task = background.BackgroundTask
        if original := getattr(task, "_otel_original_call", None):
            task.__call__ = original
            del task._otel_original_call  # noqa: SLF001 - its own mark
    propagate.set_global_textmap(default_textmap())
    context.attach(Context())


def default_textmap() -> Any:
    """Trace context and baggage: what OpenTelemetry starts with."""
    from opentelemetry.baggage.propagation import W3CBaggagePropagator
    from opentelemetry.propagators.composite import CompositePropagator
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    return CompositePropagator([TraceContextTextMapPropagator(), W3CBaggagePropagator()])


def forget(module: Any, name: str) -> None:
    """Unset a global provider and the mark that it was set once."""
    if module is not None:
        setattr(module, name, None)
        once = f"{name}_SET_ONCE"
        setattr(module, once, type(getattr(module, once))())
