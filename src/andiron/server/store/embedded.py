"""ClickHouse inside this process (chDB). One process owns a data path; handles to it run in parallel, each serving one call."""

import contextlib
import fcntl
import os
import queue
import re
import resource
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from andiron.errors import ConfigurationError, DataPathBusy, StoreError, StoreUnavailable
from andiron.server.store.healing import forget_tokens_without_parts
from andiron.server.store.messages import readable
from andiron.server.store.quoting import literal

LATER = {241, 243, 252, 319, 425, 999} | {74, 75, 76, 77, 87, 88, 107, 172, 173, 204, 214, 294, 400, 439, 531, 586}
"""ClickHouse's codes for what may work later: memory, disk space, too many parts, unknown status, system error, keeper; and what
the system may refuse for a while: to read, write, open, make, close or sync a file, to make a folder, memory, a thread."""

CACHED_SCHEMA = re.compile(r"'(__cache__/[^'/]+\.proto)'")
"""What ClickHouse calls its copy, on disk, of a Protobuf schema that it was given as text."""

WANTED_FILES = 65_536
"""Merging wide parts opens over a thousand files for a moment."""


class EmbeddedEngine:
    """The engine of `andiron serve` by default."""

    cluster = ""

    def __init__(self, path: Path, *, handles: int = 12) -> None:
        raise_file_limit()
        chdb = load_chdb()
        self.path = path
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigurationError(f"The store in {path} cannot be opened: {error.strerror}.") from None
        if in_use(path):
            raise DataPathBusy(
                f"Another process is using the store in {path}: stop it, or give this one another folder with --data."
            )
        forget_tokens_without_parts(path)
        self._connect: Callable[[], Any] = lambda: chdb.connect(str(path))
        self._idle: queue.LifoQueue[Any] = queue.LifoQueue()
        self._all: list[Any] = []
        self._most = handles
        self._lock = threading.Lock()
        self._spoiled = 0
        try:
            first = self._connect()
        except Exception as error:
            raise ConfigurationError(f"The store in {path} cannot be opened: {readable(str(error))}") from error
        self._all.append(first)
        self._idle.put(first)

    def query(self, sql: str, *, format: str = "JSONCompact", settings: Mapping[str, str | int] | None = None) -> bytes:
        """Run one statement and give its whole answer."""
        with self._handle() as handle, translated():
            try:
                result = handle.query(sql + clause(settings), format)
            except RuntimeError:
                drain(handle)
                raise
            data: bytes = result.bytes()
        return data

    def command(self, sql: str, *, settings: Mapping[str, str | int] | None = None) -> None:
        """Run one statement for its effect."""
        self.query(sql, format="Null", settings=settings)

    def insert(
        self, table: str, body: bytes, *, format: str, token: str, settings: Mapping[str, str | int] | None = None
    ) -> None:
        """Insert `body`; the same `token` again has no effect."""
        every: dict[str, str | int] = {"async_insert": 0, "insert_deduplication_token": token, **(settings or {})}
        if "format_schema" in every:
            every["format_schema"] = str(every["format_schema"]) + "\n" * self._spoiled
        try:
            with self._handle() as handle, translated():
                inserter = handle.send_insert(f"INSERT INTO {table}{clause(every)}", format)
                try:
                    inserter.append(body)
                    inserter.finish()
                except BaseException:
                    with contextlib.suppress(Exception):
                        inserter.cancel()
                    drain(handle)
                    raise
        except StoreError as error:
            if copy := CACHED_SCHEMA.search(str(error)):
                # A full disk or a power cut breaks the copy, and ClickHouse uses it for ever. One more line end makes another
                # schema of this one, with a copy of its own.
                Path(copy[1]).unlink(missing_ok=True)
                self._spoiled += 1
                raise StoreUnavailable(str(error), error.code) from None
            raise

    def close(self) -> None:
        """Close every handle; chDB then unlocks the path."""
        with self._lock:
            handles, self._all = self._all, []
        for handle in handles:
            handle.close()

    @contextlib.contextmanager
    def _handle(self) -> Iterator[Any]:
        try:
            handle = self._idle.get_nowait()
        except queue.Empty:
            with self._lock:
                fresh = self._connect() if len(self._all) < self._most else None
                if fresh is not None:
                    self._all.append(fresh)
            handle = fresh if fresh is not None else self._idle.get()
        try:
            yield handle
        finally:
            self._idle.put(handle)


def in_use(path: Path) -> bool:
    """Whether a process holds the store. chDB, asked to open it, says so on standard error only."""
    try:
        status = os.open(path / "status", os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(status, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(status)
    return False


def drain(handle: Any) -> None:
    """Throw away what a failed statement had written: chDB would put it in front of the handle's next answer, whoever asks."""
    with contextlib.suppress(RuntimeError):
        handle.query("SELECT 1", "Null")


def load_chdb() -> Any:
    """Import chDB with its signal handlers off: with them, a crash hangs the process instead of ending it."""
    absent = object()
    # chDB loads pyarrow and numpy where it finds them, 40 MB that nothing here uses: its answers are taken as bytes.
    pyarrow = sys.modules.get("pyarrow", absent)
    if pyarrow is absent:
        sys.modules["pyarrow"] = None  # type: ignore[assignment]
    try:
        import chdb
        from chdb import _chdb
    except ImportError:
        raise ConfigurationError(
            "The embedded store needs chDB, which exists for Linux (glibc) and macOS: pip install 'andiron[server]', "
            "or point --store at a ClickHouse server."
        ) from None
    finally:
        if pyarrow is absent:
            del sys.modules["pyarrow"]
    _chdb.set_signal_handlers_enabled(False)
    return chdb


def raise_file_limit() -> None:
    """Lift the soft limit on open files as far as the hard one lets us."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = WANTED_FILES if hard == resource.RLIM_INFINITY else min(WANTED_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        # macOS refuses more than OPEN_MAX whatever the hard limit says.
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, 10_240) if sys.platform == "darwin" else wanted, hard))


@contextlib.contextmanager
def translated() -> Iterator[None]:
    """Turn chDB's exceptions into ours."""
    try:
        yield
    except RuntimeError as error:  # ChdbError is one too
        message = str(error)
        match = re.search(r"Code: (\d+)\.", message)
        code = int(match[1]) if match else 0
        kind = StoreUnavailable if code in LATER else StoreError
        raise kind(readable(message), code) from None


def clause(settings: Mapping[str, str | int] | None) -> str:
    """Settings as SQL."""
    if not settings:
        return ""
    return "\nSETTINGS " + ", ".join(
        f"{name} = {value}" if isinstance(value, int) else f"{name} = {literal(value)}"
        for name, value in settings.items()
    )
