"""The rules as functions of ClickHouse: `andiron_redact(text)`, `andiron_redact_stacktrace(text)`, `andiron_redact_attributes(map)`."""

import re
from collections.abc import Iterable

from andiron.redaction.redact import SECRET
from andiron.redaction.rules import WORDS, Rule, Rules, rewritten

HEAD = """-- Redaction in ClickHouse. Written by `python scripts/redaction.py` from src/andiron/redaction/rules.toml; a test fails when it is stale.
-- A function is an expression that ClickHouse puts where it is called: `arrayMap(t -> …, [value])[1]` gives a value a name.

"""
CHECKS = {
    "luhn": "arraySum((d, i) -> if(i % 2 = 0, if(d > 4, 2 * d - 9, 2 * d), d), arrayReverse(arrayMap(c -> toInt64(c), "
    "extractAll(m, '[0-9]'))), arrayEnumerate(extractAll(m, '[0-9]'))) % 10 = 0",
    "mod97": "arrayFold((sum, c) -> toInt64(if(c >= 'A', sum * 100 + ascii(c) - 55, sum * 10 + ascii(c) - 48) % 97), "
    "extractAll(concat(substring(replaceAll(m, ' ', ''), 5), substring(replaceAll(m, ' ', ''), 1, 4)), '[0-9A-Z]'), "
    "toInt64(0)) = 1",
}


def sql(rules: Rules) -> str:
    """Statements that create the functions."""
    kinds = f"""multiIf(
{indented(allowed(rules), 8)}        {searched(rules.secret_names, "w")} AND NOT {searched(rules.harmless, "w")}, if(v = '', '', {quoted(SECRET)}),
        {searched(whole(rules.kept), "k")}, v,
        {searched(whole(rules.paths), "k")}, andiron_redact_stacktrace(v),
        andiron_redact(v))"""
    words = "k"
    for pattern, becomes in WORDS:
        words = f"replaceRegexpAll({words}, {quoted(pattern.pattern)}, {quoted(becomes)})"
    return f"""{HEAD}CREATE OR REPLACE FUNCTION andiron_redact AS (text) ->
{passes(rules.patterns)};

CREATE OR REPLACE FUNCTION andiron_redact_stacktrace AS (text) -> andiron_redact(
{passes(rules.traces)});

CREATE OR REPLACE FUNCTION andiron_redact_attributes AS (attributes) -> mapFromArrays(
    mapKeys(attributes),
    arrayMap((k, w, v) -> {kinds},
        mapKeys(attributes),
        arrayMap(k -> lower(concat('_', {words}, '_')), mapKeys(attributes)),
        mapValues(attributes)));
"""


def passes(rules: Iterable[Rule]) -> str:
    """One expression over `text`: each rule on the result of the one before."""
    result = "    text"
    for rule in rules:
        template = quoted(re.sub(r"\$([0-9])", r"\\\1", rule.template))
        if rule.conditional:
            result = f"    -- {rule.name}\n    arrayMap(t -> {decided(rule, template)}, [\n{result}\n    ])[1]"
        else:
            result = f"    -- {rule.name}\n    replaceRegexpAll(\n{result},\n    {quoted(rule.pattern)}, {template})"
    return result


def decided(rule: Rule, template: str) -> str:
    """What stands between the matches, and each match as it is or replaced."""
    # After the last match comes an empty one.
    conditions = ["m != ''"]
    conditions += [CHECKS[rule.check]] if rule.check else []
    conditions += [searched(rule.also, "m")] if rule.also else []
    conditions += [f"NOT {searched(rule.unless, 'm')}"] if rule.unless else []
    # extractAll gives the first group, if there is one.
    plain = quoted(rewritten(rule.pattern, lambda each: "(?:" if each == "(" else each).replace("(?:?:", "(?:"))
    becomes = f"replaceRegexpOne(m, {quoted(rule.pattern)}, {template})" if "$1" in rule.template else template
    return (
        f"arrayStringConcat(arrayMap((between, m) -> concat(between, if({' AND '.join(conditions)}, {becomes}, m)), "
        f"splitByRegexp({plain}, t), arrayPushBack(extractAll(t, {plain}), '')))"
    )


def allowed(rules: Rules) -> str:
    """The keys that a user allows."""
    return f"{searched(whole(rules.allowed_keys), 'k')}, v,\n" if rules.allowed else ""


def searched(pattern: str, what: str) -> str:
    """Whether a pattern is found."""
    return f"match({what}, {quoted(pattern)})"


def whole(pattern: str) -> str:
    """A pattern for all of a text."""
    return f"^(?:{pattern})$"


def indented(text: str, by: int) -> str:
    """Lines further right."""
    return "".join(f"{' ' * by}{line}" for line in text.splitlines(keepends=True))


def quoted(text: str) -> str:
    """A string of ClickHouse."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
