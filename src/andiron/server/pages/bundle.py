"""Serves the built pages: one shell for every address, and the hashed files that it asks for, compressed when they were built.

The files come from `web/app` by `make pages`. They are read once, at the first request, and answered from memory.
"""

import hashlib
import json
import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocketClose

from andiron.server.query.problems import QueryProblem, answered

DIST = Path(__file__).parent / "dist"
ENCODINGS = {"br": ".br", "gzip": ".gz"}
"""What a file may be beside itself, best first."""
TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".ico": "image/x-icon",
    ".js": "text/javascript",
    ".json": "application/json",
    ".map": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
"""Written down, for what the machine calls a file is not always what a browser runs."""
MANIFEST = ".vite/manifest.json"
ICON = "icon.svg"
PAGES = frozenset(
    "live traces trace explore services issues sessions dashboards alerts settings sign-in".split()  # noqa: SIM905 - reads as the rail does
)
"""The first step of every page's address; `web/app/src/frame/pages.ts` has the same ones."""
BASE = re.compile(r'<base href="[^"]*"\s*/?>')
FOREVER = "public, max-age=31536000, immutable"
GUARDING = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
UNBUILT = """\
Andiron is running, and its pages are not built in this copy.

In a checkout, `make pages` builds them (Node.js 20 or newer); then start the server anew. Everything else works as it is:
OTLP: POST /v1/traces, /v1/logs, /v1/metrics     SQL: POST /v2/query, or `andiron sql "SELECT …"`
"""


@dataclass(frozen=True)
class Asset:
    """A file, as it is and compressed."""

    body: bytes
    media_type: str
    etag: str
    compressed: dict[str, bytes] = field(default_factory=dict)

    def answer(self, request: Request, caching: str) -> Response:
        """The file in the best form that the browser takes, or that it has the newest already."""
        headers = {"Cache-Control": caching, "ETag": self.etag, "Vary": "Accept-Encoding", **GUARDING}
        if self.etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        accepted = taken(request.headers.get("accept-encoding", ""))
        for encoding, body in self.compressed.items():
            if encoding in accepted:
                return Response(body, headers={**headers, "Content-Encoding": encoding}, media_type=self.media_type)
        return Response(self.body, headers=headers, media_type=self.media_type)


class Bundle:
    """The files of `dist`. A copy without them says how to build them."""

    def __init__(self, dist: Path = DIST) -> None:
        self._dist = dist

    @cached_property
    def assets(self) -> dict[str, Asset]:
        """Every file by its path below `dist`. What is not in here is not served, whatever an address looks like."""
        found = {}
        suffixes = tuple(ENCODINGS.values())
        for path in sorted(self._dist.rglob("*")):
            if not path.is_file() or path.suffix in suffixes:
                continue
            body = path.read_bytes()
            beside = {encoding: path.with_name(path.name + suffix) for encoding, suffix in ENCODINGS.items()}
            found[path.relative_to(self._dist).as_posix()] = Asset(
                body,
                TYPES.get(path.suffix, "application/octet-stream"),
                f'"{hashlib.sha256(body).hexdigest()[:20]}"',
                {encoding: file.read_bytes() for encoding, file in beside.items() if file.is_file()},
            )
        if ICON in found:
            found.setdefault(
                "favicon.ico", found[ICON]
            )  # browsers ask for it where no page names another, as on /metrics
        return found

    @cached_property
    def needed(self) -> dict[str, str]:
        """What each page needs beside the shell, as links: fetched with it, they are there when the shell asks for them."""
        listed = self._dist / MANIFEST
        chunks = json.loads(listed.read_bytes()) if listed.is_file() else {}
        shared = files_of(chunks, "index.html")
        found = {}
        for page in PAGES:
            files = files_of(chunks, f"src/{page}/{page.capitalize()}Page.tsx")
            found[page] = "".join(
                f'<link rel="stylesheet" crossorigin href="./{file}" />'
                if file.endswith(".css")
                else f'<link rel="modulepreload" crossorigin href="./{file}" />'
                for file in files
                if file not in shared
            )
        return found

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer what no route took."""
        if scope["type"] == "websocket":
            await WebSocketClose()(scope, receive, send)
        else:
            await self.serve(Request(scope))(scope, receive, send)

    def serve(self, request: Request) -> Response:
        """A file, the shell for a page, or that there is nothing."""
        path: str = request.scope["path"].removeprefix("/")
        reads = request.method in {"GET", "HEAD"}
        if reads and path != "index.html" and (asset := self.assets.get(path)):
            return asset.answer(request, FOREVER if path.startswith("assets/") else "no-cache")
        known = path.partition("/")[0] in PAGES
        if reads and (known or wants_page(request)):
            return self.shell(request, 200 if known else 404)
        return answered(
            QueryProblem(
                f"There is nothing at /{path} for {request.method}; docs/settings.md lists what there is.",
                404,
                "not-found",
            )
        )

    def shell(self, request: Request, status: int = 200) -> Response:
        """The one document of all pages. Files are found from it by a base that is as deep as the address."""
        headers = {"Cache-Control": "no-cache", "Vary": "Accept", **GUARDING}
        index = self.assets.get("index.html")
        if index is None:
            return PlainTextResponse(UNBUILT, 503 if status == 200 else status, headers=headers)
        # As the browser counts: an escaped slash, as in the name of a service, makes nothing deeper.
        path: str = (request.scope.get("raw_path") or b"").decode("latin-1") or request.scope["path"]
        base = "../" * (path.count("/") - 1) or "./"
        html = BASE.sub(f'<base href="{base}" />', index.body.decode(), count=1)
        page = path.strip("/").partition("/")[0] or "live"
        html = html.replace("</head>", self.needed.get(page, "") + "</head>", 1)
        return Response(html, status, headers, "text/html")


def files_of(chunks: dict[str, Any], name: str) -> list[str]:
    """A chunk of the build with all that it imports at once, its style sheets first; each file once."""
    wanted = [name]
    scripts: dict[str, None] = {}
    styles: dict[str, None] = {}
    while wanted:
        chunk = chunks.get(wanted.pop(0), {})
        if chunk.get("file") and chunk["file"] not in scripts:
            scripts[chunk["file"]] = None
            styles.update(dict.fromkeys(chunk.get("css", ())))
            wanted += chunk.get("imports", ())
    return [*styles, *scripts]


def taken(header: str) -> set[str]:
    """What an `Accept-Encoding` takes. A weight of nothing is a refusal; among the others we choose."""
    accepted = set()
    for part in header.lower().split(","):
        name, _, weight = part.replace(" ", "").partition(";")
        if not re.fullmatch(r"q=0(\.0*)?", weight):
            accepted.add(name)
    return accepted


def wants_page(request: Request) -> bool:
    """Whether a browser asks for something to look at."""
    return "text/html" in request.headers.get("accept", "")
