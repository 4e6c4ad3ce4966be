"""The engine that speaks to ClickHouse servers, against servers in processes of their own and, for faults, against a script."""

import itertools
import json
import threading
import zlib
from collections.abc import Callable, Iterator

import httpx
import pytest

from andiron.errors import ConfigurationError, StoreError, StoreUnavailable
from andiron.server.store.remote import RemoteEngine, address
from tests.store.conftest import ClickHouseServer

pytestmark = pytest.mark.requirement("AN-03")

Pair = tuple[ClickHouseServer, ClickHouseServer]
numbers = itertools.count(1)


@pytest.fixture
def table(remote: RemoteEngine) -> str:
    """A fresh table of one column."""
    name = f"things_{next(numbers)}.t"
    remote.command(f"CREATE DATABASE {name.partition('.')[0]}")
    remote.command(
        f"CREATE TABLE {name} (a Int64) ENGINE = MergeTree ORDER BY a SETTINGS non_replicated_deduplication_window = 100"
    )
    return name


@pytest.fixture
def sharded_table(sharded: RemoteEngine) -> Iterator[str]:
    """A table on both shards, by the DDL of a cluster."""
    database = f"spread_{next(numbers)}"
    sharded.command(f"CREATE DATABASE {database} ON CLUSTER 'pair'")
    sharded.command(
        f"CREATE TABLE {database}.t_local ON CLUSTER 'pair' (a Int64, `e.x` Array(LowCardinality(String)) DEFAULT ['it''s']) "
        "ENGINE = ReplicatedMergeTree('/clickhouse/tables/{uuid}/{shard}', '{replica}') ORDER BY a "
        "SETTINGS replicated_deduplication_window = 100"
    )
    sharded.command(
        f"CREATE TABLE IF NOT EXISTS {database}.t ON CLUSTER 'pair' AS {database}.t_local "
        f"ENGINE = Distributed('pair', '{database}', 't_local', rand())"
    )
    yield f"{database}.t"
    sharded.command(f"DROP DATABASE {database} ON CLUSTER 'pair' SYNC")


def number(engine: RemoteEngine, sql: str) -> int:
    return int(engine.query(sql, format="TabSeparated"))


def token_for(shard: int, shards: int = 2) -> str:
    return next(token for token in map(str, itertools.count()) if zlib.crc32(token.encode()) % shards == shard)


class TestOneServer:
    def test_rows_go_in_and_come_out(self, remote: RemoteEngine, table: str) -> None:
        remote.insert(table, b"1\n2\n", format="CSV", token="one")
        assert json.loads(remote.query(f"SELECT a FROM {table} ORDER BY a"))["data"] == [[1], [2]]
        assert remote.query(f"SELECT sum(a) FROM {table}", format="CSV") == b"3\n"

    def test_a_token_counts_once(self, remote: RemoteEngine, table: str) -> None:
        for token in ("one", "one", "two"):
            remote.insert(table, b"1\n", format="CSV", token=token)
        assert number(remote, f"SELECT count() FROM {table}") == 2

    def test_settings_reach_the_statement(self, remote: RemoteEngine) -> None:
        sql = "SELECT getSetting('max_threads'), getSetting('format_schema')"
        long = "message Über { /* it's \\ & % + */ }" * 250
        answer = remote.query(sql, settings={"max_threads": 3, "format_schema": long})
        assert json.loads(answer)["data"] == [[3, long]]

    def test_settings_reach_the_insert(self, remote: RemoteEngine, table: str) -> None:
        settings = {
            "format_schema_source": "string",
            "format_schema": 'syntax = "proto3"; message One { int64 a = 1; }' + "\n" * 6000,
            "format_schema_message_name": "One",
        }
        remote.insert(table, b"\x08\x2a", format="ProtobufSingle", token="one", settings=settings)
        assert number(remote, f"SELECT a FROM {table}") == 42

    def test_a_read_only_query_cannot_write(self, remote: RemoteEngine, table: str) -> None:
        with pytest.raises(StoreError, match="readonly mode") as caught:
            remote.query(f"DROP TABLE {table}", settings={"readonly": 1, "max_threads": 1})
        assert caught.value.code == 164

    def test_a_refusal_has_its_code_and_a_short_message(self, remote: RemoteEngine, table: str) -> None:
        with pytest.raises(StoreError) as caught:
            remote.query("SELECT * FROM nowhere.nothing")
        assert not isinstance(caught.value, StoreUnavailable)
        assert caught.value.code == 81
        assert "nowhere" in str(caught.value)
        assert "version" not in str(caught.value)
        with pytest.raises(StoreError) as caught:
            remote.insert(table, b"x\n", format="CSV", token="bad")
        assert caught.value.code in {27, 72, 117}
        assert number(remote, f"SELECT count() FROM {table}") == 0

    def test_an_error_after_the_first_rows_is_an_error(self, remote: RemoteEngine) -> None:
        with pytest.raises(StoreError, match="too late") as caught:
            remote.query("SELECT throwIf(number = 2000000, 'too late') FROM numbers(3000000)", format="TabSeparated")
        assert caught.value.code == 395

    def test_a_wrong_password_is_told_and_not_repeated(self, clickhouse: ClickHouseServer) -> None:
        engine = RemoteEngine(f"clickhouse://andiron:s3cret-guess@{clickhouse.host}:{clickhouse.port}/telemetry")
        with pytest.raises(StoreError, match="refuses the user and password") as caught:
            engine.query("SELECT 1")
        assert caught.value.code == 516
        assert "s3cret-guess" not in f"{caught.value} {engine!r} {engine.address!r} {engine.address}"
        engine.close()

    def test_threads_share_an_engine(self, remote: RemoteEngine, table: str) -> None:
        def work(first: int) -> None:
            for a in range(first, first + 5):
                remote.insert(table, f"{a}\n".encode(), format="CSV", token=str(a))

        threads = [threading.Thread(target=work, args=(first,)) for first in (0, 5, 10, 15)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert number(remote, f"SELECT uniqExact(a) FROM {table}") == 20

    def test_a_server_that_dies_and_returns(
        self, clickhouse: ClickHouseServer, remote: RemoteEngine, table: str
    ) -> None:
        remote.insert(table, b"1\n", format="CSV", token="before")
        clickhouse.kill()
        try:
            for _ in range(2):
                with pytest.raises(StoreUnavailable):
                    remote.insert(table, b"2\n", format="CSV", token="during")
                with pytest.raises(StoreUnavailable):
                    remote.query("SELECT 1")
        finally:
            clickhouse.start()
            clickhouse.wait()
        remote.insert(table, b"1\n", format="CSV", token="before")
        remote.insert(table, b"2\n", format="CSV", token="during")
        assert number(remote, f"SELECT sum(a) FROM {table}") == 3


class TestTwoShards:
    def test_the_token_chooses_the_shard(
        self, clickhouse_pair: Pair, sharded: RemoteEngine, sharded_table: str
    ) -> None:
        here, there = token_for(0), token_for(1)
        for token in (here, there, there):
            sharded.insert(f"{sharded_table}_local (a)", f"{token}\n".encode(), format="TSV", token=token)
        for server, token in zip(clickhouse_pair, (here, there), strict=True):
            alone = RemoteEngine(server.url.partition("?")[0])
            assert alone.query(f"SELECT a FROM {sharded_table}_local", format="CSV") == f"{token}\n".encode()
            alone.close()
        # Round robin: both answer for the whole.
        both = [sharded.query(f"SELECT sum(a), any(`e.x`) FROM {sharded_table}", format="TSV") for _ in range(2)]
        assert both == [f"{int(here) + int(there)}\t['it\\'s']\n".encode()] * 2

    def test_hosts_can_be_listed_instead(self, clickhouse_pair: Pair, sharded_table: str) -> None:
        first, second = clickhouse_pair
        engine = RemoteEngine(first.url.replace(f":{first.port}/", f":{first.port},{second.host}:{second.port}/"))
        for a in range(2):
            engine.insert(f"{sharded_table}_local (a)", b"1\n", format="CSV", token=token_for(a))
        assert number(engine, f"SELECT sum(a) FROM {sharded_table}") == 2
        engine.close()

    def test_a_command_runs_on_every_node(self, sharded: RemoteEngine, sharded_table: str) -> None:
        sharded.command(f"INSERT INTO {sharded_table}_local (a) VALUES (7)")
        assert number(sharded, f"SELECT sum(a) FROM {sharded_table}") == 14

    def test_reading_all_shards_needs_no_more_than_reading(self, sharded: RemoteEngine, sharded_table: str) -> None:
        answer = sharded.query(f"SELECT count() FROM {sharded_table}", format="CSV", settings={"readonly": 1})
        assert answer == b"0\n"

    def test_one_shard_away(self, clickhouse_pair: Pair, sharded: RemoteEngine, sharded_table: str) -> None:
        sharded.insert(f"{sharded_table}_local (a)", b"1\n", format="CSV", token=token_for(0))
        clickhouse_pair[1].kill()
        try:
            # Queries fail over; an insert waits for its own shard and does not stray to the other.
            assert [sharded.query("SELECT 1", format="CSV") for _ in range(4)] == [b"1\n"] * 4
            with pytest.raises(StoreUnavailable):
                sharded.insert(f"{sharded_table}_local (a)", b"2\n", format="CSV", token=token_for(1))
            sharded.insert(f"{sharded_table}_local (a)", b"1\n", format="CSV", token=token_for(0))
        finally:
            clickhouse_pair[1].start()
            clickhouse_pair[1].wait()
        sharded.insert(f"{sharded_table}_local (a)", b"2\n", format="CSV", token=token_for(1))
        assert number(sharded, f"SELECT sum(a) FROM {sharded_table}") == 3

    def test_a_cluster_that_is_not_there(self, clickhouse_pair: Pair) -> None:
        engine = RemoteEngine(clickhouse_pair[0].url.replace("cluster=pair", "cluster=trio"))
        with pytest.raises(ConfigurationError, match="knows no cluster 'trio'"):
            engine.query("SELECT 1")
        engine.close()


class Script:
    """A cluster of nodes that answer as a test says: by host, a status with a body, or an exception."""

    def __init__(self, topology: str = "") -> None:
        self.topology = topology
        self.answers: dict[str, Callable[[httpx.Request], httpx.Response]] = {}
        self.asked: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if b"system.clusters" in request.content:
            return httpx.Response(200, text=self.topology)
        self.asked.append(request.url.host)
        answer = self.answers.get(request.url.host)
        return answer(request) if answer else httpx.Response(200, text="fine")

    def refuse(self, host: str) -> None:
        def answer(request: httpx.Request) -> httpx.Response:
            raise httpx.ConnectError("Connection refused", request=request)

        self.answers[host] = answer

    def say(self, host: str, status: int, text: str, code: int = 0) -> None:
        headers = {"X-ClickHouse-Exception-Code": str(code)} if code else {}
        self.answers[host] = lambda _: httpx.Response(status, text=text, headers=headers)

    def engine(self, url: str = "clickhouse://h/db", clock: Callable[[], float] = lambda: 0.0) -> RemoteEngine:
        return RemoteEngine(url, transport=httpx.MockTransport(self), clock=clock)


FOUR = "1\ta1\n1\ta2\n2\tb1\n2\tb2\n"


class TestFaults:
    @pytest.mark.parametrize("code", [209, 210, 225, 242, 252, 279, 319, 745, 999])
    def test_what_may_work_later(self, code: int) -> None:
        script = Script()
        script.say("h", 500, f"Code: {code}. DB::Exception: Not now. (X) (version 26.9.2.1 (official build))", code)
        with pytest.raises(StoreUnavailable, match=r"code \d+\): Not now. \(X\)$") as caught:
            script.engine().query("SELECT 1")
        assert caught.value.code == code

    @pytest.mark.parametrize("code", [159, 241, 497, 516])
    def test_what_is_a_query_s_fault_and_not_an_insert_s(self, code: int) -> None:
        script = Script()
        script.say("h", 500, f"Code: {code}. DB::Exception: Limit.", code)
        with pytest.raises(StoreUnavailable):
            script.engine().insert("t", b"", format="CSV", token="one")
        with pytest.raises(StoreError) as caught:
            script.engine().query("SELECT 1")
        assert not isinstance(caught.value, StoreUnavailable)

    def test_the_code_is_found_in_the_body_too(self) -> None:
        script = Script()
        script.say("h", 500, "Code: 62. DB::Exception: Syntax error. Stack trace:\n\n0. ./src/Common/Exception.cpp")
        with pytest.raises(StoreError) as caught:
            script.engine().query("SELEC")
        assert (caught.value.code, str(caught.value)) == (62, "ClickHouse refused (code 62): Syntax error.")

    def test_a_gateway_s_error_may_pass_and_a_wrong_page_does_not(self) -> None:
        script = Script()
        script.say("h", 502, "Bad gateway")
        with pytest.raises(StoreUnavailable, match="code 502"):
            script.engine().query("SELECT 1")
        script.say("h", 400, "Port 9000 is for clickhouse-client program")
        with pytest.raises(StoreError, match="Port 9000 is for") as caught:
            script.engine().query("SELECT 1")
        assert not isinstance(caught.value, StoreUnavailable)

    def test_settings_beyond_what_a_request_holds(self) -> None:
        with pytest.raises(StoreError, match="too long"):
            Script().engine().query("SELECT 1", settings={"format_schema": "x" * 100_000})

    def test_an_insert_tries_the_replicas_of_its_shard_and_no_others(self) -> None:
        script = Script(FOUR)
        engine = script.engine("clickhouse://a1/db?cluster=c")
        script.refuse("b1")
        engine.insert("t", b"", format="CSV", token=token_for(1))
        assert script.asked[-1] == "b2"
        assert set(script.asked) <= {"b1", "b2"}

    def test_a_table_is_missing_where_every_replica_lacks_it(self) -> None:
        script = Script(FOUR)
        engine = script.engine("clickhouse://a1/db?cluster=c")
        script.say("b1", 404, "Code: 60. DB::Exception: Table t does not exist", 60)
        script.refuse("b2")
        with pytest.raises(StoreUnavailable):
            engine.insert("t", b"", format="CSV", token=token_for(1))
        script.say("b2", 404, "Code: 60. DB::Exception: Table t does not exist", 60)
        with pytest.raises(StoreError) as caught:
            engine.insert("t", b"", format="CSV", token=token_for(1))
        assert caught.value.code == 60

    def test_a_refused_insert_is_not_tried_elsewhere(self) -> None:
        script = Script(FOUR)
        for host in ("a1", "a2"):
            script.say(host, 400, "Code: 444. DB::Exception: Bad bytes", 444)
        with pytest.raises(StoreError, match="Bad bytes"):
            script.engine("clickhouse://a1/db?cluster=c").insert("t", b"", format="CSV", token=token_for(0))
        assert len(script.asked) == 1

    def test_a_dead_node_is_asked_last_for_a_while(self) -> None:
        now = 0.0
        script = Script(FOUR)
        script.refuse("a2")
        engine = script.engine("clickhouse://a1/db?cluster=c", clock=lambda: now)
        for _ in range(8):
            engine.query("SELECT 1")
        assert script.asked.count("a2") == 1
        now = 60.0
        for _ in range(4):
            engine.query("SELECT 1")
        assert script.asked.count("a2") == 2

    def test_a_new_topology_is_learned_after_a_failure(self) -> None:
        script = Script("1\ta1\n")
        engine = script.engine("clickhouse://a1/db?cluster=c")
        engine.query("SELECT 1")
        script.topology = "1\ta9\n"
        script.refuse("a1")
        with pytest.raises(StoreUnavailable):
            engine.query("SELECT 1")
        assert engine.query("SELECT 1") == b"fine"
        assert script.asked[-1] == "a9"

    def test_a_statement_that_may_have_run_is_not_sent_twice(self) -> None:
        def lost(request: httpx.Request) -> httpx.Response:
            raise httpx.ReadError("Connection reset by peer", request=request)

        script = Script(FOUR)
        script.answers = dict.fromkeys(("a1", "a2", "b1", "b2"), lost)
        with pytest.raises(StoreUnavailable, match="Connection reset"):
            script.engine("clickhouse://a1/db?cluster=c").query("SELECT 1")
        assert len(script.asked) == 1

    def test_a_command_for_all_reports_what_no_wait_mends_first(self) -> None:
        script = Script(FOUR)
        script.refuse("a1")
        script.say("b1", 400, "Code: 62. DB::Exception: Syntax error", 62)
        with pytest.raises(StoreError, match="Syntax error"):
            script.engine("clickhouse://a1/db?cluster=c").command("SYSTEM NONSENSE")
        assert script.asked == ["a1", "a2", "b1", "b2"]


class TestAddress:
    @pytest.mark.parametrize(
        ("url", "nodes", "rest"),
        [
            ("clickhouse://h", ["http://h:8123"], ("default", "", "andiron", "")),
            ("clickhouses://u@h/", ["https://h:8443"], ("u", "", "andiron", "")),
            ("clickhouse://u:p%40%2Fw@h:1/d", ["http://h:1"], ("u", "p@/w", "d", "")),
            ("clickhouse://u:a@b:c@[::1]:9/d", ["http://[::1]:9"], ("u", "a@b:c", "d", "")),
            ("clickhouse://h1:1,h2/d?cluster=c", ["http://h1:1", "http://h2:8123"], ("default", "", "d", "c")),
        ],
    )
    def test_what_is_read(self, url: str, nodes: list[str], rest: tuple[str, ...]) -> None:
        read = address(url)
        assert [read.node(*host) for host in read.hosts] == nodes
        assert (read.user, read.password, read.database, read.cluster) == rest

    @pytest.mark.parametrize(
        ("url", "says"),
        [
            ("", "starts with nothing"),
            ("http://u:secret@h:8123/d", "starts with http"),
            ("clickhouse://", "A host in"),
            ("clickhouse://u:secret@h:port/d", "A host in"),
            ("clickhouse://u:secret@h:70000/d", "A host in"),
            ("clickhouse://u:secret@h1,,h2/d?cluster=c", "A host in"),
            ("clickhouse://u:secret@h1,h2/d", "add \\?cluster=name"),
            ("clickhouse://u:secret@h/d?cluser=c", "cluser"),
            ("clickhouse://u:secret@h/d?cluster", "cannot be read"),
            ("clickhouse://u:secret@h/d?cluster=a'b", "no name of a cluster"),
            ("clickhouse://u:secret@h/d/e", "no name of a database"),
            ("clickhouse://u:sec#ret@h/d", "write them as %2F"),
            ("clickhouse://u:12/sec@h/d", "write them as %2F"),
            ("clickhouse://u:12?sec=x@h/d", "write them as %2F"),
            ("clickhouse://u:secret@h/my-db", "no name of a database"),
        ],
    )
    def test_what_is_refused_never_shows_the_password(self, url: str, says: str) -> None:
        with pytest.raises(ConfigurationError, match=says) as caught:
            RemoteEngine(url)
        assert "sec" not in str(caught.value)

    def test_written_again_it_has_no_password(self) -> None:
        url = "clickhouses://u:secret@h1:1,[::1]:2/d?cluster=c"
        assert repr(RemoteEngine(url)) == "RemoteEngine(clickhouses://u@h1:1,[::1]:2/d?cluster=c)"
