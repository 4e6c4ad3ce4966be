"""The reference page says what the code says."""

from scripts.reference import APPLICATION, PAGE, application_page, page


def test_reference_page_is_fresh() -> None:
    assert PAGE.read_text() == page(), "docs/settings.md is stale: python scripts/reference.py"


def test_page_of_the_application_is_fresh() -> None:
    assert APPLICATION.read_text() == application_page(), "docs/application-settings.md is stale: make docs"
