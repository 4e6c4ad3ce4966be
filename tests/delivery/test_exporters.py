import gzip
import os
import socket
import threading
from collections.abc import Iterator

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from andiron.delivery.batch import Batch, Lane
from andiron.delivery.exporters import ExportResult, LogfireExporter, OtelExporter, ProxyExporter, seconds
from andiron.testing.receiver import Answer, Receiver

BATCH = Batch("0123456789abcdef0123456789abcdef-7", "traces", Lane.NORMAL, 3, b"", "", 0)


@pytest.fixture
def server() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def exporter(server: Receiver) -> Iterator[LogfireExporter]:
    exporter = LogfireExporter(server.url, "pylf_v1_local_secret", timeout=5)
    yield exporter
    exporter.shutdown()


@pytest.mark.requirement("CL-02")
def test_an_exporter_is_what_can_export_and_shut_down(exporter: LogfireExporter) -> None:
    class Mine:
        def export(self, payload: Batch) -> ExportResult:
            return ExportResult.success

        def shutdown(self) -> None:
            pass

    assert isinstance(exporter, OtelExporter)
    assert isinstance(Mine(), OtelExporter)
    assert not isinstance(object(), OtelExporter)


@pytest.mark.requirement("CL-03")
def test_a_batch_goes_with_the_raw_token_and_its_id(server: Receiver, exporter: LogfireExporter) -> None:
    body = gzip.compress(b"")
    assert exporter.export(Batch(BATCH.id, "logs", Lane.HIGH, 1, body, "gzip", 0)) == ExportResult.success
    [request] = server.requests
    assert (request.method, request.path, request.body) == ("POST", "/v1/logs", body)
    assert request.headers["authorization"] == "pylf_v1_local_secret"
    assert request.headers["content-type"] == "application/x-protobuf"
    assert request.headers["content-encoding"] == "gzip"
    assert request.key == BATCH.id


@pytest.mark.requirement("CL-04")
def test_a_session_token_can_be_replaced_between_two_batches(server: Receiver) -> None:
    exporter = ProxyExporter(server.url, "first")
    exporter.export(BATCH)
    exporter.session_token = "second"
    exporter.export(BATCH)
    exporter.shutdown()
    assert [request.path for request in server.requests] == ["/api/v1/telemetry/traces"] * 2
    assert [request.headers["authorization"] for request in server.requests] == ["Bearer first", "Bearer second"]


@pytest.mark.requirement("CL-03")
@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, "success"),
        (202, "success"),
        (408, "retryable"),
        (429, "retryable"),
        (500, "retryable"),
        (502, "retryable"),
        (503, "retryable"),
        (504, "retryable"),
        (401, "fatal"),
        (403, "fatal"),
        (413, "fatal"),
        (400, "retryable"),
        (404, "retryable"),
        (301, "retryable"),
    ],
)
def test_what_a_status_means(server: Receiver, exporter: LogfireExporter, status: int, outcome: str) -> None:
    server.answer = Answer(status)
    result = exporter.export(BATCH)
    assert (result.outcome, result.status) == (outcome, status)
    assert result.of_this_batch == (status in (400, 413))
    patience = {200: None, 202: None, 408: None, 429: None, 503: None, 401: 2, 403: 2, 413: 2, 502: 6, 504: 6}
    assert result.patience == patience.get(status, 3)


@pytest.mark.requirement("CL-03")
@pytest.mark.parametrize(
    "answer", [Answer.GARBAGE, Answer.HALF, Answer.SILENT, Answer.RESET], ids=["garbage", "half", "silent", "reset"]
)
def test_no_answer_is_retryable_and_says_why(server: Receiver, exporter: LogfireExporter, answer: Answer) -> None:
    server.then(answer)
    result = exporter.export(BATCH)
    assert (result.outcome, result.status) == ("retryable", None)
    assert result.reason
    assert exporter.export(BATCH) == ExportResult.success


@pytest.mark.requirement("CL-03")
def test_a_slow_server_costs_no_more_than_the_timeout(server: Receiver) -> None:
    exporter = LogfireExporter(server.url, timeout=0.05)
    server.then(Answer(delay=30))
    result = exporter.export(BATCH)
    exporter.shutdown()
    assert (result.outcome, result.status) == ("retryable", None)
    assert "Timeout" in result.reason


@pytest.mark.requirement("CL-03")
@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://no-such-host.invalid", "http://[bad", "ftp://x"])
def test_no_server_no_name_and_no_address_are_retryable(url: str) -> None:
    exporter = LogfireExporter(url, timeout=2)
    result = exporter.export(BATCH)
    assert (result.outcome, result.status) == ("retryable", None)
    assert result.reason


def test_a_sign_in_page_is_no_acknowledgement(server: Receiver, exporter: LogfireExporter) -> None:
    server.answer = Answer.SIGN_IN
    result = exporter.export(BATCH)
    assert result.outcome == "retryable"
    assert "no server of OTLP" in result.reason


def test_a_partial_success_says_how_many_were_left_out(server: Receiver, exporter: LogfireExporter) -> None:
    answer = ExportTraceServiceResponse()
    answer.partial_success.rejected_spans = 2
    server.answer = Answer(body=answer.SerializeToString())
    assert exporter.export(BATCH).rejected == 2
    server.answer = Answer(
        body=b'{"partialSuccess":{"rejectedSpans":"3","errorMessage":"no"}}',
        headers={"Content-Type": "application/json"},
    )
    assert exporter.export(BATCH).rejected == 3
    server.answer = Answer.UNREADABLE
    result = exporter.export(BATCH)
    assert (result, result.rejected) == (ExportResult.success, 0)


@pytest.mark.requirement("CL-21")
def test_the_token_is_in_no_representation(exporter: LogfireExporter) -> None:
    assert "secret" not in repr(exporter)


@pytest.mark.requirement("CL-03")
@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ("5", 5.0),
        ("0.5", 0.5),
        ("-3", 0.0),
        ("999999", 3600.0),
        ("Thu, 01 Jan 1970 00:01:40 GMT", 90.0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        ("soon", None),
        ("nan", None),
        ("", None),
        (None, None),
    ],
)
def test_what_retry_after_asks_for(header: str | None, wait: float | None) -> None:
    assert seconds(header, now=10.0) == wait


def test_threads_that_come_and_go_leave_no_connection_behind(server: Receiver, exporter: LogfireExporter) -> None:
    for _ in range(20):
        threads = [threading.Thread(target=exporter.export, args=(BATCH,)) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(server.requests) == 60
    assert len(exporter._idle) <= 3


def test_an_answer_that_drips_for_ever_is_not_waited_for(server: Receiver) -> None:
    clock = iter(range(0, 1000, 20))
    exporter = LogfireExporter(server.url, timeout=10, clock=lambda: next(clock))
    server.answer = Answer(body=b"x" * 1000)
    result = exporter.export(BATCH)
    assert (result.outcome, result.status) == ("retryable", None)
    assert "longer than 10 s" in result.reason
    exporter.shutdown()


def test_an_endless_answer_is_read_no_further_than_it_matters(server: Receiver, exporter: LogfireExporter) -> None:
    server.answer = Answer(413, b"x" * 1_000_000, {"Content-Type": "text/plain"})
    result = exporter.export(BATCH)
    assert (result.outcome, result.status) == ("fatal", 413)
    assert len(result.reason) < 1000


def test_a_connection_that_the_server_closed_meanwhile_is_no_failure() -> None:
    """As uvicorn does after five seconds of silence: the request that comes just then is sent again on a new connection."""

    def serve() -> None:
        for answers in (1, 0, 1):
            connection, _ = listener.accept()
            with connection:
                for _ in range(answers):
                    read_request(connection)
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                read_request(connection)  # and is gone

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        exporter = LogfireExporter(f"http://127.0.0.1:{listener.getsockname()[1]}", timeout=5)
        assert exporter.export(BATCH) == ExportResult.success
        # The second connection is closed as well: that is a failure, and the next try is the sender's.
        assert exporter.export(BATCH) == ExportResult.retryable
        assert exporter.export(BATCH) == ExportResult.success
        exporter.shutdown()
        thread.join(5)


def read_request(connection: socket.socket) -> None:
    """Until its headers end; there is no body."""
    received = b""
    while b"\r\n\r\n" not in received:
        part = connection.recv(4096)
        if not part:
            return
        received += part


@pytest.mark.requirement("CL-20")
@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks here")
def test_a_fork_waits_for_a_client_that_is_being_made() -> None:
    """OpenSSL's locks are held meanwhile, and nobody in the child would ever give them back."""
    begun, go, made = threading.Event(), threading.Event(), threading.Event()

    def client() -> httpx.Client:
        begun.set()
        assert go.wait(10)
        made.set()
        return httpx.Client(trust_env=False)

    exporter = LogfireExporter("http://127.0.0.1:9", client=client)
    sender = threading.Thread(target=exporter.export, args=(BATCH,))
    sender.start()
    assert begun.wait(10)
    threading.Timer(0.2, go.set).start()
    child = os.fork()
    if child == 0:
        os._exit(0 if made.is_set() else 1)
    assert os.waitpid(child, 0)[1] == 0
    sender.join()
    exporter.shutdown()
