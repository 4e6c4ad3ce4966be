"""How soon the pages are there, and how smoothly a large trace scrolls: part of `bench.pages`, on what `andiron demo` sends."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from andiron.cli.demo import Sender
from andiron.demo import large_trace, story, trace_id_of
from bench.browser import Chromium
from bench.pages_window import Figure, Smoothness, median, until, window
from bench.server import Server

HISTORY = timedelta(minutes=30)
SPANS = 10_000
SCROLLED = 5_000
RATE = 10.0

TREE = ".waterfall [role=tree]"
# Explore's editor lives in a shadow root that the document does not see into: its room has to do.
WANTED = {"live": ".live-list .rows .line", "trace": f"{TREE} [role=treeitem]", "explore": ".explore-code"}
MOST = {"live": 500.0, "trace": 1000.0, "explore": 500.0}


def paint(folder: Path, chromium: Chromium, rounds: int) -> list[Figure]:
    """Each page `rounds` times by a new reader, after one that warms up the server and the browser."""
    with Server(folder) as server:
        now = datetime.now(UTC)
        address = f"http://127.0.0.1:{server.port}"
        with Sender(address, None) as sender:
            sender.send(story(1, now, history=HISTORY, until=now, rate=RATE))
            # Behind the story: the newest rows of the live list are a shop's, not ten thousand of one trace.
            sender.send(large_trace(1, now - HISTORY, SPANS))
            sent = sender.records
        server.until_loaded(sent)
        print(f"{sent:,} records: {HISTORY.seconds // 60} minutes of a small shop and a trace of {SPANS:,} spans")
        paths = {"live": "", "trace": f"trace/{trace_id_of(1, now - HISTORY)}", "explore": "explore"}
        figures: list[Figure] = []
        for name, path in paths.items():
            visits = [visited(chromium, f"{address}/{path}", name) for _ in range(rounds + 1)][1:]
            figures += told(name, visits)
        print(f"scrolling through the trace in {SCROLLED / 1000:.0f} s: ", end="")
        smooth = scrolled(chromium, f"{address}/{paths['trace']}")
        print(smooth)
        return [*figures, Figure("trace: tasks over 50 ms while scrolling", len(smooth.tasks), 0, "tasks")]


def visited(chromium: Chromium, address: str, name: str) -> dict[str, Any]:
    """One visit by somebody who was never here."""
    with window(chromium, **{name: WANTED[name]}) as page:
        page.goto(address, wait_until="commit")
        content = until(page, name)
        return {
            "first": page.evaluate("() => probe.contentful()"),
            "content": content,
            "requests": page.evaluate("() => probe.requests()"),
        }


def told(name: str, visits: list[dict[str, Any]]) -> list[Figure]:
    """Print what the middle one waited for."""
    middle = sorted(visits, key=lambda visit: visit["content"])[len(visits) // 2]
    each = ", ".join(f"{visit['content']:.0f}" for visit in visits)
    print(f"{name}: from the navigation to the content, in ms: {each}")
    for path, begin, end in middle["requests"]:
        if begin <= middle["content"] and end:
            print(f"    {begin:6.0f} - {end:6.0f} ms  {path.split('?')[0]}")
    return [
        Figure(f"{name}: first contentful paint", median([v["first"] for v in visits]), MOST[name], "ms"),
        Figure(f"{name}: first content painted", median([v["content"] for v in visits]), MOST[name], "ms"),
    ]


def scrolled(chromium: Chromium, address: str) -> Smoothness:
    """All of the trace once, from the top to its end."""
    smooth = Smoothness()
    with window(chromium, trace=WANTED["trace"]) as page:
        page.goto(address, wait_until="commit")
        until(page, "trace")
        page.wait_for_timeout(1000)
        smooth.add(page.evaluate(f"() => probe.scrolled({TREE!r}, {SCROLLED})"))
    return smooth
