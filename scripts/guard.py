"""The regression guard: log tests, all tests, docs lint, spec guard, in this order. Stops at the first that fails and says what to do.

python -m scripts.guard [--only STEP] [--rebase] [--root FOLDER]

The steps stand in `guard.toml`. The log tests may take two minutes, and no more than a ratio above the baseline that is committed there. Seconds differ
between machines and with what else they do, so both are counted in units of fixed work that is measured while the tests run (`calibration.py`).
"""

import argparse
import os
import re
import subprocess
import sys
import threading
import time
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.calibration import Spent, calibrate, typical

ROOT = Path(__file__).resolve().parent.parent
CONFIG = Path("scripts/guard.toml")
PAUSE = 2.0
"""Seconds between two measures of the machine while the log tests run."""


@dataclass(frozen=True)
class Step:
    """A command, and what to do when it fails."""

    name: str
    title: str
    command: tuple[str, ...]
    advice: str


@dataclass(frozen=True)
class Timed:
    """The step whose time is watched: its files, the most seconds, the most times its baseline, which counts in units of the calibration."""

    step: str
    files: tuple[str, ...]
    limit: float
    ratio: float
    baseline: Spent
    unit: float

    def found(self, root: Path) -> list[str]:
        """The files, by their patterns. A pattern that finds nothing would leave tests out in silence."""
        found = []
        for pattern in self.files:
            paths = sorted(path.relative_to(root).as_posix() for path in root.glob(pattern))
            if not paths:
                raise SystemExit(f"{CONFIG}: nothing fits {pattern!r}. Correct `files`.")
            found += paths
        return found

    def verdict(self, took: Spent, unit: Spent) -> str | None:
        """What is wrong with a time. A machine that is slower than the baseline's, or busy, is granted what that costs."""
        if took.clock * min(1.0, self.unit / unit.clock) > self.limit:
            return (
                f"They took {took.clock:.0f} s, and {self.limit:.0f} s is the limit. `--durations=20` names the slowest; "
                "what waits for a real time-out or starts many processes is worth a look first."
            )
        counted = in_units(took, unit)
        if counted.clock > self.baseline.clock * self.ratio or counted.processor > self.baseline.processor * self.ratio:
            return (
                f"They took {shown(counted)}; the baseline is {shown(self.baseline)}, and {self.ratio} times that is the limit: something has become "
                "slower, or waits. `--durations=20` names the slowest tests, `python -m bench.jsonlog` and `python -m bench.caller` show whether the code "
                "has. If the time is well spent, run `make guard ARGS=--rebase` on a machine at rest and commit scripts/guard.toml."
            )
        return None


def in_units(took: Spent, unit: Spent) -> Spent:
    """A time in units of the calibration."""
    return Spent(took.clock / unit.clock, took.processor / unit.processor)


def shown(counted: Spent) -> str:
    """A time in units, for people."""
    return f"{counted.clock:.0f} units by the clock, {counted.processor:.0f} of a processor"


@dataclass(frozen=True)
class Outcome:
    """How a step ended."""

    step: Step
    seconds: float
    advice: str | None
    note: str = ""


def read(root: Path) -> tuple[list[Step], Timed]:
    """The steps and the watch over one of them."""
    document: dict[str, Any] = tomllib.loads((root / CONFIG).read_text(encoding="utf-8"))
    timed = document["timed"]
    steps = [Step(each["name"], each["title"], tuple(each["command"]), each["advice"]) for each in document["step"]]
    return steps, Timed(
        timed["step"],
        tuple(timed["files"]),
        timed["limit"],
        timed["ratio"],
        Spent(timed["clock"], timed["processor"]),
        timed["unit"],
    )


@dataclass
class Guard:
    """Runs steps in `root`."""

    root: Path
    timed: Timed
    calibration: Callable[[], Spent] = calibrate
    rebase: bool = False

    def run(self, steps: Sequence[Step]) -> list[Outcome]:
        """The outcomes up to the first that failed."""
        outcomes: list[Outcome] = []
        for number, step in enumerate(steps, 1):
            print(f"── {number}/{len(steps)} {step.title}", flush=True)
            outcomes.append(self.watched(step) if step.name == self.timed.step else self.plain(step))
            if outcomes[-1].advice is not None:
                break
        return outcomes

    def plain(self, step: Step) -> Outcome:
        """A step that has to succeed."""
        took, succeeded = self.execute(step, [])
        return Outcome(step, took.clock, None if succeeded else step.advice)

    def watched(self, step: Step) -> Outcome:
        """One that has to succeed in time. What was too slow is tried once more: a machine may have been busy for a minute."""
        seconds = 0.0
        for attempt in (1, 2):
            samples = [self.calibration()]
            took, succeeded = self.execute(step, samples)
            seconds += took.clock
            if not succeeded:
                return Outcome(step, seconds, step.advice)
            unit = typical([*samples, self.calibration()])
            note = shown(in_units(took, unit))
            if self.rebase:
                self.write(in_units(took, unit), unit.clock)
                return Outcome(step, seconds, None, f"{note}: written as the baseline")
            slow = self.timed.verdict(took, unit)
            if slow is None:
                return Outcome(step, seconds, None, note)
            if attempt == 1:
                print(f"Slow: {took.clock:.0f} s, {note}. Once more, in case the machine was busy.", flush=True)
        return Outcome(step, seconds, slow, note)

    def execute(self, step: Step, samples: list[Spent]) -> tuple[Spent, bool]:
        """What its command took, and whether it succeeded. Where there are samples of the machine's speed, more are taken meanwhile."""
        command: list[str] = []
        for word in step.command:
            command += self.timed.found(self.root) if word == "{timed}" else [word.replace("{python}", sys.executable)]
        began = time.perf_counter()
        try:
            process = subprocess.Popen(command, cwd=self.root)  # noqa: S603 - the commands of guard.toml
        except OSError as error:
            print(f"{command[0]} cannot be started: {error}", flush=True)
            return Spent(0.0, 0.0), False
        ended = threading.Event()
        sampler = threading.Thread(target=self.sample, args=(samples, ended))
        if samples:
            sampler.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            took = Spent(time.perf_counter() - began, usage.ru_utime + usage.ru_stime)
        finally:
            ended.set()
        if samples:
            sampler.join()
        return took, process.returncode == 0

    def sample(self, samples: list[Spent], ended: threading.Event) -> None:
        """Measure the machine every now and then until the command has ended."""
        while not ended.wait(PAUSE):
            samples.append(self.calibration())

    def write(self, baseline: Spent, unit: float) -> None:
        """Put another baseline in the place of the one that is there, and leave the rest of the file as it is."""
        path = self.root / CONFIG
        text = path.read_text(encoding="utf-8")
        values = {"clock": f"{baseline.clock:.1f}", "processor": f"{baseline.processor:.1f}", "unit": f"{unit:.3f}"}
        for name, value in values.items():
            text = re.sub(rf"(?m)^{name} = .*$", f"{name} = {value}", text)
        path.write_text(text, encoding="utf-8")


def told(outcomes: Sequence[Outcome], steps: Sequence[Step]) -> str:
    """The summary: each step with its time, and after a failure what to do."""
    width = max(len(step.title) for step in steps)
    lines = ["", "Regression guard"]
    for outcome in outcomes:
        mark = "✗" if outcome.advice is not None else "✓"
        note = f"  ({outcome.note})" if outcome.note else ""
        lines.append(f"  {mark} {outcome.step.title:<{width}} {outcome.seconds:7.1f} s{note}")
    lines += [f"  - {step.title:<{width}}  not run" for step in steps[len(outcomes) :]]
    if (advice := outcomes[-1].advice) is not None:
        lines += ["", f"The {outcomes[-1].step.title} failed. What to do: {advice}"]
        lines.append(f"Then: make guard, or this step alone: make guard ARGS='--only {outcomes[-1].step.name}'")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is asked for; the exit status says whether all of it passed."""
    parser = argparse.ArgumentParser(prog="python -m scripts.guard", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", metavar="STEP", help="one step alone, by its name")
    parser.add_argument("--rebase", action="store_true", help="measure the log tests and write their baseline")
    parser.add_argument("--root", type=Path, default=ROOT, help="another project with a scripts/guard.toml")
    asked = parser.parse_args(arguments)
    steps, timed = read(asked.root)
    wanted = timed.step if asked.rebase else asked.only
    chosen = [step for step in steps if wanted in (None, step.name)]
    if not chosen:
        parser.error(f"there is no step {wanted!r}; there are {', '.join(step.name for step in steps)}")
    outcomes = Guard(asked.root, timed, rebase=asked.rebase).run(chosen)
    print(told(outcomes, chosen), flush=True)
    return 1 if outcomes[-1].advice is not None else 0


if __name__ == "__main__":
    sys.exit(main())
