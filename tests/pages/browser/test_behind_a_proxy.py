"""The pages under a prefix: behind a proxy that takes it off, and behind one that leaves it, which `ANDIRON_PREFIX` is for."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from andiron.cli.demo import Sender
from andiron.demo import large_trace
from bench.server import Server
from tests.pages.browser.conftest import NewPage, Site
from tests.pages.browser.proxy import stripping
from tests.pages.browser.sending import told

pytestmark = pytest.mark.requirement("AN-07")

PREFIX = "/tools/andiron"


def through(page: Page, home: str) -> None:
    """Walk through the pages, by links, by the address and by going back; nothing may leave the prefix."""
    page.goto(f"{home}/?from=1h")
    rows = page.get_by_role("table", name="Records").locator(".line:not(.line-head)")
    expect(rows.first).to_be_visible()
    pages = page.get_by_role("navigation", name="Pages")
    pages.get_by_role("link", name="Services").click()
    expect(page).to_have_url(re.compile(f"^{re.escape(home)}/services"))
    expect(page.get_by_role("row").nth(1)).to_be_visible()
    pages.get_by_role("link", name="Settings").click()
    page.get_by_role("link", name="Storage").click()
    expect(page.get_by_role("cell", name="otel_traces", exact=True)).to_be_visible()
    page.reload()
    expect(page).to_have_url(f"{home}/settings/storage")
    expect(page.get_by_role("cell", name="otel_traces", exact=True)).to_be_visible()
    page.go_back()
    page.go_back()
    expect(page).to_have_url(re.compile(f"^{re.escape(home)}/services"))
    page.goto(f"{home}/explore?from=1h&sql=SELECT+count(*)+AS+n+FROM+records")
    expect(page.get_by_role("region", name="Result").get_by_role("status").first).to_contain_text("1 row")
    page.get_by_role("link", name="Andiron, to the live page").click()
    expect(page).to_have_url(re.compile(f"^{re.escape(home)}/(\\?|$)"))
    left(page)


def left(page: Page) -> None:
    """Leave before the server or the proxy does: a live page asks again every now and then."""
    page.goto("about:blank")


def test_a_proxy_that_takes_the_prefix_off_needs_no_setting(new_page: NewPage, site: Site, tmp_path: Path) -> None:
    with stripping(PREFIX, site.server.port) as origin:
        page = new_page(url=origin)
        through(page, f"{origin}{PREFIX}")
        # The stream goes through it, too: what happens now is seen without asking.
        page.goto(f"{origin}{PREFIX}/?q=service:bakery")
        expect(page.locator(".panel-state")).to_be_visible()
        told(site.url, tmp_path, "Ada")
        rows = page.get_by_role("table", name="Records").locator(".line:not(.line-head)")
        expect(rows.first).to_contain_text("hello Ada", timeout=20_000)
        left(page)


def test_a_proxy_that_leaves_the_prefix_needs_one(new_page: NewPage, tmp_path: Path, site: Site) -> None:
    with Server(tmp_path / "data", prefix=PREFIX) as server:
        origin = f"http://127.0.0.1:{server.port}"
        with Sender(f"{origin}{PREFIX}", None) as sender:
            sender.send(large_trace(1, site.now, 200))
        server.until_loaded(sender.records)
        through(new_page(url=origin), f"{origin}{PREFIX}")
