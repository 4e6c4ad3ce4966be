"""A second try for what is in quarantine, for the command line and the settings page: rewritten, and handed to the store once more."""

import time
from collections.abc import Callable

from google.protobuf.message import DecodeError

from andiron.server.ingest.loader import Batch, by_name, insert
from andiron.server.ingest.quarantine import Refused
from andiron.server.ingest.segment import Entry
from andiron.server.store.engine import Engine


def rewritten(entry: Refused, body: bytes) -> bytes:
    """The request as this program would have written it: Protobuf forgives more than the store does, such as a value set twice or
    a field of another type, and what it made of them is kept.
    """
    try:
        request = by_name(entry.signal).request.FromString(body)
    except (DecodeError, StopIteration):
        return body
    request.DiscardUnknownFields()
    written: bytes = request.SerializeToString()
    return written


def insert_again(engine: Engine, entry: Refused, body: bytes, clock: Callable[[], float] = time.time) -> None:
    """Put a rewritten body into the store. Raises `StoreError`, or `StopIteration` for a signal that nobody knows."""
    signal = by_name(entry.signal)
    # Received now: by its first receipt it might have outlived its retention.
    again = Entry(signal.number, entry.database, body, entry.records, int(clock() * 1000), entry.nested)
    batch = Batch(signal, entry.database, [again], f"quarantine-{entry.id}")
    insert(engine, signal, entry.database, batch.body, batch.token)
