"""What searching costs beside the engine: part of `bench.pages`, on the millions of records of `bench.query`.

`bare` runs in a process of its own, asks what the search API asks, in the same code, and takes the time that the engine spends on
the statements; `served` takes the time of the same searches over HTTP, `entered` in a browser from Enter until the rows are painted.
Every round asks for other values and another end of the time, so that nobody is remembered.
"""

import http.client
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from bench.browser import Chromium, Requests
from bench.pages_window import Figure, median, until, window
from bench.query import HOURS, seeded, values
from bench.server import Server

if TYPE_CHECKING:
    from andiron.server.store.embedded import EmbeddedEngine

SEARCHES = {
    "nothing: all records": "",
    "a word": "{word}",
    "two words": "{word} {third}",
    "a rare word": "{rare}",
    "service and level": "service:{service} level:error",
    "attribute = value": "user.id:{user}",
    "duration >": "duration:>{slow}ms",
    "a trace id": "trace:{trace}",
    "status 5xx of a service": "status:5xx service:{service}",
    "route with a wildcard, and method": "route:/orders/* method:POST",
}
FIELDS = ["level", "service_name", "deployment_environment", "otel_scope_name", "tags"]
MORE: dict[str, dict[str, Any]] = {
    "search": {"limit": 200, "columns": [], "pending": True},
    "histogram": {"buckets": 120},
    "facets": {"fields": FIELDS},
}
"""What the live page asks at each search."""
OVERHEAD = 100.0

Taken = dict[str, dict[str, list[float]]]
"""Milliseconds by search, then by what was asked."""


def asked(folder: Path, rounds: int, first: int = 0) -> Iterator[tuple[str, int, str, datetime, datetime]]:
    """Every search of every round, once more before the others; the number of that round is -1."""
    begin = datetime.fromtimestamp(json.loads(folder.joinpath("samples.json").read_text())["begin"] / 1e9, UTC)
    for n in (rounds, *range(rounds)):
        wanted = values(folder, first + n)
        before = begin + timedelta(hours=HOURS, seconds=-7 * (first + n))
        for name, template in SEARCHES.items():
            text = template.format(slow=40 + first + n, **wanted)
            yield name, -1 if n == rounds else n, text, begin, before


class Timed:
    """The engine, with the time that it takes."""

    cluster = ""

    def __init__(self, engine: "EmbeddedEngine") -> None:
        self._engine = engine
        self.seconds = 0.0
        self.statements = 0

    def query(self, sql: str, *, format: str = "JSONCompact", settings: Mapping[str, str | int] | None = None) -> bytes:
        """Ask it."""
        began = time.perf_counter()
        try:
            return self._engine.query(sql, format=format, settings=settings)
        finally:
            self.seconds += time.perf_counter() - began
            self.statements += 1

    def command(self, sql: str, *, settings: Mapping[str, str | int] | None = None) -> None:
        """As it does."""
        self._engine.command(sql, settings=settings)

    def insert(
        self, table: str, body: bytes, *, format: str, token: str, settings: Mapping[str, str | int] | None = None
    ) -> None:
        """As it does."""
        self._engine.insert(table, body, format=format, token=token, settings=settings)

    def close(self) -> None:
        """As it does."""
        self._engine.close()


def bare(folder: Path, rounds: int) -> None:
    """Run in a process of its own: print what the engine takes for each search, and for how many statements."""
    from andiron.server.query.queries import Queries
    from andiron.server.query.search import completion, counts, rows
    from andiron.server.query.search.store import Store
    from andiron.server.settings import Settings
    from andiron.server.store.embedded import EmbeddedEngine

    engine = Timed(EmbeddedEngine(folder / "store"))
    queries = Queries(engine, Settings(data=folder))
    known = completion.Known(queries)
    work: dict[str, Callable[[Store], object]] = {
        "search": lambda store: rows.page(store, [], 200, None, pending=True),
        "histogram": lambda store: counts.histogram(store, 120),
        "facets": lambda store: counts.facets(store, FIELDS),
    }
    taken: Taken = {}
    statements: dict[str, int] = {}
    for name, n, text, since, before in asked(folder, rounds):
        store = Store(queries, "andiron", since, before, text, completion.Resource(known, "andiron"))
        for part, ask in work.items():
            engine.seconds, engine.statements = 0.0, 0
            ask(store)
            if n >= 0:
                taken.setdefault(name, {}).setdefault(part, []).append(engine.seconds * 1000)
                statements[f"{name} {part}"] = engine.statements
    engine.close()
    print(json.dumps({"taken": taken, "statements": statements}))


def served(server: Server, folder: Path, rounds: int) -> Taken:
    """The same over HTTP, on one kept connection; also what the server says that it took."""
    taken: Taken = {}
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)) as connection:
        for name, n, text, since, before in asked(folder, rounds):
            for part, more in MORE.items():
                body = {"q": text, "since": since.isoformat(), "until": before.isoformat(), **more}
                began = time.perf_counter()
                connection.request("POST", f"/pages/api/{part}", json.dumps(body), {"content-type": "application/json"})
                answer = connection.getresponse()
                content = answer.read()
                passed = (time.perf_counter() - began) * 1000
                if answer.status != 200:
                    raise RuntimeError(f"{part} of {text!r}: {answer.status} {content.decode()}")
                if n >= 0:
                    taken.setdefault(name, {}).setdefault(part, []).append(passed)
    return taken


def entered(server: Server, chromium: Chromium, folder: Path, rounds: int) -> dict[str, list[float]]:
    """From Enter to painted rows, in a page that shows what the search before has found. Other values than before are asked for."""
    taken: dict[str, list[float]] = {}
    shown: tuple[datetime, datetime] | None = None
    with window(chromium, live=".live-list .rows .line") as page:
        requests = Requests(page)
        for name, n, text, since, before in asked(folder, rounds, rounds + 1):
            if shown != (since, before):
                shown = since, before
                # A search that is not among them, so that the first of a round is another one.
                times = urlencode({"from": since.isoformat(), "to": before.isoformat(), "q": "level:warn"})
                page.goto(f"http://127.0.0.1:{server.port}/?{times}", wait_until="commit")
                until(page, "live")
            box = page.get_by_role("combobox", name="Search")
            box.fill(text)
            requests.settled()
            box.press("Enter")
            passed = until(page, "found") - page.evaluate("() => probe.entered")
            requests.settled()
            if n >= 0:
                taken.setdefault(name, []).append(passed)
    return taken


def searches(folder: Path, chromium: Chromium, spans: int, logs: int, rounds: int) -> list[Figure]:
    """Seed unless that was done, then measure."""
    seeded(folder, spans, logs, 20)
    command = [sys.executable, "-m", "bench.pages", "--bare", str(folder), str(rounds)]
    found = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout)
    with Server(folder) as server:
        rows = server.sql(
            "SELECT (SELECT count() FROM otel_traces) + (SELECT count() FROM otel_logs) AS n", dialect="clickhouse"
        )
        print(
            f"{rows[0]['n']:,} spans and logs; medians of {rounds} rounds, in ms; in brackets how many statements the engine got"
        )
        http_ = served(server, folder, rounds)
        browser = entered(server, chromium, folder, rounds)
    return report(found["taken"], found["statements"], http_, browser)


def report(engine: Taken, statements: dict[str, int], http_: Taken, browser: dict[str, list[float]]) -> list[Figure]:
    """A line for each thing that was asked."""
    over: dict[str, list[float]] = {part: [] for part in [*MORE, "painted"]}
    print(f"{'':34} {'':9} {'engine':>12} {'HTTP':>8} {'more':>7} {'ratio':>6} {'painted':>8}")
    for name, parts in http_.items():
        for part, times in parts.items():
            alone, whole = median(engine[name][part]), median(times)
            more = median([b - a for a, b in zip(engine[name][part], times, strict=True)])
            over[part].append(more)
            painted = ""
            if part == "search":
                painted = f"{median(browser[name]):8.0f}"
                over["painted"].append(median(browser[name]) - alone)
            print(
                f"{name if part == 'search' else '':34} {part:9} {alone:8.1f} ({statements[f'{name} {part}']}) {whole:8.1f} "
                f"{more:+7.1f} {whole / alone:6.2f} {painted}",
                flush=True,
            )
    return [
        *(Figure(f"{part} over HTTP: most beside the engine", max(over[part]), OVERHEAD, "ms") for part in MORE),
        Figure("from Enter to painted rows: most beside the engine", max(over["painted"]), OVERHEAD, "ms"),
    ]
