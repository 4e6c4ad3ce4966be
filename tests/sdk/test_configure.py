"""`andiron.configure` and what stands on it, with a real server of OTLP beside it."""

import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import logfire
import pytest
from opentelemetry import metrics, trace

import andiron
from andiron.delivery import pipeline as delivery
from andiron.delivery.batch import Batch
from andiron.delivery.exporters import ExportResult
from andiron.errors import ConfigurationError
from andiron.sdk import configure as configuration
from andiron.testing.plugin import Environment
from andiron.testing.receiver import Answer, Receiver

pytestmark = pytest.mark.usefixtures("reset_telemetry")


@pytest.fixture
def started(otlp_server: Receiver, andiron_env: Environment) -> Receiver:
    """A server to which `configure()` sends without further arguments."""
    andiron_env(ANDIRON_URL=otlp_server.url, ANDIRON_EXPORT="true")
    return otlp_server


def test_users_keep_what_they_know(started: Receiver) -> None:
    telemetry = andiron.configure(service="shop")
    logfire.info("by logfire {n}", n=1)
    logging.getLogger("app").warning("by logging")
    with trace.get_tracer("app").start_as_current_span("by opentelemetry"):
        pass
    metrics.get_meter("app").create_counter("by.meter").add(2)
    assert telemetry.flush(10)
    assert {"by logfire {n}", "by opentelemetry"} <= {span.name for span in started.spans}
    assert "by logging" in [log.body for log in started.logs]
    assert "by.meter" in [metric.name for metric in started.metrics]
    assert telemetry.flush(10)  # with the first answer came a record of the network
    report = andiron.report()
    assert report["sent"] == report["taken"]
    assert report["dropped"] == {}


def test_whoever_configures_logfire_afterwards_is_told(started: Receiver) -> None:
    andiron.configure(service="shop")
    andiron.configure(service="shop")  # our own call of Logfire is none
    with pytest.warns(UserWarning, match="no longer reach Andiron") as told:
        logfire.configure(send_to_logfire=False, console=False)
    assert told[0].filename == __file__
    logfire.configure(send_to_logfire=False, console=False)  # once is enough
    andiron.configure(service="shop")  # and takes it back
    logfire.info("again")
    assert andiron.flush(10)
    assert "again" in [span.name for span in started.spans]


@pytest.mark.requirement("LF-02")
@pytest.mark.parametrize("by", ["argument", "variable", "nobody"])
def test_every_record_names_its_service_environment_and_version(
    started: Receiver, andiron_env: Environment, by: str
) -> None:
    given: dict[str, Any] = {}
    if by == "argument":
        given = {"service": "shop", "environment": "production", "version": "1.2.3"}
    elif by == "variable":
        andiron_env(ANDIRON_SERVICE="shop", LOGFIRE_ENVIRONMENT="production", LOGFIRE_SERVICE_VERSION="1.2.3")
    telemetry = andiron.configure(**given)
    logfire.info("a span")
    logging.getLogger("app").warning("a log")
    metrics.get_meter("app").create_counter("a.metric").add(1)
    telemetry.flush(10)
    records: list[Any] = [*started.spans, *started.logs, *started.metrics]
    assert len(records) >= 3
    for record in records:
        resource = record.resource
        if by == "nobody":
            assert resource["service.name"]
            assert "deployment.environment.name" not in resource
            assert resource["environment"] == "unknown"
        else:
            assert [resource[name] for name in ("service", "environment", "application_version")] == [
                "shop",
                "production",
                "1.2.3",
            ]
            assert [resource[name] for name in ("service.name", "deployment.environment.name", "service.version")] == [
                "shop",
                "production",
                "1.2.3",
            ]
        assert resource["session.id"] == telemetry.field.identity.session
        assert resource["app.installation.id"]


@pytest.mark.requirement("CL-22")
def test_export_is_switched_while_running(started: Receiver) -> None:
    telemetry = andiron.configure()
    andiron.enable(False)
    logfire.info("kept")
    andiron.flush(1)
    assert started.requests == []
    assert andiron.report()["spool"]["records"] >= 1
    andiron.enable(True)
    assert telemetry.flush(10)
    assert "kept" in [span.name for span in started.spans]


def test_what_is_known_of_the_network_is_believed(started: Receiver) -> None:
    andiron.configure()
    andiron.set_online(False)
    logfire.info("kept")
    andiron.flush(1)
    assert started.requests == []
    andiron.set_online(True)
    assert andiron.flush(10)
    assert "kept" in [span.name for span in started.spans]
    assert "network_changed" in [log.event_name for log in started.logs]


@pytest.mark.requirement("CL-14")
def test_a_user_is_on_every_record_from_then_on(started: Receiver) -> None:
    telemetry = andiron.configure()
    logfire.info("before")
    andiron.set_user("u-1")
    logfire.info("after")
    logging.getLogger("app").warning("and logs")
    telemetry.flush(10)
    assert {span.name: span.attributes.get("user.id") for span in started.spans} == {"before": None, "after": "u-1"}
    assert [log.attributes["user.id"] for log in started.logs if log.body == "and logs"] == ["u-1"]


@pytest.mark.requirement("CL-14")
def test_the_session_begins_and_ends(started: Receiver) -> None:
    telemetry = andiron.configure(session=True)
    telemetry.close(10)
    assert [log.event_name for log in started.logs if str(log.event_name).startswith("session")] == [
        "session.start",
        "session.end",
    ]


@pytest.mark.requirement("CL-17")
def test_an_error_takes_its_breadcrumbs_along(started: Receiver) -> None:
    telemetry = andiron.configure()
    andiron.breadcrumb("ui", "pressed save", form="order")
    logging.getLogger("app").error("it broke")
    telemetry.flush(10)
    [log] = [log for log in started.logs if log.body == "it broke"]
    assert "pressed save" in str(log.attributes["breadcrumbs"])


def test_the_exporters_of_others_are_not_asked_to_send_the_same_again(
    started: Receiver, andiron_env: Environment
) -> None:
    andiron_env(ANDIRON_URL=None, OTEL_EXPORTER_OTLP_ENDPOINT=started.url)
    telemetry = andiron.configure()
    logfire.info("once")
    assert telemetry.flush(10)
    assert [
        request.signal
        for request in started.requests
        if request.signal == "traces" and any(span.name == "once" for span in request.records)
    ] == ["traces"]
    assert os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] == started.url


@pytest.mark.requirement("CL-09")
def test_without_a_server_records_wait_for_the_next_run(
    tmp_path: Path, otlp_server: Receiver, andiron_env: Environment
) -> None:
    otlp_server.offline()
    andiron_env(ANDIRON_URL=otlp_server.url, ANDIRON_EXPORT="true", ANDIRON_SPOOL=str(tmp_path))
    andiron.configure(service="shop").flush(0)
    logfire.info("from the first run")
    andiron.configure(service="shop").flush(0)  # what was there before is closed first
    assert otlp_server.spans == []
    otlp_server.online()
    configuration.reset(5)
    assert andiron.configure(service="shop").flush(20)
    configuration.reset(5)
    assert [span.name for span in otlp_server.spans] == ["from the first run"]


def test_a_folder_that_cannot_be_written_costs_a_line_and_not_the_start(
    tmp_path: Path, started: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("in the way")
    telemetry = andiron.configure(spool=tmp_path / "file")
    assert "memory only" in caplog.text
    logfire.info("sent all the same")
    assert telemetry.flush(10)
    assert "sent all the same" in [span.name for span in started.spans]


@pytest.mark.requirement("CL-07")
def test_a_refused_token_is_told_and_the_next_one_sends_all(
    started: Receiver, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    started.answer = lambda request: (
        Answer.OK if request.headers.get("authorization") == "good" else Answer.UNAUTHORIZED
    )
    telemetry = andiron.configure(token="bad", spool=tmp_path)
    logfire.info("waits")
    telemetry.flush(10)
    assert "answered 401" in capsys.readouterr().err
    assert started.spans == []
    telemetry.set_token("good")
    assert telemetry.flush(10)
    assert "waits" in [span.name for span in started.spans]


def test_an_exporter_of_ones_own(tmp_path: Path) -> None:
    class Mine:
        def __init__(self) -> None:
            self.records = 0

        def export(self, payload: Batch) -> ExportResult:
            self.records += payload.records
            return ExportResult.success

        def shutdown(self) -> None:
            pass

    mine = Mine()
    telemetry = andiron.configure(exporter=mine, export=True, spool=tmp_path)
    logfire.info("hello")
    telemetry.flush(10)
    assert mine.records >= 1


def test_disabled_makes_nothing_and_breaks_nothing(started: Receiver) -> None:
    telemetry = andiron.configure(disabled=True)
    with logfire.span("nothing"):
        logging.getLogger("app").error("nothing")
    metrics.get_meter("app").create_counter("nothing").add(1)
    telemetry.flush(1)
    assert delivery.active is None
    telemetry.close(1)
    assert started.requests == []


def test_only_a_wrong_argument_raises() -> None:
    with pytest.raises(ConfigurationError, match="queue_size"):
        andiron.configure(queue_size="many")
    assert configuration.current is None


@pytest.mark.requirement("LF-04")
def test_a_logger_without_a_service_name_has_the_documented_one(started: Receiver) -> None:
    logger = andiron.configure_logger("")
    logger.info("hello")
    assert andiron.flush(10)
    assert "hello" in [span.name for span in started.spans]
    assert started.spans[0].resource["service.name"]


@pytest.mark.requirement("LF-04")
def test_a_logger_without_a_token_writes_locally_and_warns_once(
    andiron_env: Environment, capsys: pytest.CaptureFixture[str]
) -> None:
    andiron_env(ANDIRON_CONSOLE=None)
    with pytest.warns(UserWarning, match="No token is set for https://telemetry.example") as warned:
        logger = andiron.configure_logger("shop", url="https://telemetry.example")
    assert len(warned) == 1
    logger.info("on the terminal")
    assert "on the terminal" in capsys.readouterr().out


@pytest.mark.requirement("LF-04")
def test_a_failure_within_logfire_stops_nobody(started: Receiver, tmp_path: Path) -> None:
    program = """
import logfire
def fail(**_):
    raise RuntimeError("a bad day")
logfire.configure = fail
import andiron
with andiron.configure_logger("shop").span("into the void"):
    print("goes on")
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"ANDIRON_STATE": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "goes on\n")
    assert "Logfire could not be configured" in done.stderr
    assert "a bad day" in done.stderr
    assert started.spans == []


@pytest.mark.requirement("LF-04")
def test_a_wrong_setting_of_a_logger_stops_nobody() -> None:
    with pytest.warns(UserWarning, match="Telemetry could not be configured.*queue_size"):
        logger = andiron.configure_logger("shop", queue_size=-1)
    logger.info("nowhere")


def test_rules_of_ones_own_and_rules_that_are_broken(tmp_path: Path, started: Receiver) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text('keys = ["badge"]\n[patterns]\nticket = "TKT-[0-9]{6}"\n')
    telemetry = andiron.configure(redaction=str(rules))
    logfire.info("about TKT-123456", badge="B7")
    telemetry.flush(10)
    [span] = started.spans
    assert "TKT-123456" not in str(span)
    assert "B7" not in str(span.attributes)
    rules.write_text("[[[")
    with pytest.warns(UserWarning, match="only the built-in ones hold"):
        andiron.configure(redaction=str(rules))


@pytest.mark.requirement("CL-25")
def test_what_became_of_the_records_is_told_as_metrics(started: Receiver) -> None:
    telemetry = andiron.configure(level="info")
    logging.getLogger("app").error("one")
    trace.get_tracer("app").start_span("quiet", attributes={"logfire.level_num": 5}).end()  # below the level
    telemetry.flush(10)
    telemetry.flush(10)
    told: dict[str, list[tuple[dict[str, Any], Any]]] = {}
    for metric in started.metrics:
        told.setdefault(metric.name, []).extend(metric.points)
    assert ({"reason": "sampled", "level": "debug"}, 1) in told["andiron.client.dropped"]
    assert any(about == {"outcome": "sent"} and count >= 2 for about, count in told["andiron.client.records"])
    assert told["andiron.client.spool"]
