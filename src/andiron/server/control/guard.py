"""Stands before the whole HTTP application and turns away what a strange web page made a browser send.

A server on loopback trusts its own machine, and a browser there runs other people's pages. Such a page can reach the
server by pointing a name of its own at 127.0.0.1 (DNS rebinding: the `Host` gives it away) or by posting blindly (the
`Origin` gives it away). Pages of `cors_origins` may send telemetry, and nothing else.
"""

import ipaddress
import json
from dataclasses import dataclass
from http import HTTPStatus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from andiron.server.settings import Settings, host_and_port

SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
LOCAL = frozenset({"localhost", "127.0.0.1", "[::1]"})
READ = frozenset(
    {
        b"host",
        b"origin",
        b"authorization",
        b"sec-fetch-site",
        b"access-control-request-method",
        b"access-control-request-headers",
    }
)
DEFAULT_PORTS = {"http": ":80", "https": ":443"}

TELEMETRY = ("/v1/traces", "/v1/logs", "/v1/metrics")
"""Paths that pages of other origins may post to. Opening more would let any page that may send telemetry also read it."""

# What OpenTelemetry's and Logfire's browser SDKs send; a page with more of its own is answered what it asked for.
HEADERS = b"authorization, baggage, content-encoding, content-type, traceparent, tracestate, user-agent"
EXPOSED = b"retry-after, x-logfire-warning"


@dataclass(frozen=True, slots=True)
class Sender:
    """What the headers of a request tell about the page, if any, that it came from."""

    host: str | None
    origin: str | None = None
    fetch_site: str | None = None
    authorized: bool = False


@dataclass(frozen=True, slots=True)
class Policy:
    """Whom to let in."""

    loopback: bool
    hosts: frozenset[str]
    allowed: frozenset[str]
    origins: frozenset[str]
    paths: frozenset[str]

    @classmethod
    def of(cls, settings: Settings, paths: tuple[str, ...] = TELEMETRY) -> "Policy":
        bound = () if settings.http == "off" else (host_and_port(settings.http)[0],)
        allowed = frozenset(_written(host) for host in settings.allowed_hosts)
        return cls(
            loopback=settings.loopback,
            hosts=LOCAL | allowed | {_written(host) for host in bound},
            allowed=allowed,
            origins=frozenset(origin.lower().rstrip("/") for origin in settings.cors_origins),
            paths=frozenset(paths),
        )

    def knows(self, host: str) -> bool:
        """Whether a request may name `host`, a `Host` header, whatever its port."""
        name, port = split_port(host.lower())
        if port and not port.isdigit():
            return False
        name = name.removesuffix(".")
        if name in self.hosts:
            return True
        try:
            return ipaddress.IPv4Address(name).is_loopback
        except ValueError:
            return False

    def trusts(self, origin: str) -> bool:
        """Whether `origin` names a host that was allowed by name: a proxy may have put another `Host` before us."""
        scheme, _, page = origin.lower().partition("://")
        name = split_port(page)[0].removesuffix(".")
        return scheme in DEFAULT_PORTS and name != "" and name in self.allowed

    def shares(self, origin: str | None, path: str) -> bool:
        """Whether pages of `origin` may send telemetry to `path`."""
        return origin is not None and path in self.paths and ("*" in self.origins or origin.lower() in self.origins)


def split_port(host: str) -> tuple[str, str]:
    """Split `name:port` and `[::1]:port`; the port may be missing. What is neither is a name that nobody has."""
    if host.startswith("["):
        address, bracket, rest = host.partition("]")
        if rest and not rest.startswith(":"):
            return host, ""
        return address + bracket, rest[1:]
    name, _, port = host.partition(":")
    return name, port


def same_origin(origin: str, host: str) -> bool:
    """Whether a page of `origin` was served under `host`. The scheme does not count: TLS may end before us."""
    scheme, _, page = origin.lower().partition("://")
    default = DEFAULT_PORTS.get(scheme)
    return default is not None and page.removesuffix(default) == host.lower().removesuffix(default)


def objection(policy: Policy, method: str, path: str, sender: Sender) -> str | None:
    """Why the request is turned away, or None. A WebSocket counts as a write, for browsers let any page open one."""
    if policy.loopback and not (sender.host and policy.knows(sender.host)):
        return (
            "The Host header names no host of this server. It serves this machine only; "
            "if the name is right, add it to ANDIRON_ALLOWED_HOSTS."
        )
    if method in SAFE or policy.shares(sender.origin, path):
        return None
    if sender.authorized and not policy.loopback:
        # Browsers attach no token by themselves (but as `Basic`), so a page that sends one was given it.
        return None
    foreign = (
        sender.origin is not None
        and not (sender.host and same_origin(sender.origin, sender.host))
        and not policy.trusts(sender.origin)
    )
    if foreign or sender.fetch_site == "cross-site":
        return (
            "The request comes from a page of another origin. If that page may send telemetry, add its origin to "
            "ANDIRON_CORS_ORIGINS. If it is Andiron's own page behind a proxy, add its host to ANDIRON_ALLOWED_HOSTS."
        )
    return None


class Guard:
    """ASGI middleware that refuses by `objection`, and answers CORS for pages that may send telemetry to `paths`."""

    def __init__(self, app: ASGIApp, settings: Settings, paths: tuple[str, ...] = TELEMETRY) -> None:
        self.app = app
        self.policy = Policy.of(settings, paths)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        headers = {name: value for name, value in scope["headers"] if name in READ}
        sender = Sender(
            host=_text(headers.get(b"host")),
            origin=_text(headers.get(b"origin")),
            fetch_site=_text(headers.get(b"sec-fetch-site")),
            authorized=_given(headers.get(b"authorization", b"")),
        )
        path = scope["path"]
        method = scope.get("method", "WEBSOCKET")
        detail = objection(self.policy, method, path, sender)
        if detail is None and method == "OPTIONS" and b"access-control-request-method" in headers:
            if self.policy.shares(sender.origin, path):
                await _permit(send, headers)
                return
            detail = "Pages of this origin may not send to this path; ANDIRON_CORS_ORIGINS lists those that may."
        if detail is not None:
            await _refuse(scope, receive, send, detail)
        elif self.policy.origins and path in self.policy.paths:
            allowed = headers[b"origin"] if self.policy.shares(sender.origin, path) else None
            await self.app(scope, receive, _sharing(send, allowed))
        else:
            await self.app(scope, receive, send)


def _given(authorization: bytes) -> bool:
    """Whether a program put it there. What a browser was once told as `Basic`, it repeats for every page that asks."""
    return authorization != b"" and not authorization.lstrip().lower().startswith(b"basic")


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("latin-1")


def _written(host: str) -> str:
    """Write a configured host as `split_port` gives it: lower case, without port, an IPv6 address in brackets."""
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return split_port(host.lower())[0].removesuffix(".")
    return f"[{address}]" if address.version == 6 else str(address)


def _sharing(send: Send, origin: bytes | None) -> Send:
    """Mark the response as depending on its `Origin`, and, if that one may read it, say so."""
    extra = [(b"vary", b"Origin")]
    if origin is not None:
        extra += [(b"access-control-allow-origin", origin), (b"access-control-expose-headers", EXPOSED)]

    async def marked(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), *extra]}
        await send(message)

    return marked


async def _permit(send: Send, headers: dict[bytes, bytes]) -> None:
    """Answer the question that a browser asks before it posts for another origin's page.

    Any header may come along, for none has power here: cookies are never allowed, and a token has to be known.
    """
    permitted = [
        (b"access-control-allow-origin", headers[b"origin"]),
        (b"access-control-allow-methods", b"POST"),
        (b"access-control-allow-headers", headers.get(b"access-control-request-headers", HEADERS)),
        (b"access-control-max-age", b"7200"),
        (b"vary", b"Origin, Access-Control-Request-Headers"),
    ]
    await send({"type": "http.response.start", "status": HTTPStatus.NO_CONTENT, "headers": permitted})
    await send({"type": "http.response.body", "body": b""})


async def _refuse(scope: Scope, receive: Receive, send: Send, detail: str) -> None:
    """Answer 403 with problem details (RFC 9457); close a WebSocket before it opens, which servers also turn into 403."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008, "reason": detail[:120]})
        return
    status = HTTPStatus.FORBIDDEN
    problem = {"type": "about:blank", "title": status.phrase, "status": status.value, "detail": detail}
    body = json.dumps(problem).encode()
    headers = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(len(body)).encode()),
        (b"vary", b"Origin"),
    ]
    await send({"type": "http.response.start", "status": status.value, "headers": headers})
    await send({"type": "http.response.body", "body": body})
