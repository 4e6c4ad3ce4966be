"""The watch and the accessibility check find what they are for; on pages of their own, made for that."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, Route

from bench.browser import Chromium
from tests.pages.browser.accessible import findings
from tests.pages.browser.watch import Watch

pytestmark = pytest.mark.requirement("AN-07")

HERE = "http://pages.test"
POLICY = {"Content-Security-Policy": "default-src 'none'; script-src 'self'"}
GOOD = '<!doctype html><html lang="en"><title>Good</title><main><h1>Good</h1></main>'


Show = Callable[[str, str], tuple[Page, Watch]]


@pytest.fixture
def show(browser: Chromium) -> Iterator[Show]:
    """A page of this HTML and this script, whose requests this test answers."""
    contexts = []

    def shown(html: str, script: str) -> tuple[Page, Watch]:
        context = browser.context()
        contexts.append(context)
        page = context.new_page()
        watch = Watch(page, HERE)

        def answer(route: Route) -> None:
            path = route.request.url.removeprefix(HERE)
            if path == "/":
                route.fulfill(body=f'{html}<script src="/page.js"></script>', content_type="text/html", headers=POLICY)
            elif path == "/page.js":
                route.fulfill(body=script, content_type="text/javascript")
            elif path == "/cut":
                route.abort("connectionreset")
            else:
                route.fulfill(status=404)

        context.route("**/*", answer)
        page.goto(f"{HERE}/")
        watch.settled()
        return page, watch

    yield shown
    for context in contexts:
        context.close()


def test_a_good_page_has_no_complaints(show: Show) -> None:
    page, watch = show(GOOD, "console.log('fine'); console.warn('fine too')")
    assert watch.complaints == []
    assert findings(page) == []


@pytest.mark.parametrize(
    ("script", "complaint"),
    [
        ("console.error('broken', 3)", "console: broken 3"),
        ("setTimeout(() => { throw new RangeError('too far') })", "uncaught: too far"),
        ("Promise.reject(new Error('promised'))", "uncaught: promised"),
        ("eval('1')", "uncaught: "),
        (
            "document.head.append(Object.assign(document.createElement('script'), {src: '/gone.js'}))",
            "refused: GET http://pages.test/gone.js: 404",
        ),
        (
            "document.head.append(Object.assign(document.createElement('script'), {src: '/cut'}))",
            "no answer: GET http://pages.test/cut: ",
        ),
        (
            "window.open('http://elsewhere.test/'); location.href = 'http://elsewhere.test/'",
            "another origin: GET http://elsewhere.test/",
        ),
    ],
)
def test_whatever_goes_wrong_is_a_complaint(show: Show, script: str, complaint: str) -> None:
    page, watch = show(GOOD, script)
    page.wait_for_timeout(0)
    watch.settled()
    assert any(text.startswith(complaint) for text in watch.complaints), watch.complaints
    watch.expect(".")
    assert watch.complaints == []


def test_what_not_everybody_can_use_is_found(show: Show) -> None:
    page, _ = show(
        '<!doctype html><html lang="en"><title>Bad</title><main><button></button><img src="data:,"></main>', ""
    )
    found = "\n".join(findings(page))
    assert "button-name (critical)" in found
    assert "button" in found
    assert "Fix any of the following" in found
