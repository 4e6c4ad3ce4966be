"""From the terms of a search to a condition in Logfire's dialect, in forms that the indexes behind `records_all` answer."""

import re
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass

from andiron.server.query.problems import near
from andiron.server.query.search import values
from andiron.server.query.search.keys import (
    ATTRIBUTES,
    HAS,
    IS,
    KINDS,
    PLACES,
    RESOURCE,
    Key,
    column,
)
from andiron.server.query.search.terms import All, Any, Field, Not, SearchProblem, Term, Value, Word, problem

TRACE_ID = re.compile(r"(?:00-)?([0-9a-fA-F]{32})(?:-[0-9a-fA-F]{16}-[0-9a-fA-F]{2})?")
SPAN_ID = re.compile(r"(?=.*[a-fA-F])[0-9a-fA-F]{16}")
ID = re.compile(
    r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"  # a UUID
    r"|[\w.+-]+@[\w-]+(?:\.[\w-]+)+"  # an e-mail address
    r"|(?=[A-Za-z]*\d)[0-9A-Za-z]{20,}"  # a hash, a ULID
    r"|[a-z]{2,8}_(?=[A-Za-z]*\d)[0-9A-Za-z]{10,}",  # cus_N8aX2…
    re.ASCII,
)
"""What tells one thing from all others: looked for whole, and among the values of attributes."""
TEXTS = ("message", "span_name", "log_body", "exception_type", "exception_message")
STATUSES = {"ok": "OK", "error": "ERROR", "unset": "UNSET"}
COMPARE = frozenset({">", ">=", "<", "<="})


@dataclass(frozen=True)
class Condition:
    """A piece of SQL, and whether it is sure to be true or false, never NULL."""

    sql: str
    sure: bool = False
    joined: str = ""
    """AND or OR, where one stands in it outside of brackets."""
    opposite: str = ""
    """What says the opposite, where something faster than NOT does."""

    def within(self, word: str) -> str:
        """As a part of an AND or an OR."""
        return f"({self.sql})" if self.joined and self.joined != word else self.sql


def all_of(parts: Sequence[Condition]) -> Condition:
    """Each of them."""
    return combined("AND", parts)


def any_of(parts: Sequence[Condition]) -> Condition:
    """One of them."""
    return combined("OR", parts)


def combined(word: str, parts: Sequence[Condition]) -> Condition:
    """Joined by AND or OR, each once."""
    unique = list(dict.fromkeys(parts))
    if word == "AND":
        unique = [part for part in unique if part.sql != "true"] or unique
    if len(unique) == 1:
        return unique[0]
    return Condition(f" {word} ".join(part.within(word) for part in unique), all(part.sure for part in unique), word)


def none_of(part: Condition) -> Condition:
    """The opposite: what is NULL is not true."""
    if part.opposite:
        return Condition(part.opposite, sure=True, joined="AND" if " AND " in part.opposite else "")
    return Condition(f"NOT ({part.sql})" if part.sure else f"NOT coalesce({part.sql}, false)", sure=True)


class Writer:
    """Writes the terms of one text. `resource` holds the keys that processes may have, besides those that records have."""

    def __init__(self, text: str, resource: Container[str]) -> None:
        self._text = text
        self._resource = resource

    def _problem(self, value: Value, detail: str) -> SearchProblem:
        return problem(self._text, value.start, value.end, detail)

    def write(self, term: Term) -> Condition:
        """The condition of a term."""
        match term:
            case Word(value):
                return self._word(value)
            case Field():
                return self._field(term)
            case Not(inner):
                return none_of(self.write(inner))
            case All(terms):
                return all_of([self.write(inner) for inner in terms])
            case Any(terms):
                return any_of([self.write(inner) for inner in terms])

    def _word(self, value: Value) -> Condition:
        if not value.quoted:
            if found := TRACE_ID.fullmatch(value.text):
                return Condition(f"trace_id = '{found[1].lower()}'", sure=True)
            if SPAN_ID.fullmatch(value.text):
                return Condition(f"span_id = '{value.text.lower()}'", sure=True)
        if not (value.text if value.quoted else value.text.strip("*")):
            return Condition("true", sure=True)
        if not value.quoted and "*" in value.text.strip("*"):
            like = values.containing(value)
            return Condition(" OR ".join(f"{name} ILIKE {like}" for name in TEXTS), joined="OR")
        text = value.text if value.quoted else value.text.strip("*")
        function = "mentions_id" if not value.quoted and ID.fullmatch(text) else "mentions"
        return Condition(f"{function}({values.quoted(text)})", sure=True)

    def _field(self, field: Field) -> Condition:  # noqa: PLR0911 - a table of cases
        name = field.key.text
        if field.operator == "!=":
            return none_of(self._field(Field(field.key, ":", field.values)))
        if not field.key.quoted and name.lower() in {"is", "has"}:
            return any_of([self._flag(field, value) for value in field.values])
        if not field.key.quoted and name.lower() in PLACES:
            return any_of([self._attribute(field, place) for place in PLACES[name.lower()]])
        found = None if field.key.quoted else column(name)
        if found is None:
            return self._attribute(field, name)
        if field.operator == ":" and any(present(value) for value in field.values):
            return self._present(found)
        if field.operator == ":" and found.type in {"text", "kind"}:
            return self._equal(field, found)
        return any_of([self._compared(field, found, value) for value in field.values])

    @staticmethod
    def _present(key: Key) -> Condition:
        if key.type == "list":
            return Condition(f"{key.column} IS NOT NULL", sure=True)
        return Condition("true" if key.sure else f"{key.column} IS NOT NULL", sure=True)

    def _flag(self, field: Field, value: Value) -> Condition:
        """`is:error`, `has:exception`, `has:user.id`."""
        name, word = field.key.text.lower(), value.text.lower()
        if field.operator != ":":
            raise self._problem(
                field.key, f"{name} is followed by a colon, as in {name}:{'error' if name == 'is' else 'exception'}."
            )
        table = IS if name == "is" else HAS
        if word in table:
            sql = table[word]
            return Condition(sql, sure=True, joined="AND" if " AND " in sql else "")
        if name == "is":
            raise self._problem(
                value, f"There is no is:{value.text}.{near(word, IS)} After is: stands {', '.join(IS)}."
            )
        everything = Value("*", value.start, value.end)
        key = Value(value.text, value.start, value.end, quoted=value.quoted)
        return self._field(Field(key, ":", (everything,)))

    def _equal(self, field: Field, key: Key) -> Condition:
        """Text that is one of some values."""
        texts = [self._normal(key, value) for value in field.values]
        plain = [values.quoted(value.text) for value in texts if not values.has_wildcard(value)]
        parts = [
            Condition(f"{key.column} LIKE {values.pattern(value)}", key.sure)
            for value in texts
            if values.has_wildcard(value)
        ]
        return any_of([*equal(key.column, plain, sure=key.sure), *parts])

    def _normal(self, key: Key, value: Value) -> Value:
        """Values in the spelling that they are kept in."""
        text = value.text
        if key.type == "kind":
            if text.lower() not in KINDS:
                raise self._problem(
                    value,
                    f"There is no kind {text!r}.{near(text, KINDS)} Kinds are span, log, span_event and pending_span.",
                )
            text = KINDS[text.lower()]
        elif key.column in {"trace_id", "span_id", "parent_span_id"}:
            text = text.lower()
        elif key.column in {"http_method", "otel_status_code"}:
            text = text.upper()
        return Value(text, value.start, value.end, value.quoted)

    def _compared(self, field: Field, key: Key, value: Value) -> Condition:  # noqa: PLR0911 - a table of cases
        """One value, or a range of them, of a column."""
        operator = field.operator
        if operator != ":" and key.type in {"text", "kind", "prose", "list", "json", "bool"}:
            raise self._problem(
                value,
                f"{field.key.text} has no order: write {field.key.text}:value. {operator} is for numbers, durations, levels and times.",
            )
        match key.type:
            case "prose" | "json":
                return Condition(f"{key.column} ILIKE {values.containing(value)}", key.sure)
            case "list":
                return self._in_list(key, value)
            case "bool":
                if value.text.lower() not in {"true", "false", "yes", "no", "1", "0"}:
                    raise self._problem(value, f"{field.key.text} is true or false.")
                yes = value.text.lower() in {"true", "yes", "1"}
                return Condition(key.column if yes else f"NOT {key.column}", key.sure)
            case "status":
                return self._status(field, key, value)
            case "level":
                return self._ordered(field, key, value, values.level)
            case "duration":
                return self._ordered(field, key, value, values.duration)
            case "number":
                return self._ordered(field, key, value, values.number)
        return self._ordered(field, key, value, values.moment)

    @staticmethod
    def _in_list(key: Key, value: Value) -> Condition:
        if not values.has_wildcard(value):
            return Condition(f"array_has({key.column}, {values.quoted(value.text)})", sure=True)
        inner = ".*".join(re.sub(r"([^\w\s])", r"\\\1", part) for part in value.text.split("*"))
        return Condition(f"array_to_string({key.column}, chr(10)) ~ {values.quoted(f'(?m)^{inner}$')}", sure=True)

    def _status(self, field: Field, key: Key, value: Value) -> Condition:
        text = value.text.lower()
        if field.operator == ":" and re.fullmatch(r"[1-9](xx|\*)", text):
            first = int(text[0]) * 100
            return Condition(f"{key.column} BETWEEN {first} AND {first + 99}")
        if field.operator == ":" and text in STATUSES:
            return Condition(f"otel_status_code = '{STATUSES[text]}'")
        return self._ordered(field, key, value, values.number)

    def _ordered(self, field: Field, key: Key, value: Value, read: Callable[[str], str | None]) -> Condition:
        """Numbers, durations, levels, times: equal, compared, or from one to another."""
        operator, (low, dots, high) = field.operator, value.text.partition("..")
        if operator != ":" or not dots:
            return self._sided(key, operator, self._read(field, key, value, value.text, read))
        parts = [
            self._sided(key, sign, self._read(field, key, value, side, read))
            for sign, side in ((">=", low), ("<=", high))
            if side
        ]
        if not parts:
            raise self._problem(
                value, f"{field.key.text}:.. is a range without ends. Write {field.key.text}:{EXAMPLES[key.type]}."
            )
        return all_of(parts)

    def _read(self, field: Field, key: Key, value: Value, text: str, read: Callable[[str], str | None]) -> str:
        found = read(text)
        if found is not None:
            return found
        if key.type == "level":
            raise self._problem(value, values.wrong_level(text))
        raise self._problem(
            value, f"{text!r} is no {NOUNS[key.type]}. Write it as in {field.key.text}:{EXAMPLES[key.type]}."
        )

    @staticmethod
    def _sided(key: Key, operator: str, text: str) -> Condition:
        if key.type == "level":
            sql = values.level_is(text) if operator == ":" else values.level_compared(operator, text)
            return Condition(sql, sure=True, joined="AND" if " AND " in sql else "")
        if key.type == "day":
            text = f"date {text[:11]}'"
        return Condition(f"{key.column} {'=' if operator == ':' else operator} {text}", key.sure)

    # Attributes

    def _attribute(self, field: Field, name: str) -> Condition:
        """A key of a record, or of the process that it comes from."""
        lower = name.lower()
        explicit = not field.key.quoted or name != field.key.text
        if explicit and lower.startswith(RESOURCE) and len(name) > len(RESOURCE):
            return self._of(field, "otel_resource_attributes", name[len(RESOURCE) :])
        if explicit and lower.startswith("otel_resource_attributes.") and len(name) > 25:
            return self._of(field, "otel_resource_attributes", name[25:])
        if explicit and lower.startswith(ATTRIBUTES) and len(name) > len(ATTRIBUTES):
            return self._of(field, "attributes", name[len(ATTRIBUTES) :])
        own = self._of(field, "attributes", name)
        if name not in self._resource:
            return own
        return any_of([own, self._of(field, "otel_resource_attributes", name)])

    def _of(self, field: Field, place: str, key: str) -> Condition:
        text = f"{place}->>{values.quoted(key)}"
        if field.operator in COMPARE:
            return all_of(
                [
                    self._attribute_compared(field, place, key, field.operator, value.text, value)
                    for value in field.values
                ]
            )
        parts, equals = [], []
        for value in field.values:
            low, dots, high = value.text.partition("..")
            if present(value):
                return Condition(f"{place} ? {values.quoted(key)}", sure=True)
            if values.has_wildcard(value):
                parts.append(Condition(f"{text} LIKE {values.pattern(value)}"))
            elif (
                dots
                and not value.quoted
                and (low or high)
                and all(side == "" or values.number(side) for side in (low, high))
            ):
                sides = [(sign, side) for sign, side in ((">=", low), ("<=", high)) if side]
                parts.append(
                    all_of([self._attribute_compared(field, place, key, sign, side, value) for sign, side in sides])
                )
            else:
                equals += [values.quoted(spelling) for spelling in spellings(value)]
        return any_of([*equal(text, equals), *parts])

    def _attribute_compared(
        self, field: Field, place: str, key: str, operator: str, text: str, value: Value
    ) -> Condition:
        if (number := values.number(text)) is not None:
            return Condition(f"{place}->{values.quoted(key)} {operator} {number}")
        if values.moment(text) is not None:
            return Condition(f"{place}->>{values.quoted(key)} {operator} {values.quoted(text)}")
        raise self._problem(
            value, f"{text!r} is no number. {operator} compares numbers and dates, as in {field.key.text}{operator}3."
        )


NOUNS = {"duration": "duration", "number": "number", "status": "HTTP status", "time": "time", "day": "day"}
EXAMPLES = {
    "duration": "100ms..2s",
    "number": "1..10",
    "status": "500..599",
    "time": "2025-01-31T12:00:00Z",
    "day": "2025-01-31",
    "level": "info..error",
}


def present(value: Value) -> bool:
    """`*`: anything will do."""
    return values.has_wildcard(value) and not value.text.strip("*")


def equal(place: str, texts: Sequence[str], *, sure: bool = False) -> list[Condition]:
    """One of some literals."""
    unique = list(dict.fromkeys(texts))
    if not unique:
        return []
    written = f"{place} = {unique[0]}" if len(unique) == 1 else f"{place} IN ({', '.join(unique)})"
    return [
        Condition(
            written, sure, opposite="" if sure else " AND ".join(f"{place} IS DISTINCT FROM {text}" for text in unique)
        )
    ]


def spellings(value: Value) -> list[str]:
    """The texts that an attribute may be kept as: 1.0 as the number 1, True as the boolean."""
    if value.quoted:
        return [value.text]
    if value.text.lower() in {"true", "false"}:
        return [value.text, value.text.lower()]
    number = values.number(value.text)
    return [value.text] if number is None else [value.text, number]
