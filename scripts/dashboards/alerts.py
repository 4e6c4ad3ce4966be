"""The five alerts: what is compared with what, how bad it is, and what to do. Both forms of the rules are written from here."""

from dataclasses import dataclass
from datetime import timedelta

from andiron.sdk.operations import names
from scripts.dashboards import board, promql
from scripts.dashboards.promql import JOB, grown, quantile, select, total

GUIDE = "docs/observability-setup.md"


@dataclass(frozen=True)
class Alert:
    """Fires for each service, and whatever else `expression` tells apart, while its value is over the threshold."""

    name: str
    title: str
    severity: str
    window: timedelta
    expression: str
    threshold: float
    summary: str
    """`{value}` stands for the value, which each form writes in its own way."""
    advice: str
    panel: tuple[str, str]
    """The dashboard and the title of the panel that shows it."""
    shown: str = "humanize"
    """The template function that makes the value readable; both forms have these."""

    @property
    def runbook(self) -> str:
        """The section of the guide that says more: a heading with the alert's title."""
        return f"{GUIDE}#{self.name}"


def labelled(name: str) -> str:
    """The value of a label, in a template of either form."""
    return f"{{{{ $labels.{name} }}}}"


def written(window: timedelta) -> str:
    """A time as Prometheus writes it."""
    return f"{window // timedelta(minutes=1)}m"


def _of(measure: str, *matchers: str, window: timedelta, by: tuple[str, ...] = (JOB,)) -> str:
    return total(grown(select(measure, *matchers), written(window)), *by)


FIVE, TEN = timedelta(minutes=5), timedelta(minutes=10)
ONE, TWO = timedelta(minutes=1), timedelta(minutes=2)

HIGH_ERROR_RATE = Alert(
    name="high-error-rate",
    title="High error rate",
    severity="critical",
    window=FIVE,
    expression=(f"{_of(promql.OPERATIONS, promql.FAILED, window=FIVE)} / ({_of(promql.OPERATIONS, window=FIVE)} > 0)"),
    threshold=0.05,
    summary=f"{{value}} of the operations of {labelled(JOB)} failed in the last 5 minutes",
    advice=(
        "More than 5 % of the operations raised an exception; rejected requests do not count. Operations inside others count too: a crash "
        "counts in each one around it, and inner ones that succeed thin the share out. Open the dashboard of errors: it names the "
        "exception and the operation. If it began with a release, take that back."
    ),
    panel=(board.ERRORS, "Error rate by type"),
    shown="humanizePercentage",
)
SLOW_OPERATIONS = Alert(
    name="slow-operations",
    title="Slow operations",
    severity="warning",
    window=TEN,
    expression=quantile(
        0.95, names.OPERATION_DURATION, JOB, promql.OPERATION, matchers=(), window=written(TEN), growth=grown
    ),
    threshold=1,
    summary=f"{labelled(promql.OPERATION)} of {labelled(JOB)} takes {{value}} at the 95th percentile",
    advice=(
        "Over the last 10 minutes, one call in twenty took longer than a second. Open the dashboard of performance: is the database slow as "
        "well, or only this operation? A trace from the heatmap shows where its time goes."
    ),
    panel=(board.PERFORMANCE, "Slowest operations"),
    shown="humanizeDuration",
)
CIRCULAR_DEPENDENCY = Alert(
    name="circular-dependency",
    title="Circular dependency",
    severity="warning",
    window=ONE,
    expression=_of(names.CIRCULAR_DEPENDENCIES.prometheus, window=ONE, by=(JOB, promql.RESOURCE_TYPE)),
    threshold=0,
    summary=f"A {labelled(promql.RESOURCE_TYPE)} of {labelled(JOB)} would have come to depend on itself ({{value}} in the last minute)",
    advice=(
        "The change was refused and nothing is broken, but a caller builds its graph of dependencies wrongly. The rejected operation's log "
        "record and trace name the resources: tell whoever sent it."
    ),
    panel=(board.ERRORS, "Circular dependency events"),
)
# Counted over the 2 minutes that it is judged by, not over 5: six failures spread over 5 minutes wake nobody.
DATABASE_CONNECTION = Alert(
    name="database-connection",
    title="Database connection",
    severity="critical",
    window=TWO,
    expression=_of(names.DATABASE_DURATION.count, promql.WITH_ERROR, window=TWO, by=(JOB, promql.DB_SYSTEM)),
    threshold=5,
    summary=f"{labelled(promql.DB_SYSTEM)} failed {labelled(JOB)} {{value}} times in the last 2 minutes",
    advice=(
        "More than 5 connections or statements failed within 2 minutes. Is the database up, does it take connections, is its disk full? The "
        "error's type is on the series and in the logs of the failed operations."
    ),
    panel=(board.ERRORS, "Database errors"),
)
OTLP_EXPORT_FAILURES = Alert(
    name="otlp-export-failures",
    title="OTLP export failures",
    severity="warning",
    window=FIVE,
    expression=_of(names.EXPORT_FAILURES.prometheus, window=FIVE),
    threshold=10,
    summary=f"{labelled(JOB)} cannot deliver its telemetry: {{value}} failures in the last 5 minutes",
    advice=(
        "The endpoint has been away for about a minute; a restart of a few seconds stays below. The number is of failed requests and of "
        "spells of 5 seconds in which more had to wait, not of lost records: nothing is lost while the spool has room. Does the OTLP "
        "endpoint answer, is its certificate valid, does it take the token? An application that has ended leaves its spool behind: "
        "`andiron spool send`. Seen only where /metrics is scraped: what cannot be delivered cannot tell."
    ),
    panel=(board.ERRORS, "Failures of the telemetry"),
)

ALERTS = (HIGH_ERROR_RATE, SLOW_OPERATIONS, CIRCULAR_DEPENDENCY, DATABASE_CONNECTION, OTLP_EXPORT_FAILURES)
