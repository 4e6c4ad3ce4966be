"""An OTLP server in a thread, for tests: it keeps and parses every request, and answers as badly as it is told to.

Plain sockets instead of a framework: a test sees bytes that no framework would send, and 13,000 requests a second cost no test its time.
"""

import contextlib
import gzip
import importlib
import socket
import struct
import threading
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, BinaryIO, ClassVar, Literal, Self

from andiron.testing.records import Log, Metric, Records, Span

SERVICES = {"traces": ("trace", "Trace"), "logs": ("logs", "Logs"), "metrics": ("metrics", "Metrics")}


@dataclass(frozen=True)
class Answer:
    """What the server does with a request. The usual ones have names: `Answer.OK`, `Answer.HALF`, …"""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    """Seconds before the answer."""
    hold: threading.Event | None = None
    """The answer waits for this event, or for the end of the server."""
    read: Literal["all", "half"] = "all"
    """`half`: the connection is reset in the middle of the request's body."""
    send: Literal["all", "half", "nothing"] = "all"
    """`half`: the connection is closed in the middle of the answer's body; `nothing`: without an answer."""
    raw: bytes | None = None
    """These bytes, whatever HTTP says."""

    OK: ClassVar["Answer"]
    UNAUTHORIZED: ClassVar["Answer"]
    TOO_LARGE: ClassVar["Answer"]
    BUSY: ClassVar["Answer"]
    BROKEN: ClassVar["Answer"]
    UNAVAILABLE: ClassVar["Answer"]
    GARBAGE: ClassVar["Answer"]
    UNREADABLE: ClassVar["Answer"]
    SIGN_IN: ClassVar["Answer"]
    HALF: ClassVar["Answer"]
    SILENT: ClassVar["Answer"]
    RESET: ClassVar["Answer"]

    @property
    def takes(self) -> bool:
        """Whether a server that answers so has kept the records, even if its answer never arrives whole."""
        page = self.headers.get("Content-Type", "").startswith("text/")
        return 200 <= self.status < 300 and self.read == "all" and self.raw is None and not page

    def wire(self) -> bytes:
        """The answer as it goes over the wire."""
        if self.raw is not None:
            return self.raw
        headers = {"Content-Type": "application/x-protobuf", **self.headers, "Content-Length": str(len(self.body))}
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        body = self.body[: len(self.body) // 2] if self.send == "half" else self.body
        return f"HTTP/1.1 {self.status} -\r\n{head}\r\n".encode("latin-1") + body


Answer.OK = Answer()
Answer.UNAUTHORIZED = Answer(401, b"who are you?", {"Content-Type": "text/plain"})
Answer.TOO_LARGE = Answer(413, b"too large", {"Content-Type": "text/plain"})
Answer.BUSY = Answer(429, b"later", {"Content-Type": "text/plain", "Retry-After": "1"})
Answer.BROKEN = Answer(500, b"broken", {"Content-Type": "text/plain"})
Answer.UNAVAILABLE = Answer(503, b"down", {"Content-Type": "text/plain", "Retry-After": "1"})
Answer.GARBAGE = Answer(raw=b"\x00\xffno HTTP at all\r\n\r\n")
Answer.UNREADABLE = Answer(body=b"\xff\xff\xff")
Answer.SIGN_IN = Answer(body=b"<html>Please sign in", headers={"Content-Type": "text/html"})
Answer.HALF = Answer(body=bytes(100), send="half")
Answer.SILENT = Answer(send="nothing")
Answer.RESET = Answer(read="half")


@dataclass(frozen=True)
class Received:
    """A request, whole or as far as it came."""

    method: str
    path: str
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes = field(repr=False)
    """As it came, compressed or not."""
    complete: bool = True

    @property
    def signal(self) -> str:
        """`traces`, `logs` or `metrics`: the last word of the path."""
        return self.path.partition("?")[0].rstrip("/").rpartition("/")[2]

    @property
    def key(self) -> str:
        """The `Idempotency-Key`: the batch that this is, or is again."""
        return self.headers.get("idempotency-key", "")

    @cached_property
    def payload(self) -> bytes:
        """The body, decompressed."""
        encoding = self.headers.get("content-encoding", "")
        if encoding == "gzip":
            return gzip.decompress(self.body)
        return zlib.decompress(self.body) if encoding == "deflate" else self.body

    @cached_property
    def message(self) -> Any:
        """The body as OTLP's export request; raises where it is none."""
        module, name = SERVICES[self.signal]
        types: Any = importlib.import_module(f"opentelemetry.proto.collector.{module}.v1.{module}_service_pb2")
        return getattr(types, f"Export{name}ServiceRequest").FromString(self.payload)

    @cached_property
    def records(self) -> list[Any]:
        """Its spans, logs or metrics; none where the body is no OTLP."""
        from google.protobuf.message import DecodeError

        from andiron.testing import wire

        if not self.complete or self.signal not in SERVICES:
            return []
        try:
            return list(getattr(wire, self.signal)(self.message))
        except (DecodeError, OSError, EOFError, zlib.error):
            return []


Choice = Answer | Callable[[Received], Answer]
"""An answer, or how to find one for a request."""


class Receiver(Records):
    """A server on a port of 127.0.0.1. Use it in a `with` block, or `close` it.

    `answer` is given to every request (`receiver.answer = Answer.BROKEN`); `then` gives others to the next ones first.
    `spans`, `logs` and `metrics` are those of the requests that it took, each batch once.
    """

    def __init__(self, answer: Choice = Answer.OK) -> None:
        self.answer: Choice = answer
        self.requests: list[Received] = []
        """Every request, whatever it was answered."""
        self._taken: list[Received] = []
        self._next: deque[Choice] = deque()
        self._changed = threading.Condition()
        self._closing = threading.Event()
        self._connections: set[socket.socket] = set()
        self._listener: socket.socket | None = None
        self._port = 0
        self.online()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Receiver {self.url}: {len(self.requests)} requests>"

    @property
    def url(self) -> str:
        """Its address: `http://127.0.0.1:<port>`."""
        return f"http://127.0.0.1:{self._port}"

    def then(self, *answers: Choice) -> None:
        """Give these to the next requests, one each, before `answer` holds again."""
        self._next.extend(answers)

    @property
    def taken(self) -> list[Received]:
        """The requests whose records it took, a batch that came again only once."""
        with self._changed:
            first: dict[str | int, Received] = {}
            for index, request in enumerate(self._taken):
                first.setdefault(request.key or index, request)
            return list(first.values())

    @property
    def spans(self) -> list[Span]:
        return self._records("traces")

    @property
    def logs(self) -> list[Log]:
        return self._records("logs")

    @property
    def metrics(self) -> list[Metric]:
        return self._records("metrics")

    def wait(self, until: Callable[["Receiver"], Any], timeout: float = 10.0) -> None:
        """Wait until `until(self)` holds; it is asked after each request."""
        with self._changed:
            if not self._changed.wait_for(lambda: until(self), timeout):
                raise AssertionError(
                    f"after {timeout} s still not so; {len(self.requests)} requests: "
                    f"{[(one.path, len(one.records)) for one in self.requests]}"
                )

    def clear(self) -> None:
        """Forget every request."""
        with self._changed:
            self.requests.clear()
            self._taken.clear()

    def offline(self) -> None:
        """Refuse connections, and break those that are open."""
        if self._listener is not None:
            listener, self._listener = self._listener, None
            # Closing alone does not wake a thread out of `accept`.
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        with self._changed:
            connections = list(self._connections)
        for connection in connections:
            # The thread that reads from it wakes up and closes it.
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def online(self) -> None:
        """Listen (again) on the same port."""
        if self._listener is None:
            self._listener = socket.create_server(("127.0.0.1", self._port), backlog=128)
            self._port = self._listener.getsockname()[1]
            threading.Thread(target=self._accept, args=(self._listener,), name="otlp-receiver", daemon=True).start()

    def close(self) -> None:
        """Stop, and let answers go that are held back."""
        self._closing.set()
        self.offline()

    def _records(self, signal: str) -> list[Any]:
        return [record for request in self.taken if request.signal == signal for record in request.records]

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with self._changed:
                self._connections.add(connection)
            threading.Thread(target=self._serve, args=(connection,), name="otlp-connection", daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        # Any broken connection ends here: that is what tests break.
        with contextlib.suppress(OSError, ValueError), connection, connection.makefile("rb") as stream:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while (line := stream.readline()) and self._request(connection, stream, line):
                pass
        with self._changed:
            self._connections.discard(connection)

    def _request(self, connection: socket.socket, stream: BinaryIO, line: bytes) -> bool:
        """Read one request and answer it; whether the connection lives on."""
        method, path, _ = line.decode("latin-1").split(" ", 2)
        headers = dict(_headers(stream))
        choice = self._next.popleft() if self._next else self.answer
        if headers.get("expect") == "100-continue":
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        if isinstance(choice, Answer) and choice.read == "half":
            part = stream.read(int(headers.get("content-length", 0)) // 2)
            self._keep(Received(method, path, headers, part, complete=False), choice)
            # No lingering: the client gets a reset instead of a quiet end.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return False
        received = Received(method, path, headers, _body(stream, headers))
        answer = choice if isinstance(choice, Answer) else choice(received)
        if answer.hold is not None:
            self._keep(received, None)
            while not answer.hold.wait(0.05) and not self._closing.is_set():
                pass
        elif answer.delay:
            self._closing.wait(answer.delay)
        self._keep(received, answer, known=answer.hold is not None)
        if answer.send != "nothing":
            connection.sendall(answer.wire())
        return answer.send == "all" and answer.raw is None and headers.get("connection") != "close"

    def _keep(self, received: Received, answer: Answer | None, *, known: bool = False) -> None:
        with self._changed:
            if not known:
                self.requests.append(received)
            if answer is not None and answer.takes:
                self._taken.append(received)
            self._changed.notify_all()


def _headers(stream: BinaryIO) -> Iterator[tuple[str, str]]:
    while (line := stream.readline()) not in (b"\r\n", b"\n", b""):
        name, _, value = line.decode("latin-1").partition(":")
        yield name.strip().lower(), value.strip()


def _body(stream: BinaryIO, headers: dict[str, str]) -> bytes:
    if headers.get("transfer-encoding", "").lower() != "chunked":
        return stream.read(int(headers.get("content-length", 0)))
    parts = []
    while size := int(stream.readline().split(b";")[0], 16):
        parts.append(stream.read(size))
        stream.readline()
    dict(_headers(stream))  # Trailers, which nobody needs.
    return b"".join(parts)
