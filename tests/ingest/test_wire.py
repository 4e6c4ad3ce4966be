"""What a request holds is counted exactly, from whatever bytes its sender chose to write it in."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from andiron.server.ingest.signals import LOGS, METRICS, SIGNALS, TRACES, Signal
from andiron.server.ingest.wire import holds_more
from bench.server import Server
from tests.ingest.numbered import numbered
from tests.ingest.strategies import log_requests, metric_requests, trace_requests
from tests.ingest.test_otlp_json import as_otlp_json

pytestmark = pytest.mark.requirement("AN-01")

requests = st.one_of(
    st.tuples(st.just(TRACES), trace_requests),
    st.tuples(st.just(LOGS), log_requests),
    st.tuples(st.just(METRICS), metric_requests),
)


def counted(body: bytes, levels: Sequence[tuple[int, ...]]) -> int:
    """What it holds, by asking for every bound."""
    # Never so small that its size alone is the answer.
    padding = b"\x9a\x06" + varint(len(body) * 2, 5) + bytes(len(body) * 2)
    return next(most for most in range(len(body) + 1) if not holds_more(body + padding, levels, most))


def varint(number: int, width: int = 1) -> bytes:
    """A number in at least so many bytes."""
    out = bytearray()
    while number > 127 or len(out) < width - 1:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def field(number: int, content: bytes, width: int = 1) -> bytes:
    return varint(number << 3 | 2, width) + varint(len(content), width) + content


def held(signal: Signal, request: Any) -> int:
    """The same from the parsed message."""
    names = {"traces": ("spans", "spans"), "logs": ("logs", "log_records"), "metrics": ("metrics", "metrics")}
    groups = [resource for _, resources in request.ListFields() for resource in resources]
    scopes = [scope for group in groups for scope in getattr(group, f"scope_{names[signal.name][0]}")]
    records = [record for scope in scopes for record in getattr(scope, names[signal.name][1])]
    total = len(groups) + len(scopes) + len(records)
    return total + (signal.count(request) if signal is METRICS else 0)


@given(requests)
def test_every_resource_scope_and_record_is_counted(drawn: tuple[Signal, Any]) -> None:
    signal, request = drawn
    assert counted(request.SerializeToString(), signal.levels) == held(signal, request)


@given(
    st.integers(1, 4), st.lists(st.sampled_from([b"\x08\x96\x01", b"\x09" + bytes(8), b"\x0d" + bytes(4)]), max_size=3)
)
def test_no_spelling_hides_a_record(width: int, others: list[bytes]) -> None:
    # Overlong numbers, fields that OTLP does not know, and groups: the parser takes them all.
    between = b"".join(others) + field(15, b"\x12\x00" * 9) + b"\x7b" + b"".join(others) + b"\x7c"
    spans = between + field(2, b"", width) * 7 + between + field(2, field(5, b"name"), width)
    body = between + field(1, between + field(2, spans, width), width) + between
    request = TRACES.request.FromString(body)
    assert TRACES.count(request) == 8
    assert counted(body, TRACES.levels) == 10


@given(st.binary(max_size=60), st.sampled_from(SIGNALS))
def test_any_bytes_are_counted_without_an_error(body: bytes, signal: Signal) -> None:
    holds_more(body, signal.levels, 0)


def test_a_request_that_holds_too_much_is_refused_before_it_is_parsed(tmp_path: Path) -> None:
    with Server(tmp_path / "data", max_records=1000) as server:
        before = server.resident()
        for signal in SIGNALS:
            for records, expected in ((1_000_000, 413), (999, 413), (998, 200)):
                body = field(1, field(2, field(2, b"") * records))
                status, answer = server.post(
                    f"/v1/{signal.name}", body, content_type="application/x-protobuf", idempotency_key="key"
                )
                assert status == expected
                assert (b"more than 1,000 records" in answer) == (b"ANDIRON_MAX_RECORDS" in answer) == (status == 413)
        assert server.resident() - before < 50
        many = TRACES.request.FromString(numbered("traces", map(str, range(400))))
        status, answer = server.post(
            "/v1/traces", as_otlp_json(many), content_type="application/json", idempotency_key="json"
        )
        assert status == 413
        assert server.post("/v1/logs", numbered("logs", ["good"]), content_type="application/x-protobuf")[0] == 200
