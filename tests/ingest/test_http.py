"""OTLP over HTTP as a sender meets it, at a real server: what it takes, how it refuses, and that nothing knocks it over."""

import gzip
import http.client
import itertools
import json
import random
import socket
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pytest
import zstandard
from google.protobuf import json_format
from google.rpc import code_pb2, status_pb2
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue

from andiron.server.ingest.signals import LOGS, METRICS, SIGNALS, TRACES, Signal
from bench.server import Server
from bench.telemetry import Telemetry
from tests.ingest.numbered import numbered
from tests.ingest.test_otlp_json import as_otlp_json

pytestmark = pytest.mark.requirement("AN-01")

PROTOBUF = "application/x-protobuf"
JSON = "application/json"
SHOP = "https://shop.example.org"
NUMBERS = itertools.count()

MAX_BODY = 4_000_000
MAX_DECOMPRESSED = 8_000_000
SLACK = 150_000_000
"""What a server may need for itself, in bytes, while it refuses something that would need much more."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """With room for what is usual."""
    data = tmp_path_factory.mktemp("http") / "data"
    with Server(
        data, max_body=MAX_BODY, max_decompressed=MAX_DECOMPRESSED, max_expansion=1000, cors_origins=SHOP
    ) as running:
        yield running


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """With hardly any room: 413 above 300 kB, 429 above 200 kB, 503 above 100 kB."""
    data = tmp_path_factory.mktemp("narrow") / "data"
    with Server(data, max_body=300_000, max_in_flight=200_000, max_backlog=100_000) as running:
        yield running


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def refusal(self) -> status_pb2.Status:
        """The body of an error, in the content type that it says it has."""
        if self.headers["content-type"] == JSON:
            return json_format.Parse(self.body, status_pb2.Status())
        assert self.headers["content-type"] == PROTOBUF
        return status_pb2.Status.FromString(self.body)


class Client:
    """One connection that is kept."""

    def __init__(self, server: Server) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)

    def ask(
        self,
        method: str = "POST",
        path: str = "/v1/traces",
        body: bytes | Iterator[bytes] = b"",
        *,
        kind: str = PROTOBUF,
        **headers: str,
    ) -> Answer:
        named = {"content-type": kind} if kind else {}
        named |= {name.replace("_", "-"): value for name, value in headers.items()}
        # An iterator goes in chunks.
        self.connection.request(method, path, body, named, encode_chunked=not isinstance(body, bytes))
        answer = self.connection.getresponse()
        return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())

    def close(self) -> None:
        self.connection.close()


@pytest.fixture
def client(server: Server) -> Iterator[Client]:
    opened = Client(server)
    yield opened
    opened.close()


@pytest.fixture
def narrow_client(narrow: Server) -> Iterator[Client]:
    opened = Client(narrow)
    yield opened
    opened.close()


def name() -> str:
    """A name that no other record has."""
    return f"record-{next(NUMBERS)}"


def padded(size: int) -> bytes:
    """A valid request of this size that holds nothing but a long name of a scope."""
    request = ExportTraceServiceRequest()
    group = request.resource_spans.add().scope_spans.add()
    group.scope.name = "x" * (size - 20)
    return request.SerializeToString()


def in_json(signal: Signal, body: bytes) -> bytes:
    """The same request in JSON."""
    return as_otlp_json(signal.request.FromString(body))


def names(server: Server, signal: Signal) -> list[str]:
    """What the records of a signal are called."""
    column, table = {
        "traces": ("span_name", "records"),
        "logs": ("message", "records"),
        "metrics": ("metric_name", "metrics"),
    }[signal.name]
    return [row["n"] for row in server.sql(f"SELECT {column} AS n FROM {table}")]


def arrived(server: Server, signal: Signal, *sent: str) -> Callable[[], bool]:
    return lambda: set(sent) <= set(names(server, signal))


def peak(server: Server) -> int:
    """Most resident memory since the last call, in bytes."""
    assert server.process is not None
    folder = Path(f"/proc/{server.process.pid}")
    lines = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines())
    (folder / "clear_refs").write_text("5")
    return int(lines["VmHWM"].split()[0]) * 1024


def good(client: Client) -> None:
    """The next good request works."""
    answer = client.ask(body=numbered("traces", [name()]))
    assert (answer.status, answer.body) == (200, b"")


def deflated(body: bytes, window: int = 15) -> bytes:
    compressor = zlib.compressobj(wbits=window)
    return compressor.compress(body) + compressor.flush()


ENCODINGS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "none": ("", bytes),
    "identity": ("identity", bytes),
    "gzip": ("gzip", gzip.compress),
    "GZIP": ("GZIP", gzip.compress),
    "gzip, two members": ("gzip", lambda body: gzip.compress(body[:9]) + gzip.compress(body[9:])),
    "deflate": ("deflate", deflated),
    "raw deflate": ("deflate", lambda body: deflated(body, -15)),
    "zstd": ("zstd", lambda body: zstandard.ZstdCompressor().compress(body)),
}


@pytest.mark.parametrize("signal", SIGNALS, ids=lambda signal: signal.name)
def test_every_encoding_of_both_kinds_is_taken_and_can_be_asked_for(
    server: Server, client: Client, signal: Signal
) -> None:
    sent: list[str] = []
    for encoding, compress in ENCODINGS.values():
        for kind in (PROTOBUF, JSON, f"{JSON}; charset=utf-8", PROTOBUF.upper()):
            sent.append(name())
            body = numbered(signal.name, sent[-1:])
            if JSON in kind.lower():
                body = in_json(signal, body)
            headers = {"content_encoding": encoding} if encoding else {}
            answer = client.ask("POST", f"/v1/{signal.name}", compress(body), kind=kind, **headers)
            assert answer.status == 200, answer
            if JSON in kind:
                assert (answer.headers["content-type"], answer.body) == (JSON, b"{}")
            else:
                assert answer.headers["content-type"] == PROTOBUF
                assert signal.response.FromString(answer.body) == signal.response()
    server.until(arrived(server, signal, *sent))
    found = names(server, signal)
    assert all(found.count(each) == 1 for each in sent)


@pytest.mark.parametrize("signal", SIGNALS, ids=lambda signal: signal.name)
@pytest.mark.parametrize(("kind", "body"), [(PROTOBUF, b""), (JSON, b"{}")])
def test_a_request_without_records_is_fine(client: Client, signal: Signal, kind: str, body: bytes) -> None:
    assert client.ask("POST", f"/v1/{signal.name}", body, kind=kind).status == 200


@pytest.mark.parametrize(
    ("headers", "body", "status", "says"),
    [
        ({"kind": PROTOBUF}, b"\xff\xff", 400, "no ExportTraceServiceRequest"),
        ({"kind": PROTOBUF}, b"\x0a\x05\x0a", 400, "no ExportTraceServiceRequest"),
        ({"kind": JSON}, b"{", 400, "not JSON"),
        ({"kind": JSON}, b"[]", 400, "no object"),
        ({"kind": PROTOBUF, "content_encoding": "gzip"}, b"garbage, and more of it", 400, "not valid gzip"),
        ({"kind": JSON, "content_encoding": "zstd"}, b"garbage", 400, "not valid zstd"),
        ({"kind": PROTOBUF, "content_encoding": "gzip"}, gzip.compress(b"", mtime=0)[:-3], 400, "too early"),
        ({"kind": PROTOBUF, "content_encoding": "br"}, b"x", 415, "'br' is not one of identity, gzip, deflate, zstd"),
        ({"kind": JSON, "content_encoding": "gzip, gzip"}, b"x", 415, "'gzip, gzip'"),
        ({"kind": "text/plain"}, b"hello", 415, "not text/plain"),
        ({"kind": ""}, b"", 415, "not none"),
        ({"kind": "application/grpc"}, b"", 415, "not application/grpc"),
        ({"kind": PROTOBUF}, bytes(MAX_BODY + 1), 413, "ANDIRON_MAX_BODY"),
        ({"kind": JSON}, bytes(MAX_BODY + 1), 413, "ANDIRON_MAX_BODY"),
        (
            {"kind": PROTOBUF, "content_encoding": "gzip"},
            gzip.compress(bytes(9_000_000), mtime=0),
            413,
            "ANDIRON_MAX_DECOMPRESSED",
        ),
    ],
)
def test_an_error_is_a_status_in_the_content_type_of_its_request(
    client: Client, headers: dict[str, str], body: bytes, status: int, says: str
) -> None:
    answer = client.ask(body=body, **headers)
    assert answer.status == status
    assert answer.headers["content-type"] == (JSON if headers["kind"] == JSON else PROTOBUF)
    assert answer.refusal.code == code_pb2.INVALID_ARGUMENT
    assert says in answer.refusal.message
    assert "retry-after" not in answer.headers
    good(client)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods_are_told_which_to_use(client: Client, method: str) -> None:
    answer = client.ask(method, "/v1/logs", kind=JSON)
    assert (answer.status, answer.headers["allow"]) == (405, "POST")
    assert method in answer.refusal.message
    good(client)


def test_the_connection_is_kept_after_every_error(client: Client) -> None:
    good(client)
    kept = client.connection.sock
    assert kept is not None
    for body, headers in (
        (b"\xff", {}),
        (b"x", {"kind": "text/plain"}),
        (b"x", {"content_encoding": "br"}),
        (bytes(MAX_BODY * 3), {}),
        (gzip.compress(bytes(9_000_000), mtime=0), {"content_encoding": "gzip"}),
    ):
        assert client.ask(body=body, **headers).status >= 400
        good(client)
    assert client.ask(body=iter([bytes(100_000)] * 100)).status == 413
    good(client)
    assert client.connection.sock is kept


def deep(levels: int, leaf: AnyValue | None = None) -> AnyValue:
    value = leaf or AnyValue(string_value="leaf")
    for _ in range(levels):
        value = AnyValue(array_value=ArrayValue(values=[value]))
    return value


def with_deep_records(signal: Signal, fine: list[str], levels: int, refused: int = 2) -> bytes:
    """Good records of these names, and further ones that hold something `levels` deep."""
    request = signal.request.FromString(numbered(signal.name, fine))
    for _ in range(refused):
        match signal.name:
            case "traces":
                pairs = request.resource_spans[0].scope_spans[0].spans.add(name="deep").attributes
            case "logs":
                pairs = request.resource_logs[0].scope_logs[0].log_records.add().attributes
            case _:
                metric = request.resource_metrics[0].scope_metrics[0].metrics.add(name="deep")
                metric.gauge.data_points.add(as_int=1)
                pairs = metric.gauge.data_points.add(as_int=2).attributes
        pairs.add(key="k").value.CopyFrom(deep(levels, AnyValue(double_value=float("nan"))))
    body: bytes = request.SerializeToString()
    return body


@pytest.mark.parametrize("signal", SIGNALS, ids=lambda signal: signal.name)
def test_records_that_are_too_deep_are_refused_and_the_others_taken(
    server: Server, client: Client, signal: Signal
) -> None:
    for kind in (PROTOBUF, JSON):
        fine = [name(), name()]
        body = with_deep_records(signal, fine, 33)
        answer = client.ask("POST", f"/v1/{signal.name}", in_json(signal, body) if kind == JSON else body, kind=kind)
        assert answer.status == 200
        said = signal.response()
        if kind == JSON:
            json_format.Parse(answer.body, said)
        else:
            said.ParseFromString(answer.body)
        assert getattr(said.partial_success, signal.rejected) == (4 if signal is METRICS else 2)
        assert "32" in said.partial_success.error_message
        server.until(arrived(server, signal, *fine))
    assert "deep" not in names(server, signal)


def test_records_that_are_just_not_too_deep_are_taken_whole(server: Server, client: Client) -> None:
    fine = name()
    body = with_deep_records(TRACES, [fine], 32, refused=1)
    request = TRACES.request.FromString(body)
    request.resource_spans[0].scope_spans[0].spans[1].name = f"{fine}-deep"
    answer = client.ask(body=request.SerializeToString())
    assert (answer.status, answer.body) == (200, b"")
    server.until(arrived(server, TRACES, fine, f"{fine}-deep"))
    (row,) = server.sql(f"SELECT attributes FROM records WHERE span_name = '{fine}-deep'")
    attributes = row["attributes"] if isinstance(row["attributes"], dict) else json.loads(row["attributes"])
    held = attributes["k"] if not isinstance(attributes["k"], str) else json.loads(attributes["k"])
    for _ in range(32):
        (held,) = held
    assert held == "NaN"


@pytest.mark.parametrize("levels", [60, 5000])
def test_nesting_beyond_protobufs_own_bound_is_a_bad_request(client: Client, levels: int) -> None:
    value = b"\x08\x01"
    for _ in range(levels):
        for tag in (b"\x0a", b"\x2a"):
            value = tag + varint(len(value)) + value
    body = b"\x12" + varint(len(value)) + value
    for tag in (b"\x4a", b"\x12", b"\x12", b"\x0a"):
        body = tag + varint(len(body)) + body
    assert client.ask(body=body).status == 400
    nested = '{"arrayValue":{"values":[' * levels + "{}" + "]}}" * levels
    attributes = (
        f'{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{{"attributes":[{{"key":"k","value":{nested}}}]}}]}}]}}]}}'
    )
    assert client.ask(body=attributes.encode(), kind=JSON).status == 400
    good(client)


def varint(number: int) -> bytes:
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def test_a_resource_that_is_too_deep_is_a_bad_request(client: Client) -> None:
    request = ExportTraceServiceRequest.FromString(numbered("traces", [name()]))
    request.resource_spans[0].resource.attributes.add(key="k").value.CopyFrom(deep(33))
    answer = client.ask(body=request.SerializeToString())
    assert answer.status == 400
    assert "ANDIRON_MAX_NESTING" in answer.refusal.message


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "zstd"])
def test_a_bomb_is_refused_in_flat_memory(server: Server, client: Client, encoding: str) -> None:
    """Half a gigabyte of one record's name, and of nothing."""
    compressor = (
        zstandard.ZstdCompressor().compressobj()
        if encoding == "zstd"
        else zlib.compressobj(9, wbits=31 if encoding == "gzip" else 15)
    )
    zeros = bytes(8_000_000)
    bomb = b"".join(compressor.compress(zeros) for _ in range(64)) + compressor.flush()
    assert len(bomb) < 600_000
    good(client)
    peak(server)
    before = server.resident() * 1e6
    for _ in range(4):
        assert client.ask(body=bomb, content_encoding=encoding).status == 413
    assert peak(server) - before < SLACK
    good(client)


class Raw:
    """A sender that writes what it likes."""

    HEAD = b"POST /v1/traces HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-protobuf\r\n"

    def __init__(self, server: Server) -> None:
        self.socket = socket.create_connection(("127.0.0.1", server.port), timeout=30)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def status(self) -> int:
        """The status of the next answer."""
        with self.socket.makefile("rb") as lines:
            return int(lines.readline().split()[1])


@pytest.mark.parametrize(
    ("declared", "status"),
    [
        (b"content-length: 5000000", 413),
        (b"content-length: 1000000000000000", 413),
        (b"content-length: 9223372036854775807", 413),
        (b"content-length: 99999999999999999999999999", 400),
        (b"content-length: -1", 400),
        (b"content-length: many", 400),
        (b"content-length: 3\r\ncontent-length: 4", 400),
        (b"content-length: 3\r\ntransfer-encoding: chunked", 400),
        (b"transfer-encoding: chunked\r\n\r\nfffffffffffffffffff", 400),
        (b"transfer-encoding: chunked\r\n\r\nnone", 400),
    ],
)
def test_a_gigantic_or_false_length_is_answered_before_any_body_comes(
    server: Server, client: Client, declared: bytes, status: int
) -> None:
    with Raw(server) as raw:
        raw.socket.sendall(Raw.HEAD + declared + b"\r\n\r\n")
        assert raw.status() == status
    good(client)


def test_chunked_bodies_are_taken_and_bounded(server: Server, client: Client) -> None:
    sent = name()
    body = numbered("traces", [sent])
    assert client.ask(body=iter([body[:1], body[1:7], body[7:]])).status == 200
    assert (
        client.ask(body=iter([gzip.compress(body)[:9], gzip.compress(body)[9:]]), content_encoding="gzip").status == 200
    )
    kept = padded(MAX_BODY)
    assert len(kept) <= MAX_BODY
    assert client.ask(body=iter([kept[:3_000_000], kept[3_000_000:]])).status == 200
    peak(server)
    before = server.resident() * 1e6
    answer = client.ask(body=iter([bytes(1_000_000)] * 200))
    assert answer.status == 413
    assert "ANDIRON_MAX_BODY" in answer.refusal.message
    assert peak(server) - before < SLACK
    server.until(lambda: names(server, TRACES).count(sent) == 2)
    good(client)


def test_a_sender_that_hangs_up_leaves_nothing_behind(server: Server, client: Client) -> None:
    """Cut anywhere, with and without a length, and although what came so far is a valid request."""
    body = numbered("traces", ["cut", "off"])
    half = body[: len(numbered("traces", ["cut"]))]
    before = server.metric("andiron_ingest_acknowledged_records_total")
    for head in (
        b"content-length: %d\r\n\r\n" % len(body) + half,
        b"transfer-encoding: chunked\r\n\r\n%x\r\n" % len(half) + half + b"\r\n",
    ):
        for size in (10, len(Raw.HEAD) + len(head) // 2, len(Raw.HEAD) + len(head)):
            with Raw(server) as raw:
                raw.socket.sendall((Raw.HEAD + head)[:size])
    with Raw(server) as raw:
        raw.socket.sendall(Raw.HEAD + b"content-length: 3000000\r\n\r\n" + bytes(1_000_000))
        server.until(lambda: server.metric("andiron_ingest_in_flight_bytes") >= 1_000_000)
    server.until(lambda: server.metric("andiron_ingest_in_flight_bytes") == 0)
    sent = name()
    assert client.ask(body=numbered("traces", [sent])).status == 200
    server.until(arrived(server, TRACES, sent))
    assert server.metric("andiron_ingest_acknowledged_records_total") == before + 1
    assert not {"cut", "off"} & set(names(server, TRACES))


class TestNarrow:
    """What is refused for want of room: each with a word on which bound, and when to come back."""

    @pytest.mark.parametrize(
        ("size", "status", "code", "says", "after"),
        [
            (350_000, 413, code_pb2.INVALID_ARGUMENT, "ANDIRON_MAX_BODY", None),
            (250_000, 429, code_pb2.RESOURCE_EXHAUSTED, "ANDIRON_MAX_IN_FLIGHT", "1"),
            (150_000, 503, code_pb2.UNAVAILABLE, "ANDIRON_MAX_BACKLOG", "5"),
        ],
    )
    @pytest.mark.parametrize("kind", [PROTOBUF, JSON])
    def test_each_bound_has_its_answer(
        self, narrow_client: Client, size: int, status: int, code: int, says: str, after: str | None, kind: str
    ) -> None:
        answer = narrow_client.ask(body=bytes(size), kind=kind)
        assert (answer.status, answer.refusal.code) == (status, code)
        assert answer.headers.get("retry-after") == after
        assert answer.headers["content-type"] == kind
        assert says in answer.refusal.message
        good(narrow_client)

    def test_who_does_not_say_how_much_comes_is_refused_when_it_is_too_much(self, narrow_client: Client) -> None:
        answer = narrow_client.ask(body=iter([bytes(10_000)] * 35))
        # Which of the two bounds is met first lies in how much arrives at once.
        assert (answer.status, answer.headers["retry-after"]) in {(503, "5"), (429, "1")}
        good(narrow_client)

    def test_what_others_hold_in_memory_counts(self, narrow: Server, narrow_client: Client) -> None:
        """Two are let in while nothing has come yet; what comes is counted all the same."""
        first, second = padded(90_000), padded(80_000)
        head = b"content-length: %d\r\n\r\n"
        with Raw(narrow) as one, Raw(narrow) as two, Raw(narrow) as three:
            for raw, body in ((one, first), (two, second), (three, second)):
                raw.socket.sendall(Raw.HEAD + head % len(body))
            one.socket.sendall(first[:-1])
            two.socket.sendall(second[:-1])
            narrow.until(lambda: narrow.metric("andiron_ingest_in_flight_bytes") == len(first) + len(second) - 2)
            three.socket.sendall(second)
            assert three.status() == 429
            assert narrow_client.ask(body=second).status == 429
            one.socket.sendall(first[-1:])
            assert one.status() == 200
            assert narrow_client.ask(body=second).status == 200
            two.socket.sendall(second[-1:])
            assert two.status() == 200
        narrow.until(lambda: narrow.metric("andiron_ingest_in_flight_bytes") == 0)


def test_a_full_disk_is_answered_with_503(tmp_path: Path) -> None:
    server = Server(tmp_path / "data", min_free_disk=10**18)
    server.start(wait=False)
    try:
        server.wait_ready("/healthz")
        client = Client(server)
        answer = client.ask(body=numbered("traces", [name()]))
        assert (answer.status, answer.headers["retry-after"]) == (503, "30")
        assert answer.refusal.code == code_pb2.UNAVAILABLE
        assert "ANDIRON_MIN_FREE_DISK" in answer.refusal.message
        ready = client.ask("GET", "/readyz")
        assert (ready.status, "ANDIRON_MIN_FREE_DISK" in ready.body.decode()) == (503, True)
        client.close()
    finally:
        server.stop()


VALID: dict[Signal, bytes] = {
    TRACES: Telemetry(seed=1).traces(4),
    LOGS: Telemetry(seed=1).logs(4),
    METRICS: Telemetry(seed=1).metrics(75),
}


@st.composite
def mutated(draw: st.DrawFn) -> tuple[Signal, str, str, bytes]:
    """A valid body, compressed or not, with some bytes changed, taken out, put in, repeated or cut off."""
    signal = draw(st.sampled_from(SIGNALS))
    kind = draw(st.sampled_from([PROTOBUF, JSON]))
    plain = in_json(signal, VALID[signal]) if kind == JSON else VALID[signal]
    encoding = draw(st.sampled_from(["identity", "identity", "gzip", "deflate", "zstd"]))
    body = bytearray(ENCODINGS[encoding][1](plain))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(body)))
        match draw(st.sampled_from(["change", "flip", "remove", "insert", "repeat", "cut", "length"])):
            case "change":
                body[at : at + 1] = draw(st.binary(min_size=1, max_size=1))
            case "flip":
                body[at : at + 1] = bytes(byte ^ 1 << draw(st.integers(0, 7)) for byte in body[at : at + 1])
            case "remove":
                del body[at : at + draw(st.integers(1, 20))]
            case "insert":
                body[at:at] = draw(st.binary(min_size=1, max_size=20))
            case "repeat":
                body[at:at] = body[at : at + 50] * draw(st.integers(1, 20))
            case "length":
                body[at : at + 1] = draw(
                    st.sampled_from([b"\xff\xff\xff\xff\x0f", b"\xff" * 9 + b"\x01", b"\x80\x80\x80\x80\x01"])
                )
            case _:
                del body[at:]
    return signal, kind, encoding, bytes(body)


def test_mutated_bodies_are_taken_or_refused_and_never_an_error_of_ours(server: Server) -> None:
    client = Client(server)
    good(client)
    peak(server)
    before = server.resident() * 1e6

    @settings(max_examples=150)
    @given(mutated())
    def send(body: tuple[Signal, str, str, bytes]) -> None:
        signal, kind, encoding, data = body
        answer = client.ask("POST", f"/v1/{signal.name}", data, kind=kind, content_encoding=encoding)
        assert answer.status in (200, 400, 413), (answer, data)
        if answer.status != 200:
            assert answer.refusal.message

    send()
    server.until(lambda: server.metric("andiron_journal_backlog_bytes") == 0)
    assert peak(server) - before < SLACK
    sent = name()
    assert client.ask(body=numbered("traces", [sent])).status == 200
    server.until(arrived(server, TRACES, sent))
    client.close()


def test_random_bytes_are_taken_or_refused(client: Client) -> None:
    pick = random.Random(5)
    for encoding in ("identity", "gzip", "deflate", "zstd"):
        for kind in (PROTOBUF, JSON):
            for size in (1, 10, 1000, 100_000):
                answer = client.ask(body=pick.randbytes(size), kind=kind, content_encoding=encoding)
                assert answer.status in (200, 400), answer
    good(client)


class TestBrowsers:
    """Pages may send telemetry when their origin is named, and no more than that."""

    def test_a_named_origin_is_permitted_before_it_sends(self, client: Client) -> None:
        answer = client.ask(
            "OPTIONS",
            "/v1/traces",
            kind="",
            origin=SHOP,
            access_control_request_method="POST",
            access_control_request_headers="content-type,x-own",
        )
        assert (answer.status, answer.body) == (204, b"")
        assert answer.headers["access-control-allow-origin"] == SHOP
        assert answer.headers["access-control-allow-methods"] == "POST"
        assert answer.headers["access-control-allow-headers"] == "content-type,x-own"
        assert "access-control-allow-credentials" not in answer.headers

    def test_a_named_origin_may_read_answers_and_errors(self, client: Client) -> None:
        for body, status in ((numbered("traces", [name()]), 200), (b"\xff", 400)):
            answer = client.ask(body=body, origin=SHOP, sec_fetch_site="cross-site")
            assert (answer.status, answer.headers["access-control-allow-origin"]) == (status, SHOP)
            assert "retry-after" in answer.headers["access-control-expose-headers"]
            assert answer.headers["vary"] == "Origin"

    @pytest.mark.parametrize(
        "origin", ["https://evil.example.org", f"{SHOP}.evil.example", "null", "http://shop.example.org"]
    )
    def test_another_origin_may_not_write(self, server: Server, client: Client, origin: str) -> None:
        before = server.metric("andiron_ingest_acknowledged_records_total")
        preflight = client.ask("OPTIONS", "/v1/traces", kind="", origin=origin, access_control_request_method="POST")
        assert preflight.status == 403
        answer = client.ask(body=numbered("traces", [name()]), origin=origin)
        assert answer.status == 403
        assert "ANDIRON_CORS_ORIGINS" in answer.body.decode()
        assert "access-control-allow-origin" not in preflight.headers | answer.headers
        assert server.metric("andiron_ingest_acknowledged_records_total") == before
        good(client)

    def test_a_named_origin_may_not_ask(self, client: Client) -> None:
        answer = client.ask("POST", "/v2/query", b'{"sql": "SELECT 1"}', kind=JSON, origin=SHOP)
        assert answer.status == 403

    @pytest.mark.parametrize(
        "host", ["evil.example.org", "evil.example.org:4318", "127.0.0.1.evil.example", "", "10.0.0.1"]
    )
    def test_a_foreign_host_is_refused(self, client: Client, host: str) -> None:
        """A page whose name was made to lead here (DNS rebinding) still says its name."""
        for path in ("/v1/traces", "/v2/query", "/metrics", "/healthz"):
            answer = client.ask("POST", path, b"", host=host)
            assert (answer.status, "ANDIRON_ALLOWED_HOSTS" in answer.body.decode()) == (403, True)

    @pytest.mark.parametrize("host", ["localhost", "LOCALHOST:9", "127.0.0.1", "127.1.2.3:80", "[::1]:4318"])
    def test_the_names_of_this_machine_are_known(self, client: Client, host: str) -> None:
        assert client.ask(body=numbered("traces", [name()]), host=host).status == 200
