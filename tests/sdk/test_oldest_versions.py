"""The oldest versions that are promised are those that are tested."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

pytestmark = pytest.mark.requirement("LF-13")

ROOT = Path(__file__).parents[2]
PINS = {
    name: Version(pin)
    for name, pin in re.findall(
        r"^([\w.-]+)==([\w.]+)", (ROOT / "requirements-oldest.txt").read_text(encoding="utf-8"), re.MULTILINE
    )
}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
OPTIONAL = {"fastapi", "logfire", "requests", "sqlalchemy", "asyncpg", "psycopg", "redis", "celery", "aiosqlite"}
REQUIREMENTS = [
    *map(Requirement, PROJECT["dependencies"]),
    *(
        requirement
        for extra in ("server", "memory", "dev")
        for requirement in map(Requirement, PROJECT["optional-dependencies"][extra])
        if requirement.name in OPTIONAL
    ),
]


def lower_bound(requirement: Requirement) -> Version:
    [bound] = [Version(each.version) for each in requirement.specifier if each.operator in (">=", "==")]
    return bound


@pytest.mark.parametrize("requirement", REQUIREMENTS, ids=str)
def test_the_lower_bound_is_what_is_tested(requirement: Requirement) -> None:
    bound, pin = lower_bound(requirement), PINS[requirement.name]
    # `>=13` may be 13.4.2: the oldest of 13 that can be installed.
    assert pin.release[: len(bound.release)] == bound.release, (
        f"pyproject.toml promises {requirement}, and {pin} is tested: python scripts/compatibility.py --lock"
    )


def test_six_libraries_are_among_them() -> None:
    assert {"httpx", "requests", "sqlalchemy", "fastapi", "pydantic", "logfire"} <= {one.name for one in REQUIREMENTS}


@pytest.mark.slow
def test_everything_holds_with_the_oldest_versions() -> None:
    done = subprocess.run(
        [sys.executable, "scripts/compatibility.py"], cwd=ROOT, capture_output=True, text=True, check=False, timeout=110
    )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
