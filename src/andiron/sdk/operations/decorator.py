"""`operation`: one line on a service method, and every run of it has a span, its measures and its records.

@operation("resource.create", resource_type="resource", resources=1)
async def create(self, name: str) -> Resource: ...
"""

import inspect
import sys
from collections.abc import AsyncGenerator, Callable, Generator, Iterable, Mapping
from functools import wraps
from types import TracebackType
from typing import Any, TypeVar

from andiron.sdk.operations import force, names
from andiron.sdk.operations.running import NOTHING, Described, Nothing, Running, current, plain

F = TypeVar("F", bound=Callable[..., Any])
Amount = int | Callable[[Any], int]
BY_PLACE = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
ONLY_BY_NAME = sys.maxsize


class Operation(Described):
    """A decorator of functions, async functions and generators of both kinds; in a `with` or `async with`, the block is the operation."""

    def __init__(
        self,
        name: str,
        /,
        *,
        resource_type: str = "",
        resources: Amount = 0,
        cascade: Callable[[Any], int] | None = None,
        rejects: type[BaseException] | Iterable[type[BaseException]] = (),
        arguments: tuple[str, ...] = (),
        attributes: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> None:
        if not isinstance(name, str) or not name:
            raise TypeError(f'operation("resource.create") takes the name of an operation, not {name!r}.')
        self.name = name
        self.resource_type = resource_type
        self.resources = resources
        self.cascade = cascade
        self.rejects = (rejects,) if isinstance(rejects, type) else tuple(rejects)
        if wrong := [each for each in self.rejects if not (isinstance(each, type) and issubclass(each, BaseException))]:
            raise TypeError(f"operation({name!r}, rejects=…) takes classes of exceptions, not {wrong[0]!r}.")
        self.counts = bool(resources) or cascade is not None
        self._arguments = arguments
        self._attributes = plain({**(attributes or {}), **more})
        self._open: list[Running] = []
        if resource_type:
            self._attributes[names.RESOURCE_TYPE] = resource_type

    def __repr__(self) -> str:
        return f"operation({self.name!r})"

    # As a block

    def __enter__(self) -> Running | Nothing:
        if force.now.off:
            return NOTHING
        run = Running(self, dict(self._attributes))
        run.begin()
        self._open.append(run)
        return run

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Mostly the innermost of this thread and task. A block around a `yield` may be left where it was not entered: then the newest.
        run = current.get()
        if run is None or run.operation is not self or run not in self._open:
            if not self._open:
                return
            run = self._open[-1]
        self._open.remove(run)
        if error is None:
            run.succeeded(None)
        else:
            run.failed(error)

    async def __aenter__(self) -> Running | Nothing:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, trace)

    # As a decorator

    def __call__(self, function: F) -> F:
        if isinstance(function, staticmethod | classmethod):
            return type(function)(self(function.__func__))
        if isinstance(function, type) or not callable(function):
            raise TypeError(f"@operation({self.name!r}) goes on a function or a method, not on {function!r}.")
        force.known.setdefault(self.name, self.resource_type)
        if force.now.parts is not None and force.now.parts.metrics is not None:
            force.now.parts.metrics.expect(self.name, self.resource_type)
        for matches, wrapped in (
            (inspect.iscoroutinefunction, self._around_coroutine),
            (inspect.isasyncgenfunction, self._around_async_generator),
            (inspect.isgeneratorfunction, self._around_generator),
        ):
            if matches(function):
                return wrapped(function)  # type: ignore[return-value] # of the same signature
        return self._around(function)  # type: ignore[return-value] # as above

    def _around(self, function: Callable[..., Any]) -> Callable[..., Any]:
        given, now = self._given(function), force.now

        @wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            if now.off:
                return function(*args, **kwargs)
            run = Running(self, given(args, kwargs))
            run.begin()
            try:
                result = function(*args, **kwargs)
            except BaseException as error:
                run.failed(error)
                raise
            run.succeeded(result)
            return result

        return call

    def _around_coroutine(self, function: Callable[..., Any]) -> Callable[..., Any]:
        given, now = self._given(function), force.now

        @wraps(function)
        async def call(*args: Any, **kwargs: Any) -> Any:
            if now.off:
                return await function(*args, **kwargs)
            run = Running(self, given(args, kwargs))
            run.begin()
            try:
                result = await function(*args, **kwargs)
            except BaseException as error:
                run.failed(error)
                raise
            run.succeeded(result)
            return result

        return call

    # A generator runs in pieces, and whoever takes them is not within the operation meanwhile.

    def _around_generator(self, function: Callable[..., Any]) -> Callable[..., Any]:
        given, now = self._given(function), force.now

        @wraps(function)
        def call(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
            run: Running | Nothing = NOTHING if now.off else Running(self, given(args, kwargs))
            run.begin()
            pieces = function(*args, **kwargs)
            step, value = pieces.send, None
            try:
                while True:
                    try:
                        piece = step(value)
                    except StopIteration as end:
                        run.succeeded(end.value)
                        return end.value
                    run.leave()
                    try:
                        step, value = pieces.send, (yield piece)
                    except GeneratorExit:
                        run.enter()
                        pieces.close()
                        raise
                    except BaseException as error:  # noqa: BLE001 - it is for the generator, which may know what to do
                        step, value = pieces.throw, error
                    run.enter()
            except BaseException as error:
                run.failed(error)
                raise

        return call

    def _around_async_generator(self, function: Callable[..., Any]) -> Callable[..., Any]:
        given, now = self._given(function), force.now

        @wraps(function)
        async def call(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
            run: Running | Nothing = NOTHING if now.off else Running(self, given(args, kwargs))
            run.begin()
            pieces = function(*args, **kwargs)
            step, value = pieces.asend, None
            try:
                while True:
                    try:
                        piece = await step(value)
                    except StopAsyncIteration:
                        run.succeeded(None)
                        return
                    run.leave()
                    try:
                        step, value = pieces.asend, (yield piece)
                    except GeneratorExit:
                        run.enter()
                        await pieces.aclose()
                        raise
                    except BaseException as error:  # noqa: BLE001 - as above
                        step, value = pieces.athrow, error
                    run.enter()
            except BaseException as error:
                run.failed(error)
                raise

        return call

    def _given(self, function: Callable[..., Any]) -> Callable[[tuple[Any, ...], dict[str, Any]], dict[str, Any]]:
        """What finds the attributes of a call: those of the operation, and the arguments that are to be kept."""
        fixed = self._attributes
        if not self._arguments:
            return lambda _args, _kwargs: dict(fixed)
        parameters = inspect.signature(function).parameters
        if missing := [name for name in self._arguments if name not in parameters]:
            raise TypeError(
                f"@operation({self.name!r}, arguments=…): {function.__qualname__} has no {', '.join(missing)}; "
                f"it has {', '.join(parameters)}."
            )
        by_place = [each.name for each in parameters.values() if each.kind in BY_PLACE]
        wanted = [
            (name, by_place.index(name) if name in by_place else ONLY_BY_NAME, parameters[name].default)
            for name in self._arguments
        ]

        def attributes(args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
            found = dict(fixed)
            for name, place, default in wanted:
                value = kwargs[name] if name in kwargs else args[place] if place < len(args) else default
                if value is not inspect.Parameter.empty:
                    found[name] = value
            return plain(found)

        return attributes


operation = Operation
"""As it is written: `@operation("resource.create")`."""
