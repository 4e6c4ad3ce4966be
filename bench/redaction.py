"""What redaction costs: a typical record, beside Logfire's own scrubber on the same record in the same run.

python -m bench.redaction
"""

import itertools
import time
from collections.abc import Callable

from logfire._internal.scrubbing import Scrubber

from andiron.redaction import redactor

ATTRIBUTES: dict[str, object] = {
    "http.request.method": "POST",
    "http.route": "/orders/{id}",
    "http.response.status_code": 200,
    "user.name": "alice",
    "order.total": 12.5,
    "order.lines": 3,
    "db.query.text": "SELECT * FROM orders WHERE id = %s",
    "cache.hit": True,
    "logfire.msg_template": "Order {n} was taken",
    "peer": "api.internal.example",
}
"""Ten attributes of mixed type, as they come again and again."""
MESSAGES = {
    "words": "Order was taken by the branch for a customer {} and is on its",
    "a number": "Order {:08d} was taken and it is on its way to the customer ",
    "an address": "Order for alice{}@example.com from 10.1.2.3 token=ab{} taken",
}
"""Sixty characters, each time others."""
TURNS = 20_000


def microseconds(run: Callable[[int], object]) -> float:
    """The best of five runs, for a record."""
    numbers = itertools.count()
    best = float("inf")
    for _ in range(5):
        start = time.process_time()
        for _ in range(TURNS):
            run(next(numbers))
        best = min(best, (time.process_time() - start) / TURNS)
    return best * 1e6


def main() -> None:
    theirs = Scrubber(None)
    attributes = microseconds(lambda _: redactor.attributes(ATTRIBUTES))
    print(f"ten attributes: {attributes:.1f} µs")
    for name, template in MESSAGES.items():

        def ours(number: int, template: str = template) -> None:
            redactor.attributes(ATTRIBUTES)
            redactor.text(template.format(number, number))

        def logfire(number: int, template: str = template) -> None:
            theirs.scrub_value(("attributes",), ATTRIBUTES)
            theirs.scrub_value(("message",), template.format(number, number))

        mine, other = microseconds(ours), microseconds(logfire)
        print(f"and a message with {name}: {mine:.1f} µs; Logfire's scrubber {other:.1f} µs; ratio {mine / other:.2f}")


if __name__ == "__main__":
    main()
