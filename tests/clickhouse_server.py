"""ClickHouse's HTTP interface in front of chDB, in a process of its own: what tests have in the place of a ClickHouse server.

What passing against it proves: our SQL and DDL run on ClickHouse's own parser and engine; our client sends queries, inserts,
settings and tokens as ClickHouse's HTTP interface takes them, reads its errors, chooses shards by token, and retries.

What it does not prove, because it is not here: replication and the keeper (`Replicated…MergeTree` becomes the plain engine, with
its deduplication window); the Distributed engine (it becomes a view of the local table and, over HTTP, those of the peers);
the queue of distributed DDL (`ON CLUSTER` runs here and is forwarded to each peer, all of which must be up); users, grants and
quotas (one user, one password); the native protocol, TLS, and ClickHouse's own limits on requests.

    python -m tests.clickhouse_server --port 8123 --data /tmp/one --cluster pair --peers http://127.0.0.2:8123
"""

import argparse
import base64
import re
import urllib.error
import urllib.request
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from chdb import _chdb

_chdb.set_signal_handlers_enabled(False)  # with chDB's handlers a crash would hang this process

import chdb  # noqa: E402 - after the line above

STATUS = {62: 400, 27: 400, 117: 400, 60: 404, 81: 404, 46: 404, 47: 404, 159: 408, 194: 401, 516: 403, 497: 403}
NO_SETTINGS = {
    "query",
    "database",
    "default_format",
    "user",
    "password",
    "wait_end_of_query",
    "query_id",
    "buffer_size",
}
INSERT = re.compile(r"\s*(INSERT\s+INTO\s+.+?)\s+FORMAT\s+(\w+)\s*", re.IGNORECASE | re.DOTALL)
ON_CLUSTER = re.compile(r"\s+ON\s+CLUSTER\s+'?\w+'?", re.IGNORECASE)
DISTRIBUTED = re.compile(
    r"CREATE\s+TABLE\s+(IF\s+NOT\s+EXISTS\s+)?(\S+)\b.*ENGINE\s*=\s*Distributed\(\s*'?\w+'?\s*,\s*'?(\w+)'?\s*,\s*'?(\w+)'?.*",
    re.IGNORECASE | re.DOTALL,
)
ADDED = re.compile(r"ALTER\s+TABLE\s+(\w+)\.(\w+)\s+ADD\s+COLUMN\b", re.IGNORECASE)
EVERYWHERE = re.compile(r"clusterAllReplicas\('\w+', (system\.\w+)\)")
QUOTED_OR_COMMENT = re.compile(r"'(?:[^'\\]|\\.)*'|`[^`]*`|\"[^\"]*\"|--[^\n]*|/\*.*?\*/", re.DOTALL)
NO_ROW = "('', 0, 0, '')"
FORWARDED = "X-Test-Forwarded"


class Refused(Exception):
    """An error in ClickHouse's words."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"Code: {code}. DB::Exception: {message}")


@dataclass(frozen=True)
class Cluster:
    """Itself and its peers, one shard each, in the same order on every one of them."""

    name: str
    own: str
    peers: tuple[str, ...]
    user: str
    password: str

    @property
    def table(self) -> str:
        """What stands for system.clusters."""
        nodes = sorted({self.own, *self.peers}) if self.name else []
        rows = [f"('{self.name}', {shard}, 1, '{urlsplit(node).hostname}')" for shard, node in enumerate(nodes, 1)]
        columns = "'cluster String, shard_num UInt32, replica_num UInt32, host_name String'"
        return f"(SELECT * FROM values({columns}, {', '.join(rows) or NO_ROW}) WHERE cluster != '')"

    def reading(self, peer: str, table: str) -> str:
        """The URL under which `peer` gives all of its `table`."""
        query = {"query": f"SELECT * FROM {table} FORMAT Native", "user": self.user, "password": self.password}
        return f"{peer}/?{urlencode(query)}"

    def everywhere(self, table: str) -> str:
        """What stands for clusterAllReplicas() over a system table."""
        urls = [literal(self.reading(peer, table)) for peer in self.peers]
        selects = [f"SELECT * FROM {table}", *(f"SELECT * FROM url({url}, 'Native')" for url in urls)]
        return f"({' UNION ALL '.join(selects)})"

    def forward(self, statement: str) -> None:
        """Run `statement` on every peer."""
        login = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        for peer in self.peers:
            headers = {FORWARDED: "1", "Authorization": f"Basic {login}"}
            request = urllib.request.Request(f"{peer}/", statement.encode(), headers)
            try:
                urllib.request.urlopen(request, timeout=60).close()
            except urllib.error.HTTPError as error:
                raise Refused(36, f"There was an error on [{peer}]: {error.read().decode()}") from None
            except OSError as error:
                raise Refused(159, f"Distributed DDL task is not finished on [{peer}]: {error}") from None


class Server(ThreadingHTTPServer):
    """One engine, one cluster, a thread for each connection."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, host: str, port: int, data: Path, cluster: Cluster) -> None:
        super().__init__((host, port), Handler)
        self.path = str(data)
        self.cluster = cluster
        self.engine = chdb.connect(self.path)  # keeps the engine open; each request has a handle of its own

    def answer(self, parameters: dict[str, str], body: bytes, *, forwarded: bool) -> bytes:
        """Run what one request asks."""
        handle = chdb.connect(self.path)
        try:
            if parameters.get("database"):
                handle.query(f"USE `{parameters['database']}`")
            settings = {name: value for name, value in parameters.items() if name not in NO_SETTINGS}
            for name in sorted(settings, key="readonly".__eq__):  # after it, nothing can be set
                handle.query(f"SET {name} = {literal(settings[name])}")
            if insert := INSERT.fullmatch(parameters.get("query", "")):
                inserter = handle.send_insert(insert[1], insert[2])
                inserter.append(body)
                inserter.finish()
                return b""
            statement = parameters.get("query", "") + body.decode()
            result: bytes = handle.query(
                self.translated(handle, statement, forwarded=forwarded),
                parameters.get("default_format", "TabSeparated"),
            ).bytes()
            return result
        finally:
            handle.close()

    def translated(self, handle: Any, statement: str, *, forwarded: bool) -> str:
        """`statement` as one engine without keeper and peers can run it; what goes to the peers is sent."""
        if re.search(r";\s*\S", QUOTED_OR_COMMENT.sub(" ", statement)):
            raise Refused(62, "Syntax error (Multi-statements are not allowed)")
        if ON_CLUSTER.search(QUOTED_OR_COMMENT.sub("q", statement)):
            if not forwarded:
                self.cluster.forward(statement)
            statement = ON_CLUSTER.sub("", statement, count=1)
        statement = re.sub(r"\bReplicated(\w*MergeTree)\s*\(\s*'[^']*'\s*,\s*'[^']*'\s*,?\s*", r"\1(", statement)
        statement = re.sub(r"\bReplicated(\w*MergeTree)\b", r"\1", statement)
        statement = re.sub(r"\breplicated_deduplication_window\b", "non_replicated_deduplication_window", statement)
        if distributed := DISTRIBUTED.search(statement):
            return self.view(handle, *distributed.groups(default=""))
        if (added := ADDED.search(QUOTED_OR_COMMENT.sub(" ", statement))) and self.stands_for(handle, *added.groups()):
            database, name = added.groups()
            handle.query(f"DROP TABLE {database}.{name} SYNC")
            return self.view(handle, "", f"{database}.{name}", database, f"{name}_local")
        statement = EVERYWHERE.sub(lambda found: self.cluster.everywhere(found[1]), statement)
        return re.sub(r"\bsystem\.clusters\b", self.cluster.table, statement)

    @staticmethod
    def stands_for(handle: Any, database: str, name: str) -> bool:
        """Whether a view is in the place of a Distributed table."""
        found = handle.query(
            f"SELECT engine FROM system.tables WHERE database = '{database}' AND name = '{name}'", "CSV"
        )
        return b"View" in found.bytes()

    def view(self, handle: Any, if_not_exists: str, name: str, database: str, table: str) -> str:
        """A view of `table` here and on every peer. Its parts are tables, since readonly=1 forbids table functions."""
        columns = handle.query(
            "SELECT arrayStringConcat(groupArray('`' || name || '` ' || type), ', ') FROM system.columns "
            f"WHERE database = '{database}' AND table = '{table}'",
            "TabSeparatedRaw",
        )
        structure = columns.bytes().decode().strip()
        named = handle.query(
            "SELECT arrayStringConcat(groupArray('`' || name || '`'), ', ') FROM system.columns "
            f"WHERE database = '{database}' AND table = '{table}'",
            "TabSeparatedRaw",
        )
        # By name: `*` leaves out what is MATERIALIZED.
        whole = f"SELECT {named.bytes().decode().strip()} FROM {database}.{table}"
        selects = [whole]
        handle.query("CREATE DATABASE IF NOT EXISTS peers")
        for number, peer in enumerate(self.cluster.peers):
            part = f"peers.`{database}.{table}.{number}`"
            url = literal(self.cluster.reading(peer, f"({whole})"))
            handle.query(f"CREATE OR REPLACE TABLE {part} ({structure}) ENGINE = URL({url}, 'Native')")
            selects.append(f"SELECT * FROM {part}")
        return f"CREATE VIEW {if_not_exists}{name} AS {' UNION ALL '.join(selects)}"


class Handler(BaseHTTPRequestHandler):
    """One request at a time of one connection."""

    server: Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self.reply(readonly=True)

    def do_POST(self) -> None:
        self.reply(readonly=False)

    def reply(self, *, readonly: bool) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        url = urlsplit(self.path)
        parameters = dict(parse_qsl(url.query, keep_blank_values=True))
        if url.path == "/ping":
            self.send(200, b"Ok.\n")
            return
        if readonly:
            parameters.setdefault("readonly", "2")
        try:
            self.check(parameters)
            self.send(200, self.server.answer(parameters, body, forwarded=FORWARDED in self.headers))
        except (Refused, RuntimeError) as error:
            found = re.search(r"Code: (\d+)", str(error))
            code = int(found[1]) if found else 1002
            self.send(STATUS.get(code, 500), f"{error} (version 26.9.2.1)\n".encode(), code)

    def check(self, parameters: dict[str, str]) -> None:
        user, password = self.headers.get("X-ClickHouse-User"), self.headers.get("X-ClickHouse-Key")
        if (basic := self.headers.get("Authorization", "")).startswith("Basic "):
            user, _, password = base64.b64decode(basic[6:]).decode().partition(":")
        user = user or parameters.get("user") or "default"
        cluster = self.server.cluster
        if (user, password or parameters.get("password", "")) != (cluster.user, cluster.password):
            raise Refused(
                516,
                f"{user}: Authentication failed: password is incorrect, or there is no user with such name. "
                "(AUTHENTICATION_FAILED)",
            )

    def send(self, status: int, body: bytes, code: int = 0) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if code:
            self.send_header("X-ClickHouse-Exception-Code", str(code))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Says nothing."""


def literal(text: str) -> str:
    """A string literal of ClickHouse."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A ClickHouse server for tests.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--user", default="default")
    parser.add_argument("--password", default="")
    parser.add_argument("--cluster", default="", help="name of the cluster that this server and its peers form")
    parser.add_argument("--peers", nargs="*", default=[], help="the other servers, as http://host:port")
    given = parser.parse_args()
    own = f"http://{given.host}:{given.port}"
    cluster = Cluster(given.cluster, own, tuple(given.peers), given.user, given.password)
    Server(given.host, given.port, given.data, cluster).serve_forever()
