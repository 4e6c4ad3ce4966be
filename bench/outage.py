"""An outage: an application logs 1,000 records a second while its server is away, and memory must not grow.

    python -m bench.outage [--minutes 10] [--rate 1000]

The server refuses connections for so many minutes, then returns, and everything drains. Printed: the resident memory of the application
at its start, when warm, at the end of the outage and after the drain; and records made, arrived and duplicated.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

from andiron.testing.receiver import Answer, Received, Receiver

APPLICATION = """
import logging, sys, time
import andiron

telemetry = andiron.configure(service="outage", console="off", metrics=False, exit_timeout=60)
log = logging.getLogger("app")
log.setLevel(logging.INFO)
rate, seconds = int(sys.argv[1]), float(sys.argv[2])
print("started", flush=True)
began = time.monotonic()
made = 0
while (passed := time.monotonic() - began) < seconds:
    while made < passed * rate:
        log.info("outage-%d", made, extra={"user": "somebody", "path": "/items/42", "seconds": passed})
        made += 1
    time.sleep(0.01)
print(made, flush=True)
sys.stdin.readline()
telemetry.pipeline.sender.resume()
while telemetry.report()["spool"]["records"]:
    time.sleep(0.05)
report = telemetry.report()
print(report["dropped"], flush=True)
sys.stdin.readline()
"""
WARM = 15.0
"""Seconds after which an application has touched all that it will."""


def main() -> None:
    """Run the application, watch it, let the server return."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--rate", type=int, default=1000)
    options = parser.parse_args()
    seen = Counter[str]()
    keys = set[str]()
    twice = 0
    lock = threading.Lock()

    def take(request: Received) -> Answer:
        nonlocal twice
        with lock:
            if request.key in keys:
                twice += 1
            else:
                keys.add(request.key)
                seen.update(body for each in request.records if (body := str(each.body)).startswith("outage-"))
            server.clear()  # a long outage is more than a test's server should keep
        return Answer.OK

    with tempfile.TemporaryDirectory(prefix="andiron-bench-") as place, Receiver(take) as server:
        server.offline()
        process = subprocess.Popen(
            [sys.executable, "-c", APPLICATION, str(options.rate), str(options.minutes * 60)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ
            | {"ANDIRON_URL": server.url, "ANDIRON_SPOOL": f"{place}/spool", "ANDIRON_STATE": f"{place}/state"},
        )
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("the application has no pipes")
        process.stdout.readline()
        print(f"resident at the start             {resident(process.pid):7.1f} MB", flush=True)
        time.sleep(min(WARM, options.minutes * 30))
        print(f"resident when warm                {resident(process.pid):7.1f} MB", flush=True)
        made = int(process.stdout.readline())
        spool = sum(path.stat().st_size for path in Path(place, "spool").rglob("*") if path.is_file()) / 1e6
        print(
            f"resident after {options.minutes:4.1f} minutes away  {resident(process.pid):7.1f} MB, {spool:.1f} MB in the spool",
            flush=True,
        )
        server.online()
        began = time.perf_counter()
        process.stdin.write("\n")
        process.stdin.flush()
        dropped = process.stdout.readline().strip()
        took = time.perf_counter() - began
        print(
            f"resident after the drain          {resident(process.pid):7.1f} MB, {took:.1f} s, {made / took:,.0f} records/s"
        )
        process.stdin.write("\n")
        process.communicate(timeout=120)
    more = sum(count - 1 for count in seen.values())
    print(f"made {made}, arrived {len(seen)}, duplicated {more}, batches sent again {twice}, dropped {dropped}")


def resident(pid: int) -> float:
    """Resident memory in MB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


if __name__ == "__main__":
    main()
