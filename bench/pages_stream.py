"""The live page while telemetry pours in: part of `bench.pages`. Its heap, its smoothness, and how long a record takes to the eye.

A process of its own sends ten times a second as many spans as logs, each request with one record whose name tells when it was sent.
The browser and the sender take their part of the machine too.
"""

import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from bench.browser import Chromium
from bench.load import answer, requests
from bench.pages_window import Figure, Smoothness, quantile, window
from bench.server import Server
from bench.telemetry import Telemetry

RATE = 2_000
TICKS = 10
SAMPLE = 10.0
SETTLING = 30.0
"""Seconds until the list is full and everything has run once."""
GROWTH = 0.2
LATENCY = 1000.0


def send_stream(port: int, rate: int) -> None:
    """Run in a process of its own until it is killed."""
    each = rate // TICKS // 2
    sources = {path: Telemetry(seed=n, step=10**9 * 2 // rate) for n, path in enumerate(("/v1/traces", "/v1/logs"))}
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", port)) as link:
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for tick in range(10**9):
            time.sleep(max(0.0, began + tick / TICKS - time.monotonic()))
            for path, source in sources.items():
                source.now = time.time_ns() - each * source.step
                body = source.traces(each - 1) if path == "/v1/traces" else source.logs(each - 1)
                # Requests that stand one behind the other are one.
                link.sendall(requests(path, [body + mark(path)])[0])
                if answer(link) != b"200":
                    raise RuntimeError("The server did not take what was sent.")


def mark(path: str) -> bytes:
    """A request with the one record that tells when it was sent."""
    now = time.time_ns()
    text = f"sent-{now / 1e6:.3f}"
    if path == "/v1/logs":
        logs = ExportLogsServiceRequest()
        record = logs.resource_logs.add().scope_logs.add().log_records.add(time_unix_nano=now, severity_number=9)
        record.body.string_value = text
        return logs.SerializeToString()
    spans = ExportTraceServiceRequest()
    spans.resource_spans.add().scope_spans.add().spans.add(
        trace_id=os.urandom(16),
        span_id=os.urandom(8),
        name=text,
        start_time_unix_nano=now - 1_000_000,
        end_time_unix_nano=now,
    )
    return spans.SerializeToString()


@contextmanager
def pouring(server: Server) -> Iterator[None]:
    """Records arrive meanwhile."""
    sender = subprocess.Popen([sys.executable, "-m", "bench.pages", "--send", str(server.port), str(RATE)])
    try:
        yield
        if sender.poll() is not None:
            raise RuntimeError("The sender has ended.")
    finally:
        sender.kill()
        sender.wait()


def processor(server: Server) -> float:
    """Seconds of processor time that the server has taken."""
    assert server.process is not None
    fields = Path(f"/proc/{server.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def stream(folder: Path, chromium: Chromium, minutes: float) -> list[Figure]:
    """Watch the open page for so long."""
    smooth = Smoothness()
    latencies: list[float] = []
    handed_over: list[float] = []
    skipped = 0
    heap: list[tuple[float, float]] = []
    with Server(folder) as server, pouring(server), window(chromium, live=".live-list .rows .line") as page:
        page.goto(f"http://127.0.0.1:{server.port}/", wait_until="commit")
        page.wait_for_selector(".live-list .rows .line")
        devtools = page.context.new_cdp_session(page)
        for domain in ("HeapProfiler", "Performance"):
            devtools.send(f"{domain}.enable")
        page.wait_for_timeout(1000 * min(SETTLING, minutes * 30))
        page.evaluate("() => { probe.watchFrames(); probe.taken() }")
        began, used, busy = time.monotonic(), processor(server), of_page(devtools)["TaskDuration"]
        loaded = server.metric("andiron_loaded_records_total")
        while (passed := time.monotonic() - began) < minutes * 60:
            page.wait_for_timeout(1000 * min(SAMPLE, minutes * 60 - passed))
            noted = page.evaluate("() => { probe.pause(); return probe.taken() }")
            devtools.send("HeapProfiler.collectGarbage")
            size = devtools.send("Runtime.getHeapUsage")["usedSize"] / 1e6
            page.evaluate("() => probe.goOn()")
            heap.append(((time.monotonic() - began) / 60, size))
            smooth.add(noted)
            latencies += noted["latencies"]
            handed_over += noted["handedOver"]
            skipped += noted["skipped"]
            told(heap, noted, of_page(devtools), server)
        lasted = time.monotonic() - began
        shares = (processor(server) - used) / lasted, (of_page(devtools)["TaskDuration"] - busy) / lasted
        loaded = (server.metric("andiron_loaded_records_total") - loaded) / lasted
    growth = statistics.linear_regression(*zip(*heap, strict=True)).slope if len(heap) > 1 else 0.0
    expected = lasted * TICKS * 2
    print(
        f"{loaded:,.0f} records/s loaded for {lasted / 60:.1f} minutes; {smooth}\n"
        f"heap after a collection {heap[0][1]:.1f} -> {heap[-1][1]:.1f} MB, {growth:+.3f} MB a minute\n"
        f"from sent to painted: p50 {quantile(latencies, 0.5):.0f} ms, p95 {quantile(latencies, 0.95):.0f} ms, "
        f"worst {quantile(latencies, 1):.0f} ms; {len(latencies):,} of {expected:,.0f} marks were painted, {skipped:,} records skipped\n"
        f"    of it until the browser has it: p50 {quantile(handed_over, 0.5):.0f} ms, p95 {quantile(handed_over, 0.95):.0f} ms\n"
        f"processor: the server {shares[0]:.0%} of a core, the page's main thread {shares[1]:.0%}"
    )
    return [
        Figure("stream: growth of the heap a minute", growth, GROWTH, "MB"),
        # Latencies are those of what was handed over: the two figures belong together.
        Figure("stream: records skipped", 100 * skipped / max(1.0, loaded * lasted), 0, "%"),
        Figure("stream: from sent to painted, p95", quantile(latencies, 0.95), LATENCY, "ms"),
        Figure("stream: tasks over 50 ms a minute", len(smooth.tasks) / (lasted / 60), 1, "tasks"),
    ]


def of_page(devtools: Any) -> dict[str, float]:
    """What the browser counts of the page."""
    return {each["name"]: each["value"] for each in devtools.send("Performance.getMetrics")["metrics"]}


def told(heap: list[tuple[float, float]], noted: dict[str, Any], counted: dict[str, float], server: Server) -> None:
    """A line a sample."""
    print(
        f"{heap[-1][0]:6.2f} min  heap {heap[-1][1]:6.2f} MB  {counted['Nodes']:,.0f} nodes  "
        f"{counted['JSEventListeners']:,.0f} listeners  {noted['dropped']} frames dropped of {noted['frames']}  "
        f"{len(noted['tasks'])} long tasks  server {server.resident():,.0f} MB",
        flush=True,
    )
