"""The viewer's ASGI application: a page, its script and style, the records as JSON, and a stream of new ones.

It answers only the machine it runs on, unless told whom else: what an application records is not for everybody.
"""

import asyncio
import ipaddress
import json
import signal
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from andiron.delivery.levels import Level
from andiron.sdk.viewer.recent import Recent, recent

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

FILES = {
    "": ("page.html", "text/html; charset=utf-8"),
    "viewer.js": ("viewer.js", "text/javascript; charset=utf-8"),
    "viewer.css": ("viewer.css", "text/css; charset=utf-8"),
}
POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'"
PAUSE = 0.5
"""Seconds between two looks for new records, while somebody watches."""


class Viewer:
    """Mount it: `app.mount("/telemetry", Viewer())`. `allow` says of an ASGI scope whether its client may look."""

    def __init__(self, allow: Callable[[Scope], bool] | None = None, *, records: Recent = recent) -> None:
        self._allow = allow or from_this_machine
        self._records = records
        records.watchers += 1

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            return
        if not self._allow(scope):
            await respond(
                send, 403, "text/plain; charset=utf-8", b"This page answers only to the machine that it runs on.\n"
            )
            return
        path = scope["path"].removeprefix(scope.get("root_path", "")).strip("/")
        query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
        if path in FILES and scope["method"] in ("GET", "HEAD"):
            if path == "" and not scope["path"].endswith("/"):
                # Relative addresses in the page need the slash.
                await respond(send, 307, "text/plain", b"", [(b"location", f"{scope['path']}/".encode())])
                return
            name, kind = FILES[path]
            await respond(send, 200, kind, (Path(__file__).parent / name).read_bytes())
        elif path == "records":
            found = self._records.after(number(query), level(query))
            await respond(send, 200, "application/json", json.dumps(found, default=str).encode())
        elif path == "events":
            last = dict(scope["headers"]).get(b"last-event-id", b"").decode("latin-1")
            await self._stream(receive, send, int(last) if last.isdigit() else number(query), level(query))
        else:
            await respond(send, 404, "text/plain; charset=utf-8", b"There is no such page.\n")

    async def _stream(self, receive: Receive, send: Send, after: int, least: Level) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": headers("text/event-stream")})
        gone = asyncio.ensure_future(disconnected(receive))
        try:
            while not (gone.done() or stopping()):
                found = self._records.after(after, least)
                if found:
                    after = found[-1]["number"]
                    body = f"id: {after}\ndata: {json.dumps(found, default=str)}\n\n"
                    await send({"type": "http.response.body", "body": body.encode(), "more_body": True})
                await asyncio.wait([gone], timeout=PAUSE)
            if not gone.done():
                await send({"type": "http.response.body", "body": b""})
        finally:
            gone.cancel()


def from_this_machine(scope: Scope) -> bool:
    """Whether the client is on loopback and asked for it by a loopback name, so that no foreign page can look through the browser."""
    client = scope.get("client")
    host = dict(scope["headers"]).get(b"host", b"").decode("latin-1")
    name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
    try:
        return (
            client is not None
            and ipaddress.ip_address(client[0]).is_loopback
            and name in ("localhost", "127.0.0.1", "[::1]")
        )
    except ValueError:
        return False


def number(query: dict[str, list[str]]) -> int:
    """After which record to begin."""
    value = query.get("after", ["0"])[0]
    return int(value) if value.isdigit() else 0


def level(query: dict[str, list[str]]) -> Level:
    """The least level to show."""
    try:
        return Level.named(query.get("level", ["trace"])[0])
    except ValueError:
        return Level.TRACE


def stopping() -> bool:
    """Whether uvicorn was told to stop: it then waits for every stream to end, for ever, and ASGI does not say so."""
    server = getattr(signal.getsignal(signal.SIGINT), "__self__", None)
    return getattr(server, "should_exit", None) is True


async def disconnected(receive: Receive) -> None:
    """Return when the client is gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


def headers(kind: str) -> list[tuple[bytes, bytes]]:
    """What every answer carries."""
    return [
        (b"content-type", kind.encode()),
        (b"cache-control", b"no-store"),
        (b"content-security-policy", POLICY.encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"no-referrer"),
    ]


async def respond(
    send: Send, status: int, kind: str, body: bytes, more: list[tuple[bytes, bytes]] | None = None
) -> None:
    """Send a whole response."""
    await send({"type": "http.response.start", "status": status, "headers": [*headers(kind), *(more or [])]})
    await send({"type": "http.response.body", "body": body})
