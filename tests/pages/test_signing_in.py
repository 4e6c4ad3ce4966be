from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from andiron import __version__
from andiron.server.control.models import PageSession, Scope
from tests.pages.conftest import House

pytestmark = pytest.mark.requirement("AN-09")

Building = Callable[..., House]


def sign_in(browser: TestClient, token: str) -> Any:
    return browser.post("/pages/api/sign-in", json={"token": token})


def test_a_stranger_is_told_nothing_but_to_sign_in(build: Building) -> None:
    house = build()
    answer = house.browser().get("/pages/api/me")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    me = answer.json()
    assert me.pop("now").endswith("Z")
    assert me == {
        "version": __version__, "tokenless": False, "signed_in": False, "project": None, "projects": [],
        "operator": False, "own_project": None, "limits": {"query_rows": 10_000, "query_seconds": 30.0},
    }  # fmt: skip
    refused = house.browser().get("/pages/api/whoami")
    assert (refused.status_code, refused.headers["content-type"]) == (401, "application/problem+json")


def test_where_no_token_is_needed_everybody_is_signed_in(build: Building) -> None:
    browser = build(allowed_hosts=[]).browser("http://localhost")
    me = browser.get("/pages/api/me").json()
    assert (me["tokenless"], me["signed_in"], me["operator"], me["project"]) == (True, True, True, "default")
    assert me["projects"] == [{"name": "default", "scope": "admin"}, {"name": "shop", "scope": "admin"}]
    assert browser.get("/pages/api/me", headers={"Andiron-Project": "shop"}).json()["project"] == "shop"
    assert browser.get("/pages/api/me?project=gone").json()["project"] == "default"
    assert browser.get("/pages/api/whoami?project=shop").json() == {"project": "shop"}
    assert browser.get("/pages/api/whoami?project=gone").status_code == 404
    assert datetime.fromisoformat(me["now"]).tzinfo is not None


def test_signing_in_and_out(build: Building) -> None:
    house = build()
    browser = house.browser()
    answer = sign_in(browser, f"  {house.token('shop', Scope.READ)}\n")
    assert answer.status_code == 200
    me = answer.json()
    assert (me["signed_in"], me["project"], me["operator"]) == (True, "shop", False)
    assert me["projects"] == [{"name": "shop", "scope": "read"}]
    assert browser.get("/pages/api/me").json()["projects"] == me["projects"]
    assert browser.get("/pages/api/whoami").json() == {"project": "shop"}
    assert browser.post("/v2/query").json() == {"project": "shop"}
    refused = browser.get("/pages/api/whoami?project=default")
    assert refused.status_code == 403
    assert refused.json()["detail"] == "The project 'default' is not open to you; shop is."

    stolen = browser.cookies["andiron_session"]
    out = browser.post("/pages/api/sign-out")
    assert (out.status_code, out.content) == (204, b"")
    assert "andiron_session" not in browser.cookies
    late = house.browser().get("/pages/api/whoami", headers={"Cookie": f"andiron_session={stolen}"})
    assert late.status_code == 401
    assert "sign in again" in late.json()["detail"]
    assert not browser.get("/pages/api/me").json()["signed_in"]
    assert browser.post("/pages/api/sign-out").status_code == 204


def test_a_token_may_be_pasted_with_its_bearer(build: Building) -> None:
    house = build()
    assert sign_in(house.browser(), f"Bearer {house.token('shop', Scope.ADMIN)}").status_code == 200


@pytest.mark.parametrize(
    ("base", "forwarded", "secure"),
    [
        ("http://testserver", None, False),
        ("https://testserver", None, True),
        ("http://testserver", "https", True),
        ("http://testserver", "HTTPS, http", True),
        ("http://testserver", "http, https", False),
        ("http://testserver", "http", False),
    ],
)
def test_the_cookie_is_out_of_reach(build: Building, base: str, forwarded: str | None, *, secure: bool) -> None:
    house = build()
    headers = {} if forwarded is None else {"X-Forwarded-Proto": forwarded}
    answer = house.browser(base).post(
        "/pages/api/sign-in", json={"token": house.token("shop", Scope.READ)}, headers=headers
    )
    first, *attributes = answer.headers["set-cookie"].split("; ")
    name, _, value = first.partition("=")
    assert (name, len(value)) == ("andiron_session", 43)
    said = {attribute.lower() for attribute in attributes}
    assert {"httponly", "samesite=strict", "path=/", "max-age=2592000"} <= said
    assert ("secure" in said) == secure
    assert value not in answer.text


def test_signing_in_again_adds_a_project_under_a_new_session(build: Building) -> None:
    house = build()
    browser = house.browser()
    sign_in(browser, house.token("shop", Scope.READ))
    first = browser.cookies["andiron_session"]
    me = sign_in(browser, house.token("default", Scope.ADMIN)).json()
    assert browser.cookies["andiron_session"] != first
    assert me["projects"] == [{"name": "default", "scope": "admin"}, {"name": "shop", "scope": "read"}]
    assert (me["project"], me["operator"]) == ("default", True)
    assert browser.get("/pages/api/whoami", headers={"Andiron-Project": "shop"}).json() == {"project": "shop"}
    old = house.browser().get("/pages/api/whoami", headers={"Cookie": f"andiron_session={first}"})
    assert old.status_code == 401


def test_a_session_id_that_somebody_else_chose_is_not_taken_over(build: Building) -> None:
    house = build()
    browser = house.browser()
    browser.cookies.set("andiron_session", "chosen")
    answer = sign_in(browser, house.token("shop", Scope.READ))
    assert answer.status_code == 200
    assert "andiron_session=chosen" not in answer.headers["set-cookie"]
    forged = house.browser().get("/pages/api/whoami", headers={"Cookie": "andiron_session=chosen"})
    assert forged.status_code == 401


def test_a_token_that_only_sends_cannot_look(build: Building) -> None:
    house = build()
    answer = sign_in(house.browser(), house.token("shop", Scope.WRITE))
    assert (answer.status_code, answer.headers["content-type"]) == (403, "application/problem+json")
    assert "may only send telemetry" in answer.json()["detail"]
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("token", ["", "   ", "pylf_v1_local_nobody", "Bearer", "Basic eDp5", "ключ", "x" * 10_000])
def test_a_wrong_token_is_refused_and_not_repeated(build: Building, token: str) -> None:
    for hosts, base in ((["testserver"], "http://testserver"), ([], "http://localhost")):
        answer = sign_in(build(allowed_hosts=hosts).browser(base), token)
        assert answer.status_code == 401
        assert answer.json()["detail"] == "The token is not valid: it is unknown, expired or revoked."
        assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("body", [b"", b"token", b"[]", b"{}", b'{"token": 7}', b'{"token": null}'])
def test_what_is_no_token_at_all_is_explained(build: Building, body: bytes) -> None:
    answer = build().browser().post("/pages/api/sign-in", content=body)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert "token" in answer.json()["detail"]


def test_a_revoked_token_ends_the_session(build: Building) -> None:
    house = build()
    browser = house.browser()
    sign_in(browser, house.token("shop", Scope.READ))
    house.tokens.revoke(house.tokens.all()[0].id)
    house.access.refresh()
    assert not browser.get("/pages/api/me").json()["signed_in"]
    assert browser.get("/pages/api/whoami").status_code == 401


def test_a_strange_page_cannot_write_with_the_cookie_it_does_not_see(build: Building) -> None:
    """Beside SameSite and the guard: a header that no form sends, and no script of another origin may."""
    house = build()
    browser = house.browser()
    token = house.token("shop", Scope.READ)
    sign_in(browser, token)
    cookie = {"Cookie": f"andiron_session={browser.cookies['andiron_session']}"}
    for path in ("/v2/query", "/pages/api/sign-in", "/pages/api/sign-out"):
        form = TestClient(house.app).post(path, json={"token": token}, headers=cookie)
        assert (form.status_code, "Andiron-Page: 1" in form.json()["detail"]) == (403, True)
        foreign = TestClient(house.app).post(
            path, json={"token": token}, headers=cookie | {"Andiron-Page": "1", "Origin": "https://evil.example"}
        )
        assert foreign.status_code == 403
    assert browser.get("/pages/api/me").json()["signed_in"]
    own = {"Origin": "https://testserver", "Host": "127.0.0.1:4318"}  # as a proxy does that writes Host anew
    assert browser.post("/v2/query", headers=own).status_code == 200


def test_a_token_in_the_header_stands_above_the_cookie_and_names_its_own_project(build: Building) -> None:
    house = build()
    browser = house.browser()
    sign_in(browser, house.token("shop", Scope.READ))
    bearer = {"Authorization": f"Bearer {house.token('default', Scope.ADMIN)}"}
    assert browser.get("/pages/api/whoami", headers=bearer).json() == {"project": "default"}
    me = browser.get("/pages/api/me", headers=bearer).json()
    assert (me["projects"], me["operator"]) == ([{"name": "default", "scope": "admin"}], True)
    assert browser.get("/pages/api/whoami?project=shop", headers=bearer).status_code == 403
    assert browser.get("/pages/api/whoami", headers={"Authorization": "Bearer wrong"}).status_code == 401


def test_a_database_that_is_away_is_said_and_nothing_breaks(build: Building) -> None:
    house = build()
    browser, token = house.browser(), house.token("shop", Scope.READ)
    sign_in(browser, token)
    with house.metadata.writing() as session:
        session.execute(text("ALTER TABLE page_sessions RENAME TO elsewhere"))
    for answer in (sign_in(browser, token), browser.post("/pages/api/sign-out")):
        assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
        assert "set-cookie" not in answer.headers
    assert browser.get("/pages/api/whoami").json() == {"project": "shop"}
    with house.metadata.writing() as session:
        session.execute(text("ALTER TABLE elsewhere RENAME TO page_sessions"))
        assert session.query(PageSession).count() == 1


def test_behind_a_proxy_that_leaves_its_prefix_on(build: Building) -> None:
    house = build(prefix="/andiron")
    browser = house.browser("https://testserver")
    answer = browser.post("/andiron/pages/api/sign-in", json={"token": house.token("shop", Scope.READ)})
    assert answer.status_code == 200
    assert "path=/;" in answer.headers["set-cookie"].lower() + ";"
    assert browser.get("/andiron/pages/api/whoami").json() == {"project": "shop"}
    assert browser.get("/pages/api/whoami").json() == {"project": "shop"}
    page = browser.get("/andiron/services/team%2Fapi", headers={"Accept": "text/html"})
    assert '<base href="../" />' in page.text


def test_the_wrong_method_is_not_a_missing_page(build: Building) -> None:
    answer = build().browser().get("/v2/query", headers={"Accept": "text/html"})
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
