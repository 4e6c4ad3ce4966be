"""What Andiron adds to the start of an application that imports Logfire already.

    python -m bench.startup [--rounds 15]

Each figure is the median over new interpreters, taken in turn; `configure` is asked for by name, so that everything it needs is imported.
"""

import argparse
import statistics
import subprocess
import sys

VARIANTS = {
    "import logfire": "import logfire",
    "... and import andiron": "import logfire, andiron",
    "... and andiron.configure, imported": "import logfire, andiron; andiron.configure",
    "import logfire; logfire.configure()": "import logfire; logfire.configure(send_to_logfire=False, console=False)",
    "... and andiron.configure()": "import logfire, andiron; andiron.configure(spool='memory', console='off', export=False)",
    "import logfire, pydantic": "import logfire, pydantic; pydantic.BaseModel",
    "... and andiron.configure, imported, beside pydantic": "import logfire, pydantic, andiron; pydantic.BaseModel; andiron.configure",
}
TIMED = "import time; began = time.perf_counter(); exec({code!r}); print((time.perf_counter() - began) * 1000)"


def main() -> None:
    """Start interpreters in turn."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    times: dict[str, list[float]] = {name: [] for name in VARIANTS}
    for _ in range(rounds):
        for name, code in VARIANTS.items():
            done = subprocess.run(
                [sys.executable, "-c", TIMED.format(code=code)], capture_output=True, text=True, check=True
            )
            times[name].append(float(done.stdout.splitlines()[-1]))
    medians = {name: statistics.median(taken) for name, taken in times.items()}
    bases = {
        "... and import andiron": "import logfire",
        "... and andiron.configure, imported": "import logfire",
        "... and andiron.configure()": "import logfire; logfire.configure()",
        "... and andiron.configure, imported, beside pydantic": "import logfire, pydantic",
    }
    for name, median in medians.items():
        more = f"+{median - medians[bases[name]]:.0f} ms" if name in bases else ""
        print(f"{name:<54} {median:6.0f} ms  {more}")


if __name__ == "__main__":
    main()
