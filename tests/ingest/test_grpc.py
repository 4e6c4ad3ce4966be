"""OTLP over gRPC at a real server: the three services, and how each refusal reads to a client that may try again."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue

from andiron.server.ingest.signals import LOGS, METRICS, SIGNALS, TRACES, Signal
from bench.server import Server
from tests.ingest.numbered import numbered

pytestmark = pytest.mark.requirement("AN-01")

NUMBERS = itertools.count()
MAX_BODY = 4_000_000
SLACK = 150_000_000
NAMES = {
    "traces": "SELECT span_name AS n FROM records",
    "logs": "SELECT message AS n FROM records",
    "metrics": "SELECT metric_name AS n FROM metrics",
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("grpc") / "data", grpc=True, max_body=MAX_BODY) as running:
        yield running


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """RESOURCE_EXHAUSTED above 200 kB, UNAVAILABLE above 100 kB."""
    data = tmp_path_factory.mktemp("narrow") / "data"
    with Server(data, grpc=True, max_in_flight=200_000, max_backlog=100_000) as running:
        yield running


def channel(server: Server) -> grpc.Channel:
    return grpc.insecure_channel(f"127.0.0.1:{server.grpc_port}", options=[("grpc.max_send_message_length", -1)])


def export(
    server: Server, signal: Signal, body: bytes, compression: grpc.Compression = grpc.Compression.NoCompression
) -> Message:
    """What the service of a signal answers."""
    with channel(server) as opened:
        call: grpc.UnaryUnaryMultiCallable[bytes, Message] = opened.unary_unary(
            f"/{signal.service}/Export", response_deserializer=signal.response.FromString
        )
        return call(body, timeout=30, compression=compression)


def refused(
    server: Server, signal: Signal, body: bytes, compression: grpc.Compression = grpc.Compression.NoCompression
) -> grpc.RpcError:
    with pytest.raises(grpc.RpcError) as error:
        export(server, signal, body, compression)
    return error.value


def retry_info(error: grpc.RpcError) -> int | None:
    """After how many seconds the server wants to be asked again; it has to say so in the details, as OTLP has it."""
    metadata = {item.key: item.value for item in error.trailing_metadata() or ()}
    if "grpc-status-details-bin" not in metadata:
        return None
    status = status_pb2.Status.FromString(metadata["grpc-status-details-bin"])
    assert (status.code, status.message) == (error.code().value[0], error.details())
    (detail,) = status.details
    info = error_details_pb2.RetryInfo()
    assert detail.Unpack(info)
    seconds: int = info.retry_delay.seconds
    return seconds


def name() -> str:
    """A name that no other record has."""
    return f"record-{next(NUMBERS)}"


def good(server: Server) -> None:
    """The next good request works."""
    assert export(server, TRACES, numbered("traces", [name()])) == TRACES.response()


def names(server: Server, signal: Signal) -> list[str]:
    return [row["n"] for row in server.sql(NAMES[signal.name])]


@pytest.mark.parametrize("signal", SIGNALS, ids=lambda signal: signal.name)
def test_every_service_takes_every_compression(server: Server, signal: Signal) -> None:
    sent = [name() for _ in grpc.Compression]
    for each, compression in zip(sent, grpc.Compression, strict=True):
        assert export(server, signal, numbered(signal.name, [each]), compression) == signal.response()
    server.until(lambda: set(sent) <= set(names(server, signal)))
    found = names(server, signal)
    assert all(found.count(each) == 1 for each in sent)


@pytest.mark.parametrize("signal", SIGNALS, ids=lambda signal: signal.name)
def test_a_request_without_records_is_fine(server: Server, signal: Signal) -> None:
    assert export(server, signal, b"") == signal.response()


@pytest.mark.parametrize("signal", SIGNALS, ids=lambda signal: signal.name)
def test_records_that_are_too_deep_are_refused_and_the_others_taken(server: Server, signal: Signal) -> None:
    deep = AnyValue(string_value="leaf")
    for _ in range(33):
        deep = AnyValue(array_value=ArrayValue(values=[deep]))
    fine = name()
    request = signal.request.FromString(numbered(signal.name, [fine]))
    if signal is TRACES:
        pairs = request.resource_spans[0].scope_spans[0].spans.add().attributes
    elif signal is LOGS:
        pairs = request.resource_logs[0].scope_logs[0].log_records.add().attributes
    else:
        pairs = request.resource_metrics[0].scope_metrics[0].metrics.add().gauge.data_points.add().attributes
    pairs.add(key="k").value.CopyFrom(deep)
    answer = export(server, signal, request.SerializeToString())
    partial = getattr(answer, "partial_success")  # noqa: B009 - a message of any signal
    assert getattr(partial, signal.rejected) == 1
    assert "32" in partial.error_message
    server.until(lambda: fine in names(server, signal))


@pytest.mark.parametrize("signal", SIGNALS, ids=lambda signal: signal.name)
@pytest.mark.parametrize("body", [b"\xff\xff", b"\x0a\x05\x0a", b"{}"])
def test_garbage_is_an_invalid_argument_and_not_to_be_sent_again(server: Server, signal: Signal, body: bytes) -> None:
    error = refused(server, signal, body)
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert signal.message in (error.details() or "")
    assert retry_info(error) is None
    good(server)


def test_another_method_is_unimplemented(server: Server) -> None:
    with channel(server) as opened, pytest.raises(grpc.RpcError) as error:
        call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = opened.unary_unary(f"/{TRACES.service}/Import")
        call(b"", timeout=30)
    assert error.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_a_message_that_is_too_large_is_refused_and_not_to_be_sent_again(server: Server) -> None:
    error = refused(server, TRACES, bytes(MAX_BODY + 1))
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert str(MAX_BODY) in (error.details() or "")
    assert retry_info(error) is None
    good(server)


@pytest.mark.parametrize("compression", [grpc.Compression.Gzip, grpc.Compression.Deflate])
def test_a_bomb_is_refused_in_flat_memory(server: Server, compression: grpc.Compression) -> None:
    good(server)
    assert server.process is not None
    folder = Path(f"/proc/{server.process.pid}")
    (folder / "clear_refs").write_text("5")
    before = server.resident() * 1e6
    error = refused(server, TRACES, bytes(250_000_000), compression)
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert retry_info(error) is None
    lines = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines())
    assert int(lines["VmHWM"].split()[0]) * 1024 - before < SLACK
    good(server)


@pytest.mark.parametrize(
    ("size", "code", "says", "after"),
    [
        (250_000, grpc.StatusCode.RESOURCE_EXHAUSTED, "ANDIRON_MAX_IN_FLIGHT", 1),
        (150_000, grpc.StatusCode.UNAVAILABLE, "ANDIRON_MAX_BACKLOG", 5),
    ],
)
@pytest.mark.parametrize("signal", [TRACES, LOGS, METRICS], ids=lambda signal: signal.name)
def test_for_want_of_room_it_says_when_to_come_back(
    narrow: Server, signal: Signal, size: int, code: grpc.StatusCode, says: str, after: int
) -> None:
    error = refused(narrow, signal, bytes(size))
    assert error.code() is code
    assert says in (error.details() or "")
    assert retry_info(error) == after
    good(narrow)
    assert narrow.metric("andiron_ingest_in_flight_bytes") == 0
