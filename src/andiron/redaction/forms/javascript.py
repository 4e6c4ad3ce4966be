"""The rules as an ECMAScript module, for browsers and Node."""

import json

from andiron.redaction.redact import DEEP, SECRET
from andiron.redaction.rules import WORDS, Rule, Rules

MODULE = r"""// Redaction in JavaScript. Written by `python scripts/redaction.py` from src/andiron/redaction/rules.toml; a test fails when it is stale.
// Exports: text(value), stacktrace(value), attribute(key, value), attributes(object), kind(key).

const RULES = %rules%;

const checks = {
  luhn(text) {
    const digits = text.replace(/[^0-9]/g, "");
    let sum = 0;
    for (let i = 1; i <= digits.length; i++) {
      const digit = Number(digits[digits.length - i]);
      sum += i % 2 === 1 ? digit : digit > 4 ? 2 * digit - 9 : 2 * digit;
    }
    return sum % 10 === 0;
  },
  mod97(text) {
    const plain = text.replaceAll(" ", "");
    let rest = 0;
    for (const each of plain.slice(4) + plain.slice(0, 4)) {
      const value = parseInt(each, 36);
      rest = (value > 9 ? rest * 100 + value : rest * 10 + value) % 97;
    }
    return rest === 1;
  },
};

const search = (pattern) => new RegExp(pattern, "u");
const whole = (pattern) => new RegExp(`^(?:${pattern})$`, "u");
const never = /[^\s\S]/;

function compiled(rule) {
  const pattern = new RegExp(rule.pattern, "gu");
  const also = search(rule.also);
  const unless = rule.unless ? search(rule.unless) : never;
  const check = checks[rule.check] ?? (() => true);
  const replaced = (match, ...groups) =>
    check(match) && also.test(match) && !unless.test(match)
      ? rule.becomes.replace(/\$([0-9])/g, (_, number) => groups[number - 1] ?? "")
      : match;
  return (value, lower) =>
    rule.needs.length === 0 || rule.needs.some((each) => lower.includes(each)) ? value.replace(pattern, replaced) : value;
}

const patterns = RULES.patterns.map(compiled);
const traces = RULES.traces.map(compiled);
const secret = search(RULES.secret);
const harmless = search(RULES.harmless);
const kept = whole(RULES.kept);
const paths = whole(RULES.paths);
const allowed = RULES.allowed ? whole(RULES.allowed) : never;
const kinds = new Map();

const all = (passes, value) => passes.reduce((text, pass) => pass(text, text.toLowerCase()), value);

/** `value` without what the patterns find. */
export const text = (value) => all(patterns, value);

/** `value` without the homes of people and the places of packages in its paths, and without what the patterns find. */
export const stacktrace = (value) => text(all(traces, value));

/** What a key says of its value: "kept", "masked", "path" or "plain". */
export function kind(key) {
  let known = kinds.get(key);
  if (known === undefined) {
    let words = key;
    for (const [pattern, becomes] of RULES.words) words = words.replace(new RegExp(pattern, "g"), becomes);
    words = `_${words.toLowerCase()}_`;
    known = allowed.test(key)
      ? "kept"
      : secret.test(words) && !harmless.test(words)
        ? "masked"
        : kept.test(key)
          ? "kept"
          : paths.test(key)
            ? "path"
            : "plain";
    if (kinds.size >= 4096) kinds.clear();
    kinds.set(key, known);
  }
  return known;
}

/** `value` as it may be kept under `key`. */
export const attribute = (key, value) => cleaned(value, kind(key), 0);

/** All attributes of an object. */
export const attributes = (object) =>
  Object.fromEntries(Object.entries(object).map(([key, value]) => [key, attribute(key, value)]));

function cleaned(value, as, depth) {
  if (as === "kept" || value === null || value === undefined || typeof value === "boolean" || value === "") return value;
  if (as === "masked") return RULES.mark;
  if (typeof value === "string") return as === "path" ? stacktrace(value) : text(value);
  if (typeof value !== "object") return value;
  if (depth >= RULES.deep) return RULES.mark;
  if (Array.isArray(value)) return value.map((each) => cleaned(each, as, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => {
      const own = kind(key);
      return [key, cleaned(each, own === "plain" ? as : own, depth + 1)];
    }),
  );
}
"""


def javascript(rules: Rules) -> str:
    """The module."""
    data = {
        "mark": SECRET,
        "deep": DEEP,
        "secret": rules.secret_names,
        "harmless": rules.harmless,
        "allowed": rules.allowed_keys,
        "kept": rules.kept,
        "paths": rules.paths,
        "words": [[pattern.pattern, becomes.replace("\\", "$")] for pattern, becomes in WORDS],
        "patterns": [described(rule) for rule in rules.patterns],
        "traces": [described(rule) for rule in rules.traces],
    }
    return MODULE.replace("%rules%", json.dumps(data, indent=2, ensure_ascii=False))


def described(rule: Rule) -> dict[str, object]:
    """A rule as data."""
    return {
        "name": rule.name,
        "needs": rule.needs,
        "pattern": rule.pattern,
        "also": rule.also,
        "unless": rule.unless,
        "check": rule.check,
        "becomes": rule.template,
    }
