"""Where in a question something is wrong: places in its text, counted in UTF-16 code units as browsers count.

The parser says where it stopped; for a name that does not exist, the first place where the text has it is taken.
"""

import re
from typing import Any

from andiron.server.query.problems import QueryProblem

Position = tuple[int, int]

APART = re.compile(
    r"(?P<open>'(?:[^']|'')*\Z|\"(?:[^\"]|\"\")*\Z|/\*(?:(?!\*/).)*\Z)|'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/",
    re.DOTALL,
)
"""Literals, names in quotes and comments; `open` is one that does not end."""


def units(text: str) -> int:
    """The length of `text` in UTF-16 code units."""
    return len(text) + sum(character > "\uffff" for character in text)


def position(text: str, start: int, end: int) -> Position:
    """Characters `start` up to `end` of `text`, in code units."""
    before = units(text[:start])
    return before, before + units(text[start:end])


def shifted(found: Position | None, before: str) -> Position | None:
    """A place in what follows `before`, as a place in the whole."""
    return found and (found[0] + units(before), found[1] + units(before))


def place_of(text: str, word: str) -> Position | None:
    """The first place of `word`, as a word of its own, outside of literals and comments."""
    visible = APART.sub(lambda found: found[0] if found[0].startswith('"') else " " * len(found[0]), text)
    found = re.search(rf"(?<!\w){re.escape(word)}(?!\w)", visible, re.IGNORECASE)
    return position(text, *found.span()) if found else None


def unclosed(text: str) -> tuple[str, Position] | None:
    """The quote or comment that is opened and never closed."""
    for found in APART.finditer(text):
        if found["open"]:
            mark = "/*" if found["open"].startswith("/*") else found["open"][0]
            return mark, position(text, found.start(), found.start() + len(mark))
    return None


def stopped(text: str, error: dict[str, Any]) -> Position | None:
    """Where sqlglot stopped: it tells the line and column at which a token ends."""
    token = str(error.get("highlight") or "")
    lines = text.split("\n")
    if not token or not error.get("line") or error["line"] > len(lines):
        return None
    end = sum(len(line) + 1 for line in lines[: error["line"] - 1]) + error["col"]
    if text[end - len(token) : end] == token:
        return position(text, end - len(token), end)
    context = f"{error.get('start_context') or ''}{token}"
    at = text.find(context) + len(context)
    return position(text, at - len(token), at) if context in text else None


def expectation(description: str) -> str:
    """What the parser missed, without the names of its own classes."""
    said = re.sub(r" but got <Token .*?, text: (.*?), line: .*", r" and got \1", description, flags=re.DOTALL)
    return re.sub(r"Required keyword: '\w+' missing for <class '.*\.(\w+)'>", r"\1 is not complete", said)


def placed(problem: QueryProblem, text: str) -> QueryProblem:
    """The problem with the place of the word that it is about."""
    if problem.position is None and problem.word:
        problem.position = place_of(text, problem.word)
    return problem
