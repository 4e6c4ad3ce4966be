"""JSON access: `attributes->>'key'` becomes a look into one bucket of a map, and deeper paths a look into its text."""

from dataclasses import dataclass

from sqlglot import exp

from andiron.server.query.grammar import Fragment, fragment, sql
from andiron.server.query.mentions import Mention, Mentions
from andiron.server.query.problems import refused
from andiron.server.query.relations import JSON
from andiron.server.store.quoting import literal

ARROWS = (exp.JSONExtract, exp.JSONExtractScalar, exp.JSONBExtract, exp.JSONBExtractScalar)
SCALARS = (exp.JSONExtractScalar, exp.JSONBExtractScalar)

GETTERS = {
    "json_get": "value",
    "json_as_text": "text",
    "json_get_str": "text",
    "json_get_int": "int",
    "json_get_float": "float",
    "json_get_bool": "bool",
    "json_get_json": "value",
    "json_get_array": "value",
    "json_contains": "has",
    "jsonb_exists": "has",
    "json_extract_path": "value",
    "jsonb_extract_path": "value",
    "json_extract_path_text": "text",
    "jsonb_extract_path_text": "text",
    "json_typeof": "type",
    "jsonb_typeof": "type",
}

CASTS = {
    "int": "toInt64OrNull({0})",
    "float": "toFloat64OrNull({0})",
    "bool": "multiIf(lower({0}) IN ('true', 't', '1'), true, lower({0}) IN ('false', 'f', '0'), false, NULL)",
}

TEXT = "multiIf(JSONType({0}{p}) = 'String', JSONExtractString({0}{p}), JSONType({0}{p}) = 'Null', NULL, JSONExtractRaw({0}{p}))"

EXACT = 2**53


@dataclass(frozen=True)
class Access:
    """A place in a JSON document."""

    base: exp.Expr
    path: tuple[exp.Expr, ...]
    mention: Mention | None


class Accesses:
    """Finds them in a query and writes them."""

    def __init__(self, mentions: Mentions) -> None:
        self._mentions = mentions

    def read(self, node: exp.Expr) -> Access | None:
        """The place that `node` names, or None where it is no JSON access."""
        node = node.unnest()
        path: list[exp.Expr] = []
        if isinstance(node, exp.Anonymous) and GETTERS.get(node.name.lower()) in {"value", "text"} and node.expressions:
            return self._from(node.expressions[0], node.expressions[1:])
        while isinstance(node, ARROWS):
            if isinstance(node, exp.JSONBExtract | exp.JSONBExtractScalar):
                path[:0] = [exp.Literal.string(part.strip()) for part in node.expression.name.strip("{}").split(",")]
            else:
                path.insert(0, node.expression)
            node = node.this.unnest()
        return self._from(node, path) if path else None

    def _from(self, base: exp.Expr, path: list[exp.Expr]) -> Access:
        inner = self.read(base)
        if inner:
            return Access(inner.base, (*inner.path, *path), inner.mention)
        base = base.unnest()
        while isinstance(base, exp.Cast) and base.to.is_type("json", "jsonb"):
            base = base.this.unnest()
        mention = self._mentions.owner(base) if isinstance(base, exp.Column) else None
        if isinstance(base, exp.Column) and mention and base.name not in JSON:
            raise refused(
                f"{base.name} is no JSON: only {', '.join(sorted(JSON & set(mention.relation.columns)))} can be looked into with -> and ->>."
            )
        for step in path:
            if isinstance(step, exp.Binary):
                raise refused(
                    f"Put brackets around the JSON access: ({base.sql()}->{step.left.sql()}) before what follows it."
                )
        return Access(base, tuple(path), mention)

    def text(self, access: Access, *, loose: bool = False) -> exp.Expr:
        """The text there, NULL where nothing is. `loose`: '' will do for nothing."""
        if (step := self._step(access, loose=loose and len(access.path) == 1)) is None:
            return deeper(access.base.copy(), access.path, TEXT)
        return deeper(step, access.path[1:], TEXT)

    def value(self, access: Access) -> exp.Expr:
        """The JSON there."""
        if len(access.path) == 1 and (found := self._map(access)):
            mention, text, types, key = found
            nested = f"if(has(_nested(_json_schema), {key}) AND isValidJSON({text}[{key}]), {text}[{key}], "
            typed = f"_value({text}[{key}], JSONExtractString({types}, {key}))"
            whole = f"{nested}{typed})" if text == "_attributes" else typed
            result: exp.Expr = self._column(mention, f"if(mapContains({text}, {key}), {whole}, NULL)", "j", access)
        else:
            step = self._step(access, loose=False)
            rest = access.path[1:] if step is not None else access.path
            result = deeper(
                step if step is not None else access.base.copy(), rest, "nullIf(JSONExtractRaw({0}{p}), '')"
            )
        result.meta["json"] = True
        return result

    def has(self, access: Access) -> exp.Expr:
        """Whether anything is there."""
        if len(access.path) == 1 and (found := self._map(access)):
            mention, text, _, key = found
            return self._column(mention, f"CAST(mapContains({text}, {key}) AS Bool)", "h", access)
        step = self._step(access, loose=False)
        rest = access.path[1:] if step is not None else access.path
        return deeper(step if step is not None else access.base.copy(), rest, "toBool(ifNull(JSONHas({0}{p}), false))")

    def number(self, access: Access, literal: exp.Expr | None = None) -> exp.Expr:
        """The number there; exact where it is compared with an integer that a double cannot hold."""
        large = isinstance(literal, exp.Literal) and literal.is_int and abs(int(literal.name)) > EXACT
        return fragment(CASTS["int" if large else "float"], self.text(access, loose=True))

    def cast(self, access: Access, kind: str) -> exp.Expr:
        """What is there as `int`, `float` or `bool`."""
        return fragment(CASTS[kind], self.text(access, loose=True))

    def kind(self, access: Access) -> exp.Expr:
        """The JSON type of what is there, in PostgreSQL's words."""
        value = self.value(access) if access.path else access.base.copy()
        names = "['Object', 'Array', 'String', 'Int64', 'UInt64', 'Double', 'Bool', 'Null']"
        words = "['object', 'array', 'string', 'number', 'number', 'number', 'boolean', 'null']"
        return fragment(
            f"if(isNull({{0}}), NULL, transform(toString(JSONType(assumeNotNull({{0}}))), {names}, {words}, 'number'))",
            value,
        )

    def _map(self, access: Access) -> tuple[Mention, str, str, str] | None:
        mention, base = access.mention, access.base
        first = access.path[0] if access.path else None
        if (
            mention is None
            or not isinstance(base, exp.Column)
            or not isinstance(first, exp.Literal)
            or not first.is_string
        ):
            return None
        if base.name not in mention.relation.maps:
            return None
        text, types = mention.relation.maps[base.name]
        return mention, text, types, literal(first.name)

    def _step(self, access: Access, *, loose: bool) -> exp.Expr | None:
        if (found := self._map(access)) is None:
            return None
        mention, text, _, key = found
        if loose:
            return self._column(mention, f"{text}[{key}]", "k", access)
        return self._column(mention, f"if(mapContains({text}, {key}), {text}[{key}], NULL)", "t", access)

    def _column(self, mention: Mention, expression: str, prefix: str, access: Access) -> exp.Column:
        assert isinstance(access.base, exp.Column)  # noqa: S101 - _map has seen it
        name = mention.step(expression, prefix)
        return exp.column(name, table=access.base.table or None, quoted=True)


def deeper(base: exp.Expr, path: tuple[exp.Expr, ...], template: str) -> exp.Expr:
    """The template at a path within a JSON text."""
    if not path:
        return base
    return Fragment(template=template.replace("{p}", "".join(f", {place(step)}" for step in path)), expressions=[base])


def place(step: exp.Expr) -> str:
    """One step of a path: a key, or a position counted from 0, as ClickHouse counts from 1."""
    step = step.unnest()
    if isinstance(step, exp.Neg):
        return f"-{step.this.name}"
    if isinstance(step, exp.Literal):
        # A position as a text, as in '{items,0}', is a key of an object as well: positions only, if it is a number.
        if not step.is_string:
            return str(int(step.name) + 1)
        return literal(step.name).replace("{", "\\x7B").replace("}", "\\x7D")
    return sql(step).replace("{", "\\x7B").replace("}", "\\x7D")
