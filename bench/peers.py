"""Peers: spans a second of Arize Phoenix and of Andiron, acknowledged and queryable, with the same requests in the same run.

    python -m bench.peers [--seconds 20] [--spans 10_000] [--venv DIR]

Phoenix is the program nearest to ours in kind: Python, one command, OTLP in, its own file for a store (SQLite). It is installed
with `pip install arize-phoenix` into an environment of its own, in a temporary folder or in `--venv DIR` (used as it is when
Phoenix is there), and started with `phoenix serve` on loopback, its telemetry and its outside resources off, all else as it comes.

The two run one after the other on the same machine, so neither takes time from the other. Both get the same 512-span requests over
HTTP on eight connections from the same sender, after one request to warm up. The clock of "queryable" stops when the last span that
was acknowledged can be counted. Phoenix is given as many spans as it holds in memory without refusing any (its queue takes 20,000)
and only so many that the run ends; Andiron is given as many as keep it busy for `--seconds`. A small table favours Phoenix.

Phoenix is watched by counting in its SQLite file, read-only, which costs it nothing; at the end its own API has to name the same
number. Andiron is watched by its counter of loaded spans; at the end its own API has to name the same number.

Then both are started anew, sent the same requests, and killed (SIGKILL) as soon as the last one is acknowledged: what is there
after a restart shows what an acknowledgement is worth.
"""

import argparse
import contextlib
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self

from bench.ingest import calibrated
from bench.load import requests, send
from bench.server import Server, free_port
from bench.telemetry import Telemetry

SPANS = 512
PATIENCE = 120.0
"""Seconds without a further span, after which the rest counts as lost."""


class Peer(Protocol):
    """A server under test."""

    @property
    def port(self) -> int:
        """Where it takes OTLP over HTTP."""
        ...

    def stored(self) -> int:
        """How many spans can be asked for, at little cost to the server."""
        ...

    def told(self) -> int:
        """How many spans its own API counts."""
        ...


@dataclass
class Result:
    """What came of one peer."""

    name: str
    spans: int
    acknowledged: float
    queryable: float
    behind: int
    p99: float
    refused: int

    def __str__(self) -> str:
        return (
            f"{self.name:18} {self.spans:>9,} spans: {self.acknowledged:>9,.0f} acknowledged/s  {self.queryable:>9,.0f} queryable/s  "
            f"not yet queryable at the last acknowledgement {self.behind:,} ({self.behind / self.spans:.0%})  "
            f"p99 {self.p99:.0f} ms  refused {self.refused}"
        )


class Phoenix:
    """`phoenix serve` with its data in `folder`."""

    def __init__(self, venv: Path, folder: Path) -> None:
        self.port = free_port()
        self._venv = venv
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True)
        environment = os.environ | {
            "PHOENIX_HOST": "127.0.0.1",
            "PHOENIX_PORT": str(self.port),
            "PHOENIX_GRPC_PORT": str(free_port()),
            "PHOENIX_WORKING_DIR": str(self._folder),
            "PHOENIX_SQL_DATABASE_URL": f"sqlite:///{self._file}",
            "PHOENIX_TELEMETRY_ENABLED": "false",
            "PHOENIX_ALLOW_EXTERNAL_RESOURCES": "false",
            "PHOENIX_DISABLE_AGENT_ASSISTANT": "true",
        }
        environment.pop("PYTHONPATH", None)
        with self._log.open("ab") as log:
            command = [str(self._venv / "bin" / "phoenix"), "serve"]
            self._process = subprocess.Popen(command, stdout=log, stderr=log, env=environment, cwd=self._folder)
        until = time.monotonic() + 180
        while time.monotonic() < until:
            if self._process.poll() is not None:
                break
            with (
                contextlib.suppress(OSError),
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=5),
            ):
                return self
            time.sleep(0.1)
        self.kill()
        raise RuntimeError(f"Phoenix has not started:\n{self._log.read_text()[-3000:]}")

    def __exit__(self, *_: object) -> None:
        self.kill()

    @property
    def _file(self) -> Path:
        return self._folder / "phoenix.db"

    @property
    def _log(self) -> Path:
        return self._folder.with_suffix(".log")

    def kill(self) -> None:
        """End it at once."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def stored(self) -> int:
        """The rows of its table of spans."""
        with contextlib.closing(sqlite3.connect(f"file:{self._file}?mode=ro", uri=True, timeout=10)) as connection:
            count: int = connection.execute("SELECT count(*) FROM spans").fetchone()[0]
        return count

    def told(self) -> int:
        """What it shows on its page of projects."""
        body = json.dumps({"query": "{projects{edges{node{recordCount}}}}"}).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/graphql", body, {"content-type": "application/json"}, method="POST"
        )
        with urllib.request.urlopen(request, timeout=120) as answer:
            edges = json.load(answer)["data"]["projects"]["edges"]
        return sum(edge["node"]["recordCount"] for edge in edges)


class Andiron(Server):
    """`andiron serve`."""

    def stored(self) -> int:
        """The spans that were inserted since its start."""
        return int(self.metric("andiron_loaded_records_total"))

    def told(self) -> int:
        """What a query counts."""
        return int(self.sql("SELECT count(*) AS spans FROM records WHERE kind IN ('span', 'log')")[0]["spans"])


def install(venv: Path) -> str:
    """Make the environment unless it is there; Phoenix's version."""
    python = venv / "bin" / "python"
    if not (venv / "bin" / "phoenix").exists():
        subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", "arize-phoenix"], check=True)
    script = "from importlib.metadata import version; print(version('arize-phoenix'))"
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        [str(python), "-c", script], check=True, capture_output=True, text=True, env=environment
    ).stdout.strip()


def arrived(peer: Peer, expected: int) -> int:
    """Wait until `expected` spans are stored, or none has come for long; how many are."""
    stored, moved = peer.stored(), time.monotonic()
    while stored < expected and time.monotonic() - moved < PATIENCE:
        time.sleep(0.02)
        now = peer.stored()
        stored, moved = now, time.monotonic() if now > stored else moved
    return stored


def measured(name: str, peer: Peer, whole: list[bytes], total: int) -> Result:
    """Send `total` requests and wait for the last span."""
    before = peer.stored()
    began = time.perf_counter()
    sent = send(peer.port, whole, total=total)
    spans = (sent.requests - sent.refused) * SPANS
    behind = spans - (peer.stored() - before)
    stored = arrived(peer, before + spans) - before
    seconds = time.perf_counter() - began
    if stored < spans:
        print(f"{name}: {spans - stored:,} acknowledged spans never came", flush=True)
    if (counted := peer.told()) < before + stored:
        raise RuntimeError(f"{name} counts {counted:,} spans where {before + stored:,} should be.")
    return Result(name, spans, spans / sent.seconds, stored / seconds, behind, sent.quantile(0.99), sent.refused)


def warmed(peer: Peer, request: bytes) -> None:
    """The first request compiles and caches; it is not counted."""
    send(peer.port, [request], total=1, connections=1)
    arrived(peer, SPANS)


@contextlib.contextmanager
def phoenix(venv: Path, folder: Path, request: bytes) -> Iterator[Phoenix]:
    """A warm Phoenix."""
    with Phoenix(venv, folder) as peer:
        warmed(peer, request)
        yield peer


def killed(name: str, acknowledged: int, kept: int) -> None:
    """A line on what an acknowledgement was worth."""
    print(
        f"{name:18} killed at the last acknowledgement: {kept:,} of {acknowledged:,} acknowledged spans are there after a restart ({kept / acknowledged:.0%})",
        flush=True,
    )


def run(venv: Path, folder: Path, spans: int, seconds: float) -> None:
    """Both peers, both measurements."""
    print(f"Arize Phoenix {install(venv)} against Andiron: {SPANS}-span requests, 8 connections", flush=True)
    telemetry = Telemetry()
    first = requests("/v1/traces", [telemetry.traces(SPANS)])[0]
    count = max(1, round(spans / SPANS))
    whole = requests("/v1/traces", [telemetry.traces(SPANS) for _ in range(max(240, count))])
    few = whole[:count]

    with phoenix(venv, folder / "phoenix", first) as peer:
        theirs = measured("Arize Phoenix", peer, few, count)
    print(theirs, flush=True)
    with Andiron(folder / "andiron") as server:
        warmed(server, first)
        same = measured("Andiron, as many", server, few, count)
        print(same, flush=True)
        total = calibrated(server, whole, seconds)
        server.until(lambda: not server.metric("andiron_journal_backlog_bytes"))
        ours = measured("Andiron", server, whole, total)
    print(ours, flush=True)
    print(
        f"queryable/queryable: {ours.queryable / theirs.queryable:,.0f} times (the same few spans: {same.queryable / theirs.queryable:,.0f} times)",
        flush=True,
    )

    with phoenix(venv, folder / "phoenix-killed", first) as peer:
        before, sent = peer.stored(), send(peer.port, few, total=count)
        peer.kill()
    with Phoenix(venv, folder / "phoenix-killed") as peer:
        killed("Arize Phoenix", (sent.requests - sent.refused) * SPANS, peer.told() - before)
    with Andiron(folder / "andiron-killed") as server:
        warmed(server, first)
        before, sent = server.told(), send(server.port, few, total=count)
        server.kill()
        server.start()
        server.until(lambda: not server.metric("andiron_journal_backlog_bytes"))
        killed("Andiron", (sent.requests - sent.refused) * SPANS, server.told() - before)


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20, help="how long Andiron is kept busy")
    parser.add_argument("--spans", type=int, default=10_000, help="how many Phoenix is given")
    parser.add_argument("--venv", type=Path, metavar="DIR", help="an environment that has Phoenix, or is to have it")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="andiron-bench-") as place:
        venv = arguments.venv.resolve() if arguments.venv else Path(place) / "venv"
        run(venv, Path(place), arguments.spans, arguments.seconds)


if __name__ == "__main__":
    main()
