"""What takes secrets out of text and attributes. The reference: the generated forms give the same result."""

import re
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from itertools import groupby
from typing import Any

from andiron.redaction.checks import CHECKS
from andiron.redaction.rules import Group, Rule, Rules, mark, rewritten, rules, wildcard, words

SHORT = 256
"""Characters of a string that is remembered when it was clean."""
REMEMBERED = 4_096
"""Strings, and keys, that are remembered before all are forgotten."""
DEEP = 32
"""Levels of lists and mappings that are looked into; what is below is masked."""

Pass = tuple[tuple[str, ...], Callable[[str], str]]
"""What a rule needs in a text, and the function that applies it."""
Stage = tuple[tuple[str, ...], tuple[str, ...], re.Pattern[str] | None, list[Pass]]
"""What a group of rules asks first (see `Group`), and its passes."""


class Kind(Enum):
    """What a key says of its value."""

    MASKED = "masked"
    KEPT = "kept"
    PATH = "path"
    PLAIN = "plain"
    DROPPED = "dropped"


class Redactor:
    """Immutable in effect, and shared by all threads.

    `keys`, `patterns` and `allow` are a user's own rules beside the built-in ones. With `only`, attributes whose keys it does not
    match are dropped, or masked when `others` is "mask"; keys that the product needs (trace ids and the like) always pass.
    """

    def __init__(
        self,
        base: Rules | None = None,
        *,
        keys: Iterable[str] = (),
        patterns: Mapping[str, str] | None = None,
        allow: Iterable[str] = (),
        only: Iterable[str] | None = None,
        others: str = "drop",
    ) -> None:
        self.rules = (base or rules()).extended(keys=keys, patterns=patterns, allow=allow)
        self._passes = [compiled(rule) for rule in self.rules.patterns]
        self._groups = grouped(self.rules.patterns, self._passes)
        self._traces = [compiled(rule) for rule in self.rules.traces]
        self._secret = exact(self.rules.secret_names)
        self._harmless = exact(self.rules.harmless)
        self._allowed = re.compile(self.rules.allowed_keys or NEVER, re.ASCII)
        self._kept = re.compile(self.rules.kept, re.ASCII)
        self._paths = re.compile(self.rules.paths, re.ASCII)
        self._only = None if only is None else re.compile("|".join(map(wildcard, only)), re.ASCII)
        self._others = Kind.MASKED if others == "mask" else Kind.DROPPED
        self._builtin = not patterns  # a user's patterns may find something in the plainest word
        self._kinds: dict[str, Kind] = {}
        # Only what came out as it went in is remembered: no secret stays in memory for it.
        self._clean: set[str] = set()

    def text(self, value: str) -> str:
        """`value` without what the patterns find."""
        if value in self._clean or (len(value) <= 80 and PLAIN.fullmatch(value) is not None and self._builtin):
            return value
        result = self._searched(value)
        if result == value:
            if len(value) <= SHORT:
                if len(self._clean) >= REMEMBERED:
                    self._clean.clear()
                self._clean.add(value)
            return value
        return result

    def unfiltered(self, value: str) -> str:
        """What `text` must give: every pattern is tried, nothing remembered."""
        for _, replaced in self._passes:
            value = replaced(value)
        return value

    def stacktrace(self, text: str) -> str:
        """`text` without the homes of people and the places of packages in its paths, and without what the patterns find."""
        for _, trimmed in self._traces:
            text = trimmed(text)
        return self.text(text)

    def attribute(self, key: str, value: Any) -> Any:
        """`value` as it may be kept under `key`; the same object when it is clean. A dropped one (see `only`) is None."""
        kind = self._kinds.get(key) or self.kind(key)
        if kind is Kind.PLAIN:
            if value.__class__ is str:
                return value if value in self._clean else self.text(value)
            if value.__class__ in SCALARS:
                return value
        return self._value(value, kind, 0)

    def attributes(self, mapping: Mapping[str, Any]) -> dict[str, Any]:
        """All of them; without those that are dropped."""
        attribute = self.attribute
        if self._only is None:
            return {key: attribute(key, value) for key, value in mapping.items()}
        return {key: attribute(key, value) for key, value in mapping.items() if self.kind(key) is not Kind.DROPPED}

    def kind(self, key: str) -> Kind:
        """What the name of an attribute says of its value."""
        known = self._kinds.get(key)
        if known is None:
            if len(self._kinds) >= REMEMBERED:
                self._kinds.clear()
            known = self._kinds[key] = self._kind(key)
        return known

    def _kind(self, key: str) -> Kind:
        if self._allowed.fullmatch(key):
            return Kind.KEPT
        listed = self._only is None or self._only.fullmatch(key) is not None
        if self._names_secret(key):
            return Kind.MASKED if listed else self._others
        if self._kept.fullmatch(key):
            return Kind.KEPT
        if not listed:
            return self._others
        return Kind.PATH if self._paths.fullmatch(key) else Kind.PLAIN

    def _searched(self, value: str) -> str:
        """`unfiltered`, trying only patterns for which `value` has what they need."""
        lower = value.lower()
        for marks, stems, gate, passes in self._groups:
            if marks and not present(marks, value):
                continue
            if stems and not present(stems, lower):
                continue
            if gate is not None and gate.search(lower) is None:
                continue
            for needs, replaced in passes:
                if needs and not present(needs, lower):
                    continue
                changed = replaced(value)
                if changed is not value:
                    value, lower = changed, changed.lower()
        return value

    def _value(self, value: Any, kind: Kind, depth: int) -> Any:
        """`value` of an attribute of a kind; the same object if it is clean."""
        if kind is Kind.KEPT or value is None or value is True or value is False:
            return value
        if kind is Kind.DROPPED:
            return None
        if kind is Kind.MASKED:
            return value if isinstance(value, str) and not value else SECRET
        if isinstance(value, str):
            return self.stacktrace(value) if kind is Kind.PATH else self.text(value)
        return self._container(value, kind, depth) if isinstance(value, CONTAINERS) else value

    def _container(self, value: Any, kind: Kind, depth: int) -> Any:
        """A mapping or a collection; one too deep to be looked into is masked."""
        if depth >= DEEP:
            return SECRET
        if isinstance(value, Mapping):
            clean = {key: self._value(each, self.kind_within(str(key), kind), depth + 1) for key, each in value.items()}
            return value if all(clean[key] is each for key, each in value.items()) else clean
        items = [self._value(each, kind, depth + 1) for each in value]
        if all(new is old for new, old in zip(items, value, strict=True)):
            return value
        return type(value)(items) if type(value) in REBUILT else items

    def kind_within(self, key: str, around: Kind) -> Kind:
        """As `kind`, of a key in a mapping that is the value of an attribute of the kind `around`."""
        known = self.kind(key)
        if known is Kind.PLAIN:
            return around
        if self._only is None or known is Kind.KEPT or known is Kind.PATH:
            return known
        # A list of allowed attributes is about attributes, not about what is within them.
        return Kind.MASKED if self._names_secret(key) else around

    def _names_secret(self, key: str) -> bool:
        """Whether the name of a key says that its value is a secret."""
        named = words(key)
        return self._secret.search(named) is not None and self._harmless.search(named) is None


# What no rule can find anything in, and what is new with every request: paths of short words, and ids of a random UUID. 0.5 µs instead of 6.
# No two digits stand around a slash, and no thirteen within dashes, which might be a telephone's or a card's.
PLAIN = re.compile(
    r"(?:[A-Za-z0-9_{}]{0,12}(?:/(?![0-9])|(?<![0-9])/))*[A-Za-z0-9_{}]{0,12}"
    r"|(?!.*[0-9](?:-?[0-9]){9})[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}",
    re.ASCII,
)
SECRET = mark("secret")
NEVER = r"[^\s\S]"
CONTAINERS = (Mapping, list, tuple, set, frozenset)
REBUILT = frozenset({tuple, set, frozenset})
SCALARS = frozenset({bool, int, float, type(None), bytes})


def present(needs: tuple[str, ...], lower: str) -> bool:
    """Whether one of `needs` is in the text."""
    for each in needs:  # noqa: SIM110 — `any` of a generator takes three times as long.
        if each in lower:
            return True
    return False


def grouped(rules: Iterable[Rule], passes: Iterable[Pass]) -> list[Stage]:
    """The passes, those of a group of rules behind its one gate."""
    stages = []
    for group, members in groupby(zip(rules, passes, strict=True), key=lambda pair: pair[0].group):
        asks = group or Group()
        gate = re.compile(asks.gate, re.ASCII) if asks.gate else None
        stages.append((asks.marks, asks.needs, gate, [each for _, each in members]))
    return stages


def exact(pattern: str) -> re.Pattern[str]:
    """The pattern as the other engines read it: in Python's own reading, `$` would match before a line feed at the end too."""
    return re.compile(rewritten(pattern, lambda each: r"\Z" if each == "$" else each), re.ASCII)


def compiled(rule: Rule) -> Pass:
    """What a rule needs in a text, and the function that applies it."""
    pattern = exact(rule.pattern)
    template = re.sub(r"\$([0-9])", r"\\g<\1>", rule.template.replace("\\", r"\\"))
    if not rule.conditional:
        return rule.needs, lambda text: pattern.sub(template, text)
    check = CHECKS.get(rule.check, bool)
    also = exact(rule.also)
    unless = exact(rule.unless or NEVER)

    def decided(found: re.Match[str]) -> str:
        whole = found[0]
        return found.expand(template) if check(whole) and also.search(whole) and not unless.search(whole) else whole

    return rule.needs, lambda text: pattern.sub(decided, text)
