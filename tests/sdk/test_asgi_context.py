"""What lies above a request's span and what lies below it: propagation, sampling, ids, processors, and Logfire's own spans."""

import asyncio
import logging
from collections.abc import Iterator, Sequence
from typing import Any

import logfire
import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from logfire.sampling import SamplingOptions
from opentelemetry import baggage, propagate, trace
from opentelemetry import context as otel_context
from opentelemetry.context import Context
from opentelemetry.propagators.textmap import TextMapPropagator
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import (
    ALWAYS_OFF,
    ALWAYS_ON,
    DEFAULT_ON,
    Decision,
    ParentBased,
    Sampler,
    SamplingResult,
    TraceIdRatioBased,
)
from opentelemetry.trace import Link, NoOpTracerProvider, SpanContext, SpanKind, TraceFlags
from opentelemetry.util.types import Attributes
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from typing_extensions import override

from andiron.sdk.asgi import AndironMiddleware, instrument
from andiron.sdk.request_span import RequestSpan
from tests.sdk.asgi_spans import Spans, attributes, get, request

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SAMPLED = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
UNSAMPLED = {"traceparent": f"00-{TRACE}-{PARENT}-00"}


def echo(seen: list[Any] | None = None) -> Starlette:
    """Answers with the headers that a request of its own would carry."""

    async def endpoint(_: Request) -> Response:
        carrier: dict[str, str] = {}
        propagate.inject(carrier)
        if seen is not None:
            seen.append(trace.get_current_span())
        return PlainTextResponse(carrier.get("traceparent", ""), headers={f"x-{k}": v for k, v in carrier.items()})

    return Starlette(routes=[Route("/", endpoint)])


@pytest.mark.requirement("CL-26")
def test_the_callers_trace_goes_on() -> None:
    spans = Spans()
    app = echo()
    instrument(app, tracer_provider=spans.provider)
    answer = get(app, "/", headers={**SAMPLED, "tracestate": "shop=1,other=2", "baggage": "tenant=north"})
    span = spans.only
    assert f"{span.context.trace_id:032x}" == TRACE
    assert span.parent is not None
    assert f"{span.parent.span_id:016x}" == PARENT
    assert span.parent.is_remote
    assert span.context.trace_state.to_header() == "shop=1,other=2"
    assert answer.headers["x-traceparent"] == f"00-{TRACE}-{span.context.span_id:016x}-01"
    assert answer.headers["x-tracestate"] == "shop=1,other=2"
    assert answer.headers["x-baggage"] == "tenant=north"


@pytest.mark.requirement("CL-26")
@pytest.mark.parametrize("sampler", [DEFAULT_ON, ParentBased(TraceIdRatioBased(0.5)), ParentBased(ALWAYS_OFF)])
def test_a_caller_that_is_not_sampled_is_not_recorded_and_its_trace_goes_on(sampler: Sampler) -> None:
    spans = Spans(sampler=sampler)
    app = echo()
    instrument(app, tracer_provider=spans.provider)
    answer = get(app, "/", headers=UNSAMPLED)
    assert not spans.all
    assert answer.text.startswith(f"00-{TRACE}-")
    assert answer.text.endswith("-00")
    assert PARENT not in answer.text
    assert answer.headers["x-request-id"]


@pytest.mark.requirement("CL-26")
@given(
    st.one_of(
        st.text(st.characters(max_codepoint=255, exclude_characters="\0\r\n")),
        st.from_regex(r"[0-9a-f]{2}-[0-9a-f]{30,34}-[0-9a-f]{14,18}-[ -~]{0,3}", fullmatch=True),
    )
)
def test_a_malformed_traceparent_begins_a_trace(header: str) -> None:
    spans = Spans()
    app = AndironMiddleware(PlainTextResponse("fine"), tracer_provider=spans.provider)
    assert get(app, "/", headers={"traceparent": header.encode("latin-1")}).status_code == 200
    span = spans.only
    assert span.context.is_valid
    if span.parent is not None:
        assert f"{span.parent.trace_id:032x}" in header
    else:
        assert span.context.trace_flags == 3


def test_without_a_provider_only_the_context_passes() -> None:
    for provider in (NoOpTracerProvider(), trace.ProxyTracerProvider()):
        seen: list[Any] = []
        app = echo(seen)
        instrument(app, tracer_provider=provider)
        assert get(app, "/", headers=SAMPLED).text == SAMPLED["traceparent"]
        answer = get(app, "/")
        assert answer.text == ""
        assert answer.headers["x-request-id"]
        assert seen[1] is trace.INVALID_SPAN


def test_a_disabled_sdk_records_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    spans = Spans()
    app = echo()
    instrument(app, tracer_provider=spans.provider)
    assert get(app, "/", headers=SAMPLED).text == SAMPLED["traceparent"]
    assert not spans.all


class Asked(Sampler):
    """Remembers what it was asked."""

    def __init__(self, decision: Decision) -> None:
        self.decision = decision
        self.calls: list[tuple[str, SpanKind | None, Any]] = []

    @override
    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        trace_state: Any = None,
    ) -> SamplingResult:
        self.calls.append((name, kind, dict(attributes or {})))
        return SamplingResult(self.decision, {"sampled.by": "test"}, trace.TraceState([("rate", "1")]))

    def get_description(self) -> str:
        return "asked"


@pytest.mark.parametrize(
    ("decision", "recorded", "flags"),
    [(Decision.DROP, 0, 2), (Decision.RECORD_ONLY, 0, 2), (Decision.RECORD_AND_SAMPLE, 1, 3)],
)
def test_a_custom_sampler_decides(decision: Decision, recorded: int, flags: int) -> None:
    sampler = Asked(decision)
    spans = Spans(sampler=sampler)
    seen: list[trace.Span] = []
    app = echo(seen)
    instrument(app, tracer_provider=spans.provider)
    get(app, "/?a=1")
    (asked,) = sampler.calls
    assert asked[:2] == ("GET", SpanKind.SERVER)
    assert asked[2]["url.path"] == "/"
    assert asked[2]["url.query"] == "a=1"
    assert len(spans.all) == recorded
    assert seen[0].is_recording() is False  # it has ended by now
    assert seen[0].get_span_context().trace_flags == flags
    assert seen[0].get_span_context().trace_state.to_header() == "rate=1"
    if recorded:
        assert attributes(spans.only)["sampled.by"] == "test"


class Counting(IdGenerator):
    """1, 2, 3, …; not random, and says so."""

    def __init__(self) -> None:
        self.last = 0

    def generate_span_id(self) -> int:
        self.last += 1
        return self.last

    def generate_trace_id(self) -> int:
        return 0xABC


def test_a_custom_id_generator_is_asked() -> None:
    spans = Spans(id_generator=Counting())
    app = echo()
    instrument(app, tracer_provider=spans.provider)
    assert get(app, "/").text == f"00-{0xABC:032x}-{1:016x}-01"
    assert spans.only.context.span_id == 1


def test_a_span_around_an_in_process_call_is_the_parent() -> None:
    spans = Spans()
    app = echo()
    instrument(app, tracer_provider=spans.provider)

    async def call() -> None:
        with spans.tracer.start_as_current_span("caller") as caller:
            await request(app, "GET", "/")
            assert trace.get_current_span() is caller

    asyncio.run(call())
    assert spans.named("GET /").parent == spans.named("caller").context


def test_suppressed_instrumentation_makes_no_span() -> None:
    spans = Spans()
    app = echo()
    instrument(app, tracer_provider=spans.provider)

    async def call() -> None:
        with logfire.suppress_instrumentation():
            await request(app, "GET", "/")

    asyncio.run(call())
    assert not spans.all


@pytest.mark.requirement("CL-26")
def test_baggage_in_several_headers_is_one() -> None:
    spans = Spans()
    app = echo()
    instrument(app, tracer_provider=spans.provider)
    answer = get(app, "/", headers=[("baggage", "a=1"), ("baggage", "b=2")])
    assert answer.headers["x-baggage"] == "a=1,b=2"
    assert spans.only.parent is None


class Quarrelsome(TextMapPropagator):
    """Wants a header, and cannot stand it."""

    @override
    def extract(self, carrier: Any, context: Context | None = None, getter: Any = None) -> Context:
        raise ValueError(getter.get(carrier, "X-Quarrel"), sorted(getter.keys(carrier)))

    @override
    def inject(self, carrier: Any, context: Context | None = None, setter: Any = None) -> None:
        """Nothing."""

    @property
    def fields(self) -> set[str]:
        return {"x-quarrel"}


def test_a_broken_propagator_costs_the_parent_and_not_the_request(
    restored: None, caplog: pytest.LogCaptureFixture
) -> None:
    propagate.set_global_textmap(Quarrelsome())
    spans = Spans()
    app = echo()
    instrument(app, tracer_provider=spans.provider)
    with caplog.at_level(logging.ERROR):
        assert get(app, "/", headers={"x-quarrel": "1"}).status_code == 200
    assert spans.only.parent is None
    (record,) = [record for record in caplog.records if record.name == "andiron.sdk.asgi"]
    assert record.message.startswith("the propagator failed")
    assert record.exc_info is not None
    assert "['1'], ['accept'" in str(record.exc_info[1])


class Broken(SpanProcessor):
    def __init__(self, where: str) -> None:
        self.where = where

    @override
    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        if self.where == "started":
            raise RuntimeError(self.where)

    @override
    def on_end(self, span: ReadableSpan) -> None:
        if self.where == "ended":
            raise RuntimeError(self.where)


@pytest.mark.parametrize("where", ["started", "ended"])
def test_a_broken_processor_costs_the_span_and_not_the_request(where: str, caplog: pytest.LogCaptureFixture) -> None:
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(Broken(where))
    app = echo()
    instrument(app, tracer_provider=provider)
    with caplog.at_level(logging.ERROR):
        assert [get(app, "/").status_code for _ in range(2)] == [200, 200]
    assert [record.message for record in caplog.records] == [
        f"a span could not be {where}; further failures of this kind are not logged"
    ]


class AndironSpanProcessor(SpanProcessor):
    """Named as the pipeline's, which is how the middleware knows it."""

    def __init__(self) -> None:
        self.started: list[Any] = []
        self.ended: list[Any] = []

    @override
    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        self.started.append(span)

    def on_end(self, span: ReadableSpan) -> None:
        self.ended.append(span)


@pytest.fixture
def restored() -> Iterator[None]:
    """What `logfire.configure` changes for the process."""
    propagator = propagate.get_global_textmap()
    yield
    propagate.set_global_textmap(propagator)


def configured(*processors: SpanProcessor, **more: Any) -> logfire.Logfire:
    """A Logfire of its own, that sends nothing."""
    return logfire.configure(
        local=True,
        send_to_logfire=False,
        console=False,
        metrics=False,
        distributed_tracing=True,
        additional_span_processors=list(processors),
        **more,
    )


@pytest.mark.requirement("LF-01")
def test_through_logfire_a_lone_pipeline_gets_the_span_itself(restored: None) -> None:
    ours = AndironSpanProcessor()
    local = configured(ours)
    app = echo()
    instrument(app, tracer_provider=local.config.get_tracer_provider())
    get(app, "/")
    get(app, "/", headers={"baggage": "tenant=north"})
    first, second = ours.ended
    assert type(first) is RequestSpan
    assert ours.started == ours.ended
    assert attributes(first)["http.route"] == "/"
    assert attributes(second)["tenant"] == "north"  # Logfire's processor of baggage has seen it


def test_a_processor_that_is_added_later_gets_every_span_too(restored: None) -> None:
    ours = AndironSpanProcessor()
    spans = Spans()
    local = configured(ours)
    provider = local.config.get_tracer_provider()
    app = echo()
    instrument(app, tracer_provider=provider)
    get(app, "/")
    provider.add_span_processor(SimpleSpanProcessor(spans.exporter))
    get(app, "/")
    assert len(ours.ended) == 2
    assert spans.only.name == "GET /"


@pytest.mark.requirement("LF-01")
def test_logfires_spans_and_logs_are_children(restored: None) -> None:
    spans = Spans()
    local = configured(SimpleSpanProcessor(spans.exporter))
    app = FastAPI()

    @app.get("/cart/{cart}")
    async def endpoint(cart: int) -> None:
        with local.span("pricing {cart=}", cart=cart):
            local.info("priced")
        await asyncio.create_task(task())
        await asyncio.to_thread(thread)

    async def task() -> None:
        local.info("in a task")

    def thread() -> None:
        local.info("in a thread")

    instrument(app, tracer_provider=local.config.get_tracer_provider())
    get(app, "/cart/3")
    server = spans.named("GET /cart/{cart}")
    pricing = spans.named("pricing {cart=}")
    assert pricing.parent == server.context
    assert spans.named("priced").parent == pricing.context
    assert spans.named("in a task").parent == server.context
    assert spans.named("in a thread").parent == server.context
    assert attributes(server)["logfire.span_type"] == "span"
    assert attributes(server)["logfire.msg"] == "GET /cart/3"  # as Logfire's wrapper has it


def test_logfires_tail_sampling_takes_the_span(restored: None) -> None:
    spans = Spans()
    local = configured(SimpleSpanProcessor(spans.exporter), sampling=SamplingOptions.level_or_duration())
    app = FastAPI()
    app.add_api_route("/dull", lambda: 1)

    @app.get("/down")
    async def down() -> None:
        raise ValueError("down")

    instrument(app, tracer_provider=local.config.get_tracer_provider())
    get(app, "/dull")
    get(app, "/down")
    assert spans.only.name == "GET /down"


def test_a_logfire_that_is_configured_anew_is_followed(restored: None) -> None:
    first, second = AndironSpanProcessor(), AndironSpanProcessor()
    local = configured(first)
    provider = local.config.get_tracer_provider()
    app = echo()
    instrument(app, tracer_provider=provider)
    get(app, "/")
    fresh = TracerProvider(shutdown_on_exit=False)
    fresh.add_span_processor(second)
    provider.set_provider(fresh)
    get(app, "/")
    assert (len(first.ended), len(second.ended)) == (1, 1)


def test_the_global_provider_may_be_set_after_the_first_request(monkeypatch: pytest.MonkeyPatch) -> None:
    spans = Spans(sampler=ALWAYS_ON)
    app = echo()
    instrument(app)
    monkeypatch.setattr(trace, "get_tracer_provider", trace.ProxyTracerProvider)
    get(app, "/")
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: spans.provider)
    get(app, "/")
    assert spans.only.name == "GET /"


def test_nothing_of_a_request_stays_in_the_context() -> None:
    spans = Spans()
    app = echo()
    instrument(app, tracer_provider=spans.provider)

    async def call() -> None:
        token = otel_context.attach(baggage.set_baggage("kept", "1"))
        before = otel_context.get_current()
        await request(app, "GET", "/", headers={**SAMPLED, "baggage": "more=2"})
        assert otel_context.get_current() is before
        otel_context.detach(token)

    asyncio.run(call())


def test_a_span_context_of_another_kind_is_kept() -> None:
    """A caller's flags beyond `sampled` and `random` are not made up."""
    spans = Spans()
    app = echo()
    instrument(app, tracer_provider=spans.provider)
    get(app, "/", headers={"traceparent": f"00-{TRACE}-{PARENT}-03"})
    get(app, "/", headers=SAMPLED)
    assert [span.context.trace_flags for span in spans.all] == [TraceFlags(3), TraceFlags(1)]
    assert all(isinstance(span.parent, SpanContext) for span in spans.all)
