"""The pages in the system's Chromium, on a real server that the demo's story has filled.

A test takes `page`, goes somewhere (`page.goto("/traces")`), and `watch.settled()` when it needs all answers. At its end it fails if a page
that it opened complained; `watch.expect("401")` says what was meant. `new_page` gives further ones, of another width or theme.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from andiron.cli.demo import Sender
from andiron.demo import large_trace, story, trace_id_of
from bench.browser import Chromium, NoChromium, chromium, running
from bench.server import Server
from tests.pages.browser import accessible as axe
from tests.pages.browser.watch import Watch

if TYPE_CHECKING:
    from playwright.sync_api import Page

BUNDLE = Path(__file__).parents[3] / "src" / "andiron" / "server" / "pages" / "dist" / "index.html"
SEED = 7
LARGE = 10_000
NewPage = Callable[..., "Page"]


@dataclass(frozen=True)
class Site:
    """A server with the story in it."""

    url: str
    server: Server
    now: datetime
    """The story's clock: when it was sent."""
    large: str
    """The id of a trace of ten thousand spans."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever starts a browser is slow."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.slow)


def needed() -> None:
    """Say what is missing, as a failure: a test that is left out without a word proves nothing."""
    if os.environ.get("ANDIRON_SKIP_BROWSER", "") not in ("", "0"):
        pytest.skip("ANDIRON_SKIP_BROWSER is set")
    try:
        chromium()
    except NoChromium as problem:
        pytest.fail(f"{problem} To leave these tests out: ANDIRON_SKIP_BROWSER=1", pytrace=False)
    if not BUNDLE.exists():
        pytest.fail(f"The pages are not built ({BUNDLE} is missing). Run `make pages`.", pytrace=False)


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One server for all tests of a run; whoever changes it starts one of their own."""
    needed()
    with Server(tmp_path_factory.mktemp("pages") / "data") as server:
        url = f"http://127.0.0.1:{server.port}"
        now = datetime.now(UTC)
        # Before the story, so that it stays out of the lists of what is new.
        early = now - timedelta(minutes=40)
        with Sender(url, None) as sender:
            sender.send(story(SEED, now, history=timedelta(minutes=20), until=now))
            sender.send(large_trace(SEED, early, LARGE))
        server.until_loaded(sender.records)
        yield Site(url, server, now, trace_id_of(SEED, early))


@pytest.fixture(scope="package")
def browser() -> Iterator[Chromium]:
    """One Chromium, while tests of this folder follow each other.

    Not for the whole run: as long as Playwright is there, `asyncio.run` of other tests finds a loop that runs already.
    """
    needed()
    with running() as started:
        yield started


@pytest.fixture
def watches() -> list[Watch]:
    """The watch of each page that the test has opened, in order."""
    return []


@pytest.fixture
def new_page(browser: Chromium, site: Site, watches: list[Watch]) -> Iterator[NewPage]:
    """Gives a page in a window of its own: `new_page(width=390, theme="dark")`; `url` names another server."""
    contexts: list[Any] = []

    def opened(*, url: str = site.url, **more: Any) -> "Page":
        context = browser.context(base_url=url, **more)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        watches.append(Watch(page, url))
        return page

    yield opened
    for context in contexts:
        context.close()
    if complaints := [text for watch in watches for text in watch.complaints]:
        pytest.fail("The page complained:\n" + "\n".join(complaints), pytrace=False)


@pytest.fixture
def page(new_page: NewPage) -> "Page":
    """A page at 1440 by 900, light, that has been nowhere yet."""
    return new_page()


@pytest.fixture
def watch(page: "Page", watches: list[Watch]) -> Watch:
    """The watch of `page`."""
    return watches[0]


@pytest.fixture
def accessible() -> Callable[["Page"], None]:
    """Fails with what axe-core finds on a page."""

    def check(page: "Page") -> None:
        if found := axe.findings(page):
            pytest.fail("Not everybody can use this page:\n" + "\n".join(found), pytrace=False)

    return check
