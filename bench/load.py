"""A sender that costs little: blocking sockets in threads, each sending as fast as it is answered, or at a pace."""

import socket
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass
class Sent:
    """What came of it."""

    requests: int = 0
    refused: int = 0
    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)

    def quantile(self, q: float) -> float:
        """A quantile of the time to the acknowledgement, in milliseconds."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(q * len(ordered)))] * 1000 if ordered else 0.0


def requests(path: str, bodies: Sequence[bytes], headers: str = "") -> list[bytes]:
    """Whole HTTP requests."""
    return [
        f"POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-protobuf\r\n{headers}"
        f"content-length: {len(body)}\r\n\r\n".encode()
        + body
        for body in bodies
    ]


def send(
    port: int, whole: Sequence[bytes], *, total: int, connections: int = 8, per_second: float | None = None
) -> Sent:
    """Send `total` requests, taking `whole` in turn."""
    sent = Sent()
    numbers = iter(range(total))
    lock = threading.Lock()
    began = time.perf_counter()

    def connection() -> None:
        with socket.create_connection(("127.0.0.1", port)) as link:
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while True:
                with lock:
                    n = next(numbers, None)
                if n is None:
                    return
                if per_second:
                    time.sleep(max(0.0, began + n / per_second - time.perf_counter()))
                start = time.perf_counter()
                link.sendall(whole[n % len(whole)])
                status = answer(link)
                taken = time.perf_counter() - start
                with lock:
                    sent.latencies.append(taken)
                    sent.requests += 1
                    sent.refused += status != b"200"

    threads = [threading.Thread(target=connection) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sent.seconds = time.perf_counter() - began
    return sent


def answer(link: socket.socket) -> bytes:
    """Read one response; its status."""
    data = b""
    while b"\r\n\r\n" not in data:
        part = link.recv(65_536)
        if not part:
            raise ConnectionError("the server hung up")
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
    while len(body) < length:
        body += link.recv(65_536)
    return head[9:12]
