"""Moves conditions, limits and joins of a query to the sources of its relations, in words that ClickHouse's indexes understand."""

from sqlglot import exp

from andiron.server.query.grammar import Fragment, Native, Written, sql
from andiron.server.query.mentions import Mention, Mentions, sources
from andiron.server.store.quoting import literal

CHEAP = frozenset(
    {
        "kind",
        "start_timestamp",
        "end_timestamp",
        "duration",
        "day",
        "created_at",
        "recorded_timestamp",
        "trace_id",
        "span_id",
    }
    | {"parent_span_id", "span_name", "level", "service_name", "project_id"}
)
"""Columns so narrow that finding the first rows before reading them gains nothing."""

ONLY_IN = {
    "duration": frozenset({"span"}),
    "log_body": frozenset({"log"}),
    "otel_status_code": frozenset({"span", "pending_span"}),
    "otel_status_message": frozenset({"span", "pending_span"}),
}
"""Columns that are NULL in all other branches."""

KINDS = {
    "span": frozenset({"span"}),
    "log": frozenset({"span", "log"}),
    "span_event": frozenset({"span_event"}),
    "pending_span": frozenset({"pending_span"}),
}
"""The branches that rows of each kind come from: a log of Logfire's SDK travels as a span."""

PLAIN = (
    exp.Column,
    exp.Identifier,
    exp.Literal,
    exp.Boolean,
    exp.Paren,
    exp.Like,
    exp.ILike,
    exp.EQ,
    exp.GT,
    exp.GTE,
    exp.LT,
    exp.LTE,
)
"""What is never true of a NULL."""

EVENT_LEVEL = 9

FEW = 1000
"""Up to so many rows it pays to look for their times first."""
MANY = 10_000
"""Up to so many rows it pays that each source sorts its own."""


def conjuncts(where: exp.Where | None) -> list[exp.Expr]:
    """The conditions that AND joins."""
    if where is None:
        return []
    top = where.this.unnest()
    return (
        [part.unnest() if isinstance(part, exp.Paren) else part for part in top.flatten()]
        if isinstance(top, exp.And)
        else [top]
    )


def plan(select: exp.Select, mentions: Mentions) -> None:
    """Move what can be asked at the source there."""
    here = dict(sources(select))
    joins = select.args.get("joins") or []
    outer = any(join.side in {"RIGHT", "FULL"} for join in joins)
    movable = {}
    for name, source in here.items():
        mention = mentions.of(source)
        joined = next((join for join in joins if join.this is source), None)
        if (
            mention
            and not outer
            and (joined is None or not joined.side)
            and not (joined and joined.args.get("kind") == "ARRAY")
        ):
            movable[name] = mention
    kept = []
    for condition in conjuncts(select.args.get("where")):
        if isinstance(condition, exp.Boolean) and condition.this:
            continue
        owners = {id(mentions.owner(column)): mentions.owner(column) for column in condition.find_all(exp.Column)}
        owner = next(iter(owners.values())) if len(owners) == 1 else None
        if owner is None or owner not in movable.values() or not stays_true(condition):
            kept.append(condition)
            continue
        ask(owner, condition)
    spread(select, here, mentions)
    if select.args.get("where") is not None:
        select.set("where", exp.Where(this=exp.and_(*kept, copy=False, dialect=Native)) if kept else None)
    if not kept and len(here) == 1 and movable:
        nearest(select, next(iter(movable.values())), mentions)


def spread(select: exp.Select, here: dict[str, exp.Expr], mentions: Mentions) -> None:
    """What a join equates with a constant is that constant on both sides: a trace joined with itself is read once by its id."""
    for join in select.args.get("joins") or []:
        on = join.args.get("on")
        if on is None or join.side in {"RIGHT", "FULL"}:
            continue
        target = mentions.of(join.this)
        for equality in conjuncts(exp.Where(this=on.copy())):
            if target is None or not isinstance(equality, exp.EQ):
                continue
            sides = [
                side for side in (equality.this, equality.expression) if isinstance(side, exp.Column) and side.table
            ]
            if len(sides) != 2:
                continue
            for mine, other in (sides, sides[::-1]):
                source = mentions.of(here.get(other.table))
                if (
                    mine.table == target.name
                    and source
                    and source is not target
                    and (value := source.equal.get(other.name))
                ):
                    ask(target, exp.EQ(this=exp.column(mine.name, quoted=True), expression=value.copy()))


def stays_true(condition: exp.Expr) -> bool:
    """Whether a condition says the same at the source: no other query in it, and no chance."""
    if condition.find(exp.Query, exp.Window, Written):
        return False
    return not any(
        word in fragment.args["template"]
        for fragment in condition.find_all(Fragment)
        for word in ("arrayJoin", "rand", "UUID")
    ) and not any(
        call.name.lower().startswith(("rand", "arrayjoin", "generateuuid"))
        for call in condition.find_all(exp.Anonymous)
    )


def ask(mention: Mention, condition: exp.Expr) -> None:
    """Have the source of `mention` answer only what passes `condition`."""
    moved = condition.copy()
    columns = list(moved.find_all(exp.Column))
    for column in columns:
        column.set("table", None)
    named = {column.name for column in columns}
    imply(mention, moved, named)
    if (words := searched(moved)) is not None:
        mention.words.append(words)
        return
    text = sql(moved)
    mention.conditions.append(text)
    series = mention.relation.series
    if named <= {*series, *(step for step in mention.steps if of_series(mention, step))} and series:
        mention.series.append(text)


def searched(condition: exp.Expr) -> str | None:
    """The words that a search in the bodies of logs is for, where the index knows them."""
    if not condition.args.get("template", "").startswith("hasAllTokens"):
        return None
    place, words = condition.expressions
    if not (isinstance(place, exp.Column) and place.name == "log_body" and isinstance(words, exp.Literal)):
        return None
    return f"lower({sql(words)})"


def of_series(mention: Mention, step: str) -> bool:
    """Whether a step only looks at attributes; they are all of the series."""
    return mention.relation.series != frozenset() and step in mention.steps


def imply(mention: Mention, condition: exp.Expr, named: set[str]) -> None:  # noqa: C901 - a list of rules
    """Draw conclusions that lead ClickHouse's indexes or spare a branch."""
    left, right = condition.args.get("this"), condition.args.get("expression")
    if isinstance(left, exp.Column) and left.name == mention.relation.time:
        bound(mention, condition)
    if isinstance(condition, exp.EQ) and isinstance(left, exp.Column) and isinstance(right, exp.Literal):
        mention.equal[left.name] = right
        if left.name == "trace_id" and right.is_string:
            mention.trace_id = literal(right.name)
        if left.name == "kind":
            mention.narrow(KINDS.get(right.name, frozenset()))
    if isinstance(condition, exp.In) and isinstance(left, exp.Column) and left.name == "kind":
        values = [value.name for value in condition.expressions if isinstance(value, exp.Literal)]
        if len(values) == len(condition.expressions) and values:
            mention.narrow(frozenset[str]().union(*(KINDS.get(value, frozenset()) for value in values)))
    if mention.relation.name == "metrics":
        return
    if isinstance(condition, exp.Column) and condition.name == "is_exception":
        mention.narrow(frozenset({"span", "log"}))
    if isinstance(condition, exp.GT | exp.GTE | exp.EQ) and isinstance(left, exp.Column) and left.name == "level":
        least = int(right.name) if isinstance(right, exp.Literal) and right.is_int else 0
        if least > EVENT_LEVEL:
            mention.narrow(frozenset({"span", "log", "pending_span"}))
    template = condition.args.get("template", "")
    if all(isinstance(node, PLAIN) or (isinstance(node, Fragment) and template) for node in condition.walk()):
        for column in named & ONLY_IN.keys():
            mention.narrow(ONLY_IN[column])


def bound(mention: Mention, condition: exp.Expr) -> None:
    """Turn a condition on the relation's time into bounds on the native one, which is finer by three digits."""
    sides = [condition.args.get("expression"), condition.args.get("low"), condition.args.get("high")]
    if any(side is not None and side.find(exp.Column, exp.Query) for side in sides):
        return
    texts = [sql(side) if side is not None else "" for side in sides]
    pad = " + toIntervalMicrosecond(1)"
    match condition:
        case exp.GT() | exp.GTE():
            mention.since.append(texts[0])
        case exp.LT() | exp.LTE():
            mention.until.append(texts[0] + pad)
        case exp.EQ():
            mention.since.append(texts[0])
            mention.until.append(texts[0] + pad)
        case exp.Between():
            mention.since.append(texts[1])
            mention.until.append(texts[2] + pad)


def nearest(select: exp.Select, mention: Mention, mentions: Mentions) -> None:
    """For the first N by time, have the source find them before it reads their wide columns: 2.3 s became 0.2 s."""
    order, limit = select.args.get("order"), select.args.get("limit")
    if order is None or not isinstance(limit, exp.Limit) or mention.trace_id:
        return
    if any(select.args.get(clause) for clause in ("group", "having", "distinct", "qualify", "windows")):
        return
    first = order.expressions[0]
    key = first.this
    if isinstance(key, exp.Literal) and key.is_int and 0 < int(key.name) <= len(select.selects):
        key = select.selects[int(key.name) - 1].unalias()
    if not (isinstance(key, exp.Column) and key.name == mention.relation.time and mentions.owner(key) is mention):
        return
    if not all(stays_true(projection) for projection in select.selects):
        return
    offset = select.args.get("offset")
    counts = [limit.expression, *([offset.expression] if offset else [])]
    if all(isinstance(count, exp.Literal) and count.is_int for count in counts):
        rows = sum(int(count.name) for count in counts)
        mention.ties = len(order.expressions) > 1
        narrow = mention.columns <= CHEAP | {mention.relation.time}
        twice = mention.ties or mention.relation.name == "metrics"
        if rows <= (FEW if twice else MANY) and not (twice and narrow):
            mention.latest = ("DESC" if first.args.get("desc") else "ASC", rows)
