"""Properties 7 to 12 of the list that observability was specified by: what operations leave in traces."""

import asyncio
import contextlib
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import baggage, context, trace

from andiron.sdk.operations import names
from tests.operations.observed import Observed, observing
from tests.operations.stories import STEP, Broken, Step, Teller, stories, texts

pytestmark = [pytest.mark.requirement("OB-09"), pytest.mark.requirement("OB-03")]

values = st.one_of(
    st.text(st.characters(codec="utf-8"), max_size=10),
    st.integers(-(2**63), 2**63 - 1),
    st.booleans(),
    st.floats(allow_nan=False),
    st.lists(st.integers(-9, 9), min_size=1, max_size=3),
)
keys = st.from_regex(r"[a-z]{1,6}\.[a-z_]{1,6}", fullmatch=True).filter(
    lambda key: key not in {STEP, names.OPERATION, names.ERROR_TYPE, names.RESOURCE_TYPE, names.DURATION}
)


@given(stories)
def test_property_07_span_creation_for_operations(story: list[Step]) -> None:
    """Span creation for operations."""
    with observing() as observed:
        told = Teller().tell(story)
    assert Counter((span.attributes[STEP], span.name) for span in observed.spans) == Counter(
        (one.number, one.step.name) for one in told
    )
    assert {span.kind for span in observed.spans} == {"internal"}


@given(stories, st.dictionaries(keys, values, max_size=4), st.sampled_from(["", "server"]))
def test_property_08_span_attributes_completeness(story: list[Step], given_: dict[str, object], kind: str) -> None:
    """Span attributes completeness."""
    with observing() as observed:
        told = Teller(resource_type=kind, more=given_).tell(story)
    for one in told:
        attributes = observed.span_of(one).attributes
        expected = {
            STEP: one.number,
            names.OPERATION: one.step.name,
            names.OUTCOME: one.step.outcome,
            **({names.RESOURCE_TYPE: kind} if kind else {}),
            **({names.ERROR_TYPE: one.error_type} if one.error_type else {}),
            **given_,
        }
        assert attributes == expected


@given(stories)
def test_property_09_child_span_creation(story: list[Step]) -> None:
    """Child span creation."""
    with observing() as observed:
        told = Teller().tell(story)
    for one in told:
        span = observed.span_of(one)
        if one.parent is None:
            assert span.parent_id == ""
        else:
            parent = observed.span_of(told[one.parent])
            assert (span.parent_id, span.trace_id) == (parent.span_id, parent.trace_id)
            assert parent.start <= span.start <= span.end <= parent.end
    roots = sum(one.parent is None for one in told)
    assert len({span.trace_id for span in observed.spans}) == roots
    assert len({span.span_id for span in observed.spans}) == len(told)


@given(stories)
def test_property_10_span_closure_and_status(story: list[Step]) -> None:
    """Span closure and status."""
    with observing() as observed:
        told = Teller().tell(story)
        assert trace.get_current_span() is trace.INVALID_SPAN
    for one in told:
        span = observed.span_of(one)
        assert 0 < span.start <= span.end
        assert (span.status == "error") is (one.step.end == "raise")
        if one.step.end == "return":
            assert span.events == []


@given(stories)
def test_property_11_error_span_marking(story: list[Step]) -> None:
    """Error span marking."""
    with observing() as observed:
        told = Teller().tell(story)
    for one in told:
        span = observed.span_of(one)
        exceptions = [attributes for name, attributes in span.events if name == "exception"]
        if one.step.end != "raise":
            # To say no is no fault: it stands in `outcome` and `error.type`.
            assert span.status != "error"
            continue
        assert span.message.startswith(one.error_type or "?")
        assert one.step.text in span.message
        (exception,) = exceptions
        assert exception["exception.type"] == one.error_type
        assert exception["exception.message"] == one.step.text
        assert "stories.py" in exception["exception.stacktrace"]
        assert "Traceback (most recent call last)" in exception["exception.stacktrace"]


headers = st.dictionaries(
    st.sampled_from(["accept", "x-request-id", "Host"]), st.text(max_size=5).map(ascii), max_size=3
)
words = st.from_regex(r"[a-z]{1,8}", fullmatch=True)


@given(stories, headers, st.dictionaries(words, words, max_size=3))
def test_property_12_trace_context_propagation(
    story: list[Step], carrier: dict[str, str], baggage_: dict[str, str]
) -> None:
    """Trace context propagation."""
    here, there = Observed(), Observed()
    bag = context.get_current()
    for name, value in baggage_.items():
        bag = baggage.set_baggage(name, value, bag)
    token = context.attach(bag)
    try:
        with here.tracing.operation("request") as span:
            ids = (here.tracing.trace_id, here.tracing.span_id)
            carried = here.tracing.inject(dict(carrier))
    finally:
        context.detach(token)
    assert ids == (f"{span.get_span_context().trace_id:032x}", f"{span.get_span_context().span_id:016x}")
    assert carried["traceparent"] == f"00-{ids[0]}-{ids[1]}-{span.get_span_context().trace_flags:02x}"
    assert carrier.items() <= carried.items()
    assert (here.tracing.trace_id, here.tracing.span_id) == (None, None)

    arrived = there.tracing.extract(carried)
    assert dict(baggage.get_all(arrived)) == baggage_
    token = context.attach(arrived)
    try:
        with observing(there):
            told = Teller().tell(story)
    finally:
        context.detach(token)
    assert {span.trace_id for span in there.spans} == {ids[0]}
    assert {there.span_of(one).parent_id for one in told if one.parent is None} == {ids[1]}


@given(st.dictionaries(st.sampled_from(["traceparent", "tracestate", "baggage"]), st.text(max_size=60)))
def test_headers_that_are_none_start_a_new_trace(carrier: dict[str, str]) -> None:
    observed = Observed()
    token = context.attach(observed.tracing.extract(carrier))
    try:
        with observed.tracing.operation("request"):
            assert observed.tracing.trace_id is not None
    finally:
        context.detach(token)
    assert observed.spans[0].parent_id == ""
    assert not observed.errors.failures


@given(st.lists(texts, max_size=3))
def test_the_parts_of_an_operation_are_its_children(said: list[str]) -> None:
    observed = Observed()
    with observed.tracing.operation("resource.create", {"resource.id": "7"}):
        for number, text in enumerate(said):
            with contextlib.suppress(Broken), observed.tracing.child("repository.insert"):
                observed.tracing.set_attributes({"row": number})
                raise Broken(text)
    *children, whole = observed.spans
    assert whole.attributes["resource.id"] == "7"
    assert [(child.parent_id, child.attributes["row"]) for child in children] == [
        (whole.span_id, number) for number in range(len(said))
    ]
    assert {child.status for child in children} <= {"error"}
    assert whole.status != "error"


def test_a_cancelled_part_is_closed_and_no_error() -> None:
    observed = Observed()
    with pytest.raises(asyncio.CancelledError), observed.tracing.operation("resource.create"):
        raise asyncio.CancelledError
    assert observed.spans[0].status != "error"
