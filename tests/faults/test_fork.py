"""Processes that fork: what parent and children say arrives, each once, whoever they leave by."""

import signal
import time
import urllib.request
from collections import Counter

import pytest

from andiron.testing.receiver import Receiver
from bench.server import free_port
from tests.faults.application import Application, arrived, ended, next_run, numbers

pytestmark = [pytest.mark.slow, pytest.mark.requirement("CL-20"), pytest.mark.requirement("CL-09")]


def test_a_forked_child_delivers_its_own_and_nothing_of_its_parents(server: Receiver, app: Application) -> None:
    end = app.run("""
telemetry = andiron.configure(flush_interval=60)
for number in range(10):
    log.info("parent-%d", number)
for number in range(3):
    if os.fork() == 0:
        log.info("child-%d", number)
        logfire.error("failed-%d" % number)
        assert telemetry.report()["taken"] == 2
        sys.exit()
while True:
    try:
        assert os.wait()[1] == 0
    except ChildProcessError:
        break
log.info("last-0")
""")
    assert (end.code, end.complaints) == (0, "")
    assert arrived(server) == numbers("parent", 10) + numbers("child", 3) + numbers("failed", 3) + numbers("last", 1)


def test_a_fork_while_other_threads_write_and_send_does_not_stop_the_child(server: Receiver, app: Application) -> None:
    end = app.run("""
telemetry = andiron.configure(queue_size=100_000, batch_size=3)
on = True
def busy(name):
    made = 0
    while on:
        log.error("%s-%d", name, made)
        made += 1
        if made % 20 == 0:
            telemetry.flush(0.1)
        time.sleep(0)
threads = [threading.Thread(target=busy, args=(name,)) for name in ("a", "b", "c")]
for thread in threads:
    thread.start()
for number in range(25):
    pid = os.fork()
    if pid == 0:
        log.error("child-%d", number)
        os._exit(0 if telemetry.flush(20) else 1)
    assert os.waitpid(pid, 0)[1] == 0
on = False
for thread in threads:
    thread.join()
""")
    assert end.code == 0, end.complaints
    next_run(app)
    found = arrived(server)
    assert set(found.values()) == {1}
    assert {name for name in found if name.startswith("child")} == set(numbers("child", 25))


def test_a_fork_while_metrics_are_collected_does_not_stop_the_child(server: Receiver, app: Application) -> None:
    """OpenTelemetry's reader holds a lock while it collects, and a measure while it is taken; Logfire collects at the end of every child."""
    end = app.run(
        """
import gc
from opentelemetry import metrics
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
telemetry = andiron.configure()
counter = metrics.get_meter("app").create_counter("made")
counter.add(1)
[reader] = [each for each in gc.get_objects() if type(each) is PeriodicExportingMetricReader]
held, go = threading.Event(), threading.Event()
def collecting():
    with reader._export_lock:
        held.set()
        go.wait(60)
thread = threading.Thread(target=collecting)
thread.start()
held.wait()
if os.fork() == 0:
    signal.alarm(20)
    counter.add(1)
    log.info("child-0")
    sys.exit()
assert os.wait()[1] == 0
go.set()
thread.join()
log.info("parent-0")
""",
        metrics=True,
    )
    assert (end.code, end.complaints) == (0, "")
    assert arrived(server) == numbers("child", 1) + numbers("parent", 1)


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_processes_of_multiprocessing_and_of_a_pool(method: str, server: Receiver, app: Application) -> None:
    end = app.run(f"""
import multiprocessing
from concurrent.futures import ProcessPoolExecutor


def work(number):
    log.info("worker-%d", number)
    with logfire.span("span-%d" % number):
        pass


if __name__ in ("__main__", "__mp_main__"):
    andiron.configure()
if __name__ == "__main__":
    context = multiprocessing.get_context({method!r})
    log.info("parent-0")
    with ProcessPoolExecutor(2, mp_context=context) as pool:
        list(pool.map(work, range(8)))
    process = context.Process(target=work, args=(8,))
    process.start()
    process.join()
    assert process.exitcode == 0
    log.info("parent-1")
""")
    assert end.code == 0, end.complaints
    assert "Traceback" not in end.complaints  # Logfire warns that a spawned child must be configured anew, as ours are
    assert arrived(server) == numbers("parent", 2) + numbers("worker", 9) + numbers("span", 9)


def answer(url: str, seconds: float = 20) -> str:
    """What a server says, once it is there."""
    until = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(url, timeout=10) as response:
                return str(response.read().decode())
        except OSError:
            if time.monotonic() > until:
                raise


@pytest.mark.parametrize("worker", ["sync", "asgi"])
def test_gunicorn_with_the_application_loaded_before_the_fork(worker: str, server: Receiver, app: Application) -> None:
    port = free_port()
    process = app.start(f"""
from gunicorn.app.base import BaseApplication

andiron.configure()
log.info("master-0")


def wsgi(environ, start_response):
    number = environ["PATH_INFO"][1:]
    log.info("request-%s", number)
    start_response("200 OK", [])
    return [str(os.getpid()).encode()]


async def asgi(scope, receive, send):
    if scope["type"] != "http":
        return
    log.info("request-%s", scope["path"][1:])
    await send({{"type": "http.response.start", "status": 200, "headers": []}})
    await send({{"type": "http.response.body", "body": str(os.getpid()).encode()}})


class Gunicorn(BaseApplication):
    def load_config(self):
        options = {{"bind": "127.0.0.1:{port}", "workers": 2, "preload_app": True, "worker_class": {worker!r}, "loglevel": "error"}}
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self):
        return wsgi if {worker!r} == "sync" else asgi


Gunicorn().run()
""")
    pids = Counter[str](answer(f"http://127.0.0.1:{port}/{number}") for number in range(40))
    process.send_signal(signal.SIGTERM)
    end = ended(process)
    assert end.code == 0, end.complaints
    assert "Traceback" not in end.complaints
    assert str(process.pid) not in pids
    assert arrived(server) == numbers("master", 1) + numbers("request", 40)


def test_celerys_prefork_workers(server: Receiver, app: Application) -> None:
    process = app.start("""
from pathlib import Path
import celery

for folder in ("in", "done"):
    Path(folder).mkdir()
queue = celery.Celery("app", broker="filesystem://")
queue.conf.update(
    broker_transport_options={"data_folder_in": "in", "data_folder_out": "in", "control_folder": "done"},
    worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=True,
)
andiron.configure()


@queue.task
def work(number):
    log.info("task-%d", number)


log.info("parent-0")
for number in range(6):
    work.delay(number)
queue.worker_main(["worker", "--pool=prefork", "--concurrency=2", "--loglevel=ERROR", "--without-gossip", "--without-mingle"])
""")
    server.wait(lambda it: len([name for name in arrived(it) if name.startswith("task")]) == 6, 40)
    process.send_signal(signal.SIGTERM)
    end = ended(process)
    assert "Traceback" not in end.complaints
    assert arrived(server) == numbers("parent", 1) + numbers("task", 6)
