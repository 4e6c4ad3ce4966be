"""The server that other tests send to: it keeps what comes, and fails in every way that it promises."""

import gzip
import threading
from collections.abc import Iterator

import httpx
import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from andiron.testing import Answer, Receiver
from andiron.testing.receiver import Received

pytestmark = pytest.mark.requirement("LF-08")

LOGS = ExportLogsServiceRequest()
_scope = LOGS.resource_logs.add().scope_logs.add()
_scope.scope.name = "shop"
_record = _scope.log_records.add(
    severity_number=17, severity_text="ERROR", trace_id=bytes(15) + b"\x01", span_id=bytes(7) + b"\x02"
)
_record.body.string_value = "the cellar is flooded"
_record.attributes.add(key="depth").value.int_value = 3
LOGS.resource_logs[0].resource.attributes.add(key="service.name").value.string_value = "house"
BODY = LOGS.SerializeToString()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as opened:
        yield opened


def post(receiver: Receiver, path: str = "/v1/logs", body: bytes = BODY, **headers: str) -> httpx.Response:
    with httpx.Client(timeout=5, trust_env=False) as client:
        return client.post(
            receiver.url + path,
            content=body,
            headers={name.replace("_", "-"): value for name, value in headers.items()},
        )


def test_keeps_and_parses_logs(receiver: Receiver) -> None:
    answer = post(receiver, idempotency_key="a-0", authorization="secret")
    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, b"", "application/x-protobuf")
    request = receiver.requests[0]
    assert (request.method, request.path, request.signal, request.key) == ("POST", "/v1/logs", "logs", "a-0")
    assert request.headers["authorization"] == "secret"
    log = receiver.log("cellar", depth=3)
    assert (log.severity, log.severity_text, log.scope, log.trace_id, log.span_id) == (
        17,
        "ERROR",
        "shop",
        "0" * 31 + "1",
        "0" * 15 + "2",
    )
    assert log.resource == {"service.name": "house"}


def test_decompresses(receiver: Receiver) -> None:
    post(receiver, body=gzip.compress(BODY), content_encoding="gzip")
    assert receiver.requests[0].payload == BODY
    assert len(receiver.logs) == 1


def test_parses_spans_and_metrics(receiver: Receiver) -> None:
    traces = ExportTraceServiceRequest()
    spans = traces.resource_spans.add().scope_spans.add().spans
    spans.add(
        name="child", span_id=b"child...", parent_span_id=b"parent..", kind=3, status={"code": 2, "message": "boom"}
    )
    spans.add(name="parent", span_id=b"parent..")
    post(receiver, "/v1/traces", traces.SerializeToString())
    child = receiver.span("child")
    assert (child.kind, child.status, child.message, child.parent_id) == ("client", "error", "boom", b"parent..".hex())
    assert receiver.tree() == "  parent\n    child ! boom"

    metrics = ExportMetricsServiceRequest()
    found = metrics.resource_metrics.add().scope_metrics.add().metrics
    point = found.add(name="requests", unit="1").sum.data_points.add(as_int=7)
    point.attributes.add(key="http.route").value.string_value = "/"
    found.add(name="duration").histogram.data_points.add(count=2, sum=0.5)
    post(receiver, "/v1/metrics", metrics.SerializeToString())
    assert receiver.metric("requests").value(http_route="/") == 7
    assert receiver.metric("duration").points == [({}, (2, 0.5))]


def test_a_batch_that_comes_twice_counts_once(receiver: Receiver) -> None:
    for key in ("a-0", "a-0", "a-1"):
        post(receiver, idempotency_key=key)
    post(receiver)
    post(receiver)
    assert len(receiver.requests) == 5
    assert len(receiver.logs) == 4  # Two keys, and two requests without one.


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (Answer.UNAUTHORIZED, 401),
        (Answer.TOO_LARGE, 413),
        (Answer.BUSY, 429),
        (Answer.BROKEN, 500),
        (Answer.UNAVAILABLE, 503),
    ],
)
def test_refuses_and_takes_nothing(receiver: Receiver, answer: Answer, status: int) -> None:
    receiver.then(answer)
    assert post(receiver).status_code == status
    assert receiver.logs == []
    assert post(receiver).status_code == 200
    assert len(receiver.logs) == 1


@pytest.mark.parametrize(
    ("answer", "takes"),
    [(Answer.GARBAGE, 0), (Answer.HALF, 1), (Answer.SILENT, 1), (Answer.RESET, 0)],
    ids=["garbage", "half", "silent", "reset"],
)
def test_breaks_the_connection(receiver: Receiver, answer: Answer, takes: int) -> None:
    receiver.then(answer)
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError)):
        post(receiver, body=BODY * 1000)
    receiver.wait(lambda receiver: receiver.requests)
    assert len(receiver.taken) == takes
    assert receiver.requests[0].complete == (answer is not Answer.RESET)


def test_holds_an_answer_back_until_it_is_let_go(receiver: Receiver) -> None:
    go = threading.Event()
    receiver.answer = Answer(hold=go)
    answers: list[int] = []
    thread = threading.Thread(target=lambda: answers.append(post(receiver).status_code))
    thread.start()
    receiver.wait(lambda receiver: receiver.requests)
    assert (answers, receiver.taken) == ([], [])
    go.set()
    thread.join(5)
    assert (answers, len(receiver.requests), len(receiver.taken)) == ([200], 1, 1)


def test_an_answer_may_depend_on_the_request(receiver: Receiver) -> None:
    def judge(request: Received) -> Answer:
        return Answer.BROKEN if any("flooded" in log.body for log in request.records) else Answer.OK

    receiver.answer = judge
    assert post(receiver).status_code == 500
    assert post(receiver, body=b"").status_code == 200


def test_goes_offline_and_comes_back_on_its_port(receiver: Receiver) -> None:
    url = receiver.url
    with httpx.Client(trust_env=False) as client:
        assert client.post(f"{url}/v1/logs", content=BODY).status_code == 200
        receiver.offline()
        with pytest.raises(httpx.HTTPError):
            client.post(f"{url}/v1/logs", content=BODY)
        receiver.online()
        assert receiver.url == url
        assert client.post(f"{url}/v1/logs", content=BODY).status_code == 200


def test_reads_chunks(receiver: Receiver) -> None:
    with httpx.Client(trust_env=False) as client:
        client.post(f"{receiver.url}/v1/logs", content=iter([BODY[:10], BODY[10:]]))
        client.post(f"{receiver.url}/v1/logs", content=BODY)
    assert [request.payload for request in receiver.requests] == [BODY, BODY]


def test_a_body_that_is_no_otlp_has_no_records(receiver: Receiver) -> None:
    post(receiver, body=b"\xff\xff")
    post(receiver, body=b"not gzip", content_encoding="gzip")
    post(receiver, "/elsewhere")
    assert [request.records for request in receiver.requests] == [[], [], []]


def test_says_what_came_instead(receiver: Receiver) -> None:
    post(receiver)
    with pytest.raises(AssertionError, match=r"no log matches 'attic'. Recorded:\n  ERROR the cellar is flooded"):
        receiver.log("attic")
    with pytest.raises(AssertionError, match=r"no span matches 'attic'. Recorded:\n  nothing"):
        receiver.span("attic")
    with pytest.raises(AssertionError, match=r"still not so; 1 requests: \[\('/v1/logs', 1\)\]"):
        receiver.wait(lambda receiver: len(receiver.requests) == 2, timeout=0.01)
    receiver.clear()
    assert (receiver.requests, receiver.logs) == ([], [])
