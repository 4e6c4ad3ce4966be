"""Levels that somebody changes at the server, while the application runs: polls for the rules, and answers which level holds for a logger.

docs/remote-level.md is the contract. Without an answer for `max_age`, or without rules, the configured level holds.
"""

import contextlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from andiron.delivery.chance import chance
from andiron.delivery.exporters import seconds
from andiron.delivery.levels import Level
from andiron.delivery.quiet import quietly
from andiron.sdk.forks import forget, survive
from andiron.sdk.logger_levels import LoggerLevels

if TYPE_CHECKING:
    import httpx

    from andiron.sdk.level_rules import Here, Rules

PATH = "/api/v1/config"
MOST_BYTES = 262_144
LONGEST = 3600.0
"""Seconds between two polls at most, whatever the server asks for."""
SHORTEST = 1.0
STOP = 0.5
SLOWER = 10
"""How many intervals pass between polls at most when they fail; and at once when the server says that it knows of no such thing."""
CACHED = 4096


@dataclass
class Polls:
    """What became of the polls."""

    changed: int = 0
    unchanged: int = 0
    malformed: int = 0
    refused: int = 0
    failed: int = 0


class RemoteLevel:
    """Polls from a thread of its own. `level_for` may be called from anywhere and takes a fifth of a microsecond."""

    def __init__(
        self,
        url: str,
        here: "Here",
        configured: Level | Callable[[str], Level] = Level.TRACE,
        *,
        token: Callable[[], str | None] = lambda: None,
        user: Callable[[], str | None] = lambda: None,
        version: str = "",
        interval: float = 60.0,
        max_age: float = 900.0,
        timeout: float = 10.0,
        online: Callable[[], bool] = lambda: True,
        client: "Callable[[], httpx.Client] | None" = None,
        loggers: LoggerLevels | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        chance: Callable[[], float] = chance,
    ) -> None:
        self._url = url.rstrip("/") + PATH
        self._here = here
        self._configured = configured
        self._token = token
        self._user = user
        self._version = version
        self._interval = interval
        self._max_age = max_age
        self._timeout = timeout
        self._online = online
        self._make_client = client
        self._loggers = loggers or LoggerLevels()
        self._clock = clock
        self._wall = wall
        self._chance = chance
        self.polls = Polls()
        self._client: httpx.Client | None = None
        self._etag = ""
        self._known: Rules | None = None
        """The last good rules; they hold while the server has been heard within `max_age`."""
        self._heard = clock()
        self._now: tuple[Rules, dict[Any, Level]] | None = None
        """The rules that hold, and their answers so far. They change together, so that no answer outlives its rules."""
        self._failures = 0
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to poll."""
        if self._thread is None:
            self._stop = threading.Event()
            self._thread = threading.Thread(
                target=self._run, args=(self._stop,), name="andiron-remote-level", daemon=True
            )
            self._thread.start()
            survive(self)

    def stop(self) -> None:
        """Poll no more, and put every level back. A poll under way is waited for a moment, and then left alone."""
        forget(self)
        self._stop.set()
        thread, self._thread = self._thread, None
        if thread and thread is not threading.current_thread():
            thread.join(STOP)
        self._known, self._etag = None, ""
        self.refresh()
        self._loggers.restore()
        if self._client and not (thread and thread.is_alive()):
            self._client.close()
            self._client = None

    def after_fork(self) -> None:
        """In a child: a thread and a connection of its own."""
        if self._thread:
            self._thread = self._client = None
            self.start()

    def level_for(self, logger: str) -> Level:
        """The least level of records of `logger`, for the user at hand."""
        now = self._now
        if now is None:
            return self._fallback(logger)
        rules, cache = now
        key = (logger, self._user()) if rules.users else logger
        level = cache.get(key)
        return level if level is not None else self._look_up(rules, cache, logger, key)

    def poll(self) -> float:
        """Ask once; never raises. Returns the seconds until the next time."""
        wait = self._interval
        if self._online():
            try:
                with quietly():
                    asked = self._ask()
                self._failures = 0
                wait = asked if asked is not None else wait
            except Retry as retry:
                self._failures += 1
                backed_off = self._interval * min(2**self._failures, SLOWER)
                wait = retry.after if retry.after is not None else backed_off
            except Exception:  # noqa: BLE001 - no network, a certificate, an answer that is none: the last word holds a while
                self.polls.failed += 1
                self._failures += 1
                wait = self._interval * min(2**self._failures, SLOWER)
        self.refresh()
        # Installations that start together, as after a power cut, shall not ask together for ever.
        return min(max(wait, min(SHORTEST, self._interval)), LONGEST) * (0.9 + 0.2 * self._chance())

    def refresh(self) -> float | None:
        """Let expire what has; returns the seconds until something does."""
        now, away = self._wall(), self._clock() - self._heard
        held = self._known if away < self._max_age else None
        self._now = (held, {}) if held else None
        wanted = {name: held.lowest(name, now) for name in held.loggers} if held else {}
        self._loggers.apply({name: level for name, level in wanted.items() if level is not None})
        if not held:
            return None
        end = held.next_end(now)
        return min(self._max_age - away, end - now if end is not None else self._max_age)

    def _run(self, stop: threading.Event) -> None:
        next_poll = self._clock()
        while True:
            wait = self._interval
            with contextlib.suppress(Exception):  # whatever it is, the thread goes on
                if self._clock() >= next_poll:
                    next_poll = self._clock() + self._interval
                    next_poll = self._clock() + self.poll()
                change = self.refresh()
                wait = next_poll - self._clock()
                wait = wait if change is None else min(wait, change)
            if stop.wait(max(0.01, wait)):
                return

    def _ask(self) -> float | None:
        import httpx

        if self._client is None:
            self._client = self._make_client() if self._make_client else httpx.Client(timeout=self._timeout)
        token, user = self._token(), self._user()
        # In headers, because addresses end up in the logs of proxies.
        names = {"Andiron-Installation": self._here.installation, "Andiron-User": quote(user or "")}
        headers = {
            "Accept": "application/json",
            **{name: value for name, value in names.items() if value},
            **({"If-None-Match": self._etag} if self._etag else {}),
            **({"Authorization": f"Bearer {token}"} if token else {}),
        }
        query = {"service": self._here.service, "environment": self._here.environment, "version": self._version}
        asked = {name: value for name, value in query.items() if value}
        with self._client.stream("GET", self._url, params=asked, headers=headers) as answer:
            body = b""
            for piece in answer.iter_bytes():
                body += piece
                if len(body) > MOST_BYTES:
                    body = b""  # is malformed
                    break
            return self._take(answer.status_code, answer.headers, body)

    def _take(self, status: int, headers: "httpx.Headers", body: bytes) -> float | None:
        after = seconds(headers.get("retry-after"), self._wall())
        if status == 200:
            self._read(body, headers.get("etag", ""))
        elif status == 304:
            self.polls.unchanged += 1
        elif status in (204, 404):
            # A server without rules, or one that is too old to have any.
            self._learn(None, "")
            self.polls.unchanged += 1
            after = after if after is not None or status == 204 else self._interval * SLOWER
        else:
            if status in (401, 403):
                self.polls.refused += 1
            else:
                self.polls.failed += 1
            raise Retry(after)
        self._heard = self._clock()
        return after

    def _read(self, body: bytes, etag: str) -> None:
        from pydantic import ValidationError

        from andiron.sdk.level_rules import Document, Rules

        try:
            document = Document.model_validate_json(body)
        except ValidationError:
            # The last good rules stay; without its ETag this document is sent again, and read again once it is mended.
            self.polls.malformed += 1
            return
        self.polls.changed += 1
        self._learn(Rules(document, self._here), etag)

    def _learn(self, rules: "Rules | None", etag: str) -> None:
        if not self._stop.is_set():  # an answer that comes after `stop` changes nothing
            self._known, self._etag = rules, etag

    def _look_up(self, rules: "Rules", cache: dict[Any, Level], logger: str, key: Any) -> Level:
        level = rules.level(logger, self._user(), self._wall())
        if level is None:
            level = self._fallback(logger)
        if len(cache) >= CACHED:
            cache.clear()
        cache[key] = level
        return level

    def _fallback(self, logger: str) -> Level:
        configured = self._configured
        return configured if isinstance(configured, Level) else configured(logger)


class Retry(Exception):
    """The server said not now, and perhaps when."""

    def __init__(self, after: float | None) -> None:
        super().__init__(after)
        self.after = after
