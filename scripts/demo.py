"""`make demo`: Andiron, the control center of examples/ and its load, all at once, so that every page has something to show.

    python scripts/demo.py                 for ten minutes, or until Ctrl-C, which stops all three
    python scripts/demo.py --minutes 60 --rate 50

Where an Andiron already listens, that one is used and left running. Data stays in ./andiron-data/demo.
"""

import argparse
import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = ROOT / "examples" / "control_center"
DATA = Path("andiron-data") / "demo"
PATIENCE = 60.0
"""Seconds within which each must be ready."""
FAREWELL = 15.0
"""Seconds that each has to end by itself."""
STEP = 0.1


class Trouble(Exception):
    """What went wrong, and what to do; the message is all that is shown."""


class Program:
    """One of the three, in a session of its own: Ctrl-C reaches this script alone, which ends them in order."""

    def __init__(self, name: str, log: Path, *arguments: str, **environ: str) -> None:
        self.name = name
        self.log = log
        with log.open("wb") as output:
            self.process = subprocess.Popen(  # noqa: S603 - our own programs
                [sys.executable, "-m", *arguments],
                stdout=output,
                stderr=output,
                stdin=subprocess.DEVNULL,
                env=os.environ | environ,
                start_new_session=True,
            )

    def check(self) -> None:
        """Complain if it has ended."""
        if self.process.poll() is not None:
            raise Trouble(
                f"{self.name} ended with status {self.process.returncode}. It said ({self.log}):\n{self.said()}"
            )

    def said(self) -> str:
        """The end of its output."""
        return self.log.read_text(errors="replace")[-2000:].strip()

    def wait_ready(self, url: str) -> None:
        """Until it answers at this address."""
        deadline = time.monotonic() + PATIENCE
        while answer(url) is None:
            self.check()
            if time.monotonic() > deadline:
                raise Trouble(f"{self.name} is not ready after {PATIENCE:g} s. It said ({self.log}):\n{self.said()}")
            time.sleep(STEP)

    def stop(self) -> None:
        """End it, politely first."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(FAREWELL)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def answer(url: str) -> bytes | None:
    """What is answered with success at the address; None otherwise."""
    try:
        with urllib.request.urlopen(url, timeout=5) as response:  # noqa: S310 - an http:// of our own
            body: bytes = response.read()
            return body
    except (OSError, ValueError):
        return None


def taken(address: str) -> bool:
    """Whether somebody listens there."""
    host, _, port = address.rpartition(":")
    with contextlib.suppress(OSError), socket.create_connection((host, int(port)), 1):
        return True
    return False


def started(arguments: argparse.Namespace, stack: contextlib.ExitStack) -> list[Program]:
    """Start what is missing, one after the other, each when the one before is ready; the last is the load."""
    server, application = f"http://{arguments.andiron}", f"http://{arguments.application}"
    if taken(arguments.application):
        raise Trouble(
            f"Something listens on {arguments.application} already, where the application would. "
            "Stop it, or choose another address: --application 127.0.0.1:8001"
        )
    arguments.data.mkdir(parents=True, exist_ok=True)
    folder = arguments.data.resolve()
    programs: list[Program] = []

    def start(name: str, log: str, *command: str, **environ: str) -> Program:
        program = Program(name, folder / log, *command, **environ)
        stack.callback(program.stop)
        programs.append(program)
        return program

    if not taken(arguments.andiron):
        addresses = ("--http", arguments.andiron, "--grpc", arguments.grpc)
        andiron = start("Andiron", "andiron.log", "andiron", "serve", *addresses, "--data", str(folder / "server"))
        andiron.wait_ready(f"{server}/readyz")
        print(f"Andiron            {server}/   data in {arguments.data}")
    elif (answer(f"{server}/") or b"").startswith(b"Andiron"):
        print(f"Andiron            {server}/   was running already; it is used, and left running")
    else:
        raise Trouble(
            f"Something that is not Andiron listens on {arguments.andiron}. "
            "Stop it, or choose another address: --andiron 127.0.0.1:4418 --grpc off"
        )
    environ = {
        "PYTHONPATH": os.pathsep.join(filter(None, (str(EXAMPLE), os.environ.get("PYTHONPATH")))),
        "ANDIRON_URL": server,
        "CONTROL_CENTER_HTTP": arguments.application,
        "CONTROL_CENTER_DATABASE": f"sqlite+aiosqlite:///{folder / 'control-center.db'}",
        "CONTROL_CENTER_FAULTS": "1",
    }
    start("The application", "application.log", "control_center", **environ).wait_ready(f"{application}/healthz")
    print(f"The application    {application}/docs   its metrics: {application}/metrics")
    asked = ("--url", application, "--seconds", f"{arguments.minutes * 60:g}", "--rate", f"{arguments.rate:g}")
    start("The load", "load.log", "control_center.load", *asked, **environ)
    return programs


def demo(arguments: argparse.Namespace) -> None:
    """Run until the load is through, one of the programs ends, or somebody has seen enough."""
    with contextlib.ExitStack() as stack:
        programs = started(arguments, stack)
        load = programs[-1]
        try:
            print(
                f"The load           {arguments.rate:g} requests a second for {arguments.minutes:g} minutes: "
                "most succeed, some are refused, a few fail or are slow, on purpose\n\n"
                f"Look at http://{arguments.andiron}/ and choose the service control-center. Ctrl-C stops the demo.",
                flush=True,
            )
            while load.process.poll() is None:
                for program in programs[:-1]:
                    program.check()
                time.sleep(STEP)
            if load.process.returncode:
                load.check()
        except KeyboardInterrupt:
            print("\nStopping ...", flush=True)
            load.stop()
        print(load.said())
    data = arguments.data / "server"
    print(f"Stopped. To look again: andiron serve --data {data}" if data.exists() else "Stopped.")


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0, help="how long, 10")
    parser.add_argument("--rate", type=float, default=20.0, help="requests a second, 20")
    parser.add_argument("--andiron", default="127.0.0.1:4318", help="address of Andiron, 127.0.0.1:4318")
    parser.add_argument("--grpc", default="127.0.0.1:4317", help="its address for gRPC, 127.0.0.1:4317, or off")
    parser.add_argument("--application", default="127.0.0.1:8000", help="address of the application, 127.0.0.1:8000")
    parser.add_argument("--data", type=Path, default=DATA, help=f"folder for everything, {DATA}")
    return parser.parse_args()


def interrupted(*_: object) -> None:
    """SIGTERM ends the demo as Ctrl-C does."""
    raise KeyboardInterrupt


def main() -> int:
    """Run the demo; what goes wrong is told in a sentence."""
    signal.signal(signal.SIGTERM, interrupted)
    try:
        demo(parsed())
    except Trouble as trouble:
        print(trouble, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped.")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
