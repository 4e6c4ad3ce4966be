"""Dashboard: what fails, where, and what was refused."""

from grafana_foundation_sdk.models.dashboard import Dashboard

from andiron.sdk.operations import names
from scripts.dashboards import alerts, board, promql
from scripts.dashboards.panels import HALF, THIRD, WIDE, Text, lines, number, pie, rows
from scripts.dashboards.promql import (
    ERROR_TYPE,
    OPERATION,
    PER_OPERATION,
    grown,
    rate,
    select,
    share,
    total,
)
from scripts.dashboards.sources import PROMETHEUS, column, legend, now, over_time


def dashboard() -> Dashboard:
    """For the question what broke."""
    failed = select(promql.ERRORS, *PER_OPERATION, promql.FAILED)
    rejected = select(promql.ERRORS, *PER_OPERATION, promql.REJECTED)
    circular = select(names.CIRCULAR_DEPENDENCIES.prometheus, promql.OF_JOB)
    ended = select(promql.OPERATIONS, *PER_OPERATION)
    ended_badly = select(promql.OPERATIONS, *PER_OPERATION, promql.FAILED)
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
                    "Failures a second, by exception. A type that was never there is the last change's; one that grows with the load is "
                    "something that runs short. Rejected requests are in the panel of validation errors.",
                    "ops",
                    WIDE - THIRD,
                    empty="No failures",
                ),
                PROMETHEUS,
                over_time(total(rate(failed), ERROR_TYPE), legend(ERROR_TYPE)),
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
                    total(grown(select(promql.ERRORS, *PER_OPERATION)), ERROR_TYPE, promql.OUTCOME),
                    legend(ERROR_TYPE, promql.OUTCOME),
                ),
            ),
            rows(
                Text(
                    "Failed operations",
                    "Operations that failed in the time that is shown: how often, and how many of a hundred. A click on one shows its "
                    "traces, in which the failed span holds the exception.",
                    "short",
                    HALF,
                    empty="None",
                ),
                PROMETHEUS,
                column(total(grown(ended_badly), OPERATION), "A"),
                column(share(total(grown(ended_badly), OPERATION), total(grown(ended), OPERATION)), "B"),
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
                now(f"{total(grown(circular))} or vector(0)", "events"),
                limit=1,
            ),
            lines(
                Text(
                    "Validation errors",
                    "What was refused, a second, by the exception that said no: wrong values, resources that are not there. Their number "
                    "says something about the callers; a jump after a release, that the two no longer agree.",
                    "ops",
                    THIRD,
                    empty="No rejections",
                ),
                PROMETHEUS,
                over_time(total(rate(rejected), ERROR_TYPE), legend(ERROR_TYPE)),
            ),
            lines(
                Text(
                    "Database errors",
                    "Connections and statements that failed, a second, by database and error. Constraints that hold are here too; errors "
                    "of connections say that the database is away, or full.",
                    "ops",
                    empty="No errors",
                ),
                PROMETHEUS,
                over_time(total(rate(database), promql.DB_SYSTEM, ERROR_TYPE), legend(promql.DB_SYSTEM, ERROR_TYPE)),
            ),
            lines(
                Text(
                    "Failures of the telemetry",
                    "Deliveries that failed, and faults inside the instrumentation, a second. The application never sees them; the other "
                    "panels miss what was lost. Check the OTLP endpoint first.",
                    "ops",
                    empty="No failures",
                ),
                PROMETHEUS,
                over_time(total(rate(undelivered), promql.JOB), f"delivery of {legend(promql.JOB)}", "A"),
                over_time(total(rate(faults), promql.COMPONENT, ERROR_TYPE), legend(promql.COMPONENT, ERROR_TYPE), "B"),
            ),
        ],
    )
