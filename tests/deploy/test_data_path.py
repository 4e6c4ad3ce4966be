"""The path of the compose files with real processes: the application to Andiron over OTLP, and to Prometheus by its scrape.

What this proves: the reference application, told what `full.compose.yaml` tells it, delivers spans, logs and metrics that share a trace; its
metrics have the names, the buckets and the exemplars that the dashboards ask for; Prometheus with the deployed configuration stores them.
What it does not: the Collector, Tempo, Loki and Grafana, which are not here. Andiron takes the Collector's place as the one who takes OTLP.
"""

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from andiron.sdk.operations import names
from bench.server import Server
from tests.deploy.processes import Running, control_center, scraping
from tests.deploy.stack import ROOT, SMALL

pytestmark = [pytest.mark.slow, pytest.mark.requirement("OB-12")]

CREATE = "resource.create"


@dataclass(frozen=True)
class DataPath:
    """Everything that runs."""

    andiron: Server
    application: Running
    prometheus: Running

    def series(self, query: str) -> list[dict[str, Any]]:
        """What Prometheus answers; waits until that is something."""

        def asked() -> list[dict[str, Any]]:
            result: list[dict[str, Any]] = self.prometheus.get("/api/v1/query", query=query)["data"]["result"]
            return result

        return self.prometheus.until(asked)

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """What Andiron answers; waits until that is something."""
        return self.application.until(lambda: self.andiron.sql(sql))


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DataPath]:
    folder: Path = tmp_path_factory.mktemp("path")
    with (
        Server(folder / "andiron") as server,
        control_center(folder, OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{server.port}") as application,
        scraping(folder, application) as prometheus,
    ):
        assert application.send("POST", "/resources", id="orders", name="Orders", kind="service") == 201
        assert (
            application.send(
                "POST", "/resources", id="orders-db", name="Its database", kind="database", depends_on=["orders"]
            )
            == 201
        )
        # No such dependency: said no to, and not a failure.
        assert 400 <= application.send("POST", "/resources", name="Lost", kind="queue", depends_on=["nothing"]) < 500
        yield DataPath(server, application, prometheus)


def test_spans_and_logs_of_an_operation_share_a_trace(path: DataPath) -> None:
    traces = path.rows(
        f"""SELECT trace_id FROM records WHERE kind = 'span' AND span_name = '{CREATE}' AND attributes->>'outcome' = 'success'
            ORDER BY start_timestamp LIMIT 1"""
    )
    (trace,) = (row["trace_id"] for row in traces)
    spans = f"SELECT span_name, service_name FROM records WHERE kind = 'span' AND trace_id = '{trace}'"
    found = {row["span_name"] for row in path.rows(spans)}
    assert {CREATE, "repository.insert"} <= found
    assert {row["service_name"] for row in path.rows(spans)} == {"control-center"}
    # The request that caused it, and the statements that it caused.
    assert any(name.startswith("POST") for name in found)
    assert any(name.upper().startswith("INSERT") for name in found)
    logs = path.rows(
        f"SELECT message FROM records WHERE kind = 'log' AND trace_id = '{trace}' AND message LIKE '{CREATE} c%'"
    )
    assert [row["message"] for row in logs] == [f"{CREATE} completed"]


def test_metrics_arrive_as_a_collector_before_prometheus_wants_them(path: DataPath) -> None:
    duration = names.OPERATION_DURATION
    rows = path.rows(
        f"""SELECT aggregation_temporality, histogram_count FROM metrics
            WHERE metric_name = '{duration.name}' AND metric_type = 'histogram' AND attributes->>'{names.OPERATION}' = '{CREATE}'
              AND attributes->>'{names.OUTCOME}' = '{names.SUCCESS}'
            ORDER BY recorded_timestamp DESC LIMIT 1"""
    )
    assert [row["aggregation_temporality"] for row in rows] == ["cumulative"]
    exponential = f"SELECT count(*) AS n FROM metrics WHERE metric_name = '{duration.name}' AND metric_type LIKE 'exp%'"
    assert path.rows(exponential) == [{"n": 0}]


def test_prometheus_has_the_series_that_the_dashboards_ask_for(path: DataPath) -> None:
    (success,) = path.series(
        f'{names.OPERATION_COUNT.prometheus}{{job="control-center", {names.label(names.OPERATION)}="{CREATE}", outcome="success"}} >= 2'
    )
    assert float(success["value"][1]) == 2
    (rejected,) = path.series(f'{names.OPERATION_ERRORS.prometheus}{{{names.label(names.OPERATION)}="{CREATE}"}}')
    assert rejected["metric"][names.label(names.OUTCOME)] == names.REJECTED
    bounds = path.series(
        f'count by (le) ({names.OPERATION_DURATION.bucket}{{{names.label(names.OPERATION)}="{CREATE}", outcome="success"}})'
    )
    assert {float(series["metric"]["le"]) for series in bounds} == {*names.SECONDS, float("inf")}
    for measure in (names.HTTP_DURATION, names.DATABASE_DURATION):
        assert path.series(f"{measure.count} > 0"), f"{measure.name} is not measured"
    (resources,) = path.series(f"sum({names.RESOURCE_COUNT.prometheus}) >= 2")
    assert float(resources["value"][1]) == 2


def test_an_exemplar_of_prometheus_leads_to_a_trace_in_andiron(path: DataPath) -> None:
    query = f'{names.OPERATION_DURATION.bucket}{{{names.label(names.OPERATION)}="{CREATE}"}}'
    now = time.time()

    def asked() -> list[dict[str, Any]]:
        given = path.prometheus.get("/api/v1/query_exemplars", query=query, start=str(now - 3600), end=str(now + 3600))
        result: list[dict[str, Any]] = given["data"]
        return result

    exemplars = [each for series in path.prometheus.until(asked) for each in series["exemplars"]]
    trace, span = exemplars[0]["labels"]["trace_id"], exemplars[0]["labels"]["span_id"]
    rows = path.rows(
        f"SELECT span_name FROM records WHERE trace_id = '{trace}' AND span_id = '{span}' AND kind = 'span'"
    )
    assert [row["span_name"] for row in rows] == [CREATE]


def test_the_alerts_fire_for_what_happened(path: DataPath) -> None:
    assert path.application.send("GET", "/resources/orders", {"X-Fault": "crash"}) == 500
    assert path.application.send("PATCH", "/resources/orders", depends_on=["orders-db"]) == 409

    def firing() -> set[str]:
        groups = path.prometheus.get("/api/v1/rules")["data"]["groups"]
        rules = [rule for group in groups for rule in group["rules"]]
        assert len(rules) == 5
        assert {rule["health"] for rule in rules} <= {"ok", "unknown"}, rules
        found = {rule["name"] for rule in rules if rule["state"] == "firing"}
        return found if len(found) > 1 else set()

    assert path.prometheus.until(firing) == {"High error rate", "Circular dependency"}


def test_the_queries_of_the_guide_are_answered(path: DataPath) -> None:
    path.application.send("PATCH", "/resources/orders", depends_on=["orders-db"])
    guide = (ROOT / "docs/observability-setup.md").read_text(encoding="utf-8").partition("## When an alert fires")[2]
    blocks = re.findall(r"```(sql|promql)\n(.*?)```", guide, re.DOTALL)
    assert len(blocks) >= 9
    for language, query in blocks:
        if language == "promql":
            assert path.prometheus.get("/api/v1/query", query=query)["status"] == "success"
        elif "CircularDependency" in query:
            assert "orders → orders-db → orders" in path.rows(query)[0]["message"]
        else:
            path.andiron.sql(query)


def test_in_the_small_stack_the_token_lets_the_application_write(tmp_path: Path) -> None:
    """As in its containers: the server listens beyond loopback, so that it wants a token of everybody."""
    making = [*SMALL.services["token"].given["command"], "--json", "--data", str(tmp_path / "andiron")]
    made = subprocess.run([sys.executable, "-m", "andiron", *making], capture_output=True, check=True, cwd=tmp_path)
    token = json.loads(made.stdout)["token"]
    body = json.dumps({"sql": f"SELECT kind FROM records WHERE span_name = '{CREATE}'"}).encode()
    head = {"content_type": "application/json", "accept": "application/json", "authorization": f"Bearer {token}"}
    with (
        Server(tmp_path / "andiron", address="0.0.0.0") as server,
        control_center(
            tmp_path, SMALL, ANDIRON_URL=f"http://127.0.0.1:{server.port}", ANDIRON_TOKEN=token
        ) as application,
    ):
        assert application.send("POST", "/resources", id="orders", name="Orders", kind="service") == 201
        # By the name that it has in the stack's network.
        found = application.until(
            lambda: json.loads(server.post("/v2/query", body, host="andiron:4318", **head)[1])["data"]
        )
    assert found == [{"kind": "span"}]
