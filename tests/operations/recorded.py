"""What the reference application sends while it is used for a moment, in a store: what the guides' queries are asked of."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from andiron.server.ingest.signals import LOGS, METRICS, TRACES
from andiron.server.store.embedded import EmbeddedEngine
from andiron.server.store.schema import Schema
from andiron.testing import Receiver, reset
from andiron.testing.plugin import LISTENS_TO, QUIET
from tests.ingest.tables import Tables

EXAMPLE = Path(__file__).parents[2] / "examples" / "control_center"
SIGNALS = {"traces": TRACES, "logs": LOGS, "metrics": METRICS}


@contextmanager
def recording(folder: Path) -> Iterator[Receiver]:
    """A server that takes what an application of a clean process sends."""
    reset()
    with pytest.MonkeyPatch.context() as patch, Receiver() as receiver:
        for name in [name for name in os.environ if name.startswith(LISTENS_TO)]:
            patch.delenv(name)
        for name, value in {**QUIET, "ANDIRON_EXPORT": "true", "ANDIRON_URL": receiver.url}.items():
            patch.setenv(name, value)
        patch.setenv("ANDIRON_STATE", str(folder / "state"))
        patch.syspath_prepend(str(EXAMPLE))
        try:
            yield receiver
        finally:
            reset()


def use_the_application(folder: Path) -> None:
    """Everything that it does: what it takes, what it refuses, and a failure."""
    from control_center.main import create_app
    from control_center.settings import Settings

    app = create_app(Settings(database=f"sqlite+aiosqlite:///{folder / 'resources.db'}", faults=True))
    with TestClient(app, raise_server_exceptions=False) as client:
        for name, needs in {"host": [], "database": ["host"], "service": ["host", "database"]}.items():
            made = client.post("/resources", json={"id": name, "name": name, "kind": name, "depends_on": needs})
            assert made.status_code == 201, made.text
        assert client.get("/resources/service").status_code == 200
        assert client.get("/resources/search", params={"q": "e"}).status_code == 200
        assert client.patch("/resources/service", json={"name": "the service"}).status_code == 200
        # A no of each kind.
        assert client.post("/resources", json={"name": "", "kind": "host"}).status_code == 422
        assert client.get("/resources/nothing").status_code == 404
        assert client.patch("/resources/host", json={"depends_on": ["service"]}).status_code == 409
        assert client.delete("/resources/host").status_code == 409
        for fault in ("crash", "database"):
            answer = client.get("/resources/database", headers={"X-Fault": fault})
            assert answer.status_code >= 500, answer.text
        assert client.delete("/resources/host", params={"cascade": "true"}).status_code == 200


def stored(receiver: Receiver, engine: EmbeddedEngine, name: str, folder: Path) -> str:
    """A database that holds what was received."""
    Schema(engine).ensure(name)
    tables = Tables(engine, name, folder)
    for signal, kind in SIGNALS.items():
        bodies = [request.payload for request in receiver.taken if request.signal == signal]
        assert bodies, signal
        tables.send(kind, bodies)
    return name
