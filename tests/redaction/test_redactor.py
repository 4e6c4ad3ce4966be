"""The redactor in Python: what it promises beyond the corpus."""

import random
import string
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from andiron.errors import ConfigurationError
from andiron.redaction import Redactor, redactor
from andiron.redaction.redact import PLAIN, REMEMBERED
from andiron.redaction.rules import rules, uncommon
from tests.redaction.corpus import CORPUS, texts

pytestmark = pytest.mark.requirement("CL-12")

PIECES = [piece for piece, _ in CORPUS["pieces"] + CORPUS["whole"]]
JOINTS = [
    "",
    " ",
    "=",
    ": ",
    "\n",
    '"',
    "'",
    "\\",
    "@",
    ".",
    "-",
    "/",
    "password",
    "token=",
    "[redacted:email]",
    "é",
    "ſ",
    "İ",
    "K",
]
MIXTURES = st.lists(
    st.one_of(
        st.sampled_from(PIECES), st.sampled_from(JOINTS), st.text(max_size=8), st.text(string.printable, max_size=8)
    ),
    max_size=6,
).map("".join)


@given(MIXTURES)
def test_twice_is_once(text: str) -> None:
    once = redactor.text(text)
    assert redactor.text(once) == once


@given(MIXTURES)
def test_a_stack_trace_twice_is_once(text: str) -> None:
    once = redactor.stacktrace(f"{text} /home/bob/lib/python3.11/site-packages/x.py {text}")
    assert redactor.stacktrace(once) == once


@given(MIXTURES)
def test_filters_and_memory_change_nothing(text: str) -> None:
    expected = redactor.unfiltered(text)
    fresh = Redactor()
    assert [fresh.text(text), fresh.text(text), redactor.text(text)] == [expected] * 3


@pytest.mark.parametrize("seed", range(4))
def test_filters_change_nothing_in_ten_thousand_mixtures(seed: int) -> None:
    chance = random.Random(seed)
    pool = [*PIECES, *JOINTS, *CORPUS["harmless"]]
    for _ in range(2_500):
        text = "".join(chance.choice(pool)[chance.choice((0, 0, 0, 1, 3)) :] for _ in range(chance.randint(1, 5)))
        expected = redactor.unfiltered(text)
        assert redactor.text(text) == expected
        assert redactor.unfiltered(expected) == expected


def test_memory_is_bounded_and_holds_no_secrets() -> None:
    own = Redactor()
    for number in range(REMEMBERED + 10):
        own.attribute(f"key {number}", f"value {number}")
        own.text(f"password=hunter{number}")
    assert len(own._clean) <= REMEMBERED
    assert len(own._kinds) <= REMEMBERED
    assert not any("hunter" in each for each in own._clean)


def test_clean_values_are_the_same_objects() -> None:
    values: list[Any] = ["text", ["a", 1], ("a", "b"), {"a": {"b": ["c"]}}, 1.5, None, b"bytes", {"set"}, object()]
    for value in values:
        assert redactor.attribute("key", value) is value


def test_values_within_values() -> None:
    value = {
        "user": {"password": "x", "mails": ["bob@example.com", "none"], "session.id": "10.0.0.1"},
        "n": (1, "10.0.0.1"),
    }
    assert redactor.attribute("payload", value) == {
        "user": {"password": "[redacted:secret]", "mails": ["[redacted:email]", "none"], "session.id": "10.0.0.1"},
        "n": (1, "[redacted:ip]"),
    }


@pytest.mark.parametrize("value", ["x", 5, 1.5, b"x", ["a"], {"a": 1}])
def test_a_secret_is_masked_whole(value: object) -> None:
    assert redactor.attribute("password", value) == "[redacted:secret]"


@pytest.mark.parametrize("value", [True, False, None, ""])
def test_what_tells_nothing_stays(value: object) -> None:
    assert redactor.attribute("password", value) is value


def test_what_is_too_deep_is_masked() -> None:
    value: Any = "bob@example.com"
    for _ in range(100):
        value = [value]
    assert "bob" not in repr(redactor.attribute("key", value))
    own: list[Any] = []
    own.append(own)
    assert "[redacted:secret]" in repr(redactor.attribute("key", own))


def test_attributes_keep_their_order_and_identifiers() -> None:
    given = {"session.id": "10.0.0.1", "url.full": "https://x.org/?mail=bob@example.com", "db_password": "x", "n": 1}
    assert list(redactor.attributes(given).items()) == [
        ("session.id", "10.0.0.1"),
        ("url.full", "https://x.org/?mail=[redacted:email]"),
        ("db_password", "[redacted:secret]"),
        ("n", 1),
    ]


def test_only_some_attributes_pass() -> None:
    given = {"app.colour": "red", "other": "x", "trace_id": "1", "app.password": "x", "app.mail": "bob@example.com"}
    dropped = Redactor(only=["app.*"])
    assert dropped.attributes(given) == {
        "app.colour": "red",
        "trace_id": "1",
        "app.password": "[redacted:secret]",
        "app.mail": "[redacted:email]",
    }
    assert dropped.attribute("other", "x") is None
    assert Redactor(only=["app.*"], others="mask").attributes(given)["other"] == "[redacted:secret]"
    assert dropped.attribute("app.x", {"inner": "kept", "password": "x"}) == {
        "inner": "kept",
        "password": "[redacted:secret]",
    }


def test_own_rules() -> None:
    own = Redactor(keys=["customerNumber"], patterns={"order": "ORD-[0-9]{6}"}, allow=["legacy.*", "debug_token"])
    assert own.text("see ORD-123456 of bob@example.com") == "see [redacted:order] of [redacted:email]"
    assert own.attributes({"shop.customer-number": 7, "debug_token": "t", "legacy.password": "p", "token": "t"}) == {
        "shop.customer-number": "[redacted:secret]",
        "debug_token": "t",
        "legacy.password": "p",
        "token": "[redacted:secret]",
    }
    assert redactor.text("ORD-123456") == "ORD-123456"


@pytest.mark.parametrize(
    "text",
    ["customer_number={}", "customerNumber: {}", "{{'customer-number': '{}'}}", '{{"shop.customerNumber": "{}"}}'],
)
def test_own_names_in_text(text: str) -> None:
    own = Redactor(keys=["customer_number"])
    assert own.text(text.format("abc")) == text.format("[redacted:secret]")
    assert Redactor(own.rules, keys=["tail"], patterns={"x": "XX"}).text(f"XX {text.format('abc')} tail=1") == (
        f"[redacted:x] {text.format('[redacted:secret]')} tail=[redacted:secret]"
    )
    assert redactor.text(text.format("abc")) == text.format("abc")


@pytest.mark.parametrize(
    ("label", "pattern", "says"),
    [
        ("order", "ORD-(", "cannot be read: missing ), unterminated subpattern at character 4"),
        ("order", "(?<=x)y", "uses '(?<=' at character 0"),
        ("order", "x(?!y)", "uses '(?!' at character 1"),
        ("order", r"(a|b)\1", r"uses '\\1' at character 5"),
        ("order", r"\d+", r"uses '\\d' at character 0"),
        ("order", "[\\\\w]x", r"uses '[\\\\w]' at"),
        ("order", "(?i)x", "uses '(?i' at character 0"),
        ("order", "a++", "uses '++' at character 1"),
        ("order", "x*", "matches nothing at all"),
        ("order", "redacted", "its own replacement [redacted:order]"),
        ("Bad Label", "x", "'Bad Label' cannot stand in [redacted:…]"),
    ],
)
def test_own_patterns_that_not_every_engine_has(label: str, pattern: str, says: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        Redactor(patterns={label: pattern})
    assert says in str(refused.value)


def test_built_in_patterns_keep_to_what_every_engine_has() -> None:
    for rule in (*rules().patterns, *rules().traces):
        assert [uncommon(pattern) for pattern in (rule.pattern, rule.also, rule.unless)] == [None] * 3, rule.name


def test_a_group_asks_for_what_each_of_its_rules_needs() -> None:
    """Each name of a secret contains what the group of its rules asks for; otherwise the name would never be looked for."""
    import tomllib
    from importlib.resources import files

    words = tomllib.loads(files("andiron.redaction").joinpath("rules.toml").read_text("utf-8"))["words"]
    group = next(rule.group for rule in rules().patterns if rule.name == "name and value")
    assert group is not None
    for name in [*words["strong"], *words["weak"], *words["short"]]:
        assert any(stem in name for stem in group.needs), name


@pytest.mark.parametrize(
    "text",
    ["a" * 65_536, "a." * 32_768, "@" * 65_536, "a@" * 32_768, "://" * 21_845, "/a" * 32_768, "\\" * 65_536, '"' * 65_536, "password" * 8_192,
     'password="' * 6_553, "password=" * 7_281, "1 " * 32_768, "1." * 32_768, "2001:" * 13_107, "+1 " * 21_845, 'secrets": [' * 5_957, "-----BEGIN RSA PRIVATE KEY-----" * 2_114,
     "C:\\Users\\" * 7_281, "token: " * 9_362, "eyJ" * 21_845, "AB12" * 16_384, "é" * 65_536, "cookie:" * 9_362],
    ids=lambda text: text[:8],
)  # fmt: skip
def test_no_text_takes_long(text: str) -> None:
    """The time is the processor's, not the wall's; a pattern that starts again at each character would take minutes."""
    start = time.process_time()
    redactor.stacktrace(text)
    assert time.process_time() - start < 3


def test_the_corpus_is_as_large_as_it_should_be() -> None:
    assert len(CORPUS["harmless"]) >= 150
    assert len(texts()) > 2_000


def test_a_line_can_be_tried() -> None:
    import subprocess
    import sys

    command = [sys.executable, "-m", "andiron.redaction"]
    done = subprocess.run([*command, "mail bob@example.com"], capture_output=True, check=True, text=True)
    assert done.stdout == "mail [redacted:email]\n"
    done = subprocess.run([*command, "--key", "password"], input="a\nb\n", capture_output=True, check=True, text=True)
    assert done.stdout == "[redacted:secret]\n" * 2


@given(
    st.one_of(
        st.from_regex(PLAIN, fullmatch=True, alphabet=string.printable),
        st.uuids(version=4).map(str),
        st.lists(st.text("0123456789", max_size=12), max_size=6).map("/".join),
        st.text("0123456789-abcdef/", max_size=40),
    )
)
def test_what_is_taken_for_plain_has_nothing_that_a_rule_would_find(text: str) -> None:
    rules = Redactor()
    assert rules.text(text) == rules.unfiltered(text)


def test_a_pattern_of_ones_own_finds_the_plainest_word() -> None:
    assert Redactor(patterns={"word": "swordfish"}).text("a/swordfish/b") == "a/[redacted:word]/b"
