"""Servers that are away, slow, hostile or broken: the application does not notice, and nothing is lost."""

import threading

import pytest

from andiron.testing.receiver import Answer, Receiver
from tests.faults.application import REPORT, Application, arrived, ended, next_run, numbers, unharmed

pytestmark = [pytest.mark.slow, pytest.mark.requirement("CL-07")]

PROGRAM = f"""{REPORT}
telemetry = andiron.configure()
for number in range(30):
    log.info("log-%d", number)
    logfire.info("span-%d" % number)
log.error("error-0")
telemetry.flush(1)
"""
MADE = numbers("log", 30) + numbers("span", 30) + numbers("error", 1)

FAULTS: dict[str, Answer] = {
    "slow": Answer(delay=60),
    "hanging": Answer(hold=threading.Event()),
    "401": Answer.UNAUTHORIZED,
    "403": Answer(403, b"no", {"Content-Type": "text/plain"}),
    "429": Answer(429, b"later", {"Retry-After": "3000"}),
    "500": Answer.BROKEN,
    "503": Answer.UNAVAILABLE,
    "garbage": Answer.GARBAGE,
    "half": Answer.HALF,
    "silent": Answer.SILENT,
    "reset": Answer.RESET,
    "sign-in": Answer.SIGN_IN,
    "redirect": Answer(302, headers={"Location": "http://127.0.0.1:1/"}),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_whatever_the_server_answers_nothing_is_lost_and_the_end_is_bounded(
    fault: str, server: Receiver, app: Application
) -> None:
    server.answer = FAULTS[fault]
    report = unharmed(app.run(PROGRAM, within=30, exit_timeout=0.5, timeout=0.2 if fault == "slow" else 10))
    assert report["dropped"] == {}
    assert report["sent"] == report["set_aside"] == 0
    assert report["trouble"] or fault == "hanging"
    assert (report["refused"] is not None) == (fault in ("401", "403"))
    server.answer = Answer.OK
    next_run(app)
    assert arrived(server) == MADE


def test_a_host_that_has_no_address(server: Receiver, app: Application) -> None:
    report = unharmed(app.run(PROGRAM, within=30, exit_timeout=0.5, url="http://nowhere.invalid:4318", keyring=False))
    assert (report["dropped"], report["sent"]) == ({}, 0)
    next_run(app)
    assert arrived(server) == MADE


def test_a_server_that_comes_late_gets_everything_from_the_running_application(
    server: Receiver, app: Application
) -> None:
    server.offline()
    process = app.start(
        PROGRAM
        + """
say("logged")
while telemetry.report()["spool"]["records"]:
    time.sleep(0.01)
"""
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "logged\n"
    server.online()
    report = unharmed(ended(process))
    assert report["retries"] >= 1
    assert report["trouble"] is None
    assert arrived(server) == MADE


@pytest.mark.requirement("CL-10")
def test_a_server_to_which_every_record_is_too_large_leaves_it_aside_on_the_disk(
    server: Receiver, app: Application
) -> None:
    server.answer = lambda request: Answer.TOO_LARGE if request.body else Answer.OK
    report = unharmed(app.run(PROGRAM, within=30, exit_timeout=10, compress=False))
    aside = b"".join(path.read_bytes() for path in (app.folder / "spool" / "app" / "poison").iterdir())
    assert report["set_aside"] == report["taken"]
    assert [name for name in MADE if name.encode() not in aside] == []
