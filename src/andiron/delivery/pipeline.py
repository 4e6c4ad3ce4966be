"""The pipeline inside an application: `record → guard → queue → spool → exporter`.

The application's threads only put into the queue. One thread encodes (and redacts) what is queued and writes it to the spool; another sends what lies there.
Nothing raises into the application, nothing waits without a bound, and every record is counted where it ends.
"""

import contextlib
import logging
import os
import threading
import time
import weakref
import zlib
from collections.abc import Callable, Iterator, Sequence
from queue import Empty, SimpleQueue
from typing import Any

from andiron.delivery.batch import Lane
from andiron.delivery.counters import Counters
from andiron.delivery.encode import Encoder
from andiron.delivery.exporters import ExportResult, HttpExporter, OtelExporter
from andiron.delivery.guard import Guard
from andiron.delivery.levels import Level
from andiron.delivery.memory_spool import MemorySpool
from andiron.delivery.queue import Entry, Put, RecordQueue
from andiron.delivery.quiet import aloud, is_quiet, quietly
from andiron.delivery.sender import Sender
from andiron.delivery.spool import AnySpool, SpoolFull

log = logging.getLogger("andiron.delivery")

SPAN, LOG = 0, 1
SIGNALS = {SPAN: "traces", LOG: "logs"}
LANES = {Level.TRACE: Lane.LOW, Level.DEBUG: Lane.LOW, Level.INFO: Lane.NORMAL, Level.WARN: Lane.NORMAL}
LARGEST = 4_000_000
"""Bytes of a request above which a batch is written in halves: servers bound bodies (Logfire at 5 MB)."""
GATHERED = 4
"""Batches that may go as one, when so many are waiting."""
SYNC = 1.0
"""Seconds within which what was written is forced to the disk; errors are forced at once."""
OVERFLOW = 8_000_000
"""Bytes of batches kept in memory while the disk takes none."""
PATIENCE = 0.1
"""Seconds that an error waits for a slow disk when four queues of them have gathered."""
WAITED = 5.0
"""Seconds between two countings of a delivery that would have failed: OpenTelemetry's exporters try as often, where our sender waits ever longer."""
TELL = 60.0
"""Seconds between two complaints about records that are being lost."""

active: "Pipeline | None" = None
"""The pipeline that `andiron.configure` made."""

_pipelines: "weakref.WeakSet[Pipeline]" = weakref.WeakSet()


def _in_child() -> None:
    for pipeline in list(_pipelines):
        pipeline.after_fork()


os.register_at_fork(after_in_child=_in_child)


class Pipeline:
    """One for a process. Give it an encoder, a spool and an exporter, and records by `span`, `log` and `metrics`."""

    def __init__(
        self,
        *,
        encoder: Encoder,
        spool: AnySpool,
        exporter: OtelExporter,
        guard: Guard | None = None,
        queue_size: int = 1024,
        batch_size: int = 256,
        flush_interval: float = 30.0,
        compress: bool = True,
        on_fatal: Callable[[ExportResult], None] | None = None,
        on_network: Callable[[bool, str], None] | None = None,
        bytes_per_second: float | None = None,
        counters: Counters | None = None,
        clock: Callable[[], float] = time.monotonic,
        threads: bool = True,
    ) -> None:
        self.counters = counters or Counters()
        overflow = MemorySpool(most=OVERFLOW)
        spool.dropped = overflow.dropped = self._spool_dropped
        self.guard = guard or Guard()
        self.encoder = encoder
        self.exporter = exporter
        self.spool = spool
        self.queue = RecordQueue(queue_size, batch=batch_size)
        self.sender = Sender(
            [spool, overflow],
            exporter,
            self.counters,
            on_fatal=on_fatal,
            on_network=on_network,
            bytes_per_second=bytes_per_second,
            clock=clock,
        )
        self.ticks: list[Callable[[], object]] = []
        """Called on the writer's thread about once a second."""
        self._overflow = overflow
        self._batch = batch_size
        self._interval = flush_interval
        self._compress = compress
        self._clock = clock
        self._writing = threading.RLock()
        self._writer = 0
        """The thread that writes now."""
        self._run_by = 0
        """The writer's thread."""
        self._then: Callable[[], None] | None = None
        # Not an Event: a signal's handler or a finalizer may ring while its own thread is ringing, and would wait for it for ever.
        self._due = SimpleQueue[None]()
        self._threads = threads
        self._started = False
        self._gathering = 0
        self._closed = False
        self._synced = self._ticked = clock()
        self._waited = float("-inf")
        self._asked = self._answered = 0
        self._safe = False
        """What the writer was asked to make safe, what it has seen to, and with what success."""
        self._seen_to = threading.Condition()
        self._ending = threading.RLock()
        self._told = float("-inf")
        self._complained: dict[str, int] = {}
        _pipelines.add(self)

    # On the application's threads

    def span(self, span: Any) -> None:
        """Take a finished span. About a microsecond; never raises."""
        try:
            attributes = span._attributes  # noqa: SLF001 - `attributes` makes a proxy each time; a dict serves as well
            number = attributes.get("logfire.level_num") if attributes else None
            if type(number) is int:
                level = Level.of(number)
            else:
                level = Level.ERROR if span._status.status_code.value == 2 else Level.INFO  # noqa: SLF001 - as above
            if not self.guard.open:
                scope = span.instrumentation_scope
                if not self.guard.passes(level, scope.name if scope is not None else ""):
                    self.counters.drop("sampled", level)
                    return
            self._put(Entry(level, SPAN, span))
        except Exception:  # noqa: BLE001 - whatever it is, the application goes on
            self.counters.error()

    def log(self, record: Any, logger: str = "") -> None:
        """Take a log record of OpenTelemetry's SDK. Never raises."""
        try:
            if logger.startswith("andiron.delivery"):
                return
            number = record.log_record.severity_number
            level = Level.of(number.value if number is not None else 0)
            if not self.guard.open and not self.guard.passes(level, logger):
                self.counters.drop("sampled", level)
                return
            self._put(Entry(level, LOG, record))
        except Exception:  # noqa: BLE001 - as above
            self.counters.error()

    def _put(self, entry: Entry) -> None:
        if is_quiet():
            return
        if self._closed:
            if active is not None and active is not self:  # a span that began before the configuration changed
                active._put(entry)  # noqa: SLF001 - its own kind
            else:
                self.counters.drop("closed", entry.level)
            return
        put = self.queue.put(entry)
        if not self._started:
            self._start()
        if put is Put.QUEUED:
            return
        if self._due.empty():
            self._due.put(None)
        if put is not Put.SPILL or self.writing_here:
            return
        # The writer may be at it already; then the queue is about to be empty and may be too long for this moment. Where it is not,
        # because the disk is slow, those who make the errors wait a little.
        if self._writing.acquire(timeout=PATIENCE if len(self.queue) > 4 * self.queue.most else 0):
            try:
                self._write()
            finally:
                self._writing.release()

    # On any thread that may wait

    def metrics(self, data: Any) -> bool:
        """Take what a metric reader collected, on the reader's thread. False when it could not be kept."""
        if self._closed:
            return False
        if not self._started:
            self._start()
        if self.writing_here:  # its handler of a signal asks: the next collection has it all
            return False
        with quietly(), self._turn():
            try:
                body = self.encoder.metrics(data)
                points = sum(
                    len(metric.data.data_points)
                    for resource in data.resource_metrics
                    for scope in resource.scope_metrics
                    for metric in scope.metrics
                )
            except Exception:
                self.counters.error()
                log.exception("metrics could not be encoded")
                return False
            if not points:
                return True
            self.queue.count(points)
            kept = self._store("metrics", Lane.NORMAL, points, body)
        self.sender.wake()
        return kept

    def flush(self, timeout: float = 5.0, *, delivered: bool = True) -> bool:
        """Write everything to the spool and wait for its delivery, as far as that is possible now.

        True when everything is safe: delivered, or on the disk.
        """
        until = self._clock() + timeout
        # A handler of a signal or a finalizer cannot wait for the thread that it has interrupted.
        if self.writing_here:
            return False
        safe = self._write_safely(until)
        if delivered and self._threads and not self._closed and not self._gathering:
            self.sender.wake()
            self.sender.wait_until_sent(max(0.0, until - self._clock()))
        in_memory = [self._overflow, *([self.spool] if isinstance(self.spool, MemorySpool) else [])]
        return safe and not any(spool.pending.batches for spool in in_memory)

    def _write_safely(self, until: float) -> bool:
        """Have everything queued written and forced to the disk. Whether that was done in time: a disk may take as long as it likes."""
        if self._threads and not self._closed and threading.get_ident() != self._run_by:
            if not self._started:  # there may be something of an earlier run
                self._start()
            if self._started:
                return self._asked_of_the_writer(until)
        if not self._writing.acquire(timeout=max(0.0, until - self._clock())):
            return False
        try:
            with self._turn():
                self._write()
                return self._sync(max(0.0, until - self._clock()))
        except Exception:
            self.counters.error()
            log.exception("writing to the spool failed")
            return False
        finally:
            self._writing.release()

    def _asked_of_the_writer(self, until: float) -> bool:
        with self._seen_to:
            self._asked += 1
            wanted = self._asked
        self._due.put(None)
        with self._seen_to:
            while self._answered < wanted:
                left = until - self._clock()
                if left <= 0:
                    return False
                self._seen_to.wait(min(left, 0.5))
            return self._safe

    @contextlib.contextmanager
    def gathering(self) -> Iterator[None]:
        """Within it `flush` writes and does not wait for delivery: somebody calls it several times and waits at the end."""
        self._gathering += 1
        try:
            yield
        finally:
            self._gathering -= 1

    def close(self, timeout: float = 5.0) -> None:
        """Drain to the spool, deliver what can be delivered within `timeout` seconds, and stop."""
        until = self._clock() + timeout
        # Whoever comes second waits for the first, so that the process does not end under it.
        if not self._ending.acquire(timeout=max(0.0, timeout)):
            return
        try:
            if not self._closed:
                self._close(until)
        finally:
            self._ending.release()

    def _close(self, until: float) -> None:
        self.flush(max(0.0, until - self._clock()))
        self._closed = True
        # Once more: what came between the flush and the closing.
        self.flush(max(0.5, until - self._clock()), delivered=False)
        if self._started and self._threads:
            self.sender.wake()
            self.sender.wait_until_sent(max(0.0, until - self._clock()))
        self._due.put(None)
        self.sender.stop(max(0.0, until - self._clock()))
        self._refill()
        for spool, reason in ((self._overflow, "disk_full"), (self.spool, "no_disk")):
            if isinstance(spool, MemorySpool):
                # Switched off, with no disk to keep it on, as in tests: that is what was asked for.
                reason = reason if self.sender.enabled else "switched_off"  # noqa: PLW2901
                for batch in iter(spool.take, None):
                    self.counters.drop_batch(batch.lane, batch.records, reason)
                    spool.done(batch)
        with contextlib.suppress(Exception):
            self.exporter.shutdown()
        with contextlib.suppress(Exception):
            self.spool.close()
        for entry in self.queue.drain():  # of threads that had come past the door
            self.counters.drop("closed", entry.level)
        self._complain(force=True)

    def enable(self, on: bool) -> None:  # noqa: FBT001 - a switch
        """Turn export on or off. Off, records are still guarded and kept in the spool."""
        self.sender.enable(on)

    def report(self) -> dict[str, Any]:
        """What became of the records, and how it stands now."""
        self._count_queue_drops()
        pending, overflow = self.spool.pending, self._overflow.pending
        return {
            "taken": self.queue.taken,
            **self.counters.report(),
            "queued": len(self.queue),
            "truncated": self.encoder.truncated,
            "spool": {"batches": pending.batches, "records": pending.records, "bytes": pending.bytes},
            # What the disk did not take, or what waits to be sent while there is none.
            "memory": {"batches": overflow.batches, "records": overflow.records, "bytes": overflow.bytes},
            "enabled": self.sender.enabled,
            "refused": self.sender.refused.reason if self.sender.refused else None,
            "trouble": self.sender.trouble or None,
        }

    def after_fork(self) -> None:
        """In a forked child: leave everything that is the parent's, and start anew with the first record."""
        self.queue.forget()
        self._writing = threading.RLock()
        self._writer = 0
        self._then = None
        self._seen_to = threading.Condition()
        self._ending = threading.RLock()
        self._asked = self._answered = 0
        self.guard.after_fork()
        self._due = SimpleQueue()
        self._started = False
        self.counters = Counters()
        self.sender.counters = self.counters
        self.sender.after_fork()
        self.spool.reopen_after_fork()
        self._overflow.reopen_after_fork()
        if isinstance(self.exporter, HttpExporter):
            self.exporter.after_fork()

    # On the writer's thread

    def _start(self) -> None:
        with self._writing:
            if self._started:
                return
            self._started = True
        if self._threads:
            try:
                self.sender.start()
                threading.Thread(target=self._run, name="andiron-writer", daemon=True).start()
            except (
                RuntimeError
            ):  # the system gives no thread now, or the interpreter is about to end: with the next record again
                self.counters.error()
                self._started = False

    def _run(self) -> None:
        with quietly():
            self._run_by = threading.get_ident()
            due, next_write = self._due, self._clock() + self._interval
            while not self._closed and due is self._due:
                rung = True
                try:
                    due.get(timeout=max(0.0, min(next_write - self._clock(), SYNC)))
                except Empty:
                    rung = False
                try:
                    asked = self._asked
                    if rung or self._clock() >= next_write:
                        next_write = self._clock() + self._interval
                        with self._writing:
                            self._write()
                    if asked > self._answered:
                        safe = self._sync()
                        with self._seen_to:
                            self._safe, self._answered = safe, asked
                            self._seen_to.notify_all()
                    self._tick()
                except Exception:
                    self.counters.error()
                    log.exception("writing telemetry to the spool failed")

    def _tick(self) -> None:
        now = self._clock()
        if now - self._ticked >= SYNC:
            self._ticked = now
            with aloud():
                for tick in self.ticks:
                    tick()
            self._refill()
            self._complain()
        if now - self._synced >= SYNC:
            self._sync()

    def _refill(self) -> None:
        """What the disk did not take goes there as soon as it does, under the ids that it has: it may have been sent already."""
        while (batch := self._overflow.take()) is not None:
            try:
                self.spool.keep(batch)
            except OSError:
                self._overflow.later(batch)
                return
            self._overflow.done(batch)
            self.counters.spooled += batch.records

    @property
    def writing_here(self) -> bool:
        """Whether the calling thread is in the midst of writing: so it seems to handlers of signals and to finalizers that interrupt it."""
        return self._writer == threading.get_ident()

    def when_written(self, then: Callable[[], None]) -> None:
        """Have the thread that was interrupted call `then` as soon as it has written what it holds."""
        self._then = then

    @contextlib.contextmanager
    def _turn(self) -> Iterator[None]:
        with self._writing:
            before, self._writer = self._writer, threading.get_ident()
            try:
                yield
            finally:
                self._writer = before
                if not before:
                    then, self._then = self._then, None
                    if then is not None:
                        then()

    def _write(self) -> None:
        """Everything queued goes to the spool."""
        with self._turn(), quietly():
            entries = self.queue.drain()
            if not entries:
                return
            urgent = entries[0].level >= Level.ERROR
            # Under load more than a batch has gathered: one request of a thousand costs a third of four of 256.
            size = GATHERED * self._batch
            parts = [
                (kind, lane, group[start : start + size])
                for kind, lane, group in grouped(entries)
                for start in range(0, len(group), size)
            ]
            try:
                while parts:
                    self._encode(*parts[0])
                    del parts[0]
            except BaseException:  # SystemExit or KeyboardInterrupt out of a handler of the application's
                for _, _, part in reversed(parts):
                    self.queue.restore(part)
                raise
            if urgent:
                self._sync()
        self.sender.wake()

    def _encode(self, kind: int, lane: Lane, entries: Sequence[Entry]) -> None:
        records = [entry.record for entry in entries]
        try:
            body = self.encoder.traces(records) if kind == SPAN else self.encoder.logs(records)
        except Exception:
            self.counters.error()
            log.exception("records could not be encoded")
            if len(entries) > 1:
                for entry in entries:
                    self._encode(kind, lane, [entry])
            else:
                self.counters.drop("error", entries[0].level)
            return
        if len(body) > LARGEST and len(entries) > 1:
            half = len(entries) // 2
            self._encode(kind, lane, entries[:half])
            self._encode(kind, lane, entries[half:])
            return
        self._store(SIGNALS[kind], lane, len(entries), body)

    def _store(self, signal: str, lane: Lane, records: int, body: bytes) -> bool:
        if self.sender.trouble and self.sender.enabled and self._clock() - self._waited >= WAITED:
            self._waited = self._clock()
            self.counters.failure()
        encoding = ""
        if self._compress and len(body) > 1000:
            packer = zlib.compressobj(1, wbits=31)
            body = packer.compress(body) + packer.flush()
            encoding = "gzip"
        try:
            self.spool.put(signal, lane, records, body, encoding)
        except Exception as error:  # noqa: BLE001 - no room, or a spool of somebody's own that has a bug
            reason = error.reason if isinstance(error, SpoolFull) else "error"
            if reason == "error":
                self.counters.error()
            try:
                self._overflow.put(signal, lane, records, body, encoding)
            except SpoolFull:
                self.counters.drop_batch(lane, records, reason)
                return False
            return True
        self.counters.spooled += records
        return True

    def _spool_dropped(self, lane: Lane, records: int, reason: str) -> None:
        self.counters.drop_batch(lane, records, reason)

    def _sync(self, timeout: float | None = None) -> bool:
        self._synced = self._clock()
        try:
            self.spool.sync(timeout)
        except OSError:
            return False
        return True

    def _count_queue_drops(self) -> None:
        """The queue counts for itself, without a lock of its own for it."""
        for level, count in self.queue.dropped.items():
            if count:
                self.counters.dropped["queue_full", level.name.lower()] = count

    def _complain(self, *, force: bool = False) -> None:
        """Say that records are being lost, at most once a minute."""
        self._count_queue_drops()
        now = self._clock()
        if now - self._told < TELL and not force:
            return
        lost: dict[str, int] = {}
        for (reason, _), count in list(self.counters.dropped.items()):
            if reason not in ("sampled", "closed", "switched_off"):
                lost[reason] = lost.get(reason, 0) + count
        more = {reason: count - self._complained.get(reason, 0) for reason, count in lost.items()}
        if any(more.values()):
            self._told = now
            self._complained = lost
            log.error(
                "telemetry is being lost: %s",
                ", ".join(f"{count} records ({reason})" for reason, count in more.items() if count),
            )


def grouped(entries: Sequence[Entry]) -> Iterator[tuple[int, Lane, list[Entry]]]:
    """Entries by signal and lane."""
    groups: dict[tuple[Lane, int], list[Entry]] = {}
    for entry in entries:
        groups.setdefault((LANES.get(entry.level, Lane.HIGH), entry.kind), []).append(entry)
    for (lane, kind), group in sorted(groups.items()):
        yield kind, lane, group
