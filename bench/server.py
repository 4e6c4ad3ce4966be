"""A real `andiron serve` in a process of its own, for benchmarks and crash tests."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Server:
    """Start with `with`, ask, kill."""

    def __init__(self, data: Path, *, grpc: bool = False, address: str = "127.0.0.1", **settings: object) -> None:
        self.data = data
        self.address = address
        self.port = free_port()
        self.grpc_port = free_port() if grpc else 0
        self.log = data.with_suffix(".log")
        self._environment = os.environ | {f"ANDIRON_{name.upper()}": str(value) for name, value in settings.items()}
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self, *, wait: bool = True) -> None:
        """Run it until it is ready."""
        grpc = f"127.0.0.1:{self.grpc_port}" if self.grpc_port else "off"
        command = [sys.executable, "-m", "andiron", "serve", "--http", f"{self.address}:{self.port}", "--grpc", grpc]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*command, "--data", str(self.data)],
                stdout=log,
                stderr=log,
                env=self._environment,
                cwd=self.data.parent,
            )
        if wait:
            self.wait_ready()

    def wait_ready(self, path: str = "/readyz", timeout: float = 60) -> None:
        """Wait until it takes and answers."""
        until = time.monotonic() + timeout
        while time.monotonic() < until:
            if self.process is not None and self.process.poll() is not None:
                raise RuntimeError(
                    f"andiron serve ended with {self.process.returncode}:\n{self.log.read_text()[-3000:]}"
                )
            try:
                self.get(path)
            except OSError:
                time.sleep(0.02)
            else:
                return
        raise TimeoutError(self.log.read_text()[-3000:])

    def stop(self) -> int:
        """End it as an operator would; returns its exit code."""
        if self.process is None:
            return 0
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(30)
        self.process = None
        return code

    def kill(self) -> None:
        """End it as a power cut would, as far as a process can tell."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def get(self, path: str) -> bytes:
        """Ask; raises `OSError` for anything but success."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=30) as answer:
            body: bytes = answer.read()
            return body

    def post(self, path: str, body: bytes, **headers: str) -> tuple[int, bytes]:
        """Send; status and body of the answer."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", body, named, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def sql(self, query: str, **more: object) -> list[dict[str, Any]]:
        """Rows of a query in ClickHouse's dialect."""
        body = json.dumps({"sql": query, "limit": 10_000, **more}).encode()
        status, answer = self.post("/v2/query", body, content_type="application/json", accept="application/json")
        if status != 200:
            raise RuntimeError(answer.decode())
        rows: list[dict[str, Any]] = json.loads(answer)["data"]
        return rows

    def metric(self, name: str) -> float:
        """The sum of a metric over its labels."""
        lines = self.get("/metrics").decode().splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.startswith((f"{name} ", f"{name}{{")))

    def until(self, happens: Callable[[], bool], seconds: float = 30) -> None:
        """Wait until something is so."""
        deadline = time.monotonic() + seconds
        while not happens():
            if time.monotonic() > deadline:
                raise TimeoutError(
                    f"It did not happen in {seconds} seconds. The server said:\n{self.log.read_text()[-3000:]}"
                )
            time.sleep(0.02)

    def until_loaded(self, records: int) -> None:
        """Wait until the store holds so many records of this run."""
        self.until(lambda: self.metric("andiron_loaded_records_total") >= records)

    def resident(self) -> float:
        """Resident memory in MB."""
        assert self.process is not None
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
