import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from andiron.sdk.connectivity import MOST, WINDOW, Connectivity, Network, routed
from tests.sdk.emitted import Clock, Emitted

HEAD = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"


@pytest.mark.requirement("CL-15")
def test_each_change_is_recorded_with_how_long_it_was_the_other_way() -> None:
    emitted, clock, heard = Emitted(), Clock(100.0), list[Network]()
    network = Connectivity(emitted, clock=clock)
    network.listen(heard.append)
    clock.now = 102.0
    network.succeeded()
    clock.now = 130.0
    network.failed(TimeoutError("x"))
    told = [network.online]
    network.failed(TimeoutError("x"))
    told.append(network.online)
    assert told == [True, False]
    network.failed("connection refused")
    clock.now = 190.5
    network.succeeded()
    assert heard == [Network.ONLINE, Network.OFFLINE, Network.ONLINE]
    assert [record.attributes for record in emitted.records] == [
        {"network.from": "unknown", "network.to": "online", "network.reason": "transport", "network.seconds": 2.0},
        {
            "network.from": "online",
            "network.to": "offline",
            "network.reason": "transport: TimeoutError",
            "network.seconds": 28.0,
        },
        {"network.from": "offline", "network.to": "online", "network.reason": "transport", "network.seconds": 60.5},
    ]
    assert set(emitted.names) == {"network_changed"}


def test_a_success_between_two_failures_makes_them_hiccups() -> None:
    network = Connectivity(Emitted(), clock=Clock())
    for _ in range(5):
        network.failed("timeout")
        network.succeeded()
    assert network.state is Network.ONLINE


@pytest.mark.requirement("CL-15")
def test_the_applications_word_holds_until_it_is_taken_back() -> None:
    network = Connectivity(Emitted(), probe=lambda: False, clock=Clock())
    network.set_online(True)
    network.failed("timeout")
    network.failed("timeout")
    assert network.check() is Network.ONLINE
    network.set_online(False)
    network.succeeded()
    told = [(network.state, network.online)]
    network.set_online(None)
    told.append((network.state, network.online))
    assert told == [(Network.OFFLINE, False), (Network.UNKNOWN, True)]
    assert network.check() is Network.OFFLINE


def test_a_route_that_comes_back_is_worth_a_try_whatever_failed_meanwhile() -> None:
    there: list[bool | None] = [False]
    network = Connectivity(Emitted(), probe=lambda: there[0], clock=Clock())
    assert network.check() is Network.OFFLINE
    network.failed("unreachable")
    network.failed("unreachable")
    there[0] = True
    assert network.check() is Network.UNKNOWN
    network.failed("timeout")
    network.failed("timeout")
    assert network.check() is Network.OFFLINE, "a route alone does not make the server answer"


def test_a_probe_or_a_listener_that_fails_harms_nobody() -> None:
    def broken(*_: object) -> Any:
        raise RuntimeError

    heard: list[Network] = []
    network = Connectivity(Emitted(), probe=broken, clock=Clock())
    end = network.listen(broken)
    network.listen(heard.append)
    network.check()
    network.succeeded()
    end()
    end()
    network.set_online(False)
    assert heard == [Network.ONLINE, Network.OFFLINE]


def test_a_child_does_not_wait_for_a_lock_of_its_parents() -> None:
    network, held, done = Connectivity(Emitted(), clock=Clock()), threading.Event(), threading.Event()

    def hold() -> None:
        with network._lock:
            held.set()
            done.wait(30)

    thread = threading.Thread(target=hold)
    thread.start()
    assert held.wait(30)
    network.after_fork()
    network.set_online(False)
    assert not done.is_set()
    assert network.state is Network.OFFLINE
    done.set()
    thread.join()


@pytest.mark.requirement("CL-15")
def test_flapping_is_told_in_one_record_once_it_is_calm() -> None:
    emitted, clock = Emitted(), Clock(0.0)
    network = Connectivity(emitted, clock=clock)
    for second in range(20):
        clock.now = float(second)
        network.set_online(second % 2 == 0)
    assert len(emitted.records) == MOST
    network.set_online(None)
    clock.now = 19 + WINDOW - 1
    network.succeeded()
    assert len(emitted.records) == MOST
    clock.now += WINDOW
    network.succeeded()
    assert len(emitted.records) == MOST + 1
    last = emitted.records[-1].attributes
    assert (last["network.from"], last["network.to"]) == ("offline", "online")
    assert (last["network.reason"], last["network.changes"]) == ("flapping", 18)
    network.failed("x")
    network.failed("x")
    assert emitted.records[-1].attributes["network.to"] == "offline", "calm again, each change is told at once"


STEPS = st.lists(
    st.tuples(st.sampled_from(["fail", "succeed", "on", "off", "free", "check"]), st.floats(0, 100)), max_size=60
)


@given(STEPS)
def test_the_records_tell_a_story_without_gaps(steps: list[tuple[str, float]]) -> None:
    emitted, clock, heard = Emitted(), Clock(0.0), list[Network]()
    network = Connectivity(emitted, probe=lambda: True, clock=clock)
    network.listen(heard.append)
    for step, seconds in steps:
        clock.now += seconds
        match step:
            case "fail":
                network.failed("x")
            case "succeed":
                network.succeeded()
            case "check":
                network.check()
            case _:
                network.set_online({"on": True, "off": False, "free": None}[step])
    clock.now += 10 * WINDOW
    network.check()
    told = [(record.attributes["network.from"], record.attributes["network.to"]) for record in emitted.records]
    before = [Network.UNKNOWN.value, *(to for _, to in told)]
    assert [former for former, _ in told] == before[:-1]
    assert before[-1] == network.state.value
    changes = [record.attributes.get("network.changes", 1) for record in emitted.records]
    assert sum(changes) == len(heard), "each change is in exactly one record"


@pytest.mark.parametrize(
    ("route", "ipv6", "expected"),
    [
        (None, None, None),
        (HEAD, "", False),
        (HEAD + "lo\t0000007F\t00000000\t0001\t0\t0\t0\t000000FF\t0\t0\t0\n", None, False),
        (HEAD + "eth0\t00000000\t010011AC\t0003\t0\t0\t0\t00000000\t0\t0\t0\n", None, True),
        (HEAD + "eth0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\n", None, True),
        (HEAD + "eth0\t00000000\t010011AC\t0200\t0\t0\t0\t00000000\t0\t0\t0\n", None, False),
        (HEAD, f"{'0' * 32} 00 {'0' * 32} 00 {'0' * 32} ffffffff 00000001 00000000 00200200       lo\n", False),
        (HEAD, f"fe80{'0' * 28} 40 {'0' * 32} 00 {'0' * 32} 00000100 00000001 00000000 00000001     eth0\n", False),
        (HEAD, f"{'0' * 32} 00 {'0' * 32} 00 fe80{'0' * 28} 00000400 00000001 00000000 00000003     eth0\n", True),
        ("", "rubbish\n", False),
    ],
)
def test_the_systems_routes(tmp_path: Path, route: str | None, ipv6: str | None, expected: object) -> None:
    if route is not None:
        (tmp_path / "route").write_text(route)
    if ipv6 is not None:
        (tmp_path / "ipv6_route").write_text(ipv6)
    assert routed(tmp_path) is expected


def test_the_first_answer_is_no_change() -> None:
    """A program that finds its server there has nothing to tell of the network."""
    emitted = Emitted()
    network = Connectivity(emitted, clock=Clock())
    network.begin()
    network.succeeded()
    assert network.online
    assert emitted.records == []
    network.set_online(False)
    network.begin()
    assert not network.online
