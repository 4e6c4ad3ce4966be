"""The application on each of its databases, running, with what it records."""

import asyncio
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import create_async_engine
from starlette.testclient import TestClient

from andiron.testing import Capture
from control_center.database import postgresql
from control_center.main import create_app
from control_center.models import Base
from control_center.settings import Settings


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The address of a PostgreSQL that lives as long as the run."""
    # Outside pytest's folders, which are closed to the user that PostgreSQL runs as; short, for it holds a socket.
    folder = Path(tempfile.mkdtemp(prefix="control-center-", dir="/tmp"))
    with asyncio.Runner() as runner:
        running = postgresql(folder)
        try:
            yield runner.run(running.__aenter__()).render_as_string(hide_password=False)
        finally:
            runner.run(running.__aexit__(None, None, None))
            shutil.rmtree(folder, ignore_errors=True)


async def emptied(url: str) -> str:
    """The database without the application's tables. A new database for each test would take seconds to write to disk."""
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.drop_all)
    await engine.dispose()
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database, in each of the two."""
    if request.param == "postgresql":
        return asyncio.run(emptied(request.getfixturevalue("server")))
    return f"sqlite+aiosqlite:///{tmp_path}/control-center.db"


@pytest.fixture
def client(capture: Capture, database: str) -> Iterator[TestClient]:  # noqa: ARG001 - asked for its effect
    """The running application, with faults switched on."""
    with TestClient(create_app(Settings(database, faults=True)), raise_server_exceptions=False) as running:
        yield running
