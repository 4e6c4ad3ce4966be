"""The guard over the promises: none is forgotten, none is said to be kept that is not."""

from pathlib import Path

import pytest

from scripts import spec_guard, traceability

PROMISES = "| ID | Promise |\n|---|---|\n| AA-01 | One. |\n| AA-02 | Two. |\n| AA-03 | Three. |\n"
TEST = "import pytest\n@pytest.mark.requirement('{}')\ndef test_it(): ...\n"


def project(root: Path, *missing: str) -> Path:
    """Three promises: a test of the project carries the first, one of an example the second."""
    for path, text in {
        "docs/promises.md": PROMISES,
        "docs/not-built-yet.md": "| ID | Built | What is missing |\n|---|---|---|\n"
        + "".join(f"{line}\n" for line in missing),
        "tests/test_it.py": TEST.format("AA-01"),
        "examples/shop/tests/deep/test_it.py": TEST.format("AA-02"),
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    (root / traceability.PAGE).write_text(traceability.page(root), encoding="utf-8")
    return root


def test_the_promises_the_list_and_the_tests_agree() -> None:
    assert spec_guard.problems(traceability.ROOT) == []


def test_what_is_listed_as_it_is_passes_and_is_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = project(tmp_path, "| AA-02 | in part | its end |", "| AA-03 | nothing yet | all of it |")
    assert spec_guard.main(root) == 0
    assert capsys.readouterr().out == "spec guard: 3 promises: 1 kept, 1 in part, 1 not built yet\n"


def test_tests_of_examples_count(tmp_path: Path) -> None:
    root = project(tmp_path)
    assert traceability.collect(root)["AA-02"] == ["examples/shop/tests/deep/test_it.py::test_it"]
    assert "Of 3 promises 2 have tests." in traceability.page(root)


@pytest.mark.parametrize(
    ("missing", "told"),
    [
        ([], "docs/promises.md: no test carries AA-03. Mark the test that proves it"),
        (["| AA-03 | in part | its end |"], "AA-03 is said to be built in part, and no test carries it."),
        (["| AA-03 | nothing yet | |"], "AA-03 does not say what is missing."),
        (["| AA-03 | hardly | its end |"], "AA-03 is 'hardly'. Write `nothing yet` or `in part`."),
    ],
)
def test_a_promise_that_nothing_keeps_has_to_be_said_to_be_missing(
    tmp_path: Path, missing: list[str], told: str
) -> None:
    (problem,) = spec_guard.problems(project(tmp_path, *missing))
    assert told in problem


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (
            "| AA-01 | nothing yet | all of it |",
            "AA-01 has tests all the same. Write `in part` and what is still missing, or delete the line.",
        ),
        ("| ZZ-01 | nothing yet | all of it |", "ZZ-01 is no promise of docs/promises.md."),
        ("| AA-03 | nothing yet | again |", "AA-03 is listed 2 times."),
    ],
)
def test_a_line_that_does_not_hold_is_named_with_its_place(tmp_path: Path, line: str, told: str) -> None:
    found = spec_guard.problems(project(tmp_path, "| AA-03 | nothing yet | all of it |", line))
    assert any(problem.startswith(f"docs/not-built-yet.md:4: {told}") for problem in found)


def test_a_mark_without_a_promise_and_a_stale_page_are_found(tmp_path: Path) -> None:
    root = project(tmp_path, "| AA-03 | nothing yet | all of it |")
    (root / "tests/test_more.py").write_text(TEST.format("AA-01"), encoding="utf-8")
    assert spec_guard.problems(root) == ["docs/traceability.md is stale. Run `make docs`."]
    (root / "tests/test_more.py").write_text(TEST.format("AA-09"), encoding="utf-8")
    assert "no AA-09, which tests/test_more.py::test_it carries" in spec_guard.problems(root)[0]
