"""What a query may do: read, once, from the tables of its own project, with functions that only compute.

Everything is an allow list, so that what a new ClickHouse or sqlglot brings is refused until someone has looked at it.
"""

import re
from collections.abc import Iterator

from sqlglot import exp

from andiron.server.query import catalog
from andiron.server.query.functions import allowed, native, native_by_lower
from andiron.server.query.grammar import sql
from andiron.server.query.problems import near, refused

CLAUSES = frozenset(
    {
        "with_",
        "expressions",
        "from_",
        "joins",
        "where",
        "prewhere",
        "group",
        "having",
        "qualify",
        "order",
        "limit",
        "offset",
    }
    | {
        "distinct",
        "windows",
        "kind",
        "operation_modifiers",
        "by_name",
        "this",
        "expression",
        "alias",
        "sample",
        "limit_by",
    }
)

NODES: tuple[type[exp.Expr], ...] = (
    exp.Query, exp.With, exp.CTE, exp.From, exp.Join, exp.Where, exp.PreWhere, exp.Group, exp.Having, exp.Qualify, exp.Order,
    exp.Ordered, exp.Limit, exp.Fetch, exp.Offset, exp.Distinct, exp.Window, exp.WindowSpec, exp.Table, exp.TableAlias,
    exp.TableSample, exp.Final, exp.Column, exp.Dot, exp.Identifier, exp.Star, exp.Alias, exp.Paren, exp.Tuple,
    exp.Literal, exp.Boolean, exp.Null, exp.DataType, exp.DataTypeParam, exp.Interval, exp.Var, exp.Binary, exp.Unary,
    exp.Func, exp.Predicate, exp.Lambda, exp.Bracket, exp.Slice, exp.Filter, exp.WithinGroup, exp.AtTimeZone, exp.Any, exp.All,
    exp.Values, exp.Unnest, exp.Parameter, exp.ByteString, exp.National, exp.RawString, exp.Escape, exp.Cube, exp.Rollup,
    exp.GroupingSets, exp.WithFill, exp.Kwarg, exp.PropertyEQ, exp.When, exp.If,
)  # fmt: skip

SHAPES: tuple[type[exp.Expr], ...] = (
    exp.And, exp.Or, exp.Xor, exp.Not, exp.Case, exp.If, exp.Cast, exp.TryCast, exp.Extract, exp.Array, exp.Exists, exp.Like,
    exp.ILike, exp.RegexpLike, exp.RegexpILike, exp.Values, exp.Unnest, exp.Trim, exp.CurrentTimestamp, exp.CurrentDate,
    exp.Localtimestamp, exp.Interval, exp.Concat, exp.DPipe, exp.Distinct,
)  # fmt: skip
"""Calls that have a form of their own instead of a name and brackets."""

READABLE = "records, records_all, metrics, otel_traces, otel_logs, otel_metrics_gauge, … (SHOW TABLES lists all)"

TABLE_FUNCTIONS = frozenset({"numbers", "generate_series", "generateseries", "range", "unnest", "values"})

STATEMENTS = frozenset(
    {
        "INSERT",
        "UPDATE",
        "DELETE",
        "CREATE",
        "DROP",
        "ALTER",
        "TRUNCATE",
        "MERGE",
        "COPY",
        "SET",
        "RESET",
        "USE",
        "GRANT",
        "REVOKE",
    }
    | {
        "KILL",
        "ATTACH",
        "DETACH",
        "OPTIMIZE",
        "SYSTEM",
        "RENAME",
        "EXCHANGE",
        "BEGIN",
        "COMMIT",
        "ROLLBACK",
        "ANALYZE",
        "VACUUM",
    }
    | {
        "SHOW",
        "CALL",
        "DO",
        "EXECUTE",
        "PREPARE",
        "LISTEN",
        "LOCK",
        "BACKUP",
        "RESTORE",
        "UNDROP",
        "WATCH",
        "CHECK",
        "EXISTS",
    }
)


def first_word(text: str) -> None:
    """Refuse statements by the word that they begin with."""
    word = re.match(r"\w*", text)
    if word and word[0].upper() in STATEMENTS:
        raise refused(
            f"{word[0].upper()} is not possible: queries only read. Write SELECT, EXPLAIN, DESCRIBE or SHOW TABLES.",
            word[0],
        )


def only_reads(tree: exp.Expr) -> None:
    """Refuse whatever is not one query made of known parts."""
    if not isinstance(tree, exp.Query):
        raise refused(f"{shortened(tree)} is no query; write a SELECT, EXPLAIN, DESCRIBE or SHOW TABLES.")
    for node in tree.walk():
        if isinstance(node, exp.Query):
            for clause, value in node.args.items():
                if value and clause not in CLAUSES:
                    raise refused(f"{word_for(clause)} is not possible in a query here; leave it out.")
        elif isinstance(node, exp.Placeholder):
            raise refused("Parameters have to be filled in before the query is sent; only $resolution is known here.")
        elif not isinstance(node, NODES):
            raise refused(f"{type(node).__name__} ({shortened(node)}) is not possible in a query here.")
        if isinstance(node, exp.Table) and node.args.get("pivots"):
            raise refused("PIVOT is not possible here; use FILTER (WHERE …).")


def word_for(clause: str) -> str:
    """The clause as it is written."""
    words = {"settings": "SETTINGS", "format": "FORMAT", "into": "INTO", "locks": "FOR UPDATE", "laterals": "LATERAL"}
    return words.get(clause, clause.strip("_").upper())


def shortened(node: exp.Expr) -> str:
    """The beginning of a node's text."""
    text = node.sql()
    return text if len(text) <= 40 else text[:40] + "…"


def visible_ctes(node: exp.Expr) -> Iterator[str]:
    """Names that WITH has given around `node`."""
    parent = node.parent
    while parent is not None:
        with_ = parent.args.get("with_")
        if with_ is not None:
            for cte in with_.expressions:
                yield cte.alias
        parent = parent.parent


def table_name(table: exp.Table, database: str) -> str:
    """The name of one of the project's tables, `information_schema.…`, or empty for what WITH has named."""
    if not isinstance(table.this, exp.Identifier):
        return ""
    name, qualifier = table.name, ".".join(part.name for part in table.parts[:-1])
    if not qualifier and name.lower() in {cte.lower() for cte in visible_ctes(table)}:
        return ""
    if qualifier.lower() == "information_schema" and name.lower() in {"tables", "columns"}:
        return f"information_schema.{name.lower()}"
    known = catalog.tables()
    if qualifier and qualifier not in {database, "public"}:
        raise refused(
            f"The table {qualifier}.{name} is out of reach: a query reads the tables of its own project, named without a database: "
            f"{READABLE}.",
            name,
        )
    if name not in known and name.lower() in known:
        name = name.lower()
    if name not in known:
        raise refused(f"There is no table {name}.{near(name, known)} A query may read {READABLE}.", name)
    return name


def function_name(node: exp.Func) -> str:
    """How a call is written in ClickHouse; empty for what has a form of its own."""
    if isinstance(node, exp.Anonymous | exp.AnonymousAggFunc | exp.CombinedAggFunc | exp.ParameterizedAgg):
        return str(node.this if isinstance(node.this, str) else node.name)
    if isinstance(node, SHAPES):
        return ""
    written = sql(node)
    head = written.partition("(")[0]
    return head if head.isidentifier() else type(node).__name__


def check_function(name: str) -> str:
    """ClickHouse's spelling of a function that a query may call."""
    found = allowed(name)
    if found is None:
        raise refused(
            f"The function {name} is not available in queries.{near(name, native() | native_by_lower().keys())} "
            "Functions that reach files, the network, other tables, settings or the server are refused.",
            name,
        )
    return found


def check_native(tree: exp.Expr) -> None:
    """Functions and memberships of a query in ClickHouse's own dialect."""
    for node in tree.walk():
        if isinstance(node, exp.Func) and not isinstance(node.parent, exp.Table) and (name := function_name(node)):
            spelled = check_function(name)
            if isinstance(node, exp.Anonymous) and spelled != name:
                node.set("this", spelled)
        if isinstance(node, exp.In):
            check_membership(node)
        if isinstance(node, exp.Parameter | exp.Placeholder):
            raise refused("Parameters have to be filled in before the query is sent.")


def check_membership(node: exp.In) -> None:
    """`x IN name` reads a table of that name in ClickHouse: refuse it, and keep `x IN (column)` from meaning it."""
    if node.args.get("field") is not None:
        raise refused(f"IN needs a list or a query in brackets, as in IN ('a', 'b'); {shortened(node)} has neither.")
    values = node.expressions
    if len(values) == 1 and isinstance(values[0], exp.Column | exp.Identifier | exp.Dot):
        node.replace(exp.EQ(this=node.this, expression=values[0]))


def check_table_function(table: exp.Table) -> None:
    """Refuse table functions but those that make numbers."""
    call = table.this
    name = (
        call.name
        if isinstance(call, exp.Anonymous)
        else call.sql_names()[0]
        if isinstance(call, exp.Func)
        else type(call).__name__
    )
    if name.lower() not in TABLE_FUNCTIONS:
        raise refused(
            f"The table function {name}() is out of reach: a query reads the tables of its own project, and "
            "numbers(), generate_series(), unnest() or VALUES.",
            name,
        )
