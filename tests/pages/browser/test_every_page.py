"""What holds for every page, in both themes, wide and narrow: no complaint, nothing that leaves the window, everybody can use it."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.pages.browser.conftest import NewPage, Site
from tests.pages.browser.watch import Watch

PATHS = (
    "/",
    "/traces",
    "/trace/{large}",
    "/explore",
    "/services",
    "/services/api",
    "/issues",
    "/sessions",
    "/dashboards",
    "/alerts",
    "/settings",
    "/settings/tokens",
    "/settings/retention",
    "/settings/storage",
    "/settings/health",
    "/no-such-page",
)


@pytest.mark.requirement("AN-07")
@pytest.mark.parametrize(("width", "height", "theme"), [(1440, 900, "light"), (1024, 768, "dark"), (390, 844, "light")])
@pytest.mark.parametrize("path", PATHS)
def test_it_is_sound(
    new_page: NewPage,
    watches: list[Watch],
    site: Site,
    accessible: Callable[[Page], None],
    path: str,
    width: int,
    height: int,
    theme: str,
) -> None:
    page = new_page(width=width, height=height, theme=theme)
    watches[0].expect(r"refused: GET \S+/no-such-page: 404$")
    page.goto(path.format(large=site.large))
    page.locator("main").first.wait_for()
    watches[0].settled()
    assert page.title()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    accessible(page)
