"""Properties 15 to 20 of the list that observability was specified by: what operations say in the logs."""

import contextlib
import io
import json
import time
from collections.abc import Iterator

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from andiron.sdk.jsonlog import log_line_schema
from andiron.sdk.operations import ObservabilitySettings, init_observability, names, shutdown_observability
from andiron.testing.capture import Capture
from tests.operations.observed import Observed, observing
from tests.operations.stories import STEP, Broken, Step, Teller, Told, stories, texts

pytestmark = [pytest.mark.requirement("OB-09"), pytest.mark.requirement("OB-04")]

DEBUG, INFO, WARN, ERROR = 5, 9, 13, 17
ENDS = {"return": (INFO, "completed"), "raise": (ERROR, "failed"), "reject": (WARN, "rejected"), "cancel": (WARN, "cancelled")}  # fmt: skip


def last_words(told: Told) -> str:
    """What the record of a step's end says."""
    said = f"{told.step.name} {ENDS[told.step.end][1]}"
    if told.error_type is None:
        return said
    return f"{said}: {told.error_type}: {told.step.text}" if told.step.text else f"{said}: {told.error_type}"


@given(stories)
def test_property_15_operation_start_logging(story: list[Step]) -> None:
    """Operation start logging."""
    with observing() as observed:
        told = Teller().tell(story)
    starts = [log for log in observed.logs if log.severity == DEBUG]
    assert [(log.attributes[STEP], log.body) for log in starts] == [
        (one.number, f"{one.step.name} started") for one in told
    ]
    for log, one in zip(starts, told, strict=True):
        assert log.attributes[names.OPERATION] == one.step.name
        assert not {names.OUTCOME, names.DURATION, names.ERROR_TYPE} & log.attributes.keys()
        assert log is not observed.logs_of(one)[-1]


@given(stories)
def test_property_16_operation_completion_logging(story: list[Step]) -> None:
    """Operation completion logging."""
    with observing() as observed:
        before = time.perf_counter()
        told = Teller().tell(story)
        most = time.perf_counter() - before
    for one in told:
        _, end = observed.logs_of(one)
        assert (end.severity, end.body) == (ENDS[one.step.end][0], last_words(one))
        assert end.attributes[names.OUTCOME] == one.step.outcome
        assert 0 <= end.attributes[names.DURATION] <= most + 1e-6
    # What is within another ends before it, and has not taken longer.
    for one in told:
        if one.parent is not None:
            inner, outer = observed.logs_of(one)[-1], observed.logs_of(told[one.parent])[-1]
            assert inner.attributes[names.DURATION] <= outer.attributes[names.DURATION] + 1e-6


@given(stories)
def test_property_17_log_trace_correlation(story: list[Step]) -> None:
    """Log trace correlation."""
    with observing() as observed:
        told = Teller().tell(story)
        observed.logger.info("outside")
    for one in told:
        span = observed.span_of(one)
        for log in observed.logs_of(one):
            assert (log.trace_id, log.span_id) == (span.trace_id, span.span_id)
            assert span.start <= log.raw.log_record.timestamp <= span.end
    assert (observed.logs[-1].trace_id, observed.logs[-1].span_id) == ("", "")


keys = st.from_regex(r"[a-z]{1,6}\.[a-z_]{1,6}", fullmatch=True).filter(lambda key: not key.startswith("exception."))


@given(stories, st.dictionaries(keys, texts | st.integers(-9, 9) | st.booleans(), max_size=3), st.booleans())
def test_property_18_log_field_completeness(story: list[Step], more: dict[str, object], typed: bool) -> None:  # noqa: FBT001 - an example
    """Log field completeness."""
    with observing() as observed:
        told = Teller(more, resource_type="server" if typed else "").tell(story)
    assert len(observed.logs) == 2 * len(told)
    for one in told:
        start, end = observed.logs_of(one)
        common = {**more, STEP: one.number, names.OPERATION: one.step.name}
        if typed:
            common[names.RESOURCE_TYPE] = "server"
        assert start.attributes == common
        ended = {**common, names.OUTCOME: one.step.outcome, names.DURATION: end.attributes[names.DURATION]}
        if one.error_type is not None:
            ended[names.ERROR_TYPE] = one.error_type
        assert {key: end.attributes[key] for key in end.attributes if not key.startswith("exception.")} == ended
        for log in (start, end):
            assert log.scope == "andiron.operations"
            assert log.severity_text == {DEBUG: "DEBUG", INFO: "INFO", WARN: "WARN", ERROR: "ERROR"}[log.severity]
            assert log.raw.log_record.timestamp > 0


@given(stories)
def test_property_19_error_logging(story: list[Step]) -> None:
    """Error logging."""
    with observing() as observed:
        told = Teller().tell(story)
    for one in told:
        end = observed.logs_of(one)[-1]
        exception = {key: value for key, value in end.attributes.items() if key.startswith("exception.")}
        if one.step.end != "raise":
            # To say no to a caller, or to be stopped, is no fault that anybody looks for.
            assert exception == {}
            continue
        stacktrace = exception.pop("exception.stacktrace")
        assert exception == {"exception.type": one.error_type, "exception.message": one.step.text}
        assert stacktrace.startswith("Traceback (most recent call last)")
        assert "stories.py" in stacktrace
        assert Broken.__name__ in stacktrace


@contextlib.contextmanager
def json_lines(**settings: object) -> Iterator[io.StringIO]:
    """Operations whose records are written to this as JSON."""
    with Capture(), contextlib.redirect_stdout(io.StringIO()) as written:
        init_observability(ObservabilitySettings(log_format="json", service_name="shop", **settings))
        try:
            yield written
        finally:
            shutdown_observability()


def test_property_20_json_log_format() -> None:
    """JSON log format."""
    valid = jsonschema.Draft202012Validator(
        log_line_schema(), format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    )

    @given(stories, st.dictionaries(st.text(min_size=1, max_size=6), st.text(max_size=20), max_size=3))
    def holds(story: list[Step], more: dict[str, str]) -> None:
        written.seek(0)
        written.truncate()
        told = Teller(more).tell(story)
        lines = [json.loads(line) for line in written.getvalue().splitlines()]
        for line in lines:
            valid.validate(line)
            assert line["service"] == "shop"
        ours = [line for line in lines if line["logger"] == "andiron.operations"]
        assert len(ours) == 2 * len(told)
        for one in told:
            start, end = (line for line in ours if line["attributes"].get(STEP) == one.number)
            assert start["message"] == f"{one.step.name} started"
            assert (end["severity_number"], end["message"]) == (ENDS[one.step.end][0], last_words(one))
            assert (start["trace_id"], start["span_id"]) == (end["trace_id"], end["span_id"])
            assert end["attributes"][names.OUTCOME] == one.step.outcome
            assert ("exception" in end) is (one.step.end == "raise")

    with json_lines() as written:
        holds()


def test_the_logger_takes_what_is_said_beside_operations() -> None:
    observed = Observed()
    with observed.tracing.operation("resource.create"):
        observed.logger.debug("looked up", rows=3)
        observed.logger.warning("slow", message="the attribute may have any name", error=3)
        observed.logger.error("refused", error=Broken("no room"), customer="c-17")
    assert [(log.severity, log.body) for log in observed.logs] == [(DEBUG, "looked up"), (WARN, "slow"), (ERROR, "refused")]  # fmt: skip
    assert observed.logs[0].attributes == {"rows": 3}
    assert observed.logs[1].attributes == {"message": "the attribute may have any name", "error": 3}
    assert observed.logs[2].attributes["exception.message"] == "no room"
    assert {log.span_id for log in observed.logs} == {observed.spans[0].span_id}
