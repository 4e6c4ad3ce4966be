"""A problem of SQL says where in the text it is, as an editor counts."""

import httpx
import pytest

pytestmark = pytest.mark.requirement("AN-05")


def marked(url: str, sql: str, dialect: str | None = None) -> str | None:
    """The piece of `sql` that the server points at."""
    answer = httpx.post(f"{url}/v2/query", json={"sql": sql, "dialect": dialect}, headers={"Authorization": "read"})
    assert answer.status_code == 400, answer.text
    position = answer.json().get("position")
    if position is None:
        return None
    units = sql.encode("utf-16-le")
    return units[2 * position["start"] : 2 * position["end"]].decode("utf-16-le")


@pytest.mark.parametrize(
    ("sql", "piece"),
    [
        ("SELECT mesage FROM records", "mesage"),
        ("SELECT 'mesage', mesage FROM records -- mesage", "mesage"),
        ("SELECT '😀' AS \"😀\",\n  mesage\nFROM records", "mesage"),
        ("SELECT message, r.levle FROM records AS r", "levle"),
        ("SELECT count(*) FROM recrods", "recrods"),
        ("SELECT x FROM system.users", "users"),
        ("SELECT lenght(message) FROM records", "lenght"),
        ("  EXPLAIN SELECT uppr(message) FROM records", "uppr"),
        ("SELECT * FROM url('http://example.org')", "url"),
        ("DESCRIBE recrods", "recrods"),
        ("DROP TABLE records", "DROP"),
        ("SELECT 1 FROM WHERE x", "WHERE"),
        ("\n\n SELECT '😀é' FROM records WHERE ) x", ")"),
        ("EXPLAIN SELECT a b c FROM records", "c"),
        ("SELECT message FROM records WHERE message = 'open", "'"),
        ("SELECT message FROM records /* and so on", "/*"),
    ],
)
def test_the_word_in_question_is_marked(url: str, sql: str, piece: str) -> None:
    assert marked(url, sql) == piece


def test_in_clickhouse_too(url: str) -> None:
    assert marked(url, "SELECT ServiceNam FROM otel_traces") == "ServiceNam"
    assert marked(url, "SELECT 1 +* 2 FROM", "clickhouse") is not None


def test_what_is_nowhere_in_the_text_has_no_position(url: str) -> None:
    assert marked(url, "SELECT 1; SELECT 2") is None


def test_the_parsers_own_names_are_not_shown(url: str) -> None:
    for sql in ("SELECT 1 FROM WHERE x", "SELECT 1 FROM records WHERE )"):
        answer = httpx.post(f"{url}/v2/query", json={"sql": sql}, headers={"Authorization": "read"})
        assert "sqlglot" not in answer.json()["detail"]
        assert "Token" not in answer.json()["detail"]
