"""What a request says of itself, under the names of OpenTelemetry's HTTP conventions (stable since 1.23)."""

import os
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from andiron.sdk.request_id import Scope

KNOWN_METHODS = frozenset(
    os.environ.get("OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS", "").replace(" ", "").split(",")
    if os.environ.get("OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS")
    else ("CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE")
)
PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}
HOST = re.compile("[A-Za-z0-9._:-]*")
"""What a host's name or address is written with. Its attribute is never redacted, so it holds nothing else."""
HIDDEN = "[REDACTED]"
SECRETS = frozenset(
    {b"authorization", b"proxy-authorization", b"cookie", b"set-cookie", b"x-api-key", b"x-auth-token", b"x-csrf-token"}
)
"""Headers whose values are never captured."""


def request_attributes(scope: Scope, headers: Mapping[bytes, bytes]) -> dict[str, Any]:
    """The attributes that are known when a request begins."""
    scheme = scope.get("scheme", "http")
    attributes: dict[str, Any] = {"logfire.span_type": "span"}
    if scope["type"] == "websocket":
        attributes["network.protocol.name"] = "websocket"
    else:
        method = scope["method"]
        if method in KNOWN_METHODS:
            attributes["http.request.method"] = method
        else:
            attributes["http.request.method"] = "_OTHER"
            attributes["http.request.method_original"] = method
    attributes["url.path"] = scope["path"]
    attributes["url.scheme"] = scheme
    if query := scope.get("query_string"):
        attributes["url.query"] = query.decode("latin-1")
    if version := scope.get("http_version"):
        attributes["network.protocol.version"] = version
    host = headers.get(b"host")
    address, port = authority(host, scheme) if host else (scope.get("server") or ("", None))
    if address:
        attributes["server.address"] = address
        if port is not None:
            attributes["server.port"] = port
    if client := scope.get("client"):
        attributes["client.address"] = attributes["network.peer.address"] = client[0]
        attributes["network.peer.port"] = client[1]
    if agent := headers.get(b"user-agent"):
        attributes["user_agent.original"] = agent.decode("latin-1")
    return attributes


@lru_cache(256)
def authority(host: bytes, scheme: str) -> tuple[str, int | None]:
    """Address and port of a Host header; what cannot be read is no address."""
    text = host.decode("latin-1")
    address, colon, digits = text.rpartition(":")
    if not colon or "]" in digits:
        address, digits = text, ""
    address = address.removeprefix("[").removesuffix("]")
    if HOST.fullmatch(address) is None:
        return "", None
    if digits and not (digits.isascii() and digits.isdecimal() and int(digits) < 65_536):
        return "", None
    return address, int(digits) if digits else PORTS.get(scheme)


def header_attributes(
    kind: str, headers: Iterable[tuple[bytes, bytes]], wanted: frozenset[bytes]
) -> dict[str, tuple[str, ...]]:
    """The captured headers of a `request` or `response`."""
    found: dict[str, list[str]] = {}
    for name, value in headers:
        lower = name.lower()
        if lower in wanted:
            text = HIDDEN if lower in SECRETS else value.decode("latin-1")
            found.setdefault(f"http.{kind}.header.{lower.decode('latin-1')}", []).append(text)
    return {key: tuple(values) for key, values in found.items()}
