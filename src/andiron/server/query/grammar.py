"""The two SQL dialects that are read and the one that is written, as sqlglot knows them.

Importing this module imports sqlglot (25 MB): it is imported when the first question comes.
"""

import re
from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.dialects.clickhouse import ClickHouse
from sqlglot.dialects.postgres import Postgres
from sqlglot.generators.clickhouse import ClickHouseGenerator
from sqlglot.parser import build_json_extract, build_json_extract_scalar
from sqlglot.parsers.postgres import PostgresParser
from sqlglot.tokenizer_core import TokenType

from andiron.server.store.quoting import literal


class Logfire(Postgres):
    """PostgreSQL's grammar, every function call as it was written: what they mean is decided in functions.py."""

    class Parser(PostgresParser):
        FUNCTIONS: ClassVar[dict[str, Any]] = {}
        LAMBDAS: ClassVar[dict[Any, Any]] = {}  # f(attributes -> 'key') is a place in JSON
        JSON_OPERATORS: ClassVar[dict[Any, Any]] = {
            **PostgresParser.JSON_OPERATORS,
            TokenType.ARROW: build_json_extract,
            TokenType.DARROW: build_json_extract_scalar,
        }

    def to_json_path(self, path: exp.Expr | None) -> exp.Expr | None:
        """Leave keys as they are: `attributes->>'a.b'` means the key a.b, not a path."""
        return path


class Fragment(exp.Expression):
    """ClickHouse SQL of our own, with checked expressions in its places: `{0}`, `{1}`, or `{*}` for all of them."""

    arg_types: ClassVar[dict[str, bool]] = {"template": True, "expressions": False}


class Written(exp.Expression):
    """A finished subquery that stands for a table."""

    arg_types: ClassVar[dict[str, bool]] = {"text": True, "alias": True}


class Native(ClickHouse):
    """ClickHouse, written so that no name or literal of a user can be anything else."""

    class Generator(ClickHouseGenerator):
        def literal_sql(self, expression: exp.Literal) -> str:
            return literal(expression.name) if expression.is_string else super().literal_sql(expression)

        def identifier_sql(self, expression: exp.Identifier) -> str:
            return '"' + expression.name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def write_fragment(generator: ClickHouseGenerator, expression: Fragment) -> str:
    """The template with its places filled."""
    places = [generator.sql(place) for place in expression.expressions]
    filled = {str(at): place for at, place in enumerate(places)} | {"*": ", ".join(places)}
    return re.sub(r"\{([0-9*])\}", lambda place: filled[place[1]], expression.args["template"])


def write_written(generator: ClickHouseGenerator, expression: Written) -> str:
    """The subquery under its alias."""
    return f"({expression.args['text']}) AS {generator.sql(expression, 'alias')}"


Native.Generator.TRANSFORMS = {**ClickHouseGenerator.TRANSFORMS, Fragment: write_fragment, Written: write_written}


def sql(expression: exp.Expr) -> str:
    """The expression as ClickHouse SQL."""
    return expression.sql(dialect=Native, comments=False)


def fragment(template: str, *places: exp.Expr) -> Fragment:
    """ClickHouse SQL of our own around `places`."""
    return Fragment(template=template, expressions=list(places))


def text(value: str) -> exp.Literal:
    """A string."""
    return exp.Literal.string(value)
