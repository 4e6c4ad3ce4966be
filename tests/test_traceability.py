"""The table of promises and tests is true."""

from pathlib import Path

import pytest

from scripts import traceability


def project(root: Path, test: str) -> Path:
    (root / "docs").mkdir()
    (root / "tests").mkdir()
    (root / "docs/promises.md").write_text("| ID | Promise |\n|---|---|\n| AA-01 | One. |\n| AA-02 | Two. |\n")
    (root / "tests/test_it.py").write_text(test)
    return root


def test_the_page_is_fresh() -> None:
    committed = (traceability.ROOT / traceability.PAGE).read_text(encoding="utf-8")
    assert committed == traceability.page(traceability.ROOT), "docs/traceability.md is stale: run `make docs`"


def test_marks_of_functions_classes_and_modules_are_found(tmp_path: Path) -> None:
    root = project(
        tmp_path,
        "pytestmark = [pytest.mark.requirement('AA-02')]\n"
        "class TestIt:\n"
        "    @pytest.mark.requirement('AA-01')\n"
        "    async def test_one(self): ...\n"
        "    def helper(self): ...\n",
    )
    assert traceability.collect(root) == {
        "AA-01": ["tests/test_it.py::TestIt::test_one"],
        "AA-02": ["tests/test_it.py::TestIt::test_one"],
    }


def test_a_promise_without_a_test_is_not_built_yet(tmp_path: Path) -> None:
    root = project(tmp_path, "@pytest.mark.requirement('AA-01')\ndef test_one(): ...\n")
    assert "| AA-01 | `tests/test_it.py::test_one` |\n| AA-02 | not built yet |\n" in traceability.page(root)


def test_an_id_that_no_promise_has_is_refused(tmp_path: Path) -> None:
    root = project(tmp_path, "@pytest.mark.requirement('ZZ-99')\ndef test_one(): ...\n")
    with pytest.raises(ValueError, match=r"no ZZ-99, which tests/test_it\.py::test_one carries"):
        traceability.page(root)
