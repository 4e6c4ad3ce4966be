"""How fast this machine is now: fixed work of the kind that the log tests are made of. Their time is counted in units of it."""

import json
import re
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean

RECORD = {
    "timestamp": "2026-01-01T00:00:00Z",
    "level": "info",
    "message": "order 17 taken",
    "attributes": {"sku": [1, 2.5, "x" * 40]},
}
SECRET = re.compile(r"(?i)\b(?:password|token|secret)\b\s*[:=]\s*\S+")


def work() -> int:
    """Loops, JSON, regular expressions, and the start of an interpreter."""
    total = 0
    for number in range(6_000):
        line = json.dumps({**RECORD, "number": number})
        total += len(SECRET.sub("[redacted]", line)) + len(json.loads(line))
    for number in range(750_000):
        total += number & 7
    subprocess.run([sys.executable, "-c", "import json, logging, email.message"], check=True)
    return total


@dataclass(frozen=True)
class Spent:
    """Seconds by the clock, and seconds of a processor, which what else the machine does hardly changes."""

    clock: float
    processor: float


def calibrate() -> Spent:
    """What the work takes now."""
    began, before = time.perf_counter(), time.thread_time() + of_children()
    work()
    return Spent(time.perf_counter() - began, time.thread_time() + of_children() - before)


def of_children() -> float:
    """Processor's seconds of the processes that this one has started and that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def typical(samples: Sequence[Spent]) -> Spent:
    """The mean: by the clock it must count what the machine was busy with, as the tests did."""
    return Spent(mean(each.clock for each in samples), mean(each.processor for each in samples))
