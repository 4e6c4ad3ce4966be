"""What redaction finds beyond texts and keys: names, bytes, JSON in strings."""

import json
from typing import Any

import pytest

from andiron.delivery.thorough import Thorough
from andiron.redaction import Redactor

pytestmark = [pytest.mark.requirement("CL-12"), pytest.mark.requirement("LF-14")]

thorough = Thorough(Redactor())


@pytest.mark.parametrize(
    ("key", "value", "becomes"),
    [
        ("visits", {"bob@example.com": 3}, {"[redacted:email]": 3}),
        ("visits", [{"bob@example.com": {"a@example.com": 1}}], [{"[redacted:email]": {"[redacted:email]": 1}}]),
        (
            "visits",
            {"bob@example.com": 3, "eve@example.com": 4, "mallory@example.com": 5},
            {"[redacted:email]": 3, "[redacted:email] 2": 4, "[redacted:email] 3": 5},
        ),
        ("blob", b"mail bob@example.com", b"mail [redacted:email]"),
        ("blobs", {"a": [b"mail bob@example.com"]}, {"a": [b"mail [redacted:email]"]}),
        ("password", b"x", "[redacted:secret]"),
        ("user", '{"pin": "1234", "name": "Bob"}', '{"pin":"[redacted:secret]","name":"Bob"}'),
        ("user", '{"credentials": {"basic": {"value": "x"}}}\n', '{"credentials":"[redacted:secret]"}'),
        (
            "users",
            '[{"auth": [["x"]]}, {"bob@example.com": 1}]',
            '[{"auth":"[redacted:secret]"},{"[redacted:email]":1}]',
        ),
        ("password", '{"a": 1}', "[redacted:secret]"),
        ("user", '{"pin": "1234", cut off', '{"pin": "1234", cut off'),
        ("note", "[info] of bob@example.com]", "[info] of [redacted:email]]"),
        ("deep", "[" * 5000 + "]" * 5000, "[" * 5000 + "]" * 5000),
    ],
)
def test_what_is_taken_out(key: str, value: Any, becomes: Any) -> None:
    assert thorough.attribute(key, value) == becomes
    assert thorough.attribute(key, becomes) == becomes


@pytest.mark.parametrize(
    "value",
    ["", "{", "[]", "{}", '{"name": "Bob", "n": [1.0, null]}', {"a": [1, {"b": b"c"}]}, b"\xff\xfe", b"plain", 7, None],
)
def test_what_is_clean_stays_the_same_object(value: Any) -> None:
    assert thorough.attribute("note", value) is value


def test_a_text_that_is_json_is_read_by_its_names() -> None:
    assert (
        thorough.text('{"otp": 123456, "mail": "bob@example.com"}')
        == '{"otp":"[redacted:secret]","mail":"[redacted:email]"}'
    )
    assert thorough.text('["bob@example.com"]') == '["[redacted:email]"]'


def test_bookkeeping_keeps_its_shape() -> None:
    schema = {
        "properties": {"password": {"type": "array"}, "kind": {"enum": ["AKIA0123456789ABCDEF"]}, "bob@example.com": {}}
    }
    assert json.loads(thorough.attribute("logfire.json_schema", json.dumps(schema))) == {
        "properties": {"password": {"type": "array"}, "kind": {"enum": ["[redacted:token]"]}, "[redacted:email]": {}}
    }
    metrics = {"tokens": {"details": [{"attributes": {"who": "bob@example.com"}, "total": 1}], "total": 1}}
    made = json.loads(thorough.attribute("logfire.metrics", json.dumps(metrics)))
    assert made["tokens"] == {"details": [{"attributes": {"who": "[redacted:email]"}, "total": 1}], "total": 1}


def test_a_list_of_allowed_attributes_holds() -> None:
    listed = Thorough(Redactor(only=["user"]))
    assert listed.attribute("other", '{"a": 1}') is None
    assert listed.attribute("user", '{"a": 1}') == '{"a": 1}'
    assert listed.text('{"a": "bob@example.com"}') == '{"a": "[redacted:email]"}'
