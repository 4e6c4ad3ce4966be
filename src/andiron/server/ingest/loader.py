"""The loader: takes sealed segments from the journal and inserts them, one insert a project and signal.

An insert's token is the segment's name, so a replay after a crash adds nothing. What the store cannot take now is offered again
later, however long that takes; what it refuses for good is halved until the one bad request is found and put into quarantine.
"""

import itertools
import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from andiron.errors import StoreError, StoreUnavailable
from andiron.server.ingest.journal import Journal, Segment
from andiron.server.ingest.quarantine import Quarantine
from andiron.server.ingest.segment import Damage, Entry, read
from andiron.server.ingest.signals import BY_NUMBER, SIGNALS, Signal
from andiron.server.ingest.values import flattened
from andiron.server.observe import Instruments
from andiron.server.store.engine import Engine
from andiron.server.store.schema import protobuf_schema

log = logging.getLogger(__name__)

INGESTED_AT = b"\xc1\x3e"
"""Tag of the private field `ingested_at` (1000, fixed64). The last one in a message wins, and ours is the last."""

MISSING = {60, 81}
"""ClickHouse's codes for an unknown table and an unknown database."""

INSERT_SETTINGS: dict[str, str | int] = {
    "format_schema_source": "string",
    "input_format_protobuf_oneof_presence": 1,
    "deduplicate_blocks_in_dependent_materialized_views": 1,
    "max_partitions_per_insert_block": 0,
    "max_memory_usage": 4_000_000_000,
    # The indexes of attributes and words are made when parts are merged: what is not merged yet is small and read as it is.
    "materialize_skip_indexes_on_insert": 0,
}


@dataclass(frozen=True)
class Batch:
    """The entries of one project and signal in a segment."""

    signal: Signal
    database: str
    entries: Sequence[Entry]
    token: str

    @property
    def body(self) -> bytes:
        """One request: serialized requests joined are one, and the moment of receipt goes with it."""
        bodies: list[bytes | memoryview] = [
            flattened(bytes(entry.body), self.signal.request) if entry.nested else entry.body for entry in self.entries
        ]
        return b"".join([*bodies, INGESTED_AT, self.entries[0].received.to_bytes(8, "little")])

    @property
    def records(self) -> int:
        """How many records it holds."""
        return sum(entry.records for entry in self.entries)

    def halves(self) -> Iterator["Batch"]:
        """The same in two parts, whose tokens a replay would give again."""
        middle = len(self.entries) // 2
        yield Batch(self.signal, self.database, self.entries[:middle], f"{self.token}.0")
        yield Batch(self.signal, self.database, self.entries[middle:], f"{self.token}.1")


class Loader:
    """Threads that empty the journal into the store."""

    def __init__(
        self,
        journal: Journal,
        engine: Engine,
        quarantine: Quarantine,
        instruments: Instruments,
        *,
        ensure: Callable[[str], bool],
        keep: Callable[[Iterable[Entry]], None],
        loaded: Callable[[str, str, int], None] = lambda _database, _signal, _received: None,
        threads: int = 2,
    ) -> None:
        """`ensure` makes a database's schema and says whether the project still exists; `keep` notes idempotency keys; `loaded`
        is told what can be asked for from now on: the database, the signal, and the moment of receipt that the rows carry.
        """
        self._journal = journal
        self._engine = engine
        self._quarantine = quarantine
        self._instruments = instruments
        self._ensure = ensure
        self._keep = keep
        self._loaded = loaded
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, name=f"andiron-loader-{n}", daemon=True) for n in range(threads)
        ]

    def start(self) -> None:
        """Begin with what an earlier run left."""
        for thread in self._threads:
            thread.start()

    def stop(self, timeout: float) -> None:
        """Finish the segments at hand, for at most `timeout` seconds; the rest stays in the journal."""
        self._stop.set()
        until = time.monotonic() + timeout
        for thread in self._threads:
            if thread.is_alive():
                thread.join(max(0.0, until - time.monotonic()))

    def drain(self, timeout: float) -> bool:
        """Wait until the journal is empty."""
        until = time.monotonic() + timeout
        while self._journal.backlog and time.monotonic() < until:
            self._journal.seal()
            time.sleep(0.02)
        return not self._journal.backlog

    def _run(self) -> None:
        while not self._stop.is_set():
            segment = self._journal.take(timeout=0.5)
            if segment is None:
                continue
            try:
                self.load(segment)
            except StoreUnavailable as error:
                delay = min(10.0, 0.2 * 2 ** min(segment.attempts, 8))
                log.warning(
                    "store unavailable", extra={"segment": segment.name, "error": str(error), "retry_in": delay}
                )
                self._instruments.store_retries.inc()
                self._journal.later(segment, delay)
            except Exception:
                log.exception("segment not loaded", extra={"segment": segment.name})
                self._journal.later(segment, min(60.0, 1.0 * 2 ** min(segment.attempts, 8)))
            else:
                self._journal.done(segment)

    def load(self, segment: Segment) -> None:
        """Insert all of `segment`. Raises `StoreUnavailable` when the store cannot take it now."""
        groups: dict[tuple[str, int], list[Entry]] = {}
        for found in read(segment.path.read_bytes(), segment.seed):
            if isinstance(found, Damage):
                self._report(segment, found)
            else:
                groups.setdefault((found.database, found.signal), []).append(found)
        for (database, number), entries in groups.items():
            self._load(Batch(BY_NUMBER[number], database, entries, f"{segment.name}-{database}-{number}"))
        # Before the segment goes, which is where the keys have been until now.
        self._keep(itertools.chain(*groups.values()))

    def _load(self, batch: Batch) -> None:
        started = time.monotonic()
        try:
            self._insert(batch)
        except StoreUnavailable:
            raise
        except StoreError as error:
            if error.code not in MISSING:
                self._find_fault(batch, error)
                return
            if not self._ensure(batch.database):
                log.warning("records of a deleted project dropped", extra={"database": batch.database})
                return
            self._insert(batch)
        except ValueError as error:  # a nested value that cannot be written as JSON
            self._halve(batch, str(error))
            return
        self._instruments.loaded.labels(batch.signal.name).inc(batch.records)
        self._instruments.load_seconds.observe(time.monotonic() - started)
        self._loaded(batch.database, batch.signal.name, batch.entries[0].received)

    def _find_fault(self, batch: Batch, error: StoreError) -> None:
        """Tell a bad batch from a bad store: one that refuses even nothing is a store that cannot take it now."""
        try:
            insert(self._engine, batch.signal, batch.database, INGESTED_AT + bytes(8), f"{batch.token}.probe")
        except StoreError:
            raise StoreUnavailable(f"The store refuses even an empty insert: {error}", error.code) from error
        self._halve(batch, str(error))

    def _halve(self, batch: Batch, reason: str) -> None:
        if len(batch.entries) == 1:
            self._refuse(batch, reason)
        else:
            for half in batch.halves():
                self._load(half)

    def _insert(self, batch: Batch) -> None:
        insert(self._engine, batch.signal, batch.database, batch.body, batch.token)

    def _refuse(self, batch: Batch, reason: str) -> None:
        (entry,) = batch.entries
        refused = self._quarantine.put(
            entry.body,
            signal=batch.signal.name,
            database=batch.database,
            records=entry.records,
            received=entry.received,
            reason=reason,
            nested=entry.nested,
            token=batch.token,
        )
        self._instruments.quarantined.labels(batch.signal.name).inc(entry.records)
        log.error("request quarantined", extra={"quarantine": refused.id, "signal": refused.signal, "reason": reason})

    def _report(self, segment: Segment, damage: Damage) -> None:
        if damage.torn:
            log.info("torn tail passed over", extra={"segment": segment.name, "bytes": len(damage.data)})
            return
        refused = self._quarantine.put(
            damage.data,
            signal="unknown",
            database="",
            records=0,
            received=0,
            reason=f"damaged on disk: byte {damage.start} of journal segment {segment.name} does not match its checksum",
            nested=False,
            token=f"{segment.name}@{damage.start}",
        )
        self._instruments.quarantined.labels("unknown").inc()
        log.error(
            "journal segment damaged", extra={"segment": segment.name, "quarantine": refused.id, "bytes": refused.bytes}
        )


def insert(engine: Engine, signal: Signal, database: str, body: bytes, token: str) -> None:
    """Hand the bytes of a request to ClickHouse, which decodes them itself."""
    engine.insert(
        f"{database}.{signal.table}",
        body,
        format="ProtobufSingle",
        token=token,
        settings=INSERT_SETTINGS | {"format_schema": protobuf_schema(), "format_schema_message_name": signal.message},
    )


def by_name(name: str) -> Signal:
    """The signal called `name`."""
    return next(signal for signal in SIGNALS if signal.name == name)
