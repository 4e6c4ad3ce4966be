"""Operations in tasks and threads: who is within which, and what a cancellation is."""

import asyncio
import threading
from contextlib import suppress

import pytest

from andiron.sdk.operations import current_operation, names, operation
from tests.operations.observed import Observed
from tests.operations.stories import Broken

pytestmark = pytest.mark.requirement("OB-05")


def test_one_block_object_in_tasks_at_once(observed: Observed) -> None:
    block = operation("resource.create")

    async def use(number: int, mine: asyncio.Event, next_: asyncio.Event) -> None:
        with suppress(Broken):
            with block as op:
                op.set_attribute("number", number)
                await mine.wait()
                assert current_operation() is op
                if number == 0:
                    raise Broken
            assert op.outcome == "success"
        next_.set()

    async def both() -> None:
        events = [asyncio.Event() for _ in range(3)]
        async with asyncio.TaskGroup() as group:
            for number in (0, 1):
                group.create_task(use(number, events[number], events[number + 1]))
            await asyncio.sleep(0)
            events[0].set()

    asyncio.run(both())
    assert {span.attributes["number"]: span.attributes[names.OUTCOME] for span in observed.spans} == {
        0: "failure",
        1: "success",
    }


def test_threads_and_tasks_do_not_mix(observed: Observed) -> None:
    meeting = threading.Barrier(4)

    @operation("part", arguments=("number",))
    def part(number: int) -> None:
        meeting.wait(10)
        current_operation().set_attribute("seen", number)
        meeting.wait(10)

    @operation("whole", arguments=("number",))
    async def whole(number: int) -> None:
        await asyncio.to_thread(part, number)
        await asyncio.sleep(0)
        current_operation().set_attribute("seen", number)

    async def all_of_them() -> None:
        await asyncio.gather(*map(whole, range(4)))

    asyncio.run(all_of_them())
    assert all(span.attributes["seen"] == span.attributes["number"] for span in observed.spans)
    wholes = {span.attributes["number"]: span for span in observed.spans if span.name == "whole"}
    for span in observed.spans:
        if span.name == "part":
            assert span.parent_id == wholes[span.attributes["number"]].span_id
    assert len({span.trace_id for span in observed.spans}) == 4

    threads = [threading.Thread(target=part, args=(number,)) for number in range(4)]
    with operation("starter"):
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
    # A bare thread begins with no context, as everywhere in OpenTelemetry.
    assert {span.parent_id for span in observed.spans[8:-1]} == {""}


async def stays() -> None:
    """Until it is cancelled."""
    await asyncio.Event().wait()


def test_a_timeout_cancels(observed: Observed) -> None:
    @operation("slow")
    async def slow() -> None:
        await stays()

    async def run() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await slow()

    asyncio.run(run())
    assert observed.outcomes == [("slow", "cancelled")]
    assert observed.spans[0].status != "error"
    assert observed.values(names.OPERATION_ERRORS) == {}
    assert observed.logs[-1].body == "slow cancelled"


def test_a_timeout_within_is_a_failure(observed: Observed) -> None:
    @operation("slow")
    async def slow() -> None:
        async with asyncio.timeout(0):
            await stays()

    with pytest.raises(TimeoutError):
        asyncio.run(slow())
    assert observed.outcomes == [("slow", "failure")]
    assert observed.spans[0].attributes[names.ERROR_TYPE] == "TimeoutError"


def test_a_group_of_tasks(observed: Observed) -> None:
    @operation("breaks")
    async def breaks() -> None:
        await asyncio.sleep(0)
        raise Broken("disk")

    @operation("waits")
    async def waits() -> None:
        await stays()

    @operation("whole")
    async def whole() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(waits())
            group.create_task(breaks())

    with pytest.raises(ExceptionGroup):
        asyncio.run(whole())
    assert sorted(observed.outcomes) == [("breaks", "failure"), ("waits", "cancelled"), ("whole", "failure")]
    assert observed.parents == {"breaks": "whole", "waits": "whole", "whole": ""}
    assert observed.spans[-1].attributes[names.ERROR_TYPE] == "ExceptionGroup"
    assert "Broken: disk" in observed.spans[-1].events[0][1]["exception.stacktrace"]


def test_a_background_task_outlives_its_operation(observed: Observed) -> None:
    done = []

    async def behind(gone: asyncio.Event) -> None:
        await gone.wait()
        with operation("behind"):
            done.append(current_operation())

    @operation("request")
    async def request(gone: asyncio.Event) -> asyncio.Task[None]:
        return asyncio.create_task(behind(gone))

    async def run() -> None:
        gone = asyncio.Event()
        task = await request(gone)
        assert current_operation().outcome == ""
        gone.set()
        await task

    asyncio.run(run())
    assert len(done) == 1
    assert observed.parents == {"request": "", "behind": "request"}
