"""What people come for, from the first look to the answer, as they do it: with a real browser on a real server."""

import csv
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from bench.server import Server
from tests.pages.browser.conftest import NewPage, Site
from tests.pages.browser.sending import told
from tests.pages.browser.watch import Watch

pytestmark = pytest.mark.requirement("AN-07")

GONE = r"no answer: \w+ \S+/pages/api/|refused: \w+ \S+: 50[234]"
ALL = "from=1h"
QUARTER = 15_000
"""Milliseconds after which the frame looks for the server by itself."""
PATIENT = 20_000
"""Milliseconds that a store may take to show what was sent."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server of the test's own, that it may fill and kill."""
    with Server(tmp_path / "data") as started:
        yield started


def lines(page: Page) -> Locator:
    """The rows of the live list."""
    return page.get_by_role("table", name="Records").locator(".line:not(.line-head)")


def search(page: Page, text: str) -> None:
    """Write into the search box, and ask."""
    box = page.get_by_role("combobox", name="Search")
    box.fill(text)
    box.press("Enter")


def test_the_first_record_turns_the_teaching_page_live(new_page: NewPage, server: Server, tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{server.port}"
    page = new_page(url=url)
    page.goto("/")
    expect(page.get_by_text("Waiting for the first record")).to_be_visible()
    expect(page.locator("pre").first).to_contain_text(f"andiron demo --url {url}")
    told(url, tmp_path, "Ada")
    expect(lines(page).first).to_contain_text("hello Ada", timeout=PATIENT)
    expect(lines(page).first).to_contain_text("bakery")
    told(url, tmp_path, "Grace")
    expect(lines(page).first).to_contain_text("hello Grace", timeout=PATIENT)
    expect(lines(page)).to_have_count(2)
    page.goto("about:blank")  # before its server ends


def test_an_error_is_found_with_its_stack_and_those_like_it(page: Page) -> None:
    page.goto(f"/?{ALL}")
    search(page, "is:error has:exception CardDeclined")
    expect(page).to_have_url(re.compile(r"[?&]q=is%3Aerror"))
    expect(lines(page).first).to_contain_text("CardDeclined")
    narrow = page.get_by_role("group", name="Narrow the search")
    narrow.get_by_role("button", name=re.compile(r"^api\b")).click()
    expect(page).to_have_url(re.compile("service%3Aapi"))
    expect(lines(page).first.locator(".service")).to_have_text("api")
    lines(page).first.click()
    drawer = page.get_by_role("complementary", name="Details of the record")
    expect(drawer.locator(".record-exception-head")).to_contain_text("CardDeclined")
    expect(drawer.locator(".frames")).to_contain_text("api/payments.py")
    only = drawer.get_by_role("button", name=re.compile("^Show only ")).first
    asked = page.url
    only.click()
    expect(page).not_to_have_url(asked)
    expect(lines(page).first).to_be_visible()
    page.go_back()
    expect(page).to_have_url(asked)


def test_a_line_leads_to_its_trace_and_back(page: Page) -> None:
    page.goto(f"/?{ALL}&q=service:web+is:root")
    expect(lines(page).first).to_be_visible()
    lines(page).first.click()
    drawer = page.get_by_role("complementary", name="Details of the record")
    drawer.get_by_role("link", name="Open the trace").click()
    expect(page).to_have_url(re.compile(r"/trace/[0-9a-f]{32}\?"))
    tree = page.get_by_role("tree")
    expect(tree.get_by_role("treeitem").first).to_contain_text("web")
    second = tree.get_by_role("treeitem").nth(1)
    second.click()
    expect(second).to_have_attribute("aria-selected", "true")
    expect(drawer.get_by_text("Attributes")).to_be_visible()
    page.keyboard.press("Escape")
    expect(drawer).to_be_hidden()
    page.go_back()
    expect(page.get_by_role("table", name="Records")).to_be_visible()
    expect(page).to_have_url(re.compile("q=service"))


def editor(page: Page) -> Locator:
    """Where SQL is written."""
    return page.locator(".cm-content")


def written(page: Page, sql: str) -> None:
    """Replace what stands in the editor, as if typed."""
    editor(page).click()
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    page.keyboard.insert_text(sql)


def test_a_query_is_written_refused_mended_drawn_and_taken_along(page: Page, watch: Watch, site: Site) -> None:
    watch.expect(r"refused: POST \S+/v2/query: 4\d\d")
    page.goto(f"/explore?{ALL}")
    written(page, "SELECT service_n")
    page.keyboard.press("Control+Space")
    offered = page.locator(".cm-tooltip-autocomplete li", has_text="service_name").first
    expect(offered).to_be_visible()
    offered.click()
    expect(editor(page)).to_contain_text("SELECT service_name")
    written(page, "SELECT service_nam, count(*) FROM records GROUP BY 1")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".cm-mistake")).to_have_text("service_nam")
    expect(page.get_by_role("alert")).to_contain_text("service_nam")
    written(page, "SELECT service_name, count(*) AS n FROM records GROUP BY service_name ORDER BY n DESC, service_name")
    page.keyboard.press("Control+Enter")
    result = page.get_by_role("region", name="Result")
    expect(result.get_by_role("status").first).to_have_text(re.compile(r"^\d rows"))
    expect(page.locator(".cm-mistake")).to_have_count(0)
    expect(result.locator(".picture")).to_be_visible()
    result.get_by_role("button", name="Export").click()
    with page.expect_download() as arriving:
        result.get_by_role("button", name="Download CSV").click()
    rows = list(csv.DictReader(arriving.value.path().read_text().splitlines()))
    stored = site.server.sql("SELECT ServiceName AS service, count() AS n FROM otel_traces GROUP BY service")
    assert [row["service_name"] for row in rows] == [
        row["service_name"] for row in sorted(rows, key=lambda row: (-int(row["n"]), row["service_name"]))
    ]
    assert {row["service_name"] for row in rows} >= {
        row["service"] for row in stored if row["service"] != "stocktaking"
    }
    assert all(int(row["n"]) > 0 for row in rows)


def test_from_a_number_of_a_service_to_the_traces_behind_it(page: Page) -> None:
    page.goto(f"/services?{ALL}")
    table = page.get_by_role("region").or_(page.locator("table")).first
    expect(table).to_contain_text("api")
    page.get_by_role("button", name="p95").click()
    expect(page).to_have_url(re.compile("sort=p95"))
    page.get_by_role("row", name=re.compile("^api")).get_by_role("link", name="api").click()
    expect(page).to_have_url(re.compile("/services/api"))
    expect(page).to_have_title("api · Services · Andiron")
    expect(page.locator(".chart canvas")).to_have_count(3)
    operation = page.get_by_role("row").filter(has_text="POST /orders").first
    calls = operation.get_by_role("link").nth(1)
    expect(calls).to_have_text(re.compile(r"^\d+"))
    calls.click()
    expect(page).to_have_url(re.compile(r"/traces\?.*q=service%3Aapi"))
    expect(page.locator(".trace-line").first).to_be_visible()
    page.locator(".trace-line a").first.click()
    expect(page.get_by_role("treeitem").filter(has_text="POST /orders").first).to_be_visible()
    page.goto(f"/services?{ALL}")
    page.get_by_role("tab", name="Map").click()
    page.locator(".services-map a").filter(has=page.get_by_text("api", exact=True)).click()
    expect(page).to_have_url(re.compile(r"/services/api\?"))


def test_the_keyboard_is_enough(page: Page) -> None:
    page.goto(f"/?{ALL}")
    expect(lines(page).first).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Go to the page")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    search(page, "service:web is:root")
    expect(page).to_have_url(re.compile("q=service"))
    page.keyboard.press("Escape")
    expect(page.get_by_role("combobox", name="Search")).not_to_be_focused()
    page.keyboard.press("?")
    keys = page.get_by_role("dialog", name="Keys")
    expect(keys).to_contain_text("Next record")
    expect(keys).to_contain_text("Choose the time range")
    page.keyboard.press("Escape")
    # Gone, and not only closed: the focus is given back then.
    expect(keys).to_have_count(0)
    page.keyboard.press("t")
    last = page.get_by_role("textbox", name="Last")
    expect(last).to_be_focused()
    page.keyboard.type("2h")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("from=2h"))
    expect(last).to_be_hidden()
    expect(lines(page).first).to_be_visible()
    page.keyboard.press("j")
    drawer = page.get_by_role("complementary", name="Details of the record")
    expect(drawer).to_be_visible()
    first = page.url
    page.keyboard.press("j")
    expect(page).not_to_have_url(first)
    page.keyboard.press("Escape")
    expect(drawer).to_be_hidden()
    page.keyboard.press("j")
    expect(drawer.get_by_role("link", name="Open the trace")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/trace/"))
    expect(page.get_by_role("treeitem").first).to_be_visible()


def test_a_link_shows_somebody_else_the_same(page: Page, new_page: NewPage) -> None:
    page.goto(f"/?{ALL}&q=has:exception")
    lines(page).nth(1).click()
    head = page.locator(".record-message")
    expect(head).not_to_be_empty()
    told_here = head.inner_text()
    other = new_page(theme="dark")
    other.goto(page.url)
    expect(other.locator(".record-message")).to_have_text(told_here)
    expect(other.locator(".line.selected")).to_contain_text(told_here.split("\n")[0][:40])
    expect(other.get_by_role("combobox", name="Search")).to_have_value("has:exception")
    expect(other.get_by_role("button", name="Time range: Last hour")).to_be_visible()


@pytest.mark.parametrize(("path", "there"), [("/", ".line:not(.line-head)"), ("/settings/storage", "table")])
def test_a_server_that_goes_is_noticed_and_one_that_comes_back(
    new_page: NewPage, watches: list[Watch], server: Server, tmp_path: Path, path: str, there: str
) -> None:
    url = f"http://127.0.0.1:{server.port}"
    told(url, tmp_path, "Ada")
    server.until_loaded(1)
    page = new_page(url=url)
    watches[0].expect(GONE)
    watches[0].expect("console: ")
    page.clock.install()
    page.goto(path)
    expect(page.locator(there).first).to_be_visible()
    server.kill()
    page.clock.fast_forward(QUARTER)
    gone = page.get_by_role("alert").filter(has_text="The server does not answer")
    expect(gone.first).to_be_visible(timeout=PATIENT)
    expect(page.locator(there).first).to_be_visible()
    server.start()
    expect(gone).to_have_count(0, timeout=PATIENT)
    if path == "/":
        told(url, tmp_path, "Grace")
        expect(lines(page).first).to_contain_text("hello Grace", timeout=PATIENT)
