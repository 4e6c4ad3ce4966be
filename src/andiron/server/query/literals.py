"""What can be known of an expression by looking at it: levels, numbers, types, and where it stands."""

from typing import NoReturn

from sqlglot import exp

from andiron.server.query.functions import INTEGERS
from andiron.server.query.problems import refused

LEVELS = {"trace": 1, "debug": 5, "info": 9, "notice": 10, "warn": 13, "warning": 13, "error": 17, "fatal": 21}

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


def nothing(what: str, instead: str = "") -> NoReturn:
    """Refuse `what`, and say what to do instead."""
    raise refused(f"{what} is not available in queries. {instead}".strip(), what)


def is_level(node: exp.Expr) -> bool:
    """Whether it is the column of levels."""
    node = node.unnest()
    return isinstance(node, exp.Column) and node.name == "level"


def level_literal(node: exp.Expr) -> int | None:
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


def is_number(node: exp.Expr) -> bool:
    """Whether it is a number as it stands."""
    node = node.unnest()
    if isinstance(node, exp.Neg):
        node = node.this
    return isinstance(node, exp.Literal) and not node.is_string


def is_integer(node: exp.Expr) -> bool:  # noqa: PLR0911 - a table of cases
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


def asserted(node: exp.Expr) -> bool:
    """Whether only the rows matter for which `node` is true, so that false will do for NULL."""
    parent = node.parent
    while isinstance(parent, exp.And | exp.Or | exp.Paren):
        parent = parent.parent
    return isinstance(parent, exp.Where)
