"""The rules as a program of Vector's remap language, for events as its `opentelemetry` source gives them with
`use_otlp_decoding`: a whole OTLP request, in the field names of OTLP's JSON.

The language has no functions of one's own. So one closure visits every object of the request, from the outside inwards: an
attribute whose key decides is rewritten before its value is visited, and the patterns stand in the program once.
"""

import re

from andiron.redaction.payload import TEXTS
from andiron.redaction.redact import SECRET
from andiron.redaction.rules import WORDS, Rule, Rules

PROGRAM = """# Redaction in Vector. Written by `python scripts/redaction.py` from src/andiron/redaction/rules.toml; a test fails when it is stale.
. = map_values(., recursive: true) -> |item| {
  if is_object(item) {
    entry = object!(item)
    if is_string(entry.key) && is_object(entry.value) {
      key = string!(entry.key)
      held = object!(entry.value)
      words = key
%words%
      words = "_" + downcase(words) + "_"
      if %masked% {
        if !is_empty(held) && !exists(held.boolValue) && held.stringValue != "" {
          entry.value = {"stringValue": %mark%}
        }
      } else if %kept% {
        if exists(held.stringValue) || exists(held.arrayValue) || exists(held.kvlistValue) {
          # As one opaque string, in which no text is found, until the end of the program.
          entry.value = {"kept": encode_json(held)}
        }
      } else if is_string(held.stringValue) && match(key, %paths%) {
        entry.value = {"path": held.stringValue}
      }
    }
    for_each(%fields%) -> |_, field| {
      found = get!(entry, [field])
      if is_string(found) {
        text = string!(found)
        if field == "path" {
          entry = remove!(entry, ["path"])
          field = "stringValue"
%traces%
        }
%patterns%
        entry = set!(entry, [field], text)
      }
    }
    item = entry
  }
  item
}
. = map_values(., recursive: true) -> |item| {
  if is_object(item) && is_string(item.kept) {
    item = parse_json!(string!(item.kept))
  }
  item
}
"""
DECIDED = """if match(text, %pattern%) {
  between = split(text, %pattern%)
  matches = parse_regex_all!(text, %captured%)
  text = string!(between[0])
  for_each(matches) -> |i, found| {
    m = string!(found.m)
%check%
    if %conditions% { m = %becomes% }
    text = text + m + string!(get!(between, [i + 1]))
  }
}
"""
CHECKS = {
    "luhn": """digits = split(replace(m, r'[^0-9]', ""), r'')
digits = filter(digits) -> |_, digit| { digit != "" }
sum = 0
for_each(digits) -> |n, digit| {
  digit = to_int!(digit)
  if mod(length(digits) - n, 2) == 0 { digit = if digit > 4 { 2 * digit - 9 } else { 2 * digit } }
  sum = sum + digit
}
checked = mod(sum, 10) == 0
""",
    "mod97": """plain = replace(m, " ", "")
rest = 0
for_each(split(slice!(plain, 4) + slice!(plain, 0, 4), "")) -> |_, letter| {
  if letter != "" {
    value = find("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", letter)
    rest = if value > 9 { rest * 100 + value } else { rest * 10 + value }
    rest = mod(rest, 97)
  }
}
checked = rest == 1
""",
}


def vrl(rules: Rules) -> str:
    """The program."""
    words = "\n".join(
        f"words = replace(words, {regex(pattern.pattern)}, {string(reference(becomes))})" for pattern, becomes in WORDS
    )
    kept = f"match(key, {regex(whole(rules.kept))})"
    masked = f"match(words, {regex(rules.secret_names)}) && !match(words, {regex(rules.harmless)})"
    if rules.allowed:
        allowed = f"match(key, {regex(whole(rules.allowed_keys))})"
        kept, masked = f"{allowed} || {kept}", f"!{allowed} && {masked}"
    parts = {
        "words": indented(words, 6),
        "masked": masked,
        "mark": string(SECRET),
        "kept": kept,
        "paths": regex(whole(rules.paths)),
        "fields": "[" + ", ".join(map(string, ("stringValue", "path", *sorted(TEXTS)))) + "]",
        "traces": indented("\n".join(map(applied, rules.traces)), 10),
        "patterns": indented("\n".join(map(applied, rules.patterns)), 8),
    }
    return re.sub(r"%([a-z]+)%", lambda found: parts[found[1]], PROGRAM)


def applied(rule: Rule) -> str:
    """A rule on the variable `text`."""
    template = string(reference(rule.template))
    if not rule.conditional:
        return f"# {rule.name}\ntext = replace(text, {regex(rule.pattern)}, {template})"
    conditions = ["checked"] if rule.check else []
    conditions += [f"match(m, {regex(rule.also)})"] if rule.also else []
    conditions += [f"!match(m, {regex(rule.unless)})"] if rule.unless else []
    parts = {
        "pattern": regex(rule.pattern),
        "captured": regex(f"(?P<m>{rule.pattern})"),
        "check": indented(CHECKS.get(rule.check, ""), 4),
        "conditions": " && ".join(conditions),
        "becomes": f"replace(m, {regex(rule.pattern)}, {template}, count: 1)" if "$1" in rule.template else template,
    }
    return f"# {rule.name}\n" + re.sub("%([a-z]+)%", lambda found: parts[found[1]], DECIDED)


def regex(pattern: str) -> str:
    """A regular expression of Rust's, whose word boundary is Unicode's unless told."""
    return "r'" + pattern.replace(r"\b", r"(?-u:\b)").replace("'", r"\'") + "'"


def reference(template: str) -> str:
    """Groups as Rust's regex names them."""
    return re.sub(r"[$\\]([0-9])", r"${\1}", template)


def whole(pattern: str) -> str:
    """A pattern for all of a text."""
    return f"^(?:{pattern})$"


def string(text: str) -> str:
    """A string."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def indented(text: str, by: int) -> str:
    """Lines further right."""
    return "\n".join(f"{' ' * by}{line}" for line in text.splitlines() if line)
