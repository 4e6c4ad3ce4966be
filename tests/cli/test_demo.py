"""`andiron demo`: the same story for the same seed and clock, and a server that holds all of it."""

import os
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import Any

import pytest

from andiron.cli.demo import Sender, worded
from andiron.demo import Request, large_trace, story, trace_id_of
from andiron.errors import AndironError, ConfigurationError
from andiron.testing import Answer, Receiver
from bench.server import Server

pytestmark = pytest.mark.requirement("AN-01")

NOW = datetime(2027, 1, 15, 8, 0, tzinfo=UTC)
RATE = 8
CLOCK = int(NOW.timestamp()) * 10**9


@pytest.fixture(scope="module")
def told() -> list[Request]:
    """Twenty-five minutes of the story, which hold the faulty release."""
    return list(story(1, NOW, history=timedelta(minutes=25), until=NOW, rate=RATE))


def spans(requests: Iterable[Request]) -> Iterator[tuple[str, Any, dict[str, Any]]]:
    """Service, span and attributes of each."""
    for request in requests:
        if request.signal == "traces":
            for resource in request.message.resource_spans:  # type: ignore[attr-defined]
                named = {pair.key: pair.value.string_value for pair in resource.resource.attributes}
                for scope in resource.scope_spans:
                    for span in scope.spans:
                        yield named["service.name"], span, {pair.key: pair.value for pair in span.attributes}


def ended(requests: Iterable[Request]) -> Iterator[tuple[str, Any, dict[str, Any]]]:
    """Those spans that are more than an announcement."""
    for service, span, values in spans(requests):
        if not ("logfire.span_type" in values and values["logfire.span_type"].string_value == "pending_span"):
            yield service, span, values


def bodies(requests: Iterable[Request]) -> list[bytes]:
    return [request.message.SerializeToString(deterministic=True) for request in requests]


def test_the_same_seed_and_clock_tell_the_same_story(told: list[Request]) -> None:
    again = list(story(1, NOW, history=timedelta(minutes=25), until=NOW, rate=RATE))
    assert [(each.at, each.signal, each.records) for each in again] == [
        (each.at, each.signal, each.records) for each in told
    ]
    assert bodies(again) == bodies(told)
    assert bodies(story(2, NOW, history=timedelta(minutes=1), until=NOW)) != bodies(
        story(1, NOW, history=timedelta(minutes=1), until=NOW)
    )


def test_what_goes_on_is_what_would_have_been_told_later() -> None:
    later = NOW + timedelta(seconds=20)
    whole = list(story(1, NOW, history=timedelta(minutes=1), until=later))
    endless = story(1, NOW, history=timedelta(minutes=1))
    assert bodies(takewhile(lambda request: request.at <= whole[-1].at, endless)) == bodies(whole)
    assert all((request.at - CLOCK) % 500_000_000 == 0 for request in whole if request.at > CLOCK)
    assert CLOCK < whole[-1].at <= CLOCK + 20 * 10**9


def test_no_span_id_is_given_twice(told: list[Request]) -> None:
    ids = Counter(span.span_id for _, span, _ in spans(told))
    assert max(ids.values()) == 1


def test_nothing_is_sent_before_it_happened_and_requests_are_in_order(told: list[Request]) -> None:
    moments = [request.at for request in told]
    assert moments == sorted(moments)
    assert moments[-1] == CLOCK
    for request in told:
        for _, span, _ in spans([request]):
            assert CLOCK - 25 * 60 * 10**9 <= span.start_time_unix_nano <= span.end_time_unix_nano <= request.at


def test_every_parent_is_there_unless_it_is_still_running(told: list[Request]) -> None:
    there = {span.span_id for _, span, _ in ended(told)}
    announced = {
        span.parent_span_id
        for _, span, values in spans(told)
        if "logfire.pending_parent_id" in values and span.parent_span_id not in there
    }
    young = CLOCK - 10 * 10**9
    missing = {
        span.parent_span_id
        for _, span, _ in ended(told)
        if span.parent_span_id and span.parent_span_id not in there and span.start_time_unix_nano < young
    }
    assert missing <= announced
    assert announced, "the worker's job is running"


def test_it_holds_what_a_shop_has(told: list[Request]) -> None:
    found = list(ended(told))
    assert {service for service, _, _ in found} == {"web", "api", "stock", "worker", "assistant"}
    by_trace: dict[bytes, set[str]] = {}
    for service, span, _ in found:
        by_trace.setdefault(span.trace_id, set()).add(service)
    assert {"web", "api", "stock", "worker"} in by_trace.values(), "an order passes four services"
    kinds = {
        pair.value.string_value
        for _, span, _ in found
        for event in span.events
        for pair in event.attributes
        if pair.key == "exception.type"
    }
    assert {"KeyError", "httpx.ReadTimeout", "CardDeclined"} <= kinds
    stacks = [
        pair.value.string_value
        for _, span, _ in found
        for event in span.events
        for pair in event.attributes
        if pair.key == "exception.stacktrace"
    ]
    assert all(stack.startswith("Traceback (most recent call last):\n  File ") for stack in stacks)
    names = {span.name for _, span, _ in found}
    assert {"invoke_agent shop assistant", "chat larch-2-mini", "execute_tool search_items"} <= names
    tokens = [
        values["gen_ai.usage.input_tokens"].int_value for _, span, values in found if span.name.startswith("chat ")
    ]
    assert min(tokens) > 100
    systems = {values["db.system.name"].string_value for _, _, values in found if "db.system.name" in values}
    assert systems == {"postgresql", "redis"}
    assert {request.signal for request in told} == {"traces", "logs", "metrics"}


def test_the_faulty_release_shows_as_a_burst_of_errors(told: list[Request]) -> None:
    errors: Counter[bool] = Counter()
    requests: Counter[bool] = Counter()
    for service, span, values in ended(told):
        if service == "api" and "http.route" in values:
            burst = -19 * 60 <= (span.start_time_unix_nano - CLOCK) / 1e9 < -14 * 60
            requests[burst] += 1
            errors[burst] += values["http.response.status_code"].int_value >= 500
    assert errors[True] / requests[True] > 5 * errors[False] / requests[False]


def test_the_rate_is_about_what_was_asked_for(told: list[Request]) -> None:
    records = sum(request.records for request in told if request.signal != "metrics")
    assert 0.6 < records / (25 * 60 * RATE) < 1.6


def test_metrics_count_what_the_spans_show(told: list[Request]) -> None:
    accepted = sum(
        1
        for service, span, values in ended(told)
        if service == "api"
        and "order.id" in values
        and "http.route" in values
        and values["http.response.status_code"].int_value == 201
    )
    counted = [
        point.as_int
        for request in told
        if request.signal == "metrics"
        for resource in request.message.resource_metrics  # type: ignore[attr-defined]
        for scope in resource.scope_metrics
        for metric in scope.metrics
        if metric.name == "shop.orders"
        for point in metric.sum.data_points
    ]
    assert counted == sorted(counted)
    assert counted[-1] == accepted


@pytest.mark.parametrize("size", [1, 2, 57, 6_000])
def test_a_large_trace_has_the_spans_that_were_asked_for(size: int) -> None:
    requests = list(large_trace(3, NOW, size))
    found = [span for _, span, _ in ended(requests)]
    assert len(found) == size
    assert {span.trace_id.hex() for span in found} == {trace_id_of(3, NOW)}
    assert [span.name for span in found if not span.parent_span_id] == ["stocktaking"]
    ids = {span.span_id for span in found}
    assert {span.parent_span_id for span in found if span.parent_span_id} <= ids
    assert max(span.end_time_unix_nano for span in found) <= CLOCK


def test_requests_wait_for_their_moment(told: list[Request]) -> None:
    slept: list[float] = []
    later = list(story(1, NOW, history=timedelta(0), until=NOW + timedelta(seconds=3)))
    with Receiver() as receiver, Sender(receiver.url, None, now=NOW.timestamp, sleep=slept.append) as sender:
        sender.send(later)
        assert sender.records == sum(request.records for request in later)
    assert slept == pytest.approx([(request.at - CLOCK) / 1e9 for request in later])


def test_a_server_that_is_not_there_is_said() -> None:
    with (
        Sender("http://127.0.0.1:1/", None, now=NOW.timestamp) as sender,
        pytest.raises(ConfigurationError, match=r"No server answers at http://127\.0\.0\.1:1 "),
    ):
        sender.send(large_trace(1, NOW, 1))


def test_lengths_of_time_are_said_in_words() -> None:
    assert [worded(timedelta(minutes=minutes)) for minutes in (1, 5, 60, 90, 1440)] == [
        "minute",
        "5 minutes",
        "hour",
        "90 minutes",
        "day",
    ]


def command(url: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "andiron", "demo", "--url", url, *arguments]


@pytest.mark.slow
def test_a_server_holds_all_of_it(tmp_path: Any) -> None:
    with Server(tmp_path / "data") as server:
        url = f"http://127.0.0.1:{server.port}"
        said = subprocess.run(
            command(url, "--once", "--history", "5m", "--rate", "5"), check=True, capture_output=True, text=True
        ).stdout
        assert f"Look at it: {url}/" in said
        sent = int(re.search(r"Sent ([\d,]+) records\.", said)[1].replace(",", ""))  # type: ignore[index]
        server.until_loaded(sent)
        found = server.sql(
            "SELECT (SELECT count() FROM otel_traces) + (SELECT count() FROM pending_spans) + (SELECT count() FROM otel_logs) + (SELECT count() FROM metrics) AS n"
        )
        assert found == [{"n": sent}]
        running = server.sql(
            "SELECT DISTINCT SpanName FROM pending_spans WHERE SpanId NOT IN (SELECT SpanId FROM otel_traces)"
        )
        assert {"SpanName": "rebuild search index"} in running

        said = subprocess.run(command(url, "--spans", "1200"), check=True, capture_output=True, text=True).stdout
        trace = said.strip().rsplit("/", 1)[1]
        server.until(
            lambda: server.sql(f"SELECT count() AS n FROM otel_traces WHERE TraceId = '{trace}'") == [{"n": 1200}]
        )


@pytest.mark.slow
def test_it_ends_on_ctrl_c_with_a_count(tmp_path: Any) -> None:
    with Server(tmp_path / "data") as server:
        process = subprocess.Popen(
            command(f"http://127.0.0.1:{server.port}", "--history", "1m"),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        try:
            server.until(lambda: server.metric("andiron_loaded_records_total") > 100)
            process.send_signal(signal.SIGINT)
            said = process.communicate(timeout=30)[0]
        finally:
            process.kill()
            process.communicate()
        assert process.returncode == 0
        assert re.search(r"until Ctrl\+C\.\n.*\nSent [\d,]+ records\.\n$", said), said


def test_a_token_that_may_not_write_is_said() -> None:
    with (
        Receiver(Answer.UNAUTHORIZED) as receiver,
        Sender(receiver.url, "read-only", now=NOW.timestamp) as sender,
        pytest.raises(AndironError, match="Name a token with the scope write"),
    ):
        sender.send(large_trace(1, NOW, 1))
