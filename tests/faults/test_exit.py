"""The end of a process in all its forms: bounded, without a word on stderr, and with everything that was said until then."""

import signal
import threading

import pytest

from andiron.testing.receiver import Answer, Receiver
from tests.faults.application import REPORT, Application, arrived, ended, next_run, numbers, unharmed

pytestmark = [pytest.mark.slow, pytest.mark.requirement("CL-20")]


def test_thousands_of_threads_that_log_until_the_end(server: Receiver, app: Application) -> None:
    """Those that the interpreter waits for lose nothing; the daemons may be cut off anywhere and hurt nobody."""
    end = app.run(f"""{REPORT}
telemetry = andiron.configure(queue_size=100_000)


def waited_for(first):
    log.info("waited-%d", first)
    logfire.error("failed-%d" % first)


def daemon():
    while True:
        log.debug("daemon")
        time.sleep(0)


for number in range(1000):
    threading.Thread(target=waited_for, args=(number,)).start()
for number in range(4):
    threading.Thread(target=daemon, daemon=True).start()
""")
    assert end.code == 0
    assert end.complaints == ""
    assert arrived(server) == numbers("waited", 1000) + numbers("failed", 1000)


def test_what_is_logged_at_exit_and_in_finalizers_arrives(server: Receiver, app: Application) -> None:
    end = app.run(f"""{REPORT}
class Last:
    def __init__(self, name):
        self.name = name

    def __del__(self):
        log.error(self.name)
        logfire.error(self.name)
        assert telemetry.flush(1) is not None


atexit.register(lambda: log.error("registered-0"))
telemetry = andiron.configure()
atexit.register(lambda: log.error("registered-1"))
atexit.register(lambda: logfire.info("registered-2"))
cycle = Last("cycle-0")
cycle.itself = cycle
del cycle
at_the_very_end = Last("never-0")
""")
    assert end.complaints == ""
    unharmed(end)
    # What comes after the last of `atexit` comes too late, and so does what `Last` says when modules are taken apart.
    found = arrived(server)
    assert found - numbers("cycle", 1) - numbers("cycle", 1) == numbers("registered", 3) - numbers("registered", 1)


@pytest.mark.parametrize("where", ["log.info", "telemetry.flush", "metrics"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_in_a_tight_loop_ends_the_process_by_that_signal_and_loses_nothing(
    where: str, number: signal.Signals, server: Receiver, app: Application
) -> None:
    process = app.start(f"""
telemetry = andiron.configure(queue_size=50, batch_size=7, metrics={where == "metrics"})
counter = logfire.metric_counter("turns")
said = 0
while True:
    log.error("it-%d", said)
    said += 1
    counter.add(1)
    if {where!r} != "log.info" and said % 10 == 0:
        telemetry.flush(1)
    if said % 10 == 0:
        say(said)
""")
    assert process.stdout is not None
    for _ in range(20):
        process.stdout.readline()
    process.send_signal(number)
    end = ended(process)
    assert (end.code, end.complaints) == (-number, "")
    next_run(app)
    found = arrived(server)
    assert set(found.values()) == {1}
    assert len(found) >= int(end.said[-1]) if end.said else 200
    # No gap: everything until the signal.
    assert found == numbers("it", len(found))


def test_a_handler_of_the_applications_may_log_and_flush_whenever_it_is_called(
    server: Receiver, app: Application
) -> None:
    """Hundreds of times a second, at any instruction of the pipeline's on the main thread."""
    end = app.run(f"""{REPORT}
handled = 0


def handler(number, frame):
    global handled
    log.error("handled-%d", handled)
    handled += 1
    if handled % 10 == 0:
        telemetry.flush(0.01)
    signal.setitimer(signal.ITIMER_REAL, 0.001)


telemetry = andiron.configure(queue_size=20, batch_size=5)
signal.signal(signal.SIGALRM, handler)
signal.setitimer(signal.ITIMER_REAL, 0.001)
said = 0
until = time.monotonic() + 1
while time.monotonic() < until:
    log.error("it-%d", said)
    said += 1
    if said % 50 == 0:
        telemetry.flush(0.05)
signal.setitimer(signal.ITIMER_REAL, 0)
say(handled, said)
""")
    unharmed(end)
    handled, said = map(int, end.said[0].split())
    next_run(app)
    # What a handler says in the midst of the pipeline's own work on its thread passes for the pipeline's, and is left out.
    found = arrived(server)
    assert found & numbers("it", said) == numbers("it", said)
    assert found - numbers("it", said) - numbers("handled", handled) == numbers("it", 0)


def test_control_c_ends_the_process_as_ever(server: Receiver, app: Application) -> None:
    process = app.start("""
andiron.configure()
for number in range(100):
    log.info("it-%d", number)
andiron.flush(30)
say("ready")
while True:
    log.debug("on")
""")
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    end = ended(process)
    assert end.code == -signal.SIGINT
    assert end.complaints.rstrip().endswith("KeyboardInterrupt")
    assert arrived(server) == numbers("it", 100)


@pytest.mark.parametrize("end", ["pass", "sys.exit(3)", "os.kill(os.getpid(), signal.SIGTERM)", "1 / 0"])
def test_a_server_that_hangs_holds_no_end_up(end: str, server: Receiver, app: Application) -> None:
    server.answer = Answer(hold=threading.Event())
    process = app.start(f"""
telemetry = andiron.configure(exit_timeout=0.5, timeout=3600)
log.error("it-0")
logfire.error("it-1")
while not telemetry.report()["spooled"]:
    time.sleep(0.001)
{end}
""")
    done = ended(process, within=15)
    assert done.code in {"p": (0,), "s": (3,), "o": (-signal.SIGTERM,), "1": (1,)}[end[0]]
    assert ("Traceback" in done.complaints) == (end == "1 / 0")
    server.answer = Answer.OK
    next_run(app)
    assert arrived(server) == numbers("it", 2)
