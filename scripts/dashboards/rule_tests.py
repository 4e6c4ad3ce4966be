"""What `promtool test rules` is shown: series that must wake somebody, and series that must not. A sample each 15 seconds."""

from dataclasses import dataclass, field
from typing import Any

from andiron.sdk.operations import names
from scripts.dashboards import alerts, promql
from scripts.dashboards.alerts import ALERTS, Alert, labelled
from scripts.dashboards.prometheus_rules import annotations
from scripts.dashboards.promql import DB_SYSTEM, ERROR_TYPE, JOB, OPERATION, OUTCOME, RESOURCE_TYPE, select

SERVICE = "control-center"
FIRST, SECOND = "app:8000", "app:8001"
"""Processes of it."""
RULES = "alerts.yaml"


@dataclass(frozen=True)
class Fired:
    """What tells an alert from others of its rule, and its value as it is written."""

    value: str
    labels: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Case:
    """Series, when to look, and whether the alert fires then."""

    name: str
    alert: Alert
    series: dict[str, str]
    at: str
    fired: Fired | None = None


def series(name: str, process: str = FIRST, **labels: str) -> str:
    """A series of a process of the service, as Prometheus writes it."""
    return select(
        name, *(f'{key}="{value}"' for key, value in {JOB: SERVICE, promql.INSTANCE: process, **labels}.items())
    )


def operations(outcome: str, process: str = FIRST) -> str:
    """Operations that ended so."""
    return series(names.OPERATION_COUNT.prometheus, process, **{OPERATION: "resource.create", OUTCOME: outcome})


def durations(bound: str, process: str = FIRST) -> str:
    """A bucket of operations that succeeded."""
    labels = {OPERATION: "resource.search", OUTCOME: names.SUCCESS, promql.BOUND: bound}
    return series(names.OPERATION_DURATION.bucket, process, **labels)


def took(fast: str, slow: str, process: str = FIRST) -> dict[str, str]:
    """Operations, of which `fast` took up to a tenth of a second, and all, which is `slow`, up to two and a half."""
    return {
        durations("0.1", process): fast,
        durations("1", process): fast,
        durations("2.5", process): slow,
        durations("+Inf", process): slow,
    }


def database(error: str = "", operation: str = "SELECT", process: str = FIRST) -> str:
    """Answers of the database."""
    labels = {DB_SYSTEM: "postgresql", promql.DB_OPERATION: operation, **({ERROR_TYPE: error} if error else {})}
    return series(names.DATABASE_DURATION.count, process, **labels)


SUCCEEDED, FAILED, REJECTED = operations(names.SUCCESS), operations(names.FAILURE), operations(names.REJECTED)
A_RESOURCE = {RESOURCE_TYPE: "resource"}
CIRCULAR = series(names.CIRCULAR_DEPENDENCIES.prometheus, **A_RESOURCE)
UNDELIVERED = series(names.EXPORT_FAILURES.prometheus)
CIRCULAR_ELSEWHERE = series(names.CIRCULAR_DEPENDENCIES.prometheus, SECOND, **A_RESOURCE)
IDLE = {SUCCEEDED: "0x80"}
"""A process is there, though nothing happens in it: operations are counted from its start."""
POSTGRESQL = {DB_SYSTEM: "postgresql"}
SEARCH = {OPERATION: "resource.search"}

RATE = alerts.HIGH_ERROR_RATE
ERROR_RATE = (
    Case("six of a hundred fail", RATE, {SUCCEEDED: "0+94x40", FAILED: "0+6x40"}, "10m", Fired("6%")),
    Case("five of a hundred fail: not more than that", RATE, {SUCCEEDED: "0+95x40", FAILED: "0+5x40"}, "10m"),
    Case("half is rejected", RATE, {SUCCEEDED: "0+10x40", REJECTED: "0+10x40"}, "10m"),
    Case("nothing ever failed", RATE, {SUCCEEDED: "0+10x40"}, "10m"),
    Case("nothing happens any more", RATE, {SUCCEEDED: "900x40", FAILED: "100x40"}, "10m"),
    Case(
        "the first failures, all between two scrapes",
        RATE,
        {SUCCEEDED: "0+9x40", FAILED: "_x36 20x4"},
        "10m",
        Fired("10%"),
    ),
    Case(
        "a new process, of which the first that is seen are failures",
        RATE,
        {SUCCEEDED: "0+9x40", operations(names.FAILURE, SECOND): "_x36 20x4"},
        "10m",
        Fired("10%"),
    ),
    Case("it failed before Prometheus was there", RATE, {SUCCEEDED: "900+10x40", FAILED: "500x40"}, "2m"),
    Case("it failed long ago", RATE, {SUCCEEDED: "0+1x80", FAILED: "0+1x20 20x60"}, "20m"),
    Case(
        "it fails again after a restart",
        RATE,
        {SUCCEEDED: "900x30 0+1x10", FAILED: "100x30 0+1x10"},
        "10m",
        Fired("50%"),
    ),
)

SLOW = alerts.SLOW_OPERATIONS
SLOWNESS = (
    Case(
        "all take between one and two and a half seconds",
        SLOW,
        {durations("1"): "0x60", durations("2.5"): "0+4x60", durations("+Inf"): "0+4x60"},
        "15m",
        Fired("2.425s", SEARCH),
    ),
    Case(
        "all take up to a second",
        SLOW,
        {durations("0.5"): "0x60", durations("1"): "0+4x60", durations("2.5"): "0+4x60", durations("+Inf"): "0+4x60"},
        "15m",
    ),
    Case(
        "four of a hundred are slow",
        SLOW,
        {durations("1"): "0+96x60", durations("2.5"): "0+100x60", durations("+Inf"): "0+100x60"},
        "15m",
    ),
    Case(
        "nothing is asked", SLOW, {durations("1"): "0x60", durations("2.5"): "9x60", durations("+Inf"): "9x60"}, "15m"
    ),
    Case(
        "slow after a restart",
        SLOW,
        {durations("1"): "9x30 0x30", durations("2.5"): "9x30 0+4x30", durations("+Inf"): "9x30 0+4x30"},
        "15m",
        Fired("2.425s", SEARCH),
    ),
    # 94 are fast and 6 slow: the 95th is the first of those between one second and two and a half.
    Case(
        "six of a hundred, all of them before they were first seen",
        SLOW,
        IDLE | took("_x4 94x20", "_x4 100x20"),
        "2m",
        Fired("1.25s", SEARCH),
    ),
    Case(
        "a hundred fast ones before they were first seen, and a slow one",
        SLOW,
        IDLE | took("_x4 100x20", "_x4 100 101x20"),
        "2m",
    ),
    Case(
        "a new process, of which a hundred fast ones and a slow one are seen",
        SLOW,
        IDLE | took("_x40 100x20", "_x40 100 101x20", SECOND),
        "12m",
    ),
    Case(
        "a new process, of which six of a hundred were slow when it was first seen",
        SLOW,
        IDLE | took("_x40 94x20", "_x40 100x20", SECOND),
        "12m",
        Fired("1.25s", SEARCH),
    ),
    Case("they were slow before Prometheus was there", SLOW, {SUCCEEDED: "9x20"} | took("0x20", "50x20"), "2m"),
)

LOOP = alerts.CIRCULAR_DEPENDENCY
LOOPS = (
    Case("the very first one", LOOP, IDLE | {CIRCULAR: "_x8 1x12"}, "2m", Fired("1", A_RESOURCE)),
    Case("still within its minute", LOOP, IDLE | {CIRCULAR: "_x8 1x12"}, "2m45s", Fired("1", A_RESOURCE)),
    Case("over after its minute", LOOP, IDLE | {CIRCULAR: "_x8 1x12"}, "3m"),
    Case("one more", LOOP, {CIRCULAR: "7x20 8x20"}, "5m30s", Fired("1", A_RESOURCE)),
    Case("none lately", LOOP, {CIRCULAR: "7x40"}, "8m"),
    Case("a scrape was missed", LOOP, {CIRCULAR: "7x20 stale 7x20"}, "6m15s"),
    Case("three scrapes were missed", LOOP, {CIRCULAR: "7x20 stale stale stale 7x20"}, "6m30s"),
    *(
        Case(f"none in a gap of {gap}", LOOP, {SUCCEEDED: f"9x20 {pause} 9x40", CIRCULAR: f"7x20 {pause} 7x40"}, at)
        for gap, pause in {
            "two minutes": "stale _x7",
            "six minutes": "stale _x23",
            "two minutes without a mark": "_x8",
        }.items()
        for at in ("7m15s", "7m30s", "8m15s", "11m15s", "12m")
    ),
    Case(
        "one of two processes was not seen for three minutes",
        LOOP,
        {
            SUCCEEDED: "9x80",
            operations(names.SUCCESS, SECOND): "9x20 stale _x11 9x40",
            CIRCULAR_ELSEWHERE: "7x20 stale _x11 7x40",
        },
        "8m15s",
    ),
    Case("one after a restart", LOOP, {CIRCULAR: "1x20 stale _x12 0 1x12"}, "8m45s", Fired("1", A_RESOURCE)),
    Case("none since a restart", LOOP, {CIRCULAR: "7x20 stale"}, "6m"),
    *(
        Case("many, before Prometheus was there", LOOP, {SUCCEEDED: "9x40", CIRCULAR: "7x40"}, at)
        for at in ("0s", "15s", "1m", "1m15s")
    ),
    *(
        Case(
            "many in two processes, before Prometheus was there; one is scraped later",
            LOOP,
            {
                SUCCEEDED: "9x40",
                CIRCULAR: "7x40",
                operations(names.SUCCESS, SECOND): "_ 9x40",
                CIRCULAR_ELSEWHERE: "_ 7x40",
            },
            at,
        )
        for at in ("15s", "1m", "1m15s", "1m30s")
    ),
    Case(
        "a new process, and one when it was first seen",
        LOOP,
        {SUCCEEDED: "9x20 stale", operations(names.SUCCESS, SECOND): "_x21 1x20", CIRCULAR_ELSEWHERE: "_x21 1x20"},
        "5m45s",
        Fired("1", A_RESOURCE),
    ),
)

DATABASE = alerts.DATABASE_CONNECTION
DATABASES = (
    Case(
        "six errors in two minutes",
        DATABASE,
        {database("OperationalError"): "3x20 4 5 6 7 8 9 9 9"},
        "6m45s",
        Fired("6", POSTGRESQL),
    ),
    Case("five", DATABASE, {database("OperationalError"): "3x20 4 5 6 7 8 8 8 8"}, "6m45s"),
    Case(
        "six, the first ever, all between two scrapes",
        DATABASE,
        IDLE | {database("OperationalError"): "_x20 6x8"},
        "6m",
        Fired("6", POSTGRESQL),
    ),
    Case(
        "three of one kind and three of another",
        DATABASE,
        IDLE | {database("OperationalError"): "_x20 3x8", database("TimeoutError"): "_x20 3x8"},
        "6m",
        Fired("6", POSTGRESQL),
    ),
    Case(
        "an instance that is gone",
        DATABASE,
        {database("OperationalError"): "0+2x4 stale"},
        "1m45s",
        Fired("9", POSTGRESQL),
    ),
    Case(
        "six, the first ever, in a process that was there for a minute",
        DATABASE,
        IDLE | {database("OperationalError"): "_x4 6x8"},
        "1m15s",
        Fired("6", POSTGRESQL),
    ),
    Case(
        "six, in a new process, when it was first seen",
        DATABASE,
        IDLE | {database("OperationalError", process=SECOND): "_x20 6x8"},
        "6m",
        Fired("6", POSTGRESQL),
    ),
    Case(
        "many, before Prometheus was there",
        DATABASE,
        {SUCCEEDED: "9x40", database("OperationalError"): "80x40"},
        "1m",
    ),
    Case(
        "many, before a gap of two minutes",
        DATABASE,
        {SUCCEEDED: "9x20 stale _x7 9x40", database("OperationalError"): "80x20 stale _x7 80x40"},
        "9m",
    ),
    Case("answers without an error", DATABASE, {database(): "0+100x40"}, "8m"),
    Case("many, but long ago", DATABASE, {database("OperationalError"): "0+10x8 80x40"}, "8m"),
    Case("one a minute", DATABASE, {database("OperationalError"): "0x3 1x3 2x3 3x3 4x3 5x3 6x3 7x3 8x3"}, "8m"),
    Case(
        "three, and four after a restart",
        DATABASE,
        {database("OperationalError"): "0 1 3 0 2 4"},
        "1m15s",
        Fired("7", POSTGRESQL),
    ),
)

EXPORT = alerts.OTLP_EXPORT_FAILURES
EXPORTS = (
    Case("eleven failures in five minutes", EXPORT, {UNDELIVERED: "2x40 3+1x10 13x10"}, "12m45s", Fired("11")),
    Case("ten", EXPORT, {UNDELIVERED: "2x40 3+1x9 12x10"}, "12m45s"),
    Case(
        "eleven, the first ever, all between two scrapes", EXPORT, IDLE | {UNDELIVERED: "_x20 11x20"}, "6m", Fired("11")
    ),
    Case("many, before Prometheus was there", EXPORT, {SUCCEEDED: "9x40", UNDELIVERED: "80x40"}, "2m"),
    Case("a server that is away for a minute", EXPORT, {UNDELIVERED: "2x20 5 8 11 14x20"}, "6m", Fired("12")),
    Case("a server that began anew", EXPORT, {UNDELIVERED: "2x20 5x40"}, "6m"),
    Case("eight before a restart and eight after it", EXPORT, {UNDELIVERED: "0+1x8 0+1x8"}, "4m15s", Fired("16")),
    Case("many, but long ago", EXPORT, {UNDELIVERED: "0+10x10 100x60"}, "15m"),
)

CASES = (*ERROR_RATE, *SLOWNESS, *LOOPS, *DATABASES, *EXPORTS)


def expected(case: Case, fired: Fired) -> dict[str, Any]:
    """The alert with its texts, their templates filled in."""
    labels = {JOB: SERVICE, **fired.labels}
    texts = annotations(case.alert, fired.value)
    for name, value in labels.items():
        texts["summary"] = texts["summary"].replace(labelled(name), value)
    return {"exp_labels": {"severity": case.alert.severity, **labels}, "exp_annotations": texts}


def written(case: Case) -> dict[str, Any]:
    """One test. At the moment it looks, no alert but its own may fire."""
    looks = [
        {
            "alertname": alert.title,
            "eval_time": case.at,
            "exp_alerts": [expected(case, case.fired)] if case.fired and alert is case.alert else [],
        }
        for alert in ALERTS
    ]
    return {
        "name": f"{case.alert.title}: {case.name}",
        "interval": "15s",
        "input_series": [{"series": name, "values": values} for name, values in case.series.items()],
        "alert_rule_test": looks,
    }


def tests() -> dict[str, Any]:
    """The whole file."""
    return {"rule_files": [RULES], "evaluation_interval": "15s", "tests": [written(case) for case in CASES]}
