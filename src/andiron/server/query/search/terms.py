"""Reads the text of the search box: words, `key:value`, AND, OR, NOT and parentheses, each with its place in the text.

What they mean in SQL is decided in conditions.py. Whatever can be taken for text is: only what cannot be meant otherwise is a problem.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from andiron.server.query.places import units
from andiron.server.query.problems import QueryProblem

LONGEST = 10_000
MOST_TERMS = 200
DEEPEST = 30
QUOTES = {'"': '"', "“": "”", "”": "”", "„": "“"}

KEYWORD = re.compile(r"(AND|OR|NOT)(?=[\s(]|$)")
FIELD = re.compile(
    r"(?P<key>[^\W\d](?:[\w.\-/@$]*[\w$])?)(?P<before>\s*)"
    r"(?P<operator>:(?:>=|<=|!=|>|<|=)?|>=|<=|!=|=|>|<)(?P<after>\s*)"
)
AFTER_QUOTED_KEY = re.compile(r"(?P<operator>:(?:>=|<=|!=|>|<|=)?)(?=\S)")
PLAIN_KEY = re.compile(r"[a-z_][a-z0-9_]*(?:\.[a-z0-9_]+)+")
NUMBER_OR_DATE = re.compile(r"[+-]?\.?\d")


class SearchProblem(QueryProblem):
    """A search that cannot be understood; `position` is where."""


@dataclass(frozen=True)
class Value:
    """A piece of the text."""

    text: str
    start: int
    end: int
    quoted: bool = False


@dataclass(frozen=True)
class Word:
    """Free text."""

    value: Value


@dataclass(frozen=True)
class Field:
    """`key:value`, `key:a,b` or `key>value`."""

    key: Value
    operator: str
    """`:`, `!=`, `>`, `>=`, `<` or `<=`."""
    values: tuple[Value, ...]


@dataclass(frozen=True)
class Not:
    """What must not be."""

    term: "Term"


@dataclass(frozen=True)
class All:
    """Terms that all have to be."""

    terms: tuple["Term", ...]


@dataclass(frozen=True)
class Any:
    """Terms of which one has to be."""

    terms: tuple["Term", ...]


Term = Word | Field | Not | All | Any


def problem(text: str, start: int, end: int, detail: str) -> SearchProblem:
    """What is wrong from `start` up to `end`, which become UTF-16 code units, as browsers count."""
    place = (units(text[:start]), units(text[:end]))
    return SearchProblem(detail, kind="search-not-understood", position=place)


class Reader:
    """Reads one text. `known` says whether a key is one of those that everybody knows."""

    def __init__(self, text: str, known: Callable[[str], bool]) -> None:
        self._text = text
        self._known = known
        self._at = 0
        self._depth = 0
        self._terms = 0

    def read(self) -> Term | None:
        """The whole text; None where there is nothing."""
        if len(self._text) > LONGEST:
            raise self._problem(LONGEST, len(self._text), f"The search is longer than {LONGEST:,} characters.")
        return self._any()

    def _problem(self, start: int, end: int, detail: str) -> SearchProblem:
        return problem(self._text, start, end, detail)

    def _space(self) -> None:
        while self._at < len(self._text) and self._text[self._at].isspace():
            self._at += 1

    def _keyword(self) -> str:
        found = KEYWORD.match(self._text, self._at)
        return found[1] if found else ""

    def _any(self) -> Term | None:
        """Terms divided by OR."""
        first = self._at
        terms = [self._all()]
        while self._keyword() == "OR":
            at = self._at
            self._at += 2
            right = self._all()
            if terms[-1] is None or right is None:
                side = "before" if terms[-1] is None else "after"
                raise self._problem(
                    at, at + 2, f'OR needs something to find {side} it. To search for the word, write "OR" in quotes.'
                )
            terms.append(right)
        found = tuple(term for term in terms if term is not None)
        if not found and self._depth and first < len(self._text):
            return None
        return (found[0] if len(found) == 1 else Any(found)) if found else None

    def _all(self) -> Term | None:
        """Terms one after the other."""
        terms: list[Term] = []
        while True:
            self._space()
            if self._at >= len(self._text) or (self._depth and self._text[self._at] == ")"):
                break
            word = self._keyword()
            if word == "OR":
                break
            if word == "AND":
                self._at += 3
                continue
            terms.append(self._one())
        return (terms[0] if len(terms) == 1 else All(tuple(terms))) if terms else None

    def _one(self) -> Term:
        """One term, which is there."""
        self._terms += 1
        text, at = self._text, self._at
        if self._terms > MOST_TERMS:
            raise self._problem(at, len(text), f"The search has more than {MOST_TERMS} terms. Leave some out.")
        if (word := self._keyword()) == "NOT" or (
            text[at] in "-!" and at + 1 < len(text) and not text[at + 1].isspace() and text[at + 1] not in "-!=>"
        ):
            return self._negated(at, 3 if word else 1)
        if text[at] == "(":
            return self._group(at)
        if text[at] in QUOTES:
            value = self._quoted()
            if found := AFTER_QUOTED_KEY.match(text, self._at):
                self._at = found.end()
                return Field(value, operator(found["operator"]), self._values(operator(found["operator"])))
            return Word(value)
        return self._field() or Word(self._bare())

    def _negated(self, at: int, length: int) -> Term:
        self._at += length
        self._space()
        if self._at >= len(self._text) or (self._depth and self._text[self._at] == ")") or self._keyword() == "OR":
            raise self._problem(
                at, at + length, 'NOT needs something after it. To search for the word, write "NOT" in quotes.'
            )
        self._depth += 1
        if self._depth > DEEPEST:
            raise self._problem(at, self._at, f"The search is nested more than {DEEPEST} deep.")
        self._depth -= 1
        return Not(self._one())

    def _group(self, at: int) -> Term:
        self._depth += 1
        if self._depth > DEEPEST:
            raise self._problem(at, at + 1, f"The search is nested more than {DEEPEST} deep.")
        self._at += 1
        inner = self._any()
        if self._at >= len(self._text):
            raise self._problem(
                at,
                at + 1,
                'This parenthesis is not closed. Add ")" after the term, or put it in quotes to search for it.',
            )
        self._at += 1
        self._depth -= 1
        if inner is None:
            raise self._problem(
                at, self._at, 'Between these parentheses is nothing to find. To search for them, write "()" in quotes.'
            )
        return inner

    def _field(self) -> Field | None:
        """`key:value`, where that is what it is."""
        text = self._text
        found = FIELD.match(text, self._at)
        if found is None:
            return None
        key, sign, rest = found["key"], found["operator"], text[found.end() : found.end() + 2]
        known = self._known(key)
        if not self._meant(found, rest, known=known):
            return None
        at = self._at
        name = Value(key, at, at + len(key))
        self._at = found.end()
        values = self._values(operator(sign))
        if not any(value.text or value.quoted for value in values):
            if known:
                raise self._problem(
                    at, found.end("operator"), f"{key}{sign} needs a value. {key}:* finds everything that has one."
                )
            self._at = at
            return None
        return Field(name, operator(sign), values)

    def _meant(self, found: re.Match[str], rest: str, *, known: bool) -> bool:  # noqa: PLR0911 - a table of cases
        """Whether what looks like a key is one, and not a URL, a path, a type, an exception with its message."""
        key, sign = found["key"], found["operator"]
        if found["before"] and (not known or sign.startswith(":")):
            return False
        if not rest or (found["after"] and not (known and key.islower()) and not PLAIN_KEY.fullmatch(key)):
            return known and not rest
        if sign == ":" and not found["after"]:
            if rest.startswith("//") or (len(key) == 1 and rest[0] in "\\/"):
                return False
            if rest[0] == ":" and not known and "." not in key:
                return False
            if key == "localhost" and rest[0].isdigit():
                return False
        if sign == "=" and rest[0] in "=>~":
            return False
        # `List<int>` is no comparison.
        return known or sign not in {">", "<"} or NUMBER_OR_DATE.match(rest) is not None

    def _values(self, sign: str) -> tuple[Value, ...]:
        """One value, or several with commas between them."""
        values = [self._value(listed=sign in {":", "!="})]
        while sign in {":", "!="} and self._text[self._at : self._at + 1] == ",":
            self._at += 1
            values.append(self._value(listed=True))
        return tuple(value for value in values if value.text or value.quoted) or tuple(values[:1])

    def _value(self, *, listed: bool) -> Value:
        if self._text[self._at : self._at + 1] in QUOTES and self._at < len(self._text):
            return self._quoted()
        return self._bare("," if listed else "")

    def _bare(self, stop: str = "") -> Value:
        """Up to a space, or a parenthesis that closes a group."""
        text, at, open_ = self._text, self._at, 0
        end = at
        while end < len(text) and not text[end].isspace() and (not stop or text[end] != stop):
            if text[end] == "(":
                open_ += 1
            elif text[end] == ")":
                if open_ == 0 and self._depth:
                    break
                open_ = max(0, open_ - 1)
            end += 1
        self._at = end
        return Value(text[at:end], at, end)

    def _quoted(self) -> Value:
        """Between quotation marks; a backslash keeps one that is part of the text."""
        text, at = self._text, self._at
        close = QUOTES[text[at]]
        read, end = [], at + 1
        while end < len(text):
            character = text[end]
            if character == "\\" and text[end + 1 : end + 2] in {close, "\\"}:
                read.append(text[end + 1])
                end += 2
                continue
            if character == close:
                self._at = end + 1
                return Value("".join(read), at, end + 1, quoted=True)
            read.append(character)
            end += 1
        raise self._problem(
            at,
            len(text),
            f"This quotation mark is not closed. Add {close} at the end; to search for one, write \\{close} within quotes.",
        )


def operator(sign: str) -> str:
    """`:>=` and `>=` say the same, and so do `:` and `=`."""
    bare = sign.removeprefix(":")
    return ":" if bare in {"", "="} else bare
