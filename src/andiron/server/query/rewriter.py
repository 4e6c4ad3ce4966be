"""From Logfire's SQL to ClickHouse's, node by node. Times are in moments.py, JSON in attributes.py, names in functions.py."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlglot import exp

from andiron.server.query.access import check_membership
from andiron.server.query.attributes import ARROWS, SCALARS, Access, Accesses
from andiron.server.query.calls import Calls
from andiron.server.query.grammar import Fragment, fragment
from andiron.server.query.literals import (
    KIND_OF_TYPE,
    asserted,
    is_integer,
    is_level,
    is_number,
    level_literal,
    nothing,
)
from andiron.server.query.mentions import Mentions
from andiron.server.query.moments import Moments
from andiron.server.query.problems import refused

COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE)
MATCHES = (exp.Like, exp.ILike, exp.RegexpLike, exp.RegexpILike)
ARITHMETIC = (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.Pow)


@dataclass
class Rewriter:
    """One query's translation."""

    mentions: Mentions
    moments: Moments

    def __post_init__(self) -> None:
        self._json = Accesses(self.mentions)
        self._calls = Calls(self, self._json, self.moments, self.mentions)
        self._visits: dict[type[exp.Expr], Callable[[exp.Expr], exp.Expr]] = {
            **dict.fromkeys(ARROWS, self._arrow),
            **dict.fromkeys(COMPARISONS, self._comparison),
            **dict.fromkeys(MATCHES, self._match),
            **dict.fromkeys(ARITHMETIC, self._arithmetic),
            exp.JSONBContainsTopKey: self._contains_key,
            exp.Anonymous: self._calls.call,
            exp.WithinGroup: self._calls.within_group,
            exp.Filter: self._calls.filtered,
            exp.GroupConcat: self._calls.group_concat,
            exp.Cast: self._cast,
            exp.TryCast: self._cast,
            exp.Between: self._between,
            exp.In: self._in,
            exp.Is: self._is,
            exp.DPipe: self._pipe,
            exp.NullSafeEQ: lambda node: self._plain(node, "isNotDistinctFrom({0}, {1})", node.this, node.expression),
            exp.NullSafeNEQ: self._distinct,
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

    def visit(self, node: exp.Expr) -> exp.Expr:
        """The ClickHouse of `node`."""
        handler = self._visits.get(type(node))
        if handler is not None:
            result = handler(node)
        elif isinstance(node, exp.Func) and not isinstance(
            node, exp.Case | exp.If | exp.Array | exp.Exists | exp.Unnest | exp.Values | exp.Any
        ):
            raise refused(f"{type(node).__name__} ({node.sql()[:60]}) is not available in queries.")
        else:
            self.children(node)
            result = node
        if result is not node and result.parent is None and node.parent is not None:
            node.replace(result)
        return result

    def children(self, node: exp.Expr) -> None:
        """Translate what `node` is made of, in place."""
        for child in list(node.iter_expressions()):
            if isinstance(child, exp.DataType | exp.Identifier | exp.Table):
                continue
            self.visit(child)

    def _plain(self, _: exp.Expr, shape: str, *places: exp.Expr) -> Fragment:
        return fragment(shape, *(self.text(place) for place in places))

    def text(self, node: exp.Expr) -> exp.Expr:
        """`node` as a value among others: a place in JSON counts as its text."""
        access = self._json.read(node)
        return self._json.text(access) if access else self.detached(node)

    def detached(self, node: exp.Expr) -> exp.Expr:
        """`node` translated, free to be put elsewhere."""
        result = self.visit(node)
        if result.parent is not None:
            copy = result.copy()
            copy.meta.update(result.meta)
            return copy
        return result

    # JSON

    def _arrow(self, node: exp.Expr) -> exp.Expr:
        access = self._json.read(node)
        assert access is not None  # noqa: S101 - arrows always are
        holder = node.parent
        while isinstance(holder, exp.Paren):
            holder = holder.parent
        whole = isinstance(holder, exp.Alias | exp.Select | exp.Group | exp.Ordered)
        if whole and not isinstance(node, SCALARS):
            return self._json.value(access)
        return self._json.text(access)

    def _contains_key(self, node: exp.Expr) -> exp.Expr:
        inner = self._json.read(node.this)
        base = inner or self._json._from(node.this, [])  # noqa: SLF001 - the same thing without a path
        return self._json.has(Access(base.base, (*base.path, node.expression), base.mention))

    def _condition(self, node: exp.Expr) -> None:
        """A place in JSON that stands where a condition does."""
        access = self._json.read(node)
        if access and not isinstance(node.unnest(), exp.Anonymous):
            node.replace(exp.EQ(this=self._json.text(access, loose=True), expression=exp.Literal.string("true")))
        else:
            self.visit(node)

    def _logic(self, node: exp.Expr) -> exp.Expr:
        for key in ("this", "expression"):
            if node.args.get(key) is not None:
                self._condition(node.args[key])
        return node

    def _not(self, node: exp.Expr) -> exp.Expr:
        self._condition(node.this)
        return node

    # Comparisons

    def _comparison(self, node: exp.Expr) -> exp.Expr:
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

    def _compared(self, access: Access, other: exp.Expr, node: exp.Expr) -> exp.Expr:
        other = other.unnest()
        if is_number(other):
            return self._json.number(access, other.this if isinstance(other, exp.Neg) else other)
        loose = isinstance(node, exp.EQ) and asserted(node) and isinstance(other, exp.Literal) and other.name != ""
        return self._json.text(access, loose=loose)

    def _other(self, node: exp.Expr) -> exp.Expr:
        inner = node.unnest()
        if isinstance(inner, exp.Boolean):
            return exp.Literal.string("true" if inner.this else "false")
        return self.text(node)

    def _any(self, node: exp.Expr) -> exp.Expr:
        held = node.expression.this.unnest()
        if not isinstance(node, exp.EQ):
            nothing("ANY with anything but =", "Use IN or array_has().")
        if isinstance(held, exp.Query):
            self.visit(held)
            return exp.In(this=self.text(node.this), query=exp.Subquery(this=held.copy()))
        return fragment("has({1}, {0})", self.text(node.this), self.detached(held))

    def _distinct(self, node: exp.Expr) -> exp.Expr:
        """IS DISTINCT FROM. What is not there is distinct from any text but '', which spares a look for the key."""
        access, other = self._json.read(node.this), node.expression.unnest()
        if access and isinstance(other, exp.Literal) and other.is_string and other.name:
            return exp.NEQ(this=self._json.text(access, loose=True), expression=other.copy())
        return self._plain(node, "isDistinctFrom({0}, {1})", node.this, node.expression)

    def _match(self, node: exp.Expr) -> exp.Expr:
        access, other = self._json.read(node.this), node.expression.unnest()
        if (
            access
            and isinstance(node, exp.Like | exp.ILike)
            and not node.args.get("negate")
            and asserted(node)
            and isinstance(other, exp.Literal)
            and other.name.strip("%")
        ):
            # Such a pattern fits nothing that is empty: the key need not be looked for, which took four fifths of the time.
            return type(node)(this=self._json.text(access, loose=True), expression=other.copy())
        left, right = self.text(node.this), self.text(node.expression)
        if isinstance(node, exp.RegexpLike):
            return fragment("match({0}, {1})", left, right)
        if isinstance(node, exp.RegexpILike):
            return fragment("match({0}, concat('(?i)', {1}))", left, right)
        return type(node)(
            this=left, expression=right, negate=node.args.get("negate")
        )  # NOT LIKE is a LIKE that is negated

    def _between(self, node: exp.Expr) -> exp.Expr:
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

    def _in(self, node: exp.Expr) -> exp.Expr:
        assert isinstance(node, exp.In)  # noqa: S101 - for the type checker
        if isinstance(field := node.args.get("unnest"), exp.Expr):
            return fragment("has({1}, {0})", self.text(node.this), self.detached(field.expressions[0]))
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

    def _is(self, node: exp.Expr) -> exp.Expr:
        value, negated = node.expression.unnest(), bool(node.args.get("negate"))
        access = self._json.read(node.this)
        result: exp.Expr
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

    def _contains_all(self, node: exp.Expr) -> exp.Expr:
        if self._json.read(node.this) or (isinstance(node.this, exp.Column) and node.this.name in self._json_names()):
            nothing("@> on JSON", "Compare with attributes->>'key' = 'value'.")
        return self._plain(node, "hasAll({0}, {1})", node.this, node.expression)

    @staticmethod
    def _json_names() -> frozenset[str]:
        return frozenset({"attributes", "otel_resource_attributes", "otel_scope_attributes"})

    def _search(self, node: exp.Expr) -> exp.Expr:
        column, words = node.expressions[0], node.this
        while isinstance(column, exp.Anonymous) and column.name.lower() == "to_tsvector":
            column = column.expressions[-1]
        if (isinstance(words, exp.Anonymous) and words.name.lower().endswith("to_tsquery")) or isinstance(
            words, exp.Anonymous
        ):
            words = words.expressions[-1]
        if not isinstance(words, exp.Literal):
            nothing("@@ with anything but a constant", "Use search(column, 'words').")
        plain = exp.Literal.string(words.name.replace("&", " "))
        return fragment("hasAllTokens(lower({0}), lower({1}))", self.text(column), plain)

    # Numbers, text, time

    def _arithmetic(self, node: exp.Expr) -> exp.Expr:
        if (
            isinstance(node, exp.Add | exp.Sub | exp.Mul)
            and (moved := self.moments.arithmetic(node, self.detached)) is not None
        ):
            return moved
        whole = isinstance(node, exp.Div) and is_integer(node.this) and is_integer(node.expression)
        left, right = (self.number(node.args[side]) for side in ("this", "expression"))
        if whole:
            return fragment("intDiv({0}, {1})", left, right)
        if isinstance(node, exp.Pow):
            return fragment("pow({0}, {1})", left, right)
        return type(node)(this=left, expression=right)

    def number(self, node: exp.Expr) -> exp.Expr:
        access = self._json.read(node)
        return self._json.number(access) if access else self.detached(node)

    def _pipe(self, node: exp.Expr) -> exp.Expr:
        return fragment("concat({0}, {1})", self.text(node.this), self.text(node.expression))

    def _trim(self, node: exp.Expr) -> exp.Expr:
        name = {"LEADING": "trimLeft", "TRAILING": "trimRight"}.get(
            str(node.args.get("position", "")).upper(), "trimBoth"
        )
        characters = [node.expression] if node.args.get("expression") else []
        return self._plain(node, f"{name}({{*}})", node.this, *characters)

    def _extract(self, node: exp.Expr) -> exp.Expr:
        return self.moments.extract(node.this.name, node.expression, self.detached)

    def _at_time_zone(self, node: exp.Expr) -> exp.Expr:
        return self.moments.at_zone(self.detached(node.this), node.args["zone"])

    def _cast(self, node: exp.Expr) -> exp.Expr:  # noqa: C901, PLR0911, PLR0912 - a table of types
        assert isinstance(node, exp.Cast)  # noqa: S101 - for the type checker
        kind, inner = KIND_OF_TYPE.get(node.to.this.name, ""), node.this.unnest()
        if kind == "interval" or (isinstance(inner, exp.Literal) and kind in {"time", "date"}):
            return fragment(
                self.moments.interval(node).sql() if kind == "interval" else self.moments.constant(inner, kind)
            )
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
        raise refused(
            f"A cast to {node.to.sql()} is not available; write int, float, bool, text, numeric, timestamp, date or interval."
        )
