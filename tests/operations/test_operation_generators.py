"""Operations that are generators: they run in pieces, talk with their callers, and may be left in the midst."""

import asyncio
import functools
from collections.abc import AsyncGenerator, AsyncIterator, Generator

import pytest

from andiron.sdk.operations import current_operation, operation
from tests.operations.observed import Observed
from tests.operations.stories import Broken, Refused

pytestmark = pytest.mark.requirement("OB-05")


@operation("counting")
def counting() -> Generator[int, str, str]:
    """Gives numbers, takes words, and can be told to go on after an error."""
    said = []
    try:
        for number in range(3):
            try:
                said.append((yield number))
            except Refused:
                said.append("refused")
    finally:
        with operation("cleaning"):
            pass
    return ",".join(said)


def test_a_generator_talks_with_its_caller(observed: Observed) -> None:
    running = counting()
    assert observed.outcomes == []
    assert (next(running), running.send("a"), running.throw(Refused("no"))) == (0, 1, 2)
    with pytest.raises(StopIteration) as end:
        running.send("b")
    assert end.value.value == "a,refused,b"
    assert observed.outcomes == [("cleaning", "success"), ("counting", "success")]
    assert observed.parents["cleaning"] == "counting"


def test_a_generator_that_is_thrown_at_fails(observed: Observed) -> None:
    running = counting()
    next(running)
    with pytest.raises(Broken):
        running.throw(Broken("disk"))
    assert observed.outcomes == [("cleaning", "success"), ("counting", "failure")]
    assert list(running) == []


def test_a_generator_that_is_left_is_cancelled_and_cleans_up(observed: Observed) -> None:
    for _ in counting():
        break
    running = counting()
    next(running)
    running.close()
    assert observed.outcomes == [("cleaning", "success"), ("counting", "cancelled")] * 2
    assert observed.parents["cleaning"] == "counting"


def test_who_takes_pieces_of_a_generator_is_not_within_it(observed: Observed) -> None:
    async def pieces(name: str) -> AsyncGenerator[str]:
        for number in range(2):
            with operation(f"{name}.part"):
                yield_ = f"{name}{number}"
            yield yield_

    streams = [operation(name)(functools.partial(pieces, name)) for name in ("first", "second")]

    @operation("reading")
    async def reading() -> list[str]:
        read = []
        first, second = (stream() for stream in streams)
        with operation("taking") as taking:
            async for piece in first:
                assert current_operation() is taking
                with operation("between"):
                    read += [piece, await anext(second)]
        await second.aclose()
        return read

    assert asyncio.run(reading()) == ["first0", "second0", "first1", "second1"]
    assert observed.parents == {
        "first.part": "first",
        "first": "taking",
        "second.part": "second",
        "second": "between",
        "between": "taking",
        "taking": "reading",
        "reading": "",
    }
    assert dict(observed.outcomes)["second"] == "cancelled"


def test_an_async_generator_that_nobody_closes_ends_with_the_loop(observed: Observed) -> None:
    @operation("endless")
    async def endless() -> AsyncIterator[int]:
        while True:
            yield 1

    async def take_one() -> None:
        async for _ in endless():
            break

    asyncio.run(take_one())
    assert observed.outcomes == [("endless", "cancelled")]
    assert current_operation().outcome == ""
