"""What queries may not do, each with the words that say so; and what bounds those that may."""

import json
from typing import Any

import pytest

from andiron.errors import StoreError
from andiron.server.query.dialect import Question
from andiron.server.query.functions import native
from andiron.server.query.problems import QueryProblem
from andiron.server.query.queries import Queries
from andiron.server.settings import Settings
from andiron.server.store.embedded import EmbeddedEngine
from andiron.server.store.schema import Schema
from tests.query.conftest import NOW, Ask

pytestmark = pytest.mark.requirement("AN-05")

WRITES = [
    ("INSERT INTO records VALUES (1)", "INSERT is not possible"),
    ("UPDATE records SET message = 'x'", "UPDATE is not possible"),
    ("DELETE FROM records", "DELETE is not possible"),
    ("CREATE TABLE x (a int)", "CREATE is not possible"),
    ("DROP TABLE records", "DROP is not possible"),
    ("ALTER TABLE otel_traces DELETE WHERE 1", "ALTER is not possible"),
    ("TRUNCATE TABLE otel_traces", "TRUNCATE is not possible"),
    ("OPTIMIZE TABLE otel_traces", "OPTIMIZE is not possible"),
    ("SYSTEM SHUTDOWN", "SYSTEM is not possible"),
    ("SET max_threads = 1", "SET is not possible"),
    ("USE system", "USE is not possible"),
    ("KILL QUERY WHERE 1", "KILL is not possible"),
    ("GRANT ALL ON *.* TO x", "GRANT is not possible"),
    ("COPY records TO '/tmp/x'", "COPY is not possible"),
    ("ATTACH TABLE x", "ATTACH is not possible"),
    ("BEGIN", "BEGIN is not possible"),
    ("SHOW CREATE TABLE otel_traces", "SHOW is not possible"),
    ("SHOW DATABASES", "SHOW is not possible"),
    ("EXPLAIN DELETE FROM records", "DELETE is not possible"),
    ("WITH x AS (DELETE FROM records RETURNING *) SELECT * FROM x", "DELETE"),
]
REACH = [
    ("SELECT * FROM file('/etc/passwd')", "file"),
    ("SELECT * FROM file('/etc/passwd', 'LineAsString')", "file"),
    ("SELECT * FROM url('http://127.0.0.1/', CSV)", "url"),
    ("SELECT * FROM remote('127.0.0.1', system.one)", "remote"),
    ("SELECT * FROM s3('http://x/y')", "s3"),
    ("SELECT * FROM mysql('a', 'b', 'c', 'd', 'e')", "mysql"),
    ("SELECT * FROM merge('.*', '.*')", "merge"),
    ("SELECT * FROM executable('ls', 'TSV', 'x String')", "executable"),
    ("SELECT * FROM input('x String')", "input"),
    ("SELECT * FROM clusterAllReplicas('x', system.one)", "clusterAllReplicas"),
    ("SELECT * FROM Python(x)", "Python"),
    ("SELECT * FROM system.users", "system.users is out of reach"),
    ("SELECT * FROM system.one", "system.one is out of reach"),
    ("SELECT * FROM other_project.otel_traces", "other_project.otel_traces is out of reach"),
    ("SELECT * FROM a.b.otel_traces", "out of reach"),
    ('SELECT * FROM "system"."settings"', "out of reach"),
    ("SELECT * FROM `system`.`settings`", "out of reach"),
    ("SELECT * FROM pg_catalog.pg_tables", "out of reach"),
    ("SELECT * FROM andiron_schema", "There is no table andiron_schema"),
    ("SELECT * FROM otlp_traces", "There is no table otlp_traces. Did you mean otel_traces"),
    ("SELECT * FROM recrods", "There is no table recrods. Did you mean records"),
    ("SELECT (SELECT count() FROM system.one)", "out of reach"),
    ("SELECT 1 WHERE 1 IN (SELECT dummy FROM system.one)", "out of reach"),
    ("SELECT 1 IN system.one", "IN needs a list"),
    ("SELECT 1 IN otel_logs", "IN needs a list"),
    ("WITH x AS (SELECT * FROM system.one) SELECT * FROM x", "out of reach"),
    ("WITH secret AS (SELECT 1) SELECT * FROM (SELECT 2) JOIN system.secret ON 1", "out of reach"),
    ("SELECT * FROM (WITH users AS (SELECT 1) SELECT * FROM users) JOIN users ON 1 = 1", "There is no table users"),
    ("SELECT file('/etc/passwd')", "The function file is not available"),
    ("SELECT dictGet('a', 'b', 1)", "The function dictGet is not available"),
    ("SELECT joinGet('a', 'b', 1)", "The function joinGet is not available"),
    ("SELECT getSetting('max_threads')", "The function getSetting is not available"),
    ("SELECT hostName()", "The function hostName is not available"),
    ("SELECT version()", "version"),
    ("SELECT currentUser()", "currentUser is not available"),
    ("SELECT current_user", "not available"),
    ("SELECT current_database()", "not available"),
    ("SELECT sleep(3)", "The function sleep is not available"),
    ("SELECT sleepEachRow(3) FROM records", "The function sleepEachRow is not available"),
    ("SELECT pg_sleep(10)", "The function pg_sleep is not available"),
    ("SELECT pg_read_file('/etc/passwd')", "The function pg_read_file is not available"),
    ("SELECT catboostEvaluate('m', 1)", "The function catboostEvaluate is not available"),
    ("SELECT throwIf(1)", "The function throwIf is not available"),
    ("SELECT aiGenerate('x')", "The function aiGenerate is not available"),
    ("SELECT addressToLine(1)", "The function addressToLine is not available"),
    ("SELECT `file`('/etc/passwd')", "file"),
    ("SELECT \"file\"('/etc/passwd')", "file"),
    ("SELECT filE('/etc/passwd')", "not available"),
    ("SELECT in(1, system.one)", ""),
    ("SELECT arrayMap(x -> file(x), ['/etc/passwd']) FROM otel_logs", "The function file is not available"),
    ("SELECT * FROM otel_logs WHERE getMacro('x') = 'y'", "The function getMacro is not available"),
    ("SELECT hasColumnInTable('a', 'b', 'c')", "not available"),
]
FORMS = [
    ("SELECT 1; SELECT 2", "One query at a time"),
    ("SELECT 1; DROP TABLE otel_traces", "One query at a time"),
    ("SELECT 1 SETTINGS max_memory_usage = 0", "SETTINGS is not possible"),
    ("SELECT * FROM (SELECT 1 SETTINGS max_execution_time = 0)", "SETTINGS"),
    ("SELECT 1 FORMAT Native", "FORMAT is not possible"),
    ("SELECT 1 INTO OUTFILE '/tmp/x'", ""),
    ("SELECT * INTO x FROM records", "INTO is not possible"),
    ("SELECT * FROM records FOR UPDATE", "FOR UPDATE is not possible"),
    ("SELECT {x:String}", "not available"),
    ("SELECT $1", "only $resolution"),
    ("SELECT ?", "filled in"),
    ("SELECT :x", "filled in"),
    ("", "There is no query"),
    ("   ;  ", "There is no query"),
    ("SELECT FROM WHERE", "cannot be read"),
    ("SELEC 1", "cannot be read"),
    ("SELECT 'unclosed", "cannot be read"),
    ("SELECT * FROM records, LATERAL (SELECT 1) x", ""),
    ("(" * 3000 + "1" + ")" * 3000, ""),
    ("SELECT " + "(" * 3000 + "1" + ")" * 3000, "nested too deeply"),
    ("DESCRIBE nothing", "There is no table nothing"),
]
MEANING = [
    ("SELECT level >= 'loud' FROM records", "There is no level 'loud'; write trace, debug"),
    ("SELECT now() - interval '3 fortnights'", "'fortnights' in the interval"),
    ("SELECT * FROM records WHERE start_timestamp > 'yesterday afternoon'", "'yesterday afternoon' is no time"),
    ("SELECT date_trunc('eon', start_timestamp) FROM records", "date_trunc knows no 'eon'"),
    ("SELECT message->>'x' FROM records", "message is no JSON"),
    ("SELECT approx_percentile_cont(duration) FROM records", "needs a column and a constant"),
    ("SELECT percentile_cont(level) WITHIN GROUP (ORDER BY duration) FROM records", "constant"),
    ("SELECT split_part('a', 'b')", "split_part() needs 3 arguments, and was given 2"),
    ("SELECT x::hstore FROM (SELECT 'a' AS x) t", "A cast to HSTORE is not available"),
    ("SELECT mesage FROM records", "There is no column mesage. Did you mean message"),
    ("SELECT r.servce_name FROM records r", "There is no column r.servce_name. Did you mean service_name"),
    ("SELECT message, count(*) FROM records", "Add it to GROUP BY"),
    ("SELECT start_timestamp + tags FROM records", "The types do not fit"),
    ("SELECT aprox_distinct(level) FROM records", "Did you mean"),
    ("SELECT attributes->'x' + 1 FROM records", "Put brackets around"),
    ("SELECT 'a' SIMILAR TO 'b'", "Use ~ with a regular expression"),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "words"), [*WRITES, *REACH, *FORMS, *MEANING])
def test_refused_in_words(ask: Ask, sql: str, words: str) -> None:
    with pytest.raises(QueryProblem) as caught:
        ask(sql)
    assert caught.value.status == 400
    assert words in str(caught.value)
    assert "DB::Exception" not in str(caught.value)
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize("dialect", ["logfire", "clickhouse"])
@pytest.mark.parametrize("sql", [sql for sql, _ in [*WRITES, *REACH]])
def test_refused_whatever_dialect_is_named(ask: Ask, sql: str, dialect: str) -> None:
    with pytest.raises(QueryProblem):
        ask(sql, dialect=dialect)


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("SELECT count() FROM numbers(1000000000000000)", "query-too-slow"),
        ("SELECT count(*) FROM generate_series(1, 1000000000000) AS g(i) WHERE i % 7 = 8", "query-too-slow"),
        ("WITH RECURSIVE x AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM x) SELECT sum(n) FROM x", ""),
        ("SELECT length(groupArray(number)) FROM numbers(10000000000)", "query-too-large"),
        ("SELECT repeat(i::text, 20000) FROM generate_series(1, 1000) AS g(i)", "result-too-large"),
    ],
)
def test_bounded(
    engine: EmbeddedEngine, settings: Settings, shop: str, monkeypatch: pytest.MonkeyPatch, sql: str, kind: str
) -> None:
    monkeypatch.setattr("andiron.server.query.queries.RESULT_BYTES", 10_000_000)
    small = settings.model_copy(update={"query_memory": 400_000_000})
    queries = Queries(engine, small, now=lambda: NOW)
    with pytest.raises(QueryProblem) as caught:
        queries.answer(Question(sql=sql, database=shop, now=NOW, limit=1000), "json")
    assert kind in caught.value.kind
    assert caught.value.status == 400


def test_another_project_is_out_of_reach(queries: Queries, ask: Ask, database: str, shop: str) -> None:
    question = Question(sql="SELECT count(*) AS n FROM records", database=database, now=NOW, limit=10)
    assert json.loads(queries.answer(question, "json").body)["data"] == [{"n": 0}]
    with pytest.raises(QueryProblem, match=f"{shop}.otel_traces is out of reach"):
        queries.answer(Question(sql=f"SELECT * FROM {shop}.otel_traces", database=database, now=NOW, limit=10), "json")
    assert ask(f"SELECT count() AS n FROM {shop}.otel_traces") == [{"n": 4}]


def test_the_functions_that_are_allowed_exist_and_are_harmless(engine: EmbeddedEngine) -> None:
    answer: list[list[Any]] = json.loads(engine.query("SELECT name, categories FROM system.functions"))["data"]
    known = {name for name, _ in answer}
    assert native() <= known
    dangerous = {
        "Dictionary",
        "Embedded Dictionary",
        "Introspection",
        "AI",
        "Internal",
        "Encryption",
        "Machine Learning",
    }
    assert {name for name, category in answer if category.strip() in dangerous} & native() == set()


def test_what_a_user_writes_is_never_passed_on(ask: Ask) -> None:
    """Comments, names and literals that mean something to ClickHouse mean nothing here."""
    assert ask("SELECT 1 AS x -- \n/* ; DROP TABLE otel_traces */") == [{"x": 1}]
    assert ask("""SELECT 'it''s \\' AS "a""b" """) == [{'a"b': "it's \\"}]
    assert ask("SELECT '{0} ${db} {*}' AS x, concat('{1}', '{0}') AS y") == [{"x": "{0} ${db} {*}", "y": "{1}{0}"}]


def test_an_empty_database_answers(engine: EmbeddedEngine, queries: Queries, database: str) -> None:
    Schema(engine).ensure(database)
    for table in ("records", "records_all", "metrics"):
        body = queries.answer(Question(sql=f"SELECT * FROM {table}", database=database, now=NOW, limit=10), "json").body
        assert json.loads(body)["data"] == []


@pytest.mark.slow
def test_a_query_that_failed_leaves_nothing_in_the_next_answer(engine: EmbeddedEngine, ask: Ask) -> None:
    """What had been written of it could be another project's."""
    with pytest.raises(QueryProblem):
        ask("SELECT throwIf(number = 5000000), number FROM otel_logs, numbers(10000000)", dialect="clickhouse")
    with pytest.raises(StoreError):
        engine.query("SELECT throwIf(number = 5000000), number FROM numbers(10000000)", format="JSON")
    assert [json.loads(engine.query("SELECT 1 AS x", format="JSONEachRow")) for _ in range(10)] == [{"x": 1}] * 10
