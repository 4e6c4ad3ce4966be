"""The data folder and its lock: one server a folder, also when the store is elsewhere, for the journal is always here."""

import fcntl
import os
from pathlib import Path

from andiron.errors import ConfigurationError, DataPathBusy


class DataPath:
    """Holds the folder for this process until `release`, or its death."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.mkdir(parents=True, exist_ok=True)
            self._file = os.open(path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise ConfigurationError(
                f"The data folder {path} cannot be used: {error.strerror}. Name one that you may write to with --data."
            ) from None
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(self._file, 32).decode(errors="replace").strip() or "unknown"
            os.close(self._file)
            raise DataPathBusy(
                f"Another Andiron (process {holder}) is using {path}: stop it, or give this one another folder with --data."
            ) from None
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, str(os.getpid()).encode(), 0)

    def release(self) -> None:
        """Let another process have the folder."""
        os.close(self._file)
