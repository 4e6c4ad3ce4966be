"""Function calls: PostgreSQL's and DataFusion's by the table of functions.py, and those that no table can say."""

from typing import Protocol

from sqlglot import exp

from andiron.server.query.access import check_function
from andiron.server.query.attributes import GETTERS, Accesses
from andiron.server.query.functions import PERCENTILES, TEMPLATES, template
from andiron.server.query.grammar import Fragment, fragment
from andiron.server.query.literals import is_number, level_literal
from andiron.server.query.mentions import Mentions
from andiron.server.query.moments import Moments
from andiron.server.query.problems import refused
from andiron.server.query.text import Text

NUMERIC = frozenset(
    {"sum", "avg", "mean", "median", "approx_median", "stddev", "stddev_samp", "stddev_pop", "corr", "abs", "round"}
)
LEVEL_NAME = "multiIf({0} < 5, 'trace', {0} < 9, 'debug', {0} = 10, 'notice', {0} < 13, 'info', {0} < 17, 'warn', {0} < 21, 'error', 'fatal')"
LEVEL_NUM = "transform(lower({0}), ['trace', 'debug', 'info', 'notice', 'warn', 'warning', 'error', 'fatal'], [1, 5, 9, 10, 13, 13, 17, 21], NULL)"


class Rewrites(Protocol):
    """What calls need of the rewriter for their arguments."""

    def visit(self, node: exp.Expr) -> exp.Expr:
        """Translate in place."""
        ...

    def detached(self, node: exp.Expr) -> exp.Expr:
        """Translate, free to be put elsewhere."""
        ...

    def text(self, node: exp.Expr) -> exp.Expr:
        """Translate as a value."""
        ...

    def number(self, node: exp.Expr) -> exp.Expr:
        """Translate as a number."""
        ...


class Calls:
    """The calls of one query."""

    def __init__(self, rewriter: Rewrites, json: Accesses, moments: Moments, mentions: Mentions) -> None:
        self._rewriter = rewriter
        self._json = json
        self._moments = moments
        self._mentions = Text(mentions)

    def call(self, node: exp.Expr) -> exp.Expr:  # noqa: C901, PLR0911, PLR0912 - a table of cases
        name, arguments = node.name.lower(), node.expressions
        if name in GETTERS:
            return self._getter(name, node)
        if (timely := self._moments.call(name, arguments, self._rewriter.detached)) is not None:
            return timely
        match name, arguments:
            case "mentions" | "mentions_id", _:
                return self._mentions.everywhere(name, node)
            case "level_num", [argument]:
                number = level_literal(argument)
                return (
                    exp.Literal.number(number)
                    if number is not None
                    else fragment(LEVEL_NUM, self._rewriter.text(argument))
                )
            case "level_name", [argument]:
                return fragment(LEVEL_NAME, self._rewriter.number(argument))
            case "concat_ws", [separator, *rest]:
                texts = ", ".join(f"{{{at}}}" for at in range(1, len(rest) + 1))
                shape = f"arrayStringConcat(arrayMap(x -> assumeNotNull(x), arrayFilter(x -> isNotNull(x), [{texts}])), {{0}})"
                return fragment(
                    shape,
                    self._rewriter.text(separator),
                    *(fragment("toString({0})", self._rewriter.text(part)) for part in rest),
                )
            case "concat", _:
                return fragment("concat({*})", *(self._kept(part) for part in arguments))
            case ("regexp_replace", [source, pattern, replacement, *flags]):
                return self._regexp_replace(source, pattern, replacement, flags)
            case "regexp_like", [source, pattern, flags]:
                return fragment(
                    "match({0}, concat({2}, {1}))",
                    self._rewriter.text(source),
                    self._rewriter.text(pattern),
                    regexp_flags(flags),
                )
            case "count", [exp.Star()]:
                return fragment("count()")
            case "array_agg" | "string_agg" | "first_value" | "last_value", _:
                return self._collected(name, arguments)
        if any(isinstance(argument, exp.Order) for argument in arguments):
            arguments = [argument.this if isinstance(argument, exp.Order) else argument for argument in arguments]
        if name in PERCENTILES:
            return self._percentile(name, arguments)
        shape = template(name, len(arguments)) or ""
        if not shape:
            return exp.Anonymous(
                this=check_function(node.name), expressions=[self._rewriter.text(argument) for argument in arguments]
            )
        places = [self._rewriter.number(a) if name in NUMERIC else self._argument(a) for a in arguments]
        needed = max((int(digit) for digit in "0123" if f"{{{digit}}}" in shape), default=-1) + 1
        if len(places) < needed or (not needed and "{*}" not in shape and places):
            raise refused(
                f"{name}() needs {needed} {'argument' if needed == 1 else 'arguments'}, and was given {len(places)}."
            )
        return fragment(shape, *places)

    def _argument(self, node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Distinct):
            for value in node.expressions:
                value.replace(self._rewriter.text(value))
            return node.copy()
        return self._rewriter.text(node)

    def _getter(self, name: str, node: exp.Expr) -> exp.Expr:
        access = self._json._from(node.expressions[0], node.expressions[1:])  # noqa: SLF001 - the call is the path
        match GETTERS[name]:
            case "has":
                return self._json.has(access)
            case "type":
                return self._json.kind(access)
            case "value":
                return self._json.value(access)
            case "text":
                return self._json.text(access)
            case kind:
                return self._json.cast(access, kind)

    def _kept(self, node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Literal):
            return fragment("toString({0})", node.copy())
        return fragment("ifNull(toString({0}), '')", self._rewriter.text(node))

    def _regexp_replace(
        self, source: exp.Expr, pattern: exp.Expr, replacement: exp.Expr, flags: list[exp.Expr]
    ) -> exp.Expr:
        words = flags[0].name if flags else ""
        name = "replaceRegexpAll" if "g" in words else "replaceRegexpOne"
        shape = f"{name}({{0}}, concat('(?i)', {{1}}), {{2}})" if "i" in words else f"{name}({{0}}, {{1}}, {{2}})"
        return fragment(
            shape, self._rewriter.text(source), self._rewriter.text(pattern), self._rewriter.text(replacement)
        )

    def _percentile(self, name: str, arguments: list[exp.Expr]) -> exp.Expr:
        if len(arguments) < 2 or not is_number(arguments[1]):
            raise refused(
                f"{name}() needs a column and a constant between 0 and 1, as in {name}(0.95) WITHIN GROUP (ORDER BY duration)."
            )
        return fragment(TEMPLATES[name][0], self._rewriter.number(arguments[0]), self._rewriter.detached(arguments[1]))

    def within_group(self, node: exp.Expr) -> exp.Expr:
        ordered = node.expression.expressions[0]
        name, (*arguments,) = node.this.name.lower(), node.this.expressions
        if name == "mode":
            return fragment(TEMPLATES["mode"][0], self._rewriter.text(ordered.this))
        if name not in PERCENTILES or not arguments or not is_number(arguments[0]):
            raise refused(
                f"{name}() WITHIN GROUP is not available; use approx_percentile_cont or percentile_cont with a constant."
            )
        share = arguments[0]
        if ordered.args.get("desc"):
            share = exp.Literal.number(repr(1 - float(share.name)))
        return self._percentile(name, [ordered.this, share])

    def group_concat(self, node: exp.Expr) -> exp.Expr:
        return self._collected("string_agg", [node.this, node.args.get("separator") or exp.Literal.string("")])

    def _collected(self, name: str, arguments: list[exp.Expr]) -> exp.Expr:
        inner = arguments[0]
        if not isinstance(inner, exp.Order) and len(arguments) > 1 and isinstance(arguments[-1], exp.Order):
            order: exp.Order | None = arguments[-1]
            arguments = [inner, arguments[-1].this]
        else:
            order = inner if isinstance(inner, exp.Order) else None
            inner = inner.this if order is not None else inner
        distinct = isinstance(inner, exp.Distinct)
        value = self._rewriter.text(inner.expressions[0] if isinstance(inner, exp.Distinct) else inner)
        if name in {"first_value", "last_value"}:
            if order is None:
                return fragment(TEMPLATES[name][0], value)
            down = bool(order.expressions[0].args.get("desc")) != (name == "last_value")
            keys = [self._rewriter.text(ordered.this) for ordered in order.expressions]
            key = keys[0] if len(keys) == 1 else exp.Tuple(expressions=keys)
            return fragment(f"{'argMax' if down else 'argMin'}({{0}}, {{1}})", value, key)
        if name == "string_agg":
            value = fragment("toString({0})", value)
        if distinct:
            shape = "arraySort(groupUniqArray({0}))"
            keys = []
        elif order is not None:
            keys = [self._rewriter.text(ordered.this) for ordered in order.expressions]
            sort = "arrayReverseSort" if order.expressions[0].args.get("desc") else "arraySort"
            listed = ", ".join(f"{{{at + 1}}}" for at in range(len(keys)))
            shape = f"arrayMap(p -> p.1, {sort}(p -> p.2, groupArray(({{0}}, ({listed})))))"
        else:
            shape, keys = "groupArray({0})", []
        if name == "array_agg":
            return fragment(shape, value, *keys)
        separator = arguments[1]
        return fragment(
            f"arrayStringConcat({shape}, {{{len(keys) + 1}}})", value, *keys, self._rewriter.text(separator)
        )

    def filtered(self, node: exp.Expr) -> exp.Expr:
        call = self._rewriter.detached(node.this)
        self._rewriter.visit(node.expression)
        condition = node.expression.this.copy()
        shape = call.args.get("template", "") if isinstance(call, Fragment) else ""
        if shape and (
            shape.count("(") > 2 or shape.startswith(("arrayStringConcat", "arrayMap", "tupleElement", "arraySort"))
        ):
            first = call.expressions[0]
            first.replace(fragment("if({1}, {0}, NULL)", first.copy(), condition))
            return call
        return exp.Filter(this=call, expression=exp.Where(this=condition))


def regexp_flags(flags: exp.Expr) -> exp.Expr:
    """Flags as RE2 writes them into the expression."""
    known = "".join(flag for flag in flags.name if flag in "ims")
    return exp.Literal.string(f"(?{known})" if known else "")
