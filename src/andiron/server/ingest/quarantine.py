"""The quarantine: request bodies that the store refuses, each with the reason, kept until somebody looks.

Two files an entry: `<id>.json` says what and why, `<id>.body` holds the bytes. `andiron quarantine` lists, shows and retries them.
"""

import hashlib
import json
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Refused:
    """What is known of a body in quarantine."""

    id: str
    signal: str
    database: str
    records: int
    received: int
    bytes: int
    reason: str
    nested: bool = False


class Quarantine:
    """The folder of refused bodies."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(
        self,
        body: bytes | memoryview,
        *,
        signal: str,
        database: str,
        records: int,
        received: int,
        reason: str,
        nested: bool,
        token: str,
    ) -> Refused:
        """Keep `body`, on disk before this returns. The same `token` again, as after a crash, is the same entry."""
        self._folder.mkdir(parents=True, exist_ok=True)
        moment = time.strftime("%Y%m%dT%H%M%S", time.gmtime(received / 1000))
        name = f"{moment}-{hashlib.sha256(token.encode()).hexdigest()[:8]}"
        refused = Refused(name, signal, database, records, received, len(body), reason, nested)
        write_durably(self._folder / f"{refused.id}.body", bytes(body))
        write_durably(self._folder / f"{refused.id}.json", json.dumps(asdict(refused), indent=2).encode())
        return refused

    def all(self) -> list[Refused]:
        """Every entry, oldest first."""
        return [Refused(**json.loads(path.read_text())) for path in sorted(self._folder.glob("*.json"))]

    def find(self, prefix: str) -> Refused | None:
        """The one entry whose id begins with `prefix`."""
        found = [refused for refused in self.all() if refused.id.startswith(prefix)]
        return found[0] if len(found) == 1 else None

    def body(self, refused: Refused) -> bytes:
        """The bytes of an entry."""
        return (self._folder / f"{refused.id}.body").read_bytes()

    def remove(self, refused: Refused) -> None:
        """Forget an entry."""
        (self._folder / f"{refused.id}.json").unlink(missing_ok=True)
        (self._folder / f"{refused.id}.body").unlink(missing_ok=True)


def write_durably(path: Path, data: bytes) -> None:
    """Write a file, whole or not at all, and wait for the disk."""
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
