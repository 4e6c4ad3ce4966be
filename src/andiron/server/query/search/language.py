"""The search language: what is typed into the search box → a condition on `records_all`, in Logfire's dialect.

Terms are read in terms.py, keys are known in keys.py, SQL is written in conditions.py. docs/search.md is for people.
"""

import re
from collections.abc import Container

from andiron.server.query.search.conditions import Writer
from andiron.server.query.search.keys import COLUMNS, ConventionalResource, known
from andiron.server.query.search.terms import LONGEST, Reader, SearchProblem, problem

__all__ = ["SearchProblem", "condition"]

EVERYTHING = "true"
WHERE = re.compile(r"\s*WHERE\s", re.IGNORECASE)
SQL_SIGNS = re.compile(
    r"\s(?:=|<>|!=|<|>|<=|>=|~\*?|\?|@@)\s|->|\b(?:NOT\s+)?IN\s*\(|\bIS\s+(?:NOT\s+)?NULL\b|\b(?:I?LIKE|BETWEEN)\s|\w\(",
    re.IGNORECASE,
)
CONVENTIONAL = ConventionalResource()


def condition(text: str, resource: Container[str] = CONVENTIONAL) -> str:
    """The condition that `text` means; `true` for no text. `resource` holds keys that the resource may have too."""
    if len(text) > LONGEST:
        # SQL too: a megabyte of it is read for a minute.
        raise problem(text, LONGEST, len(text), f"The search is longer than {LONGEST:,} characters.")
    text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", " ")
    if found := WHERE.match(text):
        return of_sql(text, found.end(), certain=True)
    if SQL_SIGNS.search(text) and (written := of_sql(text, 0, certain=False)):
        return written
    term = Reader(text, known).read()
    return EVERYTHING if term is None else Writer(text, resource).write(term).sql


def of_sql(text: str, start: int, *, certain: bool) -> str:
    """A condition that was written in SQL; empty where it is none and nobody said so."""
    from sqlglot import ErrorLevel, exp
    from sqlglot import parse as parsed
    from sqlglot.errors import ParseError, SqlglotError

    from andiron.server.query.grammar import Logfire

    try:
        trees = parsed(f"SELECT 1 WHERE ({text[start:]}\n)", dialect=Logfire, error_level=ErrorLevel.IMMEDIATE)
        tree = trees[0] if len(trees) == 1 else None
        where = tree.args.get("where") if isinstance(tree, exp.Select) else None
        inner = where.this if where is not None else None
        whole = isinstance(tree, exp.Select) and {name for name, value in tree.args.items() if value} <= {
            "expressions",
            "where",
            "kind",
        }
        if not whole or not isinstance(inner, exp.Paren):
            raise ParseError("A condition is expected after WHERE, as in WHERE level >= 'error'.")
        if not certain and not plausible(inner):
            return ""
        written: str = inner.this.sql(dialect=Logfire, comments=False, normalize_functions=False)
        return written
    except RecursionError:
        detail, at = "The SQL is nested too deeply.", None
    except SqlglotError as error:
        first = error.errors[0] if isinstance(error, ParseError) and error.errors else {}
        detail, at = first.get("description") or str(error).splitlines()[0], first.get("highlight")
    if not certain:
        return ""
    begin = text.rfind(at, start) if at else start
    begin, end = (begin, begin + len(at)) if at and begin >= 0 else (start, len(text))
    raise problem(text, begin, max(end, begin), f"The SQL after WHERE cannot be read: {detail}")


def plausible(tree: "object") -> bool:
    """Whether it is SQL and not prose with a sign in it: it compares, and names columns that there are."""
    from sqlglot import exp

    assert isinstance(tree, exp.Expression)  # noqa: S101 - for the type checker, which must not import sqlglot
    columns = list(tree.find_all(exp.Column))
    return (
        bool(columns)
        and all(found.name.lower() in COLUMNS and not found.table for found in columns)
        and not tree.find(exp.Alias)
        and tree.find(exp.Predicate, exp.Anonymous, exp.Func) is not None
    )
