"""The sender: takes batches from the spool, gives them to the exporter, and decides what its answers mean.

success                     the batch is done
the batch is refused        it is halved until the bad record is alone, which is set aside; the rest goes on
the token is refused        sending stops, the application is told; it starts again with another token, by hand, or by a rare look
anything else               again after 1, 2, 4 … 32 s with jitter, or when `Retry-After` says

A batch counts as refused when the server says so, or when it has failed often enough, while the server takes an empty batch.
A server, or what stands before it, that refuses an empty batch too is not to be believed about any.
"""

import contextlib
import gzip
import logging
import threading
import time
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from andiron.delivery.batch import Batch, Lane
from andiron.delivery.chance import chance
from andiron.delivery.counters import Counters
from andiron.delivery.exporters import ExportResult, OtelExporter
from andiron.delivery.quiet import aloud, quietly
from andiron.delivery.split import split
from andiron.delivery.spool import AnySpool

log = logging.getLogger("andiron.delivery")

BELIEVED = 60.0
"""Seconds for which it holds that a server takes an empty batch."""
FIRST_WAIT, LONGEST_WAIT = 1.0, 32.0
FATAL_WAIT = 300.0
"""Seconds after which a server that refused the token is asked again: an operator may have mended it there."""
IDLE = 30.0
"""Seconds between looks for what other processes have left behind."""


class Sender:
    """One thread, or a few while much is waiting. `step` is one turn of any of them."""

    def __init__(
        self,
        spools: Sequence[AnySpool],
        exporter: OtelExporter,
        counters: Counters,
        *,
        on_fatal: Callable[[ExportResult], None] | None = None,
        on_network: Callable[[bool, str], None] | None = None,
        bytes_per_second: float | None = None,
        fatal_wait: float | None = FATAL_WAIT,
        threads: int = 4,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = chance,
    ) -> None:
        self.exporter = exporter
        self.enabled = True
        self.refused: ExportResult | None = None
        """Why sending has stopped, where it has."""
        self.trouble = ""
        """What the last failure was, until a success."""
        self._spools = list(spools)
        self.counters = counters
        self._on_fatal = on_fatal
        self._on_network = on_network
        self._rate = bytes_per_second
        self._fatal_wait = fatal_wait
        self._most = threads
        self._clock = clock
        self._chance = chance
        self._lock = threading.RLock()
        self._changed = threading.Condition()
        self._woken = 0
        self._stopping = False
        self._threads: list[threading.Thread] = []
        self._not_before = 0.0
        self._failures = 0
        self._strikes: Counter[str] = Counter()
        self._believed_until: dict[str, float] = {}
        self._adopted = float("-inf")
        self._busy = 0

    # What the pipeline asks of it

    def start(self) -> None:
        """Run in a thread of its own."""
        self._spawn()

    def wake(self) -> None:
        """There is something to send, or a reason to try at once."""
        with self._changed:
            self._woken += 1
            self._changed.notify_all()

    def resume(self) -> None:
        """Forget refusals and waits: try now."""
        with self._lock:
            self.refused = None
            self._not_before = 0.0
            self._failures = 0
        self.wake()

    def enable(self, on: bool) -> None:  # noqa: FBT001 - a switch
        """The run-time switch. What is made while it is off stays in the spool."""
        self.enabled = on
        if on:
            self.resume()

    @property
    def hopeless(self) -> bool:
        """Whether waiting for delivery now is in vain."""
        return not self.enabled or self.refused is not None or self._clock() < self._not_before

    @property
    def pending(self) -> int:
        """Batches that wait or are on their way."""
        return sum(spool.pending.batches for spool in self._spools)

    def wait_until_sent(self, timeout: float) -> bool:
        """Whether everything was delivered within `timeout` seconds; gives up at once when that is hopeless."""
        until = self._clock() + timeout
        with self._changed:
            # Before the first look at the folder, nobody knows what an earlier run has left there.
            while self.pending or self._adopted == float("-inf"):
                left = until - self._clock()
                if left <= 0 or (self.hopeless and not self._busy):
                    return False
                self._changed.wait(min(left, 0.2))
        return True

    def stop(self, timeout: float) -> None:
        """End the threads; one that hangs in a request is left to the end of the process."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        until = self._clock() + timeout
        for thread in list(self._threads):
            if thread is not threading.current_thread():
                thread.join(max(0.0, until - self._clock()))

    def after_fork(self) -> None:
        """In a forked child: no thread of the parent's lives here."""
        self._lock = threading.RLock()
        self._changed = threading.Condition()
        self._threads = []
        self._busy = 0
        self._stopping = False
        self._strikes.clear()

    # One turn

    def step(self) -> float:
        """Send one batch if there is one and it is time. Returns the seconds until the next turn is worth while; 0: at once."""
        with self._lock:
            now = self._clock()
            if not self.enabled:
                return IDLE
            if now < self._not_before:
                return self._not_before - now
            if now - self._adopted >= IDLE:
                try:
                    for spool in self._spools:
                        spool.adopt()
                finally:
                    self._adopted = now
            found = self._take()
            if found is None:
                return IDLE
            self._busy += 1
        spool, batch = found
        try:
            self._settle(spool, batch, self._export(batch))
        except Exception as error:
            # A full disk, as it may be: what cannot be set aside or divided now is tried again as it is.
            self.counters.error()
            log.exception("a batch could not be dealt with")
            self._failed(spool, batch, ExportResult("retryable", 0, reason=f"{type(error).__name__}: {error}"))
        finally:
            with self._changed:
                self._busy -= 1
                self._changed.notify_all()
        return max(0.0, self._not_before - self._clock())

    def _take(self) -> tuple[AnySpool, Batch] | None:
        for spool in self._spools:
            if (batch := spool.take()) is not None:
                return spool, batch
        return None

    def _export(self, batch: Batch) -> ExportResult:
        try:
            with quietly():
                result: Any = self.exporter.export(batch)
        except Exception as error:  # noqa: BLE001 - an exporter of the application's own may do anything
            self.counters.error()
            return ExportResult("retryable", 500, reason=f"the exporter raised {type(error).__name__}: {error}")
        if not isinstance(result, ExportResult):
            return ExportResult("retryable", 500, reason=f"the exporter answered {result!r}")
        return result

    def _settle(self, spool: AnySpool, batch: Batch, result: ExportResult) -> None:
        if result.outcome == "success":
            self._succeeded(spool, batch, result)
        elif result.status == 415 and batch.encoding:
            spool.replace(batch, [(plain(batch), batch.records)])
        elif result.of_this_batch:
            if self._takes_an_empty_one(batch):
                self._divide(spool, batch, result)
            else:
                self._refused(spool, batch, result)
        elif self._is_suspect(batch, result) and self._takes_an_empty_one(batch):
            self._divide(spool, batch, result)
        elif result.outcome == "fatal":
            self._refused(spool, batch, result)
        else:
            self._failed(spool, batch, result)

    def _succeeded(self, spool: AnySpool, batch: Batch, result: ExportResult) -> None:
        spool.done(batch)
        with self._lock:
            self.counters.requests += 1
            self.counters.sent += batch.records - result.rejected
            self.counters.rejected += result.rejected
            self._strikes.pop(batch.id, None)
            self._failures = 0
            if self.refused is not None:  # by another thread's batch, a moment ago
                self.refused = None
                self._not_before = 0.0
            if self.trouble:
                log.info("telemetry is delivered again")
            self.trouble = ""
            if self._rate:
                self._not_before = max(self._not_before, self._clock()) + len(batch.body) / self._rate
        self._tell_network(online=True, reason="")
        if result.rejected:
            log.warning("the server refused %d of %d records of a batch", result.rejected, batch.records)

    def _failed(self, spool: AnySpool, batch: Batch, result: ExportResult) -> None:
        spool.later(batch)
        with self._lock:
            self.counters.retries += 1
            self.counters.failure()
            # Several threads that fail at once are one failure of the server's.
            if self._clock() >= self._not_before:
                self._failures += 1
            wait = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(self._failures - 1, 10)) * (0.5 + self._chance() / 2)
            if result.retry_after is not None:
                wait = max(wait, result.retry_after)
            self._not_before = max(self._not_before, self._clock() + wait)
            first = not self.trouble
            self.trouble = result.reason or "no answer"
        if first:
            where = getattr(self._spools[0], "folder", "memory")
            log.warning(
                "no telemetry can be delivered now (%s): it is kept in %s and delivered later", self.trouble, where
            )
        if result.status is None:
            self._tell_network(online=False, reason=self.trouble)

    def _refused(self, spool: AnySpool, batch: Batch, result: ExportResult) -> None:
        spool.later(batch)
        with self._lock:
            self.counters.failure()
            first = self.refused is None
            self.refused = result
            self.trouble = result.reason
            self._not_before = self._clock() + (self._fatal_wait if self._fatal_wait is not None else 1e9)
        if first:
            log.error(
                "the server refuses this application's telemetry, which is kept until that changes: %s", result.reason
            )
            self._tell(result)

    def _is_suspect(self, batch: Batch, result: ExportResult) -> bool:
        """Whether this batch has failed so often that it may be to blame."""
        if result.patience is None:
            return False
        with self._lock:
            self._strikes[batch.id] += 1
            if self._strikes[batch.id] < result.patience:
                return False
            del self._strikes[batch.id]
        return True

    def _takes_an_empty_one(self, batch: Batch) -> bool:
        """Whether the server takes a batch of nothing, so that it must be this one's content that it does not like."""
        if self._clock() < self._believed_until.get(batch.signal, float("-inf")):
            return True
        empty = Batch(f"{batch.id}-probe", batch.signal, Lane.NORMAL, 0, b"", "", batch.made)
        taken = self._export(empty).outcome == "success"
        if taken:
            self._believed_until[batch.signal] = self._clock() + BELIEVED
        return taken

    def _divide(self, spool: AnySpool, batch: Batch, result: ExportResult) -> None:
        """Halve a batch that the server refuses; set it aside when it holds one record."""
        if result.outcome == "fatal":
            self._tell(result)
        try:
            halves = split(batch.signal, plain(batch))
        except (ValueError, OSError, zlib.error):
            halves = None
        if halves is None:
            where = spool.set_aside(batch, result.reason)
            if where is None:  # there is no room for it, which the spool has told
                return
            with self._lock:
                self.counters.set_aside += batch.records
            log.error("the server refuses a record for good; it is set aside in %s: %s", where, result.reason)
        else:
            spool.replace(batch, halves)

    def _tell(self, result: ExportResult) -> None:
        if self._on_fatal is not None:
            try:
                self._on_fatal(result)
            except Exception:
                self.counters.error()
                log.exception("the callback for fatal results raised")

    def _tell_network(self, *, online: bool, reason: str) -> None:
        if self._on_network is not None:
            try:
                with aloud():
                    self._on_network(online, reason)
            except Exception:
                self.counters.error()
                log.exception("the callback for the network's state raised")

    # Threads

    def _spawn(self) -> None:
        thread = threading.Thread(target=self._run, args=(not self._threads,), name="andiron-sender", daemon=True)
        self._threads.append(thread)
        try:
            thread.start()
        except RuntimeError:
            self._threads.remove(thread)
            raise

    def _run(self, first: bool) -> None:  # noqa: FBT001 - which of the threads it is
        with quietly():
            while not self._stopping:
                seen = self._woken
                try:
                    wait = self.step()
                except Exception:
                    self.counters.error()
                    log.exception("sending failed")
                    wait = FIRST_WAIT
                if wait == 0:
                    if first and len(self._threads) < self._most and self.pending > 2 * len(self._threads):
                        with contextlib.suppress(RuntimeError):  # the system gives no thread: one will do
                            self._spawn()
                    continue
                if not first:
                    break
                with self._changed:
                    if self._woken == seen and not self._stopping:
                        self._changed.wait(wait)
        if not first:
            with contextlib.suppress(ValueError):
                self._threads.remove(threading.current_thread())


def plain(batch: Batch) -> bytes:
    """The batch's request, uncompressed."""
    return gzip.decompress(batch.body) if batch.encoding == "gzip" else batch.body
