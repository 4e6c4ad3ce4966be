"""Parts of the application's own that raise, block or answer nonsense; and telemetry about telemetry, of which there is none."""

import pytest

from andiron.testing.receiver import Receiver
from tests.faults.application import REPORT, Application, arrived, numbers, unharmed

pytestmark = [pytest.mark.slow, pytest.mark.requirement("CL-02"), pytest.mark.requirement("CL-25")]


@pytest.mark.parametrize(
    "does",
    ["raise RuntimeError(batch)", "return None", "return 'ok'", "time.sleep(3600)", "sys.exit(1)", "log.error(batch)"],
)
def test_an_exporter_of_the_applications_may_do_what_it_likes(does: str, server: Receiver, app: Application) -> None:
    end = app.run(
        f"""{REPORT}
class Mine:
    def export(self, batch):
        {does}

    def shutdown(self):
        raise RuntimeError("and that")


telemetry = andiron.configure(exporter=Mine(), exit_timeout=0.5)
logging.getLogger("andiron").addHandler(logging.NullHandler())
for number in range(20):
    log.error("it-%d", number)
telemetry.flush(0.2)
""",
        within=20,
    )
    report = unharmed(end)
    assert (report["taken"], report["spool"]["records"], report["dropped"]) == (20, 20, {})


@pytest.mark.parametrize("method", ["text", "attribute", "attributes"])
def test_a_redactor_that_raises_lets_nothing_out_and_hurts_nobody(
    method: str, server: Receiver, app: Application
) -> None:
    end = app.run(f"""{REPORT}
from andiron.redaction import Redactor
def fail(*_):
    raise RuntimeError("no rule for this")
setattr(Redactor, {method!r}, fail)
telemetry = andiron.configure()
logging.getLogger("andiron").addHandler(logging.NullHandler())
for number in range(20):
    log.error("it-%d", number, extra={{"card": "4111 1111 1111 1111", "more": ["a", 1]}})
telemetry.flush(5)
""")
    assert unharmed(end)["taken"] == 20
    assert b"4111 1111 1111 1111" not in b"".join(request.payload for request in server.requests)


def test_span_processors_of_the_applications_that_raise_do_not_keep_spans_from_the_pipeline(
    server: Receiver, app: Application
) -> None:
    end = app.run(f"""{REPORT}
from opentelemetry.sdk.trace import SpanProcessor


class Mine(SpanProcessor):
    def force_flush(self, timeout_millis=0):
        raise RuntimeError("no")

    def shutdown(self):
        raise RuntimeError("no")


telemetry = andiron.configure(span_processors=[Mine()])
for number in range(20):
    logfire.info("it-%d" % number)
telemetry.flush(5)
""")
    assert end.code == 0
    assert arrived(server) == numbers("it", 20)


def test_nothing_that_sends_is_telemetry_whatever_is_instrumented_and_however_much_is_logged(
    server: Receiver, app: Application
) -> None:
    end = app.run(f"""{REPORT}
import httpx
telemetry = andiron.configure()
logfire.instrument_httpx()
logfire.instrument_requests()
logging.getLogger().addHandler(logging.NullHandler())
for name in ("", "andiron", "andiron.delivery", "httpx", "httpcore", "urllib3", "opentelemetry"):
    logging.getLogger(name).setLevel(logging.DEBUG)
for number in range(5):
    log.info("it-%d", number)
    assert telemetry.flush(10)
""")
    report = unharmed(end)
    spans = [span.name for span in server.spans]
    assert arrived(server) == numbers("it", 5)
    assert (spans, report["taken"]) == (
        [],
        5 + len([each for each in server.logs if not str(each.body).startswith("it-")]),
    )
    assert [each.scope for each in server.logs if each.scope.startswith(("http", "andiron.delivery", "urllib3"))] == []


def test_what_finalizers_log_on_the_pipelines_own_threads_is_the_applications(
    server: Receiver, app: Application
) -> None:
    """The collector runs on whichever thread allocates, the writer's as well."""
    end = app.run(f"""{REPORT}
import gc

class Cycle:
    def __init__(self, number):
        self.number, self.itself = number, self

    def __del__(self):
        log.error("cycle-%d", self.number)
        said.append(threading.current_thread().name)


said = []
gc.disable()
telemetry = andiron.configure()
telemetry.pipeline.ticks.append(gc.collect)
for number in range(10):
    Cycle(number)
log.info("the writer starts with the first record")
while len(said) < 10:
    time.sleep(0.01)
telemetry.flush(10)
say(*set(said))
""")
    unharmed(end)
    assert end.said[0] == "andiron-writer"
    assert arrived(server) == numbers("cycle", 10)
