"""`andiron quarantine`: what the store refused can be seen, sent again, forgotten."""

import json
from pathlib import Path

import pytest

from andiron.server.ingest.quarantine import Quarantine
from bench.server import Server
from bench.telemetry import Telemetry
from tests.test_serve import andiron


@pytest.mark.requirement("AN-02")
@pytest.mark.slow
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


def length_delimited(number: int, payload: bytes) -> bytes:
    return bytes([number << 3 | 2, len(payload)]) + payload


@pytest.mark.slow
def test_what_only_protobuf_forgives_is_rewritten_and_taken_by_a_running_server(tmp_path: Path) -> None:
    data = tmp_path / "data"
    # An attribute with two values: in Protobuf the last one counts, and ClickHouse refuses.
    twice = length_delimited(1, b"key") + length_delimited(2, length_delimited(1, b"text") + b"\x18\x07")
    span = length_delimited(5, b"odd") + length_delimited(9, twice)
    body = length_delimited(1, length_delimited(2, length_delimited(2, span)))
    with Server(data) as server:
        assert server.post("/v1/traces", body, content_type="application/x-protobuf")[0] == 200
        server.until(lambda: server.metric("andiron_quarantined_records_total") == 1)
        (refused,) = json.loads(andiron("quarantine", "list", "--json", data=data).stdout)
        assert "more than one value" in refused["reason"]
        assert andiron("quarantine", "show", refused["id"], "--raw", data=data).stdout == body.decode()
        url = f"http://127.0.0.1:{server.port}"
        retried = andiron("quarantine", "retry", refused["id"][:20], "--url", url, data=data)
        assert retried.stdout == f"{refused['id']}: 1 records stored\n", retried.stderr
        server.until_loaded(1)
        assert server.sql("SELECT SpanName, SpanAttributes['key'] AS v FROM otel_traces") == [
            {"SpanName": "odd", "v": "7"}
        ]
    assert andiron("quarantine", "list", data=data).stdout == "Nothing is in quarantine.\n"


def test_a_retry_says_what_it_needs(tmp_path: Path) -> None:
    data = tmp_path / "data"
    for words in ((), ("abc", "--all")):
        result = andiron("quarantine", "retry", *words, data=data)
        assert result.returncode == 2
        assert "name one entry, or say --all" in " ".join(result.stderr.split())
    with Server(data) as server:
        kept = Quarantine(data / "quarantine").put(
            b"", signal="logs", database="andiron", records=1, received=0, reason="", nested=False, token="one"
        )
        busy = andiron("quarantine", "retry", "--all", data=data)
        assert busy.returncode == 1
        assert "Another process is using the store" in busy.stderr
        away = andiron("quarantine", "retry", "--all", "--url", f"http://127.0.0.1:{server.port}/nothing", data=data)
        assert away.returncode == 1
        assert f"{kept.id}: still refused: the server answered 404" in away.stderr
    assert [entry.id for entry in Quarantine(data / "quarantine").all()] == [kept.id]
