"""A small application in a process of its own, whose telemetry goes to a server that misbehaves."""

import json
import os
import re
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from andiron.delivery.encode import Encoder
from andiron.delivery.exporters import HttpExporter
from andiron.delivery.pipeline import Pipeline
from andiron.delivery.spool import Spool
from andiron.testing.receiver import Received, Receiver

ROOT = Path(__file__).parents[2]
PRELUDE = """\
import atexit, logging, os, signal, sys, threading, time
import andiron, logfire
from tests.faults.broken import *

log = logging.getLogger("app")
log.setLevel(logging.DEBUG)
log.addHandler(logging.NullHandler())  # else logging prints to stderr what nobody handles


def say(*words):
    sys.stdout.write(" ".join(map(str, words)) + "\\n")
    sys.stdout.flush()

"""
REPORT = """
import json
atexit.register(lambda: say(json.dumps(telemetry.report())))
"""
"""The last words of a program that has a `telemetry`."""
NUMBER = re.compile(r"^\w+-\d+$")


@dataclass(frozen=True)
class Ended:
    """How a process ended."""

    code: int
    said: list[str]
    complaints: str
    """What it wrote to stderr."""


@dataclass
class Application:
    """Runs programs, one after the other, as runs of one application: they share its spool and its state."""

    folder: Path
    url: str
    settings: dict[str, Any] = field(default_factory=dict)
    runs: int = 0
    processes: "list[subprocess.Popen[str]]" = field(default_factory=list)

    def start(self, program: str, **settings: Any) -> "subprocess.Popen[str]":
        """Run `program`, which finds its settings in the environment."""
        self.runs += 1
        file = self.folder / f"program{self.runs}.py"
        file.write_text(PRELUDE + program)
        values = {
            "service": "app",
            "url": self.url,
            "spool": self.folder / "spool",
            "state": self.folder / "state",
            "console": "off",
            "flush_interval": 0.1,
            "native_crashes": False,
            "session": False,
            "connectivity": False,
            "pending_after": 0,
            "metrics": False,
            **self.settings,
            **settings,
        }
        process = subprocess.Popen(
            [sys.executable, str(file)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.folder,
            env=os.environ
            | {"PYTHONPATH": f"{ROOT}:{ROOT / 'src'}", "HOME": str(self.folder)}
            | {f"ANDIRON_{name.upper()}": str(value) for name, value in values.items()},
            start_new_session=True,
        )
        self.processes.append(process)
        return process

    def end(self) -> None:
        """Kill what a failed test has left running, children included."""
        for process in self.processes:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            for pipe in (process.stdin, process.stdout, process.stderr):
                if pipe is not None:
                    pipe.close()

    def run(self, program: str, *, within: float = 60, **settings: Any) -> Ended:
        """Run it to its end, which comes within so many seconds."""
        return ended(self.start(program, **settings), within)


def ended(process: "subprocess.Popen[str]", within: float = 60) -> Ended:
    """Wait for the end of a process. One that does not end is killed, and the test with it."""
    try:
        said, complaints = process.communicate(timeout=within)
    except subprocess.TimeoutExpired:
        process.kill()
        said, complaints = process.communicate()
        raise AssertionError(f"it does not end; it said\n{said[-3000:]}\n{complaints[-3000:]}") from None
    return Ended(process.returncode, said.splitlines(), complaints)


def accounted(report: dict[str, Any]) -> int:
    """The records of a report, wherever they are."""
    places = report["spool"]["records"] + report["memory"]["records"] + report["queued"]
    gone = sum(sum(levels.values()) for levels in report["dropped"].values())
    return int(report["sent"] + report["rejected"] + report["set_aside"] + places + gone)


def unharmed(end: Ended) -> dict[str, Any]:
    """What the application reported when it had ended as if nothing were the matter."""
    assert end.code == 0, end.complaints
    assert "Traceback" not in end.complaints
    report: dict[str, Any] = json.loads(end.said[-1])
    assert report["taken"] == accounted(report)
    return report


def next_run(app: Application) -> None:
    """What a next run of the application finds in its spool and delivers, without the cost of a process."""
    pipeline = Pipeline(
        encoder=Encoder(None), spool=Spool(app.folder / "spool" / "app"), exporter=HttpExporter(app.url)
    )
    assert pipeline.flush(30)
    assert pipeline.spool.pending.records == 0
    pipeline.close()


def arrived(server: Receiver) -> Counter[str]:
    """How often each of the application's own records, named `<word>-<number>`, is in what the server took; a batch that came again counts
    once, as at a real server.
    """
    return of_requests(server.taken)


def of_requests(requests: list[Received]) -> Counter[str]:
    """How often each record is in these requests."""
    names = [
        str(record.body if request.signal == "logs" else record.attributes.get("logfire.msg", record.name))
        for request in requests
        if request.signal in ("logs", "traces")
        for record in request.records
    ]
    return Counter(name for name in names if NUMBER.match(name))


def numbers(name: str, count: int) -> Counter[str]:
    """`<name>-0` and so on, each once."""
    return Counter(f"{name}-{number}" for number in range(count))
