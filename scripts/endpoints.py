"""What each endpoint of the server is for: the one sentence that its route does not hold. `reference.py` makes docs/http-api.md of it.

A route without a sentence, or a sentence without a route, stops the page from being written.
"""

from collections.abc import Iterator

from andiron.server.ingest.signals import SIGNALS
from scripts.code_facts import Endpoint, endpoints

MEANINGS = {
    "OTLP": {
        "POST /v1/traces": ("write", "Spans: Protobuf or JSON; identity, gzip, deflate or zstd. A header `Idempotency-Key` makes a repeat harmless."),
        "POST /v1/logs": ("write", "Log records, likewise."),
        "POST /v1/metrics": ("write", "Metrics, likewise."),
    },
    "SQL": {
        "POST /v2/query": ("read", "A query in JSON (`sql`, `min_timestamp`, `max_timestamp`, `limit`, `timezone`, …); the `Accept` header chooses JSON, NDJSON, CSV, Arrow or Parquet: see [sql.md](sql.md)."),
        "GET /v1/query": ("read", "The same for older clients, with parameters: `sql`, `min_timestamp`, `max_timestamp`, `limit`, `row_oriented`."),
        "GET /v1/schemas": ("read", "The tables and their columns, for programs that write SQL."),
        "GET /v1/info": ("any", "Which project a token belongs to; the Logfire SDK asks at its start whether its token is valid."),
        "GET /v1/read-token-info": ("read", "The same for a token that reads."),
    },
    "State": {
        "GET /": ("", "The live page to a browser; to a program, a few lines on what this is."),
        "GET /healthz": ("", "200 while the process lives."),
        "GET /readyz": ("", "200 when telemetry is taken and can be queried; else 503 with the reasons."),
        "GET /metrics": ("read", "The metrics of [settings.md](settings.md#metrics) in Prometheus's format."),
    },
    "Signing in": {
        "GET /pages/api/me": ("", "Who asks, which projects are open, whether a token is needed; a stranger is told nothing but to sign in."),
        "POST /pages/api/sign-in": ("", '`{"token": "…"}` for a cookie; once more adds a project to those that are open.'),
        "POST /pages/api/sign-out": ("", "Ends the session of the cookie."),
    },
    "Records": {
        "POST /pages/api/search": ("read", "Lines that fit a search (`q`, `since`, `until`, `limit`, `before`, `columns`, `pending`), the newest first; the language is in [search.md](search.md)."),
        "POST /pages/api/histogram": ("read", "How many records of each level, in `buckets` over the time of a search."),
        "POST /pages/api/facets": ("read", "The most frequent values of `fields` within a search."),
        "GET /pages/api/keys": ("read", "Names that a search may begin with `prefix`."),
        "GET /pages/api/values": ("read", "Values of `key` that begin with `prefix`."),
        "GET /pages/api/attributes": ("read", "Attributes that have the given `value`."),
        "GET /pages/api/record": ("read", "One record, whole, by `id` and `at`."),
        "GET /pages/api/live": ("read", "Server-sent events: records that fit `q` as they are stored; `Last-Event-ID` goes on where it was left."),
        "GET /pages/api/schema": ("read", "Tables and columns with what they mean, for Explore."),
    },
    "Traces and services": {
        "POST /pages/api/traces": ("read", "Traces that fit a search, with duration, spans and errors of each."),
        "GET /pages/api/trace/{trace_id}": ("read", "A whole trace; with `since_created` only what has come since."),
        "GET /pages/api/services": ("read", "Every service in a range of time: rate, errors, durations, logs, environments."),
        "GET /pages/api/service": ("read", "One service, by `name`: its operations and their figures."),
        "GET /pages/api/services-map": ("read", "Who calls whom, how often and with how many errors."),
    },
    "Governing": {
        "GET /pages/api/projects": ("operator", "Every project with its database, rows and bytes."),
        "POST /pages/api/projects": ("operator", 'Makes a project: `{"name": "shop"}`.'),
        "DELETE /pages/api/projects/{name}": ("operator", "Deletes a project; its database goes within seconds, for good."),
        "GET /pages/api/tokens": ("admin", "The project's tokens, without their text."),
        "POST /pages/api/tokens": ("admin", "Makes a token (`scope`, `description`, `lifetime_days`), which is told this once."),
        "DELETE /pages/api/tokens/{id}": ("admin", "Revokes a token, at once."),
        "GET /pages/api/retention": ("admin", "How long each signal is kept, and what it takes."),
        "GET /pages/api/retention/preview": ("admin", "What would go at once if `signal` were kept for `seconds`."),
        "PUT /pages/api/retention/{signal}": ("admin", "Keeps a signal for `seconds`; null goes back to the variable."),
        "GET /pages/api/storage": ("admin", "Rows, bytes and parts of every table, and the disk."),
        "GET /pages/api/health": ("admin", "What `/readyz` says, and the figures of ingest, journal and quarantine."),
        "GET /pages/api/quarantine": ("admin", "Requests that the store refused, each with its reason."),
        "POST /pages/api/quarantine/{id}/retry": ("admin", "Tries to store one again."),
        "GET /pages/api/quarantine/{id}/body": ("admin", "The request as it came, to be downloaded."),
        "DELETE /pages/api/quarantine/{id}": ("admin", "Forgets it."),
    },
}  # fmt: skip
"""By section and endpoint: the scope of the token that it takes where tokens are needed, and what it is."""

HEAD = """# The HTTP and gRPC API

Written by `make docs` from the routes of the server; a test fails when it is stale. All of it is below `ANDIRON_PREFIX`, where that is set.

*Token* is the scope that a token must have where tokens are needed; `admin` may do what `read` and `write` may. An *operator* holds an
`admin` token of the project `ANDIRON_PROJECT`. How a request names its project and proves who it is: [tokens-and-projects.md](tokens-and-projects.md).
What is refused is answered with `application/problem+json` (what happened, what to do), on the paths of OTLP with OTLP's own status. What is below `/pages/api/` serves the pages and may change
with them; the rest is other people's protocols and stays.
"""
GRPC = """
## gRPC

On the address of `ANDIRON_GRPC`, with gzip or without; the token goes into the metadata `authorization`, the key of a repeat into `idempotency-key`.

| service | method | token |
|---|---|---|
"""


def page() -> str:
    """docs/http-api.md."""
    known = {f"{each.method} {each.path}": each for each in endpoints()}
    told = {name for meanings in MEANINGS.values() for name in meanings}
    if missing := sorted(known.keys() ^ told):
        raise ValueError(f"scripts/endpoints.py and the server's routes differ in {', '.join(missing)}")
    services = "".join(f"| `{signal.service}` | `Export` | `write` |\n" for signal in SIGNALS)
    return HEAD + "".join(sections(known)) + GRPC + services


def sections(known: dict[str, Endpoint]) -> Iterator[str]:
    """The tables, a section each, in the order above."""
    for title, meanings in MEANINGS.items():
        yield f"\n## {title}\n\n| endpoint | token | is |\n|---|---|---|\n"
        for name, (scope, meaning) in meanings.items():
            needed = f"`{scope}`" if scope in {"read", "write", "admin"} else scope
            yield f"| `{known[name].method} {known[name].path}` | {needed} | {meaning} |\n"
