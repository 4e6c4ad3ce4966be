"""The plugin in runs of pytest of its own: twice in one process gives the same result, in whatever order."""

import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

pytestmark = pytest.mark.requirement("LF-08")

INSTALLED = any(entry.value == "andiron.testing.plugin" for entry in entry_points(group="pytest11"))
PLUGIN = [] if INSTALLED else ["-p", "andiron.testing.plugin"]
"""pytest takes a plugin once: by its entry point, or by its name where Andiron is on the path only."""

SUITE = """
import contextvars, logging
import httpx, logfire, pytest, sqlalchemy
from opentelemetry import propagate, trace
from opentelemetry.sdk.trace import TracerProvider
import andiron.sdk.configure as configuration
from andiron.sdk.context import request_id
from andiron.sdk.integrations import instrument_integrations

tracer = trace.get_tracer("module")
engine = sqlalchemy.create_engine("sqlite://")

def test_nothing_is_there(capture):
    tracer.start_span("mine").end()
    assert [span.name for span in capture.spans] == ["mine"]
    assert configuration.current is None and request_id.get() is None
    assert capture.metrics == []

def test_leaves_a_configuration(capture):
    configuration.configure(service="first")
    logfire.info("one")
    assert capture.span("one").resource["service.name"] == "first"

def test_leaves_another(capture, andiron_env):
    andiron_env(ANDIRON_SERVICE="second")
    configuration.configure()
    tracer.start_span("two").end()
    assert capture.span("two").resource["service.name"] == "second"

def test_leaves_integrations_on(capture):
    instrument_integrations(sqlalchemy=True, httpx=True, requests=True)
    with engine.connect() as connection:
        connection.execute(sqlalchemy.text("select 1"))
    assert [span.name for span in capture.spans] == ["connect", "select"]

def test_has_no_integrations(capture):
    with engine.connect() as connection:
        connection.execute(sqlalchemy.text("select 1"))
    assert capture.spans == []

def test_leaves_a_provider(reset_telemetry):
    provider = TracerProvider()
    trace.set_tracer_provider(provider)
    assert trace.get_tracer_provider() is provider
    assert tracer.start_span("x").is_recording()

def test_leaves_a_handler_and_a_request(capture):
    assert not any(isinstance(one, logfire.LogfireLoggingHandler) for one in logging.root.handlers)
    logging.root.addHandler(logfire.LogfireLoggingHandler())
    request_id.set("r-1")
    propagate.set_global_textmap(propagate.composite.CompositePropagator([]) if hasattr(propagate, "composite") else None)

def test_propagates(capture):
    carrier = {}
    with tracer.start_as_current_span("outer"):
        propagate.inject(carrier)
    assert carrier["traceparent"].split("-")[2] == capture.span("outer").span_id

def test_sends(otlp_server):
    telemetry = configuration.configure(flush_interval=0.01)
    logfire.info("sent")
    telemetry.flush(5)
    otlp_server.wait(lambda server: server.spans)
    assert otlp_server.span("sent")

def test_fails(capture):
    with logfire.span("outer"), logfire.span("inner"):
        pass
    assert False
"""

TWICE = """
import sys, pytest

class Outcomes:
    def __init__(self):
        self.seen = {}
    def pytest_runtest_logreport(self, report):
        if report.when == "call" or report.outcome != "passed":
            self.seen[report.nodeid] = report.outcome

runs = []
for _ in range(2):
    outcomes = Outcomes()
    pytest.main(["-q", "-p", "no:cacheprovider", *sys.argv[1:]], plugins=[outcomes])
    runs.append(outcomes.seen)
assert runs[0] == runs[1], runs
assert sorted(set(runs[0].values())) == ["failed", "passed"], runs
assert [name for name, outcome in runs[0].items() if outcome == "failed"] == ["test_suite.py::test_fails"], runs
print("the same", len(runs[0]))
"""


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.slow
def test_twice_in_one_process_is_the_same(tmp_path: Path, seed: int) -> None:
    (tmp_path / "test_suite.py").write_text(SUITE)
    (tmp_path / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            TWICE,
            *PLUGIN,
            "-p",
            "randomly",
            "-p",
            "no:timeout",
            "-p",
            "no:xdist",
            f"--randomly-seed={seed}",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert done.stdout.endswith("the same 10\n"), done.stdout + done.stderr
    # A failed test shows its spans.
    assert "--- Spans recorded ---" in done.stdout
    assert "\n  outer\n    inner\n" in done.stdout
