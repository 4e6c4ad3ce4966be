"""OTLP over gRPC: the three Export services, on the same door as HTTP."""

from collections.abc import Callable
from typing import Any

import grpc
from google.protobuf import any_pb2, duration_pb2
from google.rpc import error_details_pb2, status_pb2

from andiron.server.control.access import Grant
from andiron.server.control.refusals import Forbidden, Unauthenticated, Unavailable
from andiron.server.ingest.door import Door, Refusal, response
from andiron.server.ingest.signals import SIGNALS, Signal
from andiron.server.observe import Instruments

CODES = {
    400: grpc.StatusCode.INVALID_ARGUMENT,
    401: grpc.StatusCode.UNAUTHENTICATED,
    403: grpc.StatusCode.PERMISSION_DENIED,
    413: grpc.StatusCode.INVALID_ARGUMENT,
    415: grpc.StatusCode.INVALID_ARGUMENT,
    429: grpc.StatusCode.RESOURCE_EXHAUSTED,
    503: grpc.StatusCode.UNAVAILABLE,
}


class OtlpGrpc:
    """A gRPC server of the three services."""

    def __init__(
        self, door: Door, authorize: Callable[[str | None], Grant], instruments: Instruments, *, max_body: int
    ) -> None:
        self._door = door
        self._authorize = authorize
        self._instruments = instruments
        self._server = grpc.aio.server(
            options=[("grpc.max_receive_message_length", max_body), ("grpc.so_reuseport", 0)],
            compression=grpc.Compression.NoCompression,
        )
        self._server.add_generic_rpc_handlers(
            tuple(
                # Bytes in, bytes out: the door parses, as it does for HTTP.
                grpc.method_handlers_generic_handler(
                    signal.service, {"Export": grpc.unary_unary_rpc_method_handler(self._export(signal))}
                )
                for signal in SIGNALS
            )
        )

    def listen(self, address: str) -> int:
        """Bind; returns the port. Raises `RuntimeError` when the address is taken."""
        port: int = self._server.add_insecure_port(address)
        return port

    async def start(self) -> None:
        """Begin to answer."""
        await self._server.start()

    async def stop(self, grace: float) -> None:
        """Answer what has begun, for at most `grace` seconds."""
        await self._server.stop(grace)

    def _export(self, signal: Signal) -> Callable[[bytes, Any], Any]:
        async def export(body: bytes, context: Any) -> bytes:
            try:
                outcome = await self._take(signal, body, context)
            except Refusal as refusal:
                self._instruments.requests.labels(signal.name, "grpc", CODES[refusal.status].name).inc()
                await abort(context, refusal)
                raise
            self._instruments.requests.labels(signal.name, "grpc", "OK").inc()
            encoded: bytes = response(signal, outcome).SerializeToString()
            return encoded

        return export

    async def _take(self, signal: Signal, body: bytes, context: Any) -> Any:
        metadata = dict(context.invocation_metadata() or ())
        try:
            grant = self._authorize(metadata.get("authorization"))
        except Unauthenticated as error:
            raise Refusal(401, str(error)) from None
        except Forbidden as error:
            raise Refusal(403, str(error)) from None
        except Unavailable as error:
            raise Refusal(503, str(error), after=10) from None
        self._door.admit(len(body))
        self._door.hold(len(body))
        try:
            return await self._door.take(
                signal, grant.database, body, encoding="", json=False, key=metadata.get("idempotency-key")
            )
        finally:
            self._door.hold(-len(body))


async def abort(context: Any, refusal: Refusal) -> None:
    """End the call with gRPC's status, and with OTLP's RetryInfo where trying again helps."""
    code = CODES[refusal.status]
    if refusal.after is not None:
        retry = any_pb2.Any()
        retry.Pack(error_details_pb2.RetryInfo(retry_delay=duration_pb2.Duration(seconds=refusal.after)))
        status = status_pb2.Status(code=code.value[0], message=str(refusal), details=[retry])
        context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    await context.abort(code, str(refusal))
