"""Pages: how soon they are there, how large they are, what a search costs beside the engine, how the live page bears a stream.

    python -m bench.pages [--only paint,sizes,search,stream] [--rounds 7] [--spans 5_000_000] [--logs 5_000_000] [--keep DIR]
                          [--minutes 2]

Each on a real `andiron serve`, with the Chromium of the system, headless, drawing in software, on the same machine.

paint   A new window each round, whose cache is empty; the server is warm. From the navigation to the first contentful paint, and to
        the first record of the live page, the first row of a trace with 10,000 spans, Explore's editor. Medians. Then frames and
        long tasks while the whole trace is scrolled through.
sizes   gzip bytes of the JavaScript, as `web/app/scripts/sizes.mjs` counts them, of the pages as they are built.
search  Ten searches on the records of `bench.query`, each as the three requests that the live page makes of it, against the time that
        the engine takes for the same statements, in a process of its own in the same run; then from Enter to painted rows.
        `--keep DIR` leaves the records there, or takes those that an earlier run of this or of `bench.query` left.
stream  2,000 records a second into the open live page: heap after a collection, every ten seconds, and its growth by a fitted line;
        dropped frames, tasks over 50 ms, from sent to painted, processor time. `--minutes 60` is the hour.
"""

import argparse
import json
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from types import FrameType

from bench.browser import Chromium, NoChromium, running
from bench.pages_paint import paint
from bench.pages_search import bare, searches
from bench.pages_stream import send_stream, stream
from bench.pages_window import Figure

PARTS = ("sizes", "paint", "search", "stream")
APP = Path(__file__).parent.parent / "web" / "app"
FIRST, ALL = 120.0, 250.0


def sizes() -> list[Figure]:
    """What the reader's browser fetches."""
    node = shutil.which("node")
    if node is None:
        print("There is no `node` here: install Node.js to count what the pages weigh.")
        return []
    counted = json.loads(
        subprocess.run([node, "scripts/sizes.mjs"], cwd=APP, stdout=subprocess.PIPE, check=True).stdout
    )
    for name, size in sorted(counted["files"].items(), key=lambda pair: -pair[1]):
        print(f"{size / 1000:8.1f} kB  {Path(name).name}")
    return [
        Figure("JavaScript of the first page, gzip", counted["first"] / 1000, FIRST, "kB"),
        Figure("JavaScript of all pages, gzip", counted["all"] / 1000, ALL, "kB"),
    ]


def measured(part: str, chromium: Chromium, place: Path, arguments: argparse.Namespace) -> list[Figure]:
    """One of the parts that need a browser."""
    match part:
        case "paint":
            return paint(place / "paint", chromium, arguments.rounds)
        case "search":
            data = arguments.keep.resolve() if arguments.keep else place / "search"
            return searches(data, chromium, arguments.spans, arguments.logs, arguments.rounds)
        case _:
            return stream(place / "stream", chromium, arguments.minutes)


def run(only: list[str], arguments: argparse.Namespace) -> None:
    """One part after the other; then all aims."""
    figures: list[Figure] = []
    if "sizes" in only:
        print("-- sizes", flush=True)
        figures += sizes()
    rest = [part for part in only if part != "sizes"]
    if rest:
        with tempfile.TemporaryDirectory(prefix="andiron-bench-") as place, running() as chromium:
            print(f"Chromium {chromium.version}")
            for part in rest:
                print(f"-- {part}", flush=True)
                figures += measured(part, chromium, Path(place), arguments)
    print("-- aims")
    for figure in figures:
        print(figure)


def ended(_number: int, _frame: FrameType | None) -> None:
    """A polite request to end closes everything as Ctrl+C does."""
    raise KeyboardInterrupt


def main() -> int:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(PARTS), metavar="PART,…", help=f"some of {', '.join(PARTS)}")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--spans", type=int, default=5_000_000)
    parser.add_argument("--logs", type=int, default=5_000_000)
    parser.add_argument("--keep", type=Path, metavar="DIR", help="seed there, or use what an earlier run left")
    parser.add_argument("--minutes", type=float, default=2.0, help="how long the stream lasts")
    parser.add_argument("--bare", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--send", type=int, nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    only = [part for part in PARTS if part in arguments.only.split(",")]
    if unknown := set(arguments.only.split(",")) - set(PARTS):
        parser.error(f"--only knows {', '.join(PARTS)}, not {', '.join(sorted(unknown))}.")
    if arguments.bare:
        bare(Path(arguments.bare[0]), int(arguments.bare[1]))
        return 0
    if arguments.send:
        send_stream(*arguments.send)
        return 0
    signal.signal(signal.SIGTERM, ended)
    try:
        run(only, arguments)
    except NoChromium as none:
        print(none, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Ended before the end.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
