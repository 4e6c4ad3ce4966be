"""The rules of redaction for what they do not look into by themselves: names within mappings, bytes that hold text, JSON within strings.

Everything that leaves the process passes here: requests, JSON lines, breadcrumbs, the viewer's pages.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, Protocol

BOOKKEEPING = frozenset({"logfire.json_schema", "logfire.metrics"})
"""JSON of Logfire's own, in which the name `password` is the name of an argument and no secret follows it."""
DEEPEST = 20
"""Levels that are looked into; `Simplifier` leaves no more."""


class Redactor(Protocol):
    """What is asked of `andiron.redaction.Redactor`."""

    def text(self, value: str) -> str: ...
    def attribute(self, key: str, value: Any) -> Any: ...
    def stacktrace(self, text: str) -> str: ...


class Thorough:
    """A `Redactor` that sees more. Where nothing is to be taken out, the same object comes back."""

    def __init__(self, rules: Redactor) -> None:
        self._rules = rules
        self.stacktrace = rules.stacktrace

    def text(self, value: str) -> str:
        """`value` without what the patterns find; JSON without what its names betray."""
        if value[:1] in OPENING:
            made = self._json("", value)
            value = made if type(made) is str else value
        return self._rules.text(value)

    def attribute(self, key: str, value: Any) -> Any:
        """`value` as it may be kept under `key`; None for one that is dropped."""
        kind = type(value)
        if kind is str:
            if value[:1] in OPENING:
                value = self._json(key, value)
        elif kind is dict or kind is list:
            return self._within(self._rules.attribute(key, value), 0)
        elif kind is bytes:
            value = self._rules.attribute(key, value)
            return self._bytes(value) if type(value) is bytes else value
        return self._rules.attribute(key, value)

    def _json(self, key: str, text: str) -> Any:
        """`text`, written anew where it is JSON that holds secrets."""
        if text.rstrip()[-1] not in CLOSING:
            return text
        try:
            value = json.loads(text)
            if key in BOOKKEEPING:
                made = self._within(value, 0, self._rules.text)
            else:
                made = self._within(self._rules.attribute(key, value), 0)
            if made is value:
                return text
            return (
                made
                if made is None or type(made) is str
                else json.dumps(made, ensure_ascii=False, separators=(",", ":"))
            )
        except (ValueError, RecursionError):  # it only began like JSON
            return text

    def _within(self, value: Any, depth: int, leaf: Callable[[str], str] | None = None) -> Any:
        """`value` with the names in it, its bytes, and with `leaf` its strings, searched."""
        kind = type(value)
        if kind is dict and depth <= DEEPEST:
            made = [(self._rules.text(name), self._within(each, depth + 1, leaf)) for name, each in value.items()]
            same = all(
                new is old and name is known for (name, new), (known, old) in zip(made, value.items(), strict=True)
            )
            return value if same else distinct(made)
        if kind is list and depth <= DEEPEST:
            parts = [self._within(each, depth + 1, leaf) for each in value]
            return value if all(new is old for new, old in zip(parts, value, strict=True)) else parts
        if kind is bytes:
            return self._bytes(value)
        return leaf(value) if leaf is not None and kind is str else value

    def _bytes(self, value: bytes) -> bytes:
        try:
            text = value.decode()
        except UnicodeDecodeError:
            return value
        made = self.text(text)
        return value if made == text else made.encode(errors="replace")


OPENING, CLOSING = frozenset({"{", "["}), frozenset({"}", "]"})


def distinct(pairs: list[tuple[str, Any]]) -> Mapping[str, Any]:
    """A mapping in which none is lost whose names are the same now."""
    made: dict[str, Any] = {}
    for name, value in pairs:
        free, count = name, 2
        while free in made:
            free, count = f"{name} {count}", count + 1
        made[free] = value
    return made
