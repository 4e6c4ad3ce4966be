"""Builds the web pages into a wheel or a source archive that is made where they have not been built; `make pages` is the usual way."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PAGES = Path("src/andiron/server/pages/dist/index.html")
APP = Path("web/app")
WITHOUT = "The package works without them: it takes telemetry and answers in SQL."


class Pages(BuildHookInterface[Any]):
    """Called by hatchling before it collects the files."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the pages, or say why not; an editable installation takes them from the checkout as they are."""
        del build_data
        root = Path(self.root)
        if version == "editable" or (root / PAGES).exists():
            return
        if not (root / APP / "package-lock.json").exists():
            self.app.display_warning(f"There are no sources of the web pages here, so they are left out. {WITHOUT}")
            return
        npm = shutil.which("npm")
        if npm is None:
            self.app.display_warning(
                f"The web pages are left out: building them needs Node.js 20.19 or newer with npm (https://nodejs.org/en/download). {WITHOUT}"
            )
            return
        for command in (["ci", "--no-audit", "--no-fund"], ["run", "build"]):
            self.app.display_info(f"Building the web pages: npm {' '.join(command)}")
            ended = subprocess.run([npm, *command], cwd=root / APP, check=False, capture_output=True, text=True)  # noqa: S603 - npm, with words of our own
            if ended.returncode:
                said = (ended.stderr or ended.stdout)[-2000:]
                self.app.display_warning(
                    f"The web pages are left out: `npm {' '.join(command)}` failed. {WITHOUT}\n{said}"
                )
                return
