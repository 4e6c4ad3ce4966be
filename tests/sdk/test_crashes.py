import asyncio
import gc
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from andiron.delivery.levels import Level
from andiron.sdk.breadcrumbs import Breadcrumbs, breadcrumb
from andiron.sdk.crashes import FLUSH, Crashes
from tests.sdk.emitted import Emitted

pytestmark = pytest.mark.requirement("CL-16")


@pytest.fixture
def chained(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Hooks that the application had before; pytest's own would turn what they see into failures."""
    called: list[str] = []

    def hook(name: str) -> Callable[..., None]:
        return lambda *_: called.append(name)

    monkeypatch.setattr(sys, "excepthook", hook("main"))
    monkeypatch.setattr(threading, "excepthook", hook("thread"))
    monkeypatch.setattr(sys, "unraisablehook", hook("unraisable"))
    monkeypatch.setattr(asyncio.BaseEventLoop, "call_exception_handler", hook("loop"))
    return called


@pytest.fixture
def emitted(chained: list[str]) -> Iterator[Emitted]:
    emitted = Emitted()
    crashes = Crashes(emitted, emitted.flush)
    crashes.start()
    yield emitted
    crashes.stop()


class Broken(Exception):
    pass


def raised(error: BaseException) -> BaseException:
    try:
        raise error
    except BaseException as caught:  # noqa: BLE001 - whatever was given
        return caught


def hand_in(error: BaseException) -> None:
    sys.excepthook(type(error), error, error.__traceback__)


def test_what_nobody_caught_in_the_main_thread_is_fatal(emitted: Emitted, chained: list[str]) -> None:
    error = raised(Broken("the pump"))
    hand_in(error)
    record = emitted.one
    assert (record.level, record.name) == (Level.FATAL, "crash.uncaught")
    assert record.exception is error
    assert record.attributes["exception.type"] == f"{__name__}.Broken"
    assert record.attributes["exception.message"] == "the pump"
    assert record.attributes["exception.stacktrace"] == "".join(traceback.format_exception(error))
    assert record.attributes["thread.name"] == "MainThread"
    assert emitted.flushed == [FLUSH]
    assert chained == ["main"]


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_leaving_is_no_crash(emitted: Emitted, chained: list[str], kind: type[BaseException]) -> None:
    hand_in(raised(kind()))
    assert (emitted.records, emitted.flushed, chained) == ([], [], ["main"])


def test_the_session_learns_of_a_fatal_one(chained: list[str]) -> None:
    told: list[str] = []
    crashes = Crashes(Emitted(), Emitted().flush, on_fatal=lambda: told.append("crashed"))
    crashes.start()
    hand_in(raised(SystemExit()))
    hand_in(raised(Broken()))
    crashes.stop()
    assert told == ["crashed"]


def test_a_thread(emitted: Emitted, chained: list[str]) -> None:
    def work() -> None:
        raise Broken("in a thread")

    thread = threading.Thread(target=work, name="pump-7")
    thread.start()
    thread.join()
    record = emitted.one
    assert (record.level, record.name, record.attributes["thread.name"]) == (Level.ERROR, "crash.thread", "pump-7")
    assert "in work" in record.attributes["exception.stacktrace"]
    assert (emitted.flushed, chained) == ([FLUSH], ["thread"])


def test_a_finalizer(emitted: Emitted, chained: list[str]) -> None:
    class Pump:
        def __del__(self) -> None:
            raise Broken("while dying")

    gc.collect()  # what others have left behind
    emitted.records.clear()
    chained.clear()
    Pump()
    gc.collect()
    record = emitted.one
    assert (record.level, record.name) == (Level.ERROR, "crash.unraisable")
    assert record.attributes["crash.in"].endswith("Pump.__del__")
    assert (emitted.flushed, chained) == ([], ["unraisable"]), "no waiting within other code"


async def forgotten() -> None:
    async def fail() -> None:
        raise Broken("in a task")

    task = asyncio.create_task(fail(), name="refill")
    await asyncio.wait([task])


def test_a_task_that_nobody_awaits_in_a_loop_made_later(emitted: Emitted, chained: list[str]) -> None:
    asyncio.run(forgotten())
    gc.collect()
    record = emitted.one
    assert (record.level, record.name) == (Level.ERROR, "crash.asyncio")
    assert record.attributes["asyncio.task"] == "refill"
    assert record.attributes["crash.message"] == "Task exception was never retrieved"
    assert (emitted.flushed, chained) == ([], ["loop"]), "the loop does not wait"


def test_the_handler_of_a_loop_stays_the_applications(monkeypatch: pytest.MonkeyPatch) -> None:
    emitted, heard = Emitted(), list[str]()
    crashes = Crashes(emitted, emitted.flush)
    crashes.start()

    async def main() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: heard.append(context["message"]))
        loop.call_exception_handler({"message": "only words"})
        loop.call_exception_handler({"message": "with an exception", "exception": Broken()})

    asyncio.run(main())
    crashes.stop()
    assert heard == ["only words", "with an exception"]
    assert emitted.one.name == "crash.asyncio"


@pytest.mark.parametrize("imported", ["before", "after"])
def test_a_loop_of_uvloop(monkeypatch: pytest.MonkeyPatch, imported: str) -> None:
    uvloop = pytest.importorskip("uvloop")
    emitted, heard = Emitted(), list[str]()
    crashes = Crashes(emitted, emitted.flush)
    with monkeypatch.context() as patch:
        if imported == "after":
            patch.delitem(sys.modules, "uvloop")
        crashes.start()

    def fails() -> None:
        raise Broken("in a callback")

    async def main() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: heard.append(context["message"]))
        crashes.watch(loop)
        loop.call_soon(fails)
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
    crashes.stop()
    assert emitted.one.attributes["exception.message"] == "in a callback"
    assert len(heard) == 1


def test_breadcrumbs_go_with_it(emitted: Emitted) -> None:
    crumbs = Breadcrumbs()
    crumbs.start()
    breadcrumb("ui", "Save pressed")
    hand_in(raised(Broken()))
    crumbs.stop()
    assert "Save pressed" in emitted.one.attributes["breadcrumbs"]


class Unspeakable(Exception):
    def __str__(self) -> str:
        raise MemoryError


def test_what_cannot_be_formatted_is_reported_by_its_type(emitted: Emitted) -> None:
    hand_in(raised(Unspeakable()))
    assert emitted.one.attributes["exception.type"].endswith("Unspeakable")
    hand_in(raised(MemoryError()))
    assert emitted.records[1].attributes["exception.type"] == "MemoryError"


def test_a_failure_of_our_own_never_keeps_the_hook_before_from_its_work(chained: list[str]) -> None:
    def fail(*_: Any, **__: Any) -> Any:
        raise RuntimeError

    crashes = Crashes(fail, fail, on_fatal=fail)
    crashes.start()
    hand_in(raised(Broken()))
    threading.excepthook(threading.ExceptHookArgs((Broken, Broken(), None, None)))
    sys.unraisablehook(SimpleNamespace(exc_value=Broken(), exc_traceback=None, object=None))
    crashes.stop()
    assert chained == ["main", "thread", "unraisable"]


def test_a_crash_within_the_report_is_not_reported(chained: list[str]) -> None:
    inner = Emitted()

    def emit(*given: Any, **more: Any) -> None:
        inner(*given, **more)
        hand_in(raised(Broken("within")))

    crashes = Crashes(emit, inner.flush)
    crashes.start()
    hand_in(raised(Broken("first")))
    crashes.stop()
    assert inner.one.attributes["exception.message"] == "first"
    assert chained == ["main", "main"]


def test_starting_and_stopping_leaves_no_trace() -> None:
    before = (sys.excepthook, threading.excepthook, sys.unraisablehook, asyncio.BaseEventLoop.call_exception_handler)
    crashes = Crashes(Emitted(), Emitted().flush)
    crashes.start()
    during = sys.excepthook
    crashes.start()
    assert sys.excepthook is during, "starting twice hooks in once"
    crashes.stop()
    crashes.stop()
    after = (sys.excepthook, threading.excepthook, sys.unraisablehook, asyncio.BaseEventLoop.call_exception_handler)
    assert after == before


def test_a_hook_that_came_later_keeps_its_place_and_ours_goes_quiet(
    chained: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    emitted = Emitted()
    crashes = Crashes(emitted, emitted.flush)
    crashes.start()
    ours = sys.excepthook

    def later(*given: Any) -> None:
        chained.append("later")
        ours(*given)

    monkeypatch.setattr(sys, "excepthook", later)
    crashes.stop()
    hand_in(raised(Broken()))
    assert emitted.records == []
    assert chained == ["later", "main"]


PROGRAM = """
import sys
from andiron.sdk.crashes import Crashes
Crashes(lambda level, name, *a, **k: print(level.name, name), lambda t: print("flushed")).start()
raise ValueError("the end")
"""


def test_a_real_process_says_it_on_its_way_out() -> None:
    ended = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 1
    assert ended.stdout.split("\n") == ["FATAL crash.uncaught", "flushed", ""]
    assert ended.stderr.endswith("ValueError: the end\n")
