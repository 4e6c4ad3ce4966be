"""The system's Chromium, driven by Playwright: found, started with a profile of its own, and waited for. For tests of the pages and for pictures."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page, Playwright, Request

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-sync",
    "--disable-component-update",
    "--disable-quic",
    "--no-first-run",
    "--disable-default-apps",
    "--disable-dev-shm-usage",
    "--font-render-hinting=none",
    "--force-color-profile=srgb",
]
HOW = "Run `make chromium`, or name one in ANDIRON_CHROMIUM."
ENDLESS = "/pages/api/live"
"""A stream: it is never through."""


class NoChromium(Exception):
    """There is none; the text says what to do."""


def chromium() -> Path:
    """The browser to use."""
    named = os.environ.get("ANDIRON_CHROMIUM")
    if named:
        found = shutil.which(named)
        if found is None:
            raise NoChromium(f"ANDIRON_CHROMIUM names {named}, and that is no program. {HOW}")
        return Path(found)
    for name in NAMES:
        if found := shutil.which(name):
            return Path(found)
    raise NoChromium(f"There is no Chromium here ({', '.join(NAMES)} are not on the PATH). {HOW}")


class Chromium:
    """One running browser."""

    def __init__(self, playwright: "Playwright", profile: Path) -> None:
        # Playwright makes a profile that is thrown away; the two folders keep the rest out of the user's home.
        self._browser = playwright.chromium.launch(
            executable_path=chromium(),
            args=[*ARGUMENTS, f"--disk-cache-dir={profile / 'cache'}", f"--crash-dumps-dir={profile / 'crashes'}"],
            ignore_default_args=["--enable-automation"],
            env={**os.environ, "XDG_CONFIG_HOME": str(profile), "XDG_CACHE_HOME": str(profile)},
        )

    @property
    def version(self) -> str:
        """As it names itself."""
        return self._browser.version

    def context(self, *, width: int = 1440, height: int = 900, theme: str = "light", **more: Any) -> "BrowserContext":
        """A reader's window, who has never been here."""
        return self._browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=theme,  # type: ignore[arg-type]
            reduced_motion="reduce",
            locale="en-GB",
            timezone_id="UTC",
            **more,
        )

    def close(self) -> None:
        """End it."""
        self._browser.close()


@contextmanager
def running() -> Iterator[Chromium]:
    """A browser until the end of the block; its profile goes with it."""
    from playwright.sync_api import sync_playwright

    with (
        tempfile.TemporaryDirectory(prefix="andiron-chromium-", ignore_cleanup_errors=True) as profile,
        sync_playwright() as playwright,
    ):
        browser = Chromium(playwright, Path(profile))
        try:
            yield browser
        finally:
            browser.close()


class Requests:
    """What a page has asked for and not been answered."""

    def __init__(self, page: "Page") -> None:
        self._open: set[Request] = set()
        self._page = page
        page.on("request", self._began)
        page.on("requestfinished", self._ended)
        page.on("requestfailed", self._ended)

    def _began(self, request: "Request") -> None:
        if ENDLESS not in request.url and request.resource_type != "eventsource":
            self._open.add(request)

    def _ended(self, request: "Request") -> None:
        self._open.discard(request)

    def settled(self, calm: int = 250, most: int = 15_000) -> bool:
        """Wait until nothing has been under way for `calm` milliseconds; False when that takes more than `most`."""
        quiet = waited = 0
        while quiet < calm and waited < most:
            self._page.wait_for_timeout(50)
            waited += 50
            quiet = 0 if self._open else quiet + 50
        return waited < most
