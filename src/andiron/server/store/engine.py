"""What the rest of the server asks of ClickHouse, embedded or remote. `chdb.py` and `remote.py` are the two that answer."""

from collections.abc import Mapping
from typing import Protocol

Settings = Mapping[str, str | int]


class Engine(Protocol):
    """A thread-safe ClickHouse. Calls block: from a coroutine, go through a thread.

    Failures are `StoreError` (refused, with ClickHouse's code) or `StoreUnavailable` (not reached; try later).
    """

    cluster: str
    """Name of the cluster that tables are replicated and distributed on; empty for one node."""

    def query(self, sql: str, *, format: str = "JSONCompact", settings: Settings | None = None) -> bytes:
        """Run one statement and give its whole answer in `format`."""
        ...

    def command(self, sql: str, *, settings: Settings | None = None) -> None:
        """Run one statement for its effect; on a cluster, on every node that holds a shard unless it says ON CLUSTER."""
        ...

    def insert(self, table: str, body: bytes, *, format: str, token: str, settings: Settings | None = None) -> None:
        """Insert `body`; the same `token` again has no effect."""
        ...

    def close(self) -> None:
        """Give up connections and, embedded, the lock on the data path."""
        ...
