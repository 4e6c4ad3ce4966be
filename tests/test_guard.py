"""The regression guard, over small projects with real tests."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import guard
from scripts.calibration import Spent

CONFIG = """\
[timed]
step = "log"
files = ["tests/log*"]
limit = {limit}
ratio = 1.5
clock = {clock}
processor = {processor}
unit = 1000.0

[[step]]
name = "log"
title = "log tests"
command = ["{{python}}", "-m", "pytest", "-q", "-p", "no:cacheprovider", "{{timed}}"]
advice = "Look at the log."

[[step]]
name = "all"
title = "all tests"
command = ["{{python}}", "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"]
advice = "Look at the test."

[[step]]
name = "docs"
title = "docs lint"
command = ["{{python}}", "-c", "import sys; print('linted'); sys.exit('gone' in open('page.md').read())"]
advice = "Mend the page."
"""
PASSES = "def test_it():\n    pass\n"
FAILS = "def test_it():\n    assert False\n"


def project(
    root: Path,
    *,
    log: str = PASSES,
    other: str = PASSES,
    limit: float = 60.0,
    clock: float = 1e6,
    processor: float = 1e6,
) -> Path:
    for path, text in {
        "scripts/guard.toml": CONFIG.format(limit=limit, clock=clock, processor=processor),
        "tests/log/test_lines.py": log,
        "tests/test_other.py": other,
        "page.md": "all is well\n",
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    return root


def run(root: Path, *arguments: str) -> tuple[int, str]:
    """The guard in a process of its own, as `make guard` starts it."""
    command = [sys.executable, "-m", "scripts.guard", "--root", str(root), *arguments]
    # The plugins of this suite take seconds to load, and the small projects need none.
    environ = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": ""}
    done = subprocess.run(command, cwd=guard.ROOT, env=environ, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.requirement("LF-10")
def test_all_steps_run_in_their_order_and_are_summed_up_with_their_times(tmp_path: Path) -> None:
    status, output = run(project(tmp_path))
    assert status == 0
    assert re.findall(r"^── (.*)$", output, re.MULTILINE) == ["1/3 log tests", "2/3 all tests", "3/3 docs lint"]
    assert output.index("1 passed") < output.index("2 passed") < output.index("linted")
    summary = output[output.index("Regression guard") :]
    assert re.findall(r"✓ ([a-z ]+?) +\d+\.\d s", summary) == ["log tests", "all tests", "docs lint"]


@pytest.mark.requirement("LF-10")
@pytest.mark.parametrize(
    ("broken", "passed", "failed", "left"),
    [
        ({"log": FAILS}, [], "log tests", ["all tests", "docs lint"]),
        ({"other": FAILS}, ["log tests"], "all tests", ["docs lint"]),
    ],
)
def test_the_first_failure_stops_it_and_says_what_to_do(
    tmp_path: Path, broken: dict[str, str], passed: list[str], failed: str, left: list[str]
) -> None:
    status, output = run(project(tmp_path, **broken))  # type: ignore[arg-type]
    assert status == 1
    assert "linted" not in output
    summary = output[output.index("Regression guard") :]
    assert re.findall(r"✓ ([a-z ]+?) +\d", summary) == passed
    assert re.findall(r"✗ ([a-z ]+?) +\d", summary) == [failed]
    assert re.findall(r"- ([a-z ]+?) +not run", summary) == left
    advice = {"log tests": "Look at the log.", "all tests": "Look at the test."}[failed]
    assert f"The {failed} failed. What to do: {advice}" in summary
    assert f"make guard ARGS='--only {failed.split(maxsplit=1)[0]}'" in summary


@pytest.mark.requirement("LF-10")
def test_a_step_that_is_no_test_fails_likewise(tmp_path: Path) -> None:
    root = project(tmp_path)
    (root / "page.md").write_text("it is gone\n", encoding="utf-8")
    status, output = run(root, "--only", "docs")
    assert status == 1
    assert "1/1 docs lint" in output
    assert "What to do: Mend the page." in output


@pytest.mark.requirement("LF-10")
def test_a_command_that_is_not_there_fails_with_its_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    steps, timed = guard.read(project(tmp_path))
    absent = guard.Step("absent", "absent", ("no-such-command",), "Install it.")
    outcomes = guard.Guard(tmp_path, timed).run([absent, *steps])
    assert [(outcome.step.name, outcome.advice) for outcome in outcomes] == [("absent", "Install it.")]
    assert "no-such-command cannot be started" in capsys.readouterr().out


@pytest.mark.requirement("LF-10")
def test_the_steps_of_this_project_are_the_promised_ones() -> None:
    steps, timed = guard.read(guard.ROOT)
    assert [step.title for step in steps] == ["log tests", "all tests", "docs lint", "spec guard"]
    assert all(step.advice for step in steps)
    assert timed.step == "log"
    assert {"tests/redaction", "tests/delivery", "tests/sdk/test_jsonlog.py"} <= set(timed.found(guard.ROOT))


@pytest.mark.requirement("LF-12")
def test_log_tests_over_their_limit_fail_the_guard(tmp_path: Path) -> None:
    status, output = run(project(tmp_path, limit=0.0))
    assert status == 1
    assert "1 passed" in output
    assert re.findall(r"- ([a-z ]+?) +not run", output) == ["all tests", "docs lint"]
    assert "0 s is the limit" in output


@pytest.mark.requirement("LF-12")
@pytest.mark.parametrize("slower", ["clock", "processor"])
def test_log_tests_slower_than_their_baseline_fail_the_guard_after_a_second_try(tmp_path: Path, slower: str) -> None:
    status, output = run(project(tmp_path, **{slower: 0.0}))  # type: ignore[arg-type]
    assert status == 1
    assert output.count("1 passed") == 2
    assert "Once more, in case the machine was busy." in output
    assert "something has become slower, or waits" in output
    assert "ARGS=--rebase" in output


@pytest.mark.requirement("LF-12")
def test_a_slow_machine_is_not_a_slow_test() -> None:
    timed = guard.Timed("log", (), limit=120.0, ratio=1.5, baseline=Spent(100.0, 90.0), unit=0.4)
    rest, busy = Spent(0.4, 0.4), Spent(0.8, 0.4)
    assert timed.verdict(Spent(40.0, 36.0), rest) is None  # as the baseline
    assert timed.verdict(Spent(59.0, 53.0), rest) is None  # 1.475 times that
    assert timed.verdict(Spent(61.0, 36.0), rest) is not None  # 1.525 times: something waits
    assert timed.verdict(Spent(80.0, 36.0), busy) is None  # others used half of the machine
    assert timed.verdict(Spent(80.0, 55.0), busy) is not None  # and yet more was done than before


@pytest.mark.requirement("LF-12")
def test_two_minutes_are_two_minutes_of_a_machine_at_rest() -> None:
    timed = guard.Timed("log", (), limit=120.0, ratio=1.5, baseline=Spent(1000.0, 1000.0), unit=0.4)
    assert timed.verdict(Spent(119.0, 119.0), Spent(0.4, 0.4)) is None
    assert timed.verdict(Spent(121.0, 119.0), Spent(0.4, 0.4)) is not None
    assert timed.verdict(Spent(121.0, 119.0), Spent(0.3, 0.3)) is not None  # a faster machine gets no less, and no more
    assert timed.verdict(Spent(239.0, 119.0), Spent(0.8, 0.4)) is None  # one that is busy gets what it lost
    assert timed.verdict(Spent(241.0, 119.0), Spent(0.8, 0.4)) is not None


@pytest.mark.requirement("LF-12")
def test_the_limit_and_the_ratio_are_the_promised_ones() -> None:
    _, timed = guard.read(guard.ROOT)
    assert (timed.limit, timed.ratio) == (120.0, 1.5)


@pytest.mark.requirement("LF-12")
def test_a_new_baseline_is_written_into_its_line_and_holds_from_then_on(tmp_path: Path) -> None:
    root = project(tmp_path, clock=0.0, processor=0.0)
    before = (root / "scripts/guard.toml").read_text(encoding="utf-8").splitlines()
    status, output = run(root, "--rebase")
    assert status == 0
    assert "1/1 log tests" in output
    after = (root / "scripts/guard.toml").read_text(encoding="utf-8").splitlines()
    changed = [line for line in after if line not in before]
    assert changed == [line for line in after if line.startswith(("clock = ", "processor = ", "unit = "))]
    baseline = guard.read(root)[1].baseline
    assert baseline.clock > 0
    assert baseline.processor > 0


@pytest.mark.requirement("LF-12")
def test_a_pattern_that_finds_nothing_is_a_fault(tmp_path: Path) -> None:
    root = project(tmp_path)
    (root / "tests/log/test_lines.py").rename(root / "tests/test_lines.py")
    (root / "tests/log").rmdir()
    status, output = run(root, "--only", "log")
    assert status == 1
    assert "nothing fits 'tests/log*'" in output
