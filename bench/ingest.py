"""Ingest: acknowledged and queryable records a second through the whole server, against the raw engine with the same bodies.

    python -m bench.ingest [--seconds 10] [--only traces,small,logs,metrics,quiet]

The raw engine is the same ClickHouse with the same tables, fed the same bytes in the same batch size by two threads, without
HTTP, journal or fsync of a journal.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from bench.load import Sent, requests, send
from bench.server import Server
from bench.telemetry import Telemetry

BATCH = 12_000_000


def raw(signal: str, files: Path, folder: Path) -> None:
    """Run in a process of its own: insert the bodies again and again for the given time; print records a second."""
    from andiron.server.ingest.loader import INGESTED_AT, by_name, insert
    from andiron.server.store.embedded import EmbeddedEngine
    from andiron.server.store.schema import Schema

    bodies = [path.read_bytes() for path in sorted(files.glob("*.pb"))]
    kind = by_name(signal)
    per_body = kind.count(kind.request.FromString(bodies[0]))
    engine = EmbeddedEngine(folder)
    Schema(engine).ensure("raw")
    size = max(1, BATCH // len(bodies[0]))
    batches = [b"".join(bodies[n : n + size]) for n in range(0, len(bodies), size)]
    counts = [len(bodies[n : n + size]) * per_body for n in range(0, len(bodies), size)]
    done = [0, 0]
    seconds = float(files.joinpath("seconds").read_text())
    began = time.perf_counter()

    def work(thread: int) -> None:
        n = thread
        while time.perf_counter() - began < seconds:
            stamp = INGESTED_AT + int(time.time() * 1000).to_bytes(8, "little")
            insert(engine, kind, "raw", batches[n % len(batches)] + stamp, f"raw-{n}")
            done[thread] += counts[n % len(batches)]
            n += 2

    threads = [threading.Thread(target=work, args=(thread,)) for thread in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(json.dumps(sum(done) / (time.perf_counter() - began)))
    engine.close()


def against_engine(signal: str, bodies: list[bytes], seconds: float, folder: Path) -> float:
    """Records a second of the raw engine."""
    files = folder / "bodies"
    files.mkdir()
    for n, body in enumerate(bodies):
        files.joinpath(f"{n:05d}.pb").write_bytes(body)
    files.joinpath("seconds").write_text(str(seconds))
    command = [sys.executable, "-m", "bench.ingest", "--raw", signal, str(files), str(folder / "raw")]
    answer = subprocess.run(command, capture_output=True, check=True, text=True)
    shutil.rmtree(files)
    shutil.rmtree(folder / "raw")
    return float(json.loads(answer.stdout))


def run(
    name: str,
    signal: str,
    bodies: list[bytes],
    records: int,
    seconds: float,
    *,
    per_second: float | None = None,
    engine: bool,
) -> None:
    """One kind of traffic: print its line."""
    whole = requests(f"/v1/{signal}", bodies)
    with tempfile.TemporaryDirectory(prefix="andiron-bench-") as place:
        folder = Path(place)
        with Server(folder / "data"):
            pass  # the first start makes the schema; memory at rest is that of any other
        with Server(folder / "data") as server:
            idle = server.resident()
            send(server.port, whole, total=min(20, len(whole)))
            before = server.metric("andiron_loaded_records_total")
            peak = Peak(server)
            rate = per_second or 40_000_000 / records / 200
            total = int(seconds * rate) if per_second else calibrated(server, whole, seconds)
            while server.metric("andiron_journal_backlog_bytes"):
                time.sleep(0.05)
            before = server.metric("andiron_loaded_records_total")
            began = time.perf_counter()
            sent: Sent = send(server.port, whole, total=total, per_second=per_second)
            expected = before + (sent.requests - sent.refused) * records
            while server.metric("andiron_loaded_records_total") < expected:
                time.sleep(0.02)
            queryable = (sent.requests - sent.refused) * records / (time.perf_counter() - began)
            top = peak.stop()
        reference = against_engine(signal, bodies, seconds, folder) if engine else 0.0
    acknowledged = (sent.requests - sent.refused) * records / sent.seconds
    line = (
        f"{name:28} {acknowledged:>9,.0f} acknowledged/s {queryable:>9,.0f} queryable/s {sent.requests / sent.seconds:>6,.0f} req/s "
        f"p50 {sent.quantile(0.5):5.1f} p99 {sent.quantile(0.99):6.1f} ms  refused {sent.refused}  idle {idle:.0f} peak {top:.0f} MB"
    )
    if reference:
        line += f"  raw engine {reference:,.0f}/s  ratio {queryable / reference:.2f}"
    print(line, flush=True)


def calibrated(server: Server, whole: list[bytes], seconds: float) -> int:
    """How many requests take about `seconds`."""
    trial: Sent = send(server.port, whole, total=max(40, len(whole) // 4))
    return max(50, int(trial.requests / trial.seconds * seconds))


class Peak:
    """The most memory that the server held."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._most = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._stop.wait(0.1):
            self._most = max(self._most, self._server.resident())

    def stop(self) -> float:
        """End the watch; megabytes."""
        self._stop.set()
        self._thread.join()
        return self._most


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--only", default="traces,small,logs,metrics,quiet")
    parser.add_argument("--no-engine", action="store_true")
    parser.add_argument("--raw", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.raw:
        raw(arguments.raw[0], Path(arguments.raw[1]), Path(arguments.raw[2]))
        return
    telemetry = Telemetry()
    engine = not arguments.no_engine
    kinds: dict[str, Callable[[], None]] = {
        "traces": lambda: run(
            "512-span requests",
            "traces",
            [telemetry.traces() for _ in range(240)],
            512,
            arguments.seconds,
            engine=engine,
        ),
        "small": lambda: run(
            "10-span requests",
            "traces",
            [telemetry.traces(10) for _ in range(2000)],
            10,
            arguments.seconds,
            engine=False,
        ),
        "logs": lambda: run(
            "512-record logs", "logs", [telemetry.logs() for _ in range(240)], 512, arguments.seconds, engine=engine
        ),
        "metrics": lambda: run(
            "500-point metrics",
            "metrics",
            [telemetry.metrics() for _ in range(240)],
            500,
            arguments.seconds,
            engine=engine,
        ),
        "quiet": lambda: run(
            "quiet, 1,000 spans/s",
            "traces",
            [telemetry.traces(50) for _ in range(200)],
            50,
            arguments.seconds,
            per_second=20,
            engine=False,
        ),
    }
    for kind in arguments.only.split(","):
        kinds[kind]()


if __name__ == "__main__":
    main()
