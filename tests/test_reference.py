"""The pages of reference say what the code says."""

from pathlib import Path

import pytest

from scripts import endpoints
from scripts.reference import PAGES


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_a_page_of_reference_is_fresh(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == PAGES[path](), f"docs/{path.name} is stale: make docs"


def test_an_endpoint_that_nobody_explains_stops_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    explained = {**endpoints.MEANINGS, "State": dict(list(endpoints.MEANINGS["State"].items())[1:])}
    monkeypatch.setattr(endpoints, "MEANINGS", explained)
    with pytest.raises(ValueError, match=r"differ in GET /$"):
        endpoints.page()
