"""The shop's story: scenes in their order, from an hour or so before the given clock on, cut into the requests that carry them."""

import heapq
import random
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import count

from andiron.demo.assistant import question
from andiron.demo.browsing import front_page, item, search
from andiron.demo.cast import WORKER
from andiron.demo.jobs import given_up, heartbeat, reindex
from andiron.demo.meters import Meters
from andiron.demo.ordering import order
from andiron.demo.otlp import Emission, Request, requests
from andiron.demo.scene import SECOND, Scene
from andiron.demo.weather import RELEASED, Weather, weather

SCENES: tuple[tuple[Callable[[Scene, Weather], None], int], ...] = (
    (front_page, 30),
    (item, 34),
    (search, 14),
    (order, 16),
    (question, 3),
)
JOB_EVERY, JOB_BEGAN = 300, 70
"""Seconds: the worker builds its index every five minutes, and is at it when the clock stands at `now`."""
BEAT = 20
OLD, LIVE = 20, 0.5
"""Seconds that a request covers: before the clock, and after."""
RECORDS = 10.0
"""A second, where nothing else is asked for."""


def story(
    seed: int,
    now: datetime,
    *,
    history: timedelta = timedelta(hours=1),
    until: datetime | None = None,
    rate: float = RECORDS,
) -> Iterator[Request]:
    """Requests in the order of their sending, from `history` before `now` until `until`, without end for None.

    Ids hang on the clock as well, so that a story told twice to one server does not hold every span twice.
    Whatever would be sent after `until` is not: what is going on then stays unfinished.
    """
    clock = round(now.timestamp() * 1e6) * 1000
    begin = clock - round(history.total_seconds() * SECOND)
    end = None if until is None else round(until.timestamp() * 1e6) * 1000
    waiting: list[tuple[int, int, Emission]] = []
    numbers = count()
    meters = Meters(begin)
    tick = begin
    for start, scene in plot(seed, begin, clock, rate):
        while start > tick:
            tick = after(tick, clock)
            if end is not None and tick > end:
                return
            due: list[Emission] = []
            while waiting and waiting[0][0] <= tick:
                due.append(heapq.heappop(waiting)[2])
            due += meters.read(due, tick, (tick - clock) / SECOND)
            yield from requests(tick, due)
        for emission in scene.emissions:
            heapq.heappush(waiting, (emission.at, next(numbers), emission))


def after(tick: int, clock: int) -> int:
    """The moment of the next request; one falls on the clock itself."""
    if tick >= clock:
        return tick + round(LIVE * SECOND)
    return min(clock, tick + OLD * SECOND)


def plot(seed: int, begin: int, clock: int, rate: float) -> Iterator[tuple[int, Scene]]:
    """Scenes with their beginnings, in order, without end."""
    yield from heapq.merge(
        visits(seed, begin, clock, rate), jobs(seed, begin, clock), beats(seed, begin, clock), key=first
    )


def first(entry: tuple[int, Scene]) -> int:
    """When a scene begins."""
    return entry[0]


def visits(seed: int, begin: int, clock: int, rate: float) -> Iterator[tuple[int, Scene]]:
    """What customers do: as many as make `rate` records a second, more or fewer with the hour."""
    start = begin
    scenes, weights = zip(*SCENES, strict=True)
    for number in count():
        chance = random.Random(f"{seed}:{clock}:visit:{number}")  # noqa: S311 - a story, no secret
        conditions = weather((start - clock) / SECOND)
        scene = Scene(start, chance)
        chance.choices(scenes, weights)[0](scene, conditions)
        yield start, scene
        start += round(chance.expovariate(rate * conditions.crowd / len(scene.emissions)) * SECOND) + 1


def jobs(seed: int, begin: int, clock: int) -> Iterator[tuple[int, Scene]]:
    """The worker's index."""
    past = (clock - begin) // SECOND // JOB_EVERY
    for number in count(-past):
        start = clock + (number * JOB_EVERY - JOB_BEGAN) * SECOND
        if start < begin:
            continue
        scene = Scene(start, random.Random(f"{seed}:{clock}:job:{number}"))  # noqa: S311 - as above
        reindex(scene)
        yield start, scene


def beats(seed: int, begin: int, clock: int) -> Iterator[tuple[int, Scene]]:
    """The worker's log."""
    for number in count():
        start = begin + (number * BEAT + 7) * SECOND
        seconds = (start - clock) / SECOND
        chance = random.Random(f"{seed}:{clock}:beat:{number}")  # noqa: S311 - as above
        scene = Scene(start, chance)
        heartbeat(
            scene, WORKER, round(9 * weather(seconds).crowd + 60 * weather(seconds).crowded * 4 + chance.random() * 8)
        )
        if RELEASED + 200 <= seconds < RELEASED + 200 + BEAT:
            given_up(scene, WORKER)
        yield start, scene
