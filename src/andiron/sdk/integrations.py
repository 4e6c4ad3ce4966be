"""`instrument_integrations`: which libraries are traced, by argument or by `LOGFIRE_INSTRUMENT_*`.

A library that the application has not imported yet is switched on at its import, so that nothing is loaded for telemetry's sake.
"""

import logging
import os
import sys
import threading
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from andiron.errors import ConfigurationError
from andiron.sdk.libraries import Library, Other, conventions, known

log = logging.getLogger("andiron")

Switch = bool | Mapping[str, Any] | None
"""On, off, on with options of Logfire's `instrument_*`, or what the variable says."""
YES, NO = ("1", "true", "yes", "on"), ("0", "false", "no", "off")

_libraries = known()
_lock = threading.RLock()
_wanted: dict[str, Callable[[], None]] = {}
"""What waits for the import of its library."""
_hooked: set[str] = set()
_told: set[str] = set()


@dataclass
class Instrumented:
    """What is traced, and what is not, and why. It stays true when a library is imported later."""

    on: list[str] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)

    @property
    def failed(self) -> int:
        """How many were there and could not be switched on."""
        return sum(reason.startswith("failed") for reason in self.skipped.values())

    def uninstrument(self) -> None:
        """Switch off what this call switched on."""
        for name in self.on:
            switch_off(name)
        self.on.clear()


def instrument_integrations(
    *,
    requests: Switch = None,
    httpx: Any = None,
    sqlalchemy: Any = None,
    pydantic: Any = None,
    pydantic_ai: Any = None,
    asyncpg: Switch = None,
    psycopg: Any = None,
    redis: Switch = None,
    celery: Switch = None,
    all: bool | None = None,  # noqa: A002 - the word for it
    **more: Any,
) -> Instrumented:
    """Trace libraries. Without an argument its variable decides (`LOGFIRE_INSTRUMENT_HTTPX=1`), then `all`; else it stays as it is.

    True is all of a library, False none of it. A mapping holds options of Logfire's `instrument_*`; an object, or a sequence of
    them, is traced alone: a client of httpx, an engine of SQLAlchemy, an agent of pydantic-ai, a connection of psycopg. `pydantic`
    also takes what to record: `all`, `failure` or `metrics`. Any other name switches what Logfire has under `instrument_<name>`.
    """
    given = {
        "requests": requests,
        "httpx": httpx,
        "sqlalchemy": sqlalchemy,
        "pydantic": pydantic,
        "pydantic_ai": pydantic_ai,
        "asyncpg": asyncpg,
        "psycopg": psycopg,
        "redis": redis,
        "celery": celery,
        **more,
    }
    result = Instrumented()
    everything = variable("all") if all is None else all
    with _lock:
        for name, value in given.items():
            asked = variable(name) if value is None else value
            if asked is None and everything:
                switch(name, True, result, quiet=True)
            elif asked is not None:
                switch(name, asked, result)
    return result


def uninstrument_integrations() -> None:
    """Switch everything off, also what waits for an import; the warnings start anew."""
    with _lock:
        for name in list(_libraries):
            switch_off(name)
        _told.clear()


def variable(name: str) -> bool | None:
    """What `LOGFIRE_INSTRUMENT_<NAME>` says; None when it is not set or says nothing that can be understood."""
    text = os.environ.get(key := f"LOGFIRE_INSTRUMENT_{name.upper()}", "").strip().lower()
    if text in YES:
        return True
    if text and text not in NO:
        tell_once(key, f"{key}={text} is passed over: write 1 or 0.")
    return False if text in NO else None


def switch(name: str, value: Any, result: Instrumented, *, quiet: bool = False) -> None:
    """Turn one library on or off. Where it is missing, say so once, unless `quiet`."""
    library = _libraries.get(name) or other(name)
    if value is False:
        switch_off(name)
        return
    reason = library.missing()
    if reason:
        result.skipped[name] = reason
        if not quiet:
            tell_once(name, f"{name} is not traced: {reason}.")
        return
    result.on.append(name)
    begin = partial(start, library, value)
    if library.module in sys.modules or not library.waits:
        try:
            begin()
        except Exception as error:  # noqa: BLE001 - whatever a library does not like, the others and the application go on
            fail(name, error, result)
            tell_once(name, f"{name} is not traced: {error}")
    else:
        when_imported(library, begin, result)


def start(library: Library, value: Any) -> None:
    """Trace what `value` asks for."""
    import logfire

    instance = logfire.DEFAULT_LOGFIRE_INSTANCE
    with conventions():
        if value is True or isinstance(value, Mapping):
            library.on(instance, {} if value is True else value)
        else:
            library.each(instance, list(value) if isinstance(value, list | tuple | set | frozenset) else [value])


def when_imported(library: Library, begin: Callable[[], None], result: Instrumented) -> None:
    """Begin as soon as the application imports the library."""
    import wrapt

    def late(_: Any) -> None:
        # Without the lock: whoever holds it may be waiting for this import.
        waiting = _wanted.pop(library.name, None)
        try:
            if waiting is not None:
                waiting()
        except Exception as error:  # noqa: BLE001 - an import must not fail for telemetry
            log.warning("%s is not traced: %s", library.name, error)

    def attempt() -> None:
        try:
            begin()
        except Exception as error:
            fail(library.name, error, result)
            raise

    _wanted[library.name] = attempt
    if library.name not in _hooked:
        _hooked.add(library.name)
        wrapt.register_post_import_hook(late, library.module)


def fail(name: str, error: Exception, result: Instrumented) -> None:
    """Note that a library could not be switched on."""
    result.on.remove(name)
    result.skipped[name] = f"failed: {error}"
    delivery = sys.modules.get("andiron.delivery.pipeline")
    if delivery is not None and delivery.active is not None:
        delivery.active.counters.error()


def switch_off(name: str) -> None:
    """Turn one library off."""
    with _lock:
        library = _libraries.get(name)
        if (
            _wanted.pop(name, None) is None
            and library is not None
            and (library.module in sys.modules or not library.waits)
        ):
            try:
                library.off()
            except Exception as error:  # noqa: BLE001 - as when it is switched on
                log.warning("%s is still traced: %s", name, error)


def other(name: str) -> Library:
    """A library that only Logfire knows."""
    import logfire

    if not hasattr(logfire.Logfire, f"instrument_{name}"):
        raise ConfigurationError(f"instrument_integrations({name}=…): Logfire has no instrument_{name}.")
    return _libraries.setdefault(name, Other(name))


def tell_once(about: str, message: str) -> None:
    """Warn, unless that was done."""
    if about not in _told:
        _told.add(about)
        warnings.warn(message, stacklevel=4)
