"""Each place where a query names a relation: which columns it needs there, and which conditions can be asked at the source."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from sqlglot import exp

from andiron.server.query.grammar import Written
from andiron.server.query.relations import Relation, Wanted, written


@dataclass
class Mention:
    """A relation in FROM or JOIN."""

    table: exp.Table
    relation: Relation
    columns: set[str] = field(default_factory=set)
    steps: dict[str, str | Mapping[str, str]] = field(default_factory=dict)
    conditions: list[str] = field(default_factory=list)
    series: list[str] = field(default_factory=list)
    since: list[str] = field(default_factory=list)
    until: list[str] = field(default_factory=list)
    kinds: frozenset[str] | None = None
    trace_id: str = ""
    words: list[str] = field(default_factory=list)
    latest: tuple[str, int] | None = None
    ties: bool = False
    equal: dict[str, exp.Literal] = field(default_factory=dict)
    """Columns that have to be a constant."""

    @property
    def name(self) -> str:
        """What columns are qualified with."""
        return self.table.alias or self.table.name

    def has(self, column: str) -> bool:
        """Whether it delivers a column of that name."""
        return column in self.relation.columns or column in self.steps

    def step(self, expression: str | Mapping[str, str], prefix: str) -> str:
        """The column that delivers `expression`, a new one if need be."""
        for name, known in self.steps.items():
            if known == expression:
                return name
        name = f"_{prefix}{len(self.steps)}"
        self.steps[name] = expression
        return name

    def asked_steps(self, tree: exp.Expr) -> frozenset[str]:
        """The steps that the query still names, beside those that only conditions at the source do."""
        return frozenset(
            column.name
            for column in tree.find_all(exp.Column)
            if column.name in self.steps and column.table in {"", self.name}
        )

    def narrow(self, kinds: frozenset[str]) -> None:
        """Leave only these branches."""
        self.kinds = kinds if self.kinds is None else self.kinds & kinds

    def settle(self, tree: exp.Expr, database: str) -> None:
        """Put the subquery in the place of the name."""
        asked = self.asked_steps(tree)
        wanted = Wanted(
            columns=(
                *(column for column in self.relation.columns if column in self.columns),
                *(step for step in self.steps if step in asked),
            ),
            steps=dict(self.steps),
            conditions=tuple(self.conditions),
            series=tuple(self.series),
            since=tuple(self.since),
            until=tuple(self.until),
            kinds=self.kinds,
            trace_id=self.trace_id,
            words=tuple(self.words),
            latest=self.latest,
            ties=self.ties,
        )
        alias = exp.to_identifier(self.name)
        self.table.replace(Written(text=written(self.relation, wanted, database), alias=alias))


def sources(select: exp.Expr) -> Iterator[tuple[str, exp.Expr]]:
    """What a SELECT reads from: names and tables or subqueries."""
    from_ = select.args.get("from_")
    for item in [from_] if from_ else []:
        yield item.this.alias_or_name, item.this
    for join in select.args.get("joins") or []:
        yield join.this.alias_or_name, join.this


class Mentions:
    """All of a query's."""

    def __init__(self) -> None:
        self.all: list[Mention] = []

    def add(self, table: exp.Table, relation: Relation) -> Mention:
        """Note one."""
        mention = Mention(table, relation)
        self.all.append(mention)
        return mention

    def of(self, node: exp.Expr | None) -> Mention | None:
        """The mention that `node` is."""
        return next((mention for mention in self.all if mention.table is node), None)

    def owner(self, column: exp.Column) -> Mention | None:
        """The mention that a column certainly belongs to."""
        select = column.find_ancestor(exp.Select)
        while select is not None:
            here = dict(sources(select))
            if column.table:
                if column.table in here:
                    return self.of(here[column.table])
            else:
                found = [self.of(source) for source in here.values()]
                having = [mention for mention in found if mention and mention.has(column.name)]
                if any(mention is None for mention in found) and having:
                    return having[0] if len(here) == 1 else None
                if having:
                    return having[0] if len(having) == 1 else None
            select = select.find_ancestor(exp.Select)
        return None

    def note_columns(self, tree: exp.Expr) -> None:
        """Learn from every column in the query who has to deliver it; in doubt, everyone who could."""
        for column in tree.find_all(exp.Column):
            owner = self.owner(column)
            for mention in [owner] if owner else self.all:
                if column.name in mention.relation.columns and column.table in {"", mention.name}:
                    mention.columns.add(column.name)
