"""`andiron serve` as an operator meets it: what it says, what it refuses, how it is guarded beyond loopback."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from andiron.cli.serve import welcome
from andiron.server.settings import Settings, host_and_port
from bench.server import Server, free_port
from bench.telemetry import Telemetry


def andiron(*arguments: str, data: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "andiron", *arguments],
        env=os.environ | {"ANDIRON_DATA": str(data), "COLUMNS": "200", **settings},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=data.parent,
    )


@pytest.mark.requirement("AN-01")
@pytest.mark.slow
def test_it_says_where_it_listens_and_what_to_paste(tmp_path: Path) -> None:
    with Server(tmp_path / "data", grpc=True) as server:
        server.get("/healthz")
        url = f"http://127.0.0.1:{server.port}"
    said = server.log.read_text()
    assert url in said
    assert f"127.0.0.1:{server.grpc_port}" in said
    assert str(tmp_path / "data") in said
    assert f"base_url='{url}'" in said
    assert f"OTEL_EXPORTER_OTLP_ENDPOINT={url}" in said
    assert f"export ANDIRON_URL={url}\n" in said
    assert f"andiron sql --url {url} " in said


@pytest.mark.requirement("AN-09")
@pytest.mark.slow
def test_beyond_loopback_it_does_not_start_without_a_token(tmp_path: Path) -> None:
    result = andiron("serve", "--http", f"0.0.0.0:{free_port()}", "--grpc", "off", data=tmp_path / "data")
    assert result.returncode == 1
    assert "andiron tokens create" in result.stderr


@pytest.mark.requirement("AN-09")
def test_beyond_loopback_every_door_asks_for_a_token_of_the_right_scope(tmp_path: Path) -> None:
    data = tmp_path / "data"
    tokens = {
        scope: json.loads(andiron("tokens", "create", "--scope", scope, "--json", data=data).stdout)["token"]
        for scope in ("write", "read")
    }
    body = Telemetry().traces(8)
    query = json.dumps({"sql": "SELECT count(*) AS n FROM records"}).encode()
    protobuf = {"content_type": "application/x-protobuf"}
    with Server(data, address="0.0.0.0") as server:
        assert server.post("/v1/traces", body, **protobuf)[0] == 401
        assert server.post("/v1/traces", body, authorization=tokens["read"], **protobuf)[0] == 403
        assert server.post("/v1/traces", body, authorization=f"Bearer {tokens['write']}", **protobuf)[0] == 200
        assert server.post("/v2/query", query, content_type="application/json")[0] == 401
        assert server.post("/v2/query", query, content_type="application/json", authorization=tokens["write"])[0] == 403
        status, answer = server.post(
            "/v2/query", query, content_type="application/json", accept="application/json", authorization=tokens["read"]
        )
        assert status == 200, answer
        with pytest.raises(OSError, match="401"):
            server.get("/metrics")
        server.get("/healthz")
        server.get("/readyz")
    assert not any(token in server.log.read_text() for token in tokens.values())


@pytest.mark.requirement("AN-09")
@pytest.mark.slow
def test_projects_are_kept_apart_and_a_deleted_one_is_dropped(tmp_path: Path) -> None:
    data = tmp_path / "data"
    token = {}
    for project in ("red", "blue"):
        assert andiron("projects", "create", project, data=data).returncode == 0
        created = andiron("tokens", "create", "--project", project, "--scope", "admin", "--json", data=data)
        token[project] = json.loads(created.stdout)["token"]
    with Server(data) as server:
        sent = server.post(
            "/v1/traces", Telemetry().traces(8), content_type="application/x-protobuf", authorization=token["red"]
        )
        assert sent[0] == 200
        server.until_loaded(8)

        def count(sql: str, project: str) -> tuple[int, bytes]:
            body = json.dumps({"sql": sql}).encode()
            return server.post(
                "/v2/query",
                body,
                content_type="application/json",
                accept="application/json",
                authorization=token[project],
            )

        for project, seen in (("red", 8), ("blue", 0)):
            status, answer = count("SELECT count(*) AS n FROM records WHERE kind = 'span'", project)
            assert status == 200, answer
            assert json.loads(answer)["data"] == [{"n": seen}]
        assert count("SELECT count(*) FROM andiron_red.otel_traces", "blue")[0] in (400, 422)
        assert andiron("projects", "delete", "red", "--yes", data=data).returncode == 0
        server.until(lambda: count("SELECT 1", "red")[0] == 401)
        server.until(lambda: not (data / "store/data/andiron_red").exists())


def test_a_wrong_setting_is_named(tmp_path: Path) -> None:
    result = andiron("serve", data=tmp_path / "data", ANDIRON_RETENTION_LOGS="soon")
    assert result.returncode == 1
    assert "ANDIRON_RETENTION_LOGS" in result.stderr
    assert "30d" in result.stderr


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("14400", ("127.0.0.1", 14400)),
        (":4318", ("0.0.0.0", 4318)),
        ("[::1]:4318", ("::1", 4318)),
        ("logs:80", ("logs", 80)),
    ],
)
def test_an_address_may_be_a_bare_port(given: str, meant: tuple[str, int]) -> None:
    settings = Settings(_env_file=None, http=given, grpc=given)
    assert host_and_port(settings.http) == host_and_port(settings.grpc) == host_and_port(given) == meant
    assert settings.grpc[-1].isdigit()
    assert ":" in settings.grpc[1:]
    assert settings.loopback == (meant[0] in {"127.0.0.1", "::1"})


def test_what_is_no_address_is_named(tmp_path: Path) -> None:
    result = andiron("serve", "--http", "localhost", data=tmp_path / "data")
    assert result.returncode == 1
    assert "'localhost' is no address; write host:port, as in 127.0.0.1:4318" in result.stderr


@pytest.mark.requirement("AN-07")
@pytest.mark.parametrize(
    ("prefix", "kept"),
    [("", ""), ("/", ""), ("/andiron", "/andiron"), ("/andiron/", "/andiron"), ("/a/b_c.d~1", "/a/b_c.d~1")],
)
def test_a_prefix_is_kept_without_its_last_slash(prefix: str, kept: str) -> None:
    assert Settings(_env_file=None, prefix=prefix).prefix == kept


@pytest.mark.requirement("AN-07")
@pytest.mark.parametrize(
    "prefix", ["andiron", "//evil.example", "/a//b", "/a b", "/a?b", "/a/../b", "/..", "https://a.b/c"]
)
def test_what_is_no_prefix_is_named(prefix: str) -> None:
    with pytest.raises(ValidationError, match="is no path; write it as the browser shows it, as in /andiron"):
        Settings(_env_file=None, prefix=prefix)


@pytest.mark.requirement("AN-07")
@pytest.mark.parametrize(
    ("given", "lines"),
    [
        ({}, ["Open  [bold]http://127.0.0.1:4318/[/]   live records"]),
        ({"http": "[::1]:14400"}, ["Open  [bold]http://[::1]:14400/[/]"]),
        ({"http": "0.0.0.0:4318"}, ["Open  [bold]http://127.0.0.1:4318/[/]", "asks for a token that may read"]),
        (
            {"prefix": "/andiron", "allowed_hosts": ["a.b"]},
            ["Open  [bold]http://127.0.0.1:4318/andiron/[/]", "asks for a token"],
        ),
    ],
)
def test_the_first_thing_it_says_is_where_the_pages_are(given: dict[str, Any], lines: list[str]) -> None:
    said = [line for line in welcome(Settings(_env_file=None, **given)).splitlines() if line.strip()]
    for line in lines:
        assert line in said[1]


@pytest.mark.requirement("AN-11")
@pytest.mark.slow
def test_it_counts_what_passes_each_stage(tmp_path: Path) -> None:
    with Server(tmp_path / "data") as server:
        assert server.post("/v1/traces", Telemetry().traces(8), content_type="application/x-protobuf")[0] == 200
        assert server.post("/v1/traces", b"\xff", content_type="application/x-protobuf")[0] == 400
        server.until_loaded(8)
        assert server.metric("andiron_ingest_acknowledged_records_total") == 8
        assert server.metric("andiron_ingest_requests_total") == 2
        server.until(lambda: server.metric("andiron_journal_backlog_bytes") == 0)
        server.sql("SELECT 1")
        assert server.metric("andiron_query_seconds_count") == 1
        assert json.loads(server.get("/readyz")) == {"status": "ready"}
