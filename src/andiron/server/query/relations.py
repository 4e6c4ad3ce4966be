"""The tables of records and metrics as the query layer writes them: their branches, columns, and the expressions behind both.

Read from the view files of the schema, so that the views and the queries that go past them cannot differ. A query of three
columns over two branches takes ClickHouse 10 ms to plan; the same through the view, up to 140 ms (chDB 26.9, two cores).
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import resources

VIEWS = resources.files("andiron.server.store") / "schema" / "views"

TIMESTAMP = "toDateTime64({}, 6, 'UTC')"
"""Microseconds: a time that comes back in an answer finds the same row when it is sent again."""

TIMESTAMPS = frozenset({"start_timestamp", "end_timestamp", "created_at", "recorded_timestamp"})

EVENT = "span_event"
EVENT_LEAD = "toIntervalDay(1)"
"""How long before its event a span may have begun, for a search bounded in time to find the event."""

MAPS = {
    "attributes": ("_attributes", "_attribute_types"),
    "otel_resource_attributes": ("ResourceAttributes", "ResourceAttributeTypes"),
    "otel_scope_attributes": ("ScopeAttributes", "ScopeAttributeTypes"),
}
"""The map, and the map of types, behind each column of attributes: one key of a map is read without the others."""

JSON = frozenset({*MAPS, "attributes_json_schema", "otel_events", "otel_links", "exemplars"})
"""Columns whose text is JSON."""


SEEN = "_seen"
"""When the trace that is wanted was seen first and last: a name for one look at the table of traces."""


Steps = Mapping[str, str | Mapping[str, str]]
"""Names with the expression behind each, or one for each kind of branch."""


@dataclass(frozen=True)
class Branch:
    """One source of a relation: what it calls things and where they come from."""

    kind: str
    items: Mapping[str, str]
    source: str
    condition: str


@dataclass(frozen=True)
class Relation:
    """A table that is made of branches."""

    name: str
    time: str
    columns: tuple[str, ...]
    shared: Mapping[str, str]
    lambdas: Mapping[str, str]
    branches: tuple[Branch, ...]
    maps: Mapping[str, tuple[str, str]]
    series: frozenset[str] = frozenset()
    """Columns that belong to the series of a metric, and are looked up before its samples are."""


@dataclass(frozen=True)
class Wanted:
    """What one mention of a relation in a query has to deliver."""

    columns: tuple[str, ...]
    steps: Steps = field(default_factory=dict)
    """Further names that `columns` and `conditions` use, with the expressions behind them."""
    conditions: tuple[str, ...] = ()
    series: tuple[str, ...] = ()
    """Those of the conditions that only look at series."""
    since: tuple[str, ...] = ()
    until: tuple[str, ...] = ()
    """Bounds of time that the conditions imply, for ClickHouse's indexes."""
    kinds: frozenset[str] | None = None
    trace_id: str = ""
    words: tuple[str, ...] = ()
    """Expressions of words that the bodies of logs have to contain. Asked of the raw column only: answered by the index of words,
    they cost nothing, and a second look at the text would read it all."""
    latest: tuple[str, int] | None = None
    """Only the rows that come first by time, as (`ASC` or `DESC`, how many)."""
    ties: bool = False
    """And those of the same instant, because something else decides among them."""


def written(relation: Relation, wanted: Wanted, database: str) -> str:
    """The subquery that stands for `relation`."""
    chosen = [branch for branch in relation.branches if wanted.kinds is None or branch.kind in wanted.kinds]
    nothing = () if chosen else ("false",)  # no branch is left, but the columns still have to exist
    chosen = chosen or [relation.branches[0]]
    if wanted.trace_id:
        wanted = replace(wanted, steps={**wanted.steps, SEEN: seen(wanted.trace_id)})
    tail = first(relation, wanted)
    if wanted.latest and not tail:
        wanted = nearest(relation, wanted, chosen)
    outputs = wanted.columns or (relation.time,)
    # What needs the whole map anyway is computed once, above the branches: 54 ms to plan all columns, otherwise 80.
    whole = bool(MAPS.keys() & set(wanted.columns)) and not relation.series
    above = [column for column in wanted.columns if column in relation.shared] if whole else []
    known = {**relation.lambdas, **relation.shared}
    below = [name for name in outputs if name not in above]
    below += sorted(leaned_on({**known, **chosen[0].items}, above) & chosen[0].items.keys() - set(below))
    texts = []
    for branch in chosen:
        if tail and branch.kind == EVENT:
            texts.append(selection(relation, branch, nearest(relation, wanted, [branch]), below, nothing))
        elif tail:
            # In brackets: an ORDER BY at the end of a UNION is not that of its last part alone.
            texts.append(f"SELECT * FROM ({selection(relation, branch, wanted, below, nothing, tail)})")
        else:
            texts.append(selection(relation, branch, wanted, below, nothing))
    union = " UNION ALL ".join(texts)
    if above:
        union = f"{defined(known, above)}SELECT {', '.join(f'`{name}`' for name in outputs)} FROM ({union})"
    return union.replace("${db}", database)


def selection(
    relation: Relation, branch: Branch, wanted: Wanted, outputs: Iterable[str], more: Iterable[str] = (), tail: str = ""
) -> str:
    """`SELECT` from one branch, everything in one level, so that ClickHouse's indexes see ClickHouse's own columns."""
    conditions = [branch.condition, *bounds(relation, branch, wanted), *wanted.conditions, *more]
    source = branch.source
    if wanted.series:
        of_these = " AND ".join(wanted.series)
        named_series = definitions(relation, branch, wanted.steps, [of_these])
        chosen = f"SeriesId IN ({named_series}SELECT SeriesId FROM ${{db}}.metric_series WHERE {of_these})"
        conditions.append(chosen)
        source = source.replace("/* of these */", f"WHERE {chosen}")
    if branch.kind == EVENT:
        # ClickHouse moves nothing before an ARRAY JOIN by itself, and the attributes of events are the widest column there is.
        known = names(relation, branch, wanted.steps)
        late = [text for text in conditions if of_event(text) or any(map(of_event, behind(known, text)))]
        source += "".join(f" AND ({text})" for text in conditions if text and text not in late)
        conditions = late
    where = " AND ".join(f"({condition})" for condition in conditions if condition)
    outputs = list(outputs)
    return (
        f"{definitions(relation, branch, wanted.steps, [*outputs, where, source])}"
        f"SELECT {', '.join(f'`{name}`' for name in outputs)} FROM {source}{' WHERE ' + where if where else ''}{tail}"
    )


def of_event(text: str) -> bool:
    """Whether an expression looks at one event, and not at its span."""
    return bool(re.search(r"\b_(event|at|position)\b", text))


def bounds(relation: Relation, branch: Branch, wanted: Wanted) -> Iterator[str]:
    """Conditions that the wanted ones imply, in terms of the columns that parts and indexes are sorted by."""
    time = "TimeUnix" if relation.name == "metrics" else "Timestamp"
    for texts, sign, away in ((wanted.since, ">=", "-"), (wanted.until, "<=", "+")):
        for text in texts:
            if branch.kind == EVENT:
                yield f"{time} {sign} {text} {away} {EVENT_LEAD}"
                yield f"arrayExists(t -> t {sign} {text}, `Events.Timestamp`)"
            else:
                yield f"{time} {sign} {text}"
                if branch.kind == "log":
                    # What logs are sorted by: a quarter of an hour of six was two thirds of the granules, by Timestamp alone.
                    yield f"toStartOfFiveMinutes(Timestamp) {sign} toStartOfFiveMinutes({text})"
    if wanted.trace_id and branch.kind in {"span", EVENT}:
        yield f"TraceId = {wanted.trace_id}"
        yield f"Timestamp >= {SEEN}.1 AND Timestamp <= {SEEN}.2"
    if branch.kind == "log":
        for words in wanted.words:
            yield f"hasAllTokens(lower(Body), {words})"


def seen(trace_id: str) -> str:
    """The times of a trace, which spare the days that it does not belong to."""
    # Padded by a second, as the authors of that table advise.
    times = "(min(Start), max(End) + toIntervalSecond(max(End) < toDateTime64('2262-01-01 00:00:00', 9)))"
    return f"(SELECT {times} FROM ${{db}}.otel_traces_trace_id_ts WHERE TraceId = {trace_id})"


def first(relation: Relation, wanted: Wanted) -> str:
    """What has a branch deliver no more than the first rows by time.

    By the raw column, which is finer: ClickHouse then skips what its indexes know to come later, and reads wide columns only of the
    rows that are left. Events have times of their own; and all rows of an instant can only be found by its bound, see `nearest`.
    """
    if wanted.latest is None or wanted.ties or relation.name == "metrics":
        return ""
    order, count = wanted.latest
    return f" ORDER BY Timestamp {order} LIMIT {count}"


def nearest(relation: Relation, wanted: Wanted, chosen: Iterable[Branch]) -> Wanted:
    """Bounded to the first rows by time: their times are looked up alone, before any wide column is read."""
    order, count = wanted.latest or ("", 0)
    tail = f" ORDER BY `{relation.time}` {order} LIMIT {count}"
    times = " UNION ALL ".join(
        f"SELECT * FROM ({selection(relation, branch, wanted, [relation.time], tail=tail)})" for branch in chosen
    )
    far = "min" if order == "DESC" else "max"
    last = f"(SELECT {far}(`{relation.time}`) FROM (SELECT * FROM ({times}){tail}))"
    if order == "DESC":
        return replace(
            wanted, since=(*wanted.since, last), conditions=(*wanted.conditions, f"`{relation.time}` >= {last}")
        )
    until = f"{last} + toIntervalMicrosecond(1)"
    return replace(
        wanted, until=(*wanted.until, until), conditions=(*wanted.conditions, f"`{relation.time}` <= {last}")
    )


def definitions(relation: Relation, branch: Branch, steps: Steps, texts: Iterable[str]) -> str:
    """`WITH` all names that `texts` lean on, directly or not."""
    return defined(names(relation, branch, steps), texts)


def names(relation: Relation, branch: Branch, steps: Steps) -> dict[str, str]:
    """Everything that has a name in a branch, with the expression behind it."""
    here = {name: step if isinstance(step, str) else step[branch.kind] for name, step in steps.items()}
    return {**relation.lambdas, **relation.shared, **branch.items, **here}


def behind(known: Mapping[str, str], text: str) -> Iterator[str]:
    """The expressions that `text` leans on."""
    for name in leaned_on(known, [text]):
        yield known[name]


def defined(known: Mapping[str, str], texts: Iterable[str]) -> str:
    """`WITH` those of the `known` names that `texts` lean on."""
    needed = leaned_on(known, texts)
    listed = [f"{known[name]} AS `{name}`" for name in known if name in needed and known[name] != name]
    return f"WITH {', '.join(listed)} " if listed else ""


def leaned_on(known: Mapping[str, str], texts: Iterable[str]) -> set[str]:
    """The `known` names in `texts`, and in the expressions behind those."""
    pending, needed = list(texts), set()
    while pending:
        for name in re.findall(r"\w+", pending.pop()):
            if name in known and name not in needed:
                needed.add(name)
                pending.append(known[name])
    return needed


@cache
def relations() -> dict[str, Relation]:
    """Those that exist."""
    everything = read("records.sql", "records_all", "start_timestamp")
    records = Relation(
        "records",
        everything.time,
        everything.columns,
        everything.shared,
        everything.lambdas,
        tuple(branch for branch in everything.branches if branch.kind != "pending_span"),
        everything.maps,
    )
    return {r.name: r for r in (records, everything, read("metrics.sql", "metrics", "recorded_timestamp"))}


def read(file: str, name: str, time: str) -> Relation:
    """Read a relation out of the file of its view."""
    text = (VIEWS / file).read_text()
    marked = re.sub(r"(?m)^ *-- :(\w+)$", r"@@\1", text)  # the name of a branch is all that is kept of the comments
    text = re.sub(r"(?m)--.*$", "", marked)
    head, _, rest = text[text.index("WITH\n") + 4 :].partition("\nFROM\n(\n")
    lambdas, _, shared = head.partition("\nSELECT\n")
    inner, _, tail = rest.partition("\n)")
    join = tail.partition(";")[0].strip()
    branches = []
    for part in inner.split("@@")[1:]:
        kind, _, body = part.strip().removesuffix("UNION ALL").partition("\n")
        selected, _, origin = body.partition("\n    FROM ")
        table, condition = [*re.split(r"\bWHERE ", origin), ""][:2]
        items = named(selected.strip().removeprefix("SELECT"))
        for column in TIMESTAMPS & items.keys():
            items[column] = TIMESTAMP.format(items[column])
        branches.append(Branch(kind, items, f"{table.strip()} {join}".strip(), condition.strip()))
    computed = named(shared)
    columns = tuple(computed)
    return Relation(
        name,
        time,
        columns,
        {column: expression for column, expression in computed.items() if expression != column},
        named(lambdas),
        tuple(branches),
        MAPS | {"attributes": ("Attributes", "AttributeTypes")} if join else MAPS,
        frozenset(columns) - branches[0].items.keys() - {"day"} if join else frozenset(),
    )


def named(text: str) -> dict[str, str]:
    """`expression AS name, …` as name → expression."""
    found = {}
    for item in split(text):
        expression, _, name = " ".join(item.split()).rpartition(" AS ")
        found[name] = expression
    return found


def split(text: str) -> Iterator[str]:
    """The items of a list, at the commas that no bracket or quote holds."""
    depth, start, quote = 0, 0, ""
    for at, character in enumerate(text):
        if quote:
            quote = "" if character == quote else quote
        elif character in "'`":
            quote = character
        elif character in "([":
            depth += 1
        elif character in ")]":
            depth -= 1
        elif character == "," and not depth:
            yield text[start:at]
            start = at + 1
    yield text[start:]
