"""Resources over HTTP, on both databases: what can be done with them, and what is refused in which words."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from andiron.testing import Capture
from control_center.main import create_app
from control_center.settings import Settings

pytestmark = pytest.mark.requirement("OB-08")

SHOP: tuple[dict[str, Any], ...] = (
    {"id": "orders-db", "name": "Orders", "kind": "database", "description": "100 % of all orders"},
    {"id": "stock", "name": "Stock", "kind": "service", "depends_on": ["orders-db"]},
    {"id": "mail", "name": "Mail", "kind": "queue"},
    {"id": "web", "name": "Web", "kind": "service", "depends_on": ["stock", "mail"]},
)


@pytest.fixture
def shop(client: TestClient) -> TestClient:
    """An application with four resources: web needs stock and mail, stock needs orders-db."""
    for each in SHOP:
        assert client.post("/resources", json=each).status_code == 201
    return client


def ids(client: TestClient, **query: Any) -> list[str]:
    answer = client.get("/resources/search", params=query)
    assert answer.status_code == 200, answer.text
    return [each["id"] for each in answer.json()["items"]]


def refusal(answer: Any, status: int, title: str) -> Any:
    """The body of a refusal, which has the shape that all have."""
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
    body = answer.json()
    assert (body["status"], body["title"]) == (status, title)
    assert body["type"] == f"urn:control-center:problem:{title.lower().replace(' ', '-')}"
    assert body["detail"]
    assert body["instance"].startswith("/")
    assert all(each["where"] and each["what"] and each["remedy"] for each in body["problems"])
    return body


def test_a_resource_is_created_and_read(shop: TestClient) -> None:
    made = {"name": "Cache", "kind": "cache", "depends_on": ["web", "mail", "stock"]}
    answer = shop.post("/resources", json=made)
    assert answer.status_code == 201
    resource = answer.json()
    assert resource == {"id": resource["id"], "description": "", **made}
    assert answer.headers["location"] == f"/resources/{resource['id']}"
    assert shop.get(answer.headers["location"]).json() == resource


def test_only_what_is_named_changes(shop: TestClient) -> None:
    changed = shop.patch("/resources/web", json={"name": "Shop", "depends_on": ["mail"]})
    assert changed.status_code == 200
    assert changed.json() == {**SHOP[3], "description": "", "name": "Shop", "depends_on": ["mail"]}
    assert shop.get("/resources/web").json() == changed.json()
    assert shop.patch("/resources/web", json={}).json() == changed.json()
    assert shop.delete("/resources/stock").json() == {"deleted": ["stock"]}


def test_search_finds_text_and_kind_in_pages(shop: TestClient) -> None:
    assert ids(shop) == ["mail", "orders-db", "stock", "web"]
    assert ids(shop, q="ORDERS") == ["orders-db"]
    assert ids(shop, q="%") == ["orders-db"]
    assert ids(shop, q="_") == []
    assert ids(shop, kind="service") == ["stock", "web"]
    assert ids(shop, kind="service", q="w") == ["web"]
    page = shop.get("/resources/search", params={"limit": 1, "offset": 2}).json()
    assert [each["id"] for each in page["items"]] == ["stock"]
    assert (page["total"], page["limit"], page["offset"]) == (4, 1, 2)


def test_a_resource_that_others_need_is_not_deleted(shop: TestClient) -> None:
    body = refusal(shop.delete("/resources/orders-db"), 409, "Has dependents")
    assert body["dependents"] == ["stock", "web"]
    assert ids(shop) == ["mail", "orders-db", "stock", "web"]


def test_a_cascade_takes_the_dependents_along(shop: TestClient) -> None:
    answer = shop.delete("/resources/orders-db", params={"cascade": True})
    assert (answer.status_code, answer.json()) == (200, {"deleted": ["orders-db", "stock", "web"]})
    assert ids(shop) == ["mail"]


@pytest.mark.parametrize(
    ("resource", "depends_on", "cycle"),
    [
        ("mail", ["mail"], ["mail", "mail"]),
        ("orders-db", ["mail", "web"], ["orders-db", "web", "stock", "orders-db"]),
        ("stock", ["web"], ["stock", "web", "stock"]),
    ],
)
def test_a_circle_is_refused_and_named(
    shop: TestClient, resource: str, depends_on: list[str], cycle: list[str]
) -> None:
    before = shop.get(f"/resources/{resource}").json()
    answer = shop.patch(f"/resources/{resource}", json={"name": "X", "depends_on": depends_on})
    body = refusal(answer, 409, "Circular dependency")
    assert body["cycle"] == cycle
    assert " → ".join(cycle) in body["detail"]
    assert shop.get(f"/resources/{resource}").json() == before


def test_a_new_resource_may_not_need_itself(shop: TestClient) -> None:
    new = {"id": "self", "name": "Self", "kind": "host", "depends_on": ["mail", "self"]}
    assert refusal(shop.post("/resources", json=new), 409, "Circular dependency")["cycle"] == ["self", "self"]
    assert shop.get("/resources/self").status_code == 404


def test_an_id_is_given_once(shop: TestClient) -> None:
    refusal(shop.post("/resources", json={**SHOP[0], "name": "Other"}), 409, "Resource exists")
    assert shop.get("/resources/orders-db").json()["name"] == "Orders"


@pytest.mark.parametrize(
    ("wrong", "where"),
    [
        ({"name": " "}, ["name"]),
        ({"name": "x" * 121}, ["name"]),
        ({"name": "a\0b", "description": "\0"}, ["name", "description"]),
        ({"description": "x" * 2001}, ["description"]),
        ({"id": "Not An Id"}, ["id"]),
        ({"id": "search"}, ["id"]),
        ({"id": "x" * 65}, ["id"]),
        ({"depends_on": ["mail", "mail"]}, ["depends_on"]),
        ({"depends_on": ["mail", "nobody", "none"]}, ["depends_on", "depends_on"]),
        ({"depends_on": ["\0"]}, ["depends_on"]),
        ({"depends_on": [f"r{number}" for number in range(51)]}, ["depends_on"]),
        ({"name": "", "id": "-"}, ["id", "name"]),
        # What is wrong in its shape is told by FastAPI, in the same form.
        ({"name": 3}, ["name"]),
        ({"kind": "teapot"}, ["kind"]),
        ({"depends_on": "mail"}, ["depends_on"]),
        ({"colour": "red"}, ["colour"]),
    ],
)
def test_what_is_wrong_is_told_with_its_place(shop: TestClient, wrong: dict[str, Any], where: list[str]) -> None:
    answer = shop.post("/resources", json={"name": "New", "kind": "service", **wrong})
    body = refusal(answer, 422, "Validation failed")
    assert [each["where"] for each in body["problems"]] == where
    assert len(ids(shop)) == len(SHOP)


def test_a_change_is_held_to_the_same_rules(shop: TestClient) -> None:
    refusal(shop.patch("/resources/web", json={"name": ""}), 422, "Validation failed")
    refusal(shop.patch("/resources/web", json={"depends_on": ["nobody"]}), 422, "Validation failed")
    refusal(shop.patch("/resources/web", json={"kind": "host"}), 422, "Validation failed")
    refusal(shop.patch("/resources/web", json={"name": None}), 422, "Validation failed")


@pytest.mark.parametrize("resource", ["nobody", "No Id", "%00", "x" * 500])
def test_what_is_not_there_is_not_found(shop: TestClient, resource: str) -> None:
    for method in ("GET", "DELETE"):
        refusal(shop.request(method, f"/resources/{resource}"), 404, "Resource not found")
    refusal(shop.patch(f"/resources/{resource}", json={"name": "X"}), 404, "Resource not found")


def test_other_refusals_have_the_same_shape(shop: TestClient) -> None:
    refusal(shop.get("/nowhere"), 404, "Not Found")
    answer = shop.put("/resources/web")
    refusal(answer, 405, "Method Not Allowed")
    assert "GET" in answer.headers["allow"]
    for query in ({"limit": 0}, {"limit": 101}, {"offset": -1}, {"q": "a\0"}, {"kind": "teapot"}):
        refusal(shop.get("/resources/search", params=query), 422, "Validation failed")


def test_failures_have_the_same_shape_and_tell_no_secrets(shop: TestClient) -> None:
    answer = shop.get("/resources/web", headers={"X-Fault": "database"})
    body = refusal(answer, 503, "Database failed")
    assert answer.headers["retry-after"] == "2"
    answer = shop.get("/resources/web", headers={"X-Fault": "crash"})
    body = refusal(answer, 500, "Internal failure")
    assert "asked for" not in str(body)
    assert answer.headers["x-request-id"]
    refusal(shop.get("/resources/web", headers={"X-Fault": "flood"}), 422, "Validation failed")
    assert shop.get("/resources/web", headers={"X-Fault": "slow=0.001"}).status_code == 200
    assert shop.get("/resources/web").status_code == 200


def test_a_change_that_fails_changes_nothing(shop: TestClient) -> None:
    for fault in ("database", "crash"):
        answer = shop.delete("/resources/web", headers={"X-Fault": fault})
        assert answer.status_code >= 500
    assert ids(shop, q="Web") == ["web"]


def test_faults_are_for_those_who_switch_them_on(capture: Capture, database: str) -> None:
    with TestClient(create_app(Settings(database))) as client:
        assert client.get("/resources/search", headers={"X-Fault": "database"}).status_code == 200
        assert client.get("/resources/search", headers={"X-Fault": "flood"}).status_code == 200


def test_what_was_made_is_there_after_a_restart(capture: Capture, database: str) -> None:
    with TestClient(create_app(Settings(database))) as client:
        for each in SHOP:
            client.post("/resources", json=each)
    with TestClient(create_app(Settings(database))) as client:
        assert client.get("/resources/web").json()["depends_on"] == ["stock", "mail"]
        assert capture.metric("resource.count").value(resource_type="resource") == len(SHOP)


def test_the_page_of_paths_needs_nothing_from_elsewhere(client: TestClient) -> None:
    page = client.get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    assert "://" not in page.text
    assert "<script" not in page.text
    for path in client.get("/openapi.json").json()["paths"]:
        assert f" {path}</code>" in page.text
    assert "<code>name</code>, <code>kind</code>" in page.text, "a field that one must give"
    assert "<code>cascade?</code>" in page.text, "a parameter that one may leave out"
    for link in ("openapi.json", "metrics"):
        assert f'href="{link}"' in page.text
        assert client.get(f"/{link}").status_code == 200
