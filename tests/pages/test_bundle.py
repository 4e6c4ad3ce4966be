import asyncio
import json
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote, urljoin

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.types import ASGIApp, Message

from andiron.server.control.prefix import Prefix
from andiron.server.pages.bundle import Bundle, taken
from tests.pages.conftest import SCRIPT, SECRET

pytestmark = pytest.mark.requirement("AN-07")

BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8", "accept-encoding": "identity"}
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
    "manifest-src 'self'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)
ADDRESSES = [
    "/live", "/traces", "/traces/", "/trace/0123456789abcdef", "/explore", "/services", "/services/api", "/services/team%2Fapi",
    "/services/%C3%BC", "/issues", "/sessions", "/dashboards", "/alerts", "/settings/tokens", "/sign-in",
]  # fmt: skip


def ask(app: ASGIApp, path: str, headers: Mapping[str, str] = BROWSER, method: str = "GET") -> httpx.Response:
    async def once() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as client:
            return await client.request(method, f"http://localhost:4318{path}", headers=headers)

    return asyncio.run(once())


def base(page: httpx.Response) -> str:
    found = re.search(r'<base href="([^"]*)" />', page.text)
    assert found, page.text
    return found[1]


def test_a_hashed_file_is_kept_for_ever(dist: Path) -> None:
    answer = ask(Bundle(dist), "/assets/index-abc.js")
    assert (answer.status_code, answer.content) == (200, SCRIPT)
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["vary"] == "Accept-Encoding"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "content-encoding" not in answer.headers


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/assets/index-abc.js", "text/javascript; charset=utf-8"),
        ("/assets/index-abc.css", "text/css; charset=utf-8"),
        ("/assets/letters.woff2", "font/woff2"),
        ("/icon.svg", "image/svg+xml"),
        ("/favicon.ico", "image/svg+xml"),
    ],
)
def test_a_browser_is_told_what_a_file_is(dist: Path, path: str, kind: str) -> None:
    assert ask(Bundle(dist), path).headers["content-type"] == kind


@pytest.mark.parametrize(
    ("accepted", "encoding", "body"),
    [
        ("gzip, deflate, br, zstd", "br", b"as brotli"),
        ("gzip", "gzip", b"as gzip"),
        ("BR;q=0.1 , gzip", "br", b"as brotli"),
        ("br;q=0, gzip", "gzip", b"as gzip"),
        ("br; q=0.000, gzip;q=0", None, SCRIPT),
        ("deflate", None, SCRIPT),
        ("", None, SCRIPT),
    ],
)
def test_a_file_comes_as_the_build_compressed_it(
    dist: Path, accepted: str, encoding: str | None, body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What is decoded would be no brotli: only what is sent is looked at.
    monkeypatch.setattr(httpx.Response, "_get_content_decoder", lambda _: httpx._decoders.IdentityDecoder())
    answer = ask(Bundle(dist), "/assets/index-abc.js", {"accept-encoding": accepted})
    assert (answer.headers.get("content-encoding"), answer.content) == (encoding, body)
    assert answer.headers["vary"] == "Accept-Encoding"


@given(st.text(alphabet="brgzip;q=01., *", max_size=40))
def test_no_header_about_encodings_breaks_anything(header: str) -> None:
    for name in taken(header):
        assert name in header.lower().replace(" ", "")


def test_a_file_without_a_hash_is_asked_for_again(dist: Path) -> None:
    bundle = Bundle(dist)
    first = ask(bundle, "/icon.svg")
    assert first.headers["cache-control"] == "no-cache"
    for known in (first.headers["etag"], f'"other", W/{first.headers["etag"]}'):
        again = ask(bundle, "/icon.svg", {"if-none-match": known})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == first.headers["etag"]
    assert ask(bundle, "/icon.svg", {"if-none-match": '"other"'}).status_code == 200


@pytest.mark.parametrize("path", ADDRESSES)
def test_every_page_is_the_shell(dist: Path, path: str) -> None:
    for headers in (BROWSER, {"accept": "*/*"}):
        page = ask(Bundle(dist), path, headers)
        assert page.status_code == 200
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert page.headers["cache-control"] == "no-cache"
        assert urljoin(f"http://localhost:4318{path}", base(page)) == "http://localhost:4318/"


def test_the_shell_lets_nothing_in_and_nothing_out(dist: Path) -> None:
    headers = ask(Bundle(dist), "/traces").headers
    assert headers["content-security-policy"] == CSP
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert "camera=()" in headers["permissions-policy"]


def test_what_is_not_there_is_said_to_browsers_by_the_page_and_to_programs_in_words(dist: Path) -> None:
    page = ask(Bundle(dist), "/no/such/page")
    assert (page.status_code, base(page)) == (404, "../../")
    assert page.headers["content-security-policy"] == CSP
    for headers in ({"accept": "*/*"}, {"accept": "application/json"}):
        told = ask(Bundle(dist), "/no/such/page", headers)
        assert (told.status_code, told.headers["content-type"]) == (404, "application/problem+json")
        assert "/no/such/page" in told.json()["detail"]
    assert ask(Bundle(dist), "/assets/gone-123.js", {"accept": "*/*"}).json()["status"] == 404
    assert ask(Bundle(dist), "/traces", BROWSER, "POST").json()["status"] == 404


def test_the_shell_is_served_as_a_page_only(dist: Path) -> None:
    """As a file it would have a base that is right at the root alone, and a cache would keep it."""
    assert ask(Bundle(dist), "/index.html").status_code == 404
    assert ask(Bundle(dist), "/index.html", {"accept": "*/*"}).status_code == 404
    assert ask(Bundle(dist), "/assets/index-abc.js.br").status_code == 404


def test_the_files_are_read_once(dist: Path) -> None:
    bundle = Bundle(dist)
    ask(bundle, "/traces")
    for path in (dist / "index.html", dist / "assets" / "index-abc.js"):
        path.unlink()
    assert ask(bundle, "/traces").status_code == 200
    assert ask(bundle, "/assets/index-abc.js").content == SCRIPT


def test_a_copy_without_pages_says_how_to_build_them(tmp_path: Path) -> None:
    bundle = Bundle(tmp_path / "nowhere")
    page = ask(bundle, "/traces")
    assert (page.status_code, page.headers["content-type"]) == (503, "text/plain; charset=utf-8")
    assert page.headers["cache-control"] == "no-cache"
    assert "make pages" in page.text
    assert "/v2/query" in page.text
    assert ask(bundle, "/no/such/page").status_code == 404
    assert ask(bundle, "/assets/index-abc.js", {"accept": "*/*"}).status_code == 404


def test_a_websocket_is_closed(dist: Path) -> None:
    answers: list[Message] = []

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        answers.append(message)

    asyncio.run(Bundle(dist)({"type": "websocket", "path": "/live", "headers": []}, receive, send))
    assert answers[0]["type"] == "websocket.close"


CLIMBING = st.sampled_from(
    [
        "..",
        ".",
        "",
        "%2e%2e",
        "%252e",
        "secret.txt",
        "dist",
        "assets",
        "index-abc.js",
        "..\\",
        "\0",
        "etc",
        "passwd",
        "~",
        "C:",
    ]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(CLIMBING, max_size=7), method=st.sampled_from(["GET", "HEAD"]), leave=st.booleans())
def test_no_address_leads_out_of_the_folder(dist: Path, steps: list[str], method: str, leave: bool) -> None:  # noqa: FBT001
    """Asked below any client's tidying: the path is what a server would hand over."""
    path = "/" + "/".join([*(["assets", "..", ".."] if leave else []), *steps])
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [],
    }
    asyncio.run(Bundle(dist)(scope, receive, send))
    body = b"".join(message.get("body", b"") for message in sent)
    assert SECRET not in body
    assert b"root:" not in body
    if sent[0]["status"] == 200:
        assert path == "/assets/index-abc.js"


STEP = st.text(min_size=1, max_size=8).filter(lambda text: text not in {".", ".."})


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    shown=st.sampled_from(["", "/andiron", "/a/b"]),
    keeps=st.booleans(),
    steps=st.lists(STEP, max_size=4).map(lambda steps: ["services", *steps]),
)
def test_the_base_is_where_the_proxy_shows_the_root(
    dist: Path,
    shown: str,
    keeps: bool,  # noqa: FBT001
    steps: list[str],
) -> None:
    """Whatever a proxy's prefix is, and whether it takes it off or leaves it on."""
    path = "/" + "/".join(quote(step, safe="") for step in steps)
    app = Prefix(Bundle(dist), shown if keeps else "")
    page = ask(app, shown + path if keeps else path)
    root = urljoin(f"https://example.com{shown}{path}", base(page))
    assert root == f"https://example.com{shown}/"


def test_a_prefix_is_taken_off_and_nothing_but_a_prefix(dist: Path) -> None:
    app = Prefix(Bundle(dist), "/andiron")
    assert ask(app, "/andiron/assets/index-abc.js").content == SCRIPT
    assert ask(app, "/assets/index-abc.js").content == SCRIPT
    assert ask(app, "/andiron/andiron/traces").status_code == 404
    assert ask(app, "/andironic/traces").status_code == 404
    bare = ask(app, "/andiron?t=1h")
    assert (bare.status_code, bare.headers["location"]) == (307, "/andiron/?t=1h")
    assert base(ask(app, "/%61ndiron/services/x")) == "../"


def test_the_shell_names_what_its_page_needs(dist: Path) -> None:
    (dist / ".vite").mkdir()
    chunks = {
        "index.html": {"file": "assets/index-abc.js", "imports": ["_shared.js"]},
        "_shared.js": {"file": "assets/shared.js", "css": ["assets/shared.css"]},
        "src/live/LivePage.tsx": {
            "file": "assets/live.js",
            "imports": ["_shared.js", "_rows.js"],
            "css": ["assets/live.css"],
        },
        "_rows.js": {"file": "assets/rows.js", "imports": ["_shared.js"]},
    }
    (dist / ".vite" / "manifest.json").write_text(json.dumps(chunks))
    needed = Bundle(dist).needed
    assert needed["live"] == (
        '<link rel="stylesheet" crossorigin href="./assets/live.css" />'
        '<link rel="modulepreload" crossorigin href="./assets/live.js" />'
        '<link rel="modulepreload" crossorigin href="./assets/rows.js" />'
    )
    assert needed["issues"] == ""
