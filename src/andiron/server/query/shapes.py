"""Sources that ClickHouse writes otherwise: unnest(), generate_series(), VALUES, and column names after an alias."""

from sqlglot import exp

from andiron.server.query.grammar import Written, sql
from andiron.server.query.mentions import Mentions
from andiron.server.query.moments import Moments
from andiron.server.query.problems import refused
from andiron.server.query.rewriter import Rewriter

SERIES = frozenset({"generate_series", "range"})


def shape_sources(tree: exp.Expr, moments: Moments, mentions: Mentions) -> None:
    """Shape those of a whole query."""
    for cte in tree.find_all(exp.CTE):
        name_columns(cte)
    for subquery in tree.find_all(exp.Subquery):
        name_columns(subquery)
    for select in list(tree.find_all(exp.Select)):
        from_ = select.args.get("from_")
        for join in select.args.get("joins") or []:
            if isinstance(join.this, exp.Unnest) or is_call(join.this, {"unnest"}):
                flatten(select, join)
        if from_ is not None and (isinstance(from_.this, exp.Unnest) or is_call(from_.this, {"unnest"})):
            array, alias, column = unnested(from_.this)
            Rewriter(mentions, moments).visit(array)
            from_.this.replace(
                Written(
                    text=f'SELECT arrayJoin({sql(array)}) AS "{column}"', alias=exp.to_identifier(alias, quoted=True)
                )
            )
        for holder in [from_, *(select.args.get("joins") or [])]:
            if holder is not None and is_call(holder.this, SERIES):
                series(holder.this, moments, mentions)


def is_call(source: exp.Expr, names: frozenset[str] | set[str]) -> bool:
    """Whether a source is a call of one of these table functions."""
    return (
        isinstance(source, exp.Table) and isinstance(source.this, exp.Anonymous) and source.this.name.lower() in names
    )


def unnested(source: exp.Expr) -> tuple[exp.Expr, str, str]:
    """The array, and the names that its elements go by."""
    array = source.expressions[0] if isinstance(source, exp.Unnest) else source.this.expressions[0]
    alias = source.args.get("alias")
    columns = [column.name for column in alias.columns] if alias is not None else []
    name = alias.name if alias is not None else "unnest"
    return array, name, columns[0] if columns else name


def flatten(select: exp.Select, join: exp.Join) -> None:
    """A join with unnest() is ARRAY JOIN."""
    array, name, column = unnested(join.this)
    for reference in select.find_all(exp.Column):
        if reference.table == name:
            reference.set("table", None)
    side = "LEFT" if join.side == "LEFT" else None
    join.replace(exp.Join(this=exp.alias_(array.copy(), column, quoted=True), kind="ARRAY", side=side))


def series(table: exp.Table, moments: Moments, mentions: Mentions) -> None:
    """generate_series() of numbers or of times."""
    arguments = table.this.expressions
    alias = table.args.get("alias")
    name = alias.name if alias is not None else "generate_series"
    column = alias.columns[0].name if alias is not None and alias.columns else name
    rewriter = Rewriter(mentions, moments)
    if len(arguments) not in {2, 3}:
        raise refused("generate_series() needs a start, an end and, for times, a step.")
    if len(arguments) == 3 and moments.is_interval(arguments[2]):
        step = moments.interval(arguments[2])
        if step.months or step.microseconds <= 0:
            raise refused("generate_series() needs a step of fixed length, such as interval '1 hour'.")
        ends = [moments.literal(argument) or sql(rewriter.detached(argument)) for argument in arguments[:2]]
        first, last = (f"toUnixTimestamp64Micro(toDateTime64({end}, 6, 'UTC'))" for end in ends)
        count = f"toUInt64(greatest(0, intDiv({last} - {first}, {step.microseconds}) + 1))"
        value = f"fromUnixTimestamp64Micro(toInt64({first} + number * {step.microseconds}), 'UTC')"
        text = f'SELECT {value} AS "{column}" FROM numbers({count})'
    else:
        first, last, *steps = (sql(rewriter.detached(argument)) for argument in arguments)
        end = f"({last}) - 1" if table.this.name.lower() == "range" else last  # range() stops before its end
        numbers = ", ".join((first, end, *steps))
        text = f'SELECT generate_series AS "{column}" FROM generate_series({numbers})'
    table.replace(Written(text=text, alias=exp.to_identifier(name, quoted=True)))


def name_columns(holder: exp.Expr) -> None:
    """`AS t(a, b)` names the outputs of the query within."""
    alias = holder.args.get("alias")
    if alias is None or not alias.columns:
        return
    inner = holder.this
    while isinstance(inner, exp.SetOperation):
        inner = inner.this
    if isinstance(inner, exp.Select) and len(inner.selects) == len(alias.columns):
        for projection, column in zip(list(inner.selects), alias.columns, strict=True):
            projection.replace(exp.alias_(projection.unalias().copy(), column.name, quoted=True))
        alias.set("columns", None)
