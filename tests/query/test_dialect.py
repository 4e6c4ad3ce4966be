"""What Logfire's SQL means here: each question with its answer from a real store."""

from datetime import UTC, datetime
from typing import Any

import pytest

from andiron.server.query.dialect import Question, translate
from tests.query import seed
from tests.query.conftest import NOW, Ask

# ruff: noqa: ISC004 - a question may be longer than a line
pytestmark = pytest.mark.requirement("AN-05")

ROOT = f"FROM records WHERE span_id = '{seed.ROOT}' AND kind = 'span'"

COLUMNS: list[tuple[str, Any]] = [
    ("count(*) FROM records", 8),
    ("count(*) FROM records_all", 9),
    ("count(*) FROM records_all WHERE kind = 'pending_span'", 1),
    ("count(*) FROM records WHERE kind = 'span'", 3),
    ("count(*) FROM records WHERE kind = 'log'", 4),
    ("count(*) FROM records WHERE kind IN ('log', 'span_event')", 5),
    ("count(*) FROM records WHERE kind = 'nonsense'", 0),
    ("count(*) FROM metrics", 7),
    (f"message {ROOT}", "POST /orders/{id}"),
    (f"duration {ROOT}", 0.5),
    (f"start_timestamp {ROOT}", "2027-01-15T08:00:01.123456Z"),
    (f"end_timestamp - start_timestamp {ROOT}", 0.5),
    (f"EXTRACT(EPOCH FROM (end_timestamp - start_timestamp)) {ROOT}", 0.5),
    (f"service_version {ROOT}", "1.4.2"),
    (f"process_pid {ROOT}", 4711),
    (f"deployment_environment {ROOT}", "production"),
    ("deployment_environment FROM records WHERE service_name = 'stock'", "staging"),
    (f"http_method || ' ' || http_route {ROOT}", "POST /orders/{id}"),
    (f"http_response_status_code {ROOT}", 201),
    (f"url_full {ROOT}", "https://shop.example/orders/7?retry=1"),
    ("http_method FROM records WHERE level = 'error' AND kind = 'span'", "GET"),
    ("http_response_status_code FROM records WHERE is_exception AND kind = 'span'", 500),
    ("url_path FROM records WHERE is_exception AND kind = 'span'", "/orders/8"),
    ("url_query FROM records WHERE is_exception AND kind = 'span'", "a=b"),
    ("exception_type FROM records WHERE is_exception AND kind = 'span'", "ValueError1"),
    ("exception_message FROM records WHERE is_exception AND kind = 'span'", ""),
    ("exception_type FROM records WHERE is_exception AND kind = 'log'", "StockError"),
    (f"exception_type {ROOT}", None),
    ("otel_status_message FROM records WHERE otel_status_code = 'ERROR'", "boom"),
    (f"parent_span_id {ROOT}", None),
    ("tags FROM records WHERE array_has(tags, 'a tag')", ["a tag", "other"]),
    ("message FROM records WHERE 'other' = ANY(tags)", "beware: bad"),
    ("message FROM records WHERE tags @> ARRAY['other', 'a tag']", "beware: bad"),
    ("tags[1] FROM records WHERE cardinality(tags) = 2", "a tag"),
    ("array_length(tags, 1) FROM records WHERE tags && ARRAY['other']", 2),
    ("array_to_string(tags, '+') FROM records WHERE tags IS NOT NULL", "a tag+other"),
    ("attributes->'data' FROM records WHERE array_has(tags, 'a tag')", {"x": [1, 2]}),
    ("attributes->'data'->'x'->>1 FROM records WHERE array_has(tags, 'a tag')", "2"),
    ("log_body FROM records WHERE span_name = 'order.failed'", '{"order":8,"reason":"stock"}'),
    ("log_body->>'reason' FROM (SELECT log_body FROM records WHERE span_name = 'order.failed') x", "stock"),
    ("message FROM records WHERE kind = 'span_event'", "cache miss"),
    ("count(*) FROM records WHERE kind = 'span_event' AND message NOT LIKE 'cache%'", 0),
    ("count(*) FROM records WHERE kind = 'span_event' AND message NOT LIKE 'other%'", 1),
    ("count(*) FROM records WHERE kind = 'span_event' AND message NOT ILIKE 'CACHE%'", 0),
    ("count(*) FROM records WHERE kind = 'span_event' AND message !~~ 'cache%'", 0),
    ("count(*) FROM records WHERE kind = 'span_event' AND message !~ '^cache'", 0),
    ("count(*) FROM records WHERE kind = 'span_event' AND message !~* '^CACHE'", 0),
    ("count(*) FROM records WHERE kind = 'span_event' AND message NOT IN ('cache miss')", 0),
    ("count(*) FROM records WHERE kind = 'span_event' AND level NOT BETWEEN 'info' AND 'warn'", 0),
    ("count(*) FROM records WHERE kind = 'span_event' AND message IS DISTINCT FROM 'cache miss'", 0),
    ("count(*) FROM records WHERE kind = 'span_event' AND attributes->>'key' NOT LIKE 'car%'", 0),
    ("count(*) FROM records WHERE kind = 'span_event' AND NOT (attributes ? 'key')", 0),
    ("parent_span_id FROM records WHERE kind = 'span_event'", seed.ROOT),
    ("attributes->>'key' FROM records WHERE kind = 'span_event'", "cart"),
    (f"otel_events->0->>'event_name' {ROOT}", "cache miss"),
    (f"otel_links->0->>'trace_id' {ROOT}", seed.FAILED),
    (f"otel_resource_attributes->>'host.name' {ROOT}", "box"),
    (f"otel_scope_attributes->>'team' {ROOT}", "checkout"),
    (f"otel_scope_name {ROOT}", "shop.web"),
    ("parent_span_id FROM records_all WHERE kind = 'pending_span'", None),
    ("span_id FROM records_all WHERE kind = 'pending_span'", seed.ROOT),
    ("level FROM records WHERE service_name = 'stock'", 13),
]

JSON: list[tuple[str, Any]] = [
    (f"attributes->>'text' {ROOT}", 'a "quoted" \\ text'),
    (f"attributes->'text' {ROOT}", 'a "quoted" \\ text'),
    (f"attributes->>'empty' {ROOT}", ""),
    (f"attributes->>'absent' {ROOT}", None),
    (f"attributes->'absent' {ROOT}", None),
    (f"attributes->>'a.b' {ROOT}", "dotted"),
    (f"attributes->>'0' {ROOT}", "zero"),
    (f"attributes->'large' {ROOT}", seed.LARGE),
    (f"attributes->>'large' {ROOT}", str(seed.LARGE)),
    (f"(attributes->>'large')::bigint {ROOT}", seed.LARGE),
    (f"attributes->'large' = {seed.LARGE} {ROOT}", True),
    (f"attributes->'large' = {seed.LARGE - 1} {ROOT}", False),
    (f"attributes->'ratio' {ROOT}", 1.0),
    (f"attributes->'yes' {ROOT}", True),
    (f"attributes->>'yes' {ROOT}", "true"),
    (f"attributes->'yes' = true {ROOT}", True),
    (f"(attributes->>'no')::bool {ROOT}", False),
    (f"attributes->'raw' {ROOT}", "AP8="),
    (f"attributes->'list' {ROOT}", ["a", 1, None]),
    (f"attributes->'list'->>0 {ROOT}", "a"),
    (f"attributes->'list'->-2 {ROOT}", 1),
    (f"attributes->'nested'->'deep'->'er'->1->>'x' {ROOT}", "y"),
    (f"attributes->>'nested'->>'n' {ROOT}", "5"),
    (f"attributes #>> '{{nested,deep,er}}' {ROOT}", '[1,{"x":"y"}]'),
    (f"(attributes->'nested'->'n')::int + 1 {ROOT}", 6),
    (f"(attributes->'count') + 1 {ROOT}", 4),
    (f"attributes->'count' > 2 {ROOT}", True),
    (f"attributes->'count' BETWEEN 1 AND 3 {ROOT}", True),
    (f"attributes->'count' IN (1, 3) {ROOT}", True),
    (f"attributes ? 'text' {ROOT}", True),
    (f"attributes ? 'absent' {ROOT}", False),
    (f"attributes->'nested' ? 'n' {ROOT}", True),
    (f"attributes->>'absent' IS NULL {ROOT}", True),
    (f"attributes->>'empty' IS NOT NULL {ROOT}", True),
    (f"attributes->'nothing' {ROOT}", None),
    (f"json_get_str(attributes, 'text') {ROOT}", 'a "quoted" \\ text'),
    (f"json_get_int(attributes, 'nested', 'n') {ROOT}", 5),
    (f"json_get_float(attributes, 'share') {ROOT}", 0.25),
    (f"json_get_bool(attributes, 'yes') {ROOT}", True),
    (f"json_as_text(attributes, 'nested', 'deep') {ROOT}", '{"er":[1,{"x":"y"}]}'),
    (f"json_contains(attributes, 'nested') {ROOT}", True),
    (f"json_length(attributes->'list') {ROOT}", 3),
    (f"jsonb_typeof(attributes->'list') {ROOT}", "array"),
    (f"coalesce(attributes->>'absent', attributes->>'a.b') {ROOT}", "dotted"),
    (f"upper(attributes->>'a.b') {ROOT}", "DOTTED"),
    ("count(*) FROM records WHERE attributes->>'user.id' = 'ada'", 3),
    ("count(*) FROM records WHERE NOT attributes->>'user.id' = 'ada'", 1),
    ("count(*) FROM records WHERE attributes->>'user.id' IN ('ada', 'bob')", 4),
    ("count(*) FROM records WHERE attributes->>'user.id' LIKE 'a%'", 3),
    ("count(*) FROM records WHERE attributes->>'empty' = ''", 1),
    ("count(*) FROM records WHERE attributes ? 'user.id'", 4),
    ("count(*) FROM records WHERE attributes->'yes'", 1),
    ("count(*) FROM records WHERE (attributes->>'rows')::int > 10", 1),
    ("count(*) FROM records WHERE otel_resource_attributes->>'service.name' = 'stock'", 1),
    ("sum((attributes->>'rows')::int) FROM records", 12),
    ("avg(attributes->'rows') FROM records", 12),
    ("attributes->>'cpu' AS cpu FROM metrics WHERE metric_name = 'load' GROUP BY cpu ORDER BY cpu", "0"),
    (
        "r.attributes->>'user.id' FROM records r JOIN records p ON r.span_id = p.parent_span_id AND r.trace_id = p.trace_id "
        "WHERE p.span_name = 'SELECT'",
        "ada",
    ),
]

FUNCTIONS: list[tuple[str, Any]] = [
    ("7 / 2", 3),
    ("-7 / 2", -3),
    ("7 / 2.0", 3.5),
    ("count(*) / 3 FROM records", 2),
    ("7 % 4", 3),
    ("2 ^ 3", 8),
    ("'a' || 'b' || 1", "ab1"),
    ("'a' || NULL", None),
    ("concat('a', NULL, 'b')", "ab"),
    ("concat_ws('-', 'a', NULL, 'b')", "a-b"),
    ("coalesce(NULL, 'x')", "x"),
    ("nullif('a', 'a')", None),
    ("greatest(1, 3, 2)", 3),
    ("length('häh')", 3),
    ("upper('ä')", "Ä"),
    ("left('abc', 2)", "ab"),
    ("right('abc', 2)", "bc"),
    ("substring('abcdef' from 2 for 3)", "bcd"),
    ("substr('abcdef', 3)", "cdef"),
    ("position('c' in 'abc')", 3),
    ("strpos('abc', 'b')", 2),
    ("trim(both 'x' from 'xaxbx')", "axb"),
    ("trim('  a ')", "a"),
    ("replace('aba', 'a', 'c')", "cbc"),
    ("split_part('a/b/c', '/', 2)", "b"),
    ("starts_with('abc', 'ab')", True),
    ("ends_with('abc', 'bc')", True),
    ("contains('abc', 'x')", False),
    ("lpad('7', 3, '0')", "007"),
    ("md5('a')", "0cc175b9c0f1b6a831c399e269772661"),
    ("'Abc' ILIKE '%B%'", True),
    ("'abc' ~ '^a.c$'", True),
    ("'ABC' ~* '^a'", True),
    ("'abc' !~ 'x'", True),
    ("regexp_replace('aXbX', 'X', '-', 'g')", "a-b-"),
    ("regexp_replace('aXbX', 'x', '-', 'i')", "a-bX"),
    ("regexp_match('a12', '([0-9])([0-9])')", ["1", "2"]),
    ("regexp_like('ABC', 'b', 'i')", True),
    ("NULL IS DISTINCT FROM 1", True),
    ("1 IS NOT DISTINCT FROM 1", True),
    ("CASE WHEN 1 > 2 THEN 'a' ELSE 'b' END", "b"),
    ("'12'::int", 12),
    ("'1.5'::float8", 1.5),
    ("1::text", "1"),
    ("1.239::numeric(10, 2)", 1.23),
    ("level_num('warn')", 13),
    ("level_name(17)", "error"),
    ("level_name(9)", "info"),
    ("now()", "2027-01-15T08:01:00.000000Z"),
    ("now() - interval '1 hour 30 minutes'", "2027-01-15T06:31:00.000000Z"),
    ("now() + '1 month'::interval", "2027-02-15T08:01:00.000000Z"),
    ("current_date", "2027-01-15"),
    ("date_trunc('hour', timestamp '2027-01-15T08:59:59Z')", "2027-01-15T08:00:00.000000Z"),
    ("date_trunc('month', now())", "2027-01-01T00:00:00.000000Z"),
    ("time_bucket('5 minutes', timestamptz '2027-01-15 08:59:59+00')", "2027-01-15T08:55:00.000000Z"),
    ("date_bin(interval '15 minutes', timestamp '2027-01-15T08:59:59Z')", "2027-01-15T08:45:00.000000Z"),
    (
        "date_bin(interval '1 hour', timestamp '2027-01-15T08:59:59Z', timestamp '2027-01-15T00:30:00Z')",
        "2027-01-15T08:30:00.000000Z",
    ),
    ("EXTRACT(hour FROM now())", 8),
    ("EXTRACT(dow FROM now())", 5),
    ("date_part('year', now())", 2027),
    ("EXTRACT(epoch FROM interval '2 minutes')", 120),
    ("to_timestamp(0)", "1970-01-01T00:00:00.000000Z"),
    ("to_timestamp_millis(1500)", "1970-01-01T00:00:01.500000Z"),
    ("to_char(now(), 'YYYY-MM-DD HH24:MI:SS')", "2027-01-15 08:01:00"),
    ("now() AT TIME ZONE 'Europe/Paris'", "2027-01-15T09:01:00.000000Z"),
    ("'2027-01-15T08:00:00Z'::timestamptz < now()", True),
    ("'2027-01-15'::date", "2027-01-15"),
    ("array_agg(x) FROM (VALUES (1), (2)) AS t(x)", [1, 2]),
    ("string_agg(x, ',' ORDER BY x DESC) FROM (VALUES ('a'), ('b')) AS t(x)", "b,a"),
    ("string_agg(DISTINCT x, ',') FROM (VALUES ('a'), ('a')) AS t(x)", "a"),
    ("array_agg(x ORDER BY y) FROM (VALUES ('a', 2), ('b', 1)) AS t(x, y)", ["b", "a"]),
    ("first_value(x ORDER BY y) FROM (VALUES ('a', 2), ('b', 1)) AS t(x, y)", "b"),
    ("last_value(x ORDER BY y) FROM (VALUES ('a', 2), ('b', 1)) AS t(x, y)", "a"),
    ("bool_or(x > 1) FROM (VALUES (1), (2)) AS t(x)", True),
    ("bool_and(x > 1) FROM (VALUES (1), (2)) AS t(x)", False),
    ("stddev(x) FROM (VALUES (1), (3)) AS t(x)", 2**0.5),
    ("corr(x, y) FROM (VALUES (1.0, 2.0), (2.0, 4.0)) AS t(x, y)", 1),
    ("percentile_cont(0.5) WITHIN GROUP (ORDER BY x) FROM (VALUES (1), (2)) AS t(x)", 1.5),
    ("approx_percentile_cont(0.5) WITHIN GROUP (ORDER BY x) FROM (VALUES (1), (2), (3)) AS t(x)", 2),
    ("approx_percentile_cont(x, 0.5) FROM (VALUES (1), (2), (3)) AS t(x)", 2),
    ("approx_distinct(x) FROM (VALUES (1), (2), (2)) AS t(x)", 2),
    ("count(DISTINCT x) FROM (VALUES (1), (2), (2)) AS t(x)", 2),
    ("count(x) FROM (VALUES (1), (NULL)) AS t(x)", 1),
    ("sum(x) FROM (VALUES (1)) AS t(x) WHERE x > 1", None),
    ("max(x) FROM (VALUES (1)) AS t(x) WHERE x > 1", None),
    ("count(*) FILTER (WHERE x > 1) FROM (VALUES (1), (2)) AS t(x)", 1),
    ("string_agg(x, ',') FILTER (WHERE x <> 'a') FROM (VALUES ('a'), ('b')) AS t(x)", "b"),
    ("approx_percentile_cont(0.5) WITHIN GROUP (ORDER BY x) FILTER (WHERE x > 2) FROM (VALUES (1), (3)) AS t(x)", 3),
    ("count(*) FROM generate_series(1, 5) AS g(i)", 5),
    (
        "max(t) FROM generate_series('2027-01-15T00:00:00Z'::timestamptz, now(), interval '1 hour') AS g(t)",
        "2027-01-15T08:00:00.000000Z",
    ),
    (
        "search(log_body, 'Timeout payment') FROM records WHERE service_name = 'shop' AND log_body ILIKE '%accepted%'",
        True,
    ),
    ("count(*) FROM records WHERE search(log_body, 'timeout')", 1),
    ("count(*) FROM records WHERE message @@ 'payment & timeout'", 1),
    ("E'a\\tb'", "a\tb"),
    ("quantileExactLow(0.5)(level) FROM records", 9),
    ("countIf(level >= 17) FROM records", 2),
    ("level >= 'warn' FROM records WHERE span_name = 'SELECT'", False),
]

MORE: list[tuple[str, Any]] = [
    ("count(*) FROM records WHERE level IN ('warn', 'error')", 4),
    ("count(*) FROM records WHERE level BETWEEN 'warn' AND 'error'", 4),
    ("count(*) FROM records WHERE 'error' <= level", 2),
    ("count(*) FROM records WHERE level = 17 AND NOT is_exception", 0),
    ("level_num(x) FROM (SELECT 'warn' AS x) t", 13),
    ("count(*) FROM records WHERE start_timestamp BETWEEN '2027-01-15T08:00:10Z' AND '2027-01-15T08:00:11Z'", 2),
    ("count(*) FROM records WHERE start_timestamp IN ('2027-01-15T08:00:10Z')", 1),
    ("count(*) FROM records WHERE start_timestamp = ANY(ARRAY[timestamp '2027-01-15T08:00:10Z'])", 1),
    ("count(*) FROM records WHERE service_name = ANY(SELECT 'stock')", 1),
    ("count(*) FROM records WHERE http_response_status_code IN (500, 201)", 2),
    ("count(*) FROM records WHERE trace_id IS NOT NULL", 8),
    ("count(*) FROM records WHERE attributes->'yes' IS TRUE", 1),
    ("count(*) FROM records WHERE attributes->'count' IN (3, 4)", 1),
    ("count(*) FROM records WHERE attributes->>'user.id' ~ '^a'", 3),
    ("count(*) FROM records WHERE attributes->>'text' ILIKE '%QUOTED%'", 1),
    ("count(*) FROM records WHERE attributes->>'user.id' BETWEEN 'a' AND 'b'", 3),
    ("count(*) FROM records WHERE json_get_int(attributes, 'rows') = 12", 1),
    ("json_get(attributes, 'nested', 'n') FROM records WHERE attributes ? 'nested'", 5),
    ("attributes->>lower('COUNT') FROM records WHERE attributes ? 'nested'", "3"),
    ("(attributes->'share')::numeric FROM records WHERE attributes ? 'nested'", 0.25),
    ("(attributes->>'count')::text FROM records WHERE attributes ? 'nested'", "3"),
    ("max(start_timestamp) - min(start_timestamp) FROM records WHERE kind = 'span'", 8.876544),
    ("max(start_timestamp) FILTER (WHERE kind = 'span') FROM records", "2027-01-15T08:00:10.000000Z"),
    (
        "start_timestamp + interval '1 second' * 2 FROM records WHERE is_exception AND kind = 'span'",
        "2027-01-15T08:00:12.000000Z",
    ),
    (
        "start_timestamp + duration * interval '1 second' FROM records WHERE is_exception AND kind = 'span'",
        "2027-01-15T08:00:12.000000Z",
    ),
    ("interval '1 day' + timestamp '2027-01-15T00:00:00Z'", "2027-01-16T00:00:00.000000Z"),
    ("timestamp '2027-03-31T00:00:00Z' - interval '1 month 1 day'", "2027-02-27T00:00:00.000000Z"),
    ("now() - interval '01:30:00'", "2027-01-15T06:31:00.000000Z"),
    ("time_bucket('1 week', now())", "2027-01-11T00:00:00.000000Z"),
    ("time_bucket('1 month', now())", "2027-01-01T00:00:00.000000Z"),
    ("date_trunc('week', now())", "2027-01-11T00:00:00.000000Z"),
    ("EXTRACT(quarter FROM now())", 1),
    ("EXTRACT(doy FROM now())", 15),
    ("EXTRACT(second FROM timestamp '2027-01-15T00:00:01.5Z')", 1.5),
    ("EXTRACT(epoch FROM timestamp '1970-01-01T00:00:01.5Z')", 1.5),
    ("to_unixtime(to_timestamp(5))", 5),
    ("to_timestamp_nanos(1500000000)", "1970-01-01T00:00:01.500000Z"),
    ("to_timestamp('2027-01-15T08:00:00+02:00')", "2027-01-15T06:00:00.000000Z"),
    ("date(now())", "2027-01-15"),
    ("date '2027-01-15'", "2027-01-15"),
    ("make_date(2027, 1, 15)", "2027-01-15"),
    ("age(now(), now() - interval '5 seconds')", 5),
    ("(now() - interval '1 day')::date", "2027-01-14"),
    ("'2027-01-15'::timestamp", "2027-01-15T00:00:00.000000Z"),
    ("x::timestamp FROM (SELECT '2027-01-15T08:00:00Z' AS x) t", "2027-01-15T08:00:00.000000Z"),
    ("try_cast('x' AS int)", None),
    ("CAST('true' AS boolean)", True),
    ("'6f1ed002-ab5f-4d2c-9a4e-000000000000'::uuid", "6f1ed002-ab5f-4d2c-9a4e-000000000000"),
    ("ltrim('xxa', 'x')", "a"),
    ("trim(leading ' ' from '  a ')", "a "),
    ("ceil(1.2) + floor(1.8) + abs(-1)", 4),
    ("log(100) + ln(1) + log(2, 8)", 5),
    ("percentile_cont(0.25) WITHIN GROUP (ORDER BY x DESC) FROM (VALUES (1), (5)) AS t(x)", 4),
    ("mode() WITHIN GROUP (ORDER BY x) FROM (VALUES ('a'), ('b'), ('b')) AS t(x)", "b"),
    ("median(x) FROM (VALUES (1), (2), (9)) AS t(x)", 2),
    ("max(u) FROM unnest(ARRAY[1, 3]) AS t(u)", 3),
    ("count(*) FROM range(0, 3) AS r(i)", 3),
    ("array_agg(DISTINCT x) FROM (VALUES (2), (1), (2)) AS t(x)", [1, 2]),
    ("array_position(ARRAY['a', 'b'], 'b')", 2),
    ("array_slice(ARRAY[1, 2, 3], 2, 3)", [2, 3]),
    ("cardinality(make_array(1, 2))", 2),
    ("count(*) FROM (SELECT 1 UNION ALL SELECT 1) AS x", 2),
    ("x FROM (SELECT 1 AS x INTERSECT SELECT 1) t", 1),
    ("a FROM (SELECT 1, 2) AS t(a, b)", 1),
    ("n FROM (WITH t(n) AS (SELECT 7) SELECT n FROM t) x", 7),
    (
        "sum(n) FROM (WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM t WHERE n < 4) SELECT n FROM t) x",
        10,
    ),
    (
        "first_value(span_name) OVER (ORDER BY start_timestamp) FROM records WHERE kind = 'span' LIMIT 1",
        "POST /orders/{id}",
    ),
    ("count(*) FROM public.records", 8),
    ('count(*) FROM "records"', 8),
    ("RECORDS.Message FROM Records WHERE RECORDS.SERVICE_NAME = 'stock'", "shelf 3 is empty"),
]


@pytest.mark.parametrize(("sql", "wanted"), [*COLUMNS, *JSON, *FUNCTIONS, *MORE])
def test_one_value(ask: Ask, sql: str, wanted: Any) -> None:
    (row, *_) = ask(f"SELECT {sql}")
    (found,) = row.values()
    assert found == (pytest.approx(wanted) if isinstance(wanted, float) else wanted)
    assert type(found) is type(wanted) or isinstance(wanted, int | float)


ROWS: list[tuple[str, list[dict[str, Any]]]] = [
    (
        "SELECT level_name(level) AS name, count(*) AS n FROM records GROUP BY name HAVING count(*) > 1 ORDER BY n DESC, name",
        [{"name": "info", "n": 4}, {"name": "error", "n": 2}, {"name": "warn", "n": 2}],
    ),
    (
        "SELECT service_name, count(*) FROM records GROUP BY 1 ORDER BY 2 DESC",
        [{"service_name": "shop", "count(*)": 7}, {"service_name": "stock", "count(*)": 1}],
    ),
    (
        "SELECT span_name, max(duration) AS duration FROM records WHERE duration > 0.2 GROUP BY span_name ORDER BY duration DESC",
        [{"span_name": "GET /orders/{id}", "duration": 2}, {"span_name": "POST /orders/{id}", "duration": 0.5}],
    ),
    (
        "SELECT parent_records.message AS parent_message, child_records.message AS child_message FROM records parent_records "
        "JOIN records child_records ON child_records.trace_id = parent_records.trace_id "
        "AND child_records.parent_span_id = parent_records.span_id WHERE child_records.kind = 'log' AND parent_records.kind = 'span'",
        [{"parent_message": "POST /orders/{id}", "child_message": "beware: bad"}],
    ),
    (
        "SELECT a.span_name, b.span_name FROM records a LEFT JOIN records b ON a.span_id = b.parent_span_id AND b.kind = 'span' "
        "AND a.trace_id = b.trace_id WHERE a.kind = 'span' ORDER BY a.start_timestamp",
        [
            {"span_name": "POST /orders/{id}", "span_name_1": "SELECT"},
            {"span_name": "SELECT", "span_name_1": None},
            {"span_name": "GET /orders/{id}", "span_name_1": None},
        ],
    ),
    (
        "WITH slow AS (SELECT span_name, attributes FROM records WHERE duration > 1) SELECT span_name, attributes->>'user.id' AS who FROM slow",
        [{"span_name": "GET /orders/{id}", "who": "bob"}],
    ),
    (
        "SELECT * FROM (SELECT span_name, duration FROM records WHERE kind = 'span') AS spans ORDER BY duration LIMIT 1",
        [{"span_name": "SELECT", "duration": 0.1}],
    ),
    (
        "SELECT time_bucket('10 seconds', start_timestamp) AS x, count() AS n FROM records GROUP BY x ORDER BY x",
        [
            {"x": "2027-01-15T08:00:00.000000Z", "n": 5},
            {"x": "2027-01-15T08:00:10.000000Z", "n": 2},
            {"x": "2027-01-15T08:00:20.000000Z", "n": 1},
        ],
    ),
    (
        "SELECT span_name, row_number() OVER (PARTITION BY service_name ORDER BY duration DESC) AS place, "
        "lag(span_name) OVER (ORDER BY duration DESC) AS before FROM records WHERE duration IS NOT NULL ORDER BY place",
        [
            {"span_name": "GET /orders/{id}", "place": 1, "before": None},
            {"span_name": "POST /orders/{id}", "place": 2, "before": "GET /orders/{id}"},
            {"span_name": "SELECT", "place": 3, "before": "POST /orders/{id}"},
        ],
    ),
    (
        "SELECT duration FROM records WHERE service_name = 'shop' AND kind IN ('span', 'span_event') ORDER BY duration DESC",
        [{"duration": None}, {"duration": 2}, {"duration": 0.5}, {"duration": 0.1}],
    ),
    (
        "SELECT DISTINCT ON (service_name) service_name, message FROM records ORDER BY service_name, start_timestamp",
        [{"service_name": "shop", "message": "POST /orders/{id}"}, {"service_name": "stock", "message": "shelf 3 is empty"}],
    ),
    (
        "SELECT tag, count(*) AS n FROM records CROSS JOIN unnest(tags) AS t(tag) GROUP BY tag ORDER BY tag",
        [{"tag": "a tag", "n": 1}, {"tag": "other", "n": 1}],
    ),
    ("SELECT unnest(tags) AS tag FROM records ORDER BY tag", [{"tag": "a tag"}, {"tag": "other"}]),
    ("SELECT 1 AS x UNION SELECT 1 UNION ALL SELECT 2 ORDER BY x", [{"x": 1}, {"x": 2}]),
    ("SELECT count(*) AS n FROM records WHERE trace_id IN (SELECT trace_id FROM records WHERE is_exception)", [{"n": 2}]),
    (
        "SELECT span_name FROM records r WHERE kind = 'span' AND EXISTS (SELECT 1 FROM records c WHERE c.parent_span_id = r.span_id)",
        [{"span_name": "POST /orders/{id}"}],
    ),
    (
        "SELECT metric_name, sum(scalar_value) AS total FROM metrics WHERE metric_type = 'gauge' AND service_name = 'shop' GROUP BY 1",
        [{"metric_name": "load", "total": 1.5}],
    ),
    (
        "SELECT histogram_bucket_counts, histogram_explicit_bounds, aggregation_temporality FROM metrics WHERE metric_name = 'took'",
        [{"histogram_bucket_counts": [1, 2, 0], "histogram_explicit_bounds": [0.5, 1], "aggregation_temporality": "cumulative"}],
    ),
    ("SELECT MetricName, Value FROM otel_metrics_gauge WHERE Value > 0.7", [{"MetricName": "load", "Value": 1}]),
    ("SELECT MetricName, BucketCounts FROM otel_metrics_histogram", [{"MetricName": "took", "BucketCounts": [1, 2, 0]}]),
    ("SELECT Quantile FROM (SELECT `ValueAtQuantiles.Quantile` AS Quantile FROM otel_metrics_summary)", [{"Quantile": [0.5]}]),
    ("SELECT Scale, PositiveOffset FROM otel_metrics_exponential_histogram", [{"Scale": 2, "PositiveOffset": 3}]),
    ("SELECT IsMonotonic FROM otel_metrics_sum", [{"IsMonotonic": True}]),
    ("SELECT SpanAttributes['user.id'] AS who FROM otel_traces WHERE SpanName = 'SELECT'", [{"who": "ada"}]),
    ("SELECT ServiceName, count() AS n FROM otel_logs GROUP BY ServiceName ORDER BY n DESC LIMIT 1 BY n", [{"ServiceName": "shop", "n": 2}, {"ServiceName": "stock", "n": 1}]),
    ("SELECT Message FROM (SELECT message AS Message FROM records LIMIT 0)", []),
    ("SELECT column_name, data_type FROM information_schema.columns WHERE table_name = 'records' AND column_name = 'tags'", [{"column_name": "tags", "data_type": "text[]"}]),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "wanted"), ROWS)
def test_rows(ask: Ask, sql: str, wanted: list[dict[str, Any]]) -> None:
    assert ask(sql) == wanted


def test_every_column_of_every_table_can_be_asked(ask: Ask) -> None:
    for table in ("records", "records_all", "metrics"):
        rows = ask(f"SELECT * FROM {table}")
        assert rows
        described = ask(f"DESCRIBE {table}")
        assert [column["column_name"] for column in described] == list(rows[0])
        for column in described:
            if column["is_nullable"] == "NO":
                assert all(row[column["column_name"]] is not None for row in rows), column


def test_the_views_say_what_queries_say(ask: Ask, engine: Any, shop: str) -> None:
    import json

    for table, key in (("records_all", "start_timestamp"), ("metrics", "recorded_timestamp")):
        names = [
            name
            for name in ask(f"SELECT * FROM {table} LIMIT 1")[0]
            if not name.endswith("_timestamp") and name != "created_at"
        ]
        listed = ", ".join(names)
        mine = ask(f"SELECT {listed} FROM {table}")
        answer = engine.query(
            f"SELECT {listed} FROM {shop}.{table} ORDER BY {key}",
            format="JSON",
            settings={"output_format_json_quote_64bit_integers": 0, "output_format_json_escape_forward_slashes": 0},
        )
        view = json.loads(answer)["data"]
        texts = {
            "attributes",
            "otel_events",
            "otel_links",
            "otel_resource_attributes",
            "otel_scope_attributes",
            "exemplars",
        }
        for row in view:
            for name in texts & row.keys():
                row[name] = json.loads(row[name])
            if row.get("attributes_json_schema"):
                row["attributes_json_schema"] = json.loads(row["attributes_json_schema"])

        def sorted_rows(rows: list[dict[str, Any]]) -> list[str]:
            return sorted(json.dumps(row, sort_keys=True) for row in rows)

        assert sorted_rows(mine) == sorted_rows(view)


def test_a_time_that_was_answered_finds_its_row(ask: Ask) -> None:
    for row in ask("SELECT span_id, start_timestamp FROM records"):
        same = ask(f"SELECT span_id FROM records WHERE start_timestamp = '{row['start_timestamp']}'")
        assert {"span_id": row["span_id"]} in same


def test_the_request_bounds_time_and_environment(ask: Ask) -> None:
    from datetime import timedelta

    count = "SELECT count(*) AS n FROM records"
    since = seed.START + timedelta(seconds=10)
    assert ask(count, since=since) == [{"n": 3}]
    assert ask(count, until=since) == [{"n": 5}]
    assert ask(count, environments=["staging"]) == [{"n": 1}]
    assert ask(count, environments=["production", "staging"]) == [{"n": 8}]
    assert ask(count, environments=[""]) == [{"n": 0}]
    assert ask("SELECT count(*) AS n FROM metrics", since=seed.START + timedelta(seconds=3)) == [{"n": 4}]
    assert ask("SELECT count(*) AS n FROM otel_traces", since=since) == [{"n": 1}]
    assert ask("SELECT count(*) AS n FROM otel_logs", environments=["staging"]) == [{"n": 1}]


def test_times_without_zone_are_in_the_zone_of_the_request(ask: Ask) -> None:
    (row,) = ask("SELECT date_trunc('day', timestamp '2027-01-15 00:30:00') AS t", zone="Europe/Paris")
    assert row == {"t": "2027-01-14T23:00:00.000000Z"}
    (row,) = ask(
        "SELECT count(*) AS n FROM records WHERE start_timestamp >= '2027-01-15 09:00:10'", zone="Europe/Paris"
    )
    assert row == {"n": 3}


def test_resolution_follows_the_range(ask: Ask) -> None:
    from datetime import timedelta

    sql = "SELECT time_bucket($resolution, start_timestamp) AS x, count(*) AS n FROM records GROUP BY x ORDER BY x"
    assert len(ask(sql, since=seed.START, until=seed.START + timedelta(seconds=60))) == 4
    assert len(ask(sql, since=seed.START, until=seed.START + timedelta(days=7))) == 1


def test_the_first_rows_by_time_are_the_right_ones(ask: Ask) -> None:
    everything = ask("SELECT start_timestamp, span_id, attributes FROM records ORDER BY start_timestamp, span_id")
    for limit in (1, 3, 100):
        assert (
            ask(
                f"SELECT start_timestamp, span_id, attributes FROM records ORDER BY start_timestamp, span_id LIMIT {limit}"
            )
            == everything[:limit]
        )
        latest = ask(f"SELECT start_timestamp, attributes FROM records ORDER BY start_timestamp DESC LIMIT {limit}")
        assert [row["start_timestamp"] for row in latest] == sorted(
            (row["start_timestamp"] for row in everything), reverse=True
        )[:limit]
    skipped = ask("SELECT span_id, attributes FROM records ORDER BY start_timestamp, span_id LIMIT 2 OFFSET 3")
    assert [row["span_id"] for row in skipped] == [row["span_id"] for row in everything[3:5]]
    errors = ask("SELECT message, attributes FROM records WHERE level >= 'error' ORDER BY start_timestamp DESC LIMIT 1")
    assert errors[0]["message"] == '{"order":8,"reason":"stock"}'


def text_of(sql: str, **more: Any) -> str:
    return translate(Question(sql=sql, database="d", now=NOW, limit=100, **more)).sql


def test_conditions_reach_the_sources() -> None:
    text = text_of(
        "SELECT message FROM records WHERE service_name = 'shop' AND start_timestamp > now() - interval '1 hour'"
    )
    outer = text.rpartition('AS "records"')[2]
    assert "WHERE" not in outer
    assert text.count("(Timestamp >= (toDateTime64('2027-01-15 08:01:00.000000', 6, 'UTC') - toIntervalHour(1)))") == 2


def test_branches_that_cannot_answer_are_not_read() -> None:
    assert "otel_logs" not in text_of("SELECT count(*) FROM records WHERE duration > 1")
    assert "otel_traces" not in text_of("SELECT count(*) FROM records WHERE log_body ILIKE '%x%'")
    assert "ARRAY JOIN" not in text_of("SELECT count(*) FROM records WHERE level >= 'error'")
    assert "otel_logs" in text_of("SELECT count(*) FROM records WHERE duration > 1 OR level > 3")
    assert "otel_logs" in text_of("SELECT count(*) FROM records WHERE coalesce(duration, 5) > 1")


def test_a_search_in_bodies_only_looks_at_the_indexed_column() -> None:
    text = text_of("SELECT count(*) FROM records WHERE search(log_body, 'Timeout payment')")
    assert "hasAllTokens(lower(Body), lower('Timeout payment'))" in text
    assert text.count("hasAllTokens(") == 1
    assert "otel_traces" not in text


def test_the_search_for_no_word_finds_nothing(ask: Ask) -> None:
    assert ask("SELECT count(*) AS n FROM records WHERE search(log_body, '')") == [{"n": 0}]
    assert ask("SELECT count(*) AS n FROM records WHERE search(log_body, '!') AND service_name = 'shop'") == [{"n": 0}]


def test_each_source_delivers_its_first_rows_by_time() -> None:
    text = text_of("SELECT message FROM records ORDER BY start_timestamp DESC LIMIT 7 OFFSET 2")
    assert text.count("ORDER BY Timestamp DESC LIMIT 9)") == 2
    more = text_of("SELECT message FROM records ORDER BY start_timestamp DESC, span_id LIMIT 7")
    assert "ORDER BY Timestamp" not in more
    trace = text_of("SELECT message FROM records WHERE trace_id = 'abc' ORDER BY start_timestamp DESC LIMIT 7")
    assert trace.count("LIMIT") == 1


def test_the_first_events_are_the_right_ones(ask: Ask) -> None:
    columns = "SELECT kind, start_timestamp, span_id, attributes FROM records_all"
    for condition in ("true", "kind = 'span_event'", "service_name = 'shop'"):
        for order, descending in (("DESC", True), ("ASC", False)):
            found = ask(f"{columns} WHERE {condition} ORDER BY start_timestamp {order} LIMIT 4")
            times = [row["start_timestamp"] for row in ask(f"{columns} WHERE {condition}")]
            assert [row["start_timestamp"] for row in found] == sorted(times, reverse=descending)[:4]


def test_a_trace_is_looked_up_by_the_table_of_traces() -> None:
    text = text_of("SELECT message FROM records WHERE trace_id = 'abc'")
    assert text.count("otel_traces_trace_id_ts WHERE TraceId = 'abc'") == 2  # once a branch of spans
    joined = text_of("SELECT 1 FROM records a JOIN records b ON a.trace_id = b.trace_id WHERE a.trace_id = 'abc'")
    assert joined.count("\"trace_id\" = 'abc'") >= 6


def test_series_are_found_before_samples() -> None:
    text = text_of("SELECT scalar_value FROM metrics WHERE metric_name = 'x' AND attributes->>'cpu' = '0'")
    assert "SeriesId IN (WITH" in text


def test_only_records_of_the_instants_that_were_named(ask: Ask) -> None:
    every = ask("SELECT start_timestamp, kind, span_id FROM records ORDER BY start_timestamp")
    wanted = [datetime.fromisoformat(row["start_timestamp"]) for row in (every[0], every[-1])]
    found = ask("SELECT start_timestamp, kind, span_id FROM records ORDER BY start_timestamp", instants=wanted)
    assert found == [row for row in every if datetime.fromisoformat(row["start_timestamp"]) in wanted]


def test_instants_of_the_end_of_time_have_no_bound_beyond_it(ask: Ask) -> None:
    last = datetime(2262, 4, 11, 23, 47, 16, 854775, tzinfo=UTC)
    every = ask("SELECT start_timestamp, span_id FROM records ORDER BY start_timestamp DESC")
    wanted = [datetime.fromisoformat(every[0]["start_timestamp"]), last]
    found = ask("SELECT start_timestamp, span_id FROM records ORDER BY start_timestamp DESC", instants=wanted)
    assert found == [row for row in every if row["start_timestamp"] == every[0]["start_timestamp"]]


def test_a_text_of_our_own_is_translated_once_and_its_places_are_filled(shop: str) -> None:
    sql = "SELECT count() AS n FROM otel_traces WHERE SpanName IN ('-', ${names}) AND Duration >= ${least}"
    written = [
        translate(Question(sql, shop, NOW, 5, dialect="clickhouse", places={"names": names, "least": least})).sql
        for names, least in (("'a', 'b \\' ${least}'", "1"), ("'place.least'", "2"))
    ]
    assert "IN ('-', 'a', 'b \\' ${least}') AND \"Duration\" >= 1" in written[0]
    assert "IN ('-', 'place.least') AND \"Duration\" >= 2" in written[1]
    assert f'"{shop}"."otel_traces"' in written[0]
