"""What several tests of the pipeline need: requests of a known content, clocks, exporters that follow a script."""

from collections.abc import Callable, Iterable
from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from andiron.delivery.batch import Batch
from andiron.delivery.exporters import ExportResult


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class Scripted:
    """An exporter that answers by a function, and remembers what it was given."""

    def __init__(self, answer: Callable[[Batch], ExportResult] = lambda _: ExportResult.success) -> None:
        self.answer = answer
        self.given: list[Batch] = []
        self.closed = False

    def export(self, payload: Batch) -> ExportResult:
        self.given.append(payload)
        return self.answer(payload)

    def shutdown(self) -> None:
        self.closed = True


def request(*bodies: str) -> bytes:
    """A request with one log record for each text."""
    message = ExportLogsServiceRequest()
    records = message.resource_logs.add().scope_logs.add().log_records
    for body in bodies:
        records.add().body.string_value = body
    return message.SerializeToString()


def texts(batches: Iterable[Batch] | Iterable[Any]) -> list[str]:
    """The texts of all log records in these batches."""
    found = []
    for batch in batches:
        for resource in ExportLogsServiceRequest.FromString(batch.body).resource_logs:
            for scope in resource.scope_logs:
                found += [record.body.string_value for record in scope.log_records]
    return found
