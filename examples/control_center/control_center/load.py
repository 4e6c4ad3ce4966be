"""`python -m control_center.load`: sends the application a mix of everything for a while, so that each panel of the dashboards moves.

The same seed rolls the same dice. It keeps to the rate as long as the application answers, and lets no more than a few wait.
"""

import argparse
import asyncio
import contextlib
import random
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any, get_args

import httpx

from control_center.schemas import Kind

URL = "http://127.0.0.1:8000"
KINDS = get_args(Kind)
WORDS = ("orders", "stock", "users", "search", "mail", "billing", "images", "sessions", "reports", "events")
MOST_KNOWN = 200
"""Resources above which more are deleted than made."""
MOST_AT_ONCE = 32


class Load:
    """Asks one thing after another; remembers what it made and what that depends on."""

    def __init__(self, client: httpx.AsyncClient, chance: random.Random) -> None:
        self.answers: Counter[tuple[str, int]] = Counter()
        """By what was asked and the status of the answer; 0 is for none."""
        self._client = client
        self._chance = chance
        self._known: dict[str, list[str]] = {}
        self._asked = 0
        self._actions: dict[Callable[[], Awaitable[None]], int] = {
            self.create: 22,
            self.read: 30,
            self.search: 18,
            self.update: 10,
            self.delete: 5,
            self.delete_with_dependents: 5,
            self.miss: 3,
            self.mistake: 3,
            self.circle: 2,
            self.slow_search: 1,
            self.database_fault: 1,
            self.crash: 1,
        }

    async def step(self) -> None:
        """Ask for one thing of the mix."""
        weights = dict(self._actions)
        if len(self._known) > MOST_KNOWN:
            weights[self.delete_with_dependents] *= 6
        [action] = self._chance.choices(list(weights), list(weights.values()))
        self._asked += 1
        await action()

    # What is asked

    async def create(self) -> None:
        """A resource that depends on up to three others."""
        word, kind = self._chance.choice(WORDS), self._chance.choice(KINDS)
        depends_on = self._some(self._chance.randint(0, 3))
        new = {"name": f"{word} {kind} {self._asked}", "kind": kind, "description": f"Serves {word}."}
        answer = await self._ask("create", "POST", "/resources", json=new | {"depends_on": depends_on})
        if answer is not None and answer.status_code == 201:
            self._known[answer.json()["id"]] = depends_on

    async def read(self) -> None:
        """A resource that is there, as far as we know."""
        for each in self._some(1):
            await self._ask("read", "GET", f"/resources/{each}")

    async def search(self) -> None:
        """A word, at times of one kind."""
        kind = {"kind": self._chance.choice(KINDS)} if self._chance.random() < 0.5 else {}
        await self._ask("search", "GET", "/resources/search", params={"q": self._chance.choice(WORDS), **kind})

    async def update(self) -> None:
        """Another description."""
        for each in self._some(1):
            change = {"description": f"Serves {self._chance.choice(WORDS)}, as of change {self._asked}."}
            await self._ask("update", "PATCH", f"/resources/{each}", json=change)

    async def delete(self) -> None:
        """Refused where others depend on it."""
        for each in self._some(1):
            await self._delete("delete", each, cascade=False)

    async def delete_with_dependents(self) -> None:
        """Cascades."""
        for each in self._some(1):
            await self._delete("delete with dependents", each, cascade=True)

    async def miss(self) -> None:
        """A resource that was never there."""
        await self._ask("miss", "GET", f"/resources/no-such-{self._asked}")

    async def mistake(self) -> None:
        """A resource that may not be."""
        new = self._chance.choice(
            [
                {"name": " ", "kind": "service"},
                {"name": "nameless", "kind": "cache", "depends_on": [f"no-such-{self._asked}"]},
                {"id": "NOT AN ID", "name": "misnamed", "kind": "queue"},
            ]
        )
        await self._ask("mistake", "POST", "/resources", json=new)

    async def circle(self) -> None:
        """What one resource depends on shall depend on it."""
        pairs = [(each, depends_on[0]) for each, depends_on in self._known.items() if depends_on]
        if pairs:
            dependent, dependency = self._chance.choice(pairs)
            await self._ask("circle", "PATCH", f"/resources/{dependency}", json={"depends_on": [dependent]})

    async def slow_search(self) -> None:
        """The database takes longer, where faults are switched on."""
        fault = {"X-Fault": f"slow={self._chance.uniform(1.1, 2.5):.2f}"}
        await self._ask("slow search", "GET", "/resources/search", params={"q": "e"}, headers=fault)

    async def database_fault(self) -> None:
        """The database fails, as above."""
        await self._ask("database fault", "GET", "/resources/search", headers={"X-Fault": "database"})

    async def crash(self) -> None:
        """The application fails, as above."""
        await self._ask("crash", "GET", "/resources/search", headers={"X-Fault": "crash"})

    # How

    def _some(self, number: int) -> list[str]:
        return self._chance.sample(list(self._known), min(number, len(self._known)))

    async def _delete(self, what: str, resource_id: str, *, cascade: bool) -> None:
        query = {"cascade": cascade}
        answer = await self._ask(what, "DELETE", f"/resources/{resource_id}", params=query)
        if answer is not None and answer.status_code in (200, 404):
            for each in answer.json().get("deleted", [resource_id]):
                self._known.pop(each, None)

    async def _ask(self, what: str, method: str, path: str, **more: Any) -> httpx.Response | None:
        try:
            answer = await self._client.request(method, path, **more)
        except httpx.HTTPError:
            self.answers[what, 0] += 1
            return None
        self.answers[what, answer.status_code] += 1
        return answer

    def summary(self) -> str:
        """What was asked and how it was answered."""
        rows: dict[str, Counter[int]] = {}
        for (what, status), count in self.answers.items():
            rows.setdefault(what, Counter())[status] += count
        width = max(map(len, rows), default=0)
        return "\n".join(
            f"  {what:<{width}}  "
            + ", ".join(f"{status or 'no answer'}: {count}" for status, count in sorted(row.items()))
            for what, row in sorted(rows.items(), key=lambda each: -each[1].total())
        )


async def run(load: Load, seconds: float, rate: float) -> None:
    """Keep to the rate. What is still under way at the end is waited for, or given up when this is cancelled."""
    begun = time.monotonic()
    free = asyncio.Semaphore(MOST_AT_ONCE)

    async def step() -> None:
        async with free:
            await load.step()

    async with asyncio.TaskGroup() as group:
        for number in range(max(1, round(seconds * rate))):
            await asyncio.sleep(begun + number / rate - time.monotonic())
            group.create_task(step())


async def main(arguments: argparse.Namespace) -> int:
    """Wait for the application, load it, say what came of it."""
    chance = random.Random(arguments.seed)  # noqa: S311 - dice, no secret
    async with httpx.AsyncClient(base_url=arguments.url, timeout=30) as client:
        try:
            (await client.get("/healthz")).raise_for_status()
        except httpx.HTTPError as error:
            sys.stderr.write(
                f"No application answers at {arguments.url} ({error}). Start it: python -m control_center\n"
            )
            return 1
        load = Load(client, chance)
        sys.stdout.write(f"{arguments.rate:g} requests a second to {arguments.url} for {arguments.seconds:g} s ...\n")
        sys.stdout.flush()
        # Ctrl-C cancels this task; the summary is still worth having.
        with contextlib.suppress(asyncio.CancelledError):
            await run(load, arguments.seconds, arguments.rate)
    sys.stdout.write(f"{load.answers.total()} requests, by status:\n{load.summary()}\n")
    return 0


def positive(text: str) -> float:
    """A number above 0, for the command line."""
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return value


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m control_center.load", description="Load the control center.")
    parser.add_argument("--url", default=URL, help=f"address of the application, {URL}")
    parser.add_argument("--seconds", type=positive, default=60.0, help="how long, 60")
    parser.add_argument("--rate", type=positive, default=20.0, help="requests a second, 20")
    parser.add_argument("--seed", type=int, default=1, help="the same number rolls the same dice")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(asyncio.run(main(parsed())))
