"""What can be wrong with a question, in words for the one who asked. `answered()` turns it into RFC 9457 over HTTP."""

import difflib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass

from starlette.responses import Response

from andiron.errors import AndironError, StoreError, StoreUnavailable

TYPE = "urn:andiron:problem:"
RETRY_AFTER = 2


@dataclass
class QueryProblem(AndironError):
    """A question that has no answer. `status` is HTTP's: 400 for the SQL, 422 for the request around it, 429 and 503 for later."""

    detail: str
    status: int = 400
    kind: str = "query-refused"
    retry_after: int | None = None
    position: tuple[int, int] | None = None
    """Where in the text that was asked it is, in UTF-16 code units: from, and up to."""
    word: str = ""
    """What it is about, as the text has it; `places.py` looks for it."""

    def __str__(self) -> str:
        return self.detail

    @property
    def title(self) -> str:
        """The kind, in words."""
        return self.kind.replace("-", " ").capitalize()


def refused(detail: str, word: str = "") -> QueryProblem:
    """SQL that this server does not run, and the word in it that is why."""
    return QueryProblem(detail, word=word)


def answered(problem: QueryProblem) -> Response:
    """The problem as RFC 9457, with the fields that Logfire's clients read."""
    body: dict[str, object] = {
        "type": TYPE + problem.kind,
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "retryable": problem.retry_after is not None,
        "retry_after": problem.retry_after,
        "error_details": {"detail": problem.detail},
    }
    if problem.position is not None:
        body["position"] = {"start": problem.position[0], "end": problem.position[1]}
    headers = {"Retry-After": str(problem.retry_after)} if problem.retry_after is not None else {}
    return Response(json.dumps(body), problem.status, headers, "application/problem+json")


def near(name: str, names: Iterable[str]) -> str:
    """` Did you mean …?`, where something is close."""
    by_lower = {known.lower(): known for known in names}
    close = difflib.get_close_matches(name.lower(), by_lower, 3, 0.6)
    return f" Did you mean {' or '.join(by_lower[found] for found in close)}?" if close else ""


def told(error: StoreError, columns: Iterable[str], seconds: float) -> QueryProblem:  # noqa: C901, PLR0911 - a table of cases
    """ClickHouse's refusal, said so that the query can be mended."""
    message = re.split(
        r"\s*(?:: )?(?:In scope|In query|while executing|While executing|: while|\(in query)", str(error)
    )[0].strip()
    message = re.sub(r"\s*\([A-Z_0-9]{4,}\)\.?\s*$", "", message).rstrip(". ")
    match error.code:
        case 159 | 160 | 394:
            return QueryProblem(
                f"The query took longer than {seconds:g} s and was stopped. Narrow it: a shorter time range "
                "(start_timestamp > now() - interval '1 hour'), a service_name, fewer columns.",
                kind="query-too-slow",
            )
        case 241:
            return QueryProblem(
                "The query needs more memory than one query may use and was stopped. Narrow the time range, select fewer "
                "columns, or group by something with fewer values.",
                kind="query-too-large",
            )
        case 396 | 307 | 158 | 191:
            return QueryProblem(
                "The result is larger than one answer may be. Add a LIMIT, select fewer columns, or aggregate.",
                kind="result-too-large",
            )
        case 47 | 36 if found := re.search(r"(?:[Ii]dentifier|Missing columns:?) [`'\"]([^`'\"]+)", message):
            name = found[1]
            own = name.rpartition(".")[2]
            return QueryProblem(f"There is no column {name}.{near(own, columns)}", kind="unknown-column", word=own)
        case 46:
            function = re.search(r"[`'\"]([^`'\"]+)[`'\"]", message)
            return QueryProblem(f"{message}.", kind="unknown-function", word=function[1] if function else "")
        case 50 if "Parquet" in message:
            return QueryProblem(
                "Parquet has no type for a column that is NULL alone; leave it out, or write nullif('', '').",
                kind="wrong-type",
            )
        case 62:
            return QueryProblem(f"The SQL cannot be read: {message}.", kind="syntax-error")
        case 184 | 215:
            return QueryProblem(f"{message}. Add it to GROUP BY, or put it into an aggregate.", kind="not-grouped")
        case 42 | 43 | 53 | 70 | 386 | 6 | 27 | 38 | 41 | 349:
            return QueryProblem(f"The types do not fit: {message}.", kind="wrong-type")
        case 153:
            return QueryProblem("The query divides by zero.", kind="division-by-zero")
        case _ if isinstance(error, StoreUnavailable):
            return QueryProblem(f"The store cannot answer now: {message}.", 503, "store-unavailable", RETRY_AFTER)
        case _:
            return QueryProblem(f"{message}.", kind="query-failed")
