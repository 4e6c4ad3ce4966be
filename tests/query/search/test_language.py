"""The search language: examples with the SQL they mean, and that any text is either that or a problem with a place."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from andiron.server.query.search import keys
from andiron.server.query.search.language import SearchProblem, condition
from tests.query.conftest import Ask

pytestmark = pytest.mark.requirement("AN-07")

DOCS = Path(__file__).parents[3] / "docs" / "search.md"

EXAMPLES = {
    "": "true",
    "  ": "true",
    "*": "true",
    "error": "mentions('error')",
    "tim*": "mentions('tim')",
    '"out of range"': "mentions('out of range')",
    '"a*b"': "mentions('a*b')",
    "it's": "mentions('it''s')",
    "service:api -path:/health duration:>1s": "service_name = 'api' AND url_path IS DISTINCT FROM '/health' AND duration > 1",
    "-service:api": "NOT (service_name = 'api')",
    "a OR b c": "mentions('a') OR (mentions('b') AND mentions('c'))",
    "(a OR b) c": "(mentions('a') OR mentions('b')) AND mentions('c')",
    "NOT (a b)": "NOT (mentions('a') AND mentions('b'))",
    "level:error OR has:exception": "(level >= 'error' AND level < 'fatal') OR is_exception",
    "level:info": "level IN (9, 11, 12)",
    "level:trace": "level < 'debug'",
    "level:notice": "level = 'notice'",
    "level:fatal": "level >= 'fatal'",
    "level:Warning": "level >= 'warn' AND level < 'error'",
    "level>=warn": "level >= 'warn'",
    "level>warn": "level >= 'error'",
    "level:<=warn": "level < 'error'",
    "level:17": "level = 17",
    "level:warn..error": "level >= 'warn' AND level < 'fatal'",
    "user.id:42": "attributes->>'user.id' = '42'",
    "user.id=42": "attributes->>'user.id' = '42'",
    "user.id!=42": "attributes->>'user.id' IS DISTINCT FROM '42'",
    "user.id:1,2": "attributes->>'user.id' IN ('1', '2')",
    "attempts:>3": "attributes->'attempts' > 3",
    "attempts:1..3": "attributes->'attempts' >= 1 AND attributes->'attempts' <= 3",
    "ratio:1.0": "attributes->>'ratio' IN ('1.0', '1')",
    "cached:True": "attributes->>'cached' IN ('True', 'true')",
    "due:>2025-01-31": "attributes->>'due' > '2025-01-31'",
    "user.id:*": "attributes ? 'user.id'",
    "has:user.id": "attributes ? 'user.id'",
    '"my key":5': "attributes->>'my key' = '5'",
    "http.route:/items/*": "attributes->>'http.route' LIKE '/items/%'",
    "x:100%_*": r"attributes->>'x' LIKE '100\%\_%'",
    "k8s.pod.name:a": "attributes->>'k8s.pod.name' = 'a' OR otel_resource_attributes->>'k8s.pod.name' = 'a'",
    "resource.team:a": "otel_resource_attributes->>'team' = 'a'",
    "attributes.k8s.pod.name:a": "attributes->>'k8s.pod.name' = 'a'",
    "host:box": "otel_resource_attributes->>'host.name' = 'box'",
    "status:5xx": "http_response_status_code BETWEEN 500 AND 599",
    "status:>=500": "http_response_status_code >= 500",
    "status:404": "http_response_status_code = 404",
    "status:error": "otel_status_code = 'ERROR'",
    "method:get": "http_method = 'GET'",
    "duration:10ms..1s": "duration >= 0.01 AND duration <= 1",
    "duration > 1.5 s": "duration > 1.5 AND mentions('s')",
    "duration>2m": "duration > 120",
    "duration>840µs": "duration > 0.00084",
    "service: api": "service_name = 'api'",
    "service = api": "service_name = 'api'",
    "kind:event": "kind = 'span_event'",
    "is:pending": "kind = 'pending_span'",
    "tag:x": "array_has(tags, 'x')",
    "message:bad,worse": "message ILIKE '%bad%' OR message ILIKE '%worse%'",
    "is_exception:true": "is_exception",
    "start_timestamp:>2025-01-01T00:00:00Z": "start_timestamp > '2025-01-01T00:00:00.000000Z'",
    "day:2025-01-31": "day = date '2025-01-31'",
    "trace:0AF7651916CD43DD8448EB211C80319C": "trace_id = '0af7651916cd43dd8448eb211c80319c'",
    "0AF7651916cd43dd8448eb211c80319c": "trace_id = '0af7651916cd43dd8448eb211c80319c'",
    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01": "trace_id = '0af7651916cd43dd8448eb211c80319c'",
    "b7ad6b7169203331": "span_id = 'b7ad6b7169203331'",
    "1234567890123456": "mentions('1234567890123456')",
    "1f3c7a52-9b0d-4c4e-8f3a-1c2d3e4f5a6b": "mentions_id('1f3c7a52-9b0d-4c4e-8f3a-1c2d3e4f5a6b')",
    "ada@example.org": "mentions_id('ada@example.org')",
    '"ada@example.org"': "mentions('ada@example.org')",
    "http://x/y?z=1": "mentions('http://x/y?z=1')",
    r"C:\temp\file": r"mentions('C:\temp\file')",
    r'"C:\temp"': r"mentions('C:\temp')",
    r'"say \"hi\""': "mentions('say \"hi\"')",
    "ValueError: bad": "mentions('ValueError:') AND mentions('bad')",
    "std::vector": "mentions('std::vector')",
    "localhost:8080": "mentions('localhost:8080')",
    "List<int>": "mentions('List<int>')",
    "foo->bar": "mentions('foo->bar')",
    "main()": "mentions('main()')",
    "12:30:45": "mentions('12:30:45')",
    "foo:": "mentions('foo:')",
    "a or b": "mentions('a') AND mentions('or') AND mentions('b')",
    "שלום 🔥": "mentions('שלום') AND mentions('🔥')",
    "WHERE level >= 'error'": "level >= 'error'",
    "where  attributes->>'a.b' = 'x' ": "attributes ->> 'a.b' = 'x'",
    "level >= 'error'": "level >= 'error'",
    "x = y": "mentions('x') AND mentions('=') AND mentions('y')",
}

PROBLEMS = {
    "level:warnn": (6, 11, "There is no level 'warnn'. Did you mean warn"),
    "🔥 level:warnn": (9, 14, "There is no level 'warnn'."),
    "duration:>abc": (10, 13, "'abc' is no duration. Write it as in duration:100ms..2s."),
    "attempts:>abc": (10, 13, "'abc' is no number."),
    "status:teapot": (7, 13, "'teapot' is no HTTP status."),
    "kind:spam": (5, 9, "There is no kind 'spam'. Did you mean span?"),
    "is:errr": (3, 7, "There is no is:errr. Did you mean error?"),
    "service:>a": (9, 10, "service has no order"),
    "service:": (0, 8, "service: needs a value. service:* finds everything that has one."),
    'a "b c': (2, 6, "This quotation mark is not closed."),
    "(a OR b": (0, 1, "This parenthesis is not closed."),
    "a OR": (2, 4, "OR needs something to find after it."),
    "OR a": (0, 2, "OR needs something to find before it."),
    "a NOT": (2, 5, "NOT needs something after it."),
    "a ()": (2, 4, "Between these parentheses is nothing to find."),
    "WHERE level >=": (6, 14, "The SQL after WHERE cannot be read:"),
    "WHERE true) OR (true": (6, 20, "The SQL after WHERE cannot be read:"),
}


@pytest.mark.parametrize("text", EXAMPLES)
def test_what_is_typed_means_this_sql(text: str) -> None:
    assert condition(text) == EXAMPLES[text]


@pytest.mark.parametrize("text", EXAMPLES)
def test_the_store_answers_it(text: str, ask: Ask) -> None:
    assert ask(f"SELECT count(*) AS n FROM records_all WHERE {condition(text)}")[0]["n"] >= 0


@pytest.mark.parametrize("text", PROBLEMS)
def test_what_cannot_be_meant_is_told_with_its_place(text: str) -> None:
    with pytest.raises(SearchProblem) as caught:
        condition(text)
    start, end, detail = PROBLEMS[text]
    assert caught.value.position == (start, end)
    assert caught.value.detail.startswith(detail)
    assert caught.value.kind == "search-not-understood"


def test_resource_keys_that_were_seen_are_looked_for_in_both() -> None:
    assert condition("team:a", {"team"}) == "attributes->>'team' = 'a' OR otel_resource_attributes->>'team' = 'a'"


def test_bounds_are_told() -> None:
    for text in ("x" * 10_001, "a " * 201, "(" * 31 + "a" + ")" * 31, "-(" * 31 + "a" + ")" * 31):
        with pytest.raises(SearchProblem):
            condition(text)


SIGNS = [
    *(
        ":",
        ">",
        ">=",
        "=",
        "!=",
        "-",
        '"',
        "(",
        ")",
        ",",
        "..",
        "*",
        " ",
        "OR",
        " NOT ",
        "'",
        "\\",
        "%",
        "_",
        "WHERE ",
        "->>",
        " = ",
    ),
    *("IN (", "error", "1.5", "10ms", "2025-01-31", "5xx", "🔥", "\u202e", "\0", "\ud800", "a@b.de"),
]
PIECES = st.one_of(
    st.text(max_size=12),
    st.sampled_from([*keys.names(), *SIGNS]),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pieces=st.lists(PIECES, max_size=12))
def test_any_text_is_a_condition_or_a_problem_with_a_place(pieces: list[str], ask: Ask) -> None:
    text = "".join(pieces)
    try:
        sql = condition(text)
    except SearchProblem as problem:
        start, end = problem.position or (-1, -1)
        length = len(text.encode("utf-16-le", "surrogatepass")) // 2
        assert 0 <= start <= end <= length
        return
    if text.lstrip()[:5].lower() != "where" and "->" not in text and " = " not in text and "IN (" not in text:
        ask(f"SELECT count(*) AS n FROM records_all WHERE {sql}")


def plainly(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20))
def test_a_quoted_value_is_taken_as_it_is(value: str, ask: Ask) -> None:
    literal = value.replace("'", "''")
    assert condition(f"key:{plainly(value)}") == f"attributes->>'key' = '{literal}'"
    assert ask(f"SELECT '{literal}' AS v, 'x' || '{literal}' LIKE '{condition_of_like(value)}' AS fits")[0] == {
        "v": value,
        "fits": True,
    }


def condition_of_like(value: str) -> str:
    from andiron.server.query.search.terms import Value
    from andiron.server.query.search.values import containing

    return containing(Value(value, 0, len(value), quoted=True))[1:-1]


def test_each_record_is_found_by_what_it_holds(ask: Ask) -> None:
    rows = ask("SELECT *, attributes->>'user.id' AS user_id FROM records")
    for row in rows:
        for key, value in {
            **{
                alias: row[column]
                for alias, column in keys.ALIASES.items()
                if keys.COLUMNS[column].type in {"text", "status", "number"}
            },
            "user.id": row["user_id"],
        }.items():
            if value is None:
                continue
            sql = condition(f"{key}:{plainly(str(value))}")
            found = ask(f"SELECT span_id, start_timestamp FROM records WHERE {sql}")
            assert {"span_id": row["span_id"], "start_timestamp": row["start_timestamp"]} in found, (key, value, sql)


def test_the_page_of_the_docs_has_every_key() -> None:
    page = DOCS.read_text()
    for alias, column in keys.ALIASES.items():
        assert any(f"`{alias}`" in line and f"`{column}`" in line for line in page.splitlines()), alias
    for name in (*keys.PLACES, "is", "has", *keys.LEVELS, *keys.KINDS):
        assert f"`{name}`" in page, name
    for name in keys.IS:
        assert f"`is:{name}`" in page, name
    for name in keys.HAS:
        assert f"`has:{name}`" in page, name
