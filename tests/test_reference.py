"""The reference page says what the code says."""

from scripts.reference import PAGE, page


def test_reference_page_is_fresh() -> None:
    assert PAGE.read_text() == page(), "docs/settings.md is stale: python scripts/reference.py"
