"""What holds for every page, in both themes, wide and narrow: no complaint, nothing that leaves the window, everybody can use it."""

import pytest

from tests.pages.browser.accessible import findings
from tests.pages.browser.conftest import NewPage, Site
from tests.pages.browser.watch import Watch

PATHS = (
    "/",
    "/traces",
    "/trace/{large}",
    "/explore",
    "/services",
    "/services?view=map",
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
    "/settings/quarantine",
    "/no-such-page",
)


SIZES = ((1440, 900), (1024, 768), (390, 844))


@pytest.mark.requirement("AN-07")
@pytest.mark.parametrize("path", PATHS)
def test_it_is_sound(new_page: NewPage, watches: list[Watch], site: Site, path: str) -> None:
    page = new_page()
    watches[0].expect(r"refused: GET \S+/no-such-page: 404$")
    page.goto(path.format(large=site.large))
    page.locator("main").first.wait_for()
    watches[0].settled()
    assert page.title()
    found = []
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)
            wide = page.evaluate("document.documentElement.scrollWidth")
            if wide > width:
                found.append(f"The page is {wide} px wide in a window of {width} px.")
            found += [f"{theme}, {width} px: {finding}" for finding in findings(page)]
    if found:
        pytest.fail("Not everybody can use this page:\n" + "\n".join(found), pytrace=False)


@pytest.mark.requirement("AN-07")
@pytest.mark.parametrize(
    "path", ["/", "/explore", "/services", "/services?view=map", "/services/api", "/settings/tokens"]
)
def test_it_fits_a_phone_from_the_beginning(new_page: NewPage, watches: list[Watch], path: str) -> None:
    page = new_page(width=390, height=844, theme="dark")
    page.goto(path)
    page.locator("main").first.wait_for()
    watches[0].settled()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
