"""Stored text on a terminal: no control character of it gets there."""

import json
from typing import Any


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
