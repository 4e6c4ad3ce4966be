"""ClickHouse over its HTTP interface: one server, or a cluster of shards and replicas.

`address()` reads the URL an operator wrote, `RemoteEngine` speaks to what it names. Statements go to any live node, inserts to
the shard that their token chooses, so that a replay reaches the shard that may already have them.
"""

import contextlib
import itertools
import re
import ssl
import threading
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, urlsplit

import httpx

from andiron.errors import ConfigurationError, StoreError, StoreUnavailable
from andiron.server.store.engine import Settings
from andiron.server.store.messages import readable

EXAMPLE = "clickhouse://user:password@host:8123/database"
PORTS = {"clickhouse": ("http", 8123), "clickhouses": ("https", 8443)}

# ClickHouse's numbers for "not now". A statement that meets one of them may succeed unchanged later.
TRANSIENT = frozenset(
    {
        198,  # DNS_ERROR
        202,  # TOO_MANY_SIMULTANEOUS_QUERIES
        203,  # NO_FREE_CONNECTION
        209,  # SOCKET_TIMEOUT
        210,  # NETWORK_ERROR
        225,  # NO_ZOOKEEPER
        236,  # ABORTED
        242,  # TABLE_IS_READ_ONLY: the keeper is away
        243,  # NOT_ENOUGH_SPACE
        252,  # TOO_MANY_PARTS
        254,  # NO_ACTIVE_REPLICAS
        279,  # ALL_CONNECTION_TRIES_FAILED
        285,  # TOO_FEW_LIVE_REPLICAS
        286,  # UNSATISFIED_QUORUM_FOR_PREVIOUS_WRITE
        289,  # REPLICA_IS_NOT_IN_QUORUM
        319,  # UNKNOWN_STATUS_OF_INSERT
        364,  # RECEIVED_ERROR_TOO_MANY_REQUESTS
        369,  # ALL_REPLICAS_ARE_STALE
        416,  # REPLICA_STATUS_CHANGED
        425,  # SYSTEM_ERROR
        439,  # CANNOT_SCHEDULE_TASK
        473,  # DEADLOCK_AVOIDED
        574,  # DISTRIBUTED_TOO_MANY_PENDING_BYTES
        733,  # TABLE_IS_BEING_RESTARTED
        745,  # SERVER_OVERLOADED
        999,  # KEEPER_EXCEPTION
    }
)
CREDENTIALS = frozenset(
    {
        192,  # UNKNOWN_USER
        193,  # WRONG_PASSWORD
        194,  # REQUIRED_PASSWORD
        516,  # AUTHENTICATION_FAILED
    }
)
# A query that meets one of these is at fault itself. An insert is not: the server is loaded or set up wrongly, and the rows wait.
TRANSIENT_FOR_INSERTS = (
    TRANSIENT
    | CREDENTIALS
    | {
        159,  # TIMEOUT_EXCEEDED
        201,  # QUOTA_EXCEEDED
        241,  # MEMORY_LIMIT_EXCEEDED
        394,  # QUERY_WAS_CANCELLED
        497,  # ACCESS_DENIED
    }
)
UNKNOWN_THERE = frozenset({60, 81})
"""UNKNOWN_TABLE, UNKNOWN_DATABASE."""

REST = 10.0
"""Seconds for which a node that could not be reached is asked last."""

ON_CLUSTER = re.compile(r"\bON\s+CLUSTER\b", re.IGNORECASE)


@dataclass(frozen=True)
class Address:
    """What the URL of a ClickHouse server says."""

    hosts: tuple[tuple[str, int], ...]
    scheme: str = "http"
    user: str = "default"
    password: str = field(default="", repr=False)
    database: str = "andiron"
    cluster: str = ""

    def node(self, host: str, port: int | None = None) -> str:
        """The base URL of one node; a node that the cluster names listens where the first listed host does."""
        return f"{self.scheme}://{f'[{host}]' if ':' in host else host}:{port or self.hosts[0][1]}"

    def __str__(self) -> str:
        """The URL without its password."""
        scheme = "clickhouses" if self.scheme == "https" else "clickhouse"
        hosts = ",".join(self.node(*host).partition("//")[2] for host in self.hosts)
        return f"{scheme}://{self.user}@{hosts}/{self.database}" + (f"?cluster={self.cluster}" if self.cluster else "")


def address(url: str) -> Address:
    """Read `clickhouse://user:password@host:8123,host2:8123/database?cluster=name`. No message repeats the URL: it has a password."""
    try:
        parts = urlsplit(url.strip())
        options = dict(parse_qsl(parts.query, strict_parsing=bool(parts.query), max_num_fields=10))
    except ValueError:
        raise ConfigurationError(f"The store's URL cannot be read; write it as {EXAMPLE}") from None
    if parts.scheme not in PORTS:
        scheme = parts.scheme if "://" in url else "nothing"
        raise ConfigurationError(
            f"The store's URL starts with {scheme}, not clickhouse:// or clickhouses://, as in {EXAMPLE}"
        )
    scheme, port = PORTS[parts.scheme]
    login, _, hosts = parts.netloc.rpartition("@")
    user, _, password = login.partition(":")
    database = unquote(parts.path.strip("/"))
    cluster = options.pop("cluster", "")
    if "@" in f"{parts.path}{parts.query}{parts.fragment}":
        raise ConfigurationError("The password in the store's URL has one of / ? #; write them as %2F %3F %23")
    if options or parts.fragment:
        raise ConfigurationError(
            f"The store's URL has {', '.join(sorted(options)) or '#'}; after the database only ?cluster=name may follow"
        )
    for what, name, pattern in (("database", database, r"[A-Za-z_]\w*"), ("cluster", cluster, r"[A-Za-z_][\w-]*")):
        if name and not re.fullmatch(pattern, name, re.ASCII):
            raise ConfigurationError(
                f"{name!r} in the store's URL is no name of a {what}; write it as {EXAMPLE}?cluster=name"
            )
    listed = tuple(host_and_port(host, port) for host in hosts.split(","))
    if len(listed) > 1 and not cluster:
        raise ConfigurationError(
            "The store's URL lists several hosts, one a shard; add ?cluster=name, the cluster they belong to"
        )
    return Address(listed, scheme, unquote(user) or "default", unquote(password), database or "andiron", cluster)


def host_and_port(text: str, default: int) -> tuple[str, int]:
    """Split `host`, `host:port` or `[::1]:port`."""
    match = re.fullmatch(r"\s*(?:\[([0-9A-Fa-f:.]+)\]|([\w.-]+))(?::(\d{1,5}))?\s*", text)
    if not match or not 0 < int(match[3] or default) < 65536:
        raise ConfigurationError(f"A host in the store's URL cannot be read; write it as {EXAMPLE}")
    return match[1] or match[2], int(match[3] or default)


@dataclass(frozen=True)
class Topology:
    """Where each shard lives: a tuple of base URLs, one a replica."""

    shards: tuple[tuple[str, ...], ...]

    @property
    def nodes(self) -> tuple[str, ...]:
        """Every replica of every shard."""
        return tuple(itertools.chain.from_iterable(self.shards))

    def replicas(self, token: str) -> tuple[str, ...]:
        """The replicas of the shard that `token` chooses, the one to begin with chosen by it too."""
        number = zlib.crc32(token.encode())
        shard = self.shards[number % len(self.shards)]
        first = number // len(self.shards) % len(shard)
        return shard[first:] + shard[:first]


class RemoteEngine:
    """The `Engine` that speaks to ClickHouse servers. Thread-safe; one pool of connections for all threads."""

    def __init__(
        self,
        url: str,
        *,
        transport: httpx.BaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
        timeout: float = 300.0,
    ) -> None:
        """Connects with the first call, not here. `timeout` bounds the wait for an answer, in seconds."""
        self.address = address(url)
        self.cluster = self.address.cluster
        self.database = self.address.database
        listed = Topology(tuple((self.address.node(*host),) for host in self.address.hosts))
        self._discovers = bool(self.cluster) and len(listed.shards) == 1
        self._topology = None if self._discovers else listed
        self._stale = False
        self._learning = threading.Lock()
        self._turn = itertools.count()
        self._clock = clock
        self._failed_at: dict[str, float] = {}
        self._client = httpx.Client(
            auth=httpx.BasicAuth(self.address.user, self.address.password),
            verify=ssl.create_default_context(),
            trust_env=False,  # a proxy for the web is not meant for the database
            transport=transport,
            timeout=httpx.Timeout(timeout, connect=3.0),
            # Older servers hang up after 3 s of silence; we let go before that.
            limits=httpx.Limits(max_connections=64, keepalive_expiry=2.5),
        )

    def __repr__(self) -> str:
        """Without the password."""
        return f"RemoteEngine({self.address})"

    def query(self, sql: str, *, format: str = "JSONCompact", settings: Settings | None = None) -> bytes:
        """Run one statement on a live node and give its whole answer in `format`."""
        return self._ask_any(sql, {"default_format": format, **(settings or {})})

    def command(self, sql: str, *, settings: Settings | None = None) -> None:
        """Run one statement for its effect; on a cluster, on every node unless it says ON CLUSTER."""
        if not self.cluster:
            self._ask_any(sql, settings or {})
        elif ON_CLUSTER.search(sql):
            # A node that is down finds the statement in its queue when it returns; it must not hold up the others' start.
            patience: dict[str, str | int] = {
                "distributed_ddl_output_mode": "null_status_on_timeout",
                "distributed_ddl_task_timeout": 60,
            }
            self._ask_any(sql, {**patience, **(settings or {})})
        else:
            self._ask_all(sql, settings or {})

    def insert(self, table: str, body: bytes, *, format: str, token: str, settings: Settings | None = None) -> None:
        """Insert `body` into the shard that `token` chooses; the same `token` again has no effect."""
        parameters = {
            "query": f"INSERT INTO {table} FORMAT {format}",
            "async_insert": 0,
            "deduplicate_blocks_in_dependent_materialized_views": 1,
            "insert_deduplication_token": token,
            **(settings or {}),
        }
        failures: list[StoreError] = []
        for node in self._rested_first(self._known().replicas(token)):
            try:
                self._send(node, body, parameters, TRANSIENT_FOR_INSERTS)
                return
            except StoreError as error:
                # A replica that just returned may not have made its tables yet.
                if not isinstance(error, StoreUnavailable) and error.code not in UNKNOWN_THERE:
                    raise
                failures.append(error)
                self._stale = True
        # Only where every replica lacks the table is it missing.
        raise max(failures, key=lambda error: isinstance(error, StoreUnavailable))

    def close(self) -> None:
        """Give up all connections."""
        self._client.close()

    def _ask_any(self, sql: str, settings: Settings) -> bytes:
        nodes = self._known().nodes
        first = next(self._turn) % len(nodes)
        failure: StoreUnavailable | None = None
        for node in self._rested_first(nodes[first:] + nodes[:first]):
            try:
                return self._send(node, sql.encode(), settings, TRANSIENT)
            except StoreUnavailable as error:
                failure, self._stale = error, True
                # Only a statement that never left may be sent again elsewhere.
                if not isinstance(error.__cause__, httpx.ConnectError | httpx.ConnectTimeout):
                    raise
        raise failure or AssertionError("a cluster without nodes")

    def _ask_all(self, sql: str, settings: Settings) -> None:
        failures: list[StoreError] = []
        for node in self._known().nodes:
            try:
                self._send(node, sql.encode(), settings, TRANSIENT)
            except StoreError as error:
                failures.append(error)
        if failures:
            self._stale = True
            # What no wait can mend goes first.
            raise min(failures, key=lambda error: isinstance(error, StoreUnavailable))

    def _rested_first(self, nodes: tuple[str, ...]) -> list[str]:
        """`nodes`, those that failed a moment ago last, so that a dead one costs its timeout once and not with each call."""
        now = self._clock()
        return sorted(nodes, key=lambda node: now - self._failed_at.get(node, -REST) < REST)

    def _send(self, node: str, body: bytes, parameters: Settings, transient: frozenset[int]) -> bytes:
        """One request. With `wait_end_of_query` the status comes after the whole answer is known, so it can be believed."""
        try:
            answer = self._client.post(f"{node}/", params={"wait_end_of_query": 1, **parameters}, content=body)
        except httpx.TransportError as error:
            self._failed_at[node] = self._clock()
            if isinstance(error, httpx.TimeoutException):
                raise StoreUnavailable(
                    f"ClickHouse at {node} did not answer in time ({type(error).__name__})"
                ) from error
            raise StoreUnavailable(f"ClickHouse at {node} cannot be reached: {error}") from error
        except httpx.InvalidURL as error:
            raise StoreError(f"The settings of a statement are too long for a request: {error}") from error
        if answer.is_success and "x-clickhouse-exception-code" not in answer.headers:
            return answer.content
        raise refusal(node, answer, transient)

    def _known(self) -> Topology:
        """The topology: listed in the URL, or asked of the cluster, at first and again after each failure."""
        known = self._topology
        if known is None:
            with self._learning:
                if self._topology is None:
                    self._topology = self._learn(())
                return self._topology
        if self._stale and self._discovers:
            self._stale = False
            with contextlib.suppress(StoreUnavailable):
                known = self._topology = self._learn(known.nodes)
        return known

    def _learn(self, nodes: tuple[str, ...]) -> Topology:
        sql = (
            "SELECT shard_num, host_name FROM system.clusters "
            f"WHERE cluster = '{self.cluster}' ORDER BY shard_num, replica_num FORMAT TabSeparated"
        )
        failure: StoreUnavailable | None = None
        for node in self._rested_first(tuple(dict.fromkeys((self.address.node(*self.address.hosts[0]), *nodes)))):
            try:
                answer = self._send(node, sql.encode(), {}, TRANSIENT).decode()
            except StoreUnavailable as error:
                failure = error
                continue
            rows = [line.split("\t") for line in answer.splitlines()]
            if not rows:
                raise ConfigurationError(
                    f"ClickHouse at {node} knows no cluster {self.cluster!r}; see its remote_servers or system.clusters"
                )
            shards = itertools.groupby(rows, key=lambda row: row[0])
            return Topology(tuple(tuple(self.address.node(host) for _, host in replicas) for _, replicas in shards))
        raise failure or AssertionError("a URL without a host")


def refusal(node: str, answer: httpx.Response, transient: frozenset[int]) -> StoreError:
    """What a refusing answer means: try later, or never again."""
    text = answer.text
    match = re.search(r"\bCode: (\d+)", text)
    code = int(answer.headers.get("x-clickhouse-exception-code") or (match[1] if match else 0))
    message = f"(code {code or answer.status_code}): {readable(text) or answer.reason_phrase}"
    later = code in transient or (not code and (answer.status_code >= 500 or answer.status_code == 429))
    if code in CREDENTIALS:
        message = f"ClickHouse at {node} refuses the user and password of the store's URL {message}"
    elif later:
        message = f"ClickHouse at {node} cannot do this now {message}"
    else:
        message = f"ClickHouse refused {message}"
    return StoreUnavailable(message, code) if later else StoreError(message, code)
