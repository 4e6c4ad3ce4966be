"""The line: what the schema says, whatever the record holds."""

import json
import logging
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.trace import TracerProvider

from andiron.sdk import context
from andiron.sdk.jsonlog import Entry, Failure, JsonLines, log_line_schema, log_line_table
from andiron.sdk.jsonlog.line import LIMIT, REMEMBERED

VALIDATOR = jsonschema.Draft202012Validator(log_line_schema(), format_checker=jsonschema.FormatChecker())
NOON = 1_700_000_000_123_456_789
DOCS = Path(__file__).parents[2] / "docs/logging.md"


@pytest.fixture(autouse=True)
def process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        context, "static", {"service": "shop", "environment": "test", "application_version": "1.2.3", "device": "d"}
    )


def entry(**changes: Any) -> Entry:
    return Entry(NOON, 9, "hello", "app", {})._replace(**changes)


def read(line: str) -> dict[str, Any]:
    """The object of a line, which has to be what the schema says."""

    def refuse(word: str) -> None:
        raise ValueError(f"{word} is not JSON")

    assert "\n" not in line
    assert line.isascii()
    assert len(line) <= LIMIT
    value: dict[str, Any] = json.loads(line, parse_constant=refuse)
    VALIDATOR.validate(value)
    return value


def written(lines: JsonLines | None = None, **changes: Any) -> dict[str, Any]:
    return read((lines or JsonLines(redact=False)).line(entry(**changes)))


@pytest.mark.requirement("LF-05")
def test_the_schema_is_a_schema_and_closed() -> None:
    schema = log_line_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["additionalProperties"] is False
    assert not VALIDATOR.is_valid(written() | {"customer": "c-17"})
    assert not VALIDATOR.is_valid(written() | {"span_id": "00f067aa0ba902b7"})


@pytest.mark.requirement("LF-02", "LF-05")
def test_a_line_in_full() -> None:
    assert JsonLines().line(entry(attributes={"customer": "c-17", "items": [1, 2.5, None, True]})) == (
        '{"timestamp":"2023-11-14T22:13:20.123456Z","level":"info","severity_number":9,"message":"hello","logger":"app",'
        '"service":"shop","environment":"test","application_version":"1.2.3",'
        '"attributes":{"customer":"c-17","items":[1,2.5,null,true]}}'
    )


@pytest.mark.requirement("LF-02")
def test_the_process_is_named_as_soon_as_it_is_known_and_before() -> None:
    lines = JsonLines(redact=False)
    context.static.clear()
    before = written(lines)
    assert (before["service"], before["environment"], before["application_version"]) == (
        "unknown_service",
        "unknown",
        "unknown",
    )
    context.set_static(service="shop", environment="prod", application_version="2")
    after = written(lines)
    assert (after["service"], after["environment"], after["application_version"]) == ("shop", "prod", "2")


@pytest.mark.requirement("LF-05", "CL-26")
def test_ids_of_the_active_span_and_only_of_an_active_one() -> None:
    lines = JsonLines()
    assert not {"trace_id", "span_id"} & written(lines).keys()
    with TracerProvider(shutdown_on_exit=False).get_tracer("test").start_as_current_span("work") as span:
        inside = written(lines)
    ids = span.get_span_context()
    assert inside["trace_id"] == f"{ids.trace_id:032x}"
    assert inside["span_id"] == f"{ids.span_id:016x}"
    assert written(trace=(1, 2))["trace_id"] == f"{1:032x}"


def test_request_session_and_user_where_there_are_any() -> None:
    assert not {"request_id", "session_id", "user_id"} & written().keys()
    tokens = [(var, var.set(value)) for var, value in ((context.request_id, "r-1"), (context.session_id, "s-1"))]
    tokens.append((context.user_id, context.user_id.set("u-1")))
    try:
        line = written()
    finally:
        for var, token in tokens:
            var.reset(token)
    assert (line["request_id"], line["session_id"], line["user_id"]) == ("r-1", "s-1", "u-1")


@pytest.mark.parametrize(
    ("severity", "level"),
    [(1, "trace"), (5, "debug"), (9, "info"), (12, "info"), (13, "warn"), (17, "error"), (24, "fatal")],
)
def test_levels(severity: int, level: str) -> None:
    line = written(severity=severity)
    assert (line["level"], line["severity_number"]) == (level, severity)


@pytest.mark.requirement("LF-05")
def test_what_a_caller_adds_collides_with_nothing() -> None:
    mine = {"timestamp": 0, "level": "x", "message": [], "service": "theirs", "trace_id": 1}
    line = written(attributes=mine)
    assert line["attributes"] == mine
    assert line["service"] == "shop"


def test_exceptions_with_causes_and_groups() -> None:
    try:
        try:
            json.loads('{"a": ')
        except ValueError as cause:
            raise ExceptionGroup("two", [ValueError("one"), json.JSONDecodeError("bad", "x", 0)]) from cause
    except ExceptionGroup as error:
        failure = Failure.of(error)
    told = written(failure=failure)["exception"]
    assert (told["type"], told["message"]) == ("ExceptionGroup", "two (2 sub-exceptions)")
    for text in ("Expecting value", "direct cause", "ValueError: one", "json.decoder.JSONDecodeError: bad"):
        assert text in told["stacktrace"]
    assert Failure.of(json.JSONDecodeError("bad", "x", 0)).type == "json.decoder.JSONDecodeError"


def test_a_formatted_exception_tells_its_type() -> None:
    text = "Traceback (most recent call last):\n  File 'x', line 1\nshop.Empty: no more: really\n"
    assert Failure.of_text(text) == ("shop.Empty", "no more: really", text)
    assert Failure.of_text("") == ("Exception", "", "")


class Hostile:
    """Fails in whatever is asked of it."""

    def __repr__(self) -> str:
        raise RuntimeError("no")

    __str__ = __repr__

    def __hash__(self) -> int:
        raise RuntimeError("no")

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("no")

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        raise RuntimeError("no")


class HostileError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no")


def test_hostile_objects_are_named() -> None:
    circle: list[Any] = []
    circle.append(circle)
    line = written(
        attributes={
            "hostile": Hostile(),
            "within": [Hostile()],
            "circle": circle,
            "day": datetime(2026, 1, 2, tzinfo=UTC),
        }
    )
    assert line["attributes"]["hostile"] == "<Hostile>"
    assert line["attributes"]["within"] == ["<Hostile>"]
    assert line["attributes"]["day"] == "2026-01-02 00:00:00+00:00"
    assert "\u2026" in json.dumps(line["attributes"]["circle"], ensure_ascii=False)
    assert written(failure=Failure.of(HostileError()))["exception"]["message"] == "<exception str() failed>"


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (float("nan"), "nan"),
        (float("-inf"), "-inf"),
        ([1, {"deep": float("inf")}], [1, {"deep": "inf"}]),
        (10**30, 10**30),
        (b"\xffbytes", "\\xffbytes"),
        ("half \ud800 pair", "half \ufffd pair"),
        ("\\ud800 \U0001f600 \udc00", "\\ud800 \U0001f600 \ufffd"),
        (True, True),
        (1, 1),
        ({1: 2, None: 3}, {"1": 2, "None": 3}),
        ({"a"}, ["a"]),
    ],
)
def test_values_that_json_lacks(value: Any, told: Any) -> None:
    lines = JsonLines(redact=False)
    for _ in range(2):  # the second time from memory, where there is one
        got = written(lines, attributes={"v": value})["attributes"]["v"]
        assert got == told
        assert type(got) is type(told)
    assert written(attributes={"v": 10**5000})["attributes"]["v"] == hex(10**5000)[:70_000]


def test_equal_values_of_different_types_stay_apart() -> None:
    lines = JsonLines()
    assert [
        json.dumps(written(lines, attributes={"v": value})["attributes"]["v"]) for value in (1, True, 1.0, 0, False)
    ] == [
        "1",
        "true",
        "1.0",
        "0",
        "false",
    ]


TEXT = st.text(st.characters())  # halves of pairs as well
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT | st.binary() | st.datetimes(),
    lambda part: st.lists(part) | st.dictionaries(st.text() | st.integers(), part) | st.tuples(part, part),
    max_leaves=20,
)


@pytest.mark.requirement("LF-05")
@given(TEXT, TEXT, st.dictionaries(TEXT, ANYTHING), st.integers(0, 2**62), st.integers(1, 24))
def test_every_record_becomes_a_line(
    message: str, logger: str, attributes: dict[str, Any], when: int, severity: int
) -> None:
    line = written(message=message, logger=logger, attributes=attributes, time_ns=when, severity=severity)
    assert line["message"] == message.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    assert len(line["attributes"]) <= len(attributes)


@pytest.mark.parametrize(
    "changes",
    [
        {"message": "x" * 1_000_000},
        {"message": "\U0001f600" * 60_000},
        {"attributes": {"body": ["y" * 70_000] * 50}},
        {"attributes": {f"key {n}": "z" * 90 for n in range(3_000)}},
        {"attributes": {"k" * 100_000: 1}},
        {"attributes": {str(n): {str(m): "\x00" * 300 for m in range(100)} for n in range(100)}},
        {"failure": Failure("E" * 70_000, "m" * 70_000, "s" * 70_000), "stack": "t" * 70_000},
        {"source": ("f" * 70_000, 1, "g" * 70_000), "logger": "\U0001f600" * 70_000},
    ],
    ids=["message", "pairs", "list", "many", "key", "nested", "exception", "names"],
)
@pytest.mark.requirement("LF-05")
def test_a_line_is_bounded_and_says_what_was_cut(changes: dict[str, Any]) -> None:
    line = written(**changes)
    left_out = line["attributes"].get("andiron.left_out")
    assert "[truncated " in json.dumps(line) or left_out == len(changes["attributes"])


def test_only_a_line_that_was_too_long_is_marked() -> None:
    assert written(message="x" * 100_000)["truncated"] is True
    assert "truncated" not in written(message="x" * 60_000)


def test_what_was_cut_once_is_whole_the_next_time() -> None:
    lines = JsonLines(redact=False)
    many = {f"key {n}": "z" * 90 for n in range(300)}
    assert written(lines, message="m" * 90, attributes=many | {"big": ["w" * 5_000] * 100})["truncated"]
    line = written(lines, message="m" * 90, attributes=many)
    assert line["attributes"] == many
    assert line["message"] == "m" * 90


def test_a_stacktrace_keeps_its_end() -> None:
    told = written(failure=Failure("E", "m", "begin\n" + "x\n" * 100_000 + "the end"))["exception"]["stacktrace"]
    assert told.startswith("begin")
    assert told.endswith("the end")


def test_an_entry_that_is_none_becomes_a_line_that_says_so() -> None:
    line = read(JsonLines(redact=False).line(entry(severity=99)))
    assert line["message"] == "A log record could not be written: IndexError"
    assert line["logger"] == "app"
    assert line["level"] == "error"


@pytest.mark.parametrize(
    ("user", "message", "told"),
    [(42, "hello", "42"), ([], "A log record could not be written: TypeError", None)],
)
def test_an_id_of_another_kind_costs_no_line(user: Any, message: str, told: str | None) -> None:
    token = context.user_id.set(user)
    try:
        line = written()
    finally:
        context.user_id.reset(token)
    assert (line["message"], line.get("user_id")) == (message, told)


class Shouting:
    """A redactor whose work shows."""

    def text(self, value: str) -> str:
        return value.upper()

    def attribute(self, key: str, value: Any) -> Any:
        return {"key": key, "was": value}

    def stacktrace(self, text: str) -> str:
        return text[::-1]


class Failing(Shouting):
    def text(self, value: str) -> str:
        raise RuntimeError(value)

    attribute = stacktrace = text  # type: ignore[assignment]


def test_every_part_is_redacted() -> None:
    told = written(
        JsonLines(redact=Shouting()),  # type: ignore[arg-type]
        attributes={"a": 1, "b": "x"},
        failure=Failure("e", "m", "trace"),
        stack="stack",
        source=("file", 3, "function"),
    )
    assert told["message"] == "HELLO"
    assert told["attributes"] == {"A": {"key": "a", "was": 1}, "B": {"key": "b", "was": "x"}}
    assert told["exception"] == {"type": "E", "message": "M", "stacktrace": "ecart"}
    assert told["stack"] == "kcats"


def test_what_cannot_be_redacted_does_not_go_out() -> None:
    told = JsonLines(redact=Failing()).line(  # type: ignore[arg-type]
        entry(message="secret", attributes={"a": "secret"}, failure=Failure("E", "secret", "secret"), stack="secret")
    )
    assert "secret" not in told
    assert read(told)["message"] == "[withheld: redaction failed]"


@pytest.mark.requirement("LF-05")
def test_redaction_is_on_unless_it_is_turned_off() -> None:
    attributes = {"password": "hunter2hunter2", "nested": {"api_key": "0123456789abcdef"}}
    assert "hunter2" not in JsonLines().line(entry(attributes=attributes))
    assert "0123456789abcdef" not in JsonLines().line(entry(attributes=attributes))
    assert written(attributes=attributes)["attributes"] == attributes


def test_a_secret_at_the_edge_of_a_cut_is_not_seen() -> None:
    secret = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"
    for before in range(LIMIT - 60, LIMIT, 7):
        assert "eyJhbGci" not in JsonLines().line(entry(message="x " * (before // 2) + secret))


def test_memories_are_bounded() -> None:
    lines = JsonLines(redact=False)
    for n in range(3 * REMEMBERED):
        lines.line(entry(message=f"message {n}", attributes={"n": n}, source=("f", n, "g")))
    for memory in (lines._texts, lines._pairs, lines._sources):
        assert len(memory) <= REMEMBERED


def test_threads_get_the_lines_of_their_own_entries() -> None:
    lines = JsonLines(redact=False)
    wrong: list[str] = []

    def work(number: int) -> None:
        for n in range(500):
            when = (number * 500 + n) * 1_000_000_000
            line = written(lines, message=f"{number}/{n % 7}", time_ns=when, attributes={"n": n % 5})
            moment = datetime.fromisoformat(line["timestamp"]).timestamp()
            if (line["message"], line["attributes"], moment) != (f"{number}/{n % 7}", {"n": n % 5}, when / 1e9):
                wrong.append(f"{line}")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.requirement("LF-05")
def test_the_documentation_has_the_table_of_the_schema() -> None:
    assert log_line_table() in DOCS.read_text(encoding="utf-8"), "docs/logging.md lacks what `log_line_table()` gives"


def test_nothing_is_logged_by_the_way(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        written(attributes={"x": Hostile()})
    assert caplog.records == []
