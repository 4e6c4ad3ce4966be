"""A stream in front of the terminal's through which no secret passes: for Logfire's console, which writes a record in one piece."""

import re
from typing import Any, TextIO

from andiron.sdk.in_force import redactor

COLOURS = re.compile("\x1b\\[[0-9;]*m")


class CleanStream:
    """Stands for `stream`. What had a secret in it comes without colours, and with plain bars, for they may stand in the middle of one."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write `text` as it may be seen."""
        plain = COLOURS.sub("", text).replace("│", "|")
        clean = redactor().text(plain)
        return self._stream.write(text if clean == plain else clean)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
