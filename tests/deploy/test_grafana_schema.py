"""The dashboards against Grafana's own types: the TypeScript compiler reads them as values of `@grafana/schema`."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.dashboards import BOARDS
from tests.deploy.stack import ROOT

pytestmark = pytest.mark.requirement("OB-10")

MODULES = ROOT / "web" / "app" / "node_modules"
TYPES = Path(__file__).with_name("dashboard.ts")
OPTIONS = {
    "strict": True,
    "noEmit": True,
    "module": "esnext",
    "moduleResolution": "bundler",
    "target": "es2022",
    "skipLibCheck": True,
    "types": [],
}


@pytest.fixture
def compiler() -> Path:
    if shutil.which("node") is None or not MODULES.exists():
        pytest.skip("the pages' packages are not installed: Grafana's types are not looked at")
    assert (MODULES / "@grafana" / "schema").exists(), "@grafana/schema is not installed: run make pages"
    return MODULES / ".bin" / "tsc"


def complaints(compiler: Path, folder: Path, boards: dict[str, Any]) -> str:
    """What the compiler has to say about these values."""
    (folder / "node_modules").symlink_to(MODULES)
    values = [f"export const b{number}: Written = {json.dumps(board)};" for number, board in enumerate(boards.values())]
    (folder / "check.ts").write_text("\n".join([TYPES.read_text(), *values]))
    (folder / "tsconfig.json").write_text(json.dumps({"compilerOptions": OPTIONS, "files": ["check.ts"]}))
    done = subprocess.run([compiler, "-p", folder], stdout=subprocess.PIPE, text=True, check=False)
    return done.stdout


def test_the_dashboards_are_what_grafana_expects(compiler: Path, tmp_path: Path) -> None:
    assert complaints(compiler, tmp_path, BOARDS) == ""


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("graphTooltip",), 7),
        (("panels", 0, "options", "tooltip", "mode"), "loud"),
        (("panels", 0, "options", "tooltips"), {}),
        (("panels", 0, "type"), "timeserie"),
        (("panels", 0, "fieldConfig", "defaults", "custom", "showPoints"), "sometimes"),
        (("templating", "list", 0, "type"), "quest"),
    ],
    ids=lambda each: ".".join(map(str, each)) if isinstance(each, tuple) else None,
)
def test_the_compiler_finds_what_is_wrong(compiler: Path, tmp_path: Path, path: tuple[Any, ...], value: object) -> None:
    board = json.loads(json.dumps(BOARDS["crud-operations-overview"]))
    place = board
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    assert "check.ts" in complaints(compiler, tmp_path, {"one": board})
