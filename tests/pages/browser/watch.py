"""What a page did that it should not have: errors in its console, errors that nobody caught, requests that failed or left for elsewhere."""

import re
from urllib.parse import urlsplit

from playwright.sync_api import ConsoleMessage, Error, Page, Request, Response

from bench.browser import ENDLESS, Requests

CANCELLED = "net::ERR_ABORTED"
"""The page itself, or a change of address, no longer wanted the answer."""


class Watch:
    """Collects a page's complaints from its beginning on."""

    def __init__(self, page: Page, origin: str) -> None:
        self._origin = origin.rstrip("/")
        self._complaints: list[str] = []
        self._expected: list[re.Pattern[str]] = []
        self._requests = Requests(page)
        page.on("console", self._said)
        page.on("pageerror", self._raised)
        page.on("request", self._asked)
        page.on("requestfailed", self._failed)
        page.on("response", self._answered)

    def expect(self, pattern: str) -> None:
        """Whatever matches is what the test is about, and no complaint."""
        self._expected.append(re.compile(pattern))

    def settled(self) -> None:
        """Wait until every request has its answer; the stream of the live page never has."""
        assert self._requests.settled(), "The page still asks after 15 seconds."

    @property
    def complaints(self) -> list[str]:
        """Those that nobody expected, each once."""
        return [
            text
            for text in dict.fromkeys(self._complaints)
            if not any(pattern.search(text) for pattern in self._expected)
        ]

    def _said(self, message: ConsoleMessage) -> None:
        # What Chromium says of an answer is said below with its address.
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            where = message.location
            self._complaints.append(f"console: {message.text} ({where.get('url')}:{where.get('lineNumber')})")

    def _raised(self, error: Error) -> None:
        self._complaints.append(f"uncaught: {error.message}\n{error.stack or ''}".rstrip())

    def _asked(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob", "about") and f"{parts.scheme}://{parts.netloc}" != self._origin:
            self._complaints.append(f"another origin: {request.method} {request.url}")

    def _failed(self, request: Request) -> None:
        if request.failure != CANCELLED and ENDLESS not in request.url:
            self._complaints.append(f"no answer: {request.method} {request.url}: {request.failure}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400:
            self._complaints.append(f"refused: {response.request.method} {response.url}: {response.status}")
