"""One trace of any size: a night's stocktaking, branches of branches, for pages and queries that must bear it."""

import random
from collections.abc import Iterator
from datetime import datetime

from andiron.demo.backing import cached, query
from andiron.demo.cast import MENDED, STOCK, WORKER
from andiron.demo.failures import Failure, sold_out
from andiron.demo.otlp import Request, requests
from andiron.demo.scene import SECOND, Scene

PART = 5_000
"""Spans a request."""


def large_trace(seed: int, now: datetime, spans: int) -> Iterator[Request]:
    """Requests with the spans of one trace that ends at `now` or shortly before; `trace_id_of` names it."""
    clock = clock_of(now)
    # A first telling shows how long it takes, the second ends in time.
    length = told(chance(seed, clock), clock, spans).now - clock
    scene = told(chance(seed, clock), clock - length - SECOND, spans)
    for begin in range(0, len(scene.emissions), PART):
        yield from requests(clock, scene.emissions[begin : begin + PART])


def trace_id_of(seed: int, now: datetime) -> str:
    """The id of the trace that `large_trace` makes."""
    return Scene(0, chance(seed, clock_of(now))).trace_id.hex()


def clock_of(now: datetime) -> int:
    """Nanoseconds since 1970."""
    return round(now.timestamp() * 1e6) * 1000


def chance(seed: int, clock: int) -> random.Random:
    """What happens in it. With the clock, as the same trace told twice would be one with every span twice."""
    return random.Random(f"{seed}:large:{clock}")  # noqa: S311 - a story, no secret


def told(drawn: random.Random, start: int, spans: int) -> Scene:
    """The trace, `spans` spans with its root."""
    scene = Scene(start, drawn)
    with scene.span(WORKER, "stocktaking", {"spans": spans}, message=f"stocktaking in {spans} steps"):
        left = spans - 1
        shelf = 0
        while left > 0:
            shelf += 1
            size = min(left, 1 + scene.chance.randint(20, 240))
            shelf_counted(scene, shelf, size)
            left -= size
    return scene


def shelf_counted(scene: Scene, shelf: int, size: int) -> None:
    """A shelf, in `size` spans."""
    left = size - 1
    try:
        with scene.span(STOCK, "count shelf", {"shelf": shelf, "steps": size}, message=f"count shelf {shelf}"):
            while left > 0:
                depth = min(left, scene.chance.randint(1, 9))
                nested(scene, depth, shelf)
                left -= depth
            if scene.likely(0.02):
                raise sold_out(f"shelf {shelf}")
    except Failure:
        return


def nested(scene: Scene, depth: int, shelf: int) -> None:
    """So many spans, each within the one before; the last asks the database or the cache."""
    if depth == 1:
        if scene.likely(0.5):
            query(scene, STOCK, "SELECT count FROM stock WHERE item_id = $1")
        else:
            cached(scene, MENDED, f"shelf:{shelf}")
        return
    with scene.span(STOCK if depth % 2 else MENDED, f"step {depth}", {"shelf": shelf}):
        scene.takes(0.1, 1.5)
        nested(scene, depth - 1, shelf)
        scene.takes(0.05, 0.5)
