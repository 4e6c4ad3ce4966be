"""The quarantine over HTTP: seen by those it concerns, tried again, kept, forgotten."""

import pytest

from andiron.server.ingest.quarantine import Refused
from andiron.server.store.embedded import EmbeddedEngine
from bench.telemetry import Telemetry
from tests.ingest.tables import Tables
from tests.manage.conftest import Office

pytestmark = [pytest.mark.requirement("AN-02"), pytest.mark.requirement("AN-07")]


def refused(office: Office, body: bytes, token: str, *, database: str | None = None, signal: str = "traces") -> Refused:
    return office.governed.quarantine.put(
        body, signal=signal, database=office.database if database is None else database, records=8,
        received=1_790_000_000_000, reason="no luck", nested=False, token=token,
    )  # fmt: skip


def test_a_second_try_stores_what_can_be_stored(
    office: Office, engine: EmbeddedEngine, tmp_path_factory: pytest.TempPathFactory
) -> None:
    good, bad = refused(office, Telemetry().traces(8), "good"), refused(office, b"\xff\xff\xff", "bad")
    http = office.client()
    entries = http.get("/pages/api/quarantine").json()["entries"]
    assert {entry["id"] for entry in entries} == {good.id, bad.id}
    assert entries[0] | {"id": ""} == {
        "id": "", "signal": "traces", "database": office.database, "records": 8,
        "received": "2026-09-21T14:13:20.000000Z", "bytes": entries[0]["bytes"], "reason": "no luck",
    }  # fmt: skip
    assert http.post(f"/pages/api/quarantine/{good.id}/retry").json() == {"loaded": True, "reason": None}
    assert Tables(engine, office.database, tmp_path_factory.mktemp("tables")).count("otel_traces") == 8
    still = http.post(f"/pages/api/quarantine/{bad.id}/retry").json()
    assert still["loaded"] is False
    assert still["reason"]
    body = http.get(f"/pages/api/quarantine/{bad.id}/body")
    assert body.content == b"\xff\xff\xff"
    assert body.headers["content-disposition"] == f'attachment; filename="{bad.id}-traces.binpb"'
    assert http.delete(f"/pages/api/quarantine/{bad.id}").status_code == 204
    assert http.get("/pages/api/quarantine").json() == {"entries": []}
    assert http.post(f"/pages/api/quarantine/{bad.id}/retry").status_code == 404


def test_a_project_sees_its_own_and_the_operator_what_belongs_to_nobody(office: Office) -> None:
    office.governed.projects.create("shop")
    own = refused(office, b"1", "own", database=f"{office.database}_shop")
    default, unknown = refused(office, b"2", "default"), refused(office, b"3", "unknown", database="", signal="unknown")
    shop, operator = office.client("shop"), office.client()

    def seen(http: object) -> set[str]:
        return {entry["id"] for entry in http.get("/pages/api/quarantine").json()["entries"]}  # type: ignore[attr-defined]

    assert seen(shop) == {own.id}
    assert seen(operator) == {default.id, unknown.id}
    for method, path in (("POST", "/retry"), ("GET", "/body"), ("DELETE", "")):
        assert shop.request(method, f"/pages/api/quarantine/{default.id}{path}").status_code == 404
    assert operator.post(f"/pages/api/quarantine/{unknown.id}/retry").json() == {
        "loaded": False, "reason": "It was damaged on disk, so its signal is unknown.",
    }  # fmt: skip
    assert shop.get("/pages/api/health").json()["quarantine"] == {"entries": 1, "bytes": 1}
    assert operator.get("/pages/api/health").json()["quarantine"] == {"entries": 2, "bytes": 2}
