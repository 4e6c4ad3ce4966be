"""Whether there is a network: told by the transport, by the application, and by the system's routing tables where it has any.

The sender asks it whether to try; each change becomes a `network_changed` record, and a network that flaps does not become a flood of them.
"""

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

from andiron.delivery.levels import Level
from andiron.sdk.emitting import Emit
from andiron.sdk.forks import survive

FAILURES = 2
"""Failures of the transport in a row that mean offline: one is a hiccup."""
WINDOW = 60.0
MOST = 4
"""Changes recorded within a window; those beyond are counted and told when it is calm again."""


class Network(StrEnum):
    """What is known of the network."""

    UNKNOWN = "unknown"
    ONLINE = "online"
    OFFLINE = "offline"


Listener = Callable[[Network], None]


class Connectivity:
    """The state, with listeners. Every method may be called from any thread, none raises.

    What the application says with `set_online` holds until it takes that back with `set_online(None)`.
    """

    def __init__(
        self,
        emit: Emit,
        *,
        probe: Callable[[], bool | None] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._emit = emit
        self._probe = probe
        self._clock = clock
        self._lock = threading.RLock()
        self._listeners: list[Listener] = []
        self._state = Network.UNKNOWN
        self._since = clock()
        self._failures = 0
        self._routeless = False
        self._said: bool | None = None
        self._recorded: deque[float] = deque()
        self._left_out = 0
        self._shown: tuple[Network, float] = (self._state, self._since)
        """The state that the last record told of, and since when."""
        survive(self)

    def after_fork(self) -> None:
        """In a child: another thread may have held the lock when the process was forked."""
        self._lock = threading.RLock()

    @property
    def state(self) -> Network:
        """What is known now."""
        return self._state

    @property
    def online(self) -> bool:
        """Whether it is worth trying: yes, unless the network is known to be away."""
        return self._state is not Network.OFFLINE

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` with each new state; returns what ends that."""
        self._listeners.append(listener)

        def end() -> None:
            with contextlib.suppress(ValueError):
                self._listeners.remove(listener)

        return end

    def failed(self, error: BaseException | str) -> None:
        """The transport got no answer."""
        with self._lock:
            self._failures += 1
            failures = self._failures
        if failures >= FAILURES and self._said is None:
            reason = error if isinstance(error, str) else type(error).__name__
            self._become(Network.OFFLINE, f"transport: {reason}")
        self._settle()

    def succeeded(self) -> None:
        """The transport got an answer, whatever it said."""
        with self._lock:
            self._failures = 0
        if self._said is None:
            self._become(Network.ONLINE, "transport")
        self._settle()

    def begin(self) -> None:
        """The first answer of all: there is a network, which is no change that anybody need be told of."""
        with self._lock:
            if self._state is Network.UNKNOWN and self._said is None:
                self._state, self._since = Network.ONLINE, self._clock()
                self._shown = (self._state, self._since)
                self._failures = 0

    def set_online(self, online: bool | None) -> None:  # noqa: FBT001 - that is what is set
        """What the application knows, as from its operating system; None to leave it to the others again."""
        with self._lock:
            self._said = online
            self._failures = 0
        if online is None:
            self._become(Network.UNKNOWN, "application")
        else:
            self._become(Network.ONLINE if online else Network.OFFLINE, "application")

    def check(self) -> Network:
        """Ask the system: without any route there is no network; with one again it is worth trying."""
        with contextlib.suppress(Exception):
            there = self._probe() if self._probe and self._said is None else None
            if there is False:
                self._routeless = True
                self._become(Network.OFFLINE, "no route")
            elif there and self._routeless:
                # What failed meanwhile failed for want of a route.
                self._routeless, self._failures = False, 0
                self._become(Network.UNKNOWN, "route")
        self._settle()
        return self._state

    def _become(self, state: Network, reason: str) -> None:
        with self._lock:
            former, since, now = self._state, self._since, self._clock()
            if state is former:
                return
            self._state, self._since = state, now
            while self._recorded and now - self._recorded[0] >= WINDOW:
                self._recorded.popleft()
            loud = len(self._recorded) < MOST and not self._left_out
            if loud:
                self._recorded.append(now)
                self._shown = (state, now)
            else:
                self._left_out += 1
        if loud:
            self._record(former, state, reason, now - since, 0)
        for listener in list(self._listeners):
            with contextlib.suppress(Exception):  # a listener's trouble is its own
                listener(state)

    def _settle(self) -> None:
        """After a window without a change, tell how the flapping ended."""
        with self._lock:
            now = self._clock()
            if not self._left_out or now - self._since < WINDOW:
                return
            left_out, self._left_out = self._left_out, 0
            (former, since), state = self._shown, self._state
            self._shown = (state, self._since)
            self._recorded.clear()
        self._record(former, state, "flapping", self._since - since, left_out)

    def _record(self, former: Network, state: Network, reason: str, seconds: float, left_out: int) -> None:
        about = {
            "network.from": former.value,
            "network.to": state.value,
            "network.reason": reason,
            "network.seconds": round(seconds, 3),
            **({"network.changes": left_out} if left_out else {}),
        }
        with contextlib.suppress(Exception):
            self._emit(Level.INFO, "network_changed", f"Network {former} -> {state}", about)


UP, REJECT = 0x1, 0x200


def routed(proc: Path = Path("/proc/net")) -> bool | None:
    """Whether any interface but loopback has a route that is up; None where the system does not tell. Not for a server on this machine."""
    known = False
    with contextlib.suppress(OSError, ValueError, IndexError):
        for line in (proc / "route").read_text(encoding="ascii").splitlines()[1:]:
            name, flags = line.split()[0], int(line.split()[3], 16)
            if name != "lo" and flags & UP and not flags & REJECT:
                return True
        known = True
    with contextlib.suppress(OSError, ValueError, IndexError):
        for line in (proc / "ipv6_route").read_text(encoding="ascii").splitlines():
            fields = line.split()
            target, flags, name = fields[0], int(fields[8], 16), fields[9]
            # Every interface has routes to its neighbours and to groups, whether or not anything else is there.
            if name != "lo" and not target.startswith(("fe80", "ff")) and flags & UP and not flags & REJECT:
                return True
        known = True
    return False if known else None
