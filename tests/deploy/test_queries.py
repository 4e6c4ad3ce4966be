"""Every PromQL of the dashboards and alerts, asked of a real Prometheus that scrapes the reference application under load."""

import math
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from andiron.sdk.operations import names
from bench.server import free_port
from scripts.dashboards.alerts import ALERTS, CIRCULAR_DEPENDENCY, Alert
from tests.deploy.dashboards import BOARDS, Target, of
from tests.deploy.processes import Running, control_center, scraping
from tests.deploy.promql import QUESTION, substituted
from tests.deploy.stack import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.requirement("OB-10")]

SECONDS, RATE = 15, 30
WINDOW = "30s"
# What only faults inside the instrumentation bring into being: they cannot be asked for from outside.
NEVER = names.OBSERVABILITY_FAILURES.prometheus

QUERIES = [target for target in of("prometheus") if NEVER not in target.expression]


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """It has scraped an application that was asked for everything, faults included, and that could deliver nothing."""
    folder = tmp_path_factory.mktemp("queries")
    nobody = f"http://127.0.0.1:{free_port()}"
    with (
        control_center(folder, CONTROL_CENTER_FAULTS="1", OTEL_EXPORTER_OTLP_ENDPOINT=nobody) as application,
        scraping(folder, application) as running,
    ):
        load(application)
        failures = names.EXPORT_FAILURES.prometheus
        running.until(lambda: asked(running, f"increase({failures}[{WINDOW}]) > 0"))
        yield running


def load(application: Running) -> None:
    """A mix of everything, for a while."""
    command = [sys.executable, "-m", "control_center.load", "--url", application.url]
    subprocess.run(
        [*command, "--seconds", str(SECONDS), "--rate", str(RATE)],
        env=os.environ | {"PYTHONPATH": str(ROOT / "examples/control_center")},
        check=True,
        stdout=subprocess.DEVNULL,
    )


def asked(running: Running, expression: str) -> list[dict[str, Any]]:
    """The answer at this moment."""
    answer = running.get("/api/v1/query", query=expression)
    assert answer["status"] == "success"
    result: list[dict[str, Any]] = answer["data"]["result"]
    return result


def numbers(result: list[dict[str, Any]]) -> list[float]:
    """Its values that are numbers."""
    values = [float(series["value"][1]) for series in result]
    return [value for value in values if not math.isnan(value)]


@pytest.mark.parametrize("target", QUERIES, ids=str)
def test_a_panel_has_something_to_show(prometheus: Running, target: Target) -> None:
    expression = substituted(target.expression, window=WINDOW)
    result = asked(prometheus, expression)
    assert numbers(result), expression
    legend = str(target.asked.get("legendFormat", ""))
    shown = {word.strip("{}") for word in legend.split() if word.startswith("{{")}
    for label in shown:
        assert any(series["metric"].get(label) for series in result), f"no series has {label}"


def test_what_never_happened_is_asked_for_all_the_same(prometheus: Running) -> None:
    (target,) = [target for target in of("prometheus") if NEVER in target.expression]
    assert asked(prometheus, substituted(target.expression, window=WINDOW)) == []


def test_variables_have_something_to_offer(prometheus: Running) -> None:
    for board in BOARDS.values():
        for variable in board["templating"]["list"]:
            question = QUESTION.fullmatch(variable["query"])
            if question is None:
                assert variable["type"] != "query"
                continue
            found = asked(prometheus, f"count by ({question['label']}) ({substituted(question['series'])})")
            assert all(series["metric"][question["label"]] for series in found)
            assert found


@pytest.mark.parametrize("target", [target for target in QUERIES if target.asked.get("exemplar")], ids=str)
def test_points_of_latency_have_a_trace(prometheus: Running, target: Target) -> None:
    query = substituted(target.expression, window=WINDOW)
    answer = prometheus.get("/api/v1/query_exemplars", query=query, start="0", end=str(2**32))
    exemplars = [exemplar for series in answer["data"] for exemplar in series["exemplars"]]
    assert exemplars
    assert all(len(exemplar["labels"]["trace_id"]) == 32 for exemplar in exemplars)


@pytest.mark.requirement("OB-11")
@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_an_alert_has_something_to_compare(prometheus: Running, alert: Alert) -> None:
    assert numbers(asked(prometheus, alert.expression)), alert.expression


@pytest.mark.requirement("OB-11")
def test_prometheus_runs_the_alerts(prometheus: Running) -> None:
    (group,) = [group for group in prometheus.get("/api/v1/rules")["data"]["groups"] if group["name"] == "operations"]
    assert {rule["name"]: rule["health"] for rule in group["rules"]} == {alert.title: "ok" for alert in ALERTS}

    def firing() -> bool:
        alerts = prometheus.get("/api/v1/alerts")["data"]["alerts"]
        return CIRCULAR_DEPENDENCY.title in {alert["labels"]["alertname"] for alert in alerts}

    assert prometheus.until(firing)
