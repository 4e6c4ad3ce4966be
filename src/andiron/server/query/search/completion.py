"""What can be typed next: the keys that there are, and the values that a key has."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from andiron.server.query import catalog
from andiron.server.query.problems import QueryProblem
from andiron.server.query.queries import Queries
from andiron.server.query.search import keys
from andiron.server.query.search.store import Store, where
from andiron.server.query.search.values import literally, quoted
from andiron.server.store.quoting import literal

FRESH = 30.0
"""Seconds that a look at the newest records is good for."""
DATABASES = 100
SAMPLE = 5000
MOST_KEYS = 500
SHOWN_KEYS = 200
VALUES = 20
PLACES = 5
ROWS = 2000
"""Records that are looked through for the attributes of a word: of a frequent one that is enough, a rare one the index finds."""

TYPES = {
    "": "text",
    "bytes": "text",
    "json": "text",
    "null": "text",
    "int": "number",
    "double": "number",
    "bool": "bool",
}
OF_KEY = {
    "level": "text",
    "kind": "text",
    "prose": "text",
    "json": "text",
    "duration": "number",
    "status": "number",
    "day": "time",
}
HINTS = {
    "is": "is:error, is:pending, is:root, is:span, is:log",
    "has": "has:exception, has:user.id",
    "level": "level:error, level>=warn",
    "duration": "duration>100ms, duration:10ms..1s",
    "http_response_status_code": "status:404, status:5xx, status>=500",
    "host": "the machine: host.name of the resource",
    "user": "user.id, user.name, user.email or enduser.id",
}


@dataclass(frozen=True)
class Seen:
    """Keys of the newest records, the most frequent first, each with the type it has."""

    attributes: dict[str, str] = field(default_factory=dict)
    resource: dict[str, str] = field(default_factory=dict)


class Known:
    """Looks at the newest records of each database now and then."""

    def __init__(self, queries: Queries, clock: Callable[[], float] = time.monotonic) -> None:
        self._queries = queries
        self._clock = clock
        self._seen: dict[str, tuple[float, Seen]] = {}
        self._lock = Lock()

    def of(self, database: str) -> Seen:
        """The keys of one database."""
        with self._lock:
            at, seen = self._seen.get(database, (0.0, None))
        if seen is not None and self._clock() - at < FRESH:
            return seen
        seen = look(Store(self._queries, database))
        with self._lock:
            while len(self._seen) >= DATABASES:
                del self._seen[next(iter(self._seen))]
            self._seen[database] = (self._clock(), seen)
        return seen


@dataclass(frozen=True)
class Resource:
    """The keys of resources of one database, looked up when a search first asks."""

    known: Known
    database: str

    def __contains__(self, key: object) -> bool:
        return key in keys.ConventionalResource() or key in self.known.of(self.database).resource


def look(store: Store) -> Seen:
    """The keys of the newest spans and logs."""
    attributes: dict[str, int] = {}
    resource: dict[str, int] = {}
    types: dict[str, str] = {}
    for table, name in (("otel_traces", "Span"), ("otel_logs", "Log")):
        newest = (
            f"SELECT {name}Attributes AS a, {name}AttributeTypes AS t, ResourceAttributes AS r, ResourceAttributeTypes AS u "
            f"FROM {table} ORDER BY Timestamp DESC LIMIT {SAMPLE}"
        )
        sql = (
            f"SELECT p.1 AS k, p.2 AS own, p.3 AS type, count() AS n FROM (SELECT arrayJoin(arrayConcat("
            f"arrayMap(k -> (k, true, JSONExtractString(t, k)), mapKeys(a)), "
            f"arrayMap(k -> (k, false, JSONExtractString(u, k)), mapKeys(r)))) AS p FROM ({newest})) "
            f"GROUP BY k, own, type ORDER BY n DESC LIMIT {MOST_KEYS}"
        )
        for row in store.ask(sql, MOST_KEYS, dialect="clickhouse"):
            counts = attributes if row["own"] else resource
            counts[row["k"]] = counts.get(row["k"], 0) + row["n"]
            types.setdefault(row["k"], TYPES.get(row["type"], "text"))

    def typed(counts: dict[str, int]) -> dict[str, str]:
        return {key: types[key] for key in sorted(counts, key=lambda key: (-counts[key], key))[:MOST_KEYS]}

    return Seen(typed(attributes), typed(resource))


def known_keys() -> Iterator[dict[str, str]]:
    """Columns, and the shorter names for them."""
    for name in ("is", "has"):
        yield {"name": name, "kind": "column", "type": "text", "hint": HINTS[name]}
    for alias, name in keys.ALIASES.items():
        key = keys.COLUMNS[name]
        yield {"name": alias, "kind": "column", "type": OF_KEY.get(key.type, key.type), "hint": HINTS.get(name, name)}
    for alias in keys.PLACES:
        yield {"name": alias, "kind": "attribute", "type": "text", "hint": HINTS[alias]}
    for name, key in keys.COLUMNS.items():
        hint = HINTS.get(name) or catalog.MEANINGS.get(name, "")
        yield {"name": name, "kind": "column", "type": OF_KEY.get(key.type, key.type), "hint": hint}


def matching(seen: Seen, prefix: str) -> list[dict[str, str]]:
    """The keys that begin with what was typed, then those that have it within."""
    found = [*known_keys()]
    taken = {key["name"] for key in found}
    found += [
        {"name": k, "kind": "attribute", "type": t, "hint": ""} for k, t in seen.attributes.items() if k not in taken
    ]
    taken |= seen.attributes.keys()
    found += [
        {"name": k if k not in taken else f"resource.{k}", "kind": "resource", "type": t, "hint": ""}
        for k, t in seen.resource.items()
    ]
    low = prefix.lower()
    within = [key for key in found if low in key["name"].lower()]
    return sorted(within, key=lambda key: not key["name"].lower().startswith(low))[:SHOWN_KEYS]


def place(name: str, seen: Seen | None = None) -> str:
    """A key as an expression."""
    key = keys.column(name)
    if key is not None and key.type != "json":
        return key.column
    if name.lower() in keys.PLACES:
        return (
            f"coalesce({', '.join(place(inner) for inner in keys.PLACES[name.lower()])})"
            if name.lower() == "user"
            else place(keys.PLACES[name.lower()][0])
        )
    if key is not None or not name or len(name) > 200:
        raise QueryProblem(f"{name[:100]!r} is no field that has values.", 422, "invalid-request")
    for prefix, column in ((keys.RESOURCE, "otel_resource_attributes"), (keys.ATTRIBUTES, "attributes")):
        if name.startswith(prefix) and len(name) > len(prefix):
            return f"{column}->>{quoted(name.removeprefix(prefix))}"
    column = "attributes"
    if name in (seen.resource if seen else keys.ConventionalResource()) and not (seen and name in seen.attributes):
        column = "otel_resource_attributes"
    return f"{column}->>{quoted(name)}"


def values(store: Store, seen: Seen, name: str, prefix: str) -> list[dict[str, Any]]:
    """The most frequent values of a key that begin with what was typed."""
    key, low = keys.column(name), name.lower()
    if low in {"is", "has"}:
        table = keys.IS if low == "is" else keys.HAS
        return [{"value": word, "count": None} for word in table if word.startswith(prefix.lower())]
    if key is not None and key.type == "list":
        expression = "unnest(tags)"
    elif key is not None and key.type == "level":
        expression = "level_name(level)"
    else:
        expression = place(name, seen)
    if expression.startswith("attributes->>") and not store.text:
        return raw_values(store, name.removeprefix(keys.ATTRIBUTES), prefix)
    inner = f"SELECT {expression} AS value FROM records{where(store.where)}"
    like = f"value::text ILIKE {quoted(literally(prefix) + '%')}" if prefix else "true"
    rows = store.ask(
        f"SELECT value, count(*) AS n FROM ({inner}) AS found{where('value IS NOT NULL', like)} "
        f"GROUP BY value ORDER BY n DESC, value LIMIT {VALUES}",
        VALUES,
    )
    return [{"value": row["value"], "count": row["n"]} for row in rows]


def raw_values(store: Store, key: str, prefix: str) -> list[dict[str, Any]]:
    """Those of an attribute, from the tables themselves: a value that is empty is none here, so the keys need not be read (3 s → 0.2)."""
    sources = " UNION ALL ".join(
        f"SELECT {column}[{literal(key)}] AS value FROM {table}"
        for column, table in (("SpanAttributes", "otel_traces"), ("LogAttributes", "otel_logs"))
    )
    like = f" AND value ILIKE {literal(literally(prefix) + '%')}" if prefix else ""
    sql = f"SELECT value, count() AS n FROM ({sources}) WHERE value != ''{like} GROUP BY value ORDER BY n DESC, value LIMIT {VALUES}"
    return [{"value": row["value"], "count": row["n"]} for row in store.ask(sql, VALUES, dialect="clickhouse")]


def attributes_with(store: Store, value: str) -> list[dict[str, Any]]:
    """The attributes that have exactly this value, the most frequent first: a name typed by itself may be meant so."""
    wanted = literal(value)
    sources = " UNION ALL ".join(
        f"(SELECT arrayJoin(arrayFilter((k, v) -> v = {wanted}, mapKeys({column}), mapValues({column}))) AS k "
        f"FROM {table} WHERE has(mapValues({column}), {wanted}) LIMIT {ROWS})"
        for column, table in (("SpanAttributes", "otel_traces"), ("LogAttributes", "otel_logs"))
    )
    sql = f"SELECT k, count() AS n FROM ({sources}) GROUP BY k ORDER BY n DESC, k LIMIT {PLACES}"
    return [
        {"key": row["k"], "count": row["n"], "more": row["n"] >= ROWS}
        for row in store.ask(sql, PLACES, dialect="clickhouse")
    ]
