"""SQL of our own, from the `.sql` files beside the modules that ask it.

What is filled in is written by `grammar.quoted`, `times.constant`, `moment` or is a number: nothing of a user's becomes SQL as text.
"""

from functools import cache
from importlib import resources


@cache
def template(package: str, name: str) -> str:
    """The file `name`.sql of a package, without its comments. Its places are written `${place}`, see `Question.places`."""
    lines = (resources.files(package) / f"{name}.sql").read_text().splitlines()
    return "\n".join(line.partition("-- ")[0].rstrip() for line in lines)


def moment(nanoseconds: int) -> str:
    """A time to the nanosecond, as the tables hold it."""
    return f"fromUnixTimestamp64Nano({nanoseconds})"
