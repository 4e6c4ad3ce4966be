"""`andiron spool`, as typed."""

import gzip
import json
from pathlib import Path

import pytest
import typer
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from typer.testing import CliRunner, Result

from andiron.cli import spool as command
from andiron.delivery.batch import Batch, Lane
from andiron.delivery.spool import Spool
from andiron.errors import ConfigurationError
from andiron.testing import Answer, Receiver

app = typer.Typer()
app.add_typer(command.app, name="spool")


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ANDIRON_SPOOL", str(tmp_path / "spools"))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.delenv("ANDIRON_URL", raising=False)
    monkeypatch.delenv("ANDIRON_TOKEN", raising=False)
    return tmp_path / "spools"


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What was waited for; the clock stands still otherwise."""
    paused: list[float] = []
    monkeypatch.setattr(command, "pause", paused.append)
    monkeypatch.setattr(command, "steady", lambda: 100 + sum(paused))
    return paused


def run(*words: str, code: int = 0) -> Result:
    result = CliRunner().invoke(app, ["spool", *words])
    assert result.exit_code == code, result.output
    return result


def logs(*bodies: str, service: str = "shop") -> bytes:
    request = ExportLogsServiceRequest()
    resource = request.resource_logs.add()
    resource.resource.attributes.add(key="service.name").value.string_value = service
    for number, body in enumerate(bodies):
        record = resource.scope_logs.add().log_records.add(
            time_unix_nano=1_700_000_000_000_000_000 + number, severity_number=17
        )
        record.body.string_value = body
        record.attributes.add(key="order.id").value.int_value = 7
    return request.SerializeToString()


def left_behind(root: Path, *bodies: str, application: str = "shop", lane: Lane = Lane.NORMAL) -> Batch:
    spool = Spool(root / application, clock=lambda: 1_700_000_000.0)
    batch = spool.put("logs", lane, len(bodies), gzip.compress(logs(*bodies)), "gzip")
    spool.close()
    return batch


def test_a_list_that_goes_into_a_pipe_has_whole_names(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS")
    name = "unknown_service_a-program-with-quite-a-long-name"
    left_behind(root, "one", application=name)
    assert run("list").stdout.splitlines()[1].split()[:3] == [name, "left", "behind"]


def shown(*words: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in run("show", *words).stdout.splitlines()]


def test_nothing_lies_there(root: Path) -> None:
    for words in (["list"], ["send"]):
        assert run(*words).stdout == f"Nothing lies in {root}.\n"
    assert run("show").stdout == ""
    with pytest.raises(ConfigurationError, match="no spool of 'shop'"):
        CliRunner().invoke(app, ["spool", "show", "--application", "shop"], catch_exceptions=False)


def test_what_waits_is_listed_with_who_holds_it_and_what_was_set_aside(root: Path) -> None:
    left_behind(root, "one", "two")
    running = Spool(root / "web")
    running.put("logs", Lane.LOW, 3, logs("x", "y", "z"))
    bad = running.put("logs", Lane.HIGH, 1, logs("bad"))
    assert running.take() == bad
    running.set_aside(bad, "400: \x1b[31mno")
    shop, web = json.loads(run("list", "--json").stdout)
    assert (
        shop["application"],
        shop["in_use"],
        shop["segments"],
        shop["batches"],
        shop["records"],
        shop["oldest"],
    ) == (
        "shop",
        False,
        1,
        1,
        2,
        1_700_000_000_000,
    )
    assert shop["bytes"] == sum(path.stat().st_size for path in (root / "shop").iterdir())
    assert (web["in_use"], web["records"], web["set_aside"]) == (
        True,
        3,
        [{"id": bad.id, "signal": "logs", "records": 1, "reason": "400: \x1b[31mno"}],
    )
    table = run("list").stdout
    assert "left behind" in table
    assert "in use" in table
    assert "set aside: web" in table
    assert "\x1b[31mno" not in table
    assert [each["application"] for each in json.loads(run("list", "--json", "--application", "web").stdout)] == ["web"]
    assert json.loads(run("list", "--json", "--spool", str(root / "shop")).stdout) == [shop]
    running.close()


def test_each_record_is_shown_on_a_line(root: Path) -> None:
    left_behind(root, "later")
    left_behind(root, "first \x1b[2J\u2028", lane=Lane.HIGH)
    first, later = shown()
    assert first["body"] == "first \x1b[2J\u2028"
    assert first | {"batch": ""} == {
        "application": "shop",
        "signal": "logs",
        "time": "2023-11-14T22:13:20.000000Z",
        "level": "ERROR",
        "body": "first \x1b[2J\u2028",
        "attributes": {"order.id": 7},
        "service": "shop",
        "batch": "",
    }
    assert later["body"] == "later"
    assert run("show").stdout.isascii()


def test_spans_and_metrics_are_shown_too_and_what_is_neither_is_told(root: Path) -> None:
    traces = ExportTraceServiceRequest()
    span = (
        traces.resource_spans.add()
        .scope_spans.add()
        .spans.add(
            name="GET /",
            trace_id=bytes(range(16)),
            span_id=bytes(range(8)),
            start_time_unix_nano=10**18,
            end_time_unix_nano=10**18 + 1500000,
        )
    )
    span.status.code = span.status.STATUS_CODE_ERROR
    span.events.add(name="exception")
    metrics = ExportMetricsServiceRequest()
    found = metrics.resource_metrics.add().scope_metrics.add().metrics
    found.add(name="sold", unit="1").sum.data_points.add(as_int=3, time_unix_nano=10**18)
    found.add(name="took").histogram.data_points.add(count=2, sum=7.5, time_unix_nano=10**18)
    spool = Spool(root / "shop")
    spool.put("traces", Lane.NORMAL, 1, traces.SerializeToString())
    spool.put("metrics", Lane.NORMAL, 2, metrics.SerializeToString())
    broken = spool.put("logs", Lane.NORMAL, 1, b"\xff\xff", "gzip")
    spool.close()
    one, sold, took, error = shown()
    assert (one["name"], one["level"], one["milliseconds"], one["trace_id"]) == (
        "GET /",
        "ERROR",
        1.5,
        bytes(range(16)).hex(),
    )
    assert (sold["name"], sold["unit"], sold["value"]) == ("sold", "1", 3)
    assert (took["name"], took["count"], took["sum"]) == ("took", 2, 7.5)
    assert error["batch"] == broken.id
    assert "error" in error


@pytest.mark.requirement("CL-09")
def test_what_was_left_behind_is_sent_under_its_own_name(root: Path) -> None:
    batches = [left_behind(root, "one", "two"), left_behind(root, "three", application="web")]
    with Receiver() as server:
        result = run("send", "--url", server.url, "--token", "secret")
        assert "shop: 2 records delivered" in result.stdout
        assert "web: 1 records delivered" in result.stdout
        assert {request.headers["idempotency-key"] for request in server.requests} == {batch.id for batch in batches}
        assert {request.headers["authorization"] for request in server.requests} == {"secret"}
        assert sorted(log.body for log in server.logs) == ["one", "three", "two"]
        assert "shop: 0 records delivered" in run("send", "--url", server.url).stdout
        assert len(server.requests) == 2


def test_a_server_that_says_when_is_asked_again_then(root: Path, pauses: list[float]) -> None:
    left_behind(root, "one")
    with Receiver() as server:
        server.then(Answer(429, b"", {"Retry-After": "7"}))
        assert "1 records delivered" in run("send", "--url", server.url).stdout
    assert pauses == [7]


def test_what_remains_is_told(root: Path, pauses: list[float]) -> None:
    left_behind(root, "one", "two")
    with Receiver(Answer.UNAVAILABLE) as server:
        result = run("send", "--url", server.url, "--wait", "20", code=1)
        assert "shop: 2 records remain" in result.stderr
        assert "503" in result.stderr
        assert len(pauses) > 1
        assert sum(pauses) <= 20
        server.answer = Answer.UNAUTHORIZED
        assert "401" in run("send", "--url", server.url, code=1).stderr
    (shop,) = json.loads(run("list", "--json").stdout)
    assert (shop["in_use"], shop["records"]) == (False, 2)


def test_a_running_process_delivers_its_own(root: Path) -> None:
    running = Spool(root / "shop")
    running.put("logs", Lane.NORMAL, 1, logs("mine"))
    with Receiver() as server:
        result = run("send", "--url", server.url)
        assert "1 records are held by a running process" in result.stdout
        assert server.requests == []
    running.close()


@pytest.mark.requirement("CL-10")
def test_what_the_server_refuses_is_set_aside_and_shown(root: Path) -> None:
    left_behind(root, "good", "bad")
    with Receiver(
        lambda request: Answer(400, b"no") if any(log.body == "bad" for log in request.records) else Answer.OK
    ) as server:
        assert "1 records delivered, 1 set aside" in run("send", "--url", server.url).stdout
    (refused,) = shown("--set-aside")
    assert refused["body"] == "bad"
