"""A prefix that a reverse proxy leaves on the path: taken off before anything else looks at it.

Requests without it are served too, so that programs on the same machine need to know nothing of the proxy.
"""

from starlette.types import ASGIApp, Receive, Scope, Send


class Prefix:
    """ASGI middleware that takes `prefix` off."""

    def __init__(self, app: ASGIApp, prefix: str) -> None:
        self.app = app
        self.prefix = prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not self.prefix:
            await self.app(scope, receive, send)
            return
        path: str = scope["path"]
        if path == self.prefix:
            # Relative addresses on the page are found from the folder, which ends with a slash.
            location = self.prefix.encode() + b"/" + (b"?" + scope["query_string"] if scope["query_string"] else b"")
            headers = [(b"location", location), (b"content-length", b"0")]
            await send({"type": "http.response.start", "status": 307, "headers": headers})
            await send({"type": "http.response.body", "body": b""})
            return
        if path.startswith(f"{self.prefix}/"):
            raw = scope.get("raw_path") or b""
            leading = self.prefix.encode() + b"/"
            # As it was sent it tells an escaped slash from a real one; where the prefix itself is escaped, it is left out.
            left = raw[len(leading) - 1 :] if raw.startswith(leading) else None
            scope = {**scope, "path": path[len(self.prefix) :], "raw_path": left}
        await self.app(scope, receive, send)
