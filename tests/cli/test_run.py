"""`andiron run`: real programs, started as a user starts them, sending to a real server."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from andiron.cli import run as command
from andiron.errors import ConfigurationError
from andiron.sdk.autostart import FOLDER
from andiron.testing import Receiver

pytestmark = pytest.mark.requirement("LF-01")

ANDIRON = str(Path(sys.executable).parent / "andiron")
Start = Callable[..., "subprocess.Popen[str]"]

APPLICATION = """
from fastapi import FastAPI
from starlette.applications import Starlette

app = FastAPI()
app.mount("/mounted", Starlette())

@app.get("/shelves/{number}")
async def shelf(number: int) -> dict[str, int]:
    return {"shelf": number}
"""


@pytest.fixture
def server() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def start(server: Receiver, tmp_path: Path) -> Iterator[Start]:
    """Starts `andiron run` with these words, in an environment of its own."""
    started: list[subprocess.Popen[str]] = []

    def run(*words: str, **variables: str) -> "subprocess.Popen[str]":
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("ANDIRON_", "LOGFIRE_", "OTEL_", "PYTHON", "PYDANTIC", "COV_"))
        }
        home = {
            "HOME": str(tmp_path),
            # `python` is the one that has Andiron.
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "XDG_STATE_HOME": str(tmp_path / "state"),
            "ANDIRON_SPOOL": "memory",
            "ANDIRON_METRICS": "0",
            "ANDIRON_SESSION": "0",
        }
        process = subprocess.Popen(
            [ANDIRON, "run", "--url", server.url, *words],
            env={**inherited, **home, **variables},
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def test_a_program_with_its_own_options_status_and_process(start: Start, server: Receiver, tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(
        "import logfire, os, sys\n"
        "logfire.info('hello')\n"
        "print(os.getpid(), sys.argv[1:], os.environ.get('PYDANTIC_DISABLE_PLUGINS'))\n"
        "sys.exit(7)\n"
    )
    process = start("--service", "shop", "--environment", "test", "program.py", "--service", "mine", "--", "-m")
    out, err = process.communicate(timeout=60)
    assert (out, err, process.returncode) == (f"{process.pid} ['--service', 'mine', '--', '-m'] None\n", "", 7)
    span = server.span("hello")
    assert span.resource["service.name"] == "shop"


@pytest.mark.parametrize("words", [["-m", "uvicorn"], ["uvicorn"]], ids=["module", "command"])
def test_a_web_application_has_one_span_a_request(
    start: Start, server: Receiver, tmp_path: Path, words: list[str]
) -> None:
    (tmp_path / "shop.py").write_text(APPLICATION)
    socket = tmp_path / "s"
    process = start(*words, "shop:app", "--uds", str(socket), "--log-level", "info", PYTHONPATH=str(tmp_path))
    assert process.stderr is not None
    while "running on" not in (line := process.stderr.readline()):
        assert line, "the application ended"
    with httpx.Client(transport=httpx.HTTPTransport(uds=str(socket)), base_url="http://shop") as client:
        assert client.get("/shelves/3").json() == {"shelf": 3}
        assert client.get("/mounted/nothing").status_code == 404
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    # Errors travel first.
    spans = sorted((span for span in server.spans if span.kind == "server"), key=lambda span: span.start)
    assert [span.attributes["http.response.status_code"] for span in spans] == [200, 404]
    assert spans[0].name == "GET /shelves/{number}"
    assert {span.scope for span in server.spans} == {spans[0].scope}


@pytest.mark.slow
def test_the_workers_of_gunicorn(start: Start, server: Receiver, tmp_path: Path) -> None:
    """They are forked after telemetry began, and end by a signal that nobody handles any more."""
    (tmp_path / "shop.py").write_text(APPLICATION)
    socket = tmp_path / "s"
    words = ("-k", "uvicorn.workers.UvicornWorker", "--bind", f"unix:{socket}", "shop:app")
    process = start("gunicorn", *words, PYTHONPATH=str(tmp_path), PYTHONWARNINGS="ignore")
    assert process.stderr is not None
    while "startup complete" not in (line := process.stderr.readline()):
        assert line, "the application ended"
    with httpx.Client(transport=httpx.HTTPTransport(uds=str(socket)), base_url="http://shop") as client:
        assert client.get("/shelves/3").json() == {"shelf": 3}
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert server.span("GET /shelves/{number}")


def test_an_application_that_instruments_itself_is_left_alone(start: Start, server: Receiver, tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(
        APPLICATION + "import logfire\nlogfire.instrument_fastapi(app)\n"
        "from starlette.testclient import TestClient\nTestClient(app).get('/shelves/1')\n"
    )
    process = start("python", "shop.py", PYTHONWARNINGS="ignore")
    process.communicate(timeout=60)
    assert [span.scope for span in server.spans if span.kind == "server"] == ["opentelemetry.instrumentation.fastapi"]


def test_a_signal_ends_it_as_ever(start: Start, server: Receiver, tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(
        "import logfire, signal\nlogfire.info('waiting')\nprint('ready', flush=True)\nsignal.pause()\n"
    )
    process = start("python", "program.py")
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGTERM
    assert server.span("waiting")


def test_children_of_multiprocessing(start: Start, server: Receiver, tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(
        "import logfire, multiprocessing\n"
        "def work(number):\n"
        "    logfire.info('in a child {number}', number=number)\n"
        "if __name__ == '__main__':\n"
        "    child = multiprocessing.get_context('spawn').Process(target=work, args=(1,))\n"
        "    child.start(); child.join()\n"
        "    assert child.exitcode == 0\n"
        "    logfire.info('in the parent')\n"
    )
    process = start("program.py")
    assert (process.communicate(timeout=60), process.returncode) == (("", ""), 0)
    assert {span.name for span in server.spans} == {"in a child {number}", "in the parent"}


def test_the_sitecustomize_that_it_hides_runs(start: Start, server: Receiver, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import builtins\nbuiltins.mine = 'there'\n")
    (tmp_path / "program.py").write_text(
        "import logfire, sitecustomize\nprint(mine, sitecustomize.__file__)\nlogfire.info('hello')\n"
    )
    process = start("python", "program.py", PYTHONPATH=str(tmp_path))
    out, err = process.communicate(timeout=60)
    assert (out, err) == (f"there {tmp_path}/sitecustomize.py\n", "")
    assert server.span("hello")


def test_a_failure_costs_a_line(start: Start, tmp_path: Path) -> None:
    (tmp_path / "logfire.py").write_text("raise RuntimeError('broken\\ninstallation')\n")
    process = start(
        "python",
        "-c",
        "import subprocess, sys; print('on it goes', flush=True); subprocess.run([sys.executable, '-c', ''])",
        PYTHONPATH=str(tmp_path),
    )
    out, err = process.communicate(timeout=60)
    assert (out, process.returncode) == ("on it goes\n", 0)
    assert err == "andiron: this process makes no telemetry: RuntimeError: broken installation\n"


def test_a_python_without_andiron(start: Start, tmp_path: Path) -> None:
    (tmp_path / "andiron.py").write_text("")
    hidden = f"PYTHONPATH={FOLDER}{os.pathsep}{tmp_path}"
    process = start("env", hidden, "python", "-c", "print('on it goes')")
    out, err = process.communicate(timeout=60)
    assert (out, process.returncode) == ("on it goes\n", 0)
    assert err.count("\n") == 1
    assert "makes no telemetry: No module named 'andiron.sdk'" in err


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["--", "sh", "-c", "exit 3"], 3, ""),
        (["no-such-command"], 127, "andiron: there is no command no-such-command\n"),
        (["--servise", "x", "python"], 2, "andiron: run has no option --servise; `andiron run --help` lists them\n"),
        (["--set", "colour=red", "true"], 1, "andiron: --set colour=red: write name=value, with one of service, "),
    ],
    ids=["no-python", "no-command", "no-option", "no-setting"],
)
def test_what_is_no_python_program(start: Start, words: list[str], status: int, message: str) -> None:
    process = start(*words)
    out, err = process.communicate(timeout=60)
    assert (out, process.returncode) == ("", status)
    assert err.startswith(message)
    assert err.count("\n") == bool(message)


def test_the_environment_of_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    environ = {"PYTHONPATH": "/mine", "PYDANTIC_DISABLE_PLUGINS": "true"}
    monkeypatch.setattr(command, "inherited", lambda _: {"PYTHONPATH"})
    child = command.prepared(environ, {"service": "shop", "sample": "0.1"})
    assert child == {
        "PYTHONPATH": f"{FOLDER}{os.pathsep}/mine",
        "ANDIRON_SERVICE": "shop",
        "ANDIRON_SAMPLE": "0.1",
        "ANDIRON_RUN_PID": str(os.getpid()),
    }
    # What the user wants of pydantic holds.
    monkeypatch.setattr(command, "inherited", set)
    assert command.prepared(environ, {})["PYDANTIC_DISABLE_PLUGINS"] == "true"
    assert command.prepared({}, {})["PYTHONPATH"] == FOLDER


def test_settings_by_name() -> None:
    assert command.pair("flush-interval = 5") == ("flush_interval", " 5")
    for wrong in ("sample", "colour=red", "=1"):
        with pytest.raises(ConfigurationError, match="write name=value"):
            command.pair(wrong)


def test_a_script_that_is_executable_chooses_its_interpreter(tmp_path: Path) -> None:
    script = tmp_path / "tool.py"
    script.write_text("#!/bin/sh\n")
    assert command.resolve([str(script)]) == (sys.executable, [sys.executable, str(script)])
    script.chmod(0o755)
    assert command.resolve([str(script), "-v"]) == (str(script), [str(script), "-v"])
