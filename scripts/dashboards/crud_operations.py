"""Dashboard: how many operations there are, how fast, how many fail, and how much there is."""

from grafana_foundation_sdk.models.dashboard import Dashboard

from andiron.sdk.operations import names
from scripts.dashboards import alerts, board, promql
from scripts.dashboards.panels import THIRD, Text, lines, pie, stacked
from scripts.dashboards.promql import OPERATION, PER_OPERATION, in_range, quantile, rate, select, share, total
from scripts.dashboards.sources import PROMETHEUS, legend, now, over_time

QUANTILES = (0.5, 0.95, 0.99)


def dashboard() -> Dashboard:
    """The overview: where to begin."""
    every = select(promql.OPERATIONS, *PER_OPERATION)
    failed = select(promql.OPERATIONS, *PER_OPERATION, promql.FAILED)
    resources = select(names.RESOURCE_COUNT.prometheus, promql.OF_JOB)
    return board.board(
        board.OVERVIEW,
        "CRUD operations: overview",
        "How many operations there are, how fast they are, how many of them fail, and how many resources exist.",
        [board.job(), board.operation()],
        [
            stacked(
                Text(
                    "Request rate",
                    "Operations that ended, a second. A sudden drop says that requests no longer arrive, or no longer end: look at the "
                    "latency beside it. Operations inside others count too.",
                    "ops",
                ),
                PROMETHEUS,
                over_time(total(rate(every), OPERATION), legend(OPERATION)),
            ).data_links([board.to_traces()]),
            lines(
                Text(
                    "Latency percentiles",
                    "What half of the operations, 95 and 99 of a hundred stayed under; the dashed line is where an alert begins. The "
                    "dots are single operations: a click leads to the trace. p99 far above p50 means that few are hit.",
                    "s",
                ),
                PROMETHEUS,
                *(
                    over_time(
                        quantile(q, names.OPERATION_DURATION, matchers=PER_OPERATION),
                        f"p{q * 100:g}",
                        name,
                        exemplars=True,
                    )
                    for q, name in zip(QUANTILES, "ABC", strict=True)
                ),
                limit=alerts.SLOW_OPERATIONS.threshold,
            ),
            lines(
                Text(
                    "Error rate",
                    "Of a hundred operations, how many failed. What was rejected because the caller asked for something wrong is no "
                    "failure. Operations inside others count too: a crash counts in each one around it, and inner ones that "
                    "succeed thin the share out. Above the dashed line an alert begins: open the errors' dashboard.",
                    "percentunit",
                    THIRD,
                ),
                PROMETHEUS,
                over_time(share(total(rate(failed), OPERATION), total(rate(every), OPERATION)), legend(OPERATION), "A"),
                over_time(share(total(rate(failed)), total(rate(every))), "all", "B"),
                limit=alerts.HIGH_ERROR_RATE.threshold,
            ).data_links([board.to_traces()]),
            lines(
                Text(
                    "Active resources",
                    "Resources that exist, by type, as the service counted them since it started. A steep fall is a cascade of deletes: "
                    "compare with its panel on the performance dashboard.",
                    "short",
                    THIRD,
                ),
                PROMETHEUS,
                over_time(total(resources, promql.RESOURCE_TYPE), legend(promql.RESOURCE_TYPE)),
            ),
            pie(
                Text(
                    "Operation distribution",
                    "Which operations the load is made of, in the time that is shown. Where a search outweighs the rest, begin there.",
                    "short",
                    THIRD,
                ),
                PROMETHEUS,
                now(total(in_range(every), OPERATION), legend(OPERATION)),
            ),
        ],
    )
