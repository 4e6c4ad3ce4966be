"""A process of an application that spools, for tests which kill it: it says on stdout what it was promised.

python -m tests.delivery.spooling <folder> <batches> <divide>
"""

import sys
from itertools import count
from pathlib import Path

from andiron.delivery.batch import Lane
from andiron.delivery.spool import Spool


def main() -> None:
    folder, batches = Path(sys.argv[1]), int(sys.argv[2])
    spool = Spool(folder, segment=20_000)
    spool.adopt()
    say("ready", "")
    for n in range(batches) if batches else count():
        batch = spool.put("logs", Lane(n % 3), 1, b"%d-" % n + b"x" * (n * 37 % 900))
        say("put", batch.id)
        if n % 5 == 0:
            spool.sync()
        if n % 3 == 0 and (taken := spool.take()) is not None:
            if n % 2:
                say("done?", taken.id)
                spool.done(taken)
                say("done", taken.id)
            elif n % 4 == 0 and "." not in taken.id:
                say("divide?", taken.id)
                parts = spool.replace(taken, [(taken.body[:5], 1), (taken.body[5:], 1)])
                for part in parts:
                    say("put", part.id)
                say("done", taken.id)
            else:
                spool.later(taken)
    spool.close()


def say(what: str, which: str) -> None:
    """In one write, so that a kill leaves whole lines."""
    sys.stdout.write(f"{what} {which}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
