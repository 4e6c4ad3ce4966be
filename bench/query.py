"""Query: how long the usual questions take on millions of spans and logs, at rest and while telemetry arrives.

    python -m bench.query [--spans 10_000_000] [--logs 10_000_000] [--rounds 20] [--keep DIR]

Each question is asked twice in one run. First by hand-written ClickHouse SQL over otel_traces and otel_logs, in the bare engine,
in a process of its own on the same folder; then in Logfire's SQL over `records`, of a real `andiron serve`, as `POST /v2/query`
on one kept connection, time taken from the first byte sent to the last one read. The ratio of the two medians is what our layer
costs: HTTP, translation, the views, JSON. Both are asked for the same values in the same order (another trace, service, user and
words each round), after one round to warm up, and both have to find as many rows. Then the server is asked all of it again while
it takes 20,000 spans a second. The target is held against the 95th percentile of both.

The records lie in the last six hours. Half a million at most are built in Python, whatever the number asked for, and loaded as
OTLP into a database beside; ClickHouse multiplies them from there. Each copy fills its own slice of the six hours and is not a
repetition: trace, span, session and request ids, users, addresses, paths, durations and the numbers and words of messages are
hashed with the number of the copy, in spans and logs alike, so logs still belong to their spans. Four copies in turn have
services of their own, which makes 32. Spans go through the same materialised views as telemetry does. Before anything is
measured, merges come to rest. Caches of the file system are warm; ClickHouse also remembers which granules a condition has
found nothing in, which is why no value is asked for twice by the same process, as far as there are others.

`--keep DIR` leaves the data there and uses it again in the next run.
"""

import argparse
import http.client
import json
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from bench.load import requests, send
from bench.server import Server
from bench.telemetry import WORDS, Telemetry

if TYPE_CHECKING:
    from andiron.server.store.embedded import EmbeddedEngine

HOURS = 6
BASE = 250_000
"""The most records of a kind that Python builds."""
BODY = 512
LOAD = 20_000
"""Spans a second that arrive during the second measurement."""
RARE = "chargeback"
FOUND = 40
"""How many log bodies hold `chargeback0`, how many `chargeback1`, and so on."""
RARES = 64
SERVICES = 8
"""In one copy; four copies in turn have their own."""

SHARED = """
    concat('service-', toString(toUInt32(splitByChar('-', ServiceName)[2]) + {services})) AS ServiceName,
    mapUpdate(ResourceAttributes, map('service.name',
        concat('service-', toString(toUInt32(splitByChar('-', ServiceName)[2]) + {services})))) AS ResourceAttributes,
    lower(hex(sipHash128(TraceId, {copy}))) AS TraceId,
    leftPad(lower(hex(sipHash64(SpanId, {copy}))), 16, '0') AS SpanId,
    Timestamp + toIntervalNanosecond({shift}) AS Timestamp,
    toDateTime64(Timestamp, 3) + toIntervalNanosecond({shift}) + toIntervalSecond(1) AS IngestedAt,
    mapApply((k, v) -> (k, multiIf(
        k = 'user.id', toString(sipHash64(v, {copy}) % 100000),
        k = 'session.id', leftPad(lower(hex(sipHash64(v, {copy}))), 16, '0'),
        k = 'request.id', lower(hex(sipHash128(v, {copy}))),
        k = 'client.address', IPv4NumToString(toUInt32(167772160 + sipHash64(v, {copy}) % 16777216)),
        k = 'url.path', replaceRegexpOne(v, '[0-9]+', toString(sipHash64(v, {copy}) % 1000000)),
        v)), {attributes}) AS {attributes}"""

COPY_SPANS = """
INSERT INTO andiron.flat_spans
SELECT * REPLACE ({shared},
    if(ParentSpanId = '', '', leftPad(lower(hex(sipHash64(ParentSpanId, {copy}))), 16, '0')) AS ParentSpanId,
    toUInt64(Duration * (0.8 + sipHash64(SpanId, {copy}) % 400 / 1000)) AS Duration,
    arrayMap(t -> t + toIntervalNanosecond({shift}), `Events.Timestamp`) AS `Events.Timestamp`)
FROM seed.otel_traces"""

# Words become other words, the same for all of a copy; numbers become other numbers.
COPY_LOGS = """
INSERT INTO andiron.otel_logs
SELECT * REPLACE ({shared},
    TimestampTime + toIntervalSecond(intDiv({shift}, 1000000000)) AS TimestampTime,
    ObservedTimestamp + toIntervalNanosecond({shift}) AS ObservedTimestamp,
    concat(arrayStringConcat(arrayMap(
        w -> if(match(w, '^[0-9]+$'), toString(sipHash64(w, LogAttributes['request.id'], {copy}) % 10000000),
            transform(w, {words}, {other_words}, w)), splitByChar(' ', Body)), ' '),
        if(sipHash64(LogAttributes['request.id'], {copy}) % {every} = 0,
            concat(' {rare}', toString(sipHash64({copy}, LogAttributes['request.id']) % {rares})), '')) AS Body)
FROM seed.otel_logs"""


@dataclass(frozen=True)
class Question:
    """What people ask, in ClickHouse's SQL and in Logfire's, and the milliseconds it may take."""

    name: str
    native: str
    logfire: str
    target: float = 300.0


SPAN = "SELECT Timestamp, TraceId, ServiceName, SpanName AS Name, StatusMessage AS Text FROM andiron.otel_traces"
LOG = "SELECT Timestamp, TraceId, ServiceName, ScopeName AS Name, Body AS Text FROM andiron.otel_logs"
RECORD = "SELECT start_timestamp, trace_id, service_name, span_name, message FROM records"
NEWEST = "ORDER BY Timestamp DESC LIMIT 100"
LATEST = "ORDER BY start_timestamp DESC LIMIT 100"
SEEN = "FROM andiron.otel_traces_trace_id_ts WHERE TraceId = '{trace}'"

QUESTIONS = (
    Question(
        "a trace by its id",
        f"""SELECT * FROM (
            SELECT Timestamp, SpanId, ParentSpanId, ServiceName, SpanName AS Name, Duration, StatusCode, SpanAttributes AS Attributes
            FROM andiron.otel_traces WHERE TraceId = '{{trace}}'
                AND Timestamp >= (SELECT min(Start) {SEEN}) AND Timestamp <= (SELECT max(End) {SEEN}) + toIntervalSecond(1)
            UNION ALL
            SELECT Timestamp, SpanId, '', ServiceName, Body, 0, '', LogAttributes FROM andiron.otel_logs WHERE TraceId = '{{trace}}'
        ) ORDER BY Timestamp LIMIT 1000""",
        """SELECT start_timestamp, span_id, parent_span_id, service_name, message, duration, otel_status_code, attributes
        FROM records WHERE trace_id = '{trace}' ORDER BY start_timestamp LIMIT 1000""",
        50.0,
    ),
    Question(
        "last 100 errors of a service",
        f"""SELECT * FROM (
            ({SPAN} WHERE ServiceName = '{{service}}' AND Level >= 17 {NEWEST}) UNION ALL
            ({LOG} WHERE ServiceName = '{{service}}' AND Level >= 17 {NEWEST})) {NEWEST}""",
        f"{RECORD} WHERE service_name = '{{service}}' AND level >= 'error' {LATEST}",
    ),
    Question(
        "rate, errors, p95 of an hour",
        """SELECT ServiceName, SpanName, count() AS n, countIf(StatusCode = 'Error') AS errors, quantile(0.95)(Duration) / 1e9 AS p95
        FROM andiron.otel_traces
        WHERE Timestamp >= toDateTime64('{since}', 9, 'UTC') AND Timestamp < toDateTime64('{until}', 9, 'UTC')
        GROUP BY ServiceName, SpanName ORDER BY n DESC LIMIT 1000""",
        """SELECT service_name, span_name, count(*) AS n, count(*) FILTER (WHERE otel_status_code = 'ERROR') AS errors,
            approx_percentile_cont(0.95) WITHIN GROUP (ORDER BY duration) AS p95
        FROM records WHERE kind = 'span' AND start_timestamp >= '{since}Z' AND start_timestamp < '{until}Z'
        GROUP BY service_name, span_name ORDER BY n DESC LIMIT 1000""",
    ),
    Question(
        "records of one user",
        f"""SELECT * FROM (
            ({SPAN} WHERE SpanAttributes['user.id'] = '{{user}}' {NEWEST}) UNION ALL
            ({LOG} WHERE LogAttributes['user.id'] = '{{user}}' {NEWEST})) {NEWEST}""",
        f"{RECORD} WHERE attributes->>'user.id' = '{{user}}' {LATEST}",
    ),
    Question(
        "spans of one user",
        f"{SPAN} WHERE SpanAttributes['user.id'] = '{{other_user}}' {NEWEST}",
        f"{RECORD} WHERE kind = 'span' AND attributes->>'user.id' = '{{other_user}}' {LATEST}",
    ),
    Question(
        "logs with a rare word",
        f"{LOG} WHERE hasAllTokens(lower(Body), '{{rare}}') ORDER BY Timestamp DESC LIMIT 1000",
        f"{RECORD} WHERE search(log_body, '{{rare}}') ORDER BY start_timestamp DESC LIMIT 1000",
    ),
    Question(
        "last 100 logs with a common word",
        f"{LOG} WHERE hasAllTokens(lower(Body), '{{word}}') {NEWEST}",
        f"{RECORD} WHERE search(log_body, '{{word}}') {LATEST}",
    ),
    Question(
        "last 100 logs with two words",
        f"{LOG} WHERE hasAllTokens(lower(Body), '{{word}} {{other}}') {NEWEST}",
        f"{RECORD} WHERE search(log_body, '{{word}} {{other}}') {LATEST}",
    ),
    Question(
        "how many logs have two words",
        "SELECT count() FROM andiron.otel_logs WHERE hasAllTokens(lower(Body), '{word} {third}')",
        "SELECT count(*) FROM records WHERE search(log_body, '{word} {third}')",
    ),
)


@dataclass(frozen=True)
class Times:
    """How long a question took in each round, in milliseconds, and how many rows it found."""

    taken: list[float]
    rows: list[int]

    def quantile(self, q: float) -> float:
        """The nearest of the times taken."""
        return sorted(self.taken)[max(0, math.ceil(q * len(self.taken)) - 1)]

    def __str__(self) -> str:
        return f"p50 {self.quantile(0.5):6.1f} p95 {self.quantile(0.95):6.1f} ms"


def build(spans: int, logs: int, begin: int, slice_: int) -> Iterator[tuple[str, list[bytes]]]:
    """OTLP bodies of the two signals, batches of 16, for one slice of the time."""
    links: list[list[tuple[bytes, bytes]]] = []
    telemetry = Telemetry(seed=7, start=begin, step=slice_ // spans)
    bodies: list[bytes] = []
    for _ in range(spans // BODY):
        bodies.append(telemetry.traces(BODY))
        sent = ExportTraceServiceRequest.FromString(bodies[-1]).resource_spans[0].scope_spans[0].spans
        links.append([(span.trace_id, span.span_id) for span in sent])
        if len(bodies) == 16:
            yield "traces", bodies
            bodies = []
    yield "traces", bodies
    telemetry = Telemetry(seed=8, start=begin, step=slice_ // logs)
    bodies = []
    count = logs // BODY
    for n in range(count):
        bodies.append(telemetry.logs(BODY, within=links[n * len(links) // count]))
        if len(bodies) == 16:
            yield "logs", bodies
            bodies = []
    yield "logs", bodies


def seed(folder: Path, spans: int, logs: int, rounds: int) -> None:
    """Run in a process of its own: fill the store of `folder`, and note what there is to ask for."""
    from andiron.server.ingest.loader import INGESTED_AT, by_name, insert
    from andiron.server.store.embedded import EmbeddedEngine
    from andiron.server.store.schema import Schema

    began = time.perf_counter()
    engine = EmbeddedEngine(folder / "store")
    schema = Schema(engine)
    schema.ensure("seed")
    schema.ensure("andiron")
    copies = math.ceil(max(spans, logs) / BASE)
    slice_ = HOURS * 3600 * 10**9 // copies
    begin = time.time_ns() - HOURS * 3600 * 10**9
    for n, (signal, bodies) in enumerate(build(rounded(spans / copies), rounded(logs / copies), begin, slice_)):
        stamp = INGESTED_AT + (begin // 10**6).to_bytes(8, "little")
        insert(engine, by_name(signal), "seed", b"".join([*bodies, stamp]), f"seed-{n}")
    for copy in range(copies):
        turned = WORDS[copy % len(WORDS) :] + WORDS[: copy % len(WORDS)]
        common = {"copy": copy, "shift": copy * slice_, "services": copy % 4 * SERVICES}
        engine.command(COPY_SPANS.format(shared=SHARED.format(attributes="SpanAttributes", **common), **common))
        engine.command(
            COPY_LOGS.format(
                shared=SHARED.format(attributes="LogAttributes", **common),
                words=WORDS,
                other_words=turned,
                rare=RARE,
                rares=RARES,
                every=max(1, logs // (FOUND * RARES)),
                **common,
            )
        )
    engine.command("DROP DATABASE seed SYNC")
    settle(engine)
    samples = {
        "begin": begin,
        "services": min(4, copies) * SERVICES,
        "traces": column(engine, "TraceId", "ParentSpanId = ''", 2 * rounds + 2),
        "users": column(engine, "SpanAttributes['user.id']", "ParentSpanId = ''", 4 * rounds + 4),
    }
    folder.joinpath("samples.json").write_text(json.dumps(samples))
    engine.close()
    print(f"seeded in {time.perf_counter() - began:.0f} s")


def rounded(records: float) -> int:
    """Whole bodies."""
    return max(1, round(records / BODY)) * BODY


def settle(engine: "EmbeddedEngine", quiet: float = 3.0, most: float = 600.0) -> None:
    """Wait until no merge has run for `quiet` seconds."""
    until, calm = time.monotonic() + most, time.monotonic() + quiet
    while time.monotonic() < min(until, calm):
        if int(json.loads(engine.query("SELECT count() FROM system.merges"))["data"][0][0]):
            calm = time.monotonic() + quiet
        time.sleep(0.1)


def column(engine: "EmbeddedEngine", expression: str, condition: str, count: int) -> list[str]:
    """Some values out of all, the same ones at each call."""
    answer = engine.query(
        f"SELECT {expression} FROM andiron.otel_traces WHERE {condition} ORDER BY sipHash64(SpanId) LIMIT {count}"
    )
    return [row[0] for row in json.loads(answer)["data"]]


def values(folder: Path, n: int) -> dict[str, str]:
    """What the questions of round `n` ask for."""
    samples = json.loads(folder.joinpath("samples.json").read_text())
    since = datetime.fromtimestamp(samples["begin"] / 1e9, UTC) + timedelta(minutes=11 * n % (60 * (HOURS - 1)))
    form = "%Y-%m-%d %H:%M:%S"
    return {
        "trace": samples["traces"][n % len(samples["traces"])],
        "user": samples["users"][2 * n % len(samples["users"])],
        "other_user": samples["users"][(2 * n + 1) % len(samples["users"])],
        "service": f"service-{n % samples['services']}",
        "rare": f"{RARE}{n % RARES}",
        "word": WORDS[n % len(WORDS)],
        "other": WORDS[(n + 17) % len(WORDS)],
        "third": WORDS[(n + 29) % len(WORDS)],
        "since": since.strftime(form),
        "until": (since + timedelta(hours=1)).strftime(form),
    }


def measure(
    folder: Path, rounds: int, ask: Callable[[Question, dict[str, str]], bytes], first: int = 0
) -> dict[str, Times]:
    """Every question, `rounds` times and once before; `first` is the number of the first round."""
    measured = {}
    for question in QUESTIONS:
        times, rows = [], []
        ask(question, values(folder, first + rounds))
        for n in range(first, first + rounds):
            wanted = values(folder, n)
            began = time.perf_counter()
            answer = ask(question, wanted)
            times.append((time.perf_counter() - began) * 1000)
            rows.append(len(json.loads(answer)["data"]))
        measured[question.name] = Times(times, rows)
    return measured


def raw(folder: Path, rounds: int) -> None:
    """Run in a process of its own: the hand-written questions in the bare engine; print the times."""
    from andiron.server.store.embedded import EmbeddedEngine

    engine = EmbeddedEngine(folder / "store")
    times = measure(folder, rounds, lambda question, wanted: engine.query(question.native.format(**wanted)))
    shape = (
        "SELECT table, sum(rows), count(), formatReadableSize(sum(bytes_on_disk)) FROM system.parts "
        "WHERE active AND database = 'andiron' AND table IN ('otel_traces', 'otel_logs') GROUP BY table ORDER BY table"
    )
    tables = json.loads(engine.query(shape))["data"]
    engine.close()
    print(json.dumps({"tables": tables, "times": {name: asdict(found) for name, found in times.items()}}))


def served(server: Server, folder: Path, rounds: int, first: int = 0) -> dict[str, Times]:
    """The same questions of the server."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
    headers = {"content-type": "application/json", "accept": "application/json"}

    def ask(question: Question, wanted: dict[str, str]) -> bytes:
        body = json.dumps({"sql": question.logfire.format(**wanted), "limit": 1000})
        connection.request("POST", "/v2/query", body, headers)
        answer = connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{question.name}: {answer.status} {text.decode()}")
        return text

    try:
        return measure(folder, rounds, ask, first)
    finally:
        connection.close()


@contextmanager
def arriving(server: Server) -> Iterator[Callable[[], float]]:
    """Spans arrive meanwhile; what is given says how many a second were loaded."""
    sender = subprocess.Popen([sys.executable, "-m", "bench.query", "--send", str(server.port)])
    try:
        time.sleep(5)
        began, before = time.perf_counter(), server.metric("andiron_loaded_records_total")
        yield lambda: (server.metric("andiron_loaded_records_total") - before) / (time.perf_counter() - began)
        if sender.poll() is not None:
            raise RuntimeError("The sender of spans has ended.")
    finally:
        sender.kill()
        sender.wait()


def send_spans(port: int) -> None:
    """Run in a process of its own until it is killed: spans at a steady pace."""
    telemetry = Telemetry(seed=9, start=time.time_ns())
    whole = requests("/v1/traces", [telemetry.traces(BODY) for _ in range(160)])
    send(port, whole, total=10**9, per_second=LOAD / BODY)


def report(bare: dict[str, Times], calm: dict[str, Times], busy: dict[str, Times], loaded: float) -> None:
    """A line a question."""
    for question in QUESTIONS:
        engine, rest, load = bare[question.name], calm[question.name], busy[question.name]
        slowest = max(rest.quantile(0.95), load.quantile(0.95))
        verdict = "met" if slowest < question.target else "MISSED"
        if engine.rows != rest.rows:
            verdict += f"  DIFFERENT ROWS: raw engine {engine.rows}, Andiron {rest.rows}"
        print(
            f"{question.name:34} raw engine {engine}   Andiron {rest}  ratio {rest.quantile(0.5) / engine.quantile(0.5):5.2f}"
            f"   with ingest {load}   target {question.target:.0f} ms {verdict}",
            flush=True,
        )
    print(f"with ingest: {loaded:,.0f} spans/s were loaded meanwhile, of {LOAD:,} sent")


def seeded(folder: Path, spans: int, logs: int, rounds: int) -> None:
    """See to it that the records are in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    if not folder.joinpath("samples.json").exists():
        child("--seed", str(folder), str(spans), str(logs), str(rounds), seen=True)


def run(folder: Path, spans: int, logs: int, rounds: int) -> None:
    """Seed unless that was done, then measure."""
    seeded(folder, spans, logs, rounds)
    found = json.loads(child("--raw", str(folder), str(rounds)))
    for table, rows, parts, size in found["tables"]:
        print(f"{table}: {int(rows):,} rows in {parts} parts, {size}")
    bare = {name: Times(**times) for name, times in found["times"].items()}
    with Server(folder) as server:
        calm = served(server, folder, rounds)
        with arriving(server) as rate:
            busy = served(server, folder, rounds, rounds + 1)
            loaded = rate()
    report(bare, calm, busy, loaded)


def child(*arguments: str, seen: bool = False) -> str:
    """Run a part of this in a process of its own: one process owns a store."""
    command = [sys.executable, "-m", "bench.query", *arguments]
    answer = subprocess.run(command, stdout=None if seen else subprocess.PIPE, check=True, text=True)
    return answer.stdout or ""


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--spans", type=int, default=10_000_000)
    parser.add_argument("--logs", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=20, help="how often each question is asked")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="seed there, or use what an earlier run left")
    parser.add_argument("--seed", nargs=4, help=argparse.SUPPRESS)
    parser.add_argument("--raw", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--send", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.seed:
        folder, spans, logs, rounds = arguments.seed
        seed(Path(folder), int(spans), int(logs), int(rounds))
    elif arguments.raw:
        raw(Path(arguments.raw[0]), int(arguments.raw[1]))
    elif arguments.send:
        send_spans(arguments.send)
    elif arguments.keep:
        run(arguments.keep.resolve(), arguments.spans, arguments.logs, arguments.rounds)
    else:
        with tempfile.TemporaryDirectory(prefix="andiron-bench-") as place:
            run(Path(place) / "data", arguments.spans, arguments.logs, arguments.rounds)


if __name__ == "__main__":
    main()
