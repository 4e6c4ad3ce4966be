"""Dashboard: what fails, where, and what was refused."""

from grafana_foundation_sdk.models.dashboard import Dashboard

from andiron.sdk.operations import names
from scripts.dashboards import alerts, board, promql
from scripts.dashboards.panels import HALF, THIRD, WIDE, Text, lines, number, pie, rows
from scripts.dashboards.promql import (
    ERROR_TYPE,
    OPERATION,
    PER_OPERATION,
    STEP,
    grown,
    in_range,
    select,
    total,
)
from scripts.dashboards.sources import PROMETHEUS, column, legend, now, over_time

EACH_POINT = "each point counts the minute before it, or the time since the last point where that is longer."
"""What `STEP` is, at a scrape each 15 seconds."""


def dashboard() -> Dashboard:
    """For the question what broke."""
    failed = select(promql.ERRORS, *PER_OPERATION, promql.FAILED)
    rejected = select(promql.ERRORS, *PER_OPERATION, promql.REJECTED)
    circular = select(names.CIRCULAR_DEPENDENCIES.prometheus, promql.OF_JOB)
    ended = total(in_range(select(promql.OPERATIONS, *PER_OPERATION)), OPERATION)
    ended_badly = total(in_range(select(promql.OPERATIONS, *PER_OPERATION, promql.FAILED)), OPERATION)
    database = select(names.DATABASE_DURATION.count, promql.OF_JOB, promql.WITH_ERROR)
    undelivered = select(names.EXPORT_FAILURES.prometheus, promql.OF_JOB)
    faults = select(names.OBSERVABILITY_FAILURES.prometheus, promql.OF_JOB)
    return board.board(
        board.ERRORS,
        "Operations: errors",
        "Which exceptions operations end with, which operations those are, and what was refused to callers.",
        [board.job(), board.operation()],
        [
            lines(
                Text(
                    "Error rate by type",
                    f"How many failed, by exception: {EACH_POINT} A type that was never there is the last change's; one that grows with "
                    "the load is something that runs short. Rejected requests are in the panel of validation errors.",
                    "short",
                    WIDE - THIRD,
                    empty="No failures",
                ),
                PROMETHEUS,
                over_time(total(grown(failed, STEP), ERROR_TYPE), legend(ERROR_TYPE)),
            ),
            pie(
                Text(
                    "Error distribution",
                    "Which exceptions operations ended with in the time that is shown, and whether that was a failure of ours or a "
                    "rejection of what was asked.",
                    "short",
                    THIRD,
                    empty="No errors",
                ),
                PROMETHEUS,
                now(
                    total(in_range(select(promql.ERRORS, *PER_OPERATION)), ERROR_TYPE, promql.OUTCOME),
                    legend(ERROR_TYPE, promql.OUTCOME),
                ),
            ),
            rows(
                Text(
                    "Failed operations",
                    "Operations that failed in the time that is shown, most failures first: how often, and how many of a hundred. An "
                    "operation around a failed one failed too. A click shows the traces, in which the failed span holds the exception.",
                    "short",
                    HALF,
                    empty="None",
                ),
                PROMETHEUS,
                column(f"{ended_badly} > 0", "A"),
                column(f"{ended_badly} / {ended} > 0", "B"),
                columns={OPERATION: "Operation", "Value #A": "Failures", "Value #B": "Error rate"},
                units={"Error rate": "percentunit"},
                limits={"Error rate": alerts.HIGH_ERROR_RATE.threshold},
                sort="Failures",
            ).data_links(
                [board.to_board("Traces of this operation", board.TRACING, operation="${__data.fields.Operation}")]
            ),
            number(
                Text(
                    "Circular dependency events",
                    "Changes in the time that is shown that would have made a resource depend on itself, and were refused. Any at all "
                    "says that a caller builds its graph wrongly: the trace of the rejected operation names the resources.",
                    "short",
                    THIRD // 2,
                ),
                PROMETHEUS,
                now(f"{total(in_range(circular))} or vector(0)", "events"),
                limit=1,
            ),
            lines(
                Text(
                    "Validation errors",
                    f"How many were refused, by the exception that said no: {EACH_POINT} Wrong values, resources that are not there: their "
                    "number says something about the callers; a jump after a release, that the two no longer agree.",
                    "short",
                    THIRD,
                    empty="No rejections",
                ),
                PROMETHEUS,
                over_time(total(grown(rejected, STEP), ERROR_TYPE), legend(ERROR_TYPE)),
            ),
            lines(
                Text(
                    "Database errors",
                    f"Connections and statements that failed, by database and error: {EACH_POINT} Constraints that hold are here too; "
                    "errors of connections say that the database is away, or full.",
                    "short",
                    empty="No errors",
                ),
                PROMETHEUS,
                over_time(
                    total(grown(database, STEP), promql.DB_SYSTEM, ERROR_TYPE), legend(promql.DB_SYSTEM, ERROR_TYPE)
                ),
            ),
            lines(
                Text(
                    "Failures of the telemetry",
                    f"Deliveries that failed or had to wait, and faults inside the instrumentation: {EACH_POINT} The application never sees "
                    "them. It is no number of lost records: deliveries wait in the spool. Check the OTLP endpoint first.",
                    "short",
                    empty="No failures",
                ),
                PROMETHEUS,
                over_time(total(grown(undelivered, STEP), promql.JOB), f"delivery of {legend(promql.JOB)}", "A"),
                over_time(
                    total(grown(faults, STEP), promql.COMPONENT, ERROR_TYPE), legend(promql.COMPONENT, ERROR_TYPE), "B"
                ),
            ),
        ],
    )
