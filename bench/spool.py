"""The spool: records a second that it takes, and that leave it into a real Andiron, each against the same bytes without a spool.

    python -m bench.spool [--records 200000]

Batches of 512 logs of about 400 bytes, plain and compressed as the pipeline does it (beforehand: it is the disk that is measured).
Each figure is the best of three, in turns.
"""

import argparse
import json
import os
import tempfile
import time
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from uuid import uuid4

import httpx
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from andiron.delivery.batch import Lane
from andiron.delivery.counters import Counters
from andiron.delivery.exporters import LogfireExporter
from andiron.delivery.sender import Sender
from andiron.delivery.spool import Spool, to_disk
from bench.server import Server

BATCH = 512
ROUNDS = 3
THREADS = 4
"""As many as the sender's."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=200_000)
    batches = parser.parse_args().records // BATCH
    plain = [body(n) for n in range(batches)]
    packed = [pack(each) for each in plain]
    print(f"{batches} batches, {len(plain[0]) / BATCH:.0f} bytes a record, compressed {len(packed[0]) / BATCH:.0f}")
    # On the disk of this folder: /tmp may be memory.
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as root:
        kinds = ((plain, ""), (packed, "gzip"))
        for every in (0.0, 1.0):
            for bodies, encoding in kinds:
                ours = partial(put, bodies=bodies, encoding=encoding, every=every)
                bare = partial(append, bodies=bodies, every=every)
                name = f"put, {encoding or 'plain'}, fsync each {'second' if every else 'batch'}"
                report(name, batches, Path(root), ours, bare)
        with Server(Path(root) / "data") as server:
            url = f"http://127.0.0.1:{server.port}"
            for bodies, encoding in kinds:
                ours = partial(drain, url=url, bodies=bodies, encoding=encoding)
                bare = partial(post, url=url, bodies=bodies, encoding=encoding)
                report(f"drain, {encoding or 'plain'}", batches, Path(root), ours, bare)


def report(name: str, batches: int, root: Path, ours: Callable[[Path], float], bare: Callable[[Path], float]) -> None:
    """One line of JSON."""
    best = {"ours": 0.0, "bare": 0.0}
    for _ in range(ROUNDS):
        for which, run in (("ours", ours), ("bare", bare)):
            best[which] = max(best[which], batches * BATCH / run(root / uuid4().hex))
    ratio = round(best["ours"] / best["bare"], 3)
    result = {"what": name, "records_per_s": round(best["ours"]), "without_spool": round(best["bare"]), "ratio": ratio}
    print(json.dumps(result))


def put(folder: Path, bodies: list[bytes], encoding: str, every: float) -> float:
    """Seconds to spool all of it."""
    spool = Spool(folder, most=2**40)
    began = synced = time.perf_counter()
    for each in bodies:
        spool.put("logs", Lane.NORMAL, BATCH, each, encoding)
        if time.perf_counter() - synced >= every:
            spool.sync()
            synced = time.perf_counter()
    spool.sync()
    took = time.perf_counter() - began
    spool.close()
    return took


def append(path: Path, bodies: list[bytes], every: float) -> float:
    """Seconds to append it to one file."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    began = synced = time.perf_counter()
    for each in bodies:
        os.write(file, each)
        if time.perf_counter() - synced >= every:
            to_disk(file)
            synced = time.perf_counter()
    to_disk(file)
    took = time.perf_counter() - began
    os.close(file)
    return took


def drain(folder: Path, url: str, bodies: list[bytes], encoding: str) -> float:
    """Seconds to adopt and deliver what another process left behind, with as many threads as the sender has."""
    put(folder, bodies, encoding, 1.0)
    spool = Spool(folder, most=2**40)
    exporter = LogfireExporter(url, timeout=60)
    sender = Sender([spool], exporter, Counters(), threads=THREADS)
    began = time.perf_counter()
    spool.adopt()
    sender.start()
    if not sender.wait_until_sent(300):
        raise RuntimeError(f"not sent: {sender.trouble or sender.refused}")
    took = time.perf_counter() - began
    sender.stop(5)
    exporter.shutdown()
    spool.close()
    return took


def post(_path: Path, url: str, bodies: list[bytes], encoding: str) -> float:
    """Seconds to send the same from memory with as many connections."""
    from concurrent.futures import ThreadPoolExecutor

    headers = {"Content-Type": "application/x-protobuf"} | ({"Content-Encoding": encoding} if encoding else {})

    def send(part: list[bytes]) -> None:
        with httpx.Client(timeout=60) as client:
            for each in part:
                client.post(f"{url}/v1/logs", content=each, headers=headers).raise_for_status()

    began = time.perf_counter()
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(send, [bodies[n::THREADS] for n in range(THREADS)]))
    return time.perf_counter() - began


def body(number: int) -> bytes:
    """A request of 512 logs as a web service writes them."""
    request = ExportLogsServiceRequest()
    resource = request.resource_logs.add()
    resource.resource.attributes.add(key="service.name").value.string_value = "shop"
    scope = resource.scope_logs.add()
    now = time.time_ns()
    for n in range(number * BATCH, (number + 1) * BATCH):
        record = scope.log_records.add(
            time_unix_nano=now + n, severity_number=9, trace_id=os.urandom(16), span_id=os.urandom(8)
        )
        record.body.string_value = f"order {n} of customer {n * 7919 % 100_003} was accepted after {n % 977} ms"
        for key, value in (
            ("http.request.method", "POST"),
            ("http.route", "/orders/{id}"),
            ("url.full", f"https://shop.example.com/orders/{n:08x}?page={n % 13}"),
            ("user.id", f"u-{n * 104_729 % 1_000_003:08x}"),
            ("code.filepath", "shop/orders/views.py"),
            ("user_agent.original", "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"),
            ("session.id", os.urandom(8).hex()),
        ):
            record.attributes.add(key=key).value.string_value = value
    return request.SerializeToString()


def pack(data: bytes) -> bytes:
    """As the pipeline compresses."""
    packer = zlib.compressobj(1, wbits=31)
    return packer.compress(data) + packer.flush()


if __name__ == "__main__":
    main()
