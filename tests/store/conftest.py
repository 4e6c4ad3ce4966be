"""ClickHouse servers for tests, each a process of tests/clickhouse_server.py."""

import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from andiron.server.store.remote import RemoteEngine

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class ClickHouseServer:
    """A server that can be killed and started again on the same data and port."""

    data: Path
    host: str = "127.0.0.1"
    port: int = 0
    user: str = "andiron"
    password: str = "p@ss/w:rd"
    cluster: str = ""
    peers: list[str] = field(default_factory=list)
    process: subprocess.Popen[bytes] | None = None

    @property
    def http(self) -> str:
        return f"http://{self.host}:{self.port}"

    @property
    def url(self) -> str:
        """What an operator would give to `--store`."""
        suffix = f"?cluster={self.cluster}" if self.cluster else ""
        return f"clickhouse://{self.user}:p%40ss%2Fw%3Ard@{self.host}:{self.port}/telemetry{suffix}"

    def start(self) -> None:
        command = [sys.executable, "-m", "tests.clickhouse_server", "--host", self.host, "--port", str(self.port)]
        command += ["--data", str(self.data), "--user", self.user, "--password", self.password]
        command += ["--cluster", self.cluster, "--peers", *self.peers] if self.cluster else []
        self.process = subprocess.Popen(command, cwd=ROOT)

    def wait(self) -> None:
        """Until it answers /ping."""
        assert self.process
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and self.process.poll() is None:
            with suppress(OSError), urllib.request.urlopen(f"{self.http}/ping", timeout=1):
                return
            time.sleep(0.02)
        raise AssertionError(f"the ClickHouse server for tests did not start: exit code {self.process.poll()}")

    def kill(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None


def free_port(*hosts: str) -> int:
    """A port that is free on each of `hosts`."""
    for _ in range(100):
        with suppress(OSError), closing(socket.socket()) as first:
            first.bind((hosts[0], 0))
            port: int = first.getsockname()[1]
            for host in hosts[1:]:
                with closing(socket.socket()) as other:
                    other.bind((host, port))
            return port
    raise AssertionError("no port is free")


@pytest.fixture(scope="session")
def clickhouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouseServer]:
    """One server for all tests of a worker; each test makes a database of its own. Whoever kills it starts it again."""
    server = ClickHouseServer(tmp_path_factory.mktemp("clickhouse"), port=free_port("127.0.0.1"))
    server.start()
    server.wait()
    yield server
    server.kill()


@pytest.fixture(scope="session")
def clickhouse_pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ClickHouseServer, ClickHouseServer]]:
    """Two servers that form the cluster `pair`, a shard each, on one port of two loopback addresses, as `system.clusters` wants."""
    hosts = ("127.0.0.1", "127.0.0.2")
    try:
        port = free_port(*hosts)
    except AssertionError:
        pytest.skip("127.0.0.2 is not a loopback address here (Linux has it; on macOS: ifconfig lo0 alias 127.0.0.2)")
    first, second = (ClickHouseServer(tmp_path_factory.mktemp("shard"), host, port, cluster="pair") for host in hosts)
    first.peers, second.peers = [second.http], [first.http]
    for server in (first, second):
        server.start()
    for server in (first, second):
        server.wait()
    yield first, second
    for server in (first, second):
        server.kill()


@pytest.fixture
def remote(clickhouse: ClickHouseServer) -> Iterator[RemoteEngine]:
    """An engine on the one server."""
    engine = RemoteEngine(clickhouse.url)
    yield engine
    engine.close()


@pytest.fixture
def sharded(clickhouse_pair: tuple[ClickHouseServer, ClickHouseServer]) -> Iterator[RemoteEngine]:
    """An engine on the cluster of two, which knows one host and discovers the other."""
    engine = RemoteEngine(clickhouse_pair[0].url)
    yield engine
    engine.close()
