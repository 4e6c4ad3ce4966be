"""The schema of one project: tables by numbered migrations, transforms and views by fingerprint.

Tables hold data and change only by a new file in `schema/tables`, applied once, in order. What `schema/transform` and
`schema/views` make holds no data, so it is made anew whenever its text has changed.
"""

import hashlib
import json
import logging
import re
from dataclasses import dataclass
from functools import cache
from importlib import resources

from andiron.errors import StoreError
from andiron.server.store.engine import Engine

log = logging.getLogger(__name__)

FILES = resources.files("andiron.server.store") / "schema"

TABLE_SETTINGS = (
    "non_replicated_deduplication_window = 10000, "
    # Replay after a crash repeats an insert's token; this many inserts are remembered.
    "ttl_only_drop_parts = 1, merge_with_ttl_timeout = 300, materialize_ttl_recalculate_only = 1, "
    # Retention drops whole parts, soon, and a changed retention does not rewrite them.
    "min_bytes_for_wide_part = 268435456, "
    # An insert of sixty columns writes nine files instead of two hundred: half the time with fsync.
    "min_parts_to_merge_at_once = 8, "
    # Each pass of a merge costs more than the insert did; merging eight at once takes a third of the passes of two.
    "map_serialization_version = 'with_buckets', map_buckets_min_avg_size = 0, map_buckets_strategy = 'constant', "
    "max_buckets_in_map = 8, fsync_after_insert = 1, fsync_part_directory = 1"
)
REPLICATED_SETTINGS = TABLE_SETTINGS.replace(
    "non_replicated_deduplication_window",
    "replicated_deduplication_window_seconds = 604800, replicated_deduplication_window",
)
VERSIONS = "andiron_schema"


@dataclass(frozen=True)
class Migration:
    """A numbered file of `schema/tables`."""

    number: int
    name: str
    text: str


@cache
def migrations() -> tuple[Migration, ...]:
    """All of them, in order."""
    found = sorted(
        (entry for entry in (FILES / "tables").iterdir() if entry.name.endswith(".sql")), key=lambda e: e.name
    )
    return tuple(Migration(int(entry.name[:3]), entry.name, entry.read_text()) for entry in found)


@cache
def repeatable() -> tuple[str, ...]:
    """The texts that make the transforms, then the views."""
    return tuple(
        entry.read_text()
        for folder in ("transform", "views")
        if (FILES / folder).is_dir()
        for entry in sorted((FILES / folder).iterdir(), key=lambda e: e.name)
        if entry.name.endswith(".sql")
    )


@cache
def fragments() -> dict[str, str]:
    """The named pieces of `fragments.sql`."""
    pieces = {}
    for part in re.split(r"(?m)^-- :", (FILES / "fragments.sql").read_text())[1:]:
        name, _, text = part.partition("\n")
        pieces[name.strip()] = "\n".join(line for line in text.splitlines() if not line.startswith("--")).strip()
    return pieces


@cache
def protobuf_schema() -> str:
    """`otlp.proto` without its comments, as inserts hand it to ClickHouse."""
    return re.sub(r"(?m)//.*$", "", (FILES / "otlp.proto").read_text())


class Schema:
    """Makes and upgrades the schema of databases on one engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        cluster = engine.cluster
        replicated = "('/clickhouse/tables/{uuid}/{shard}', '{replica}'"
        self._words = fragments() | {
            "local": "_local" if cluster else "",
            "on_cluster": f"ON CLUSTER '{cluster}'" if cluster else "",
            "merge_tree": f"ReplicatedMergeTree{replicated})" if cluster else "MergeTree",
            "replacing_merge_tree": f"ReplicatedReplacingMergeTree{replicated}, IngestedAt)"
            if cluster
            else "ReplacingMergeTree(IngestedAt)",
            "table_settings": REPLICATED_SETTINGS if cluster else TABLE_SETTINGS,
        }

    def ensure(self, database: str, *, upto: int | None = None) -> None:
        """Bring `database` to this version of the schema; `upto` stops at an older one, for tests of upgrades."""
        words = self._words | {"db": database}
        on_cluster = self._words["on_cluster"]
        self._engine.command(f"CREATE DATABASE IF NOT EXISTS {database} {on_cluster}")
        self._engine.command(
            f"CREATE TABLE IF NOT EXISTS {database}.{VERSIONS} {on_cluster} (part String, version UInt32, fingerprint String, "
            f"applied_at DateTime64(3) DEFAULT now64(3)) ENGINE = {self._words['merge_tree']} ORDER BY applied_at"
        )
        applied = self._applied(database)
        newest = migrations()[-1].number
        if applied.version > newest:
            raise StoreError(
                f"The data in {database} was written by a newer Andiron (schema {applied.version}, this one knows {newest}): "
                "install that version, or restore a backup made before the upgrade."
            )
        for migration in migrations():
            if applied.version < migration.number <= (upto or newest):
                self._run(migration.text, words)
                self._distribute(migration.text, database)
                self._record(database, "tables", migration.number, "")
                log.info("schema migrated", extra={"database": database, "migration": migration.name})
        if upto is None:
            self._repeat(database, applied.fingerprint, words)

    def _repeat(self, database: str, current: str, words: dict[str, str]) -> None:
        texts = [expanded(text, words) for text in repeatable()]
        fingerprint = hashlib.sha256("".join(texts).encode()).hexdigest()
        if fingerprint == current:
            return
        # Whoever stops here begins anew next time, with an older version of this program, too.
        self._record(database, "repeatable", 0, "")
        for name in self._made_of_text(database):
            self._engine.command(f"DROP TABLE IF EXISTS {database}.{name} {words['on_cluster']} SYNC")
        for text in texts:
            self._run(text, words)
        self._record(database, "repeatable", 0, fingerprint)

    def _made_of_text(self, database: str) -> list[str]:
        """Whatever holds no data, and so also what an older text made and this one does not: a view that nobody asked for goes on
        filling its table. Views that fill come first.
        """
        of_migrations = set(re.findall(r"\$\{db\}\.(\w+)", "".join(migration.text for migration in migrations())))
        answer = self._engine.query(
            f"SELECT name FROM system.tables WHERE database = '{database}' AND engine IN ('MaterializedView', 'Null', 'View') "
            "ORDER BY engine"
        )
        return [name for (name,) in json.loads(answer)["data"] if name not in of_migrations]

    def _distribute(self, text: str, database: str) -> None:
        """On a cluster, put a Distributed table of the plain name over each local one."""
        if cluster := self._engine.cluster:
            for name in re.findall(r"CREATE TABLE IF NOT EXISTS \$\{db\}\.(\w+)\$\{local\}", text):
                self._engine.command(
                    f"CREATE TABLE IF NOT EXISTS {database}.{name} ON CLUSTER '{cluster}' AS {database}.{name}_local "
                    f"ENGINE = Distributed('{cluster}', '{database}', '{name}_local', rand())"
                )

    def _run(self, text: str, words: dict[str, str]) -> None:
        for statement in re.split(r";[ \t]*(?:--.*)?\n", expanded(text, words)):
            if re.sub(r"(?m)--.*$", "", statement).strip():
                self._engine.command(statement)

    def _applied(self, database: str) -> "Applied":
        answer = self._engine.query(
            f"SELECT max(version), argMaxIf(fingerprint, applied_at, part = 'repeatable') FROM {database}.{VERSIONS}"
        )
        version, fingerprint = json.loads(answer)["data"][0]
        return Applied(int(version), fingerprint)

    def _record(self, database: str, part: str, version: int, fingerprint: str) -> None:
        self._engine.command(
            f"INSERT INTO {database}.{VERSIONS} (part, version, fingerprint) VALUES ('{part}', {version}, '{fingerprint}')"
        )


@dataclass(frozen=True)
class Applied:
    """What a database has of the schema."""

    version: int
    fingerprint: str


def expanded(text: str, words: dict[str, str]) -> str:
    """`text` with each `${name}` replaced, names within the replacements too."""
    while "${" in text:
        text = re.sub(r"\$\{(\w+)\}", lambda match: words[match[1]], text)
    return text
