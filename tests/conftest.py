"""What every folder of tests may ask for: one embedded store for the whole run, and databases in it."""

import os
from collections.abc import Callable, Iterator
from itertools import count

import pytest
from hypothesis import HealthCheck, settings

from andiron.server.store.embedded import EmbeddedEngine
from andiron.server.store.schema import Schema

# The same examples at every run, so that a red run is red for everybody; `HYPOTHESIS_PROFILE=thorough` goes looking for new ones.
settings.register_profile(
    "default",
    derandomize=True,
    deadline=None,
    max_examples=50,
    # Where a machine is slow, that is not the test's fault.
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.register_profile("thorough", settings.get_profile("default"), derandomize=False, max_examples=400)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedEngine]:
    """The embedded store. chDB permits one data path a process, so every test of a worker shares this one."""
    opened = EmbeddedEngine(tmp_path_factory.mktemp("store"))
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def new_database(engine: EmbeddedEngine) -> Iterator[Callable[[], str]]:
    """Gives the name of a database that nobody has; it is dropped at the end, if it was made."""
    numbers = count(1)
    given: list[str] = []

    def name() -> str:
        given.append(f"test_{next(numbers)}")
        return given[-1]

    yield name
    for each in given:
        engine.command(f"DROP DATABASE IF EXISTS {each} SYNC")


@pytest.fixture
def database(engine: EmbeddedEngine, new_database: Callable[[], str]) -> str:
    """A database with the whole schema and nothing in it, for this test alone."""
    name = new_database()
    Schema(engine).ensure(name)
    return name
