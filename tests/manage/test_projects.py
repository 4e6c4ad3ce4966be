"""Projects over HTTP: for the operator alone."""

import pytest

from andiron.server.control.models import Scope
from tests.manage.conftest import Office

pytestmark = [pytest.mark.requirement("AN-09"), pytest.mark.requirement("AN-07")]


def test_an_operator_makes_lists_and_deletes(office: Office) -> None:
    http = office.client()
    made = http.post("/pages/api/projects", json={"name": "shop"})
    assert made.status_code == 201
    assert made.json() | {"created_at": ""} == {
        "name": "shop", "created_at": "", "database": f"{office.database}_shop", "rows": 0, "bytes": 0, "default": False,
    }  # fmt: skip
    listed = http.get("/pages/api/projects").json()["projects"]
    assert [(project["name"], project["default"]) for project in listed] == [("default", True), ("shop", False)]
    assert all(project["bytes"] > 0 for project in listed), "the tables are there at once"
    assert http.delete("/pages/api/projects/shop").status_code == 204
    assert [project["name"] for project in http.get("/pages/api/projects").json()["projects"]] == ["default"]


def test_what_cannot_be_is_refused_as_a_problem(office: Office) -> None:
    http = office.client()
    for answer, status in (
        (http.post("/pages/api/projects", json={"name": "No Name"}), 422),
        (http.post("/pages/api/projects", json={}), 422),
        (http.post("/pages/api/projects", json={"name": "default"}), 409),
        (http.delete("/pages/api/projects/default"), 422),
        (http.delete("/pages/api/projects/nobody"), 404),
    ):
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["status"] == status


def test_an_admin_of_another_project_is_no_operator(office: Office) -> None:
    office.governed.projects.create("shop")
    http = office.client("shop")
    for answer in (
        http.get("/pages/api/projects"),
        http.post("/pages/api/projects", json={"name": "mine"}),
        http.delete("/pages/api/projects/shop"),
    ):
        assert answer.status_code == 403
        assert "andiron projects" in answer.json()["detail"]
    assert office.governed.projects.get("shop")


def test_everything_asks_for_an_admin(office: Office) -> None:
    for scope in (Scope.READ, Scope.WRITE):
        http = office.client(scope=scope)
        for path in ("projects", "tokens", "retention", "retention/preview", "storage", "health", "quarantine"):
            assert http.get(f"/pages/api/{path}").status_code == 403
