"""The reference application and Prometheus as processes of their own, told what the stacks tell them but for addresses and intervals."""

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml

from bench.server import free_port
from tests.deploy.stack import DEPLOY, FULL, ROOT, Stack, load
from tests.prometheus import prometheus as prometheus_program

OURS = ("ANDIRON_", "OBSERVABILITY_", "OTEL_", "LOGFIRE_", "CONTROL_CENTER_")
Found = TypeVar("Found")


@dataclass(frozen=True)
class Running:
    """A process that answers over HTTP."""

    url: str
    log: Path
    process: subprocess.Popen[bytes]

    def get(self, path: str, **query: str) -> Any:
        """Ask for JSON; raises `OSError` for anything but success."""
        asked = f"{self.url}{path}" + (f"?{urllib.parse.urlencode(query)}" if query else "")
        with urllib.request.urlopen(asked, timeout=10) as answer:
            body = answer.read()
        return json.loads(body) if body.startswith((b"{", b"[")) else body

    def send(self, method: str, path: str, head: Mapping[str, str] | None = None, **body: Any) -> int:
        """Send JSON; the status of the answer."""
        headers = {"Content-Type": "application/json", **(head or {})}
        request = urllib.request.Request(f"{self.url}{path}", json.dumps(body).encode(), headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code

    def until(self, found: Callable[[], Found], seconds: float = 60) -> Found:
        """Wait for something that is not nothing."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                if result := found():
                    return result
            except OSError:
                # Not there yet, or never: the next lines tell.
                pass
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"It never came. The process said:\n{self.log.read_text()[-3000:]}")
            time.sleep(0.05)


@contextmanager
def running(
    command: Sequence[str], port: int, log: Path, environment: Mapping[str, str], ready: str
) -> Iterator[Running]:
    """Run it until the block ends; the block begins when it answers."""
    with log.open("wb") as said:
        process = subprocess.Popen(command, env=environment, stdout=said, stderr=said, cwd=log.parent)
    try:
        found = Running(f"http://127.0.0.1:{port}", log, process)
        found.until(lambda: found.get(ready) is not None)
        yield found
    finally:
        process.terminate()
        process.wait(30)


@contextmanager
def control_center(folder: Path, stack: Stack = FULL, **more: str) -> Iterator[Running]:
    """The reference application, told what a stack tells it, on SQLite."""
    port = free_port()
    said = stack.services["control-center"].environment | {
        "CONTROL_CENTER_HTTP": f"127.0.0.1:{port}",
        "CONTROL_CENTER_DATABASE": f"sqlite+aiosqlite:///{folder / 'control-center.db'}",
        "CONTROL_CENTER_FAULTS": "1",
        "ANDIRON_SPOOL": str(folder / "spool"),
        "ANDIRON_STATE": str(folder / "state"),
        "OBSERVABILITY_METRIC_INTERVAL": "0.2",
        "PYTHONPATH": os.pathsep.join(map(str, (ROOT / "src", ROOT / "examples/control_center"))),
    }
    clean = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    command = [sys.executable, "-m", "control_center"]
    with running(command, port, folder / "control-center.log", clean | said | more, "/healthz") as found:
        yield found


@contextmanager
def scraping(folder: Path, target: Running) -> Iterator[Running]:
    """Prometheus with the configuration that is deployed, as it says to change it where there is no Collector."""
    config = load(DEPLOY / "prometheus/prometheus.yml")
    (job,) = (job for job in config["scrape_configs"] if job["job_name"] == "control-center")
    job["static_configs"] = [{"targets": [target.url.removeprefix("http://")]}]
    del job["metric_relabel_configs"]
    config |= {
        "global": {"scrape_interval": "200ms", "scrape_timeout": "200ms", "evaluation_interval": "200ms"},
        "rule_files": [str(DEPLOY / "prometheus" / name) for name in config["rule_files"]],
        "scrape_configs": [job],
    }
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    port = free_port()
    flags = [
        flag for flag in FULL.services["prometheus"].given["command"] if flag.startswith(("--enable", "--web.enable"))
    ]
    command = [
        str(prometheus_program()),
        *flags,
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'prometheus'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with running(command, port, folder / "prometheus.log", os.environ, "/-/ready") as found:
        yield found
