"""A server that is killed again and again, at random moments and under load, loses and doubles nothing."""

import random
import threading
from pathlib import Path

import pytest

from bench.server import Server
from tests.ingest.numbered import SENDERS, SIGNALS, Traffic, drain, exactly, held

pytestmark = [pytest.mark.crash, pytest.mark.requirement("AN-02"), pytest.mark.timeout(600)]


def one_life(server: Server, traffic: Traffic, pick: random.Random, name: str) -> None:
    """Start, send from several sides, and kill after a random number of answers and a random moment more."""
    server.start()
    threads = traffic.begin(server.port, name, pick)
    traffic.wait(pick.randrange(1, 300))
    # Between the answers lie the inserts: a moment of their length hits them at any point.
    threading.Event().wait(pick.random() * 0.25)
    server.kill()
    for thread in threads:
        thread.join()
    assert traffic.gone == SENDERS


@pytest.mark.parametrize("seed", [1, 2])
def test_what_was_acknowledged_is_there_exactly_once_after_many_kills(tmp_path: Path, seed: int) -> None:
    pick = random.Random(seed)
    server = Server(tmp_path / "data")
    traffic = Traffic()
    for life in range(13):
        if life % 4 == 3:
            # A kill in the middle of the start, when what the last life left is loaded.
            server.start(wait=False)
            threading.Event().wait(0.6 + pick.random())
            server.kill()
        one_life(server, traffic, pick, f"{life:x}.")
    assert traffic.refused == []
    with server:
        drain(server)
    found = held(server.data)
    for signal in SIGNALS:
        assert len(traffic.acknowledged[signal]) > 100
        exactly(found, signal, traffic.acknowledged[signal], traffic.sent[signal])
    assert not list((server.data / "journal").glob("*"))
    assert not (server.data / "quarantine").exists()
