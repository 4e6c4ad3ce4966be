"""The span through Andiron's own pipeline, as bytes of OTLP."""

from typing import Any

import pytest
from fastapi import FastAPI
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import TracerProvider

from andiron.delivery.encode import Encoder
from andiron.delivery.exporters import ExportResult
from andiron.delivery.memory_spool import MemorySpool
from andiron.delivery.pending import OpenSpans, pending
from andiron.delivery.pipeline import Pipeline
from andiron.delivery.processors import AndironSpanProcessor
from andiron.sdk.asgi import instrument
from andiron.sdk.request_span import RequestSpan
from tests.sdk.asgi_spans import get


class Nowhere:
    """An exporter that nobody calls."""

    def export(self, batch: Any) -> ExportResult:
        raise AssertionError(batch)

    def shutdown(self) -> None:
        """Nothing is held."""


@pytest.mark.requirement("LF-01")
def test_the_pipeline_takes_the_span_as_it_is() -> None:
    spool = MemorySpool()
    pipeline = Pipeline(encoder=Encoder(None), spool=spool, exporter=Nowhere(), compress=False, threads=False)
    seen: list[Any] = []
    opened = OpenSpans(seen.append)
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(
        AndironSpanProcessor(pipeline, open_spans=opened, correlate=lambda: {"user": "u-1"}, ended=seen.append)
    )
    app = FastAPI()

    @app.get("/items/{item}")
    async def endpoint(item: int) -> int:
        (running,) = opened._open.values()
        seen.append(pending(running))
        if item == 0:
            raise ValueError("no such item")
        return item

    instrument(app, tracer_provider=provider)
    get(app, "/items/7?x=1", headers={"x-request-id": "r-1"})
    get(app, "/items/0")
    assert len(opened) == 0
    assert [type(span) for span in seen[1::2]] == [RequestSpan, RequestSpan]
    assert seen[0].parent == seen[1].context
    pipeline.flush(delivered=False)
    spans = []
    while batch := spool.take():
        request = ExportTraceServiceRequest.FromString(batch.body)
        (scope,) = request.resource_spans[0].scope_spans
        assert scope.scope.name == "andiron.sdk.asgi"
        spans += [(batch.lane.name, span) for span in scope.spans]
        spool.done(batch)
    (first, failed), (second, span) = spans
    assert (first, second) == ("HIGH", "NORMAL")
    assert span.name == "GET /items/{item}"
    assert span.kind == 2
    assert span.end_time_unix_nano > span.start_time_unix_nano
    values = {pair.key: pair.value for pair in span.attributes}
    assert values["request_id"].string_value == "r-1"
    assert values["user"].string_value == "u-1"
    assert values["url.query"].string_value == "x=1"
    assert values["http.response.status_code"].int_value == 200
    assert failed.status.code == 2
    assert [event.name for event in failed.events] == ["exception"]
