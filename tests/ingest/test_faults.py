"""What breaks is contained, said plainly, and mended without hands; what was acknowledged stays."""

import errno
import http.client
import os
import random
import resource
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest

from andiron.errors import StoreError, StoreUnavailable
from andiron.server.ingest.quarantine import Quarantine
from andiron.server.ingest.segment import Entry, seed
from andiron.server.ingest.signals import LOGS, METRICS, SIGNALS, TRACES, Signal
from andiron.server.store.embedded import EmbeddedEngine
from bench.server import Server, free_port
from tests.ingest.numbered import Traffic, drain, exactly, held, numbered
from tests.ingest.tables import Tables

pytestmark = pytest.mark.requirement("AN-02")

BOOT = "0123456789ab"
PROTOBUF = {"content_type": "application/x-protobuf"}
# A span whose name is a number: to Protobuf an unknown field, to ClickHouse a contradiction of the schema.
POISON = bytes([1 << 3 | 2, 6, 2 << 3 | 2, 4, 2 << 3 | 2, 2, 5 << 3 | 0, 7])


def entry(signal: Signal, *ids: str, database: str = "andiron") -> Entry:
    return Entry(signal.number, database, numbered(signal.name, ids), len(ids), 1_800_000_000_000)


def poison(database: str = "andiron") -> Entry:
    return Entry(TRACES.number, database, POISON, 1, 1_800_000_000_000)


def encoded(each: Entry) -> bytes:
    return b"".join(map(bytes, each.encoded(seed(BOOT))))


def journalled(data: Path, *segments: bytes) -> None:
    """Lay segments into the data folder, as an earlier run would have left them."""
    folder = data / "journal"
    folder.mkdir(parents=True)
    for number, content in enumerate(segments, 1):
        (folder / f"{number:012d}-{BOOT}.segment").write_bytes(content)


# Damage on disk


def test_damaged_segments_at_start_cost_what_is_damaged(tmp_path: Path) -> None:
    data = tmp_path / "data"
    whole = [encoded(entry(signal, f"{signal.name}-{n}")) for n in range(3) for signal in SIGNALS]
    flipped = bytearray(b"".join(whole))
    at = len(whole[0]) + len(whole[1]) // 2
    flipped[at] ^= 16
    torn = encoded(entry(TRACES, "before")) + encoded(entry(LOGS, "torn"))[:-3]
    journalled(data, bytes(flipped), torn, b"", b"no segment at all", encoded(entry(METRICS, "last")))
    with Server(data) as server:
        drain(server)
        assert server.metric("andiron_quarantined_records_total") == 2
    found = held(data)
    assert found["traces"] == Counter({"traces-0": 1, "traces-1": 1, "traces-2": 1, "before": 1})
    assert found["logs"] == Counter({"logs-1": 1, "logs-2": 1})
    assert found["metrics"] == Counter({"metrics-0": 1, "metrics-1": 1, "metrics-2": 1, "last": 1})
    assert list((data / "journal").iterdir()) == []
    quarantine = Quarantine(data / "quarantine")
    bodies = {quarantine.body(each): each.reason for each in quarantine.all()}
    broken = bytes(flipped[len(whole[0]) : len(whole[0]) + len(whole[1])])
    assert bodies.keys() == {broken, b"no segment at all"}
    assert bodies[broken] == (
        f"damaged on disk: byte {len(whole[0])} of journal segment {1:012d}-{BOOT} does not match its checksum"
    )


# Requests that the store refuses


def test_a_poison_body_is_found_among_many_and_the_rest_is_loaded_once(database: str, tables: Tables) -> None:
    good = [entry(TRACES, f"span-{n}", database=database) for n in range(9)]
    others = [entry(LOGS, "log", database=database), entry(METRICS, "metric", database=database)]
    tables.load([*good[:4], poison(database), *good[4:7], poison(database), *good[7:], *others], f"1-{BOOT}")
    assert names(tables) == Counter({f"span-{n}": 1 for n in range(9)})
    assert (tables.count("otel_logs"), tables.count("metric_numbers")) == (1, 1)
    refused = tables.quarantine.all()
    assert [(each.signal, each.database, each.records, each.received) for each in refused] == [
        ("traces", database, 1, 1_800_000_000_000)
    ] * 2
    assert {tables.quarantine.body(each) for each in refused} == {POISON}
    assert "Protobuf messages are corrupted" in refused[0].reason
    assert tables.instruments.quarantined.labels("traces")._value.get() == 2


def test_a_crash_at_any_point_of_the_search_for_the_poison_changes_nothing(
    database: str, engine: EmbeddedEngine, tmp_path: Path
) -> None:
    entries = [entry(TRACES, f"span-{n}", database=database) for n in range(3)]
    entries.insert(1, poison(database))
    attempts = 0
    while True:
        failing = Failing(engine, after=attempts)
        tables = Tables(failing, database, tmp_path)
        try:
            tables.load(entries, f"1-{BOOT}")
        except StoreUnavailable:
            attempts += 1
        else:
            break
    assert attempts > 5
    assert names(tables) == Counter({f"span-{n}": 1 for n in range(3)})
    assert [tables.quarantine.body(each) for each in tables.quarantine.all()] == [POISON]


def test_a_store_that_refuses_everything_is_not_the_fault_of_a_request(
    database: str, engine: EmbeddedEngine, tmp_path: Path
) -> None:
    entries = [entry(LOGS, "one", database=database), entry(LOGS, "two", database=database)]
    tables = Tables(Failing(engine, after=0, error=StoreError("no such format", 73)), database, tmp_path)
    with pytest.raises(StoreUnavailable, match="even an empty insert: no such format"):
        tables.load(entries, f"1-{BOOT}")
    tables = Tables(engine, database, tmp_path)
    tables.load(entries, f"1-{BOOT}")
    assert Counter(row["Body"] for row in tables.rows("otel_logs")) == Counter(["one", "two"])
    assert tables.quarantine.all() == []


@pytest.mark.slow
def test_an_acknowledged_poison_body_ends_in_quarantine_and_the_next_request_works(tmp_path: Path) -> None:
    with Server(tmp_path / "data") as server:
        assert server.post("/v1/traces", POISON, **PROTOBUF)[0] == 200
        server.until(lambda: server.metric("andiron_quarantined_records_total") == 1)
        assert server.post("/v1/traces", numbered("traces", ["good"]), **PROTOBUF)[0] == 200
        drain(server)
    assert held(server.data)["traces"] == Counter(["good"])
    (refused,) = Quarantine(server.data / "quarantine").all()
    assert (refused.signal, refused.database, refused.records) == ("traces", "andiron", 1)


class Failing(EmbeddedEngine):
    """The store, taking so many inserts and no more."""

    def __init__(self, engine: EmbeddedEngine, after: int, error: StoreError | None = None) -> None:
        self.__dict__.update(engine.__dict__)
        self._left = after
        self._error = error or StoreUnavailable("away", 999)

    def insert(
        self, table: str, body: bytes, *, format: str, token: str, settings: Mapping[str, str | int] | None = None
    ) -> None:
        if not self._left:
            raise self._error
        self._left -= 1
        super().insert(table, body, format=format, token=token, settings=settings)


@pytest.fixture
def tables(engine: EmbeddedEngine, database: str, tmp_path: Path) -> Tables:
    return Tables(engine, database, tmp_path)


def names(tables: Tables) -> Counter[str]:
    return Counter(row["SpanName"] for row in tables.rows("otel_traces"))


# A server that cannot start


def refusal(*arguments: str, **settings: object) -> str:
    """What `andiron serve` says when it does not start."""
    done = subprocess.run(
        [sys.executable, "-m", "andiron", "serve", *arguments],
        env=os.environ | {f"ANDIRON_{name.upper()}": str(value) for name, value in settings.items()},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert done.stdout == ""
    (line,) = done.stderr.strip().splitlines()
    return line


def serving(tmp_path: Path) -> tuple[str, ...]:
    return "--http", f"127.0.0.1:{free_port()}", "--grpc", "off", "--data", str(tmp_path)


@pytest.mark.slow
def test_a_second_server_on_the_same_data_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with Server(tmp_path / "data") as server:
        assert server.process is not None
        assert refusal(*serving(server.data)) == (
            f"andiron: Another Andiron (process {server.process.pid}) is using {server.data}: "
            "stop it, or give this one another folder with --data."
        )
        assert server.post("/v1/logs", numbered("logs", ["still"]), **PROTOBUF)[0] == 200
    assert held(server.data)["logs"] == Counter(["still"])


def test_a_data_folder_that_cannot_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert refusal(*serving(tmp_path / "file" / "data")) == (
        f"andiron: The data folder {tmp_path}/file/data cannot be used: {os.strerror(errno.ENOTDIR)}. "
        "Name one that you may write to with --data."
    )


@pytest.mark.parametrize(("part", "said"), [("journal", "The journal in"), ("store", "The store in")])
def test_a_part_of_the_data_folder_that_cannot_be_is_named(tmp_path: Path, part: str, said: str) -> None:
    (tmp_path / part).write_text("no folder")
    line = refusal(*serving(tmp_path))
    assert line.startswith(f"andiron: {said} {tmp_path / part} cannot be opened: ")


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        for arguments in (
            ("--http", address, "--grpc", "off"),
            ("--http", f"127.0.0.1:{free_port()}", "--grpc", address),
        ):
            assert refusal(*arguments, "--data", str(tmp_path)) == (
                f"andiron: Cannot listen on {address}: another program listens there. Choose another with --http or --grpc."
            )


# A server that is told to stop, or that has no room


@pytest.mark.slow
def test_a_stop_under_load_is_quick_clean_and_loses_nothing(tmp_path: Path) -> None:
    server = Server(tmp_path / "data")
    traffic = Traffic()
    server.start()
    threads = traffic.begin(server.port, "s", random.Random(3))
    traffic.wait(200)
    began = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - began < 10
    for thread in threads:
        thread.join()
    assert set(traffic.refused) <= {503}
    # What the stop left in the journal, the next start loads.
    with server:
        drain(server)
    found = held(server.data)
    for signal in SIGNALS:
        exactly(found, signal.name, traffic.acknowledged[signal.name], traffic.sent[signal.name])


@pytest.mark.slow
def test_too_little_free_disk_is_answered_with_503_until_there_is_room(tmp_path: Path) -> None:
    server = Server(tmp_path / "data", min_free_disk="1000TB")
    server.start(wait=False)
    server.wait_ready("/healthz")
    status, headers, body = posted(server, "/v1/logs", numbered("logs", ["early"]))
    assert (status, headers["retry-after"]) == (503, "30")
    assert b"The disk of" in body
    with pytest.raises(OSError, match="503"):
        server.get("/readyz")
    assert server.stop() == 0
    roomy = Server(tmp_path / "data")
    with roomy:
        assert roomy.post("/v1/logs", numbered("logs", ["late"]), **PROTOBUF)[0] == 200
    assert held(server.data)["logs"] == Counter(["late"])


@pytest.mark.slow
def test_a_disk_that_fills_up_while_writing_is_answered_with_503_and_nothing_is_corrupted(tmp_path: Path) -> None:
    data = tmp_path / "data"
    acknowledged: list[str] = []
    with Server(data) as server:
        assert server.process is not None
        limits = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)
        # Its own words go to a file, too: let it say them first.
        server.until(lambda: f":{server.port}" in server.log.read_text())

        def send(*ids: str) -> int:
            status, headers, answer = posted(server, "/v1/logs", numbered("logs", ids))
            if status == 200:
                acknowledged.extend(ids)
            else:
                assert (status, headers.get("retry-after")) == (503, "30"), answer
            return status

        # First a disk that was full from the beginning, then one that fills up later.
        for time_of in ("first", "later"):
            for limit in (1000, 0, 300):
                # No file may grow beyond this: a full disk, as far as a write can tell.
                resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (limit, limits[1]))
                assert send(*(f"{time_of}-{limit}-{n:090d}" for n in range(20))) == 503
                send(f"{time_of}-{limit}-short")
                resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, limits)
                assert send(f"{time_of}-{limit}-after") == 200
            drain(server)
    assert len(acknowledged) >= 6
    exactly(held(data), "logs", acknowledged, acknowledged)
    assert not (data / "quarantine").exists()


@pytest.mark.slow
def test_a_full_journal_is_answered_with_503_and_takes_again_when_the_store_has_caught_up(tmp_path: Path) -> None:
    big = [f"{n:05d}" for n in range(2000)]
    with Server(tmp_path / "data", max_backlog="100KB") as server:
        acknowledged: list[str] = []
        for n in range(1000):
            ids = [f"{n}.{each}" for each in big]
            status, headers, body = posted(server, "/v1/logs", numbered("logs", ids))
            if status == 503:
                break
            assert status == 200
            acknowledged += ids
        assert (status, headers["retry-after"]) == (503, "5")
        assert b"ANDIRON_MAX_BACKLOG" in body
        drain(server)
        assert server.post("/v1/logs", numbered("logs", ["after"]), **PROTOBUF)[0] == 200
        drain(server)
    exactly(held(server.data), "logs", [*acknowledged, "after"], [*acknowledged, "after"])


def posted(server: Server, path: str, body: bytes) -> tuple[int, Mapping[str, str], bytes]:
    """Send; status, headers and body of the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    try:
        connection.request("POST", path, body, {"content-type": "application/x-protobuf"})
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()


# Clocks


@pytest.mark.requirement("GW-03")
def test_a_clock_that_jumps_loses_and_doubles_nothing(tables: Tables) -> None:
    now = 1_800_000_000_000
    moments = [now, now + 300_000_000_000, 2000, now, now, now - 1]
    for n, moment in enumerate(moments):
        for signal in SIGNALS:
            tables.send(signal, [numbered(signal.name, [f"{n}"])], received=moment)
    for table in ("otel_traces", "otel_logs", "otel_traces_trace_id_ts", "metric_numbers"):
        assert Counter(tables.moments(table)) == Counter(moments)
    assert names(tables) == Counter(f"{n}" for n in range(len(moments)))
