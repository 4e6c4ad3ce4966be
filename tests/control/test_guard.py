import asyncio
import ipaddress
from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.types import Message
from starlette.websockets import WebSocket

from andiron.server.control.guard import Guard, Policy, Sender, objection, same_origin, split_port
from andiron.server.settings import Settings

pytestmark = pytest.mark.requirement("AN-09")

PAGE = "https://shop.example.com"
EVIL = "https://evil.example"
LOCAL = Settings(_env_file=None)
SHARED = Settings(_env_file=None, cors_origins=[PAGE + "/"])
OPEN = Settings(_env_file=None, http="0.0.0.0:4318", cors_origins=[PAGE])


async def done(request: Request) -> PlainTextResponse:
    return PlainTextResponse(request.method)


async def talk(socket: WebSocket) -> None:
    await socket.accept()
    await socket.close()


def app(settings: Settings) -> Guard:
    methods = ["GET", "POST", "OPTIONS", "DELETE"]
    paths = ("/v1/traces", "/v2/query")
    routes = [Route(path, done, methods=methods) for path in paths]
    return Guard(Starlette(routes=[*routes, WebSocketRoute("/live", talk)]), settings)


def ask(settings: Settings, method: str, path: str, headers: Mapping[str, str]) -> httpx.Response:
    async def once() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app(settings))) as client:
            return await client.request(method, f"http://localhost:4318{path}", headers=headers)

    return asyncio.run(once())


def knock(settings: Settings, headers: Mapping[str, str]) -> Message:
    """The first answer to opening a WebSocket."""
    answers: list[Message] = []

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        answers.append(message)

    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    scope: dict[str, Any] = {"type": "websocket", "path": "/live", "headers": raw, "query_string": b""}
    asyncio.run(app(settings)(scope, receive, send))
    return answers[0]


@pytest.mark.parametrize(
    "host",
    ["localhost", "localhost:4318", "LOCALHOST:80", "localhost.:4318", "127.0.0.1", "127.8.9.10:1", "[::1]", "[::1]:4318"],
)  # fmt: skip
def test_this_machine_may_be_named_in_many_ways(host: str) -> None:
    assert ask(LOCAL, "GET", "/v2/query", {"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example", "evil.example:4318", "localhost.evil.example", "127.0.0.1.evil.example", "127.0.0.1.", "128.0.0.1",
        "0.0.0.0:4318", "10.0.0.1", "", "localhost:evil", "localhost:80:80", "[::1", "[::1]evil", "[::2]:4318", "127.1",
    ],
)  # fmt: skip
def test_on_loopback_a_foreign_host_is_refused(host: str) -> None:
    answer = ask(LOCAL, "GET", "/v2/query", {"host": host})
    if host == "127.0.0.1.":  # A dot at the end says only that the name is whole.
        assert answer.status_code == 200
        return
    assert answer.status_code == 403
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem.keys() == {"type", "title", "status", "detail"}
    assert (problem["title"], problem["status"]) == ("Forbidden", 403)
    assert "ANDIRON_ALLOWED_HOSTS" in problem["detail"]


def test_a_request_without_a_host_is_refused_on_loopback_only() -> None:
    assert objection(Policy.of(LOCAL), "GET", "/", Sender(host=None))
    assert objection(Policy.of(OPEN), "GET", "/", Sender(host=None)) is None


def test_configured_hosts_and_the_bound_one_may_be_named() -> None:
    names = ["Logs.Example.com", "proxy:8080", "fe80::1", "10.1.2.3"]
    policy = Policy.of(Settings(_env_file=None, http="[::1]:4318", allowed_hosts=names))
    for host in (
        "logs.example.com",
        "logs.example.com:443",
        "proxy:1",
        "[fe80::1]:4318",
        "10.1.2.3:4318",
        "[::1]:4318",
    ):
        assert policy.knows(host), host
    assert not policy.knows("example.com")


@given(st.ip_addresses(v=4), st.integers(0, 65535))
def test_of_the_plain_addresses_only_loopback_is_known(address: ipaddress.IPv4Address, port: int) -> None:
    policy = Policy.of(LOCAL)
    assert policy.knows(f"{address}:{port}") == policy.knows(str(address)) == address.is_loopback


@given(st.ip_addresses(v=4, network="127.0.0.0/8"))
def test_every_loopback_address_is_known(address: ipaddress.IPv4Address) -> None:
    assert Policy.of(LOCAL).knows(str(address))


@given(st.text(alphabet="abc019.:[]-%@/ \t", max_size=20))
def test_no_other_spelling_is_known(host: str) -> None:
    assert not Policy.of(LOCAL).knows(f"x{host}")
    assert not Policy.of(LOCAL).knows(f"{host}x")
    assert Policy.of(LOCAL).knows(f"localhost.{host}") <= (split_port(f"localhost.{host}")[0] == "localhost.")


def test_off_loopback_any_host_may_be_named() -> None:
    assert ask(OPEN, "GET", "/v2/query", {"host": "logs.example.com"}).status_code == 200


@pytest.mark.parametrize(
    ("origin", "host", "same"),
    [
        ("http://localhost:4318", "localhost:4318", True),
        ("http://LOCALHOST:4318", "localhost:4318", True),
        ("http://localhost:3000", "localhost:4318", False),
        ("http://localhost", "localhost:80", True),
        ("https://logs.example.com", "logs.example.com", True),
        ("https://logs.example.com", "logs.example.com:443", True),
        ("http://logs.example.com", "logs.example.com:443", False),
        ("https://logs.example.com.evil.example", "logs.example.com", False),
        ("null", "localhost", False),
        ("file://", "", False),
        ("", "", False),
        ("localhost:4318", "localhost:4318", False),
        ("chrome-extension://abc", "abc", False),
    ],
)
def test_a_page_is_at_home_where_host_and_port_agree(origin: str, host: str, *, same: bool) -> None:
    assert same_origin(origin, host) is same


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"origin": "http://localhost:4318"}, 200),
        ({"origin": "http://localhost:4318", "sec-fetch-site": "same-origin"}, 200),
        ({"origin": "http://localhost:3000", "sec-fetch-site": "same-site"}, 403),
        ({"origin": EVIL}, 403),
        ({"origin": EVIL, "authorization": "Bearer whatever"}, 403),
        ({"origin": "null"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "none"}, 200),
    ],
)
def test_on_loopback_a_page_of_another_origin_may_not_write(headers: dict[str, str], status: int) -> None:
    for method in ("POST", "DELETE"):
        assert ask(LOCAL, method, "/v2/query", headers).status_code == status
    assert ask(LOCAL, "GET", "/v2/query", headers).status_code == 200


def test_off_loopback_a_token_excuses_the_origin() -> None:
    assert ask(OPEN, "POST", "/v2/query", {"origin": EVIL}).status_code == 403
    assert ask(OPEN, "POST", "/v2/query", {"origin": EVIL, "authorization": "Bearer x"}).status_code == 200


@pytest.mark.parametrize("settings", [LOCAL, OPEN])
def test_what_a_browser_repeats_by_itself_excuses_nothing(settings: Settings) -> None:
    for header in ("Basic eDp5", "basic eDp5", " BASIC eDp5", ""):
        assert ask(settings, "POST", "/v2/query", {"origin": EVIL, "authorization": header}).status_code == 403
        assert ask(settings, "POST", "/v2/query", {"authorization": header}).status_code == 200


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("https://logs.example.com", 200),
        ("http://LOGS.example.com.:8080", 200),
        ("https://[fe80::1]:8443", 200),
        ("https://example.com", 403),
        ("https://logs.example.com.evil.example", 403),
        ("https://evil.example/logs.example.com", 403),
        ("https://evil.example:logs.example.com", 403),
        ("chrome-extension://logs.example.com", 403),
        ("logs.example.com", 403),
        ("https://", 403),
        ("null", 403),
    ],
)
def test_a_page_of_a_host_that_is_allowed_is_at_home_whatever_the_proxy_made_of_host(origin: str, status: int) -> None:
    names = ["logs.example.com", "fe80::1", ":443"]
    for address in ("127.0.0.1:4318", "0.0.0.0:4318"):
        settings = Settings(_env_file=None, http=address, allowed_hosts=names)
        for host in ("127.0.0.1:4318", "localhost"):
            headers = {"host": host, "origin": origin}
            assert ask(settings, "POST", "/v2/query", headers).status_code == status
            assert ask(settings, "POST", "/v2/query", headers | {"sec-fetch-site": "cross-site"}).status_code == 403


def test_a_page_that_is_refused_is_told_both_ways_in() -> None:
    detail = ask(LOCAL, "POST", "/v2/query", {"origin": EVIL}).json()["detail"]
    assert "ANDIRON_CORS_ORIGINS" in detail
    assert "ANDIRON_ALLOWED_HOSTS" in detail


def test_a_configured_page_may_send_telemetry_and_read_the_answer() -> None:
    for settings in (SHARED, OPEN):
        answer = ask(settings, "POST", "/v1/traces", {"origin": PAGE, "sec-fetch-site": "cross-site"})
        assert answer.status_code == 200
        assert answer.headers["access-control-allow-origin"] == PAGE
        assert "retry-after" in answer.headers["access-control-expose-headers"]
        assert answer.headers["vary"] == "Origin"


def test_a_configured_page_may_not_query() -> None:
    assert ask(SHARED, "POST", "/v2/query", {"origin": PAGE}).status_code == 403
    answer = ask(SHARED, "GET", "/v2/query", {"origin": PAGE})
    assert "access-control-allow-origin" not in answer.headers


def test_answers_differ_by_origin_even_when_none_was_sent() -> None:
    answer = ask(SHARED, "POST", "/v1/traces", {})
    assert answer.headers["vary"] == "Origin"
    assert "access-control-allow-origin" not in answer.headers


def test_without_configured_pages_answers_are_left_alone() -> None:
    answer = ask(LOCAL, "POST", "/v1/traces", {"origin": "http://localhost:4318"})
    assert answer.status_code == 200
    assert "vary" not in answer.headers


def test_a_browser_that_asks_first_is_told_what_it_may_send() -> None:
    asked = {
        "origin": PAGE,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-encoding,content-type,traceparent",
    }
    answer = ask(SHARED, "OPTIONS", "/v1/traces", asked)
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["access-control-allow-origin"] == PAGE
    assert answer.headers["access-control-allow-methods"] == "POST"
    assert answer.headers["access-control-allow-headers"] == asked["access-control-request-headers"]
    assert answer.headers["vary"] == "Origin, Access-Control-Request-Headers"
    assert "access-control-allow-credentials" not in answer.headers


def test_a_browser_that_names_no_headers_is_told_the_usual_ones() -> None:
    answer = ask(SHARED, "OPTIONS", "/v1/traces", {"origin": PAGE, "access-control-request-method": "POST"})
    assert "content-encoding" in answer.headers["access-control-allow-headers"]


@pytest.mark.parametrize(("path", "origin"), [("/v1/traces", EVIL), ("/v2/query", PAGE), ("/v1/traces", "null")])
def test_a_browser_that_asks_for_a_strange_page_is_refused(path: str, origin: str) -> None:
    answer = ask(SHARED, "OPTIONS", path, {"origin": origin, "access-control-request-method": "POST"})
    assert answer.status_code == 403
    assert "ANDIRON_CORS_ORIGINS" in answer.json()["detail"]
    assert "access-control-allow-origin" not in answer.headers


def test_options_that_is_no_such_question_reaches_the_application() -> None:
    assert ask(SHARED, "OPTIONS", "/v1/traces", {}).text == "OPTIONS"


def test_a_star_lets_every_page_send_and_none_read() -> None:
    star = Settings(_env_file=None, cors_origins=["*"])
    assert ask(star, "POST", "/v1/traces", {"origin": EVIL}).headers["access-control-allow-origin"] == EVIL
    assert ask(star, "POST", "/v2/query", {"origin": EVIL}).status_code == 403
    assert "access-control-allow-origin" not in ask(star, "GET", "/v2/query", {"origin": EVIL}).headers


def test_a_star_does_not_let_a_foreign_host_in() -> None:
    star = Settings(_env_file=None, cors_origins=["*"])
    assert ask(star, "POST", "/v1/traces", {"host": "evil.example", "origin": EVIL}).status_code == 403


def test_other_paths_can_be_opened() -> None:
    policy = Policy.of(SHARED, ("/v1/replays",))
    assert policy.shares(PAGE.upper(), "/v1/replays")
    assert not policy.shares(PAGE, "/v1/traces")


def test_a_page_of_another_origin_may_not_open_a_websocket() -> None:
    refused = knock(LOCAL, {"host": "localhost:4318", "origin": EVIL})
    assert (refused["type"], refused["code"]) == ("websocket.close", 1008)
    own = knock(LOCAL, {"host": "localhost:4318", "origin": "http://localhost:4318"})
    assert own["type"] == "websocket.accept"
    assert knock(LOCAL, {"host": "evil.example"})["type"] == "websocket.close"


def test_starting_and_stopping_pass_through() -> None:
    seen: list[str] = []

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["type"])

    async def nothing(*_: Any) -> Any:
        raise AssertionError

    asyncio.run(Guard(inner, LOCAL)({"type": "lifespan"}, nothing, nothing))
    assert seen == ["lifespan"]
