"""Runs questions: translation, bounds, the engine, and the answer in the form that was asked for. Every call blocks."""

import contextlib
import json
import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from andiron.errors import StoreError
from andiron.server.query.answers import FORMATS, Answer, Form, Table
from andiron.server.query.cancellation import CURRENT, Cancellation, gone
from andiron.server.query.places import placed
from andiron.server.query.problems import QueryProblem, told
from andiron.server.settings import Settings
from andiron.server.store.engine import Engine

if TYPE_CHECKING:
    from andiron.server.query.dialect import Question, Statement

RESULT_BYTES = 100_000_000
QUERY_BYTES = 16_000_000
"""The SQL that we write is longer than what was asked; ClickHouse's own bound is 256 KB."""

POSTGRES: dict[str, str | int] = {
    "aggregate_functions_null_for_empty": 1,
    "join_use_nulls": 1,
    "prefer_column_name_to_alias": 1,
    "union_default_mode": "DISTINCT",
    "except_default_mode": "DISTINCT",
    "intersect_default_mode": "DISTINCT",
}
"""What makes ClickHouse answer as PostgreSQL does."""

WRITING: dict[str, str | int] = {
    "date_time_output_format": "iso",
    "output_format_json_quote_64bit_integers": 0,
    "output_format_json_quote_denormals": 0,
    "output_format_json_escape_forward_slashes": 0,
    "output_format_write_statistics": 0,
    "format_csv_null_representation": "",
    "output_format_arrow_string_as_string": 1,
    "output_format_arrow_low_cardinality_as_dictionary": 0,
    "output_format_arrow_compression_method": "none",
    "output_format_parquet_string_as_string": 1,
    "output_format_parquet_compression_method": "zstd",
}

Observe = Callable[[float, str], None]


def unobserved(_seconds: float, _outcome: str) -> None:
    """For those who do not count."""


def utc_now() -> datetime:
    """The clock."""
    return datetime.now(UTC)


class Queries:
    """Asks one engine on behalf of people."""

    def __init__(
        self,
        engine: Engine,
        settings: Settings,
        *,
        now: Callable[[], datetime] = utc_now,
        observe: Observe = unobserved,
    ) -> None:
        self._engine = engine
        self._timeout = settings.query_timeout / timedelta(seconds=1)
        self._memory = settings.query_memory
        self._rows = settings.query_rows
        self._observe = observe
        self.now = now

    def answer(self, question: "Question", form: Form, *, schema: bool = True) -> Answer:
        """Ask, and give the whole answer. `QueryProblem` says why there is none."""
        started, outcome = time.perf_counter(), "refused"
        try:
            # sqlglot costs 25 MB, which a server that nobody asks keeps.
            from andiron.server.query.dialect import translate

            marker = secrets.token_hex(8) if form not in FORMATS else ""
            statement = translate(question, marker)
            outcome = "failed"
            answer = self._answer(question, statement, form, schema=schema)
            outcome = "ok"
            return answer
        except QueryProblem as problem:
            outcome = problem.kind if outcome == "failed" else outcome
            placed(problem, question.sql)
            raise
        finally:
            self._observe(time.perf_counter() - started, outcome)

    def _answer(self, question: "Question", statement: "Statement", form: Form, *, schema: bool) -> Answer:
        body = self._ask(statement, FORMATS.get(form, "JSON"))
        if form in FORMATS:
            return Answer(body, form)
        table = Table.read(body, statement.marker)
        plans = self._plans(statement) if question.plans else {}
        match form:
            case "ndjson":
                return Answer(table.ndjson(schema=schema, plans=plans), form)
            case "v1-rows" | "v1-columns":
                return Answer(table.v1(by_rows=form == "v1-rows"), form)
            case _:
                return Answer(table.json(schema=schema, plans=plans), form)

    def _plans(self, statement: "Statement") -> dict[str, str]:
        """How ClickHouse goes about it, under the names that Logfire's clients know."""
        if statement.explain:
            return {}
        plain, indexed = (
            self._engine.query(
                f"EXPLAIN {option} {statement.sql}", format="TSVRaw", settings=self._settings(statement)
            ).decode()
            for option in ("", "indexes = 1")
        )
        return {"logical_plan": statement.sql, "physical_plan": plain, "physical_plan_with_metrics": indexed}

    def kill(self, cancellation: Cancellation) -> None:
        """Stop what runs for one who has left. Nothing may run yet, or any more: that is no error."""
        with contextlib.suppress(StoreError):
            self._engine.command(cancellation.statement)

    def native_columns(self, database: str) -> dict[str, list[tuple[str, str]]]:
        """The columns of each table of a project with their types, as ClickHouse has them."""
        answer = self._engine.query(
            f"SELECT table, name, type FROM system.columns WHERE database = '{database}' ORDER BY table, position"
        )
        found: dict[str, list[tuple[str, str]]] = {}
        for table, name, kind in json.loads(answer)["data"]:
            found.setdefault(table, []).append((name, kind))
        return found

    def _ask(self, statement: "Statement", format: str) -> bytes:
        cancellation = CURRENT.get()
        if cancellation is not None:
            cancellation.check()
        try:
            return self._engine.query(statement.sql, format=format, settings=self._settings(statement))
        except StoreError as error:
            if cancellation is not None and cancellation.asked.is_set():
                raise gone() from error
            raise told(error, statement.columns, self._timeout) from error

    def _settings(self, statement: "Statement") -> dict[str, str | int]:
        own: dict[str, str | int] = {
            "max_execution_time": max(1, round(self._timeout)),
            "max_memory_usage": self._memory,
            "max_result_rows": self._rows,
            "max_result_bytes": RESULT_BYTES,
            "result_overflow_mode": "throw",
            "max_query_size": QUERY_BYTES,
            **WRITING,
            **(POSTGRES if statement.dialect == "logfire" else {}),
        }
        if (cancellation := CURRENT.get()) is not None:
            own["log_comment"] = cancellation.tag
        if self._engine.cluster:
            own["distributed_product_mode"] = "global"
        return own | {"readonly": 1}  # last: nothing can be set after it
