"""What an administrator does in the settings, on servers of the tests' own; and what those see who may only read."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from andiron.server.ingest.quarantine import Quarantine
from bench.server import Server
from bench.telemetry import Telemetry
from tests.pages.browser.conftest import NewPage
from tests.pages.browser.watch import Watch
from tests.test_serve import andiron

pytestmark = pytest.mark.requirement("AN-07")

PATIENT = 20_000
PROTOBUF = "application/x-protobuf"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server that needs no tokens."""
    with Server(tmp_path / "data") as started:
        yield started


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[tuple[Server, str]]:
    """A server that asks for tokens, and an admin token of it."""
    data = tmp_path / "guarded"
    said = andiron("tokens", "create", "--scope", "admin", data=data).stdout
    admin = next(word for word in said.split() if word.startswith("pylf_"))
    with Server(data, allowed_hosts="andiron.example") as started:
        yield started, admin


@pytest.fixture
def opened(new_page: NewPage, server: Server) -> Page:
    """A page before `server`."""
    return new_page(url=f"http://127.0.0.1:{server.port}")


def signed_in(page: Page, token: str) -> None:
    """Sign in where the page asks for it."""
    page.get_by_label("Token").fill(token)
    page.get_by_role("button", name="Sign in").click()


def made(page: Page, scope: str, who: str) -> str:
    """Make a token; what is shown once."""
    page.get_by_label("Scope").select_option(scope)
    page.get_by_label("Who will use it").fill(who)
    page.get_by_role("button", name="Make a token").click()
    shown = page.locator(".settings-issued")
    expect(shown).to_contain_text("shown this once")
    token = shown.locator("code").first.inner_text()
    page.get_by_role("button", name="I have it").click()
    expect(page.get_by_text(token)).to_have_count(0)
    return token


def row(page: Page, text: str) -> Locator:
    """A row of the table on the page."""
    return page.get_by_role("row").filter(has_text=text)


def test_a_token_is_made_used_to_sign_in_and_revoked(
    new_page: NewPage, watches: list[Watch], guarded: tuple[Server, str]
) -> None:
    server, admin = guarded
    page = new_page(url=f"http://127.0.0.1:{server.port}")
    watches[0].expect(r"refused: \w+ \S+: 40[13]")
    page.goto("/settings/tokens")
    expect(page).to_have_title("Sign in · Andiron")
    signed_in(page, "nothing-of-the-kind")
    expect(page.get_by_role("alert")).to_contain_text("not valid")
    signed_in(page, admin)
    expect(page.get_by_role("heading", name="Tokens")).to_be_visible()
    write = made(page, "write", "till 4")
    read = made(page, "read", "Ada")
    expect(row(page, "Ada")).to_contain_text("never")
    menu = page.get_by_role("button", name="Appearance and help")
    menu.click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("Token")).to_be_visible()

    signed_in(page, write)
    expect(page.get_by_role("alert")).to_contain_text("may only send telemetry")
    signed_in(page, read)
    # What is not theirs is told, and not offered.
    expect(page.get_by_text("it may look and query")).to_be_visible()
    expect(page.get_by_role("button", name="Make a token")).to_have_count(0)
    for section in ("Retention", "Storage", "Ingest", "Quarantine"):
        page.get_by_role("navigation", name="Settings").get_by_role("link", name=section).click()
        expect(page.get_by_role("heading", name=section)).to_be_visible()
        expect(page.get_by_text("it may look and query")).to_be_visible()
    page.get_by_role("navigation", name="Settings").get_by_role("link", name="Projects").click()
    expect(page.get_by_text("You see default")).to_be_visible()
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Services").click()
    expect(page.get_by_text("No service sent anything")).to_be_visible()

    other = new_page(url=f"http://127.0.0.1:{server.port}")
    watches[1].expect(r"refused: \w+ \S+: 40[13]")
    other.goto("/sign-in")
    signed_in(other, admin)
    expect(other).to_have_url(re.compile(rf":{server.port}/$"))
    other.goto("/settings/tokens")
    row(other, "Ada").get_by_role("button", name="Revoke").click()
    asked = other.get_by_role("dialog")
    expect(asked.get_by_role("button", name="Keep it")).to_be_focused()
    asked.get_by_role("button", name="Revoke the token").click()
    expect(row(other, "Ada")).to_contain_text("revoked")
    # Whoever used it is asked to sign in again, without touching anything.
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.get_by_label("Token")).to_be_visible(timeout=PATIENT)


def test_a_project_is_made_filled_shown_by_its_link_and_deleted(
    opened: Page, new_page: NewPage, server: Server, watches: list[Watch]
) -> None:
    watches[0].expect(r"refused: POST \S+/projects: 4\d\d")
    opened.goto("/settings/projects")
    field = opened.get_by_label("Name of a new project")
    field.fill("9 lives")
    field.press("Enter")
    expect(opened.locator("#project-rule")).to_have_class(re.compile("level-error"))
    field.fill("staging")
    field.press("Enter")
    opened.get_by_role("button", name="staging").click()
    expect(opened).to_have_url(re.compile("project=staging"))
    expect(row(opened, "staging")).to_contain_text("shown")
    expect(opened.get_by_role("button", name="Project staging")).to_be_visible()
    # It stays the one that is shown: on other pages, after a reload, and for whoever gets the link.
    opened.get_by_role("navigation", name="Pages").get_by_role("link", name="Services").click()
    expect(opened).to_have_url(re.compile("/services.*project=staging"))
    opened.reload()
    expect(opened.get_by_role("button", name="Project staging")).to_be_visible()
    other = new_page(url=f"http://127.0.0.1:{server.port}")
    other.goto(opened.url)
    expect(other.get_by_role("button", name="Project staging")).to_be_visible()
    other.goto("/services?project=elsewhere")
    expect(other.get_by_text("The project elsewhere is not open to you")).to_be_visible()
    other.get_by_role("link", name="Show default").click()
    expect(other.get_by_role("button", name="Project default")).to_be_visible()

    opened.goto("/settings/projects?project=staging")
    row(opened, "staging").get_by_role("button", name="Delete").click()
    asked = opened.get_by_role("dialog")
    sure = asked.get_by_role("button", name="Delete the project")
    expect(sure).to_be_disabled()
    asked.get_by_label("Write staging to confirm").fill("staging")
    sure.click()
    expect(row(opened, "staging")).to_have_count(0)
    expect(opened.get_by_role("button", name="Project default")).to_be_visible()
    expect(opened).not_to_have_url(re.compile("project="))


def test_retention_is_shortened_after_a_look_at_what_goes_and_put_back(opened: Page, server: Server) -> None:
    server.post("/v1/traces", Telemetry().traces(50), content_type=PROTOBUF)
    server.until_loaded(50)
    opened.goto("/settings/retention")
    field = opened.get_by_label("Days that traces are kept")
    expect(field).to_have_value("30")
    field.fill("0.001")
    expect(opened.get_by_text("At least an hour")).to_be_visible()
    field.fill("2")
    expect(opened.get_by_text("Frees nothing at once")).to_be_visible(timeout=PATIENT)
    opened.get_by_role("button", name="Shorten").click()
    back = opened.get_by_role("button", name=re.compile("^Back to the server"))
    expect(back).to_be_visible()
    opened.reload()
    expect(field).to_have_value("2")
    back.click()
    expect(field).to_have_value("30")
    expect(back).to_have_count(0)


def test_what_the_store_refused_is_seen_tried_again_fetched_and_thrown_away(opened: Page, server: Server) -> None:
    quarantine = Quarantine(server.data / "quarantine")
    known = {"database": "andiron", "received": 1_790_000_000_000, "nested": False}
    body = Telemetry().traces(8)
    quarantine.put(body, signal="traces", records=8, reason="the store had no luck", token="good", **known)  # type: ignore[arg-type]
    quarantine.put(b"\xff\xff", signal="logs", records=1, reason="it is corrupt", token="bad", **known)  # type: ignore[arg-type]
    opened.goto("/settings/health")
    opened.get_by_role("definition").get_by_role("link", name="2").click()
    good, bad = row(opened, "no luck"), row(opened, "corrupt")
    expect(good).to_contain_text("traces")
    with opened.expect_download() as arriving:
        good.get_by_role("link", name="Fetch").click()
    assert arriving.value.path().read_bytes() == body
    good.get_by_role("button", name="Try again").click()
    expect(good).to_have_count(0, timeout=PATIENT)
    expect(opened.get_by_text("is in the store now")).to_be_visible()
    assert server.sql("SELECT count() AS n FROM otel_traces") == [{"n": 8}]
    bad.get_by_role("button", name="Try again").click()
    expect(opened.get_by_text("The store still refuses")).to_be_visible()
    bad.get_by_role("button", name="Throw away").click()
    opened.get_by_role("dialog").get_by_role("button", name="Throw it away").click()
    expect(opened.get_by_text("Nothing is in quarantine")).to_be_visible()
    assert quarantine.all() == []
