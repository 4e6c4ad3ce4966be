"""Where the spools of this user's applications lie, a folder each."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path


def spool_folder(environ: Mapping[str, str] | None = None, platform: str = sys.platform) -> Path:
    """`$ANDIRON_SPOOL`, else `andiron/spool` in the folder where this system keeps the state of applications."""
    environ = os.environ if environ is None else environ
    if named := environ.get("ANDIRON_SPOOL"):
        return Path(named).expanduser()
    if platform == "darwin":
        return Path("~/Library/Application Support/andiron/spool").expanduser()
    # The specification of XDG wants relative paths passed over.
    if (state := environ.get("XDG_STATE_HOME", "")).startswith("/"):
        return Path(state) / "andiron" / "spool"
    return Path("~/.local/state/andiron/spool").expanduser()
