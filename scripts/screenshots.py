"""Pictures of the pages, taken by the system's Chromium from servers that `andiron demo` has filled.

python scripts/screenshots.py                                        the README's, into docs/pictures
python scripts/screenshots.py --all DIR                              every page, state, theme and width
python scripts/screenshots.py --all DIR --only live,trace --theme dark --width 390 --state data,empty --url http://127.0.0.1:4318
"""

import argparse
import contextlib
import json
import os
import random
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from andiron.cli.demo import Sender  # noqa: E402
from andiron.demo import large_trace, story  # noqa: E402
from bench.browser import Chromium, NoChromium, Requests, running  # noqa: E402
from bench.server import Server  # noqa: E402

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

SIZES = {1440: 900, 1024: 768, 390: 844}
THEMES = ("light", "dark")
SEED = 7
HISTORY = timedelta(minutes=30)
LARGE = 10_000
SECTIONS = ("projects", "tokens", "retention", "storage", "health", "quarantine")
README = ("live", "trace", "explore", "services")
STATES = ("data", "empty", "gone", "sign-in", "large", "long", "rtl")
LONG = "the supplier answered with a page instead of an invoice: " + "".join(
    random.Random(1).choices("abcdefghij klmnop qrstuvwxyz /=&;{}\"'<>", k=4000)  # noqa: S311 - filling
)
RTL = "لم يصل الطلب 1841 بعد، هل يمكنكم التحقق من ذلك؟"


@dataclass(frozen=True)
class Shot:
    """A picture to take."""

    name: str
    state: str
    path: str
    act: Callable[["Page"], None] | None = None
    """What to do on the page first."""


def main() -> None:
    """Take what is asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--all", type=Path, metavar="DIR", help="every combination, into this folder")
    parser.add_argument("--only", help="pages: live, trace, explore …; with commas")
    parser.add_argument("--state", help=f"of {', '.join(STATES)}; with commas")
    parser.add_argument("--theme", choices=THEMES)
    parser.add_argument("--width", type=int, help=f"of {', '.join(map(str, SIZES))}, or any other")
    parser.add_argument("--url", help="a server that runs already, as it is: nothing is sent to it")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "pictures", help="where the README's go")
    asked = parser.parse_args()
    themes = (asked.theme,) if asked.theme else THEMES
    only = set(asked.only.split(",")) if asked.only else None
    states = set(asked.state.split(",")) if asked.state else set(STATES)
    if wrong := states - set(STATES):
        parser.error(f"there is no state {', '.join(wrong)}; there are {', '.join(STATES)}")
    if asked.all is None:
        only, states, widths, folder = only or set(README), {"data"}, [asked.width or 1440], asked.out
    else:
        widths, folder = [asked.width] if asked.width else list(SIZES), asked.all
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with running() as browser, tempfile.TemporaryDirectory(prefix="andiron-pictures-") as temporary:
            camera = Camera(browser, folder, themes, widths)
            stages(camera, Path(temporary), only, states, asked.url)
    except NoChromium as problem:
        sys.exit(str(problem))
    print(f"{camera.taken} pictures in {folder}")


class Camera:
    """Takes each shot in every theme and width."""

    def __init__(self, browser: Chromium, folder: Path, themes: Iterable[str], widths: Iterable[int]) -> None:
        self._browser = browser
        self._folder = folder
        self._themes = tuple(themes)
        self._widths = tuple(widths)
        self.taken = 0

    def take(self, url: str, shots: Iterable[Shot], *, after: Callable[[], None] | None = None) -> None:
        """Open each; take the picture when it is there. `after` happens once, when all are open."""
        shots = list(shots)
        contexts: list[tuple[Shot, str, int, BrowserContext, Page, Requests]] = []
        for theme in self._themes:
            for width in self._widths:
                for shot in shots:
                    context = self._browser.context(width=width, height=SIZES.get(width, 900), theme=theme)
                    page = context.new_page()
                    requests = Requests(page)
                    said = errors_of(page)
                    self._open(page, url, shot, requests)
                    if after is None:
                        self._press(shot, theme, width, page, said)
                        context.close()
                    else:
                        contexts.append((shot, theme, width, context, page, requests))
        if after is not None:
            after()
            for shot, theme, width, context, page, requests in contexts:
                # The frame looks for the server now, and not at its next turn.
                page.evaluate("dispatchEvent(new Event('online'))")
                page.wait_for_timeout(100)
                requests.settled(most=3000)
                self._press(shot, theme, width, page, [])
                context.close()

    def _open(self, page: "Page", url: str, shot: Shot, requests: Requests) -> None:
        from playwright.sync_api import Error

        try:
            page.goto(f"{url}{shot.path}", wait_until="load", timeout=30_000)
            if not requests.settled():
                print(f"  {shot.name} {shot.state}: something is still being asked for after 15 s")
            if shot.act is not None:
                shot.act(page)
                requests.settled()
        except Error as problem:
            print(f"  {shot.name} {shot.state}: {str(problem).splitlines()[0]}")

    def _press(self, shot: Shot, theme: str, width: int, page: "Page", said: list[str]) -> None:
        name = shot.name if shot.state == "data" else f"{shot.name}-{shot.state}"
        file = self._folder / f"{name}-{theme}{'' if self._widths == (1440,) else f'-{width}'}.png"
        page.screenshot(path=file, animations="disabled", caret="hide")
        self.taken += 1
        print(f"{file.name}  {file.stat().st_size // 1000} kB" + (f"  {said[0]}" if said else ""))


def errors_of(page: "Page") -> list[str]:
    """The errors that nobody on the page caught, as they come."""
    said: list[str] = []

    def told(error: Any) -> None:
        said.append(str(error))

    page.on("pageerror", told)
    return said


def stages(camera: Camera, folder: Path, only: set[str] | None, states: set[str], url: str | None) -> None:
    """The servers that the states need, one after the other, and the shots on each."""

    def wanted(shots: Iterable[Shot]) -> list[Shot]:
        return [shot for shot in shots if (only is None or shot.name in only) and shot.state in states]

    if url is not None:
        url = url.rstrip("/")
        camera.take(url, wanted(shots_of(url)))
        if left := states - {"data"} and states != set(STATES):
            print(f"Of a running server there are pictures of the state data only; not of {left}.")
        return
    if states & {"data", "large", "long", "rtl"}:
        with Server(folder / "data") as server:
            here = f"http://127.0.0.1:{server.port}"
            filled(server, large="large" in states, odd=bool(states & {"long", "rtl"}))
            camera.take(here, wanted([*shots_of(here), *shots_of_odd(here, states)]))
    if "empty" in states and (shots := wanted(simple("empty"))):
        with Server(folder / "empty") as server:
            camera.take(f"http://127.0.0.1:{server.port}", shots)
    if "gone" in states and (shots := wanted(simple("gone"))):
        with Server(folder / "gone") as server:
            filled(server, large=False, odd=False)
            camera.take(f"http://127.0.0.1:{server.port}", shots, after=lambda: gone(server))
    if "sign-in" in states and (
        shots := wanted([Shot("sign-in", "sign-in", "/sign-in"), Shot("live", "sign-in", "/")])
    ):
        with guarded(folder / "guarded") as server:
            camera.take(f"http://127.0.0.1:{server.port}", shots)


def gone(server: Server) -> None:
    """End the server, and leave the pages the time to notice."""
    server.kill()
    time.sleep(4)


@contextlib.contextmanager
def guarded(data: Path) -> Iterator[Server]:
    """A server that asks for tokens."""
    subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "andiron", "tokens", "create", "--scope", "admin", "--data", str(data)],
        check=True,
        stdout=subprocess.DEVNULL,
        env=os.environ,
    )
    with Server(data, allowed_hosts="andiron.example") as server:
        yield server


def filled(server: Server, *, large: bool, odd: bool) -> None:
    """Send the demo's story, as of now."""
    now = datetime.now(UTC)
    with Sender(f"http://127.0.0.1:{server.port}", None) as sender:
        sender.send(story(SEED, now, history=HISTORY, until=now))
        if large:
            # From before the story, so that it does not fill the list of what is new.
            sender.send(large_trace(SEED, now - HISTORY, LARGE))
        if odd:
            for text in (LONG, RTL):
                sender.send(letter(now, text))
    server.until_loaded(sender.records)


def letter(now: datetime, text: str) -> Any:
    """A record with an unusual message, in requests."""
    from andiron.demo.cast import service
    from andiron.demo.otlp import Emission, requests
    from andiron.demo.scene import log_record

    at = int(now.timestamp() * 1e9)
    letters = service("letters", "shop.letters", "1.0.0", "python", "oak")
    return requests(at, [Emission(at, letters, log_record(at, "warn", text, {"letter": text[:40]}))])


def simple(state: str) -> list[Shot]:
    """Every page, with nothing of its own to show."""
    pages = {
        "live": "/",
        "traces": "/traces",
        "explore": "/explore",
        "services": "/services",
        **{name: f"/{name}" for name in ("issues", "sessions", "dashboards", "alerts")},
        **{f"settings-{section}": f"/settings/{section}" for section in SECTIONS},
        "missing": "/no-such-page",
    }
    return [Shot(name, state, path) for name, path in pages.items()]


def shots_of(url: str) -> list[Shot]:
    """Every page with data: a trace that failed, the services, one of them, a query."""
    found = trace_of(url)
    return [
        *simple("data"),
        Shot("live-detail", "data", "/", first_row),
        *([Shot("trace", "data", f"/trace/{found}")] if found else []),
        Shot("service", "data", "/services/api"),
    ]


def shots_of_odd(url: str, states: set[str]) -> list[Shot]:
    """What is large, long or written from the right."""
    large = (
        rows(url, "SELECT trace_id FROM records WHERE span_name = 'stocktaking' LIMIT 1") if "large" in states else []
    )
    return [
        *[Shot("trace", "large", f"/trace/{row['trace_id']}") for row in large],
        *[Shot("live", state, "/?q=service:letters") for state in ("long", "rtl")],
        *[Shot("live-detail", state, "/?q=service:letters", first_row) for state in ("long", "rtl")],
    ]


def first_row(page: "Page") -> None:
    """Open the first line of the list by its keys."""
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_timeout(300)


def trace_of(url: str) -> str | None:
    """A trace worth a picture: an order that failed after a while, in many services."""
    worth = (
        "SELECT trace_id FROM records GROUP BY trace_id HAVING count(*) < 400 "
        "ORDER BY count(DISTINCT service_name) DESC, max(CASE WHEN is_exception THEN 1 ELSE 0 END) DESC, count(*) DESC LIMIT 1"
    )
    found = rows(url, worth)
    return str(found[0]["trace_id"]) if found else None


def rows(url: str, sql: str) -> list[dict[str, Any]]:
    """Ask in SQL; nothing where that is not answered."""
    request = urllib.request.Request(  # noqa: S310 - a server that the caller named
        f"{url}/v2/query",
        json.dumps({"sql": sql}).encode(),
        {"Content-Type": "application/json", "Accept": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - as above
            found: list[dict[str, Any]] = json.load(answer)["data"]
            return found
    except (OSError, ValueError, KeyError) as problem:
        print(f"  {url} did not answer which trace to show: {problem}")
        return []


if __name__ == "__main__":
    main()
