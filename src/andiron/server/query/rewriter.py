"""From Logfire's SQL to ClickHouse's, node by node. Times are in moments.py, JSON in attributes.py, names in functions.py."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlglot import exp

from andiron.server.query.attributes import ARROWS, GETTERS, SCALARS, Access, Accesses
from andiron.server.query.functions import INTEGERS, PERCENTILES, TEMPLATES, template
from andiron.server.query.access import check_function, check_membership
from andiron.server.query.grammar import Fragment, fragment, sql
from andiron.server.query.mentions import Mentions
from andiron.server.query.moments import Moments
from andiron.server.query.problems import refused

LEVELS = {"trace": 1, "debug": 5, "info": 9, "notice": 10, "warn": 13, "warning": 13, "error": 17, "fatal": 21}
COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE)
MATCHES = (exp.Like, exp.ILike, exp.RegexpLike, exp.RegexpILike)
ARITHMETIC = (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.Pow)
NUMERIC = frozenset({"sum", "avg", "mean", "median", "approx_median", "stddev", "stddev_samp", "stddev_pop", "corr", "abs", "round"})
LEVEL_NAME = (
    "multiIf({0} < 5, 'trace', {0} < 9, 'debug', {0} = 10, 'notice', {0} < 13, 'info', {0} < 17, 'warn', {0} < 21, 'error', 'fatal')"
)
LEVEL_NUM = "transform(lower({0}), ['trace', 'debug', 'info', 'notice', 'warn', 'warning', 'error', 'fatal'], [1, 5, 9, 10, 13, 13, 17, 21], NULL)"

CAST_TYPES = {
    "int": ("TINYINT", "SMALLINT", "INT", "BIGINT", "UTINYINT", "USMALLINT", "UINT", "UBIGINT"),
    "float": ("FLOAT", "DOUBLE"),
    "bool": ("BOOLEAN",),
    "text": ("TEXT", "VARCHAR", "CHAR", "NAME", "NCHAR", "NVARCHAR"),
    "json": ("JSON", "JSONB"),
    "time": ("TIMESTAMP", "TIMESTAMPTZ", "TIMESTAMPNTZ", "DATETIME", "TIMESTAMPLTZ"),
    "date": ("DATE",),
    "interval": ("INTERVAL",),
}
KIND_OF_TYPE = {name: kind for kind, names in CAST_TYPES.items() for name in names}


@dataclass
class Rewriter:
    """One query's translation."""

    mentions: Mentions
    moments: Moments

    def __post_init__(self) -> None:
        self._json = Accesses(self.mentions)
        self._visits: dict[type[exp.Expression], Callable[[exp.Expression], exp.Expression]] = {
            **dict.fromkeys(ARROWS, self._arrow),
            **dict.fromkeys(COMPARISONS, self._comparison),
            **dict.fromkeys(MATCHES, self._match),
            **dict.fromkeys(ARITHMETIC, self._arithmetic),
            exp.JSONBContainsTopKey: self._contains_key,
            exp.Anonymous: self._call,
            exp.WithinGroup: self._within_group,
            exp.Filter: self._filter,
            exp.GroupConcat: self._group_concat,
            exp.Cast: self._cast,
            exp.TryCast: self._cast,
            exp.Between: self._between,
            exp.In: self._in,
            exp.Is: self._is,
            exp.DPipe: self._pipe,
            exp.NullSafeEQ: lambda node: self._plain(node, "isNotDistinctFrom({0}, {1})", node.this, node.expression),
            exp.NullSafeNEQ: lambda node: self._plain(node, "isDistinctFrom({0}, {1})", node.this, node.expression),
            exp.Not: self._not,
            exp.And: self._logic,
            exp.Or: self._logic,
            exp.Where: self._logic,
            exp.ArrayContainsAll: self._contains_all,
            exp.ArrayOverlaps: lambda node: self._plain(node, "hasAny({0}, {1})", node.this, node.expression),
            exp.MatchAgainst: self._search,
            exp.Interval: lambda node: fragment(self.moments.interval(node).sql()),
            exp.Parameter: lambda node: fragment(self.moments.interval(node).sql()),
            exp.Extract: self._extract,
            exp.CurrentTimestamp: lambda _: fragment(self.moments.now),
            exp.Localtimestamp: lambda _: fragment(self.moments.now),
            exp.CurrentDate: lambda _: fragment(self.moments.today),
            exp.AtTimeZone: self._at_time_zone,
            exp.Trim: self._trim,
            exp.Substring: lambda node: self._plain(
                node, "substringUTF8({*})", *(node.args[k] for k in ("this", "start", "length") if node.args.get(k))
            ),
            exp.StrPosition: lambda node: self._plain(node, "positionUTF8({0}, {1})", node.this, node.args["substr"]),
            exp.Ceil: lambda node: self._plain(node, "ceil({0})", node.this),
            exp.Floor: lambda node: self._plain(node, "floor({0})", node.this),
            exp.Initcap: lambda node: self._plain(node, "initcapUTF8({0})", node.this),
            exp.Chr: lambda node: self._plain(node, "char({*})", *node.expressions),
            exp.ArgMax: lambda node: self._plain(node, "argMax({0}, {1})", node.this, node.expression),
            exp.ArgMin: lambda node: self._plain(node, "argMin({0}, {1})", node.this, node.expression),
            exp.ByteString: lambda node: exp.Literal.string(node.name),
            exp.IgnoreNulls: lambda _: nothing("IGNORE NULLS"),
            exp.SimilarTo: lambda _: nothing("SIMILAR TO", "Use ~ with a regular expression."),
            exp.Escape: lambda _: nothing("ESCAPE", "A backslash escapes % and _ in LIKE."),
            exp.All: lambda _: nothing("ALL", "Use NOT IN."),
            exp.Lambda: lambda node: node,
        }

    def visit(self, node: exp.Expression) -> exp.Expression:
        """The ClickHouse of `node`."""
        handler = self._visits.get(type(node))
        if handler is not None:
            result = handler(node)
        elif isinstance(node, exp.Func) and not isinstance(node, exp.Case | exp.If | exp.Array | exp.Exists | exp.Unnest | exp.Values | exp.Any):
            raise refused(f"{type(node).__name__} ({node.sql()[:60]}) is not available in queries.")
        else:
            self.children(node)
            result = node
        if result is not node and result.parent is None and node.parent is not None:
            node.replace(result)
        return result

    def children(self, node: exp.Expression) -> None:
        """Translate what `node` is made of, in place."""
        for child in list(node.iter_expressions()):
            if isinstance(child, exp.DataType | exp.Identifier | exp.Table):
                continue
            self.visit(child)

    def _plain(self, _: exp.Expression, shape: str, *places: exp.Expression) -> Fragment:
        return fragment(shape, *(self._text(place) for place in places))

    def _text(self, node: exp.Expression) -> exp.Expression:
        """`node` as a value among others: a place in JSON counts as its text."""
        access = self._json.read(node)
        return self._json.text(access) if access else self.detached(node)

    def detached(self, node: exp.Expression) -> exp.Expression:
        """`node` translated, free to be put elsewhere."""
        result = self.visit(node)
        if result.parent is not None:
            copy = result.copy()
            copy.meta.update(result.meta)
            return copy
        return result

    # JSON

    def _arrow(self, node: exp.Expression) -> exp.Expression:
        access = self._json.read(node)
        assert access is not None  # noqa: S101 - arrows always are
        holder = node.parent
        while isinstance(holder, exp.Paren):
            holder = holder.parent
        whole = isinstance(holder, exp.Alias | exp.Select | exp.Group | exp.Ordered)
        if whole and not isinstance(node, SCALARS):
            return self._json.value(access)
        return self._json.text(access)

    def _contains_key(self, node: exp.Expression) -> exp.Expression:
        inner = self._json.read(node.this)
        base = inner or self._json._from(node.this, [])  # noqa: SLF001 - the same thing without a path
        return self._json.has(Access(base.base, (*base.path, node.expression), base.mention))

    def _condition(self, node: exp.Expression) -> None:
        """A place in JSON that stands where a condition does."""
        access = self._json.read(node)
        if access and not isinstance(node.unnest(), exp.Anonymous):
            node.replace(exp.EQ(this=self._json.text(access, loose=True), expression=exp.Literal.string("true")))
        else:
            self.visit(node)

    def _logic(self, node: exp.Expression) -> exp.Expression:
        for key in ("this", "expression"):
            if node.args.get(key) is not None:
                self._condition(node.args[key])
        return node

    def _not(self, node: exp.Expression) -> exp.Expression:
        self._condition(node.this)
        return node

    # Comparisons

    def _comparison(self, node: exp.Expression) -> exp.Expression:
        left, right = node.this, node.expression
        if isinstance(right, exp.Any):
            return self._any(node)
        if isinstance(left, exp.Any):
            return self._any(type(node)(this=right.copy(), expression=left.copy()))
        places = [self._json.read(left), self._json.read(right)]
        for at, access in enumerate(places):
            if access:
                other = (right, left)[at]
                pair = [self._compared(access, other, node), self._other(other)]
                return type(node)(this=pair[at], expression=pair[1 - at])
        for side, other in ((left, right), (right, left)):
            if is_level(side) and (number := level_literal(other)) is not None:
                other.replace(exp.Literal.number(number))
            elif self.moments.is_time(side) and (constant := self.moments.literal(other)) is not None:
                other.replace(fragment(constant))
        self.children(node)
        return node

    def _compared(self, access: Access, other: exp.Expression, node: exp.Expression) -> exp.Expression:
        other = other.unnest()
        if is_number(other):
            return self._json.number(access, other.this if isinstance(other, exp.Neg) else other)
        loose = isinstance(node, exp.EQ) and asserted(node) and isinstance(other, exp.Literal) and other.name != ""
        return self._json.text(access, loose=loose)

    def _other(self, node: exp.Expression) -> exp.Expression:
        inner = node.unnest()
        if isinstance(inner, exp.Boolean):
            return exp.Literal.string("true" if inner.this else "false")
        return self._text(node)

    def _any(self, node: exp.Expression) -> exp.Expression:
        held = node.expression.this.unnest()
        if not isinstance(node, exp.EQ):
            nothing("ANY with anything but =", "Use IN or array_has().")
        if isinstance(held, exp.Query):
            self.visit(held)
            return exp.In(this=self._text(node.this), query=exp.Subquery(this=held.copy()))
        return fragment("has({1}, {0})", self._text(node.this), self.detached(held))

    def _match(self, node: exp.Expression) -> exp.Expression:
        left, right = self._text(node.this), self._text(node.expression)
        if isinstance(node, exp.RegexpLike):
            return fragment("match({0}, {1})", left, right)
        if isinstance(node, exp.RegexpILike):
            return fragment("match({0}, concat('(?i)', {1}))", left, right)
        return type(node)(this=left, expression=right)

    def _between(self, node: exp.Expression) -> exp.Expression:
        low, high = node.args["low"], node.args["high"]
        access = self._json.read(node.this)
        if access:
            value = self._json.number(access, high.unnest()) if is_number(low) else self._json.text(access)
            return exp.Between(this=value, low=self.detached(low), high=self.detached(high))
        for side in (low, high):
            if is_level(node.this) and (number := level_literal(side)) is not None:
                side.replace(exp.Literal.number(number))
            elif self.moments.is_time(node.this) and (constant := self.moments.literal(side)) is not None:
                side.replace(fragment(constant))
        self.children(node)
        return node

    def _in(self, node: exp.Expression) -> exp.Expression:
        assert isinstance(node, exp.In)  # noqa: S101 - for the type checker
        if isinstance(field := node.args.get("unnest"), exp.Expression):
            return fragment("has({1}, {0})", self._text(node.this), self.detached(field.expressions[0]))
        access = self._json.read(node.this)
        if access:
            values = node.expressions
            if values and all(is_number(value) for value in values):
                left = self._json.number(access, max(values, key=lambda v: abs(float(v.sql()))).unnest())
            else:
                loose = asserted(node) and all(isinstance(value, exp.Literal) and value.name for value in values)
                left = self._json.text(access, loose=loose and bool(values))
            node.set("this", left)
            for value in values:
                value.replace(self._other(value))
            if node.args.get("query") is not None:
                self.visit(node.args["query"])
            return node
        for value in node.expressions:
            if is_level(node.this) and (number := level_literal(value)) is not None:
                value.replace(exp.Literal.number(number))
            elif self.moments.is_time(node.this) and (constant := self.moments.literal(value)) is not None:
                value.replace(fragment(constant))
        self.children(node)
        parent = node.parent
        check_membership(node)
        return node if node.parent is parent else parent or node

    def _is(self, node: exp.Expression) -> exp.Expression:
        value = node.expression.unnest()
        negated = isinstance(value, exp.Not)
        value = value.this if negated else value
        access = self._json.read(node.this)
        result: exp.Expression
        if access and isinstance(value, exp.Null):
            result = exp.Not(this=self._json.has(access))
        elif access and isinstance(value, exp.Boolean):
            text = exp.Literal.string("true" if value.this else "false")
            result = exp.EQ(this=self._json.text(access, loose=True), expression=text)
        elif isinstance(node.this, exp.Column) and node.this.name == "tags" and isinstance(value, exp.Null):
            result = fragment("empty({0})", node.this.copy())
        else:
            self.visit(node.this)
            return node
        return exp.Not(this=exp.Paren(this=result)) if negated else result

    def _contains_all(self, node: exp.Expression) -> exp.Expression:
        if self._json.read(node.this) or (isinstance(node.this, exp.Column) and node.this.name in self._json_names()):
            nothing("@> on JSON", "Compare with attributes->>'key' = 'value'.")
        return self._plain(node, "hasAll({0}, {1})", node.this, node.expression)

    @staticmethod
    def _json_names() -> frozenset[str]:
        return frozenset({"attributes", "otel_resource_attributes", "otel_scope_attributes"})

    def _search(self, node: exp.Expression) -> exp.Expression:
        column, words = node.expressions[0], node.this
        while isinstance(column, exp.Anonymous) and column.name.lower() == "to_tsvector":
            column = column.expressions[-1]
        if isinstance(words, exp.Anonymous) and words.name.lower().endswith("to_tsquery") or isinstance(words, exp.Anonymous):
            words = words.expressions[-1]
        if not isinstance(words, exp.Literal):
            nothing("@@ with anything but a constant", "Use search(column, 'words').")
        plain = exp.Literal.string(words.name.replace("&", " "))
        return fragment("hasAllTokens(lower({0}), lower({1}))", self._text(column), plain)

    # Numbers, text, time

    def _arithmetic(self, node: exp.Expression) -> exp.Expression:
        if isinstance(node, exp.Add | exp.Sub | exp.Mul) and (moved := self.moments.arithmetic(node, self.detached)) is not None:
            return moved
        whole = isinstance(node, exp.Div) and is_integer(node.this) and is_integer(node.expression)
        left, right = (self._number(node.args[side]) for side in ("this", "expression"))
        if whole:
            return fragment("intDiv({0}, {1})", left, right)
        if isinstance(node, exp.Pow):
            return fragment("pow({0}, {1})", left, right)
        return type(node)(this=left, expression=right)

    def _number(self, node: exp.Expression) -> exp.Expression:
        access = self._json.read(node)
        return self._json.number(access) if access else self.detached(node)

    def _pipe(self, node: exp.Expression) -> exp.Expression:
        return fragment("concat({0}, {1})", self._text(node.this), self._text(node.expression))

    def _trim(self, node: exp.Expression) -> exp.Expression:
        name = {"LEADING": "trimLeft", "TRAILING": "trimRight"}.get(str(node.args.get("position", "")).upper(), "trimBoth")
        characters = [node.expression] if node.args.get("expression") else []
        return self._plain(node, f"{name}({{*}})", node.this, *characters)

    def _extract(self, node: exp.Expression) -> exp.Expression:
        return self.moments.extract(node.this.name, node.expression, self.detached)

    def _at_time_zone(self, node: exp.Expression) -> exp.Expression:
        return self.moments.at_zone(self.detached(node.this), node.args["zone"])

    def _cast(self, node: exp.Expression) -> exp.Expression:
        assert isinstance(node, exp.Cast)  # noqa: S101 - for the type checker
        kind, inner = KIND_OF_TYPE.get(node.to.this.name, ""), node.this.unnest()
        if kind == "interval" or (isinstance(inner, exp.Literal) and kind in {"time", "date"}):
            return fragment(self.moments.interval(node).sql() if kind == "interval" else self.moments.constant(inner, kind))
        access = self._json.read(inner)
        if access and kind in {"int", "float", "bool"}:
            return self._json.cast(access, kind)
        value = self._json.text(access) if access else self.detached(node.this)
        match kind:
            case "int" | "float" | "bool":
                name = {"int": "Int64", "float": "Float64", "bool": "Bool"}[kind]
                if isinstance(node, exp.TryCast):
                    return fragment(f"accurateCastOrNull({{0}}, '{name}')", value)
                return fragment(f"CAST({{0}} AS Nullable({name}))", value)
            case "text":
                return fragment("toString({0})", value)
            case "json":
                value.meta["json"] = True
                return value
            case "time" if access:
                return fragment("parseDateTime64BestEffortOrNull({0}, 6, 'UTC')", value)
            case "time":
                return fragment("toDateTime64({0}, 6, 'UTC')", value)
            case "date":
                return fragment("toDate({0})", value)
        if node.to.is_type("decimal"):
            sizes = [int(size.name) for size in node.to.expressions]
            if access or not sizes:
                return self._json.cast(access, "float") if access else fragment("CAST({0} AS Nullable(Float64))", value)
            return fragment(f"CAST({{0}} AS Nullable(Decimal({sizes[0]}, {sizes[1] if len(sizes) > 1 else 0})))", value)
        if node.to.is_type("uuid"):
            return fragment("toUUID({0})", value)
        if node.to.is_type("array"):
            return value
        raise refused(f"A cast to {node.to.sql()} is not available; write int, float, bool, text, numeric, timestamp, date or interval.")

    # Calls

    def _call(self, node: exp.Expression) -> exp.Expression:
        name, arguments = node.name.lower(), node.expressions
        if name in GETTERS:
            return self._getter(name, node)
        if (timely := self.moments.call(name, arguments, self.detached)) is not None:
            return timely
        match name, arguments:
            case "level_num", [argument]:
                number = level_literal(argument)
                return exp.Literal.number(number) if number is not None else fragment(LEVEL_NUM, self._text(argument))
            case "level_name", [argument]:
                return fragment(LEVEL_NAME, self._number(argument))
            case "concat_ws", [separator, *rest]:
                texts = ", ".join(f"{{{at}}}" for at in range(1, len(rest) + 1))
                shape = f"arrayStringConcat(arrayMap(x -> assumeNotNull(x), arrayFilter(x -> isNotNull(x), [{texts}])), {{0}})"
                return fragment(shape, self._text(separator), *(fragment("toString({0})", self._text(part)) for part in rest))
            case "concat", _:
                return fragment("concat({*})", *(self._kept(part) for part in arguments))
            case ("regexp_replace", [source, pattern, replacement, *flags]):
                return self._regexp_replace(source, pattern, replacement, flags)
            case "regexp_like", [source, pattern, flags]:
                return fragment("match({0}, concat({2}, {1}))", self._text(source), self._text(pattern), regexp_flags(flags))
            case "count", [exp.Star()]:
                return fragment("count()")
            case "array_agg" | "string_agg" | "first_value" | "last_value", _:
                return self._collected(name, arguments)
        if any(isinstance(argument, exp.Order) for argument in arguments):
            arguments = [argument.this if isinstance(argument, exp.Order) else argument for argument in arguments]
        if name in PERCENTILES:
            return self._percentile(name, arguments)
        shape = template(name, len(arguments))
        if shape is None:
            return exp.Anonymous(this=check_function(node.name), expressions=[self._text(argument) for argument in arguments])
        places = [self._number(a) if name in NUMERIC else self._argument(a) for a in arguments]
        needed = max((int(digit) for digit in "0123" if f"{{{digit}}}" in shape), default=-1) + 1
        if len(places) < needed or (not needed and "{*}" not in shape and places):
            raise refused(f"{name}() needs {needed} {'argument' if needed == 1 else 'arguments'}, and was given {len(places)}.")
        return fragment(shape, *places)

    def _argument(self, node: exp.Expression) -> exp.Expression:
        if isinstance(node, exp.Distinct):
            for value in node.expressions:
                value.replace(self._text(value))
            return node.copy()
        return self._text(node)

    def _getter(self, name: str, node: exp.Expression) -> exp.Expression:
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

    def _kept(self, node: exp.Expression) -> exp.Expression:
        if isinstance(node, exp.Literal):
            return fragment("toString({0})", node.copy())
        return fragment("ifNull(toString({0}), '')", self._text(node))

    def _regexp_replace(
        self, source: exp.Expression, pattern: exp.Expression, replacement: exp.Expression, flags: list[exp.Expression]
    ) -> exp.Expression:
        words = flags[0].name if flags else ""
        name = "replaceRegexpAll" if "g" in words else "replaceRegexpOne"
        shape = f"{name}({{0}}, concat('(?i)', {{1}}), {{2}})" if "i" in words else f"{name}({{0}}, {{1}}, {{2}})"
        return fragment(shape, self._text(source), self._text(pattern), self._text(replacement))

    def _percentile(self, name: str, arguments: list[exp.Expression]) -> exp.Expression:
        if len(arguments) < 2 or not is_number(arguments[1]):
            raise refused(f"{name}() needs a column and a constant between 0 and 1, as in {name}(0.95) WITHIN GROUP (ORDER BY duration).")
        return fragment(TEMPLATES[name][0], self._number(arguments[0]), self.detached(arguments[1]))

    def _within_group(self, node: exp.Expression) -> exp.Expression:
        ordered = node.expression.expressions[0]
        name, (*arguments,) = node.this.name.lower(), node.this.expressions
        if name == "mode":
            return fragment(TEMPLATES["mode"][0], self._text(ordered.this))
        if name not in PERCENTILES or not arguments or not is_number(arguments[0]):
            raise refused(f"{name}() WITHIN GROUP is not available; use approx_percentile_cont or percentile_cont with a constant.")
        share = arguments[0]
        if ordered.args.get("desc"):
            share = exp.Literal.number(repr(1 - float(share.name)))
        return self._percentile(name, [ordered.this, share])

    def _group_concat(self, node: exp.Expression) -> exp.Expression:
        return self._collected("string_agg", [node.this, node.args.get("separator") or exp.Literal.string("")])

    def _collected(self, name: str, arguments: list[exp.Expression]) -> exp.Expression:
        inner = arguments[0]
        if not isinstance(inner, exp.Order) and len(arguments) > 1 and isinstance(arguments[-1], exp.Order):
            order: exp.Order | None = arguments[-1]
            arguments = [inner, arguments[-1].this]
        else:
            order = inner if isinstance(inner, exp.Order) else None
            inner = inner.this if order is not None else inner
        distinct = isinstance(inner, exp.Distinct)
        value = self._text(inner.expressions[0] if isinstance(inner, exp.Distinct) else inner)
        if name in {"first_value", "last_value"}:
            if order is None:
                return fragment(TEMPLATES[name][0], value)
            down = bool(order.expressions[0].args.get("desc")) != (name == "last_value")
            keys = [self._text(ordered.this) for ordered in order.expressions]
            key = keys[0] if len(keys) == 1 else exp.Tuple(expressions=keys)
            return fragment(f"{'argMax' if down else 'argMin'}({{0}}, {{1}})", value, key)
        if name == "string_agg":
            value = fragment("toString({0})", value)
        if distinct:
            shape = "arraySort(groupUniqArray({0}))"
            keys = []
        elif order is not None:
            keys = [self._text(ordered.this) for ordered in order.expressions]
            sort = "arrayReverseSort" if order.expressions[0].args.get("desc") else "arraySort"
            listed = ", ".join(f"{{{at + 1}}}" for at in range(len(keys)))
            shape = f"arrayMap(p -> p.1, {sort}(p -> p.2, groupArray(({{0}}, ({listed})))))"
        else:
            shape, keys = "groupArray({0})", []
        if name == "array_agg":
            return fragment(shape, value, *keys)
        separator = arguments[1]
        return fragment(f"arrayStringConcat({shape}, {{{len(keys) + 1}}})", value, *keys, self._text(separator))

    def _filter(self, node: exp.Expression) -> exp.Expression:
        call = self.detached(node.this)
        self.visit(node.expression)
        condition = node.expression.this.copy()
        shape = call.args.get("template", "") if isinstance(call, Fragment) else ""
        if shape and (shape.count("(") > 2 or shape.startswith(("arrayStringConcat", "arrayMap", "tupleElement", "arraySort"))):  # noqa: PLR2004
            first = call.expressions[0]
            first.replace(fragment("if({1}, {0}, NULL)", first.copy(), condition))
            return call
        return exp.Filter(this=call, expression=exp.Where(this=condition))


def nothing(what: str, instead: str = "") -> exp.Expression:
    """Refuse `what`, and say what to do instead."""
    raise refused(f"{what} is not available in queries. {instead}".strip())


def is_level(node: exp.Expression) -> bool:
    """Whether it is the column of levels."""
    node = node.unnest()
    return isinstance(node, exp.Column) and node.name == "level"


def level_literal(node: exp.Expression) -> int | None:
    """The number of a level that is written as a name."""
    node = node.unnest()
    while isinstance(node, exp.Cast):
        node = node.this.unnest()
    if not isinstance(node, exp.Literal) or not node.is_string:
        return None
    if (number := LEVELS.get(node.name.lower())) is None:
        if node.name.isdigit():
            return int(node.name)
        raise refused(f"There is no level {node.name!r}; write {', '.join(LEVELS)}.")
    return number


def is_number(node: exp.Expression) -> bool:
    """Whether it is a number as it stands."""
    node = node.unnest()
    if isinstance(node, exp.Neg):
        node = node.this
    return isinstance(node, exp.Literal) and not node.is_string


def is_integer(node: exp.Expression) -> bool:
    """Whether it surely is an integer, whose division leaves no fraction in PostgreSQL."""
    node = node.unnest()
    if isinstance(node, exp.Literal):
        return bool(node.is_int)
    if isinstance(node, exp.Neg):
        return is_integer(node.this)
    if isinstance(node, exp.Filter):
        return is_integer(node.this)
    if isinstance(node, exp.Add | exp.Sub | exp.Mul | exp.Mod | exp.Div):
        return is_integer(node.this) and is_integer(node.expression)
    if isinstance(node, exp.Cast):
        return KIND_OF_TYPE.get(node.to.this.name) == "int"
    if isinstance(node, exp.Column):
        return node.name in {"level", "http_response_status_code", "process_pid", "histogram_count"}
    return isinstance(node, exp.Anonymous) and node.name.lower() in INTEGERS


def asserted(node: exp.Expression) -> bool:
    """Whether only the rows matter for which `node` is true, so that false will do for NULL."""
    parent = node.parent
    while isinstance(parent, exp.And | exp.Or | exp.Paren):
        parent = parent.parent
    return isinstance(parent, exp.Where)


def regexp_flags(flags: exp.Expression) -> exp.Expression:
    """Flags as RE2 writes them into the expression."""
    known = "".join(flag for flag in flags.name if flag in "ims")
    return exp.Literal.string(f"(?{known})" if known else "")
