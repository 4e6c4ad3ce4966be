"""Spans of applications under test: kept in memory by OpenTelemetry's own exporter, requested by httpx."""

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter


class Spans:
    """A provider of a test's own, and what it was given."""

    def __init__(self, **provider: Any) -> None:
        self.exporter = InMemorySpanExporter()
        self.provider = TracerProvider(shutdown_on_exit=False, **provider)
        self.provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.tracer = self.provider.get_tracer("test")

    @property
    def all(self) -> list[ReadableSpan]:
        """In the order in which they ended."""
        return list(self.exporter.get_finished_spans())

    @property
    def only(self) -> ReadableSpan:
        """The one span."""
        (span,) = self.all
        return span

    def named(self, name: str) -> ReadableSpan:
        """The one span of this name."""
        (span,) = [span for span in self.all if span.name == name]
        return span


async def request(app: Any, method: str, url: str, *, root_path: str = "", **more: Any) -> httpx.Response:
    """One request; an exception that escapes the application becomes the server's 500."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False, root_path=root_path)
    async with httpx.AsyncClient(transport=transport, base_url="http://shop.example:8080") as client:
        return await client.request(method, url, **more)


def get(app: Any, url: str, **more: Any) -> httpx.Response:
    """One GET, in an event loop of its own."""
    return asyncio.run(request(app, "GET", url, **more))


def attributes(span: ReadableSpan) -> Mapping[str, Any]:
    """Its attributes, which are there."""
    assert span.attributes is not None
    return span.attributes
