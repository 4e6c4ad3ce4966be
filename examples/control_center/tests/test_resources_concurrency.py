"""Changes that meet: from several connections at once, as from several processes, on both databases."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import async_sessionmaker

from andiron.sdk.operations import MetricsInstrumentor
from control_center.database import opened
from control_center.errors import CircularDependency, HasDependents, Refused, ResourceExists, ValidationFailed
from control_center.schemas import NewResource, ResourceChange
from control_center.service import ResourceService

pytestmark = [pytest.mark.requirement("OB-08"), pytest.mark.usefixtures("reset_telemetry")]

ROUNDS = 10


def meeting(url: str, scene: Callable[[ResourceService, ResourceService], Coroutine[Any, Any, None]]) -> None:
    """Play the scene with two services that share nothing but the database."""

    async def play() -> None:
        async with AsyncExitStack() as stack:
            engines = [await stack.enter_async_context(opened(url)) for _ in range(2)]
            one, other = (
                ResourceService(async_sessionmaker(engine, expire_on_commit=False), MetricsInstrumentor())
                for engine in engines
            )
            await scene(one, other)

    asyncio.run(play())


async def together(*calls: Coroutine[Any, Any, Any]) -> list[Any]:
    """What came of each: its result, or the refusal. Anything else fails the test."""
    results = await asyncio.gather(*calls, return_exceptions=True)
    for each in results:
        if isinstance(each, BaseException) and not isinstance(each, Refused):
            raise each
    return results


def new(resource_id: str, *depends_on: str) -> NewResource:
    return NewResource(id=resource_id, name=resource_id, kind="service", depends_on=depends_on)


def on(*depends_on: str) -> ResourceChange:
    return ResourceChange(depends_on=depends_on)


def test_two_changes_do_not_close_a_circle_together(database: str) -> None:
    async def scene(one: ResourceService, other: ResourceService) -> None:
        for number in range(ROUNDS):
            a, b = f"a{number}", f"b{number}"
            await one.create_resource(new(a))
            await one.create_resource(new(b))
            results = await together(one.update_resource(a, on(b)), other.update_resource(b, on(a)))
            assert sum(isinstance(each, CircularDependency) for each in results) == 1
            assert {(await one.get_resource(a)).depends_on, (await one.get_resource(b)).depends_on} in (
                {(b,), ()},
                {(), (a,)},
            )

    meeting(database, scene)


def test_many_changes_do_not_close_a_circle_together(database: str) -> None:
    async def scene(one: ResourceService, other: ResourceService) -> None:
        size = 12
        for number in range(size):
            await one.create_resource(new(f"r{number}"))
        results = await together(
            *(
                (one, other)[number % 2].update_resource(f"r{number}", on(f"r{(number + 1) % size}"))
                for number in range(size)
            )
        )
        refused = [each for each in results if isinstance(each, CircularDependency)]
        assert len(refused) == 1
        assert len(refused[0].cycle) == size + 1

    meeting(database, scene)


def test_nothing_comes_to_depend_on_what_is_being_deleted(database: str) -> None:
    async def scene(one: ResourceService, other: ResourceService) -> None:
        for number in range(ROUNDS):
            a, b = f"a{number}", f"b{number}"
            await one.create_resource(new(a))
            deleted, made = await together(
                one.delete_resource(a, cascade=number % 2 == 0), other.create_resource(new(b, a))
            )
            if isinstance(made, ValidationFailed):  # it was gone
                assert deleted.deleted == (a,)
            elif isinstance(deleted, HasDependents):
                assert (await one.get_resource(b)).depends_on == (a,)
            else:
                assert deleted.deleted == (a, b)

    meeting(database, scene)


def test_an_id_is_given_to_one(database: str) -> None:
    async def scene(one: ResourceService, other: ResourceService) -> None:
        results = await together(*((one, other)[number % 2].create_resource(new("same")) for number in range(8)))
        assert sum(isinstance(each, ResourceExists) for each in results) == 7

    meeting(database, scene)


def test_changes_of_the_same_resource_do_not_mix(database: str) -> None:
    async def scene(one: ResourceService, other: ResourceService) -> None:
        for each in ("a", "b", "c", "r"):
            await one.create_resource(new(each))
        choices = [("a", "b"), ("b", "c"), ("c", "a"), ()]
        await together(*((one, other)[n % 2].update_resource("r", on(*choices[n % 4])) for n in range(16)))
        assert (await one.get_resource("r")).depends_on in choices
        await together(*(one.update_resource("r", ResourceChange(name=f"n{n}")) for n in range(4)))
        assert (await other.get_resource("r")).depends_on in choices

    meeting(database, scene)
