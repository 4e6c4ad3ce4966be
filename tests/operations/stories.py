"""Operations as a test tells them: steps within steps, each in one of the forms that code has and with one of the ends that it can come to."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from hypothesis import strategies as st

from andiron.sdk.operations import names, operation

Form = Literal["function", "generator", "block", "coroutine", "async generator", "async block"]
End = Literal["return", "raise", "reject", "cancel"]

LATER: tuple[Form, ...] = ("coroutine", "async generator", "async block")
OUTCOMES = {"return": names.SUCCESS, "raise": names.FAILURE, "reject": names.REJECTED, "cancel": names.CANCELLED}
STEP = "story.step"
"""The attribute that tells the steps of a story apart."""
ITEMS = (1, 2)
"""What the generators of a story give before they end."""


class Broken(RuntimeError):
    """Something that should not happen."""


class Refused(ValueError):
    """Something that the caller should not have asked for."""


ERRORS: dict[End, type[Exception]] = {"raise": Broken, "reject": Refused}


@dataclass(frozen=True)
class Step:
    """One operation, and those within it."""

    name: str
    form: Form
    end: End
    text: str = ""
    """What its exception says."""
    children: tuple["Step", ...] = ()

    @property
    def outcome(self) -> str:
        return OUTCOMES[self.end]

    @property
    def error(self) -> type[Exception] | None:
        """What it raises."""
        return ERRORS.get(self.end)


@dataclass
class Told:
    """A step that was performed, and what its caller got of it."""

    step: Step
    number: int
    parent: int | None
    error: BaseException | None = None
    result: Any = None

    @property
    def error_type(self) -> str | None:
        """The type of what it raises, as telemetry writes it."""
        kind = self.step.error
        return None if kind is None else f"{kind.__module__}.{kind.__qualname__}"

    @property
    def as_it_should(self) -> bool:
        """Whether the caller got what it would get without any observation."""
        match self.step.end:
            case "return":
                items = {"generator": list(ITEMS), "async generator": list(ITEMS), "function": self.number}
                return self.error is None and self.result == items.get(self.step.form, self.number)
            case "cancel":
                closed = self.step.form in ("generator", "async generator")
                return self.error is None if closed else type(self.error) is asyncio.CancelledError
        return type(self.error) is self.step.error and str(self.error) == self.step.text


class Teller:
    """Performs steps, each an operation that carries its number, and keeps what their callers got."""

    def __init__(self, more: Mapping[str, Any] | None = None, **arguments: Any) -> None:
        self.more = more or {}
        """Further attributes of each."""
        self.arguments = arguments
        self.told: list[Told] = []

    def tell(self, story: Sequence[Step]) -> list[Told]:
        """Perform all of it, one after another."""

        async def whole() -> None:
            for step in story:
                await self.later(step)

        asyncio.run(whole())
        return self.told

    def _begin(self, step: Step, parent: int | None) -> tuple[Told, Any]:
        told = Told(step, len(self.told), parent)
        self.told.append(told)
        attributes = {**self.more, STEP: told.number}
        return told, operation(step.name, rejects=(Refused,), attributes=attributes, **self.arguments)

    def _end(self, told: Told) -> int:
        if told.step.error is not None:
            raise told.step.error(told.step.text)
        return told.number

    def now(self, step: Step, parent: int | None = None) -> None:
        """Perform a step that waits for nothing."""
        told, observed = self._begin(step, parent)

        def children() -> None:
            for child in step.children:
                self.now(child, told.number)

        @observed  # type: ignore[untyped-decorator]
        def function() -> int:
            children()
            return self._end(told)

        @observed  # type: ignore[untyped-decorator]
        def generator() -> Iterator[int]:
            children()
            yield from ITEMS
            self._end(told)

        try:
            if step.form == "function":
                told.result = function()
            elif step.form == "block":
                with observed:
                    children()
                    told.result = self._end(told)
            elif step.end == "cancel":
                running = generator()
                next(running)
                running.close()
            else:
                told.result = list(generator())
        except Exception as error:  # noqa: BLE001 - whatever the caller gets
            told.error = error

    async def later(self, step: Step, parent: int | None = None) -> None:
        """Perform a step that may wait."""
        if step.form not in LATER:
            self.now(step, parent)
            return
        told, observed = self._begin(step, parent)
        try:
            await self._perform(told, observed)
        except asyncio.CancelledError as error:
            this_task().uncancel()
            told.error = error
        except Exception as error:  # noqa: BLE001 - as above
            told.error = error

    async def _perform(self, told: Told, observed: Any) -> None:
        @observed  # type: ignore[untyped-decorator]
        async def coroutine() -> int:
            return await self._work(told)

        @observed  # type: ignore[untyped-decorator]
        async def generator() -> AsyncIterator[int]:
            await self._children(told)
            for item in ITEMS:
                yield item
            self._end(told)

        if told.step.form == "coroutine":
            told.result = await coroutine()
        elif told.step.form == "async block":
            async with observed:
                told.result = await self._work(told)
        elif told.step.end == "cancel":
            running = generator()
            await anext(running)
            await running.aclose()
        else:
            told.result = [item async for item in generator()]

    async def _children(self, told: Told) -> None:
        for child in told.step.children:
            await self.later(child, told.number)

    async def _work(self, told: Told) -> int:
        await self._children(told)
        if told.step.end == "cancel":
            # As if somebody had cancelled the task: it learns of that where it waits next.
            this_task().cancel()
        await asyncio.sleep(0)
        return self._end(told)


def this_task() -> asyncio.Task[Any]:
    """The one that runs."""
    task = asyncio.current_task()
    assert task is not None
    return task


operation_names = st.sampled_from(["resource.create", "resource.read", "repository.find"]) | st.from_regex(
    r"[a-z]{1,8}(\.[a-z_]{1,8}){0,2}", fullmatch=True
)
texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=20)


def steps(depth: int = 2, *, waiting: bool = True) -> st.SearchStrategy[Step]:
    """Steps of every form and end, `depth` levels of others within them; `waiting` allows those that need an event loop."""

    def of(forms: tuple[Form, ...], ends: tuple[End, ...]) -> st.SearchStrategy[Step]:
        within = steps(depth - 1, waiting=waiting and forms == LATER) if depth else st.nothing()
        children = st.lists(within, max_size=2).map(tuple) if depth else st.just(())
        return st.builds(
            Step, operation_names, st.sampled_from(forms), st.sampled_from(ends), text=texts, children=children
        )

    now = of(("function", "block"), ("return", "raise", "reject")) | of(("generator",), tuple(OUTCOMES))  # type: ignore[arg-type]  # its keys are ends
    return now | of(LATER, tuple(OUTCOMES)) if waiting else now  # type: ignore[arg-type]  # as above


stories = st.lists(steps(), min_size=1, max_size=3)
