"""Exceptions that nobody caught, wherever Python hands them in: the main thread, other threads, asyncio, finalizers.

Each becomes a record, is flushed where the process or the thread ends with it, and goes on to the hook that was there before.
"""

import asyncio
import contextlib
import sys
import threading
import traceback
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any

from andiron.delivery.exceptions import type_name
from andiron.delivery.levels import Level
from andiron.sdk import breadcrumbs
from andiron.sdk.emitting import Emit, Flush

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

FLUSH = 2.0
"""Seconds that a dying process or thread waits for its last record."""
NO_CRASH = (KeyboardInterrupt, SystemExit, GeneratorExit)
Loop = asyncio.AbstractEventLoop
Handler = Callable[[Loop, dict[str, Any]], object]


class Crashes:
    """Hooks that report and chain. `stop` puts back what `start` found, unless somebody has hooked in since: then ours only passes on."""

    def __init__(self, emit: Emit, flush: Flush, *, on_fatal: Callable[[], None] = lambda: None) -> None:
        self._emit = emit
        self._flush = flush
        self._on_fatal = on_fatal
        self._on = False
        self._busy = threading.local()
        self._loops: tuple[type, ...] = ()
        self._before: dict[tuple[Any, str], tuple[Any, Any]] = {}

    def start(self) -> None:
        """Hook in."""
        if self._on:
            return
        self._on = True
        self._hook(sys, "excepthook", self._uncaught)
        self._hook(threading, "excepthook", self._in_thread)
        self._hook(sys, "unraisablehook", self._unraisable)
        # The method of the class rather than a handler of a loop: it holds for loops to come, and those handlers stay the application's.
        uvloop = sys.modules.get("uvloop")
        self._loops = (asyncio.BaseEventLoop, *((uvloop.Loop,) if uvloop else ()))
        for loop in self._loops:
            self._hook(loop, "call_exception_handler", self._in_loop)

    def stop(self) -> None:
        """Put back what was there."""
        self._on = False
        for (owner, name), (before, ours) in self._before.items():
            if getattr(owner, name) is ours:
                setattr(owner, name, before)
        self._before = {}

    def watch(self, loop: Loop) -> None:
        """Hear of the exceptions of a loop that is of neither asyncio's class nor uvloop's, or of uvloop imported since. Others need no call."""
        if isinstance(loop, self._loops):
            return
        before: Handler | None = loop.get_exception_handler()

        def handler(loop: Loop, context: dict[str, Any]) -> None:
            self._of_loop(context)
            if before is None:
                loop.default_exception_handler(context)
            else:
                before(loop, context)

        loop.set_exception_handler(handler)

    def report(
        self, level: Level, name: str, error: BaseException, trace: TracebackType | None, *, thread: str, **more: Any
    ) -> None:
        """Send the record of `error`. Never raises; an exception on the way is not reported again."""
        if not self._on or isinstance(error, NO_CRASH) or getattr(self._busy, "now", False):
            return
        self._busy.now = True
        try:
            kind = type_name(error)
            about = {"exception.type": kind, "thread.name": thread, **more}
            try:
                about["exception.message"] = str(error)
                about["exception.stacktrace"] = "".join(traceback.format_exception(type(error), error, trace))
                if breadcrumbs.active and (crumbs := breadcrumbs.active.attribute()):
                    about["breadcrumbs"] = crumbs
            except Exception:  # noqa: BLE001, S110 - no memory, or a `__str__` that fails: what is known so far has to do
                pass
            self._emit(level, name, f"Uncaught {kind}", about, exception=error)
        except Exception:  # noqa: BLE001, S110 - the application has one trouble already
            pass
        finally:
            self._busy.now = False

    def _hook(self, owner: Any, name: str, make: Callable[[Any], Any]) -> None:
        before = getattr(owner, name)
        ours = make(before)
        self._before[owner, name] = (before, ours)
        setattr(owner, name, ours)

    def _uncaught(self, before: Callable[..., object]) -> Callable[..., None]:
        def excepthook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
            if self._on and not isinstance(error, NO_CRASH):
                self.report(Level.FATAL, "crash.uncaught", error, trace, thread=threading.current_thread().name)
                with contextlib.suppress(Exception):
                    self._on_fatal()
                with contextlib.suppress(Exception):
                    self._flush(FLUSH)
            before(kind, error, trace)

        return excepthook

    def _in_thread(self, before: Callable[..., object]) -> Callable[..., None]:
        def excepthook(args: threading.ExceptHookArgs) -> None:
            error = args.exc_value
            if self._on and error is not None and not isinstance(error, NO_CRASH):
                name = args.thread.name if args.thread else "unknown"
                self.report(Level.ERROR, "crash.thread", error, args.exc_traceback, thread=name)
                with contextlib.suppress(Exception):
                    self._flush(FLUSH)
            before(args)

        return excepthook

    def _unraisable(self, before: Callable[..., object]) -> Callable[..., None]:
        def unraisablehook(args: "UnraisableHookArgs") -> None:
            # No flush: it happens within any other code, which may hold any lock.
            if args.exc_value is not None:
                with contextlib.suppress(Exception):
                    where = getattr(args.object, "__qualname__", None) or type(args.object).__qualname__
                    self.report(
                        Level.ERROR,
                        "crash.unraisable",
                        args.exc_value,
                        args.exc_traceback,
                        thread=threading.current_thread().name,
                        **{"crash.in": where},
                    )
            before(args)

        return unraisablehook

    def _in_loop(self, before: Callable[..., object]) -> Callable[..., None]:
        def call_exception_handler(loop: Loop, context: dict[str, Any]) -> None:
            self._of_loop(context)
            before(loop, context)

        return call_exception_handler

    def _of_loop(self, context: dict[str, Any]) -> None:
        # No flush: the loop lives on and has others to serve.
        error = context.get("exception")
        if isinstance(error, BaseException):
            with contextlib.suppress(Exception):
                future = context.get("task") or context.get("future")
                name = future.get_name() if isinstance(future, asyncio.Task) else ""
                more = {"crash.message": str(context.get("message", "")), **({"asyncio.task": name} if name else {})}
                self.report(
                    Level.ERROR,
                    "crash.asyncio",
                    error,
                    error.__traceback__,
                    thread=threading.current_thread().name,
                    **more,
                )
