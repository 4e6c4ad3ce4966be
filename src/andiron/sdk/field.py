"""What surrounds the records of an application in the field: who made them, what happened before, how the process fared.

`configure` makes one `Field`; each part is switched by a setting and lives in a file of its own.
"""

import contextlib
import logging
import os
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from opentelemetry.trace import SpanKind, StatusCode

from andiron.delivery.exceptions import attributes_of
from andiron.delivery.levels import Level
from andiron.delivery.pipeline import Pipeline
from andiron.delivery.spool_folder import state_root
from andiron.sdk import context
from andiron.sdk.breadcrumbs import Breadcrumbs
from andiron.sdk.connectivity import Connectivity, routed
from andiron.sdk.crashes import Crashes
from andiron.sdk.displaced import Displaced
from andiron.sdk.identity import Identity, find_service, install_id
from andiron.sdk.logging_capture import LoggingCapture
from andiron.sdk.native_crash import NativeCrash
from andiron.sdk.self_report import SelfReport
from andiron.sdk.session import Session
from andiron.sdk.settings import SdkSettings
from andiron.sdk.token_store import token as kept_token
from andiron.sdk.viewer.recent import recent
from andiron.sdk.vitals import Vitals

if TYPE_CHECKING:
    from opentelemetry.sdk._logs import LogRecordProcessor

    from andiron.sdk.bridges.telemetry import Telemetry
    from andiron.sdk.remote_level import RemoteLevel

log = logging.getLogger("andiron")

NOTHING: Mapping[str, Any] = {}


class Field:
    """The parts that go with the pipeline. `start` and `stop` run them; the rest is called by the processors."""

    def __init__(self, settings: SdkSettings) -> None:
        self.settings = settings
        service = find_service(settings.service, settings.environment, settings.version)
        state = state_folder(settings)
        self.identity = Identity(service, install_id(state) if state else str(uuid.uuid4()))
        self.service = service.name
        # The installation is the machine's; how its sessions ended is each application's own story.
        self._folder = state / safe_name(service.name) if state else None
        self._token: str | None = None
        self._pipeline: Pipeline | None = None
        self._resource: Any = None
        self._scope: Any = None
        self._log_processor: LogRecordProcessor | None = None
        self._stops: list[Callable[[], object]] = []
        self.breadcrumbs: Breadcrumbs | None = None
        self.session: Session | None = None
        self.vitals: Vitals | None = None
        self.crashes: Crashes | None = None
        self.connectivity: Connectivity | None = None
        self.remote_level: RemoteLevel | None = None

    def token(self) -> str | None:
        """The write token: as set, else from the system's keyring."""
        if self.settings.token is not None:
            return self.settings.token.get_secret_value() or None
        if self._token is None and self.settings.keyring and not self.settings.local:
            self._token = kept_token(self.service, self.settings.url)
        return self._token

    def resource_attributes(self) -> dict[str, Any]:
        """Who makes the records. What stays the same for a run is said once a batch, not on each record."""
        return {**self.identity.resource(), "session.id": self.identity.session}

    # Called for every record

    def correlate(self) -> Mapping[str, Any]:
        """What belongs on the records that are made here and now, beside the resource: the request, the user, a client's session."""
        request, session, user = context.request_id.get(), context.session_id.get(), self.identity.user()
        if request is None and user is None and session is None:
            return NOTHING
        here = {"request_id": request, "user.id": user, "session.id": session}
        return {name: value for name, value in here.items() if value is not None}

    def level_for(self, logger: str) -> Level:
        """The least level that is wanted of a logger now."""
        return self.remote_level.level_for(logger) if self.remote_level is not None else self.settings.level

    def span_started(self, span: Any) -> None:
        """A span has started."""
        if self.breadcrumbs is not None:
            if span.kind is SpanKind.SERVER:
                # The request's own, as long as its task's context lives.
                self.breadcrumbs.begin()
            elif (attributes := span._attributes) and "logfire.span_type" in attributes:  # noqa: SLF001 - a proxy costs as much as the rest
                self.breadcrumbs.span_started(span)

    def span_ended(self, span: Any) -> None:
        """A span has ended and is about to be queued."""
        # An outgoing call, or a failure. Of an answered request nothing else is worth a word: on a busy server those would be all there is.
        if self.breadcrumbs is not None and (
            span.kind is SpanKind.CLIENT or span.status.status_code is StatusCode.ERROR
        ):
            self.breadcrumbs.span_ended(span)
        if self.vitals is not None:
            self.vitals.span_ended(span)
            if span.kind is SpanKind.SERVER and span.start_time and span.end_time:
                about = span.attributes
                status = about.get("http.response.status_code", 0)
                self.vitals.request(about.get("http.route", ""), (span.end_time - span.start_time) / 1e9, status)
        if recent.watchers:
            recent.span(span)

    def log_emitted(self, record: Any) -> None:
        """A log record was made and is about to be queued."""
        if self.breadcrumbs is not None:
            self.breadcrumbs.log_emitted(record)
        if recent.watchers:
            recent.log(record)

    def on_network(self, online: bool, reason: str) -> None:  # noqa: FBT001 - the sender's signature
        """The sender saw the server, or missed it."""
        if self.connectivity is not None:
            if online:
                self.connectivity.begin()
                self.connectivity.succeeded()
            else:
                self.connectivity.failed(reason)

    # What the parts do with the pipeline

    def emit(
        self,
        level: Level,
        name: str,
        body: str,
        attributes: Mapping[str, Any],
        *,
        exception: BaseException | None = None,
    ) -> None:
        """Make a log record of Andiron's own."""
        if self._pipeline is None:
            return
        with contextlib.suppress(Exception):
            from opentelemetry._logs import LogRecord, SeverityNumber
            from opentelemetry.sdk._logs import ReadableLogRecord

            now = time.time_ns()
            told = {} if exception is None or "exception.type" in attributes else attributes_of(exception)
            about = {**self.correlate(), **told, **attributes}
            record = ReadableLogRecord(
                LogRecord(
                    timestamp=now,
                    observed_timestamp=now,
                    severity_text=level.name,
                    severity_number=SeverityNumber(int(level)),
                    body=body,
                    attributes=about,
                    event_name=name,
                ),
                self._resource,
                self._scope,
            )
            self.log_emitted(record)
            self._pipeline.log(record)

    def flush(self, timeout: float) -> bool:
        """Wait until everything is safe."""
        return self._pipeline is None or self._pipeline.flush(timeout)

    def records(self) -> "Telemetry":
        """What takes records of bridges: straight to the pipeline where nobody else would want them."""
        from andiron.sdk.bridges.telemetry import Telemetry

        return Telemetry(processor=self._log_processor, resource=self._resource)

    # The parts

    def start(self, pipeline: Pipeline, log_processor: "LogRecordProcessor | None" = None) -> None:
        """Start what the settings ask for. A part that cannot start costs a line, nothing else.

        Records of `logging` go straight to `log_processor`, where there is no other that would want them: half the time.
        """
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.util.instrumentation import InstrumentationScope

        self._pipeline = pipeline
        self._log_processor = log_processor
        self._resource = Resource(self.resource_attributes())
        self._scope = InstrumentationScope("andiron")
        self.identity.start()
        for wanted, start in (
            (self.settings.breadcrumbs > 0, self._start_breadcrumbs),
            (self.settings.connectivity, self._start_connectivity),
            (True, self._start_session),
            (self.settings.metrics, self._start_self_report),
            (self.settings.crashes, self._start_crashes),
            (self.settings.vitals, self._start_vitals),
            (self.settings.remote_level, self._start_remote_level),
            (self.settings.logging, self._start_logging),
            (True, self._start_displaced),
        ):
            if wanted and not self.settings.disabled:
                try:
                    start()
                except Exception:
                    pipeline.counters.error()
                    log.exception("%s failed", start.__name__.removeprefix("_").replace("_", " "))

    def stop(self) -> None:
        """Stop everything, the last that was started first."""
        while self._stops:
            try:
                self._stops.pop()()
            except Exception:
                log.exception("stopping a part of the telemetry failed")

    def _start_displaced(self) -> None:
        displaced = Displaced()
        displaced.start()
        self._stops.append(displaced.stop)

    def _start_breadcrumbs(self) -> None:
        redact = None
        if self.settings.redact:
            from andiron.sdk import in_force

            redact = in_force.redactor().attribute
        self.breadcrumbs = Breadcrumbs(self.settings.breadcrumbs, redact=redact)
        self.breadcrumbs.start()
        self._stops.append(self.breadcrumbs.stop)

    def _start_connectivity(self) -> None:
        self.connectivity = Connectivity(self.emit, probe=None if self.settings.local else routed)
        if self._pipeline is not None:
            self._pipeline.ticks.append(self.connectivity.check)

    def _start_session(self) -> None:
        """The session and the native crashes of earlier ones, which say how those ended."""
        crashed: list[str] = []
        if self.settings.native_crashes and self._folder is not None:
            native = NativeCrash(
                self._folder,
                self.emit,
                self.flush,
                session_id=self.identity.session,
                about={"service.version": self.identity.service.version},
            )
            crashed = native.report()
            native.start()
            self._stops.append(native.stop)
        if self.settings.session:
            self.session = Session(self.identity.session, self._folder, self.emit, attributes=self.identity.resource())
            self.session.start(crashed)
            self._stops.append(self.session.stop)

    def _start_self_report(self) -> None:
        if self._pipeline is not None:
            SelfReport(self._pipeline)

    def _start_crashes(self) -> None:
        session = self.session
        self.crashes = Crashes(self.emit, self.flush, on_fatal=session.crashed if session is not None else lambda: None)
        self.crashes.start()
        self._stops.append(self.crashes.stop)

    def _start_vitals(self) -> None:
        self.vitals = Vitals(self.emit)
        self.vitals.start()
        self._stops.append(self.vitals.stop)

    def _start_remote_level(self) -> None:
        from andiron.sdk.level_rules import Here
        from andiron.sdk.remote_level import RemoteLevel

        service = self.identity.service
        connectivity = self.connectivity
        self.remote_level = RemoteLevel(
            self.settings.url,
            Here(service.name, service.environment, self.identity.installation),
            self.settings.level,
            token=self.token,
            user=self.identity.user,
            version=service.version,
            interval=self.settings.remote_level_interval,
            online=lambda: connectivity is None or connectivity.online,
        )
        self.remote_level.start()
        self._stops.append(self.remote_level.stop)

    def _start_logging(self) -> None:
        from andiron.sdk.bridges.stdlib import TelemetryHandler

        capture = LoggingCapture(TelemetryHandler(self.records()))
        capture.start()
        self._stops.append(capture.stop)


def state_folder(settings: SdkSettings) -> Path | None:
    """Where the install id and the notes on crashes lie; None where nothing can be written."""
    folder = Path(settings.state).expanduser() if settings.state else state_root()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        return None
    return folder if os.access(folder, os.W_OK) else None


def safe_name(service: str) -> str:
    """A folder's name for a service."""
    kept = "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in service)
    return kept.strip(".")[:100] or "default"
