"""Where bridges without handlers of their own write their lines."""

import contextlib
import sys
import threading
from typing import TextIO


class Output:
    """Lines to a stream, each in one piece. A stream that is closed or full is the operator's concern, not the caller's."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def write(self, line: str) -> None:
        """Write one line, and let it be seen at once."""
        stream = self._stream or sys.stdout
        with contextlib.suppress(OSError, ValueError), self._lock:
            stream.write(line + "\n")
            stream.flush()
