"""`andiron.configure`: one call that wires Logfire and OpenTelemetry to the pipeline. Read this first of the application half."""

import atexit
import contextlib
import inspect
import logging
import os
import sys
import threading
import time
import tomllib
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TextIO, cast
from urllib.parse import quote

from andiron.delivery import pipeline as delivery
from andiron.delivery.encode import Encoder
from andiron.delivery.exporters import ExportResult, LogfireExporter, OtelExporter, ProxyExporter
from andiron.delivery.guard import Guard, Sampling
from andiron.delivery.memory_spool import MemorySpool
from andiron.delivery.pending import OpenSpans
from andiron.delivery.pipeline import Pipeline
from andiron.delivery.processors import AndironLogRecordProcessor, AndironMetricExporter, AndironSpanProcessor
from andiron.delivery.spool import AnySpool, Spool
from andiron.delivery.spool_folder import spool_folder
from andiron.errors import AndironError
from andiron.redaction import Redactor
from andiron.sdk import in_force
from andiron.sdk.field import Field, safe_name
from andiron.sdk.fresh_locks import renew
from andiron.sdk.lifecycle import Lifecycle
from andiron.sdk.settings import SdkSettings, read_settings

if TYPE_CHECKING:
    from logfire import Logfire
    from opentelemetry.sdk._logs import LogRecordProcessor
    from opentelemetry.sdk.metrics.export import MetricReader
    from opentelemetry.sdk.trace import SpanProcessor

log = logging.getLogger("andiron")

current: "Telemetry | None" = None
"""What the last `configure` made."""
_lock = threading.RLock()


class Telemetry:
    """What `configure` made: flush it, switch it, ask it how it fares."""

    def __init__(
        self, settings: SdkSettings, pipeline: Pipeline, logfire: "Logfire", field: Field, lifecycle: Lifecycle
    ) -> None:
        self.settings = settings
        self.pipeline = pipeline
        self.logfire = logfire
        self.field = field
        self.lifecycle = lifecycle
        self.on_console = False
        """Whether records are also written to stdout."""

    def flush(self, timeout: float = 5.0) -> bool:
        """Hand over what is being collected. True when all of it is delivered or on the disk."""
        until = time.monotonic() + timeout
        self._gather(timeout)
        return self.pipeline.flush(max(0.1, until - time.monotonic()))

    def _gather(self, timeout: float) -> None:
        """Have the metric readers collect: the providers hold what nobody else knows yet."""
        # A reader that is too slow raises; what it has comes with the next collection. Delivery is waited for once, and not for each provider.
        with self.pipeline.gathering(), contextlib.suppress(Exception):
            self.logfire.force_flush(max(100, int(timeout * 1000)))

    def enable(self, on: bool = True) -> None:  # noqa: FBT001, FBT002 - a switch
        """Turn export on or off without a restart. Off, records wait in the spool."""
        self.pipeline.enable(on)

    def set_token(self, token: str | None) -> None:
        """Use another token from now on, and try again where the last one was refused."""
        if isinstance(self.pipeline.exporter, LogfireExporter):
            self.pipeline.exporter.set_token(token)
        self.pipeline.sender.resume()

    def report(self) -> dict[str, Any]:
        """What became of the records so far."""
        return self.pipeline.report()

    def close(self, timeout: float | None = None, *, providers: bool = True) -> None:
        """Deliver what can be delivered within `timeout` seconds, keep the rest in the spool, and stop."""
        self.lifecycle.stop()
        self.field.stop()
        if providers:
            # Not shut down: Logfire does that itself when it is configured anew, and complains of a second time.
            self._gather(self.settings.exit_timeout)
        self.pipeline.close(self.settings.exit_timeout if timeout is None else timeout)
        if delivery.active is self.pipeline:
            delivery.active = None


def configure(
    *,
    exporter: OtelExporter | None = None,
    spool: AnySpool | Path | str | None = None,
    sampling: Sampling | None = None,
    span_processors: "Sequence[SpanProcessor]" = (),
    metric_readers: "Sequence[MetricReader]" = (),
    resource_attributes: Mapping[str, Any] | None = None,
    logfire: Mapping[str, Any] | None = None,
    **settings: Any,
) -> Telemetry:
    """Make, guard and deliver this process's telemetry. Every setting is an argument: see `SdkSettings`.

    `exporter`, `spool`, `sampling` take objects of your own, `span_processors` and `metric_readers` more of them; `logfire` holds further arguments of `logfire.configure`.
    Called again, it replaces what it made before. Only a wrong argument raises.
    """
    global current  # noqa: PLW0603 - there is one per process, as in Logfire and OpenTelemetry
    if isinstance(spool, str | Path):
        settings["spool"], spool = str(spool), None
    read = read_settings(settings)
    with _lock:
        reset()
        current = build(
            read,
            exporter=exporter,
            spool=spool,
            sampling=sampling,
            span_processors=span_processors,
            metric_readers=metric_readers,
            resource_attributes=resource_attributes or {},
            more=logfire or {},
        )
        return current


def reset(timeout: float | None = None) -> None:
    """Close what `configure` made and forget it."""
    global current
    with _lock:
        if current is not None:
            before, current = current, None
            before.close(timeout)


def build(
    settings: SdkSettings,
    *,
    exporter: OtelExporter | None,
    spool: AnySpool | None,
    sampling: Sampling | None,
    span_processors: "Sequence[SpanProcessor]",
    metric_readers: "Sequence[MetricReader]",
    resource_attributes: Mapping[str, Any],
    more: Mapping[str, Any],
) -> Telemetry:
    """Put the parts together, from the end of the pipeline to its beginning."""
    field = Field(settings)
    token = field.token()
    alone = exporter is None and token is None and not settings.local
    if exporter is None:
        exporter = make_exporter(settings, token)
    guard = Guard(sampling, level=field.level_for if settings.remote_level else settings.level)
    rules = make_redactor(settings)
    in_force.use(rules)
    pipeline = Pipeline(
        encoder=Encoder(rules, limit=settings.record_bytes),
        spool=spool if spool is not None else make_spool(settings, field.service),
        exporter=exporter,
        guard=guard,
        queue_size=settings.queue_size,
        batch_size=settings.batch_size,
        flush_interval=settings.flush_interval,
        compress=settings.compress,
        bytes_per_second=settings.bytes_per_second,
        on_fatal=tell_refused,
        on_network=field.on_network,
    )
    pipeline.enable(settings.export)
    open_spans = None
    if settings.pending_after:
        open_spans = OpenSpans(pipeline.span, after=settings.pending_after)
        pipeline.ticks.append(open_spans.announce)
    lifecycle = Lifecycle(pipeline, settings.exit_timeout, before=field.stop)
    lifecycle.start()
    log_processor = AndironLogRecordProcessor(pipeline, correlate=field.correlate, emitted=field.log_emitted)
    instance = configure_providers(
        settings,
        span_processors=[
            AndironSpanProcessor(
                pipeline,
                correlate=field.correlate,
                open_spans=open_spans,
                started=field.span_started,
                ended=field.span_ended,
            ),
            *span_processors,
        ],
        log_processors=[log_processor],
        metric_exporter=AndironMetricExporter(pipeline, delta=settings.temporality == "delta")
        if settings.metrics and not settings.disabled
        else None,
        metric_readers=metric_readers,
        resource={**field.resource_attributes(), **resource_attributes},
        alone=alone,
        more=more,
    )
    delivery.active = None if settings.disabled else pipeline
    if instance is None:
        from logfire import DEFAULT_LOGFIRE_INSTANCE

        # Instruments that are made without a provider would come to life with the next one, beside those of its own.
        instance, field.settings = (
            DEFAULT_LOGFIRE_INSTANCE,
            settings.model_copy(update={"metrics": False, "vitals": False}),
        )
    field.start(pipeline, None if "advanced" in more else log_processor)
    telemetry = Telemetry(settings, pipeline, instance, field, lifecycle)
    telemetry.on_console = settings.console == "json" or bool(console(settings, alone=alone))
    return telemetry


def configure_providers(
    settings: SdkSettings,
    *,
    span_processors: "Sequence[SpanProcessor]",
    log_processors: "Sequence[LogRecordProcessor]",
    metric_exporter: AndironMetricExporter | None,
    metric_readers: "Sequence[MetricReader]",
    resource: Mapping[str, Any],
    alone: bool,
    more: Mapping[str, Any],
) -> "Logfire | None":
    """Configure Logfire, which sets OpenTelemetry's providers. Its failure costs a warning, never the application."""
    import logfire
    from opentelemetry.sdk.metrics import Histogram
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader

    if settings.disabled:
        span_processors, log_processors = [], []
    if settings.console == "json":
        from andiron.sdk.bridges.logfire import LogLines, SpanLines
        from andiron.sdk.bridges.stdlib import install_json_logging
        from andiron.sdk.jsonlog import JsonLines

        lines = JsonLines(redact=settings.redact)
        span_processors = [*span_processors, SpanLines(lines=lines)]
        log_processors = [*log_processors, LogLines(lines=lines)]
        install_json_logging(lines=lines)
    metrics: logfire.MetricsOptions | Literal[False] = False
    if metric_exporter is not None:
        every = settings.metrics_interval * 1000
        reader = PeriodicExportingMetricReader(metric_exporter, export_interval_millis=every)
        metrics = logfire.MetricsOptions(additional_readers=[reader, *metric_readers])
        if settings.histograms == "explicit":
            metrics.views = [view for view in metrics.views if view._instrument_type is not Histogram]  # noqa: SLF001 - it has no other way to ask
    arguments: dict[str, Any] = {
        "send_to_logfire": False,
        "service_name": str(resource["service.name"]),
        "service_version": str(resource.get("service.version", "")) or None,
        "environment": settings.environment or None,
        "console": console(settings, alone=alone),
        "scrubbing": False,  # our own rules run on everything before it is stored
        "additional_span_processors": list(span_processors),
        "metrics": metrics,
        "sampling": logfire.SamplingOptions(head=settings.sample),
        "distributed_tracing": settings.distributed_tracing,
        "advanced": logfire.AdvancedOptions(log_record_processors=list(log_processors)),
        **more,
    }
    if "resource_attributes" in inspect.signature(logfire.configure).parameters:
        arguments["resource_attributes"] = dict(resource)
    else:  # an older Logfire reads OpenTelemetry's variable only
        more_resource = ",".join(f"{name}={quote(str(value))}" for name, value in resource.items())
        os.environ["OTEL_RESOURCE_ATTRIBUTES"] = more_resource
    try:
        with without_otlp_exporters():
            instance = logfire.configure(**arguments)
        make_reentrant(instance)
        return instance
    except Exception as error:  # noqa: BLE001 - whatever Logfire does not like, the application starts
        warnings.warn(
            f"Logfire could not be configured, so that this process makes no telemetry: {error}", stacklevel=5
        )
        return logfire.DEFAULT_LOGFIRE_INSTANCE


def make_reentrant(instance: "Logfire") -> None:
    """Logfire guards its providers by plain locks, and holds that of the tracer while it flushes: a handler of a signal or a finalizer that
    makes a span or flushes would wait for its own thread for ever, and a forked child for a thread that it does not have.
    """
    config = getattr(instance, "config", None)
    for name in ("_tracer_provider", "_meter_provider", "_logger_provider"):
        provider = getattr(config, name, None)
        if hasattr(provider, "lock"):
            setattr(provider, "lock", threading.RLock())  # noqa: B010 - of a type that Logfire does not show


@contextlib.contextmanager
def without_otlp_exporters() -> Iterator[None]:
    """Logfire sends to `OTEL_EXPORTER_OTLP_ENDPOINT` by exporters of its own; the pipeline goes there already."""
    hidden = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("OTEL_EXPORTER_OTLP_")}
    try:
        yield
    finally:
        os.environ.update(hidden)


def make_exporter(settings: SdkSettings, token: str | None) -> OtelExporter:
    """The way to the server."""
    kind = ProxyExporter if settings.gateway else LogfireExporter
    if token is None and not settings.local and "authorization" not in {name.lower() for name in settings.headers}:
        warnings.warn(
            f"No token is set for {settings.url} (ANDIRON_TOKEN). Telemetry is kept in the spool if the server refuses it.",
            stacklevel=5,
        )
    return kind(settings.url, token, headers=settings.headers, timeout=settings.timeout)


def make_spool(settings: SdkSettings, service: str) -> AnySpool:
    """The spool on disk; in memory where there is no disk to write to."""
    if settings.spool == "memory":
        return MemorySpool()
    folder = (Path(settings.spool).expanduser() if settings.spool else spool_folder()) / safe_name(service)
    try:
        return Spool(folder, most=settings.spool_bytes, age=settings.spool_age)
    except OSError as error:
        log.warning(
            "the spool in %s cannot be opened (%s): undelivered telemetry is kept in memory only", folder, error
        )
        return MemorySpool()


def make_redactor(settings: SdkSettings) -> Redactor | None:
    """The rules in force: the built-in ones, and those of the application's own file."""
    from andiron.redaction import redactor as default_redactor  # compiled when first asked for, which takes 30 ms

    if not settings.redact:
        return None
    if not settings.redaction:
        return default_redactor
    path = Path(settings.redaction).expanduser()
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        return Redactor(**{name: table[name] for name in table})
    except (OSError, ValueError, TypeError, AndironError) as error:
        # Without its own rules an application might tell what it must not. It is told so, and the built-in rules hold.
        warnings.warn(
            f"The rules of redaction in {path} (ANDIRON_REDACTION) cannot be used, only the built-in ones hold: {error}",
            stacklevel=5,
        )
        return default_redactor


def console(settings: SdkSettings, *, alone: bool) -> Any:
    """What Logfire writes to the terminal. Without a token for a server elsewhere, that is all there is to see."""
    import logfire

    wanted = settings.console
    if wanted == "auto":
        wanted = "text" if alone or (sys.stdout is not None and sys.stdout.isatty()) else "off"
    if wanted != "text":
        return False
    if not settings.redact or sys.stdout is None:
        return logfire.ConsoleOptions()
    from andiron.sdk.clean_stream import CleanStream

    return logfire.ConsoleOptions(output=cast(TextIO, CleanStream(sys.stdout)))


def tell_refused(result: ExportResult) -> None:
    """A refusal is the operator's to mend: it must be seen even where nothing configured logging."""
    print(f"andiron: {result.reason}", file=sys.stderr)  # noqa: T201 - this is for the person at the terminal


def at_exit() -> None:
    """The end of the interpreter. OpenTelemetry has shut the providers down by now, and complains of a second time."""
    if current is not None:
        current.close(providers=False)


def in_child() -> None:
    """A forked child: locks that another thread held stay locked there."""
    global _lock  # noqa: PLW0603 - as `current`
    _lock = threading.RLock()
    if current is not None:
        config = getattr(current.logfire, "config", None)
        with contextlib.suppress(Exception):
            renew(*(getattr(config, f"_{signal}_provider", None) for signal in ("tracer", "meter", "logger")))
        make_reentrant(current.logfire)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=in_child)
# Registered before any provider is: what is registered first runs last, when the providers have handed over everything.
atexit.register(at_exit)
