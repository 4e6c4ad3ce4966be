import asyncio
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.sdk._logs import ReadWriteLogRecord
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind

from andiron.sdk import breadcrumbs
from andiron.sdk.breadcrumbs import MOST_BYTES, Breadcrumbs, breadcrumb
from tests.sdk.emitted import Clock


def shown(crumbs: Breadcrumbs) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = json.loads(crumbs.attribute() or "[]")
    return listed


def messages(crumbs: Breadcrumbs) -> list[str]:
    return [crumb["message"] for crumb in shown(crumbs)]


class Ticking(Clock):
    def __call__(self) -> float:
        self.now += 1
        return self.now


@pytest.mark.requirement("CL-17")
def test_breadcrumbs_are_told_oldest_first_with_their_data() -> None:
    crumbs = Breadcrumbs(wall=Ticking(0.0))
    crumbs.start()
    try:
        breadcrumb("ui", "Save pressed", form="order", tries=2)
        breadcrumb("user", "signed out")
        assert shown(crumbs) == [
            {
                "time": "1970-01-01T00:00:01.000Z",
                "category": "ui",
                "message": "Save pressed",
                "data": {"form": "order", "tries": 2},
            },
            {"time": "1970-01-01T00:00:02.000Z", "category": "user", "message": "signed out"},
        ]
    finally:
        crumbs.stop()


def test_off_it_does_nothing() -> None:
    assert breadcrumbs.active is None
    breadcrumb("ui", "nobody listens")
    crumbs = Breadcrumbs()
    crumbs.start()
    breadcrumb("ui", "heard")
    crumbs.stop()
    assert breadcrumbs.active is None
    assert crumbs.attribute() is None


def test_stopping_an_old_one_leaves_the_new_one() -> None:
    old, new = Breadcrumbs(), Breadcrumbs()
    old.start()
    new.start()
    old.stop()
    assert breadcrumbs.active is new
    new.stop()


@pytest.mark.requirement("CL-17")
def test_a_talkative_category_does_not_push_out_the_others() -> None:
    crumbs = Breadcrumbs(10, wall=Ticking())
    for number in range(3):
        crumbs.add("user", f"user {number}", {})
    for number in range(100):
        crumbs.add("network", f"call {number}", {})
    assert messages(crumbs) == ["user 0", "user 1", "user 2", *(f"call {number}" for number in range(93, 100))]


@pytest.mark.requirement("CL-17")
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["ui", "network", "system", "user", "own"]), st.text(max_size=500), st.text(max_size=300)
        ),
        max_size=120,
    ),
    st.integers(1, 60),
)
def test_bounds_and_order_hold_whatever_comes(events: list[tuple[str, str, str]], limit: int) -> None:
    crumbs = Breadcrumbs(limit, wall=Ticking(0.0))
    for category, message, value in events:
        crumbs.add(category, message, {"value": value})
    attribute = crumbs.attribute() or "[]"
    assert len(attribute.encode()) <= MOST_BYTES
    listed = json.loads(attribute)
    times = [crumb["time"] for crumb in listed]
    assert times == sorted(times)
    assert len(listed) <= max(limit, 5 * 5)
    if events:
        # The newest is always there: it is the likeliest cause.
        assert listed[-1]["category"] == events[-1][0]
        assert listed[-1]["message"] == events[-1][1][:200]


def test_a_request_sees_its_own_and_those_of_nobody() -> None:
    crumbs = Breadcrumbs(wall=Ticking())

    async def request(name: str, both: asyncio.Barrier) -> list[str]:
        with crumbs.request():
            crumbs.add("user", f"{name} one", {})
            await both.wait()
            # A task and a thread of the request belong to it.
            await asyncio.create_task(step(name))
            await asyncio.to_thread(crumbs.add, "user", f"{name} three", {})
            await both.wait()
            return messages(crumbs)

    async def step(name: str) -> None:
        crumbs.add("user", f"{name} two", {})

    async def main() -> list[list[str]]:
        crumbs.add("network", "offline", {})
        both = asyncio.Barrier(2)
        return list(await asyncio.gather(request("a", both), request("b", both)))

    assert asyncio.run(main()) == [
        ["offline", "a one", "a two", "a three"],
        ["offline", "b one", "b two", "b three"],
    ]
    assert messages(crumbs) == ["offline"]


@pytest.mark.requirement("CL-12")
def test_secrets_are_taken_out_by_key_and_before_anything_is_cut() -> None:
    def redact(key: str, value: Any) -> Any:
        return "[redacted]" if key == "password" else str(value).replace("hunter2" * 40, "[redacted]")

    crumbs = Breadcrumbs(redact=redact, wall=Ticking())
    crumbs.add("user", "x" * 150 + "hunter2" * 40, {"password": "letmein"})
    text = crumbs.attribute() or ""
    assert "hunter2" not in text
    assert "letmein" not in text
    assert text.count("[redacted]") == 2


class Unspeakable:
    def __str__(self) -> str:
        raise RuntimeError


def test_what_cannot_be_shown_does_no_harm() -> None:
    crumbs = Breadcrumbs(wall=Ticking())
    crumbs.start()
    breadcrumb([], "no category")  # type: ignore[arg-type]  # on purpose
    breadcrumb("ui", 3)  # type: ignore[arg-type]  # on purpose
    breadcrumb("ui", "odd", it=Unspeakable(), nan=float("nan"))
    (odd,) = shown(crumbs)
    crumbs.stop()
    assert odd["data"] == {"it": "<Unspeakable>", "nan": "nan"}


def test_categories_are_bounded() -> None:
    crumbs = Breadcrumbs(50, wall=Ticking())
    for number in range(1000):
        crumbs.add(f"category {number}", "m", {})
    assert len(crumbs._of_process) <= 17


def log_record(level: SeverityNumber, body: Any, **attributes: Any) -> ReadWriteLogRecord:
    return ReadWriteLogRecord(LogRecord(severity_number=level, body=body, attributes=attributes))


@pytest.mark.requirement("CL-17")
def test_log_records_become_breadcrumbs_and_an_error_takes_them_along() -> None:
    crumbs = Breadcrumbs(wall=Ticking())
    crumbs.log_emitted(log_record(SeverityNumber.DEBUG, "too small"))
    crumbs.log_emitted(log_record(SeverityNumber.INFO2, "opened"))
    crumbs.log_emitted(log_record(SeverityNumber.WARN, {"a": 1}))
    error = log_record(SeverityNumber.ERROR, "broke", order=7)
    crumbs.log_emitted(error)
    attributes = dict(error.log_record.attributes or {})
    assert attributes["order"] == 7
    listed = json.loads(str(attributes["breadcrumbs"]))
    assert [(crumb["category"], crumb["message"], crumb["data"]["level"]) for crumb in listed] == [
        ("log", "opened", "info"),
        ("log", "dict", "warn"),
    ]
    has_some = log_record(SeverityNumber.FATAL, "crash", breadcrumbs="[]")
    crumbs.log_emitted(has_some)
    assert (has_some.log_record.attributes or {})["breadcrumbs"] == "[]"


class Wired(SpanProcessor):
    def __init__(self, crumbs: Breadcrumbs) -> None:
        self._crumbs = crumbs

    def on_start(self, span: Span, parent_context: Any = None) -> None:
        self._crumbs.span_started(span)

    def on_end(self, span: ReadableSpan) -> None:
        self._crumbs.span_ended(span)


@pytest.mark.requirement("CL-17")
def test_calls_become_breadcrumbs_and_what_fails_takes_them_along() -> None:
    crumbs, exported, provider = Breadcrumbs(wall=Ticking()), InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(Wired(crumbs))
    provider.add_span_processor(SimpleSpanProcessor(exported))
    tracer = provider.get_tracer("test")
    call: dict[str, str | int] = {
        "http.request.method": "GET",
        "url.full": "http://depot/x",
        "http.response.status_code": 503,
    }
    tracer.start_span("GET", kind=SpanKind.CLIENT, attributes=call, start_time=1_000_000_000).end(1_250_000_000)
    tracer.start_span("within", kind=SpanKind.INTERNAL).end()
    tracer.start_span("GET /orders", kind=SpanKind.SERVER).end()
    tracer.start_span(
        "note", attributes={"logfire.span_type": "log", "logfire.level_num": 9, "logfire.msg": "n 1"}
    ).end()
    tracer.start_span("bad", attributes={"logfire.span_type": "log", "logfire.level_num": 17}).end()
    with (
        pytest.raises(ZeroDivisionError),
        tracer.start_as_current_span("divide"),
        tracer.start_as_current_span("inner"),
    ):
        _ = 1 / 0
    spans = {span.name: dict(span.attributes or {}) for span in exported.get_finished_spans()}
    assert {name for name, attributes in spans.items() if "breadcrumbs" in attributes} == {"bad", "divide"}
    listed = json.loads(str(spans["divide"]["breadcrumbs"]))
    assert [(crumb["category"], crumb["message"]) for crumb in listed] == [
        ("network", "GET"),
        ("navigation", "GET /orders"),
        ("log", "n 1"),
    ]
    assert listed[0]["data"] == {"method": "GET", "url": "http://depot/x", "status": 503, "ms": 250}
    provider.shutdown()
