"""What a request leaves behind: its HTTP span with the operations below it, their measures, their records."""

from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from andiron.testing import Capture, Records
from andiron.testing.records import Span

pytestmark = pytest.mark.requirement("OB-08")

RESOURCE = {"name": "Orders", "kind": "database"}


def tree(records: Records, *, database: bool = False) -> list[str]:
    """The spans, each below its parent; those of statements only if asked for."""
    spans = sorted(records.spans, key=lambda each: each.start)
    known = {each.span_id for each in spans}

    def below(parent: str, depth: int) -> list[str]:
        found = []
        for each in spans:
            if (each.parent_id if each.parent_id in known else "") == parent and (database or each.kind != "client"):
                found += ["  " * depth + each.name, *below(each.span_id, depth + 1)]
        return found

    return below("", 0)


def statements(records: Records, below: str) -> list[Span]:
    parents = {each.span_id for each in records.spans if each.name == below}
    return [each for each in records.spans if each.kind == "client" and each.parent_id in parents]


def logged(records: Records) -> list[tuple[str, int]]:
    return [(str(each.body), each.severity) for each in records.logs if "operation.name" in each.attributes]


@pytest.mark.requirement("OB-06")
def test_the_span_of_a_request_holds_those_of_its_operations(client: TestClient, capture: Capture) -> None:
    capture.clear()
    made = client.post("/resources", json=RESOURCE).json()
    assert tree(capture) == [
        "POST /resources",
        "  resource.create",
        "    resource.validate",
        "    repository.insert",
    ]
    http, create = capture.span("POST /resources"), capture.span("resource.create")
    assert (http.kind, create.kind) == ("server", "internal")
    assert http.attributes["http.response.status_code"] == 201
    assert create.attributes["outcome"] == "success"
    assert create.attributes["resource.type"] == "resource"
    assert [each.attributes["db.system"] for each in statements(capture, "repository.insert")]
    assert len({each.trace_id for each in capture.spans}) == 1
    capture.clear()
    client.patch(f"/resources/{made['id']}", json={"name": "Sales"})
    assert tree(capture) == [
        "PATCH /resources/{resource_id}",
        "  resource.update",
        "    repository.find",
        "    resource.validate",
        "    repository.change",
    ]
    assert capture.span("resource.update").attributes["resource_id"] == made["id"]


@pytest.mark.requirement("OB-06")
def test_health_and_metrics_leave_no_span(client: TestClient, capture: Capture) -> None:
    capture.clear()
    assert client.get("/healthz").json() == {"status": "ok"}
    assert "operation_count_total" in client.get("/metrics").text
    assert capture.spans == []
    client.get("/resources/search")
    assert tree(capture) == ["GET /resources/search", "  resource.search", "    repository.search"]


@pytest.mark.requirement("OB-06")
def test_a_callers_trace_goes_on(client: TestClient, capture: Capture) -> None:
    capture.clear()
    trace, parent = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
    client.get("/resources/search", headers={"traceparent": f"00-{trace}-{parent}-01"})
    assert {each.trace_id for each in capture.spans} == {trace}
    assert capture.span("GET /resources/search").parent_id == parent


def test_every_operation_writes_that_it_began_and_how_it_ended(client: TestClient, capture: Capture) -> None:
    capture.clear()
    client.get("/resources/nobody")
    assert logged(capture) == [
        ("resource.read started", 5),
        ("repository.find started", 5),
        ("repository.find completed", 9),
        (
            "resource.read rejected: control_center.errors.ResourceNotFound: There is no resource 'nobody'.",
            13,
        ),
    ]
    span = capture.span("resource.read")
    said = [each for each in capture.logs if each.attributes.get("operation.name") == "resource.read"]
    assert {(each.trace_id, each.span_id) for each in said} == {(span.trace_id, span.span_id)}
    assert said[-1].attributes["operation.duration"] > 0
    assert span.status == "unset"
    assert span.attributes["outcome"] == "rejected"


@pytest.mark.parametrize(
    ("fault", "error", "status"), [("database", "sqlalchemy.exc.", 503), ("crash", "RuntimeError", 500)]
)
def test_a_failure_marks_every_span_up_to_the_request(
    client: TestClient, capture: Capture, fault: str, error: str, status: int
) -> None:
    capture.clear()
    assert client.get("/resources/search", headers={"X-Fault": fault}).status_code == status
    for name in ("GET /resources/search", "resource.search", "repository.search"):
        assert capture.span(name).status == "error", name
    for name in ("resource.search", "repository.search"):
        assert capture.span(name).attributes["error.type"].startswith(error)
        assert [event for event, _ in capture.span(name).events] == ["exception"]
    failed = [text for text, severity in logged(capture) if severity == 17]
    assert [text.partition(":")[0] for text in failed] == ["repository.search failed", "resource.search failed"]
    assert total(capture, "operation.errors", **{"operation.name": "resource.search", "outcome": "failure"}) == 1


def total(records: Records, metric: str, **attributes: Any) -> float:
    """The sum of a metric's points that have these attributes; of a histogram, how many measurements."""
    points = [point for each in records.metrics if each.name == metric for point in each.points]
    return sum(
        float(value[0] if isinstance(value, tuple) else value)
        for found, value in points
        if attributes.items() <= found.items()
    )


def test_every_measure_moves(client: TestClient, capture: Capture) -> None:
    def outcomes(operation: str) -> dict[str, float]:
        return {
            outcome: total(capture, "operation.count", **{"operation.name": operation, "outcome": outcome})
            for outcome in ("success", "rejected", "failure")
        }

    for new in ({"id": "a"}, {"id": "b", "depends_on": ["a"]}, {"id": "c", "depends_on": ["b"]}, {"id": "-"}):
        client.post("/resources", json=RESOURCE | new)
    client.patch("/resources/a", json={"depends_on": ["c"]})
    client.get("/resources/a")
    client.get("/resources/z")
    client.get("/resources/search", headers={"X-Fault": "database"})
    client.delete("/resources/a")
    assert total(capture, "resource.count") == 3
    client.delete("/resources/b?cascade=true")
    assert total(capture, "resource.count") == 1
    assert outcomes("resource.create") == {"success": 3, "rejected": 1, "failure": 0}
    assert outcomes("resource.update") == {"success": 0, "rejected": 1, "failure": 0}
    assert outcomes("resource.read") == {"success": 1, "rejected": 1, "failure": 0}
    assert outcomes("resource.search") == {"success": 0, "rejected": 0, "failure": 1}
    assert outcomes("resource.delete") == {"success": 1, "rejected": 1, "failure": 0}
    assert total(capture, "operation.duration", **{"operation.name": "resource.create"}) == 4
    assert total(capture, "resource.circular_dependencies") == 1
    assert total(capture, "resource.cascade_delete.size") == 1
    assert total(capture, "http.server.request.duration", **{"http.route": "/resources/{resource_id}"}) == 5
    failures = [
        found["error.type"]
        for each in capture.metrics
        if each.name == "db.client.operation.duration"
        for found, _ in each.points
        if "error.type" in found
    ]
    assert len(failures) == 1
    assert failures[0].startswith("sqlalchemy.exc.")


def test_the_tables_of_statements_are_few_and_known(client: TestClient, capture: Capture) -> None:
    """An attribute of a measure that is another with every request would be a series with every request."""
    for _ in range(3):
        made = client.post("/resources", json=RESOURCE).json()
        client.get("/resources/search?q=o")
        client.delete(f"/resources/{made['id']}?cascade=true")
    points = [point for each in capture.metrics if each.name == "db.client.operation.duration" for point in each.points]
    tables = {found.get("db.collection.name", "") for found, _ in points}
    assert tables <= {"resources", "dependencies", "turn", "reached", "dependents", ""}


def test_a_scrape_leads_to_traces(client: TestClient, capture: Capture) -> None:
    capture.clear()
    client.get("/resources/search")
    text = client.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"}).text
    assert f'trace_id="{capture.span("resource.search").trace_id}"' in text


def test_switched_off_it_only_works(capture: Capture, database: str, andiron_env: Callable[..., None]) -> None:
    from control_center.main import create_app
    from control_center.settings import Settings

    andiron_env(OBSERVABILITY_ENABLED="false")
    capture.clear()
    with TestClient(create_app(Settings(database))) as client:
        assert client.post("/resources", json=RESOURCE).status_code == 201
        assert client.get("/metrics").status_code == 404
    # FastAPI's own spans remain: they are not ours to switch off.
    assert {each.scope for each in capture.spans} <= {"fastapi"}
    assert logged(capture) == []
