"""Exporters carry a batch to a server and say what became of it. They do not retry: the sender does.

200                      success
408, 429, 5xx, no answer retryable, after `Retry-After` where the server says so
401, 403, 413            fatal
any other                retryable for the sender, which finds out whether the batch or the server is to blame
"""

import contextlib
import importlib
import json
import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, runtime_checkable

from andiron.delivery.batch import Batch
from andiron.delivery.quiet import quietly

if TYPE_CHECKING:
    import httpx

ANSWERS = ("application/x-protobuf", "application/json")
LARGEST_ANSWER = 100_000
"""Bytes of an answer that are read."""
LONGEST_WAIT = 3600.0
"""Seconds of a `Retry-After` that are believed."""


@dataclass(frozen=True)
class ExportResult:
    """What became of a batch. Two results are equal when their outcomes are; the rest explains."""

    outcome: str
    status: int | None = field(default=None, compare=False)
    """HTTP's, where there was an answer."""
    retry_after: float | None = field(default=None, compare=False)
    """Seconds that the server asked for."""
    reason: str = field(default="", compare=False)
    rejected: int = field(default=0, compare=False)
    """Records of a successful batch that the server says it did not take."""

    success: ClassVar["ExportResult"]
    retryable: ClassVar["ExportResult"]
    fatal: ClassVar["ExportResult"]

    @property
    def of_this_batch(self) -> bool:
        """Whether the server refused this very batch, so that a smaller one, or another, may pass."""
        return self.status in (400, 413, 415, 422)

    @property
    def patience(self) -> int | None:
        """After how many such answers to one batch it may be the batch that is to blame; None where it never is.

        A server may break on a batch (500), what stands before it on the server's death or silence (502, 504, none), and
        a firewall may refuse one line of a log (403). Whether that is so, an empty batch tells.
        """
        if self.outcome == "success" or self.status in (408, 429, 503):
            return None
        if self.outcome == "fatal":
            return 2
        return 6 if self.status in (None, 502, 504) else 3


ExportResult.success = ExportResult("success")
ExportResult.retryable = ExportResult("retryable")
ExportResult.fatal = ExportResult("fatal")


@runtime_checkable
class OtelExporter(Protocol):
    """Transport: anything that can carry a batch."""

    def export(self, payload: Batch) -> ExportResult:
        """Carry `payload`; never raise, and return within a bounded time."""
        ...

    def shutdown(self) -> None:
        """Release connections."""
        ...


_making = threading.Lock()
"""Held while a client is made, which is when OpenSSL reads its certificates: forked meanwhile, a child could never make one of its own."""


def _before_fork() -> None:
    global _held  # noqa: PLW0603 - said to what runs after, on the same thread
    _held = _making.acquire(timeout=5)


def _in_parent() -> None:
    if _held:
        _making.release()


def _in_child() -> None:
    global _making  # noqa: PLW0603 - whoever held it is not here
    _making = threading.Lock()


_held = False
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_in_parent, after_in_child=_in_child)


class HttpExporter:
    """OTLP over HTTP with Protobuf bodies; one connection a thread, kept open."""

    def __init__(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        timeout: float = 10.0,
        client: "Callable[[], httpx.Client] | None" = None,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        # Not by the first that sends: a process that forks while that imports leaves a child that can never import it.
        # httpx leaves some of its imports to its first client, and Python some of its own to the first name that is looked up.
        for module in ("httpx", "httpcore", "certifi", "encodings.idna"):
            importlib.import_module(module)
        self.url = url.rstrip("/")
        self._headers = dict(headers or {})
        self._timeout = timeout
        self._make = client
        self._now = now
        self._clock = clock
        self._idle: list[httpx.Client] = []
        self._shut = False

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.url!r})"

    def export(self, payload: Batch) -> ExportResult:
        """POST it."""
        import httpx

        headers = {
            **self._headers,
            "Content-Type": "application/x-protobuf",
            "Idempotency-Key": payload.id,
            **({"Content-Encoding": payload.encoding} if payload.encoding else {}),
            **self.authorization(),
        }
        try:
            with quietly():
                status, answered, body = self._post(f"{self.url}{self.path(payload.signal)}", payload.body, headers)
        except httpx.HTTPError as error:
            return ExportResult("retryable", reason=f"{type(error).__name__}: {error}")
        except Exception as error:  # noqa: BLE001 - a URL that is none, a certificate file that is missing: a server that cannot be reached
            return ExportResult("retryable", reason=f"{type(error).__name__}: {error}")
        return self.judge(payload.signal, status, answered, body)

    def _post(self, url: str, content: bytes, headers: Mapping[str, str]) -> tuple[int, Mapping[str, str], bytes]:
        """The answer, as much of it as says what became of the batch."""
        import httpx

        # Taken from those that are idle and put back: the threads that send come and go, and each would leave its own behind.
        try:
            client, fresh = self._idle.pop(), False
        except IndexError:
            client, fresh = self._new(), True
        try:
            return self._asked(client, url, content, headers)
        except httpx.RemoteProtocolError:
            # A server closes connections that are idle, and may do so as the request comes. Its id lets it come again.
            if fresh:
                raise
            return self._asked(client, url, content, headers)
        finally:
            self._idle.append(client)
            if self._shut:  # the process ends while this thread was on its way
                self.shutdown()

    def _asked(
        self, client: "httpx.Client", url: str, content: bytes, headers: Mapping[str, str]
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Ask once."""
        import httpx

        until = self._clock() + self._timeout
        with client.stream("POST", url, content=content, headers=headers) as answer:
            body = b""
            for part in answer.iter_bytes():
                body += part
                if len(body) > LARGEST_ANSWER:
                    break
                if self._clock() > until:
                    raise httpx.ReadTimeout(f"the answer took longer than {self._timeout:g} s")
            return answer.status_code, answer.headers, body

    def _new(self) -> "httpx.Client":
        import httpx

        with _making:
            return self._make() if self._make else httpx.Client(timeout=self._timeout)

    def judge(self, signal: str, status: int, headers: Mapping[str, str], body: bytes) -> ExportResult:
        """What an answer means."""
        if 200 <= status < 300:
            kind = headers.get("content-type", "").partition(";")[0].strip().lower()
            if body and kind not in ANSWERS:
                # A hotel's sign-in page says 200 to everything.
                return ExportResult(
                    "retryable",
                    status,
                    reason=f"{self.url} answered {status} with {kind or 'no type'}: no server of OTLP",
                )
            return ExportResult("success", status, rejected=rejected(signal, kind, body))
        page = headers.get("content-type", "").startswith("text/html")
        text = "a web page" if page else body[:500].decode("utf-8", "replace")
        reason = f"{self.url} answered {status}: {' '.join(text.split())}"
        if status in (401, 403, 413):
            return ExportResult("fatal", status, reason=reason)
        return ExportResult("retryable", status, seconds(headers.get("retry-after"), self._now()), reason)

    def path(self, signal: str) -> str:
        """Where a signal is taken."""
        return f"/v1/{signal}"

    def authorization(self) -> dict[str, str]:
        """The header that proves who sends."""
        return {}

    def after_fork(self) -> None:
        """In a forked child: the parent's connections are not ours to use or to close."""
        self._idle = []

    def shutdown(self) -> None:
        """Close the connections that are idle, and those that are not when they have become so."""
        self._shut = True
        with contextlib.suppress(IndexError):  # another thread may take the last
            while True:
                self._idle.pop().close()


class LogfireExporter(HttpExporter):
    """Straight to a backend with its write token, raw, as Logfire's SDK sends it."""

    def __init__(self, url: str, token: str | None = None, **options: "object") -> None:
        super().__init__(url, **options)  # type: ignore[arg-type]  # the options of HttpExporter
        self._token = token

    def authorization(self) -> dict[str, str]:
        return {"Authorization": self._token} if self._token else {}

    def set_token(self, token: str | None) -> None:
        """Use another token from the next batch on."""
        self._token = token


class ProxyExporter(LogfireExporter):
    """Through a gateway with a session's token, which may be replaced while running. The gateway holds the write token."""

    def authorization(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token}"} if self._token else {}

    def path(self, signal: str) -> str:
        return f"/api/v1/telemetry/{signal}"

    @property
    def session_token(self) -> str | None:
        """The token in use."""
        return self._token

    @session_token.setter
    def session_token(self, token: str | None) -> None:
        self._token = token


def rejected(signal: str, kind: str, body: bytes) -> int:
    """How many records a partial success leaves out; 0 where the answer cannot be read, since it did say yes."""
    if not body:
        return 0
    try:
        if kind == "application/json":
            partial = json.loads(body).get("partialSuccess", {})
            return sum(int(value) for key, value in partial.items() if key.startswith("rejected"))
        name = {"traces": "trace", "logs": "logs", "metrics": "metrics"}[signal]
        module = importlib.import_module(f"opentelemetry.proto.collector.{name}.v1.{name}_service_pb2")
        response: Any = getattr(module, f"Export{name.capitalize()}ServiceResponse")()
        response.ParseFromString(body)
        return sum(
            int(value) for field, value in response.partial_success.ListFields() if field.name.startswith("rejected")
        )
    except Exception:  # noqa: BLE001 - whatever is wrong with it, the batch is taken
        return 0


def seconds(retry_after: str | None, now: float) -> float | None:
    """What a `Retry-After` header asks for: seconds, or a date; None when it makes no sense."""
    if not retry_after:
        return None
    try:
        wait = float(retry_after)
    except ValueError:
        try:
            wait = parsedate_to_datetime(retry_after).timestamp() - now
        except ValueError:
            return None
    return min(max(wait, 0.0), LONGEST_WAIT) if wait == wait else None  # noqa: PLR0124 - not a number
