"""Which outputs of a query are JSON, followed through subqueries and WITH."""

from collections.abc import Iterator

from sqlglot import exp

from andiron.server.query.mentions import Mentions, sources
from andiron.server.query.relations import JSON


def json_columns(select: exp.Expr, mentions: Mentions, depth: int = 8) -> list[bool]:
    """For each output of a query, whether its text is JSON."""
    while isinstance(select, exp.SetOperation | exp.Subquery):
        select = select.this
    if not isinstance(select, exp.Select) or not depth:
        return []
    return [is_json(projection.unalias(), select, mentions, depth) for projection in select.selects]


def is_json(expression: exp.Expr, select: exp.Select, mentions: Mentions, depth: int) -> bool:
    """Whether an expression delivers JSON text."""
    if expression.meta.get("json"):
        return True
    if not isinstance(expression, exp.Column):
        return False
    owner = mentions.owner(expression)
    if owner:
        step = owner.steps.get(expression.name, "")
        return expression.name in JSON or (isinstance(step, str) and step.startswith("/* json */"))
    here = dict(sources(select))
    source = (
        here.get(expression.table) if expression.table else next(iter(here.values()), None) if len(here) == 1 else None
    )
    query: exp.Expr | None = source.this if isinstance(source, exp.Subquery) else None
    if isinstance(source, exp.Table):
        query = next((cte.this for cte in ctes(source) if cte.alias == source.name), None)
    if query is None:
        return False
    inner = query
    while isinstance(inner, exp.SetOperation | exp.Subquery):
        inner = inner.this
    names = [projection.alias_or_name for projection in inner.selects] if isinstance(inner, exp.Select) else []
    flags = json_columns(inner, mentions, depth - 1)
    return expression.name in names and len(flags) == len(names) and flags[names.index(expression.name)]


def ctes(node: exp.Expr) -> Iterator[exp.CTE]:
    """The WITH clauses in sight of `node`."""
    parent = node.parent
    while parent is not None:
        if (with_ := parent.args.get("with_")) is not None:
            yield from with_.expressions
        parent = parent.parent
