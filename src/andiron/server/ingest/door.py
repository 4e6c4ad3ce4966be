"""The door: what HTTP and gRPC do alike. A request is checked, made Protobuf, and written to the journal before it is answered."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

from google.protobuf.message import DecodeError, EncodeError

from andiron.server.ingest.encoding import MalformedEncoding, TooLarge, UnsupportedEncoding, decoded
from andiron.server.ingest.journal import Backlogged, Journal
from andiron.server.ingest.keys import VALID, Keys, named
from andiron.server.ingest.otlp_json import MalformedJson, from_json
from andiron.server.ingest.segment import Entry
from andiron.server.ingest.signals import Signal, points
from andiron.server.ingest.values import TooDeep, refuse_too_deep
from andiron.server.ingest.wire import holds_more
from andiron.server.observe import Instruments
from andiron.server.settings import Settings

INLINE = 1_000_000
"""Bytes of compressed or JSON body above which the work goes to a thread, so that the event loop goes on."""


class Refusal(Exception):
    """A request that is not taken. `status` is HTTP's; `after` says when to try again, where that helps."""

    def __init__(self, status: int, message: str, after: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.after = after


@dataclass(frozen=True)
class Outcome:
    """What was made of a request that was taken."""

    rejected: int = 0
    message: str = ""


class Door:
    """Checks requests and journals them."""

    def __init__(
        self,
        settings: Settings,
        journal: Journal,
        keys: Keys,
        instruments: Instruments,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._journal = journal
        self._keys = keys
        self._instruments = instruments
        self._clock = clock
        self.in_flight = 0
        # What a large body becomes is counted as in flight when it is known; until then there are two of them at most.
        self._large = ThreadPoolExecutor(2, thread_name_prefix="andiron-door")

    def admit(self, size: int, held: int = 0) -> None:
        """Refuse a request of `size` bytes, of which `held` are read and counted already."""
        if size > self._settings.max_body:
            raise Refusal(413, f"The body is larger than {self._settings.max_body:,} bytes (ANDIRON_MAX_BODY).")
        if self.in_flight + size - held > self._settings.max_in_flight:
            raise Refusal(429, "Too many requests are in memory at once (ANDIRON_MAX_IN_FLIGHT).", after=1)
        try:
            self._journal.check_room(size)
        except Backlogged as error:
            raise Refusal(503, str(error), after=error.after) from None

    def hold(self, size: int) -> None:
        """Count bytes held in memory; negative to let go."""
        self.in_flight += size
        self._instruments.in_flight.set(self.in_flight)

    async def take(
        self, signal: Signal, database: str, body: bytes, *, encoding: str, json: bool, key: str | None = None
    ) -> Outcome:
        """Return when the records of `body` are on disk, or those of an earlier request of this key. Raises `Refusal`."""
        self._instruments.received_bytes.labels(signal.name).inc(len(body))
        if key is not None and not VALID.fullmatch(key):
            raise Refusal(400, f"An Idempotency-Key is 1 to 255 visible ASCII characters, not {key[:300]!r}.")
        received = int(self._clock() * 1000)
        name = named(database, signal.number, key) if key else ""
        if name and await self._keys.repeated(name):
            return self._again(signal)
        checked = await self._checked(signal, body, encoding, json=json)
        if checked.records:
            # Asked again, since another may have come while this one was checked: from here to the claim nobody else runs.
            if name and await self._keys.repeated(name):
                return self._again(signal)
            entry = Entry(signal.number, database, checked.body, checked.records, received, checked.nested, key or "")
            await self._write(entry, name)
        self._instruments.acknowledged.labels(signal.name).inc(checked.records)
        if not checked.rejected:
            return Outcome()
        self._instruments.rejected.labels(signal.name).inc(checked.rejected)
        deepest = self._settings.max_nesting
        return Outcome(checked.rejected, f"{checked.rejected} records hold values nested deeper than {deepest}")

    async def _write(self, entry: Entry, name: str) -> None:
        extra = len(entry.body)
        self.hold(extra)
        try:
            written = self._journal.append(entry)
            if name:
                self._keys.claim(name, written)
                # A sender that goes away takes its wait with it, not the outcome.
                written = asyncio.shield(written)
            await written
        except Backlogged as error:
            raise Refusal(503, str(error), after=error.after) from None
        finally:
            self.hold(-extra)

    def _again(self, signal: Signal) -> Outcome:
        self._instruments.repeated.labels(signal.name).inc()
        return Outcome()

    async def _checked(self, signal: Signal, body: bytes, encoding: str, *, json: bool) -> "Checked":
        try:
            if len(body) > INLINE and (json or encoding not in ("", "identity")):
                check = partial(self._check, signal, body, encoding, json=json)
                return await asyncio.get_running_loop().run_in_executor(self._large, check)
            return self._check(signal, body, encoding, json=json)
        except UnsupportedEncoding as error:
            raise Refusal(415, f"The {error}.") from None
        except TooLarge as error:
            raise Refusal(
                413, f"For a body of {len(body):,} bytes, {error} (ANDIRON_MAX_DECOMPRESSED, ANDIRON_MAX_EXPANSION)."
            ) from None
        except (MalformedEncoding, MalformedJson, DecodeError) as error:
            raise Refusal(400, f"The body is no {signal.message}: {error}") from None
        except TooDeep:
            raise Refusal(
                400,
                f"A resource or scope attribute is nested deeper than {self._settings.max_nesting} (ANDIRON_MAX_NESTING).",
            ) from None

    def _check(self, signal: Signal, body: bytes, encoding: str, *, json: bool) -> "Checked":
        limits = self._settings
        body = decoded(body, encoding, most=limits.max_decompressed, expansion=limits.max_expansion)
        if json:
            body = from_json(body, signal.request).SerializeToString()
        if holds_more(body, signal.levels, limits.max_records):
            raise Refusal(
                413,
                f"The request holds more than {limits.max_records:,} records, with their resources and scopes (ANDIRON_MAX_RECORDS).",
            )
        request = signal.validator.FromString(body)
        if not has_nested(request):
            return Checked(body, signal.count(request), nested=False, rejected=0)
        whole = signal.request.FromString(body)
        refused = refuse_too_deep(whole, limits.max_nesting)
        rejected = sum(points(record) if signal.name == "metrics" else 1 for record in refused)
        # Text in the loader's own field would pass for the JSON that the loader writes there.
        whole.DiscardUnknownFields()
        return Checked(whole.SerializeToString(), signal.count(whole), nested=True, rejected=rejected)


@dataclass(frozen=True)
class Checked:
    """A body that may be journalled."""

    body: bytes
    records: int
    nested: bool
    rejected: int


def has_nested(request: Any) -> bool:
    """Whether any value takes the slow path. Serializing asks for required fields on its way: a third of `IsInitialized`'s time."""
    try:
        request.SerializeToString()
    except EncodeError:
        return True
    return False


def response(signal: Signal, outcome: Outcome) -> Any:
    """OTLP's answer to a request that was taken."""
    answer = signal.response()
    if outcome.rejected:
        setattr(answer.partial_success, signal.rejected, outcome.rejected)
        answer.partial_success.error_message = outcome.message
    return answer
