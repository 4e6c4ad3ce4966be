"""Dashboard: where the time goes, by operation, by statement of the database, by route."""

from grafana_foundation_sdk.models.dashboard import Dashboard

from andiron.sdk.operations import names
from scripts.dashboards import alerts, board, promql
from scripts.dashboards.panels import WIDE, Text, bars, buckets, lines, rows
from scripts.dashboards.promql import (
    BOUND,
    OPERATION,
    PER_OPERATION,
    RANGE,
    STEP,
    in_range,
    increase,
    mean,
    quantile,
    select,
    total,
)
from scripts.dashboards.sources import PROMETHEUS, column, in_buckets, legend, over_time

DURATION = names.OPERATION_DURATION
DATABASE = (promql.DB_SYSTEM, promql.DB_OPERATION, promql.DB_COLLECTION)
REQUEST = (promql.HTTP_METHOD, promql.HTTP_ROUTE)


def dashboard() -> Dashboard:
    """For the question why it is slow."""
    of_job = (promql.OF_JOB,)
    return board.board(
        board.PERFORMANCE,
        "Operations: performance",
        "How the durations are spread, which operations are slow, and whether the database or the requests around it make them so.",
        [board.job(), board.operation()],
        [
            buckets(
                Text(
                    "Operation duration heatmap",
                    "How many operations took how long. Two bands say that there are two kinds, such as found and searched for; a band "
                    "that climbs says that all become slower. The dots are single operations: a click leads to the trace.",
                    "s",
                ),
                PROMETHEUS,
                in_buckets(total(increase(select(DURATION.bucket, *PER_OPERATION), STEP), BOUND), exemplars=True),
            ),
            rows(
                Text(
                    "Slowest operations",
                    "The operations in the time that is shown, the slowest first. A click on one shows its traces. A mean far below p95 "
                    "says that a few are slow; a mean near it, that all are. p95 is read from buckets: between two bounds it is a guess.",
                    "s",
                ),
                PROMETHEUS,
                column(
                    quantile(0.95, DURATION, OPERATION, matchers=PER_OPERATION, window=RANGE, growth=in_range)
                    + " >= 0",
                    "A",
                ),
                column(mean(DURATION, OPERATION, matchers=PER_OPERATION), "B"),
                column(f"{total(in_range(select(DURATION.count, *PER_OPERATION)), OPERATION)} > 0", "C"),
                columns={OPERATION: "Operation", "Value #A": "p95", "Value #B": "Mean", "Value #C": "Count"},
                units={"Count": "short"},
                limits={"p95": alerts.SLOW_OPERATIONS.threshold, "Mean": alerts.SLOW_OPERATIONS.threshold},
                sort="p95",
            ).data_links(
                [board.to_board("Traces of this operation", board.TRACING, operation="${__data.fields.Operation}")]
            ),
            lines(
                Text(
                    "Database performance comparison",
                    "What 95 of a hundred answers of the database stayed under, by database, statement and table. One line above the "
                    "others is a table without an index, or with a lock; all of them together, the database itself or the way to it.",
                    "s",
                ),
                PROMETHEUS,
                over_time(
                    quantile(0.95, names.DATABASE_DURATION, *DATABASE, matchers=of_job),
                    legend(*DATABASE),
                    exemplars=True,
                ),
            ),
            bars(
                Text(
                    "Cascade delete impact",
                    "How many resources went with one that was deleted: each bar counts the deletes up to that size, above the one "
                    "before. A bar far down is a delete that took much along: look for it in the logs of the operation.",
                    "short",
                    empty="No deletes",
                ),
                PROMETHEUS,
                in_buckets(total(in_range(select(names.CASCADE_DELETES.bucket, *of_job)), BOUND)),
            ),
            lines(
                Text(
                    "HTTP request duration",
                    "What 95 of a hundred requests stayed under, by method and route. Slower than the operation inside it: the time goes "
                    "into reading the request, waiting for a worker, or writing the answer.",
                    "s",
                    WIDE,
                ),
                PROMETHEUS,
                over_time(
                    quantile(0.95, names.HTTP_DURATION, *REQUEST, matchers=of_job), legend(*REQUEST), exemplars=True
                ),
            ),
        ],
    )
