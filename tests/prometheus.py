"""Prometheus' own programs, for tests: those of the system, or those that `make prometheus` unpacked."""

import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[1]
UNPACKED = ROOT / ".cache" / "prometheus" / "usr" / "bin"


def found(name: str) -> Path:
    """Where a program is; fails with what to do where it is nowhere."""
    path = shutil.which(name) or shutil.which(name, path=UNPACKED)
    if path is None:
        raise AssertionError(f"There is no {name} on PATH and none in {UNPACKED}: run make prometheus")
    return Path(path)


def prometheus() -> Path:
    """The server."""
    return found("prometheus")


def promtool() -> Path:
    """What checks its files."""
    return found("promtool")


def said(*arguments: str, folder: Path) -> str:
    """What promtool says; fails with it when it finds a fault."""
    done = subprocess.run(
        [promtool(), *arguments], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    return done.stdout
