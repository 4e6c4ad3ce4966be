"""Real processes on one folder: killed, forked, and several at once."""

import multiprocessing
import os
import random
import subprocess
import sys
import traceback
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from andiron.delivery.batch import Batch, Lane
from andiron.delivery.memory_spool import MemorySpool
from andiron.delivery.segment import Name
from andiron.delivery.spool import Pending, Spool


class Promised:
    """What processes said about batches."""

    def __init__(self) -> None:
        self.put: set[str] = set()
        self.done: set[str] = set()
        self.begun: set[str] = set()

    def hear(self, output: bytes) -> None:
        for line in output.decode().splitlines():
            what, which = line.split(" ")
            {"put": self.put, "done": self.done}.get(what, self.begun).add(which)

    def check(self, given: Counter[str]) -> None:
        assert set(given.values()) <= {1}
        # What was being finished when its process died may be there or not; what a divided one became, likewise.
        unsure = {each for each in self.begun if each not in self.done}
        assert self.put - self.done - unsure <= given.keys()
        assert not self.done & given.keys()


def start(folder: Path, batches: int) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "tests.delivery.spooling", str(folder), str(batches)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2])


def drained(folder: Path) -> Counter[str]:
    spool = Spool(folder)
    given = Counter[str]()
    spool.adopt()
    while (batch := spool.take()) is not None:
        given[batch.id] += 1
        spool.done(batch)
    assert spool.pending == Pending(0, 0, 0)
    spool.close()
    assert not [path for path in folder.iterdir() if Name.of(path.name)]
    return given


@pytest.mark.slow
@pytest.mark.crash
@pytest.mark.requirement("CL-09")
def test_kill_9_at_any_moment_loses_nothing_and_gives_nothing_twice(tmp_path: Path) -> None:
    folder = tmp_path / "app"
    promised = Promised()
    for _ in range(15):
        process = start(folder, 0)
        assert process.stdout is not None
        heard = b"".join(process.stdout.readline() for _ in range(1 + random.randrange(400)))
        process.kill()
        heard += process.stdout.read()
        process.wait()
        process.stdout.close()
        promised.hear(heard)
    assert len(promised.put) > 15
    promised.check(drained(folder))


@pytest.mark.slow
@pytest.mark.requirement("CL-09")
@pytest.mark.parametrize("number", [2, 4])
def test_processes_of_one_application_do_not_hurt_each_other(tmp_path: Path, number: int) -> None:
    folder = tmp_path / "app"
    promised = Promised()
    processes = [start(folder, 400) for _ in range(number)]
    for process in processes:
        output, _ = process.communicate(timeout=60)
        assert process.returncode == 0
        promised.hear(output)
    assert len(promised.put) >= 400 * number
    promised.check(drained(folder))


def in_child(run: Callable[[], None]) -> None:
    """Fork as applications do; fail where the child does."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            run()
            code = 0
        except BaseException:  # noqa: BLE001 - pytest must not go on in the child
            traceback.print_exc()
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def open_files(folder: Path) -> list[str]:
    found = []
    for link in Path("/proc/self/fd").iterdir():
        try:
            target = str(link.readlink())
        except FileNotFoundError:
            continue
        if target.startswith(str(folder)):
            found.append(target)
    return found


@pytest.mark.requirement("CL-09")
@pytest.mark.parametrize("told", [True, False])
def test_a_forked_child_has_a_stream_of_its_own_and_leaves_the_parents_alone(tmp_path: Path, told: bool) -> None:  # noqa: FBT001 - whether somebody calls reopen_after_fork
    folder = tmp_path / "app"
    spool = Spool(folder)
    mine = [spool.put("logs", Lane.NORMAL, 1, b"parent"), spool.put("logs", Lane.HIGH, 1, b"parent")]
    flying = spool.take()
    assert flying == mine[1]

    def child() -> None:
        if told:
            spool.reopen_after_fork()
        assert spool.take() is None
        assert spool.adopt() == 0
        spool.done(mine[1])
        batch = spool.put("logs", Lane.NORMAL, 1, b"child")
        assert batch.id.split("-")[0] != mine[0].id.split("-")[0]
        assert batch.id.endswith("-0")
        assert len(open_files(folder)) == 1
        assert spool.take() == batch
        spool.later(batch)
        os._exit(0)  # without closing

    in_child(child)
    other = Spool(folder)
    assert other.adopt() == 1  # the child's, and not the parent's
    found = other.take()
    assert found is not None
    assert found.body == b"child"
    spool.later(flying)
    assert [spool.take(), spool.take(), spool.take()] == [flying, mine[0], None]
    spool.close()
    other.close()


def spool_in_worker(spool: Spool, count: int) -> list[str]:
    made = [spool.put("logs", Lane.NORMAL, 1, b"w").id for _ in range(count)]
    spool.sync()
    spool.close()
    return made


SHARED: dict[str, Spool] = {}


def worker(folder: str) -> list[str]:
    return spool_in_worker(SHARED[folder], 50)


@pytest.mark.requirement("CL-09")
def test_workers_of_multiprocessing_lose_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "app"
    SHARED[str(folder)] = spool = Spool(folder)
    ids = [spool.put("logs", Lane.NORMAL, 1, b"parent").id]
    with multiprocessing.get_context("fork").Pool(3, maxtasksperchild=1) as pool:
        for made in pool.map(worker, [str(folder)] * 3, chunksize=1):
            ids += made
        pool.close()  # they end by themselves: what ends them meets them in the midst of their own end
        pool.join()
    spool.close()
    assert drained(folder) == Counter(ids)
    assert len(ids) == 151


@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
@pytest.mark.parametrize("memory", [True, False])
def test_a_thread_that_holds_the_lock_while_the_process_forks_does_not_stop_the_child(
    tmp_path: Path,
    memory: bool,  # noqa: FBT001 - which of the two spools
) -> None:
    spool = MemorySpool() if memory else Spool(tmp_path / "app")
    put: list[Batch] = []

    def child() -> None:
        put.append(spool.put("logs", Lane.NORMAL, 1, b"child"))
        assert spool.take() == put[0]

    with ThreadPoolExecutor(1) as thread:
        thread.submit(spool._lock.acquire).result()
        in_child(child)
        thread.submit(spool._lock.release).result()
    spool.close()
