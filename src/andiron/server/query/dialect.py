"""From the text of a question to the SQL that ClickHouse is given: read, checked, translated, bounded, written anew.

Nothing of the user's text is passed through: what comes out is written from the checked tree.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache

from sqlglot import ErrorLevel, exp, parse
from sqlglot.errors import ParseError, SqlglotError

from andiron.server.query import catalog, times
from andiron.server.query.access import (
    check_native,
    check_table_function,
    first_word,
    only_reads,
    table_name,
)
from andiron.server.query.grammar import Fragment, Logfire, Native, Written, fragment, sql
from andiron.server.query.introspection import catalogue, schema_rows
from andiron.server.query.lineage import json_columns
from andiron.server.query.mentions import Mention, Mentions, sources
from andiron.server.query.moments import Moments
from andiron.server.query.places import expectation, shifted, stopped, unclosed
from andiron.server.query.problems import QueryProblem, refused
from andiron.server.query.pushdown import plan
from andiron.server.query.question import LOGFIRE, Dialect, Question, Received, Statement
from andiron.server.query.relations import relations
from andiron.server.query.rewriter import Rewriter
from andiron.server.query.shapes import shape_sources
from andiron.server.store.quoting import literal

__all__ = ["Question", "Received", "Statement", "translate"]

TRUTHS = (
    "has(",
    "hasAny(",
    "hasAll(",
    "match(",
    "hasAllTokens(",
    "startsWith(",
    "endsWith(",
    "isDistinctFrom(",
    "isNotDistinct",
    "empty(",
)


def translate(question: Question, marker: str = "") -> Statement:
    """The statement for a question; `QueryProblem` says what is wrong with it."""
    if question.places is not None:
        return filled(question, question.places)
    times.zone(question.zone)
    words = question.sql.strip().rstrip(";").strip()
    explain = False
    head = words[:20].split()
    if head and head[0].upper() == "EXPLAIN":
        explain, words = True, words[len(head[0]) :].strip()
        for option in ("ANALYZE", "VERBOSE"):
            if words.upper().startswith(option):
                words = words[len(option) :].strip()
    told = catalogue(words)
    if told is None:
        first_word(words)
    try:
        tree, dialect = (parsed(told, "logfire"), LOGFIRE) if told else read(words, question)
    except QueryProblem as problem:
        problem.position = shifted(problem.position, question.sql[: question.sql.index(words)])
        raise
    only_reads(tree)
    translation = Translation(question, tree, dialect, "" if explain else marker)
    text = translation.written()
    return Statement(
        f"EXPLAIN indexes = 1 {text}" if explain else text, dialect, marker, explain, frozenset(translation.names)
    )


PLACE = re.compile(r"\$\{(\w+)\}")
WRITTEN_PLACE = re.compile(r'"place\.(\w+)"')


def filled(question: Question, places: Mapping[str, str]) -> Statement:
    """A text of our own: `trace.sql` took 21 ms to translate, a list of 200 traces 34, which was more than ClickHouse did."""
    known = prepared(question.sql, question.database, question.limit)
    return replace(known, sql=WRITTEN_PLACE.sub(lambda place: places[place[1]], known.sql))


@lru_cache(maxsize=512)
def prepared(text: str, database: str, limit: int) -> Statement:
    """The statement for a text of our own, where its places are names that nothing else has."""
    named = PLACE.sub(r'"place.\1"', text)
    return translate(Question(named, database, datetime.now(UTC), limit, dialect="clickhouse"))


def read(words: str, question: Question) -> tuple[exp.Expr, Dialect]:
    """Parse, in the dialect that was named or the one that fits."""
    if not words:
        raise refused("There is no query; write a SELECT.")
    if question.dialect == "clickhouse":
        return parsed(words, "clickhouse"), "clickhouse"
    try:
        tree = parsed(words, "logfire")
    except QueryProblem:
        if question.dialect == "logfire":
            raise
        try:
            return parsed(words, "clickhouse"), "clickhouse"
        except QueryProblem:
            pass
        raise
    if question.dialect is None and any(table.name in catalog.NATIVE for table in tree.find_all(exp.Table)):
        return parsed(words, "clickhouse"), "clickhouse"
    return tree, "logfire"


def parsed(words: str, dialect: Dialect) -> exp.Expr:
    """One statement."""
    try:
        grammar = Logfire if dialect == "logfire" else Native
        trees = [tree for tree in parse(words, dialect=grammar, error_level=ErrorLevel.IMMEDIATE) if tree is not None]
    except SqlglotError as error:
        first = error.errors[0] if isinstance(error, ParseError) and error.errors else {}
        at = (
            f" at line {first['line']}, column {first['col']}, near {first['highlight']!r}" if first.get("line") else ""
        )
        what, where = expectation(str(first.get("description") or error)), stopped(words, first)
        if (opened := unclosed(words)) and not where:
            what, where = f"{opened[0]} is opened and not closed", opened[1]
        raise QueryProblem(f"The SQL cannot be read: {what}{at}.", kind="syntax-error", position=where) from None
    except RecursionError:
        raise QueryProblem("The SQL is nested too deeply.", kind="syntax-error") from None
    if len(trees) != 1:
        raise refused(f"One query at a time: this holds {len(trees)}, divided by semicolons.")
    tree = trees[0]
    if dialect == "logfire" and tree.find(exp.Aliases):
        # quantile(0.9)(duration): PostgreSQL's grammar takes the second brackets for names.
        raise QueryProblem("The SQL cannot be read: brackets follow brackets.", kind="syntax-error")
    while isinstance(tree, exp.Subquery) and not any(value for key, value in tree.args.items() if key != "this"):
        tree = tree.this
    return tree


class Translation:
    """One tree on its way to ClickHouse."""

    def __init__(self, question: Question, tree: exp.Expr, dialect: Dialect, marker: str) -> None:
        self._question = question
        self._tree = tree
        self._dialect = dialect
        self._marker = marker
        self._mentions = Mentions()
        self.names: set[str] = set()

    def written(self) -> str:
        """The SQL."""
        try:
            return self._written()
        except RecursionError:
            raise QueryProblem("The SQL is nested too deeply.", kind="syntax-error") from None

    def _written(self) -> str:
        if self._dialect == "logfire":
            self._fold_names()
            self._name_outputs()
        else:
            check_native(self._tree)
        self._resolve_tables()
        self._expand_stars()
        if self._dialect == "logfire":
            question = self._question
            moments = Moments(
                question.now, question.zone, times.resolution(question.since, question.until or question.now)
            )
            shape_sources(self._tree, moments, self._mentions)
            Rewriter(self._mentions, moments).visit(self._tree)
            self._order_by_position()
            self._dress_outputs()
        self._limit()
        self._mentions.note_columns(self._tree)
        for select in list(self._tree.find_all(exp.Select)):
            plan(select, self._mentions)
        self._mark_json()
        for mention in self._mentions.all:
            self._bound(mention)
            mention.settle(self._tree, self._question.database)
        return sql(self._tree)

    def _fold_names(self) -> None:
        """Names without quotes are in small letters, as PostgreSQL has it."""
        for identifier in self._tree.find_all(exp.Identifier):
            if not identifier.args.get("quoted"):
                identifier.set("this", identifier.name.lower())

    def _name_outputs(self) -> None:
        """Call what has no name what the user wrote, as DataFusion does."""
        for select in self._tree.find_all(exp.Select):
            taken: set[str] = set()
            for at, projection in enumerate(select.selects):
                if projection.is_star:
                    continue
                name = projection.alias or (projection.name if isinstance(projection, exp.Column) else "")
                name = name or projection.sql(dialect=Logfire, normalize_functions=False)
                unique, count = name, 1
                while unique in taken:
                    unique, count = f"{name}_{count}", count + 1
                taken.add(unique)
                if unique != projection.alias:
                    select.expressions[at].replace(exp.alias_(projection.unalias().copy(), unique, quoted=True))

    def _resolve_tables(self) -> None:
        """Every table is one of the project's, or refused."""
        database = self._question.database
        for table in list(self._tree.find_all(exp.Table)):
            if not isinstance(table.this, exp.Identifier):
                check_table_function(table)
                continue
            name = table_name(table, database)
            if not name:
                continue
            if name.startswith("information_schema."):
                alias = exp.to_identifier(table.alias or table.name)
                table.replace(Written(text=schema_rows(name), alias=alias))
            elif name in relations():
                if table.args.get("final") or isinstance(table.parent, exp.Final):
                    raise refused("FINAL is not possible on a view; leave it out.")
                if not table.alias:
                    table.set("alias", exp.TableAlias(this=exp.to_identifier(table.name, quoted=True)))
                self._mentions.add(table, relations()[name])
            else:
                self._native_table(table, name)
            self.names.update(catalog.names(name) if name in catalog.tables() else ())

    def _native_table(self, table: exp.Table, name: str) -> None:
        question = self._question
        time = catalog.TIMES.get(name, "TimeUnix")
        conditions = []
        if question.since:
            conditions.append(f"{time} >= {times.constant(question.since)}")
        if question.until:
            conditions.append(f"{time} < {times.constant(question.until)}")
        if question.environments is not None and name in catalog.WITH_RESOURCE:
            place = "ResourceAttributes['deployment.environment.name'], ResourceAttributes['deployment.environment']"
            conditions.append(f"firstNonDefault({place}, '') IN ({', '.join(map(literal, question.environments))})")
        alias = table.alias or table.name
        if not conditions:
            table.set("db", exp.to_identifier(question.database, quoted=True))
            return
        text = f"SELECT * FROM {question.database}.{name} WHERE {' AND '.join(conditions)}"
        target = table.parent if isinstance(table.parent, exp.Final) else table
        target.replace(Written(text=text, alias=exp.to_identifier(alias, quoted=True)))

    def _expand_stars(self) -> None:
        """`*` of a relation becomes its columns."""
        for select in list(self._tree.find_all(exp.Select)):
            here = dict(sources(select))
            expanded: list[exp.Expr] = []
            for projection in select.expressions:
                star = projection.this if isinstance(projection, exp.Column) else projection
                if not isinstance(star, exp.Star) or not any(self._mentions.of(source) for source in here.values()):
                    expanded.append(projection)
                    continue
                only = projection.table if isinstance(projection, exp.Column) else ""
                for name, source in here.items():
                    if only and name != only:
                        continue
                    mention = self._mentions.of(source)
                    if mention is None:
                        expanded.append(exp.Column(this=exp.Star(), table=exp.to_identifier(name, quoted=True)))
                        continue
                    left_out = {column.name for column in star.args.get("except_") or []}
                    replaced = {item.alias: item for item in star.args.get("replace") or []}
                    expanded += [
                        replaced[column].copy()
                        if column in replaced
                        else exp.column(column, table=exp.to_identifier(name, quoted=True))
                        for column in mention.relation.columns
                        if column not in left_out
                    ]
            select.set("expressions", expanded)

    def _order_by_position(self) -> None:
        """ORDER BY prefers the name of an output to a column in PostgreSQL; a position says so to ClickHouse."""
        for select in self._tree.find_all(exp.Select):
            order = select.args.get("order")
            aliases = [projection.alias_or_name for projection in select.selects]
            for ordered in order.expressions if order is not None else []:
                key = ordered.this
                if isinstance(key, exp.Column) and not key.table and key.name in aliases:
                    ordered.set("this", exp.Literal.number(aliases.index(key.name) + 1))

    def _dress_outputs(self) -> None:
        """Comparisons are true or false, not 1 or 0; lists are JSON where the form of the answer has none."""
        for select in self._tree.find_all(exp.Select):
            for projection in list(select.selects):
                value = projection.unalias()
                shape = value.args.get("template", "") if isinstance(value, Fragment) else ""
                if isinstance(value, exp.Predicate | exp.Connector | exp.Not) or shape.startswith(TRUTHS):
                    value.replace(fragment("toBool({0})", value.copy()))
        if self._question.arrays_as_json and isinstance(self._tree, exp.Select):
            for projection in list(self._tree.selects):
                value = projection.unalias()
                if isinstance(value, exp.Column) and catalog.TYPES.get(value.name, "").endswith("[]"):
                    value.replace(fragment("toJSONString({0})", value.copy()))

    def _limit(self) -> None:
        """No more rows than the request wants."""
        tree, most = self._tree, self._question.limit
        limit = tree.args.get("limit")
        if not isinstance(tree, exp.Select) or (limit is not None and not is_count(limit)) or tree.args.get("limit_by"):
            inner = tree
            self._tree = exp.select("*").from_(
                exp.Subquery(
                    this=inner.copy() if inner.parent else inner,
                    alias=exp.TableAlias(this=exp.to_identifier("everything")),
                )
            )
            self._tree.set("limit", exp.Limit(expression=exp.Literal.number(most)))
            return
        count = min(int(limit.expression.name), most) if limit is not None else most
        tree.set("limit", exp.Limit(expression=exp.Literal.number(count)))

    def _bound(self, mention: Mention) -> None:
        """The time range and the environments of the request."""
        question, time = self._question, mention.relation.time
        if question.since:
            mention.since.append(times.constant(question.since))
            mention.conditions.append(f"{time} >= {times.constant(question.since)}")
        if question.until:
            if question.until < times.LATEST:
                # The source adds to its bounds, and beyond there may be nothing more that it can count.
                mention.until.append(times.constant(question.until))
            mention.conditions.append(f"{time} < {times.constant(question.until)}")
        if question.instants:
            first, last = (times.constant(question.instants[end]) for end in (0, -1))
            mention.since.append(first)
            if question.instants[-1] < times.LATEST:
                mention.until.append(f"{last} + toIntervalMicrosecond(1)")
            mention.conditions.append(f"{time} IN ({', '.join(map(times.constant, question.instants))})")
        if question.received is not None:
            mention.conditions.append(question.received.condition)
            if question.received.sources is not None:
                mention.narrow(question.received.sources)
        if question.environments is not None:
            text = f"ifNull(deployment_environment, '') IN ({', '.join(map(literal, question.environments))})"
            mention.conditions.append(text)
            if mention.relation.series:
                mention.series.append(text)

    def _mark_json(self) -> None:
        if not self._marker:
            return
        flags = json_columns(self._tree, self._mentions)
        select = self._tree
        if not isinstance(select, exp.Select):
            return
        for projection, is_json in zip(list(select.selects), flags, strict=False):
            if is_json:
                name = projection.alias_or_name
                marked = fragment(f"concat({literal(self._marker)}, {{0}})", projection.unalias().copy())
                projection.replace(exp.alias_(marked, name, quoted=True))


def is_count(limit: exp.Expr) -> bool:
    """Whether a LIMIT is a plain number."""
    return (
        isinstance(limit, exp.Limit)
        and not limit.expressions
        and isinstance(limit.expression, exp.Literal)
        and bool(limit.expression.is_int)
    )
