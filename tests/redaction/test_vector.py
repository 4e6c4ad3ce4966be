"""What ships for Vector: its configuration, and the way of a record through its program to a real server."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from google.protobuf.json_format import MessageToDict, ParseDict

from bench.server import Server
from tests.redaction.engines import transform
from tests.redaction.requests import HIDDEN, requests

pytestmark = pytest.mark.requirement("LF-07")

FOLDER = Path(__file__).parents[2] / "deploy" / "vector"


def test_configuration() -> None:
    """Each signal goes from the source through the program to the address of its own kind, and nothing goes around it."""
    config: dict[str, Any] = yaml.safe_load((FOLDER / "vector.yaml").read_text())
    assert config["sources"]["otlp"]["use_otlp_decoding"] is True
    assert {"grpc", "http"} <= set(config["sources"]["otlp"])
    for signal in ("traces", "logs", "metrics"):
        program = config["transforms"][f"redacted_{signal}"]
        assert program["inputs"] == [f"otlp.{signal}"]
        assert (FOLDER / Path(program["file"]).name).exists()
        assert program["drop_on_error"] is True
        sink = config["sinks"][f"andiron_{signal}"]
        assert sink["inputs"] == [f"redacted_{signal}"]
        assert sink["buffer"] == {"type": "disk", "max_size": 2**30, "when_full": "block"}
        assert sink["protocol"]["uri"] == f"${{ANDIRON_URL}}/v1/{signal}"
        assert sink["protocol"]["encoding"] == {"codec": "otlp"}
        assert sink["protocol"]["request"]["headers"]["Authorization"] == "Bearer ${ANDIRON_TOKEN}"
    assert set(config["sinks"]) == {"andiron_traces", "andiron_logs", "andiron_metrics"}


def test_records_arrive_without_secrets(tmp_path: Path) -> None:
    service = "through-vector"
    with Server(tmp_path / "data") as server:
        for signal, message in requests(service).items():
            event = MessageToDict(message, use_integers_for_enums=True)
            redacted = ParseDict(transform().remap(event), type(message)())
            status, answer = server.post(
                f"/v1/{signal}", redacted.SerializeToString(), content_type="application/x-protobuf"
            )
            assert status == 200, answer
        server.until_loaded(5)
        [span] = server.sql("SELECT * FROM otel_traces")
        logs = server.sql("SELECT * FROM otel_logs")
        metrics = server.sql("SELECT MetricName, Attributes, ResourceAttributes FROM otel_metrics_sum")
    assert span["SpanName"] == "mail to [redacted:email]"
    assert span["SpanAttributes"]["server.address"] == "10.1.1.1"
    assert len(logs) == 2
    assert metrics[0]["Attributes"] == {"mail": "[redacted:email]", "user.password": "[redacted:secret]"}
    everything = f"{span}{logs}{metrics}"
    assert [each for each in HIDDEN if each in everything] == []
