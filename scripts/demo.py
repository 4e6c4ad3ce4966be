"""`make demo`: Andiron, the control center of examples/ and its load, all at once, so that every page has something to show.

    make demo                                  for ten minutes, or until Ctrl-C; then all three stop
    make demo ARGS="--minutes 60 --rate 50"

Where an Andiron already listens, that one is used and left running. Data stays in ./andiron-data/demo.
"""

import argparse
import contextlib
import math
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
ANDIRON, GRPC, APPLICATION = "127.0.0.1:4318", "127.0.0.1:4317", "127.0.0.1:8000"
OFF = "off"
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


def in_the_way(address: str, whose: str, remedy: str) -> Trouble:
    """Somebody else listens where one of the three would; `remedy` is in the demo's own words."""
    return Trouble(
        f"Something listens on {address} already, {whose}. "
        f'Stop it, or choose another address: make demo ARGS="{remedy}"'
    )


def beside(address: str) -> str:
    """The next port."""
    host, _, port = address.rpartition(":")
    return f"{host}:{int(port) % 65535 + 1}"


def started(arguments: argparse.Namespace, stack: contextlib.ExitStack) -> tuple[list[Program], bool]:
    """Start what is missing, one after the other, each when the one before is ready; the last is the load.

    The second is whether Andiron is among them.
    """
    server, application = f"http://{arguments.andiron}", f"http://{arguments.application}"
    if taken(arguments.application):
        remedy = f"--application {beside(arguments.application)}"
        raise in_the_way(arguments.application, "where the application would", remedy)
    ours = not taken(arguments.andiron)
    if ours and arguments.grpc != OFF and taken(arguments.grpc):
        raise in_the_way(arguments.grpc, "where Andiron would take OTLP over gRPC", f"--grpc {OFF}")
    if not ours and not (answer(f"{server}/") or b"").startswith(b"Andiron"):
        remedy = f"--andiron {beside(arguments.andiron)} --grpc {OFF}"
        raise in_the_way(arguments.andiron, "and it is not Andiron", remedy)
    print(
        f"For {arguments.minutes:g} minutes, or until Ctrl-C; then everything that starts here is stopped.", flush=True
    )
    arguments.data.mkdir(parents=True, exist_ok=True)
    folder = arguments.data.resolve()
    programs: list[Program] = []

    def start(name: str, log: str, *command: str, **environ: str) -> Program:
        program = Program(name, folder / log, *command, **environ)
        stack.callback(program.stop)
        programs.append(program)
        return program

    if ours:
        addresses = ("--http", arguments.andiron, "--grpc", arguments.grpc)
        andiron = start("Andiron", "andiron.log", "andiron", "serve", *addresses, "--data", str(folder / "server"))
        andiron.wait_ready(f"{server}/readyz")
        print(f"Andiron            {server}/   data in {arguments.data}")
    else:
        print(f"Andiron            {server}/   was running already; it is used, and left running")
    environ = {
        "PYTHONPATH": os.pathsep.join(filter(None, (str(EXAMPLE), os.environ.get("PYTHONPATH")))),
        "ANDIRON_URL": server,
        "CONTROL_CENTER_HTTP": arguments.application,
        "CONTROL_CENTER_DATABASE": f"sqlite+aiosqlite:///{folder / 'control-center.db'}",
        "CONTROL_CENTER_FAULTS": "1",
    }
    start("The application", "application.log", "control_center", **environ).wait_ready(f"{application}/healthz")
    print(f"The application    {application}/docs   its metrics: {application}/metrics")
    print(f"                   curl '{application}/resources/search?q=orders'   its paths for programs: /openapi.json")
    asked = ("--url", application, "--seconds", f"{arguments.minutes * 60:g}", "--rate", f"{arguments.rate:g}")
    start("The load", "load.log", "control_center.load", *asked, **environ)
    return programs, ours


def demo(arguments: argparse.Namespace) -> None:
    """Run until the load is through, one of the programs ends, or somebody has seen enough."""
    with contextlib.ExitStack() as stack:
        programs, ours = started(arguments, stack)
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
    if ours:
        print(f"Stopped. To look again: {again(arguments)}")
    else:
        print(f"Stopped, but for Andiron, which ran before: http://{arguments.andiron}/")


def again(arguments: argparse.Namespace) -> str:
    """The command that serves what was stored. It is beside this Python, which need not be where a shell looks."""
    beside_us = Path(sys.executable).with_name("andiron")
    folder = beside_us.parent
    if beside_us.is_relative_to(Path.cwd()):
        folder = folder.relative_to(Path.cwd())
    command = f"{folder / 'andiron'} serve --data {arguments.data / 'server'}"
    for option, address, default in (("http", arguments.andiron, ANDIRON), ("grpc", arguments.grpc, GRPC)):
        if address != default:
            command += f" --{option} {address}"
    return command


def address(text: str) -> str:
    """A host and a port."""
    host, _, port = text.rpartition(":")
    if not (host and port.isascii() and port.isdecimal() and 0 < int(port) < 65536):
        raise argparse.ArgumentTypeError(f"{text!r} is no address; one looks like {APPLICATION}")
    return text


def address_or_off(text: str) -> str:
    """As above, or none."""
    return text if text == OFF else address(text)


def amount(text: str) -> float:
    """More than nothing."""
    with contextlib.suppress(ValueError):
        if 0 < (number := float(text)) < math.inf:
            return number
    raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=amount, default=10.0, help="how long, 10")
    parser.add_argument("--rate", type=amount, default=20.0, help="requests a second, 20")
    parser.add_argument("--andiron", type=address, default=ANDIRON, help=f"address of Andiron, {ANDIRON}")
    parser.add_argument("--grpc", type=address_or_off, default=GRPC, help=f"its address for gRPC, {GRPC}, or {OFF}")
    parser.add_argument(
        "--application", type=address, default=APPLICATION, help=f"address of the application, {APPLICATION}"
    )
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
