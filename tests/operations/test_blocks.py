"""Blocks that are entered in one place and left in another: around a `yield`, in a dependency, in many tasks at once."""

from collections.abc import Generator, Iterator
from typing import Annotated

import pytest
from fastapi import Depends, FastAPI
from opentelemetry import trace
from starlette.testclient import TestClient

from andiron.sdk.operations import current_operation, operation
from andiron.sdk.operations.running import NOTHING
from tests.operations.observed import Observed

pytestmark = pytest.mark.requirement("OB-05")


def test_a_block_around_a_yield_within_an_operation(observed: Observed) -> None:
    @operation("export")
    def export() -> Iterator[str]:
        for page in ("a", "b"):
            with operation("export.page"):
                yield page
                with operation("export.page.written"):
                    pass

    with operation("download"):
        for _ in export():
            with operation("send"):
                pass
    written, page = ("export.page.written", "success"), ("export.page", "success")
    sent = ("send", "success")
    assert observed.outcomes == [
        sent,
        written,
        page,
        sent,
        written,
        page,
        ("export", "success"),
        ("download", "success"),
    ]
    assert observed.parents["send"] == "download"
    assert observed.parents["export.page"] == "export"
    assert observed.parents["export.page.written"] == "export.page"


def test_blocks_that_cross_leave_nothing_behind(observed: Observed) -> None:
    def pieces() -> Generator[int, None, None]:
        with operation("pieces"):
            yield 1

    running = pieces()
    next(running)
    with operation("other"):
        running.close()
    assert sorted(observed.outcomes) == [("other", "success"), ("pieces", "cancelled")]
    assert current_operation() is NOTHING
    assert not trace.get_current_span().get_span_context().is_valid


def test_a_dependency_is_a_block(observed: Observed) -> None:
    def connection() -> Iterator[str]:
        with operation("connection"):
            yield "open"

    app = FastAPI()

    @app.get("/")
    def read(connection: Annotated[str, Depends(connection)]) -> str:
        with operation("read"):
            return connection

    with TestClient(app) as client:
        assert client.get("/").json() == "open"
    assert sorted(observed.outcomes) == [("connection", "success"), ("read", "success")]


def test_lists_among_the_attributes_are_whole_however_often(observed: Observed) -> None:
    @operation("tag", arguments=("tags",))
    def tag(tags: list[str]) -> None:
        pass

    for _ in range(3000):
        tag(["a", "b"])
    assert list(observed.spans[-1].attributes["tags"]) == ["a", "b"]
