"""The idempotency key at a real server: over HTTP and gRPC, through restarts, and through being killed again and again."""

import http.client
import itertools
import random
import threading
from collections import Counter
from pathlib import Path

import grpc
import pytest

from andiron.server.ingest.signals import LOGS, TRACES
from bench.server import Server
from tests.ingest.numbered import SIGNALS, drain, exactly, held, numbered
from tests.ingest.test_grpc import channel
from tests.ingest.test_otlp_json import as_otlp_json

pytestmark = pytest.mark.requirement("CL-09")

STREAM = "0123456789abcdef0123456789abcdef"


def post(server: Server, signal: str, key: str, body: bytes, kind: str = "application/x-protobuf") -> tuple[int, bytes]:
    return server.post(f"/v1/{signal}", body, content_type=kind, Idempotency_Key=key)


@pytest.mark.slow
def test_a_repeat_over_http_is_acknowledged_in_kind_and_stored_once_through_stop_and_kill(tmp_path: Path) -> None:
    server = Server(tmp_path / "data")
    keys = {"protobuf": f"{STREAM}-0", "json": f"{STREAM}-1", "other": "order-17"}
    for end in (server.stop, server.kill, server.kill, server.stop):
        server.start()
        for name, key in keys.items():
            for _ in range(2):
                if name == "json":
                    body = as_otlp_json(LOGS.request.FromString(numbered("logs", [name])))
                    assert post(server, "logs", key, body, "application/json") == (200, b"{}")
                else:
                    assert post(server, "logs", key, numbered("logs", [name])) == (200, b"")
        if end == server.stop:
            drain(server)
        repeats = server.metric("andiron_ingest_repeated_requests_total")
        end()
    assert repeats == 6
    assert held(server.data)["logs"] == Counter(keys.keys())
    assert (server.data / "keys" / "known.log").stat().st_size > 0


def test_a_malformed_key_is_refused_in_the_sender_s_own_format(tmp_path: Path) -> None:
    with Server(tmp_path / "data") as server:
        status, answer = post(server, "traces", "two words", b"{}", "application/json")
        assert status == 400
        assert b"Idempotency-Key is 1 to 255 visible ASCII characters, not 'two words'" in answer
        assert post(server, "traces", "x" * 256, numbered("traces", ["one"]))[0] == 400
        assert post(server, "traces", "", numbered("traces", ["one"]))[0] == 400
        assert post(server, "traces", "x" * 255, numbered("traces", ["one"]))[0] == 200


def test_a_repeat_over_grpc_is_one_over_http_too(tmp_path: Path) -> None:
    with Server(tmp_path / "data", grpc=True) as server:
        with channel(server) as opened:
            call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = opened.unary_unary(f"/{TRACES.service}/Export")
            for key, times in ((f"{STREAM}-0", 3), ("other", 2)):
                for _ in range(times):
                    assert call(numbered("traces", [key]), metadata=(("idempotency-key", key),), timeout=30) == b""
            with pytest.raises(grpc.RpcError) as error:
                call(numbered("traces", ["no"]), metadata=(("idempotency-key", "two words"),), timeout=30)
            assert error.value.code() is grpc.StatusCode.INVALID_ARGUMENT
            assert "visible ASCII" in (error.value.details() or "")
        assert post(server, "traces", "other", numbered("traces", ["other"])) == (200, b"")
        assert server.metric("andiron_ingest_repeated_requests_total") == 4
        drain(server)
    assert held(server.data)["traces"] == Counter([f"{STREAM}-0", "other"])


class Sender:
    """Sends batch after batch, each until it is acknowledged, and now and then one again that was acknowledged long ago."""

    def __init__(self, name: str, pick: random.Random) -> None:
        self.pick = pick
        self.stream = f"{pick.getrandbits(128):032x}"
        self.name = name
        self.numbers = itertools.count()
        self.waiting: tuple[str, str, list[str]] | None = None
        self.acknowledged: list[tuple[str, str, list[str]]] = []

    def next(self) -> tuple[str, str, list[str]]:
        """Key, signal and ids."""
        n = next(self.numbers)
        # Every fourth key is one without order.
        key = f"{self.stream}-{n}" if n % 4 else f"{self.name}/{n}"
        return key, SIGNALS[n % 3], [f"{self.name}.{n}.{k}" for k in range(self.pick.randrange(1, 4))]

    def run(self, port: int, most: int) -> None:
        """Until `most` batches are acknowledged, or the server is gone."""
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            for _ in range(most):
                if self.acknowledged and self.pick.random() < 0.3:
                    assert self.send(connection, *self.pick.choice(self.acknowledged)) == 200
                self.waiting = self.waiting or self.next()
                if self.send(connection, *self.waiting) == 200:
                    self.acknowledged.append(self.waiting)
                    self.waiting = None
        except (OSError, http.client.HTTPException):
            pass
        finally:
            connection.close()

    def send(self, connection: http.client.HTTPConnection, key: str, signal: str, ids: list[str]) -> int:
        headers = {"content-type": "application/x-protobuf", "idempotency-key": key}
        connection.request("POST", f"/v1/{signal}", numbered(signal, ids), headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status


@pytest.mark.crash
@pytest.mark.timeout(600)
def test_whatever_is_sent_until_it_is_acknowledged_is_there_once_after_many_kills(tmp_path: Path) -> None:
    pick = random.Random(9)
    server = Server(tmp_path / "data")
    senders = [Sender(f"s{n}", random.Random(n)) for n in range(4)]
    for _ in range(12):
        server.start()
        threads = [threading.Thread(target=sender.run, args=(server.port, 10_000)) for sender in senders]
        for thread in threads:
            thread.start()
        # From the first answers to the middle of inserts and of the log of keys.
        threading.Event().wait(pick.random() * 1.2)
        server.kill()
        for thread in threads:
            thread.join()
    with server:
        for sender in senders:
            sender.run(server.port, 1)
            assert sender.waiting is None
            # Every batch of all lives once more.
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
            assert {sender.send(connection, *batch) for batch in sender.acknowledged} == {200}
            connection.close()
        assert server.metric("andiron_ingest_acknowledged_records_total") <= 3 * len(senders)
        drain(server)
    found = held(server.data)
    for signal in SIGNALS:
        sent = [each for sender in senders for _, its, ids in sender.acknowledged if its == signal for each in ids]
        assert len(sent) > 100
        exactly(found, signal, sent, sent)
