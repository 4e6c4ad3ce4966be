"""`/metrics` of an application, read as Prometheus reads it."""

import math
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from prometheus_client.openmetrics import parser as openmetrics_parser
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from andiron.sdk.operations import (
    MetricsInstrumentor,
    ObservabilitySettings,
    TracingInstrumentor,
    init_observability,
    names,
    operation,
    shutdown_observability,
)
from andiron.sdk.operations.exposition import Exposition
from andiron.testing.capture import Capture
from tests.operations.stories import Broken, operation_names

pytestmark = [pytest.mark.requirement("OB-02"), pytest.mark.requirement("OB-06")]

OPENMETRICS = "application/openmetrics-text; version=1.0.0"


class Scraped:
    """An exposition of a provider of its own."""

    def __init__(self, **resource: str) -> None:
        self.exposition = Exposition()
        self.provider = MeterProvider(
            [self.exposition], Resource({"service.name": "shop", **resource}), shutdown_on_exit=False
        )
        self.metrics = MetricsInstrumentor(self.provider)
        self.meter = self.provider.get_meter("test")

    def families(self, accept: str = "text/plain") -> dict[str, Any]:
        """What a scrape is told, by name."""
        return families(*self.exposition.render(accept))


def families(body: bytes, kind: str) -> dict[str, Any]:
    """A page by its own parser, which is strict."""
    if kind.startswith("application/openmetrics-text"):
        found = openmetrics_parser.text_string_to_metric_families(body.decode())  # type: ignore[no-untyped-call]
    else:
        assert kind.startswith("text/plain")
        found = text_string_to_metric_families(body.decode())
    return {family.name: family for family in found}


def samples(family: Any, name: str) -> dict[frozenset[tuple[str, str]], float]:
    """Values of the samples of this name by their labels."""
    return {frozenset(each.labels.items()): each.value for each in family.samples if each.name == name}


@pytest.mark.parametrize("accept", ["text/plain", OPENMETRICS, "", "*/*"])
def test_every_measure_is_there_under_its_name(accept: str) -> None:
    scraped = Scraped(team="checkout")
    metrics = scraped.metrics
    metrics.record_operation("resource.create", 0.07, names.FAILURE, "ValueError")
    metrics.resources_changed("server", 3)
    metrics.resources_changed("server", -1)
    metrics.cascade_deleted("server", 4)
    metrics.circular_dependency("server")
    metrics.database_answered("postgresql", "SELECT", 0.002, "resources")
    metrics.failed("metrics", "ValueError")
    found = scraped.families(accept)
    for measure in names.OPERATIONS:
        name = measure.prometheus
        family = found[name.removesuffix("_total") if measure.kind == "counter" else name]
        assert family.type == {"histogram": "histogram", "counter": "counter", "updowncounter": "gauge"}[measure.kind]
        assert family.documentation == measure.description
        sampled = {sample.name for sample in family.samples} - {f"{name.removesuffix('_total')}_created"}
        assert sampled == ({measure.bucket, measure.count, measure.sum} if measure.kind == "histogram" else {name})
        labels = {names.label(attribute) for attribute in measure.attributes}
        for sample in family.samples:
            assert set(sample.labels) - {"le"} <= labels
    bounds = [each.labels["le"] for each in found["operation_duration_seconds"].samples if "le" in each.labels]
    assert list(map(float, bounds)) == [*names.SECONDS, math.inf]
    key = frozenset({"operation_name": "resource.create", "outcome": "failure"}.items())
    assert samples(found["operation_count"], "operation_count_total")[key] == 1
    assert samples(found["resource_count"], "resource_count") == {frozenset({("resource_type", "server")}): 2}
    target = found["target" if "target" in found else "target_info"].samples
    assert [(sample.name, sample.labels) for sample in target] == [
        ("target_info", {"service_name": "shop", "team": "checkout"})
    ]


@given(st.lists(st.tuples(operation_names, st.floats(0, 100)), min_size=1))
def test_buckets_are_cumulative(measured: list[tuple[str, float]]) -> None:
    scraped = Scraped()
    for name, seconds in measured:
        scraped.metrics.record_operation(name, seconds)
    for accept in ("text/plain", OPENMETRICS):
        family = scraped.families(accept)["operation_duration_seconds"]
        for operation_name in {name for name, _ in measured}:
            values = [seconds for name, seconds in measured if name == operation_name]
            mine = [each for each in family.samples if each.labels["operation_name"] == operation_name]
            for sample in mine:
                if sample.name == names.OPERATION_DURATION.bucket:
                    assert sample.value == sum(value <= float(sample.labels["le"]) for value in values)
            (count,) = [each.value for each in mine if each.name == names.OPERATION_DURATION.count]
            assert count == len(values)


def test_a_slow_operation_leads_to_its_trace() -> None:
    scraped = Scraped()
    tracing = TracingInstrumentor(TracerProvider(shutdown_on_exit=False))
    scraped.metrics.record_operation("resource.create", 0.003)
    with tracing.operation("resource.create"):
        ids = {"trace_id": tracing.trace_id, "span_id": tracing.span_id}
        scraped.metrics.record_operation("resource.create", 7.5)
    family = scraped.families(OPENMETRICS)["operation_duration_seconds"]
    (found,) = [sample for sample in family.samples if sample.exemplar]
    assert found.labels["le"] in ("10.0", "10")
    assert (found.exemplar.labels, found.exemplar.value) == (ids, 7.5)
    assert found.exemplar.timestamp
    # The older form has no room for them.
    assert b"trace_id" not in scraped.exposition.render("text/plain")[0]


@pytest.mark.parametrize("accept", ["text/plain", OPENMETRICS])
def test_names_and_values_that_prometheus_would_not_take(accept: str) -> None:
    scraped = Scraped(**{"odd-name": 'a "quoted"\nline', "0": "digit"})
    counter = scraped.meter.create_counter("http.requests-of/all", "1", "Said in\ntwo lines \\ with a slash")
    counter.add(1, {"a-b": "x\ny", "c.d": True, "e": 1.5, "le": "taken", "ä": "ü"})
    counter.add(2, {"a.b": "1", "a_b": "2"})
    scraped.meter.create_gauge("load", "1").set(0.5)
    scraped.meter.create_histogram("took", "ms").record(3)
    scraped.provider.get_meter("another").create_gauge("load", "1").set(0.75)
    found = scraped.families(accept)
    assert found.keys() >= {"http_requests_of_all", "load_ratio", "took"}
    labels = {"a_b": "x\ny", "c_d": "true", "e": "1.5", "le": "taken", "_": "ü"}
    assert labels in [sample.labels for sample in found["http_requests_of_all"].samples]


@pytest.mark.requirement("LF-14")
@pytest.mark.parametrize("redact", [True, False])
def test_no_secret_is_told_in_a_label(*, redact: bool) -> None:
    scraped = Scraped()
    scraped.exposition.redact = redact
    labels = {"password": "hunter2", "customer": "ada@example.com", "shop.kind": "rakes"}
    scraped.meter.create_counter("sales").add(1, labels)
    page = scraped.exposition.render()[0].decode()
    assert ("hunter2" in page, "ada@example.com" in page) == (not redact, not redact)
    assert 'shop_kind="rakes"' in page


def test_what_is_no_unicode_does_not_take_the_page_with_it() -> None:
    scraped = Scraped()
    scraped.meter.create_counter("files").add(1, {"file.name": "caf\udce9.txt"})
    assert 'file_name="caf?.txt"' in scraped.exposition.render(OPENMETRICS)[0].decode()


def test_a_name_that_is_taken_is_left_out() -> None:
    scraped = Scraped()
    scraped.meter.create_gauge("target.info").set(1)
    scraped.meter.create_counter("jobs").add(1)
    scraped.provider.get_meter("another").create_histogram("jobs").record(3)
    families = scraped.families(OPENMETRICS)
    assert families["jobs"].type in {"counter", "histogram"}
    assert families["target"].type == "info"


def test_nothing_measured_is_an_empty_page() -> None:
    exposition = Exposition()
    MeterProvider([exposition], shutdown_on_exit=False)
    for accept in ("text/plain", OPENMETRICS):
        families(*exposition.render(accept))


@pytest.fixture
def client(capture: Capture) -> Iterator[TestClient]:
    app = FastAPI()

    @app.get("/resources/{number}")
    @operation("resource.read", arguments=("number",))
    async def read(number: int) -> int:
        if number == 0:
            raise Broken("none")
        return number

    @app.get("/{path:path}")
    async def everything(path: str) -> str:
        return path

    init_observability(ObservabilitySettings(service_name="shop"), app=app)
    yield TestClient(app, raise_server_exceptions=False)
    shutdown_observability()


def test_an_application_serves_it(client: TestClient, capture: Capture) -> None:
    assert client.get("/resources/7").status_code == 200
    assert client.get("/resources/0").status_code == 500
    pages = []
    # Exemplars are told once, to the first who asks.
    for accept in (OPENMETRICS, "text/plain"):
        answer = client.get("/metrics", headers={"Accept": accept})
        assert answer.status_code == 200
        found = families(answer.content, answer.headers["content-type"])
        pages.append(found)
        ended = samples(found["operation_count"], names.OPERATION_COUNT.prometheus)
        mine = [(dict(key), value) for key, value in ended.items() if ("operation_name", "resource.read") in key]
        assert {labels["outcome"]: value for labels, value in mine} == {"success": 1, "failure": 1, "rejected": 0}
        requests = found[names.HTTP_DURATION.prometheus]
        routes = {sample.labels["http_route"] for sample in requests.samples}
        assert routes == {"/resources/{number}"}
        (target,) = found["target" if "target" in found else "target_info"].samples
        assert target.labels["service_name"] == "shop"
    traces = {span.trace_id for span in capture.spans if span.name == "resource.read"}
    family = pages[0][names.OPERATION_DURATION.prometheus]
    exemplars = [sample.exemplar for sample in family.samples if sample.exemplar]
    assert exemplars
    assert {exemplar.labels["trace_id"] for exemplar in exemplars} <= traces


def test_a_scrape_is_no_request_of_interest(client: TestClient, capture: Capture) -> None:
    client.get("/metrics")
    body = client.get("/metrics").text
    assert not [span for span in capture.spans if "/metrics" in str(span.attributes.get("url.path"))]
    assert 'http_route="/metrics"' not in body


@pytest.mark.parametrize("settings", [{"prometheus": False}, {"metrics": False}, {"enabled": False}])
def test_it_is_served_where_it_is_wanted(capture: Capture, settings: dict[str, bool]) -> None:
    app = FastAPI()
    made = init_observability(ObservabilitySettings(**settings), app=app)
    assert made.prometheus is None
    assert TestClient(app).get("/metrics").status_code == 404


def test_its_path_can_be_another(capture: Capture) -> None:
    app = FastAPI()
    init_observability(ObservabilitySettings(metrics_path="/internal/metrics"), app=app)
    client = TestClient(app)
    assert client.get("/internal/metrics").status_code == 200
    assert client.get("/metrics").status_code == 404
    assert [span for span in capture.spans if span.kind == "server" and "internal" in span.attributes["url.path"]] == []
