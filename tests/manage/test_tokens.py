"""Tokens over HTTP: of one's own project, shown in plain text once."""

import pytest

from andiron.server.control.models import Scope
from tests.manage.conftest import Office

pytestmark = [pytest.mark.requirement("AN-09"), pytest.mark.requirement("AN-07")]


def test_a_token_is_made_works_and_is_revoked_at_once(office: Office) -> None:
    http = office.client()
    wanted = {"scope": "admin", "description": "for the shop", "lifetime_days": 30}
    made = http.post("/pages/api/tokens", json=wanted)
    assert made.status_code == 201
    assert made.headers["cache-control"] == "no-store"
    token = made.json()
    assert (token["scope"], token["description"], token["state"]) == ("admin", "for the shop", "live")
    assert token["expires_at"].endswith("Z")
    other = {"Authorization": token["token"]}
    listed = http.get("/pages/api/tokens", headers=other)
    assert token["token"] not in listed.text
    assert {row["id"] for row in listed.json()["tokens"]} > {token["id"]}
    assert http.delete(f"/pages/api/tokens/{token['id']}").status_code == 204
    assert http.get("/pages/api/tokens", headers=other).status_code == 401
    (gone,) = [row for row in http.get("/pages/api/tokens").json()["tokens"] if row["id"] == token["id"]]
    assert gone["state"] == "revoked"
    assert gone["revoked_at"]


def test_other_projects_tokens_are_not_there(office: Office) -> None:
    office.governed.projects.create("shop")
    foreign = office.governed.tokens.create("default", Scope.READ).token
    http = office.client("shop")
    assert {row["scope"] for row in http.get("/pages/api/tokens").json()["tokens"]} == {"admin"}
    for identifier in (foreign.id, foreign.id[:4], "nothing", "pylf_v1_local_secret"):
        answer = http.delete(f"/pages/api/tokens/{identifier}")
        assert answer.status_code == 404
        assert identifier not in answer.json()["detail"]
    assert all(token.revoked_at is None for token in office.governed.tokens.all())


def test_a_token_that_cannot_be(office: Office) -> None:
    http = office.client()
    for body in (
        {},
        {"scope": "all"},
        {"scope": "read", "description": "x" * 201},
        {"scope": "read", "lifetime_days": 0},
        {"scope": "read", "lifetime_days": 1e9},
    ):
        answer = http.post("/pages/api/tokens", json=body)
        assert answer.status_code == 422
        assert answer.json()["detail"]
