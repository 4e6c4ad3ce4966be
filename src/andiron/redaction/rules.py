"""The rules of redaction, read from `rules.toml`: what `Redactor` follows, and what the generated forms are made of."""

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from typing import Any

from andiron.errors import ConfigurationError

LABEL = re.compile(r"[a-z0-9-]{1,40}")
NAMED = re.compile(r"%([a-z]+)%")
TOKEN = re.compile(r"\\.|\[\^?(?:\\.|[^\]\\])*\]|\(\?(?!:)[<P]?.?|[*+?}]\+", re.DOTALL)
CLASS = re.compile(r"\\[1-9AZBGKNPSDWdkpsuUwXZz]")


@dataclass(frozen=True, slots=True)
class Group:
    """What has to be in a text for any of several rules to find something there."""

    gate: str = ""
    marks: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """A pattern in text, and what it becomes. See the head of `rules.toml`."""

    name: str
    pattern: str
    label: str = ""
    needs: tuple[str, ...] = ()
    group: Group | None = None
    check: str = ""
    also: str = ""
    unless: str = ""
    becomes: str = "$mark"

    @property
    def template(self) -> str:
        """What a match becomes, with `$1` for its groups."""
        return self.becomes.replace("$mark", mark(self.label))

    @property
    def conditional(self) -> bool:
        """Whether a match alone does not decide."""
        return bool(self.check or self.also or self.unless)


@dataclass(frozen=True, slots=True)
class Rules:
    """All of them. The patterns for keys match a whole key; `secret` and `harmless` are searched in its words."""

    secret: str
    harmless: str
    kept: str
    paths: str
    patterns: tuple[Rule, ...]
    traces: tuple[Rule, ...]
    names: tuple[str, ...] = field(default=())
    allowed: tuple[str, ...] = field(default=())

    def extended(
        self, *, keys: Iterable[str] = (), patterns: Mapping[str, str] | None = None, allow: Iterable[str] = ()
    ) -> "Rules":
        """These rules and a user's own: names whose values are secret, patterns by label, and keys never to touch (`app.*`)."""
        own = tuple(user_rule(label, pattern) for label, pattern in (patterns or {}).items())
        names = (*self.names, *(words(key).strip("_") for key in keys))
        known = self.patterns
        if names != self.names and set(before := rules(self.names).patterns) <= set(known):
            # The rules about names in text are made anew, with these names among them.
            known = (*(each for each in known if each not in before), *rules(names).patterns)
        return replace(self, names=names, allowed=(*self.allowed, *allow), patterns=(*own, *known))

    @property
    def secret_names(self) -> str:
        """Searched in the words of a key: its value is secret."""
        own = f"|_(?:{'|'.join(self.names)})_" if self.names else ""
        return self.secret + own

    @property
    def allowed_keys(self) -> str:
        """Matches the whole of a key that a user allows, even where its name is secret."""
        return "|".join(wildcard(key) for key in self.allowed)


def mark(label: str) -> str:
    """What stands where something was."""
    return f"[redacted:{label}]"


def words(key: str) -> str:
    """The words of a key, in lower case, between underscores: `_http_request_header_x_api_key_`."""
    for pattern, becomes in WORDS:
        key = pattern.sub(becomes, key)
    return f"_{key.lower()}_"


WORDS = [
    (re.compile("([a-z0-9])([A-Z])"), r"\1_\2"),
    (re.compile("([A-Z])([A-Z][a-z])"), r"\1_\2"),
    (re.compile("[^A-Za-z0-9]+"), "_"),
]


def wildcard(key: str) -> str:
    """A pattern for a key in which `*` stands for anything."""
    return "".join("[^ ]*" if part == "*" else re.escape(part) for part in re.split(r"(\*)", key) if part)


def rewritten(pattern: str, change: Callable[[str], str]) -> str:
    """The pattern with `change` made to each character that is neither escaped nor within a class."""
    out: list[str] = []
    within = escaped = False
    for each in pattern:
        if escaped or each == "\\":
            escaped = not escaped
            out.append(each)
        elif within or each == "[":
            within = each != "]"
            out.append(each)
        else:
            out.append(change(each))
    return "".join(out)


def folded(pattern: str) -> str:
    """The pattern with each letter outside of a class in both cases. `(?i)` would be Unicode's in some engines, ASCII's in others."""
    return rewritten(pattern, lambda each: f"[{each.upper()}{each.lower()}]" if each.isalpha() else each)


def uncommon(pattern: str) -> re.Match[str] | None:
    """Where the pattern uses what is missing, or means something else, in one of the four engines.

    That is look-around, references and flags, possessive repetition, and classes that are Unicode's in one and ASCII's in another.
    """
    for found in TOKEN.finditer(pattern):
        if CLASS.search(found[0]) if found[0][0] in "\\[" else True:
            return found
    return None


def user_rule(label: str, pattern: str) -> Rule:
    """A user's pattern, if it is one in every engine."""
    what = f"The pattern {pattern!r} for {label!r} "
    if not LABEL.fullmatch(label):
        raise ConfigurationError(f"{label!r} cannot stand in [redacted:…]: use lower-case letters, digits and dashes.")
    try:
        compiled = re.compile(pattern, re.ASCII)
    except re.error as error:
        where = f" at character {error.pos}" if error.pos is not None else ""
        raise ConfigurationError(f"{what}cannot be read: {error.msg}{where}.") from None
    if found := uncommon(pattern):
        raise ConfigurationError(
            f"{what}uses {found[0]!r} at character {found.start()}, which is missing or different in RE2, Rust, JavaScript or "
            "Python. Use classes such as [0-9], plain groups (?:…), and no look-around, flags or back-references."
        )
    if compiled.search("") or compiled.search(mark(label)):
        raise ConfigurationError(
            f"{what}matches nothing at all, or its own replacement {mark(label)}: make it narrower."
        )
    return Rule(name=label, label=label, pattern=pattern)


@cache
def rules(names: tuple[str, ...] = ()) -> Rules:
    """The rules that come with Andiron; in text, `names` are secret as well."""
    read = tomllib.loads(files(__package__).joinpath("rules.toml").read_text("utf-8"))
    read["words"]["short"] += names
    read["groups"]["name"]["needs"] += [name.partition("_")[0] for name in names]
    fragments: dict[str, str] = read["fragments"]

    def filled(text: str, *, between: str = "[_. -]?") -> str:
        known = {
            name: f"(?:{'|'.join(each).replace('_', between)})" for name, each in read["words"].items()
        } | fragments
        while NAMED.search(text):
            text = NAMED.sub(lambda found: known[found[1]], text)
        return text

    groups = {
        name: Group(filled(each.get("gate", "")), tuple(each.get("marks", ())), tuple(each.get("needs", ())))
        for name, each in read["groups"].items()
    }

    def rule(entry: dict[str, Any]) -> Rule:
        fold = folded if entry.pop("fold", False) else str
        needs = entry.pop("needs", ())
        parts = {each: fold(filled(entry.pop(each, ""))) for each in ("pattern", "also", "unless")}
        return Rule(needs=tuple(needs), group=groups.get(entry.pop("group", "")), **parts, **entry)

    keys = read["keys"]
    return Rules(
        secret=filled(keys["secret"], between="_?"),
        harmless=filled(keys["harmless"], between="_?"),
        kept="|".join(keys["kept"]),
        paths="|".join(keys["paths"]),
        patterns=tuple(rule(entry) for entry in read["rules"]),
        traces=tuple(rule(entry) for entry in read["traces"]),
    )
