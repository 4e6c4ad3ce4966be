"""Variables that begin with ANDIRON_ and are none of Andiron's: a misspelt setting would otherwise be silent.

From the environment and `.env`; `andiron serve` says so before it starts. The environment of a server often holds its neighbours'
settings too, so those of the application half are known as well.
"""

import difflib
from collections.abc import Iterator, Mapping
from pathlib import Path

from dotenv import dotenv_values

from andiron.sdk.settings import SdkSettings
from andiron.server.settings import Settings

PREFIX = "ANDIRON_"
OTHERS = ("ANDIRON_READ_TOKEN", "ANDIRON_RUN_PID")
"""What commands read besides."""


def known() -> list[str]:
    """Every variable of the server, of applications and of the commands."""
    names = [*Settings.model_fields, *SdkSettings.model_fields]
    return [*dict.fromkeys(f"{PREFIX}{name.upper()}" for name in names), *OTHERS]


def misspelt(environ: Mapping[str, str], file: Path = Path(".env")) -> Iterator[str]:
    """A sentence for each variable that nobody reads. Values are not repeated: they may be secret."""
    settings = known()
    places = dict.fromkeys(dotenv_values(file), f" (in {file})") if file.is_file() else {}
    for name in sorted({*places, *environ}):
        if name.upper().startswith(PREFIX) and name.upper() not in settings:
            like = difflib.get_close_matches(name.upper(), settings, 1, 0.75)
            hint = f"Did you mean {like[0]}?" if like else "docs/settings.md lists them all."
            yield f"{name}{places.get(name, '')} is no setting of Andiron and changes nothing. {hint}"
