"""OTLP over HTTP: `POST /v1/traces`, `/v1/logs`, `/v1/metrics`, as plain ASGI."""

from collections.abc import Callable
from typing import Any

from google.protobuf import json_format
from google.rpc import code_pb2, status_pb2
from starlette.types import Receive, Scope, Send

from andiron.server.control.access import Grant
from andiron.server.control.refusals import Forbidden, Unauthenticated, Unavailable
from andiron.server.ingest.door import Door, Outcome, Refusal, response
from andiron.server.ingest.signals import Signal
from andiron.server.observe import Instruments

PROTOBUF = b"application/x-protobuf"
JSON = b"application/json"
CODES = {
    400: code_pb2.INVALID_ARGUMENT,
    401: code_pb2.UNAUTHENTICATED,
    403: code_pb2.PERMISSION_DENIED,
    405: code_pb2.UNIMPLEMENTED,
    413: code_pb2.INVALID_ARGUMENT,
    415: code_pb2.INVALID_ARGUMENT,
    429: code_pb2.RESOURCE_EXHAUSTED,
    503: code_pb2.UNAVAILABLE,
}


class Disconnected(Exception):
    """The sender went away before its request was whole."""


class OtlpHttp:
    """The ASGI application of one signal."""

    def __init__(
        self, signal: Signal, door: Door, authorize: Callable[[str | None], Grant], instruments: Instruments
    ) -> None:
        self._signal = signal
        self._door = door
        self._authorize = authorize
        self._instruments = instruments
        done = response(signal, Outcome())
        self._done = {PROTOBUF: done.SerializeToString(), JSON: b"{}"}
        self._counts = {code: instruments.requests.labels(signal.name, "http", str(code)) for code in (200, *CODES)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        headers = {name: value for name, value in scope["headers"]}  # noqa: C416 - the last of a repeated header
        kind = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
        answer_kind = JSON if kind == JSON else PROTOBUF
        try:
            outcome = await self._take(scope, headers, kind, receive)
        except Disconnected:
            return
        except Refusal as refusal:
            self._counts[refusal.status].inc()
            await self._refuse(send, answer_kind, refusal)
        else:
            self._counts[200].inc()
            body = (
                self._done[answer_kind]
                if not outcome.rejected
                else self._encode(response(self._signal, outcome), answer_kind)
            )
            await respond(send, 200, answer_kind, body)

    async def _take(self, scope: Scope, headers: dict[bytes, bytes], kind: bytes, receive: Receive) -> Outcome:
        if scope["method"] != "POST":
            raise Refusal(405, f"Send telemetry with POST, not {scope['method']}.")
        if kind not in (PROTOBUF, JSON):
            sent = kind.decode("latin-1") or "none"
            raise Refusal(415, f"The content type must be application/x-protobuf or application/json, not {sent}.")
        authorization = headers.get(b"authorization")
        try:
            grant = self._authorize(authorization.decode("latin-1") if authorization is not None else None)
        except Unauthenticated as error:
            raise Refusal(401, str(error)) from None
        except Forbidden as error:
            raise Refusal(403, str(error)) from None
        except Unavailable as error:
            raise Refusal(503, str(error), after=10) from None
        self._door.admit(int(headers.get(b"content-length", b"0")))
        body = bytearray()
        try:
            more = True
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise Disconnected
                part = message.get("body", b"")
                if part:
                    body += part
                    self._door.hold(len(part))
                    self._door.admit(len(body), held=len(body))
                more = message.get("more_body", False)
            encoding = headers.get(b"content-encoding", b"").strip().lower().decode("latin-1")
            key = headers.get(b"idempotency-key")
            return await self._door.take(
                self._signal,
                grant.database,
                bytes(body),
                encoding=encoding,
                json=kind == JSON,
                key=key.decode("latin-1") if key is not None else None,
            )
        finally:
            self._door.hold(-len(body))

    def _encode(self, message: Any, kind: bytes) -> bytes:
        if kind == JSON:
            return json_format.MessageToJson(message, indent=None).encode()
        encoded: bytes = message.SerializeToString()
        return encoded

    async def _refuse(self, send: Send, kind: bytes, refusal: Refusal) -> None:
        status = status_pb2.Status(code=CODES[refusal.status], message=str(refusal))
        headers = []
        if refusal.after is not None:
            headers.append((b"retry-after", str(refusal.after).encode()))
        if refusal.status == 401:
            headers.append((b"www-authenticate", b"Bearer"))
        if refusal.status == 405:
            headers.append((b"allow", b"POST"))
        # The rest of the body may be on its way. The connection stays open and uvicorn drops what comes: a sender that is cut off
        # while it sends never reads the answer, takes the failure for the network's, and tries again for ever.
        await respond(send, refusal.status, kind, self._encode(status, kind), headers)


async def respond(
    send: Send, status: int, kind: bytes, body: bytes, headers: list[tuple[bytes, bytes]] | None = None
) -> None:
    """Send a whole response."""
    every = [(b"content-type", kind), (b"content-length", str(len(body)).encode()), *(headers or [])]
    await send({"type": "http.response.start", "status": status, "headers": every})
    await send({"type": "http.response.body", "body": body})
