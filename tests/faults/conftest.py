"""A server that misbehaves and an application that must not."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from andiron.testing.receiver import Receiver
from tests.faults.application import Application


@pytest.fixture
def server() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def app(server: Receiver, tmp_path: Path) -> Iterator[Application]:
    application = Application(tmp_path, server.url)
    yield application
    application.end()
