"""A record that is too large loses text, then parts, never itself."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.trace import Event
from opentelemetry.trace import Link, SpanContext, Status, StatusCode

from andiron.delivery.encode import Encoder
from andiron.delivery.truncate import within
from andiron.redaction import Redactor
from tests.delivery import otlp

pytestmark = pytest.mark.requirement("CL-11")

LIMIT = 8192

texts = st.builds(lambda text, times: text * times, st.text(max_size=8), st.sampled_from([0, 1, 50, 1200]))
scalars = texts | st.integers(0, 9) | st.binary(max_size=4).map(lambda data: data * 1000)
values = st.one_of(
    scalars,
    st.lists(scalars, max_size=3).map(lambda parts: parts * 30),
    st.dictionaries(st.text(min_size=1, max_size=3), st.lists(scalars, max_size=2), max_size=3),
)
few = st.dictionaries(
    st.text(min_size=1, max_size=3) | st.text(min_size=1, max_size=3).map(lambda key: key * 500), values, max_size=3
)
attributes = few | st.integers(0, 600).map(lambda n: {f"key{m}": m for m in range(n)})
# Many, by saying it: what is drawn stays small.
events = st.lists(st.builds(Event, texts, few, st.just(otlp.EPOCH)), max_size=2)
links = st.lists(st.builds(Link, st.just(SpanContext(3, 4, is_remote=False)), few), max_size=2)


@given(texts, attributes, events, links, texts)
def test_spans_fit(name: str, given: dict[str, Any], events: list[Event], links: list[Link], status: str) -> None:
    last = Event("exception", {"exception.type": "shop.Refused", "exception.stacktrace": "at\n" * 4000}, otlp.EPOCH)
    events, links = [*events * 20, last], links * 20
    fields: dict[str, Any] = {"events": events, "links": links, "status": Status(StatusCode.ERROR, status)}
    encoder = Encoder(None, limit=LIMIT)
    [span] = otlp.spans_in(encoder.traces([otlp.a_span(given, name=name, **fields)]))
    assert span.ByteSize() <= LIMIT
    assert (span.trace_id, span.span_id) == ((1).to_bytes(16, "big"), (2).to_bytes(8, "big"))
    assert (span.start_time_unix_nano, span.end_time_unix_nano, span.status.code) == (otlp.EPOCH, otlp.EPOCH + 5, 2)
    assert len(span.events) + span.dropped_events_count == len(events)
    assert len(span.links) + span.dropped_links_count == len(links)
    found = otlp.read(span.attributes)
    assert len(span.attributes) + span.dropped_attributes_count - ("andiron.truncated" in found) == len(given)
    assert otlp.read(span.events[-1].attributes)["exception.type"] == "shop.Refused"
    assert span.name == name or span.name.endswith(" characters]")
    assert encoder.truncated == 1
    assert found["andiron.truncated"]
    assert encoder.failed == 0


@given(values, attributes)
def test_logs_fit(body: Any, given: dict[str, Any]) -> None:
    encoder = Encoder(None, limit=LIMIT)
    log = otlp.a_log(body, {"exception.type": "shop.Refused", **given}, severity_text="ERROR")
    [found] = otlp.logs_in(encoder.logs([log]))
    whole = Encoder(None, limit=10**8)
    [before] = otlp.logs_in(whole.logs([log]))
    assert found.ByteSize() <= LIMIT
    assert (found.time_unix_nano, found.severity_text) == (otlp.EPOCH, "ERROR")
    assert otlp.read(found.attributes)["exception.type"] == "shop.Refused"
    if before.ByteSize() <= LIMIT:
        assert found == before
        assert encoder.truncated == 0
    else:
        assert encoder.truncated == 1
        assert otlp.read(found.attributes)["andiron.truncated"]


def test_the_longest_is_cut_and_nothing_else() -> None:
    encoder = Encoder(None)
    given = {"short": "s" * 5_000, "long": "é" * 100_000, "middle": "m" * 20_000, "n": 1}
    [log] = otlp.logs_in(encoder.logs([otlp.a_log("body", given)]))
    found = otlp.read(log.attributes)
    assert found == {**given, "long": found["long"], "andiron.truncated": ["long"]}
    kept, mark, _ = found["long"].partition("…")
    assert mark
    assert found["long"] == f"{kept}…[truncated {100_000 - len(kept)} characters]"
    assert 60_000 < log.ByteSize() <= 65_536


def test_a_stack_trace_keeps_its_head_and_its_tail() -> None:
    trace = "Traceback:\n" + "".join(f"  File {n}\n" for n in range(100_000)) + "ValueError: the end"
    event = Event("exception", {"exception.type": "ValueError", "exception.stacktrace": trace}, otlp.EPOCH)
    for redactor in (None, Redactor()):
        [span] = otlp.spans_in(Encoder(redactor).traces([otlp.a_span({"k": 1}, events=[event])]))
        cut = otlp.read(span.events[0].attributes)["exception.stacktrace"]
        head, _, rest = cut.partition("…[truncated ")
        count, _, tail = rest.partition(" characters]")
        assert trace.startswith(head)
        assert trace.endswith(tail)
        assert min(len(head), len(tail)) > 30_000
        assert len(head) + len(tail) + int(count) == len(trace)
        assert otlp.read(span.attributes) == {"k": 1, "andiron.truncated": ["events.exception.stacktrace"]}


def test_events_go_from_the_middle() -> None:
    events = [Event(f"e{n}", {"k": "v" * 500}, otlp.EPOCH + n) for n in range(1_000)]
    [span] = otlp.spans_in(Encoder(None).traces([otlp.a_span({"k": "v"}, events=events)]))
    names = [event.name for event in span.events]
    kept = len(names)
    assert names == [f"e{n}" for n in range(1_000) if n < (kept + 1) // 2 or n >= 1_000 - kept // 2]
    assert span.dropped_events_count == 1_000 - kept
    assert kept > 100
    assert otlp.read(span.attributes) == {"k": "v", "andiron.truncated": ["events"]}


def test_a_large_map_becomes_text_that_can_be_cut() -> None:
    [log] = otlp.logs_in(Encoder(None).logs([otlp.a_log({f"k{n}": n for n in range(20_000)}, {"a": 1})]))
    assert log.body.string_value.startswith('{"k0": 0, "k1": 1,')
    assert log.body.string_value.endswith(" characters]")
    assert otlp.read(log.attributes) == {"a": 1, "andiron.truncated": ["body"]}


def test_the_mark_counts_what_was_cut_before_redaction_too() -> None:
    text = "ab " * 1_000_000
    [log] = otlp.logs_in(Encoder(Redactor()).logs([otlp.a_log(text)]))
    kept, _, mark = log.body.string_value.partition("…")
    assert mark == f"[truncated {len(text) - len(kept)} characters]"
    assert text.startswith(kept)


def test_no_half_of_a_secret_is_left_where_a_text_was_cut() -> None:
    encoder = Encoder(Redactor(), limit=LIMIT)
    text = "anna.berg@example.com " * 10_000
    for offset in range(30):
        [log] = otlp.logs_in(encoder.logs([otlp.a_log("x" * offset + " " + text, {"k": "y" * offset + " " + text})]))
        for found in (log.body.string_value, otlp.read(log.attributes)["k"]):
            assert "anna" not in found


def test_a_large_list_costs_no_other_text() -> None:
    given = {"numbers": list(range(20_000)), "text": "t" * 5_000}
    [span] = otlp.spans_in(Encoder(None).traces([otlp.a_span(given)]))
    found = otlp.read(span.attributes)
    assert found["text"] == given["text"]
    assert found["numbers"].startswith("[0, 1, 2,")
    assert found["andiron.truncated"] == ["numbers"]


def test_after_a_list_without_end_other_texts_are_still_there() -> None:
    name, note = "n" * 150, "mail to anna.berg@example.com bounced"
    given: dict[str, Any] = {"list": range(10**9), "more": [1, 2], "note": note}
    [span] = otlp.spans_in(Encoder(Redactor()).traces([otlp.a_span(given, events=[Event(name, given, otlp.EPOCH)])]))
    assert span.events[0].name == name
    found = otlp.read(span.attributes)
    assert found["more"] == ["…"]
    assert found["note"].startswith("mail to [")
    assert otlp.read(span.events[0].attributes)["note"] == found["note"]


def test_a_list_that_goes_on_shows_it() -> None:
    [span] = otlp.spans_in(Encoder(None, limit=LIMIT).traces([otlp.a_span({"k": [None] * 3_000})]))
    assert otlp.read(span.attributes)["k"][-2:] == [None, "…"]


@given(st.text(max_size=300), st.integers(60, 400), st.booleans())
def test_within(text: str, most: int, keep_end: bool) -> None:  # noqa: FBT001 - drawn
    short = within(text * 3, most, keep_end=keep_end)
    assert len(short.encode()) <= most
