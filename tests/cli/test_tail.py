"""`andiron tail`: records of a server and of an application's viewer, as they come."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from andiron.delivery.encode import Encoder
from bench.server import Server

pytestmark = pytest.mark.slow


def tail(*arguments: str, stop_after: int | None = None) -> str:
    """What it prints; with `stop_after`, it is stopped after so many lines."""
    process = subprocess.Popen(
        [sys.executable, "-m", "andiron", "tail", *arguments],
        env={name: value for name, value in os.environ.items() if not name.startswith("ANDIRON_")} | {"COLUMNS": "200"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert process.stdout is not None
        if stop_after is None:
            return process.communicate(timeout=60)[0]
        return "".join(process.stdout.readline() for _ in range(stop_after))
    finally:
        process.kill()
        process.communicate()


def logs(service: str, *texts: str, level: SeverityNumber = SeverityNumber.INFO) -> bytes:
    resource, scope = Resource({"service.name": service}), InstrumentationScope("app")
    return Encoder(None).logs(
        [
            ReadableLogRecord(
                LogRecord(timestamp=1_790_000_000_000_000_000 + number * 1_000_000, body=text, severity_number=level),
                resource,
                scope,
            )
            for number, text in enumerate(texts)
        ]
    )


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("tail") / "data") as running:
        for body in (
            logs("shop", "one", "two", "two", "\x1b[31mthree"),
            logs("bank", "broken", level=SeverityNumber.ERROR),
        ):
            assert running.post("/v1/logs", body, content_type="application/x-protobuf")[0] == 200
        running.until_loaded(5)
        yield running


@pytest.mark.requirement("CL-19")
def test_the_last_records_of_a_server(server: Server) -> None:
    url = f"http://127.0.0.1:{server.port}"
    said = [line.split(maxsplit=3)[1:] for line in tail("--url", url, "--no-follow").splitlines()]
    assert [line for line in said if line[1] == "shop"] == [
        ["info", "shop", "one"],
        ["info", "shop", "two"],
        ["info", "shop", "two"],
        ["info", "shop", "\N{REPLACEMENT CHARACTER}[31mthree"],
    ]
    assert tail("--url", url, "--no-follow", "--level", "error").split()[1:] == ["error", "bank", "broken"]
    assert tail("--url", url, "--no-follow", "-n", "1").count("\n") == 1
    assert tail("--url", url, "--no-follow", "--service", "shop", "--find", "w").split()[-2:] == ["shop", "two"]
    assert tail("--url", url, "--no-follow", "--service", "o'hara") == ""


@pytest.mark.requirement("CL-19")
def test_new_records_follow(server: Server) -> None:
    url = f"http://127.0.0.1:{server.port}"
    assert server.post("/v1/logs", logs("late", "first"), content_type="application/x-protobuf")[0] == 200
    server.until_loaded(6)
    process = subprocess.Popen(
        [sys.executable, "-m", "andiron", "tail", "--url", url, "--service", "late"],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"COLUMNS": "200"},
    )
    try:
        assert process.stdout is not None
        assert "first" in process.stdout.readline()
        assert server.post("/v1/logs", logs("late", "second"), content_type="application/x-protobuf")[0] == 200
        assert "second" in process.stdout.readline()
    finally:
        process.kill()
        process.communicate()


def test_what_it_cannot_do_is_said() -> None:
    assert "There is no level 'loud'" in tail("--level", "loud")
    assert "No server answers" in tail("--url", "http://127.0.0.1:1", "--no-follow")
    assert "No viewer answers" in tail("--app", "127.0.0.1:1/telemetry", "--no-follow")
