"""Stored text on a terminal: no control character of it gets there."""

import json
import os
import sys
from typing import Any

FILE = 100_000
"""Columns where there is no terminal: a row stays a line, for grep and awk."""


def wide() -> Any:
    """The console that tables are printed on: as wide as the terminal, or as the row where there is none."""
    from rich.console import Console

    return Console() if sys.stdout.isatty() or "COLUMNS" in os.environ else Console(width=FILE)


def cell(value: Any) -> Any:
    """A value in a table; no control character of stored text reaches the terminal."""
    from rich.text import Text

    if value is None:
        return Text("NULL", style="dim")
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return Text(
        "".join(
            character if character.isprintable() or character == "\n" else "\N{REPLACEMENT CHARACTER}"
            for character in text
        )
    )
