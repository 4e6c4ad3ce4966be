"""The rules of redaction that `configure` chose, for every part that shows records: log lines, breadcrumbs, the viewer, the console."""

from functools import cache

from andiron.delivery.thorough import Thorough
from andiron.redaction import Redactor

_own: Thorough | None = None


def use(rules: Redactor | None) -> None:
    """From now on `rules`; None for the built-in ones."""
    global _own  # noqa: PLW0603 - there is one application in a process
    _own = None if rules is None else Thorough(rules)


def redactor() -> Thorough:
    """The rules of this moment."""
    return _own or built_in()


@cache
def built_in() -> Thorough:
    """Made when they are first asked for: compiling their patterns takes 30 ms."""
    from andiron.redaction import redactor

    return Thorough(redactor)
