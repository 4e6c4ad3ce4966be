"""The dashboards: fresh, complete, readable by Grafana, and asking for what there is. The queries themselves run in `test_queries.py`."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

from andiron import operation
from andiron.sdk.operations import names
from andiron.testing import Capture
from scripts.dashboards import logql, traceql
from scripts.dashboards.__main__ import stale
from scripts.dashboards.rule_tests import IDLE, SERVICE, database, series
from tests import prometheus
from tests.deploy.dashboards import BOARDS, TARGETS, Target, asking, each_board, offered, urls, variables
from tests.deploy.promql import ALL, QUESTION, parsed, selectors, substituted, unknown
from tests.deploy.stack import DEPLOY, load

pytestmark = pytest.mark.requirement("OB-10")

PROMISED = {
    "crud-operations-overview": [
        "Request rate",
        "Latency percentiles",
        "Error rate",
        "Active resources",
        "Operation distribution",
    ],
    "performance-analysis": [
        "Operation duration heatmap",
        "Slowest operations",
        "Database performance comparison",
        "Cascade delete impact",
        "HTTP request duration",
    ],
    "error-analysis": [
        "Error rate by type",
        "Error distribution",
        "Failed operations",
        "Circular dependency events",
        "Validation errors",
    ],
    "distributed-tracing": [
        "Trace timeline",
        "Span duration breakdown",
        "Service map",
        "Trace search",
        "Span attributes",
    ],
    "logs-correlation": [
        "Log stream",
        "Logs by level",
        "Correlated logs",
        "Error logs with stack traces",
        "Operation logs",
    ],
}


def test_the_files_are_fresh() -> None:
    assert stale() == [], "run make dashboards"


def test_there_is_every_panel_that_was_promised() -> None:
    shown = {name: {panel["title"] for panel in board["panels"]} for name, board in BOARDS.items()}
    assert shown.keys() == PROMISED.keys()
    for name, titles in PROMISED.items():
        assert not set(titles) - shown[name]


@each_board
def test_each_panel_says_what_it_is(board: dict[str, Any]) -> None:
    for panel in board["panels"]:
        assert panel["title"]
        assert len(panel["description"]) > 80, panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"]
        assert panel["targets"], panel["title"]
        assert {json.dumps(target["datasource"]) for target in panel["targets"]} == {json.dumps(panel["datasource"])}
        names_of_targets = [target["refId"] for target in panel["targets"]]
        assert len(set(names_of_targets)) == len(names_of_targets)


@each_board
def test_panels_lie_side_by_side(board: dict[str, Any]) -> None:
    taken: dict[tuple[int, int], str] = {}
    for panel in board["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                assert taken.setdefault((x, y), panel["title"]) == panel["title"]
    height = max(y for _, y in taken) + 1
    assert len(taken) == 24 * height, "a row has a hole"


def test_ids_are_given_once() -> None:
    uids = [board["uid"] for board in BOARDS.values()]
    assert len(set(uids)) == len(uids)
    for board in BOARDS.values():
        numbers = [panel["id"] for panel in board["panels"]]
        assert len(set(numbers)) == len(numbers)
        assert 8 <= len(board["uid"]) <= 40


@each_board
def test_the_foundation_sdk_reads_what_it_wrote(board: dict[str, Any]) -> None:
    register_default_plugins()
    again = json.loads(json.dumps(Dashboard.from_json(json.loads(json.dumps(board))), cls=JSONEncoder))
    # Its model of Tempo's questions lacks one thing, which `sources.py` adds.
    assert {path.rpartition("/")[2] for path in lost(board, again)} <= {"tableType"}


def lost(before: Any, after: Any, path: str = "") -> list[str]:
    """What is not there any more, or is something else; what was filled in does not count."""
    if isinstance(before, dict) and isinstance(after, dict):
        return [each for key, value in before.items() for each in lost(value, after.get(key), f"{path}/{key}")]
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        return [each for old, new in zip(before, after, strict=True) for each in lost(old, new, path)]
    return [] if before == after else [path]


def test_the_sources_are_those_that_are_provisioned() -> None:
    provisioned = load(DEPLOY / "grafana" / "datasources" / "datasources.yaml")["datasources"]
    there = {(source["type"], source["uid"]) for source in provisioned}
    assert {(target.source, target.asked["datasource"]["uid"]) for target in TARGETS} == there


@each_board
def test_every_variable_is_offered(board: dict[str, Any]) -> None:
    asked = [target.expression for target in TARGETS if BOARDS[target.dashboard]["uid"] == board["uid"]]
    asked += [variable["query"] for variable in board["templating"]["list"]]
    assert set().union(*map(variables, asked)) <= offered(board)


@each_board
def test_every_link_leads_somewhere(board: dict[str, Any]) -> None:
    there = {each["uid"]: each for each in BOARDS.values()}
    for url in urls(board["panels"]):
        found = re.match(r"/d/([\w-]+)\?", url)
        assert found, url
        target = there[found[1]]
        assert set(re.findall(r"var-(\w+)=", url)) | set(re.findall(r"\$\{(\w+):queryparam\}", url)) <= offered(target)
        assert "${__url_time_range}" in url


@each_board
def test_the_dashboards_link_to_one_another(board: dict[str, Any]) -> None:
    (link,) = board["links"]
    assert (link["type"], link["includeVars"], link["keepTime"]) == ("dashboards", True, True)
    assert set(link["tags"]) <= set(board["tags"])


@asking("prometheus")
def test_promql_asks_for_what_there_is(target: Target) -> None:
    assert unknown(substituted(target.expression)) == []


@each_board
def test_variables_offer_what_there_is(board: dict[str, Any]) -> None:
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            question = QUESTION.fullmatch(variable["query"])
            assert question
            assert unknown(f"sum by ({question['label']}) ({substituted(question['series'])})") == []


@asking("prometheus")
def test_points_of_latency_lead_to_traces(target: Target) -> None:
    of_buckets = {
        str(each.name)
        for each in selectors(parsed(substituted(target.expression)))
        if str(each.name).endswith("_bucket")
    }
    if of_buckets - {names.CASCADE_DELETES.bucket} and not target.asked["instant"]:
        assert target.asked["exemplar"]


def test_a_check_of_names_finds_a_wrong_one() -> None:
    count, total = names.OPERATION_COUNT.prometheus, "sum by (tenant) (rate"
    assert unknown("up") == ["up is no series of ours"]
    assert unknown(f'{count}{{tenant="x"}}') == [f"{count} has no tenant"]
    assert unknown(f"{total}({count}[5m]))") == [f"{count} has no tenant"]
    assert unknown(f"{count} and on (tenant) {count}") == [f"{count} has no tenant"] * 2
    assert unknown(f"sum by (tenant) ({count} and on (job) {count})") == [f"{count} has no tenant"]


# What the panels count is right to the one, although counters come into being with their first increment.


def counted(name: str, *first: float, **labels: str) -> dict[str, str]:
    """A series that is first seen after a minute, at the first of these values, and stays at the last."""
    return {series(name, **labels): " ".join(["_x4", *map(str, first[:-1]), f"{first[-1]}x20"])}


BOUNDS = ("0.1", "1", "2.5", "+Inf")


def durations(operation: str, buckets: tuple[int, ...], seconds: float) -> dict[str, str]:
    """A histogram of operations that is first seen after a minute."""
    labels = {names.label(names.OPERATION): operation, names.label(names.OUTCOME): names.SUCCESS}
    made = counted(names.OPERATION_DURATION.sum, seconds, **labels)
    made |= counted(names.OPERATION_DURATION.count, buckets[-1], **labels)
    for bound, count in zip(BOUNDS, buckets, strict=True):
        made |= counted(names.OPERATION_DURATION.bucket, count, **labels, le=bound)
    return made


def ended(operation: str, outcome: str) -> dict[str, str]:
    """The labels of operations that ended so."""
    return {names.label(names.OPERATION): operation, names.label(names.OUTCOME): outcome}


CRASHES = {**ended("resource.read", names.FAILURE), "error_type": "RuntimeError"}
REFUSALS = {**ended("resource.read", names.REJECTED), "error_type": "ResourceNotFound"}
FAULTS = {names.label(names.COMPONENT): "metrics", "error_type": "OSError"}
HAPPENED = (
    IDLE
    | counted(names.OPERATION_ERRORS.prometheus, 10, **CRASHES)
    | counted(names.OPERATION_ERRORS.prometheus, 3, 5, **REFUSALS)
    | counted(names.OPERATION_COUNT.prometheus, 10, **ended("resource.read", names.FAILURE))
    | counted(names.OPERATION_COUNT.prometheus, 90, **ended("resource.read", names.SUCCESS))
    | {database("OperationalError"): "_x4 7x20"}
    | counted(names.EXPORT_FAILURES.prometheus, 4)
    | counted(names.OBSERVABILITY_FAILURES.prometheus, 2, **FAULTS)
    | durations("resource.search", (94, 94, 100, 100), 9.6)
)
CRASHED = '{error_type="RuntimeError"}'
OF_READ, OF_SEARCH = '{operation_name="resource.read"}', '{operation_name="resource.search"}'


def look(panel: str, name: str, shown: dict[str, float], at: str = "1m45s") -> dict[str, Any]:
    """What a panel shall show."""
    (target,) = [each for each in TARGETS if (each.panel["title"], each.asked["refId"]) == (panel, name)]
    return {
        "expr": substituted(target.expression, window="1m", variables=ALL | {"__range": "1h"}),
        "eval_time": at,
        "exp_samples": [{"labels": labels, "value": value} for labels, value in shown.items()],
    }


def told(happened: dict[str, str], looks: list[dict[str, Any]], folder: Path) -> None:
    """Prometheus answers so."""
    test = {
        "interval": "15s",
        "input_series": [{"series": each, "values": values} for each, values in happened.items()],
        "promql_expr_test": looks,
    }
    (folder / "panels.yaml").write_text(yaml.safe_dump({"evaluation_interval": "15s", "tests": [test]}))
    assert "SUCCESS" in prometheus.said("test", "rules", "panels.yaml", folder=folder)


@pytest.mark.parametrize(
    ("panel", "name", "shown"),
    [
        ("Error rate by type", "A", {CRASHED: 10}),
        ("Validation errors", "A", {'{error_type="ResourceNotFound"}': 5}),
        ("Database errors", "A", {'{db_system_name="postgresql", error_type="OperationalError"}': 7}),
        ("Failures of the telemetry", "A", {f'{{job="{SERVICE}"}}': 4}),
        ("Failures of the telemetry", "B", {'{component="metrics", error_type="OSError"}': 2}),
        ("Failed operations", "A", {OF_READ: 10}),
        ("Failed operations", "B", {OF_READ: 0.1}),
        ("Slowest operations", "A", {OF_SEARCH: 1.25}),
        ("Slowest operations", "B", {OF_SEARCH: 0.096}),
        ("Slowest operations", "C", {OF_SEARCH: 100}),
    ],
)
def test_what_is_new_counts(panel: str, name: str, shown: dict[str, float], tmp_path: Path) -> None:
    told(HAPPENED, [look(panel, name, shown)], tmp_path)


def test_what_happened_before_the_first_scrape_counts_in_tables_and_not_in_graphs(tmp_path: Path) -> None:
    first = {each: values.replace("_x4 ", "") for each, values in HAPPENED.items()}
    looks = [look("Slowest operations", "B", {OF_SEARCH: 0.096}), look("Slowest operations", "A", {OF_SEARCH: 1.25})]
    looks += [look("Failed operations", "A", {OF_READ: 10})]
    looks += [look("Error rate by type", "A", {CRASHED: 0}, at) for at in ("15s", "1m", "1m45s")]
    told(first, looks, tmp_path)


# LogQL and TraceQL: no engine is at hand that runs them. What they name is what the application sends.


class Odd(Exception):
    """What an operation fails with."""


@operation("resource.create", resource_type="resource")
def fails() -> None:
    raise Odd("on purpose")


def test_spans_carry_what_the_tables_show(capture: Capture) -> None:
    with pytest.raises(Odd):
        fails()
    (span,) = [span for span in capture.spans if span.name == "resource.create"]
    assert set(traceql.ATTRIBUTES) <= set(span.attributes)


def test_logs_carry_what_the_filters_ask_for(capture: Capture) -> None:
    with pytest.raises(Odd):
        fails()
    (record,) = [record for record in capture.logs if record.severity_text == "ERROR"]
    assert set(logql.OF_ATTRIBUTES) <= {names.label(key) for key in record.attributes}
    assert record.severity_text in logql.ERRORS
    assert record.trace_id


@asking("loki")
def test_logql_names_what_there_is(target: Target) -> None:
    used = set(re.findall(r"(\w+)\s*(?:=~|!=|=|!~)\s*[\"`]", target.expression))
    used |= set(re.findall(r"by \((\w+)\)", target.expression)) | set(
        re.findall(r"\{\{ \.(\w+) \}\}", target.expression)
    )
    assert used <= {*logql.OF_RECORD, *logql.OF_ATTRIBUTES}
    assert logql.STREAM in target.expression


@asking("tempo")
def test_traceql_names_what_there_is(target: Target) -> None:
    if target.asked["queryType"] == "serviceMap":
        return
    used = set(re.findall(r"span\.([\w.]+)", target.expression))
    assert used <= set(traceql.ATTRIBUTES)
    assert target.asked["tableType"] in {"traces", "spans"}
