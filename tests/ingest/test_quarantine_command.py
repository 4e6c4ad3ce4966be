"""`andiron quarantine`: what the store refused can be seen, sent again, forgotten."""

import json
from pathlib import Path

import pytest

from andiron.server.ingest.quarantine import Quarantine
from bench.server import Server
from bench.telemetry import Telemetry
from tests.test_serve import andiron


@pytest.mark.requirement("AN-02")
def test_a_refused_request_is_listed_shown_and_stored_on_a_second_try(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with Server(data):
        pass
    quarantine = Quarantine(data / "quarantine")
    known = {"database": "andiron", "received": 1_790_000_000_000, "nested": False}
    good = quarantine.put(Telemetry().traces(8), signal="traces", records=8, reason="no luck", token="good", **known)  # type: ignore[arg-type]
    bad = quarantine.put(b"\xff\xff\xff", signal="traces", records=1, reason="corrupt", token="bad", **known)  # type: ignore[arg-type]
    again = quarantine.put(b"\xff\xff\xff", signal="traces", records=1, reason="corrupt", token="bad", **known)  # type: ignore[arg-type]
    assert again == bad, "the same token is the same entry"

    listed = json.loads(andiron("quarantine", "list", "--json", data=data).stdout)
    assert {entry["id"]: entry["reason"] for entry in listed} == {good.id: "no luck", bad.id: "corrupt"}
    assert '"traceId"' in andiron("quarantine", "show", good.id, data=data).stdout
    assert "no OTLP request" in andiron("quarantine", "show", bad.id, data=data).stdout

    retried = andiron("quarantine", "retry", "--all", data=data)
    assert retried.returncode == 1
    assert f"{good.id}: 8 records stored" in retried.stdout
    assert f"{bad.id}: still refused" in retried.stderr
    assert [entry.id for entry in quarantine.all()] == [bad.id]
    assert andiron("quarantine", "remove", bad.id, data=data).returncode == 0
    assert quarantine.all() == []
    with Server(data) as server:
        assert server.sql("SELECT count() AS n FROM otel_traces") == [{"n": 8}]


def test_an_unknown_entry_is_a_plain_error(tmp_path: Path) -> None:
    result = andiron("quarantine", "show", "abc", data=tmp_path / "data")
    assert result.returncode == 2
    assert "andiron quarantine list" in result.stderr
