"""Where the spools of this user's applications lie, a folder each."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path


def spool_folder(environ: Mapping[str, str] | None = None, platform: str = sys.platform) -> Path:
    """`$ANDIRON_SPOOL`, else `spool` among the state that Andiron keeps."""
    environ = os.environ if environ is None else environ
    if named := environ.get("ANDIRON_SPOOL"):
        return Path(named).expanduser()
    return state_root(environ, platform) / "spool"


def state_root(environ: Mapping[str, str] | None = None, platform: str = sys.platform) -> Path:
    """Where this system keeps the state of applications, and Andiron its own."""
    environ = os.environ if environ is None else environ
    if platform == "darwin":
        return Path("~/Library/Application Support/andiron").expanduser()
    # The specification of XDG wants relative paths passed over.
    state = environ.get("XDG_STATE_HOME", "")
    return (Path(state) if state.startswith("/") else Path("~/.local/state").expanduser()) / "andiron"
