"""Configured again and again; cancelled; stopped under load."""

import http.client
import signal
import threading

import pytest

from andiron.testing.receiver import Receiver
from bench.server import free_port
from tests.faults.application import REPORT, Application, arrived, ended, next_run, numbers, unharmed
from tests.faults.test_fork import answer

pytestmark = [pytest.mark.slow, pytest.mark.requirement("CL-20")]


def test_twenty_configurations_lose_no_record_and_leak_no_thread_or_descriptor(
    server: Receiver, app: Application
) -> None:
    end = app.run(f"""{REPORT}
def held():
    return len(os.listdir("/proc/self/fd")), threading.active_count()

for turn in range(21):
    telemetry = andiron.configure(metrics=True)
    if turn == 1:
        open_span = logfire.span("open-0")
        open_span.__enter__()
        first = held()
    log.info("it-%d", turn)
    assert telemetry.flush(10)
    if turn == 3:
        first = held()
open_span.__exit__(None, None, None)
say(*first, *held())
""")
    unharmed(end)
    files, threads, files_after, threads_after = map(int, end.said[0].split())
    assert files_after <= files + 2
    assert threads_after <= threads + 1
    assert arrived(server) == numbers("it", 21) + numbers("open", 1)


def test_cancelled_tasks_by_the_thousand(server: Receiver, app: Application) -> None:
    end = app.run(f"""{REPORT}
import asyncio
telemetry = andiron.configure(queue_size=100_000)


async def work(number):
    log.info("began-%d", number)
    with logfire.span("span-%d" % number):
        await asyncio.sleep(number % 7 / 1000)
        await asyncio.sleep(3600)


async def main():
    tasks = [asyncio.create_task(work(number)) for number in range(1000)]
    await asyncio.sleep(0.05)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)

asyncio.run(main())
assert telemetry.flush(30)
""")
    assert unharmed(end)["dropped"] == {}
    assert arrived(server) == numbers("began", 1000) + numbers("span", 1000)


def test_uvicorn_stopped_under_load_hands_over_every_request_that_was_answered(
    server: Receiver, app: Application
) -> None:
    port = free_port()
    process = app.start(f"""
import uvicorn
from fastapi import FastAPI

web = FastAPI()


@web.get("/{{number}}")
async def read(number: int):
    log.info("request-%d", number)
    return number

telemetry = andiron.bootstrap_logfire(web)
uvicorn.run(web, host="127.0.0.1", port={port}, log_level="error")
""")
    answer(f"http://127.0.0.1:{port}/0")
    answered = {"request-0"}

    def load(first: int) -> None:
        try:
            for number in range(first, first + 100_000):
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
                connection.request("GET", f"/{number}")
                if connection.getresponse().status == 200:
                    answered.add(f"request-{number}")
                connection.close()
                if number - first == 50:
                    process.send_signal(signal.SIGTERM)
        except (OSError, http.client.HTTPException):
            return

    threads = [threading.Thread(target=load, args=(thread * 1_000_000 + 1,)) for thread in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    end = ended(process)
    assert "Traceback" not in end.complaints
    next_run(app)
    found = arrived(server)
    assert len(answered) > 50
    assert answered <= found.keys()
    assert set(found.values()) == {1}
