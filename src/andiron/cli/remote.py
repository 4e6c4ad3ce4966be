"""Asking a running server over HTTP, for every command that does."""

import json
from collections.abc import Callable
from typing import Any

from andiron.errors import AndironError, ConfigurationError

URL = "http://127.0.0.1:4318"
Asker = Callable[[str, str], bytes]
"""Takes a query and `json` or `csv`, answers the body."""


def server(url: str, token: str | None, limit: int) -> Asker:
    """Ask over HTTP."""
    import httpx

    def ask(text: str, kind: str) -> bytes:
        accept = {"json": "application/json", "csv": "text/csv"}[kind]
        headers = {"Accept": f"{accept}, application/problem+json;q=0.9"} | ({"Authorization": token} if token else {})
        try:
            answer = httpx.post(
                f"{url.rstrip('/')}/v2/query", json={"sql": text, "limit": limit}, headers=headers, timeout=120
            )
        except (httpx.TransportError, httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            raise ConfigurationError(
                f"No server answers at {url} ({error}). Start one with `andiron serve`, name another with --url, "
                "or read a data folder with --data."
            ) from None
        if answer.status_code != 200:
            raise AndironError(detail_of(answer.content) or f"{url} answered {answer.status_code}.")
        return answer.content

    return ask


def detail_of(body: bytes) -> str:
    """What a problem says, if it is one."""
    try:
        problem = json.loads(body)
    except ValueError:
        return ""
    detail = problem.get("detail") if isinstance(problem, dict) else None
    return detail if isinstance(detail, str) else ""


def rows(url: str, token: str | None, query: str, limit: int = 100) -> list[dict[str, Any]]:
    """The rows that a query gives."""
    try:
        answer: list[dict[str, Any]] = json.loads(server(url, token, limit)(query, "json"))["data"]
    except (ValueError, KeyError):
        raise AndironError(f"{url} answers, but not as a server of Andiron does.") from None
    return answer
