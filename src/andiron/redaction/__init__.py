"""Redaction: secrets are taken out before anything reaches a disk or the network. `rules.toml` says what is secret."""

from typing import TYPE_CHECKING, Any

from andiron.redaction.redact import Redactor

__all__ = ["Redactor", "redactor"]

if TYPE_CHECKING:
    redactor: Redactor


def __getattr__(name: str) -> Any:
    """`redactor`, with the built-in rules, is made when it is first asked for: compiling its patterns takes 30 ms."""
    if name != "redactor":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    made = globals()["redactor"] = Redactor()
    return made
