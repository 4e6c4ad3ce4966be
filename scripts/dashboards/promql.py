"""Expressions in PromQL: what the panels and the alerts ask of Prometheus, with the names of `andiron.sdk.operations.names`."""

from collections.abc import Callable

import promql_parser

from andiron.sdk.operations import names
from andiron.sdk.operations.names import Measure, label

JOB = "job"
"""Prometheus' own label for who is asked: the name of the service."""
INSTANCE = "instance"
"""And which process of it."""
OPERATION = label(names.OPERATION)
OUTCOME = label(names.OUTCOME)
ERROR_TYPE = label(names.ERROR_TYPE)
COMPONENT = label(names.COMPONENT)
RESOURCE_TYPE = label(names.RESOURCE_TYPE)
DB_SYSTEM = label(names.DB_SYSTEM)
DB_OPERATION = label(names.DB_OPERATION)
DB_COLLECTION = label(names.DB_COLLECTION)
HTTP_METHOD = label(names.HTTP_METHOD)
HTTP_ROUTE = label(names.HTTP_ROUTE)
BOUND = "le"

STEP = "$__rate_interval"
"""Grafana's window for a rate: wide enough for four scrapes, and for a point of the graph."""
RANGE = "$__range"
"""The whole time that the dashboard shows."""
BRIDGE = "2m"
"""How long a series may be missing, for want of a scrape or two, and still be taken for what it was."""
MEMORY = "1h"
"""How long a series that was seen does not count as new when it comes back."""

OF_JOB = f'{JOB}=~"$job"'
OF_OPERATION = f'{OPERATION}=~"$operation"'
FAILED = f'{OUTCOME}="{names.FAILURE}"'
REJECTED = f'{OUTCOME}="{names.REJECTED}"'
WITH_ERROR = f'{ERROR_TYPE}!=""'

PER_OPERATION = (OF_JOB, OF_OPERATION)

OPERATIONS = names.OPERATION_COUNT.prometheus
ERRORS = names.OPERATION_ERRORS.prometheus


def select(series: str, *matchers: str) -> str:
    """Series of that name, with these labels."""
    return f"{series}{{{', '.join(matchers)}}}" if matchers else series


def rate(selected: str, window: str = STEP) -> str:
    """How much they grew, a second."""
    return f"rate({selected}[{window}])"


def increase(selected: str, window: str) -> str:
    """How much they grew in the window, as Prometheus reckons it: from the first sample to the last, stretched to the window's ends."""
    return f"increase({selected}[{window}])"


def grown(selected: str, window: str) -> str:
    """How much they grew in the window, to the one: for alerts and counts over time, where a single one matters.

    A counter comes into being with its first increment: `increase` sees it begin at 1 and says that it grew by 0. And it stretches: of 5 in
    two minutes it makes 5.7. So: what it is now less what it was; and what is new, what it is now. `increase` is for those that began anew in
    between, those that are gone, and those of which nobody knows what they were: after a gap, or where Prometheus itself is new.
    """
    return _grown(selected, window, new(selected, window))


def in_range(selected: str, window: str = RANGE) -> str:
    """The same for the whole time that is shown: where Prometheus saw them there for the first time, all that they have counted.

    An application that has just been started was seldom scraped before its first requests, and one looks at it then. Where it is Prometheus
    that is new, a share, a mean or a percentile is as right; a count takes in what came before. An alert must not, so `grown` does not.
    """
    return _grown(selected, window, f"{selected} unless {_known(selected, window)}")


def _grown(selected: str, window: str, taken_whole: str) -> str:
    before = f"last_over_time({selected}[{BRIDGE}] offset {window})"
    restarted = f"{increase(selected, window)} and resets({selected}[{window}]) > 0"
    return f"({restarted}) or ({selected} - {before} >= 0) or ({taken_whole}) or {increase(selected, window)}"


def _known(selected: str, window: str) -> str:
    return f"last_over_time({selected}[{MEMORY}] offset {window})"


def new(selected: str, window: str) -> str:
    """Those that came into being in the window, and were not only seen for the first time.

    Operations are counted from a process's start, if only as 0. So a series is new where its process was already measured without it, and
    where its process is: the service was measured before the window, twice, or it could be the turn of a process that is only scraped later.
    `up` would not do: behind a Collector it is the Collector's.
    """
    process = f"{JOB}, {INSTANCE}"
    measured = f"max by ({process}) (count_over_time({OPERATIONS}[{window}]))"
    later = f"{selected} and count_over_time({selected}[{window}]) < on ({process}) group_left () {measured}"
    joined = f"{selected} and on ({JOB}) count_over_time({OPERATIONS}[{BRIDGE}] offset {window}) > 1"
    return f"(({later}) or ({joined})) unless {_known(selected, window)}"


def total(expression: str, *by: str) -> str:
    """Their sum: one for each value of the labels."""
    grouped = f" by ({', '.join(by)}) " if by else ""
    return f"sum{grouped}({expression})"


def share(part: str, whole: str) -> str:
    """Of what happened, what part. Nothing at all gives no answer instead of a division by zero; none of something gives 0."""
    return f"({part} or {whole} * 0) / ({whole} > 0)"


def quantile(
    q: float,
    measure: Measure,
    *by: str,
    matchers: tuple[str, ...],
    window: str = STEP,
    growth: Callable[[str, str], str] = rate,
) -> str:
    """What that part of the measurements stayed under, from the buckets of a histogram."""
    return f"histogram_quantile({q}, {total(growth(select(measure.bucket, *matchers), window), BOUND, *by)})"


def mean(measure: Measure, *by: str, matchers: tuple[str, ...]) -> str:
    """The mean of what a histogram took in, in the time that is shown."""
    parts = (total(in_range(select(series, *matchers)), *by) for series in (measure.sum, measure.count))
    return f"{next(parts)} / ({next(parts)} > 0)"


def shaped(expression: str) -> str:
    """Over several lines, for those who read the file."""
    return promql_parser.parse(expression).prettify()


def values(series: str, wanted: str, *matchers: str) -> str:
    """Grafana's question for the values that a label has: what a variable offers."""
    return f"label_values({select(series, *matchers)}, {wanted})"
