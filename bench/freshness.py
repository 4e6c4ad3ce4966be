"""Freshness: how long after its acknowledgement a span can be asked for in SQL, at a quiet 1,000 spans a second.

    python -m bench.freshness [--seconds 10]

Twenty requests of 50 spans a second, each in a trace of its own name, asked for by SQL until it is there.
"""

import argparse
import tempfile
import threading
import time
from pathlib import Path

from bench.server import Server
from bench.telemetry import Telemetry

REQUESTS = 20


def main() -> None:
    """Send at a pace, and see when the count in SQL has passed each request."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10)
    total = int(parser.parse_args().seconds * REQUESTS)
    telemetry = Telemetry()
    bodies = [telemetry.traces(50) for _ in range(total)]
    acknowledged: list[float] = []
    seen: list[float] = []
    with tempfile.TemporaryDirectory(prefix="andiron-bench-") as place, Server(Path(place) / "data") as server:

        def watch() -> None:
            while len(seen) < total:
                there = server.sql("SELECT count() AS n FROM otel_traces", dialect="clickhouse")[0]["n"] // 50
                seen.extend([time.perf_counter()] * (there - len(seen)))
                time.sleep(0.01)

        watcher = threading.Thread(target=watch)
        watcher.start()
        began = time.perf_counter()
        for n, body in enumerate(bodies):
            time.sleep(max(0.0, began + n / REQUESTS - time.perf_counter()))
            status, answer = server.post("/v1/traces", body, content_type="application/x-protobuf")
            if status != 200:
                raise RuntimeError(answer.decode())
            acknowledged.append(time.perf_counter())
        watcher.join()
    waits = sorted(max(0.0, late - early) * 1000 for early, late in zip(acknowledged, seen, strict=True))
    print(
        f"queryable after the acknowledgement: p50 {waits[total // 2]:.0f} ms, p95 {waits[int(total * 0.95)]:.0f} ms, "
        f"worst {waits[-1]:.0f} ms"
    )


if __name__ == "__main__":
    main()
