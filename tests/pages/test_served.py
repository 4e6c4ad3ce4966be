"""The frame's half of a real `andiron serve`, as a browser and as a program see it."""

import json
from pathlib import Path

import httpx
import pytest

from andiron.server.control.metadata import Metadata
from andiron.server.control.models import Scope
from andiron.server.control.projects import Projects
from andiron.server.control.tokens import Tokens
from bench.server import Server
from bench.telemetry import Telemetry

pytestmark = [pytest.mark.requirement("AN-07"), pytest.mark.requirement("AN-09"), pytest.mark.slow]

BROWSER = {"Accept": "text/html,*/*;q=0.8", "Andiron-Page": "1"}
COUNT = {"sql": "SELECT count(*) AS n FROM records WHERE kind = 'span'"}
PROTOBUF = {"Content-Type": "application/x-protobuf"}


def test_a_browser_signs_in_asks_and_leaves(tmp_path: Path) -> None:
    metadata = Metadata.open(tmp_path / "data")
    Projects(metadata).ensure_default()
    Projects(metadata).create("shop")
    tokens = Tokens(metadata)
    sender, reader = tokens.create("shop", Scope.WRITE), tokens.create("shop", Scope.READ)
    admin = tokens.create("default", Scope.ADMIN).plaintext
    with Server(tmp_path / "data", allowed_hosts="localhost", prefix="/andiron") as server:
        url = f"http://localhost:{server.port}"
        shown = f"Open  http://127.0.0.1:{server.port}/andiron/"
        server.until(lambda: shown in server.log.read_text())
        with httpx.Client(base_url=url, headers=BROWSER, timeout=30) as browser:
            sent = browser.post(
                "/andiron/v1/traces",
                content=Telemetry().traces(8),
                headers=PROTOBUF | {"Authorization": sender.plaintext},
            )
            assert sent.status_code == 200

            assert not browser.get("/pages/api/me").json()["signed_in"]
            assert browser.post("/v2/query", json=COUNT).status_code == 401
            signing = {"token": reader.plaintext}
            assert browser.post("/andiron/pages/api/sign-in", json=signing).json()["project"] == "shop"

            def spans() -> int:
                answer = browser.post("/andiron/v2/query", json=COUNT, headers={"Accept": "application/json"})
                assert answer.status_code == 200, answer.text
                number: int = json.loads(answer.text)["data"][0]["n"]
                return number

            server.until(lambda: spans() == 8)
            # What was signed in for reading sends nothing, and neither does any cookie.
            assert browser.post("/v1/traces", content=Telemetry().traces(1), headers=PROTOBUF).status_code == 401
            foreign = {"Andiron-Project": "default"}
            assert browser.post("/v2/query", json=COUNT, headers=foreign).status_code == 403
            assert browser.get("/metrics").status_code == 200

            me = browser.post("/pages/api/sign-in", json={"token": admin}).json()
            assert (me["operator"], [each["name"] for each in me["projects"]]) == (True, ["default", "shop"])
            bare = dict(browser.headers)
            del bare["andiron-page"]
            form = httpx.post(f"{url}/v2/query", json=COUNT, headers=bare, cookies=dict(browser.cookies))
            assert (form.status_code, "Andiron-Page" in form.json()["detail"]) == (403, True)

            tokens.revoke(reader.token.id)
            server.until(lambda: len(browser.get("/pages/api/me").json()["projects"]) < 2)
            assert browser.post("/pages/api/sign-out").status_code == 204
            assert browser.post("/v2/query", json=COUNT).status_code == 401
        metadata.close()


def test_programs_are_told_in_words_and_browsers_in_pages(tmp_path: Path) -> None:
    with Server(tmp_path / "data") as server, httpx.Client(base_url=f"http://127.0.0.1:{server.port}") as client:
        plain = client.get("/")
        assert plain.text.startswith("Andiron ")
        assert plain.headers["content-type"].startswith("text/plain")
        missing = client.get("/no/such/thing")
        assert (missing.status_code, missing.headers["content-type"]) == (404, "application/problem+json")
        wrong = client.get("/v2/query", headers=BROWSER)
        assert (wrong.status_code, wrong.headers["allow"]) == (405, "POST")
        assert client.get("/pages/api/me").json()["operator"]
        for path in ("/", "/traces", "/no/such/page"):
            page = client.get(path, headers=BROWSER)
            assert page.headers["content-security-policy"].startswith("default-src 'none'; script-src 'self';")
            assert page.status_code in ({404} if "such" in path else {200, 503})
