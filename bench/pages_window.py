"""A reader's window for `bench.pages`: a page that was never here, with the probe (`pages_probe.js`) in it; and a figure with its aim."""

import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.browser import Chromium

if TYPE_CHECKING:
    from playwright.sync_api import Page

PROBE = Path(__file__).with_name("pages_probe.js")
PATIENCE = 60_000


@dataclass(frozen=True)
class Figure:
    """What was measured, and how much it may be."""

    name: str
    value: float
    most: float
    unit: str

    @property
    def met(self) -> bool:
        """Whether it is no more than that."""
        return self.value <= self.most

    def __str__(self) -> str:
        return (
            f"{'met' if self.met else 'MISSED':7}{self.name:58} {self.value:10,.1f} {self.unit}, aim {self.most:,.10g}"
        )


@dataclass
class Smoothness:
    """Frames and long tasks of some time."""

    frames: int = 0
    dropped: int = 0
    worst: float = 0.0
    tasks: list[float] = field(default_factory=list)

    def add(self, noted: dict[str, Any]) -> None:
        """What the probe has noted."""
        self.frames += noted["frames"]
        self.dropped += noted["dropped"]
        self.worst = max(self.worst, noted["worst"])
        self.tasks += noted["tasks"]

    def __str__(self) -> str:
        share = self.dropped / max(1, self.frames + self.dropped)
        longest = f", the longest {max(self.tasks):.0f} ms" if self.tasks else ""
        return (
            f"{self.frames} frames, {self.dropped} dropped ({share:.1%}), the longest {self.worst:.0f} ms; "
            f"{len(self.tasks)} tasks over 50 ms{longest}"
        )


@contextmanager
def window(chromium: Chromium, **wanted: str) -> Iterator["Page"]:
    """A page of a context of its own, whose cache is empty; `wanted` names what is to be noted when it is first painted."""
    context = chromium.context()
    try:
        context.add_init_script(path=PROBE)
        for name, selector in wanted.items():
            context.add_init_script(f"probe.want({name!r}, {selector!r})")
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        yield page
    finally:
        context.close()


def until(page: "Page", name: str) -> float:
    """Milliseconds from the navigation until `name` was painted."""
    # Handed over as a promise: asking again and again would be work for the page.
    late = f"new Promise((_, fail) => setTimeout(() => fail(new Error('{name} was not painted')), {PATIENCE}))"
    painted: float = page.evaluate(f"() => Promise.race([probe.until('{name}'), {late}])")
    return painted


def median(values: list[float]) -> float:
    """Of some."""
    return statistics.median(values)


def quantile(values: list[float], q: float) -> float:
    """The nearest of some values."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(q * len(ordered)))] if ordered else 0.0
